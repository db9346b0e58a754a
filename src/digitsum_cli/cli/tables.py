"""How tables look in a terminal."""

from rich import box
from rich.table import Table as RichTable

from digitsum_cli.table import Table


def rich_table(table: Table) -> RichTable:
    """The table for a terminal, its columns but the first aligned to the right."""
    drawn = RichTable(
        title=table.caption, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for index, column in enumerate(table.columns):
        drawn.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*row)
    return drawn
