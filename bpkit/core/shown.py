"""How results show themselves: one table of who draws and writes what, so that no result imports what shows it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Any

# A class's method, and the function that does it: it gets the object and what the method was given.
SHOWN = MappingProxyType(
    {
        "Step": {"__repr__": "core.text:step_text", "_repr_latex_": "core.text:step_latex"},
        "Derivation": {"__repr__": "core.text:lines_text", "_repr_latex_": "core.text:lines_latex"},
        "NumberedDerivation": {"__repr__": "core.text:lines_text", "_repr_latex_": "core.text:lines_latex"},
        "Family": {"__repr__": "core.notation:family_text", "_repr_latex_": "core.notation:family_latex"},
        "MatrixStep": {"__repr__": "core.notation:matrix_text", "_repr_latex_": "core.notation:matrix_latex"},
        "MatrixDerivation": {"__repr__": "core.notation:matrices_text", "_repr_latex_": "core.notation:matrices_latex"},
        "Path": {"__repr__": "core.text:path_text"},
        "Paths": {"__repr__": "core.text:paths_text", "_repr_latex_": "core.text:paths_latex"},
        "Network": {"diagram": "show.diagram:diagram"},
        "Problem": {"diagram": "show.diagram:diagram"},
        "Trace": {"plot": "show.plots:loss_curve"},
        "Values": {"__repr__": "show.table:values_text", "_repr_html_": "show.table:values_html"},
        "GradientCheck": {"__repr__": "show.table:check_text", "_repr_html_": "show.table:check_html"},
        "Explanation": {"__repr__": "show.verdict:explanation_text", "where": "show.verdict:should_be"},
        "Diagnosis": {"__repr__": "show.verdict:diagnosis_text", "_repr_html_": "show.verdict:diagnosis_html"},
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

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for method in SHOWN.get(cls.__name__, {}):
            if method not in cls.__dict__:
                setattr(cls, method, _shower(method))

    def _shown(self, method: str, *given: Any) -> Any:
        row = next(SHOWN[one.__name__] for one in type(self).__mro__ if method in SHOWN.get(one.__name__, {}))
        module, _, function = row[method].partition(":")
        return getattr(import_module(f"bpkit.{module}"), function)(self, *given)


def _shower(method: str) -> Callable[[Shown], Any]:
    def show(self: Shown) -> Any:
        return self._shown(method)

    show.__name__ = show.__qualname__ = method
    return show
