"""Backpropagation, derived line by numbered line, computed from those lines, and taught with them.

A first session::

    import bpkit as bp

    problem = bp.examples.article.problem          # a network with numbers
    d = bp.derive(problem.network)                 # the derivation as numbered lines
    d.toward("w5").at(problem)                     # what dE/dw5 rests on, numbers beside symbols
    bp.evaluate(problem)["dE/dw5"]                 # every quantity by its name
    bp.train(problem, steps=1000).plot()           # gradient descent
    bp.apps.training(problem)                      # the same with sliders

Everything that there is:

    Network         sizes, activation, loss and biases: Network(2, 3, 1, activation="tanh")
    Model           blocks one after the other: Model((3, 1), blocks.Recurrent(2), blocks.Dense(1))
    blocks          {blocks}
    Problem         a network with its numbers, a sample or a batch, and a learning rate
    Activation      a function of your own, from one SymPy expression
    Loss            a loss of your own, from one SymPy expression
    updates         {rules}: rules for Problem(update=..)
    derive          backpropagation as numbered lines: forward, loss, backward, update
    evaluate        the value of every net, out, error and derivative of a problem
    train           gradient descent: the loss and every parameter, update by update
    check_gradient  each derivative against the slope found by nudging
    diagnose        the mistake behind a wrong number
    review          the bug in a program of your own, with its line
    apps            the pages with sliders: apps.training, apps.stepper, apps.surface, ..
    examples        the article's network, Matt Mazur's, a recurrent one, a convolution, attention, data sets
    exercises       questions drawn from a seed, sheets, checking and marking
    BpkitError      what goes wrong: what was expected, what came, what to do

Quantities have the textbook's names, ``net_h1 dE/dw5 w5_new``, and are plain numbers without units. ``bp.derive?``
shows a name's own page with an example; on the command line ``bpkit lab`` opens the lessons, ``bpkit --help`` the rest.
"""

import sys as _sys
import types as _types
import typing as _typing
from importlib import import_module as _import_module

import sympy as _sympy  # noqa: F401  # first, and from here: below a stack of imports Python takes longer over it

from bpkit.core import blocks as blocks
from bpkit.core import updates as updates
from bpkit.core.derivation import derive as derive
from bpkit.core.errors import BpkitError as BpkitError
from bpkit.core.functions import Activation as Activation
from bpkit.core.losses import Loss as Loss
from bpkit.core.model import Model as Model
from bpkit.core.network import Network as Network
from bpkit.core.numeric import evaluate as evaluate
from bpkit.core.problem import Problem as Problem
from bpkit.core.train import train as train

__doc__ = (__doc__ or "").replace("{blocks}", ", ".join(blocks.__all__)).replace("{rules}", ", ".join(updates.RULES))

# `from bpkit.blocks import Dense` is written as easily as `bp.blocks.Dense`.
_sys.modules.update({"bpkit.blocks": blocks, "bpkit.updates": updates})

if _typing.TYPE_CHECKING:
    from bpkit import apps as apps
    from bpkit import examples as examples
    from bpkit import exercises as exercises
    from bpkit.mistakes.check_gradient import check_gradient as check_gradient
    from bpkit.mistakes.diagnose import diagnose as diagnose
    from bpkit.mistakes.programs.review import review as review

# Loaded on first use, so that `import bpkit` stays quick and needs no widgets.
_LATER = ("apps", "examples", "exercises")


class _Package(_types.ModuleType):
    """Three verbs load a hundred modules on first use, where a star asks for them too: as properties."""

    check_gradient = property(lambda self: _import_module("bpkit.mistakes.check_gradient").check_gradient)
    diagnose = property(lambda self: _import_module("bpkit.mistakes.diagnose").diagnose)
    review = property(lambda self: _import_module("bpkit.mistakes.programs.review").review)


_sys.modules[__name__].__class__ = _Package
globals().update(dict.fromkeys(("check_gradient", "diagnose", "review")))  # a star looks for names here

# What bp.<tab> offers. It is not called __all__: with that, help(bp) goes on with every method of every class.
_NAMES = (
    "Activation",
    "BpkitError",
    "blocks",
    "Loss",
    "Model",
    "Network",
    "Problem",
    "check_gradient",
    "derive",
    "diagnose",
    "evaluate",
    "review",
    "train",
    "updates",
    *_LATER,
)


def __getattr__(name: str) -> object:
    if name in _LATER:
        return _import_module(f"bpkit.{name}")
    raise AttributeError(f"bpkit has no {name!r}; it has {', '.join(__dir__())}")


def __dir__() -> list[str]:
    return sorted(_NAMES)
