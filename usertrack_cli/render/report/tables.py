"""Tables that scroll sideways by themselves where they are wider than the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.render.report.markup import Html, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Column:
    """One column; one that is short is never broken, one that is minor gives way on a narrow screen.

    One that is long is broken anywhere, and never into a column of single letters.
    """

    title: str
    is_number: bool = False
    is_bar: bool = False
    is_minor: bool = False
    is_short: bool = False
    is_long: bool = False

    @property
    def kind(self) -> str | None:
        """Its class, by which the style sheet knows it."""
        names = [
            ("n", self.is_number),
            ("bar", self.is_bar),
            ("minor", self.is_minor),
            ("short", self.is_short),
            ("long", self.is_long),
        ]
        return " ".join(name for name, is_so in names if is_so) or None


def table(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    *,
    is_card: bool = True,
    note: str = "",
) -> Html:
    """Return a table whose first column names its rows.

    Args:
        note: Stands below it.
    """
    head = tag(
        "tr",
        *(
            tag("td", "", class_=each.kind)
            if not each.title
            else tag("th", each.title, scope="col", class_=each.kind)
            for each in columns
        ),
    )
    body = [_row(columns, row) for row in rows]
    made = tag("table", tag("caption", title), tag("thead", head), tag("tbody", *body))
    below = tag("p", note, class_="quiet") if note else None
    return tag(
        "div",
        made,
        below,
        class_="scroll card" if is_card else "scroll",
        tabindex=0,
        role="region",
        aria_label=title,
    )


def _row(columns: Sequence[Column], row: Sequence[str]) -> Html:
    first, *others = zip(columns, row, strict=True)
    return tag(
        "tr",
        tag("th", first[1], scope="row", class_=first[0].kind),
        *(tag("td", cell, class_=column.kind) for column, cell in others),
    )
