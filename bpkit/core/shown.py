"""How results show themselves: one table of who draws and writes what, so that no result imports what shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar

_LINES = {"__repr__": "core.text:lines_text", "_repr_latex_": "core.text:lines_latex"}
_MATRICES = {"__repr__": "core.notation:matrix_text", "_repr_latex_": "core.notation:matrix_latex"}
# A class's method, and the function that does it: it gets the object and what the method was given.
SHOWN = MappingProxyType(
    {
        "Step": _LINES,
        "Derivation": _LINES,
        "NumberedDerivation": _LINES,
        "Family": {"__repr__": "core.notation:family_text", "_repr_latex_": "core.notation:family_latex"},
        "MatrixStep": _MATRICES,
        "MatrixDerivation": _MATRICES,
        "Path": {"__repr__": "core.text:path_text"},
        "Paths": {"__repr__": "core.text:paths_text", "_repr_latex_": "core.text:paths_latex"},
        "Architecture": {"diagram": "show.diagram:diagram"},
        "Problem": {"diagram": "show.diagram:diagram"},
        "Trace": {"plot": "show.plots:loss_curve"},
        "Values": {"__repr__": "show.table:values_text", "_repr_html_": "show.table:values_html"},
        "GradientCheck": {"__repr__": "show.table:check_text", "_repr_html_": "show.table:check_html"},
        "Explanation": {
            "__repr__": "show.verdict_display:explanation_text",
            "look": "show.verdict_display:look",
            "where": "show.verdict_display:should_be",
        },
        "Diagnosis": {
            "__repr__": "show.verdict_display:diagnosis_text",
            "_repr_html_": "show.verdict_display:diagnosis_html",
        },
        "Review": {"__repr__": "show.review_display:review_text", "_repr_html_": "show.review_display:review_html"},
        "Audit": {"__repr__": "show.table:audit_text", "_repr_html_": "show.table:audit_html"},
    }
)


class Shown:
    """A result that shows itself by the row of its class.

    A method with parameters of its own stands in the class, with its signature and docstring, and ends in
    ``self._shown(..)``; the others, which have none, are made here.
    """

    _repr_latex_: Callable[[], str]
    _repr_html_: Callable[[], str]
    _shows: ClassVar[Mapping[str, str]]

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if row := SHOWN.get(cls.__name__):
            cls._shows = row
            for method in row.keys() - cls.__dict__.keys():
                setattr(cls, method, _shower(method))

    def _shown(self, method: str, *given: Any) -> Any:
        module, _, function = self._shows[method].partition(":")
        return getattr(import_module(f"bpkit.{module}"), function)(self, *given)


def _shower(method: str) -> Callable[[Shown], Any]:
    """A plain function: IPython looks for a callable among what the class itself has, before it prints a tuple."""
    return lambda self: self._shown(method)
