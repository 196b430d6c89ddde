"""The pages with sliders: ``bp.apps.training(bp.examples.article)``; each takes an example or a Problem.

What a slider does, code can do: ``app.set(w1=0.3)``. The text twin, ``print(app)``, says in words what is drawn.

Shapes: any network; where its size matters to the picture, the app says so. Units: none.
Errors: ``BpkitError`` for what is neither; one that a slider leads to stands on the app's own message line.
Source: every app reads the lines of ``bpkit.derive``.

>>> import bpkit as bp
>>> app = bp.apps.training(bp.examples.article)
>>> app.set(rate=2)
>>> app.state.problem.learning_rate
2.0
"""

from collections.abc import Iterator as _Iterator
from typing import Any as _Any

from bpkit.core.errors import suggest as _suggest
from bpkit.core.folder import modules_in as _modules_in


def _found() -> _Iterator[tuple[str, type]]:
    """Of each file the class that has the file's name."""
    for module in _modules_in("bpkit.apps"):
        name = module.__name__.rpartition(".")[2]
        for one in vars(module).values():
            if isinstance(one, type) and getattr(one, "name", "") == name:
                yield name, one


_APPS = dict(_found())
__all__ = [*_APPS]
globals().update(_APPS)


def __getattr__(name: str) -> _Any:
    raise AttributeError(f"bpkit.apps has no {name!r}{_suggest(name, __all__)}")
