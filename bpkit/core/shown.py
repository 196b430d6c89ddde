"""How results show themselves: one table of who draws and writes what, so that no result imports what shows it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Any

# The method of a class, and the function that does it: it gets the object and the method's arguments.
_SHOWN = MappingProxyType(
    {
        "Step": {"__repr__": "core.text:step_text", "_repr_latex_": "core.text:step_latex"},
        "Derivation": {"__repr__": "core.text:lines_text", "_repr_latex_": "core.text:lines_latex"},
        "NumberedDerivation": {"__repr__": "core.text:lines_text", "_repr_latex_": "core.text:lines_latex"},
        "Family": {"__repr__": "core.notation:family_text", "_repr_latex_": "core.notation:family_latex"},
        "Path": {"__repr__": "core.text:path_text"},
        "Paths": {"__repr__": "core.text:paths_text", "_repr_latex_": "core.text:paths_latex"},
        "Values": {"__repr__": "show.table:values_text", "_repr_html_": "show.table:values_html"},
    }
)


class Shown:
    """A result that shows itself: its class has a row in the table."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for method, where in _SHOWN.get(cls.__name__, {}).items():
            setattr(cls, method, _shower(method, where))


def _shower(method: str, where: str) -> Callable[..., Any]:
    module, _, function = where.partition(":")

    def show(self: object, *given: Any, **named: Any) -> Any:
        return getattr(import_module(f"bpkit.{module}"), function)(self, *given, **named)

    show.__name__ = method
    return show
