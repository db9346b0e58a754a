"""What the docs list is what there is."""

import re

from digitsum_cli.settings.schema import leaf_keys
from tests.command_line import REPOSITORY


def test_every_setting_is_explained_with_its_default() -> None:
    text = (REPOSITORY / "docs" / "settings.md").read_text()
    first_columns = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    explained = set(re.findall(r"`((?:data|model|train)\.[a-z_.]+)`", "".join(first_columns)))
    assert explained == {key for key in leaf_keys() if key != "sweep"}
