"""Backpropagation, derived line by numbered line, computed from those lines, and taught with them.

A first session::

    import bpkit as bp

    problem = bp.examples.article.problem          # a network with numbers
    d = bp.derive(problem.network)                 # the derivation as numbered lines
    d.toward("w5").at(problem)                     # what dE/dw5 rests on, numbers beside symbols
    bp.evaluate(problem)["dE/dw5"]                 # every quantity by its name
    bp.train(problem, steps=1000).plot()           # gradient descent

Your own: ``Network(2, 3, 1, activation="tanh")``, then ``Problem(network, parameters, inputs, targets)``.
``check_gradient`` nudges every weight and compares; ``apps`` has the pages with sliders; ``examples`` the worked
examples. Everything that goes wrong is a ``BpkitError`` that says what was expected, what came, what to do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bpkit.core.derive import derive
from bpkit.core.diagnosis import diagnose
from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation
from bpkit.core.gradient_check import check_gradient
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.training import train

if TYPE_CHECKING:
    from bpkit import apps, examples, exercises

# Loaded on first use, so that `import bpkit` stays quick and needs no widgets.
_LATER = ("apps", "examples", "exercises")

__all__ = [
    "Activation",
    "BpkitError",
    "Network",
    "Problem",
    "apps",
    "check_gradient",
    "derive",
    "diagnose",
    "evaluate",
    "examples",
    "exercises",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return import_module(f"bpkit.{name}")
    raise AttributeError(f"bpkit has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
