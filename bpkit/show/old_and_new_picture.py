"""What happens to an update when derivatives are taken at two places at once: some weights old, some already new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape

from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.core.spelling import PLAIN, number
from bpkit.mistakes.question import question
from bpkit.mistakes.variants import wrong_values
from bpkit.show.table import html_table, text_table

NAME = "uses the already updated weights"
HEAD = ("quantity", "at the old weights", "later layers already new", "off by")
DIGITS = 9


@dataclass(frozen=True)
class OldAndNew:
    """Quantities as they are, and as they come out if the later layers are updated first; maybe as they are printed."""

    rows: tuple[tuple[str, float, float], ...]
    printed: tuple[str, ...] = ()
    title: str = ""  # with one, a page shows the table folded, below this title

    def folded(self, title: str) -> OldAndNew:
        """The same, opened on a page by a click on its title."""
        return replace(self, title=title)

    def _texts(self) -> list[tuple[str, ...]]:
        told = [
            (name, number(old, DIGITS), number(new, DIGITS), _share(abs(new / old - 1))) for name, old, new in self.rows
        ]
        return [(*one, figure) for one, figure in zip(told, self.printed, strict=True)] if self.printed else list(told)

    @property
    def _head(self) -> tuple[str, ...]:
        return (*HEAD, "printed") if self.printed else HEAD

    def __repr__(self) -> str:
        return text_table(self._head, self._texts())

    def _repr_html_(self) -> str:
        table = html_table(self._head, self._texts())
        return f"<details><summary>{escape(self.title)}</summary>{table}</details>" if self.title else table


def _share(off: float) -> str:
    """How far off a number is, in percent.

    >>> _share(0.0216), _share(1e-7)
    ('2.2 %', 'under 0.001 %')
    """
    return f"{number(100 * off, 2)} %" if off > 1e-5 else "under 0.001 %"


def old_and_new(problem: Problem, quantities: Iterable[str], printed: Mapping[str, str] | None = None) -> OldAndNew:
    """Compare quantities such as ``"dE/dw1"`` and ``"E_total after 1 update"`` with old and with already new weights.

    ``printed`` holds the figures that a text prints for them, which get a column. Errors: ``BpkitError`` for a
    quantity to which it makes no difference.

    >>> import bpkit as bp
    >>> [(name, old, new)] = old_and_new(bp.examples.article.problem, ["dE/dw1"]).rows
    >>> name, round(old, 7), round(new, 7)
    ('∂E/∂w₁', 0.0006873, 0.0005385)
    """
    names, rows = [*quantities], []
    for name in names:
        asked, wrong = question(problem, name), wrong_values(problem, name)
        found = [value for mistake, value in wrong.items() if mistake.name == NAME]
        if not found:
            raise BpkitError(
                f"old_and_new: expected a quantity that depends on when weights are updated, got {name!r}; "
                "such as 'dE/dw1'"
            )
        spelled = PLAIN(asked.derivation[asked.quantity].quantity) + str(asked).removeprefix(asked.quantity)
        rows.append((spelled, float(asked.exact[asked.quantity]), found[0]))
    return OldAndNew(tuple(rows), tuple(printed[name] for name in names) if printed else ())
