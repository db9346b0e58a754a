"""The identity of a trial: two trials have the same identity if and only if they are the same training.

It is a hash of the trial's settings and of the bytes of its data. The settings of digitsum 0.1.0 are always included. A
setting added later, or the weights that it starts from, are included only if they differ from the default, so that
earlier identities do not change.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from digitsum_cli.settings.schema import leaf_keys
from digitsum_cli.trials.first_format import to_first_format


def identity_of(values: Mapping[str, Any]) -> str:
    """The identity as sixteen hexadecimal digits.

    Arguments:
        values: from ``Trial.to_dict``; what follows from the data is left out.
    """
    values = {key: value for key, value in values.items() if key != "foreign"}
    settings, added_later = to_first_format(values)
    defaults = {key: field.default for key, field in leaf_keys().items()}
    settings |= {key: value for key, value in added_later.items() if value != defaults.get(key)}
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
