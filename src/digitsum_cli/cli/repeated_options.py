"""A warning where an option is given more than once but only its last value counts."""

from collections import Counter
from typing import Any

from typer.core import TyperOption

from digitsum_cli.cli.console import print_warning
from digitsum_cli.cli.grouped_help import GroupedHelp


class WarnOfRepeatedOptions(GroupedHelp):
    """A command that names the options whose earlier values it ignores."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the command line."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, times in Counter(given).items():
            if times > 1 and isinstance(parameter, TyperOption) and not parameter.multiple and not parameter.is_flag:
                print_warning(f"{parameter.opts[0]} is given {times} times; only the last one counts")
        return super().parse_args(ctx, args)
