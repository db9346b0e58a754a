"""Help that lists the options of a command in groups."""

from typing import Any

from typer.core import TyperCommand

RUN_OPTIONS = "Run directory"
COMMON_OPTIONS = "All commands"

_OWN_OPTIONS = "Options"
_GROUPS = (_OWN_OPTIONS, RUN_OPTIONS, COMMON_OPTIONS)


class GroupedHelp(TyperCommand):
    """A command whose help has a section for each ``rich_help_panel`` of its options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes the sections."""
        sections: dict[str, list[tuple[str, str]]] = {name: [] for name in ("Arguments", *_GROUPS)}
        for parameter in self.get_params(ctx):
            described = parameter.get_help_record(ctx)
            if described is not None:
                argument, is_help = parameter.param_type_name == "argument", parameter.name == "help"
                group = getattr(parameter, "rich_help_panel", None) or (COMMON_OPTIONS if is_help else _OWN_OPTIONS)
                sections["Arguments" if argument else group].append(described)
        for name, described_parameters in sections.items():
            if described_parameters:
                with formatter.section(name):
                    formatter.write_dl(described_parameters)
