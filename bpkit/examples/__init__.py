"""Worked examples as data: the article that the lessons follow, Matt Mazur's well-known one, and small data sets;
``rnn``, ``convolution``, ``attention`` and ``adam_step`` beyond dense layers and plain descent.

Shapes: ``.problem`` of the first two is a 2-2-2 network with one sample; ``data_set`` gives inputs (n, 2) and targets
(n, 1).
Units: none. Errors: ``BpkitError`` for a data set that does not exist.
Source: "Mastering Backpropagation in Neural Network", AfterAcademy; "A Step by Step Backpropagation Example",
Matt Mazur, 2015; data sets are drawn from a seed.

>>> import bpkit as bp
>>> bp.examples.article.problem.parameters["w5"]
0.35
"""

from bpkit.core.errors import suggest as _suggest
from bpkit.examples.article import article
from bpkit.examples.data import data_set
from bpkit.examples.mazur import mazur
from bpkit.examples.worked import adam_step, attention, convolution, rnn

__all__ = ["adam_step", "article", "attention", "convolution", "data_set", "mazur", "rnn"]


def __getattr__(name: str) -> object:
    raise AttributeError(f"bpkit.examples has no {name!r}{_suggest(name, __all__)}")
