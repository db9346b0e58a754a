"""``--print-config``: the resolved settings."""

from digitsum_cli.cli.console import Console
from digitsum_cli.settings.resolve import settings_yaml
from digitsum_cli.settings.schema import Settings


def show_settings(settings: Settings, console: Console) -> None:
    """Prints the settings as YAML that loads back unchanged, or as JSON if that was requested."""
    console.text(settings_yaml(settings))
    console.document(settings.model_dump(mode="json"))
