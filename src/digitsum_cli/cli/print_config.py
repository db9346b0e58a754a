"""``--print-config``: the resolved settings."""

from digitsum_cli.cli.console import Console
from digitsum_cli.settings.resolve import settings_yaml
from digitsum_cli.settings.schema import Settings


def show_settings(settings: Settings, console: Console) -> None:
    """Shows the settings as YAML that reads back to the same, or as JSON when that was asked for."""
    console.text(settings_yaml(settings))
    console.document(settings.model_dump(mode="json"))
