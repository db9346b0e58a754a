"""Tables in a terminal."""

import textwrap

from rich import box
from rich.table import Table as RichTable

from digitsum_cli.table import Table


def rich_table(table: Table, *, narrow: bool) -> RichTable:
    """A table for the terminal: words aligned left, numbers right.

    Arguments:
        table: the table to draw.
        narrow: whether to wrap the column heads, so that no column is wider than its numbers.
    """
    drawn = RichTable(
        title=table.caption, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for index, head in enumerate(table.columns):
        widest = max((len(row[index]) for row in table.rows), default=1)
        shown = textwrap.fill(head, max(1, widest), break_long_words=False) if narrow else head
        drawn.add_column(
            shown, justify="left" if index < table.text_columns else "right", no_wrap=True, vertical="bottom"
        )
    for row in table.rows:
        drawn.add_row(*row)
    return drawn
