"""Pages for paper and browsers, from templates: one page, one table, one stylesheet, and nothing from anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpkit.exercises.sheets.files import visible

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent


@lru_cache(maxsize=1)
def _environment() -> Environment:
    import jinja2  # only who makes pages needs it

    # What a person wrote becomes text, whatever it holds; what the kit made itself is marked ``| safe``.
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    found.globals["style"] = (HERE / "style.css").read_text(encoding="utf-8")
    return found


def rendered(name: str, **values: Any) -> str:
    """A template of this folder with values in it; a text is escaped, and its signs are ones that are seen.

    >>> rendered("table.html", caption="E < 1", head=[], rows=[]).splitlines()[0]
    '<table><caption>E &lt; 1</caption>'
    """
    return _environment().get_template(name).render(values)


def page(title: str, body: str, language: str = "en") -> str:
    """A whole page around some HTML."""
    return rendered("page.html", title=title, body=body, language=language)


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a caption and header cells; every cell is plain text.

    >>> table("Loss", ["E"], [["<0.24"]]).splitlines()[3]
    '<tr><td>&lt;0.24</td></tr>'
    """
    return rendered("table.html", caption=caption, head=head, rows=list(rows))
