"""The identity of a trial: equal for two trials if and only if they are the same training.

It is a hash of the trial's settings and of its data's bytes. The settings that digitsum 0.1.0 had are always in it. A
setting that was added later is in it only where it differs from its default, so it changes no identity of before.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from digitsum_cli.settings.schema import leaf_keys
from digitsum_cli.trials.first_format import to_first_format


def identity_of(values: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits.

    Arguments:
        values: from ``Trial.to_dict``.
    """
    settings, added_later = to_first_format(values)
    defaults = {key: field.default for key, field in leaf_keys().items()}
    settings |= {key: value for key, value in added_later.items() if value != defaults[key]}
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
