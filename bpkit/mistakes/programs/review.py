"""Reviews a learner's own program: is it right, and if not, which bug does it have, and in which line?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bpkit.core.architecture import Architecture
from bpkit.core.problem import Problem
from bpkit.core.shown import Shown
from bpkit.core.updates import UpdateRule

if TYPE_CHECKING:
    from bpkit.mistakes.programs.listing import Line, Value
    from bpkit.mistakes.programs.source import Gap
    from bpkit.mistakes.programs.telling import Bug


@dataclass(frozen=True, repr=False, eq=False)
class Review(Shown):
    """The verdict on a program: ``correct``, ``misconception``, ``unknown`` or ``error``, and why.

    ``misconceptions`` are the bugs that explain what it gave, the likeliest first, each with its line; ``sure`` is
    False where several do. ``values`` are the arrays that its lines made, in order. ``parts`` says of each thing that
    the program gave (dW1, b2, the loss) whether it is right. ``problem`` is the one that it is shown on, ``source`` the
    text of its functions. ``gaps`` are the places where ``...`` still stands; the verdict is then ``error``. ``only``
    says within which limits a program is correct: for one output, or with an array transposed.
    """

    verdict: str
    message: str
    misconceptions: tuple[Bug, ...] = ()
    values: tuple[Value, ...] = ()
    sure: bool = True
    parts: Mapping[str, bool] = field(default_factory=dict)
    problem: Problem | None = None
    source: tuple[Line, ...] = ()
    gaps: tuple[Gap, ...] = ()
    only: str = ""


def review(
    function: Callable[..., Any],
    network: Architecture | None = None,
    *,
    returns: str | None = None,
    layout: str | None = None,
    batch: str | None = None,
    update: UpdateRule | None = None,
    on: object = None,
) -> Review:
    """Run a learner's backpropagation on several drawn problems, and name its bug with the line where it shows.

    ``function`` gets inputs, targets and parameters, by position (x, y, W1, b1, W2, b2) or by the names in use: x X,
    y Y t target, W1.., b1.., params or weights as a list or a dict, lr rate eta. It may return gradients, new
    parameters, outputs or a loss, as a list, tuple or dict, or change what it was given; ``returns`` says which, where
    that cannot be seen: "gradients", "parameters", "outputs", "loss". ``on`` is the object whose method it is and whose
    W1, b1, .. it changes. ``network`` says which activations and loss (sigmoid and half the squared error unless
    given), ``layout`` how the weights lie, "x @ W" or "W @ x", ``batch`` that it takes a batch, whose loss is the
    "mean" or the "sum", or "each" for an update after each sample; ``update`` is the rule, whose state may be among the
    arguments: m, v, t. For a program of blocks ``network`` is a ``Model``: x and y have its shape, and the arrays come
    in the order of ``model.tables`` (x, y, Wx1, Wh1, b1, W2, b2) or by the names usual for them, Wxh, Whh, bh, Why, by.
    Returns a ``Review``. The function runs here and now, on copies, for a few seconds at most. Three dots, ``...``,
    may stand where something is still to be written: the review then says in which line.

    Shapes: one sample x (n,), y (m,), b (m,); with ``batch`` rows, x (n_samples, n); for "W @ x" columns, x (n,
    n_samples), b (m, 1). Units: none.
    Errors: ``BpkitError`` for what is no function of Python, and for an argument that cannot be told by name or place.
    Source: the lines of ``derive``, and the misconceptions that rewrite them.

    >>> import bpkit as bp, numpy as np
    >>> def backward(x, y, W1, b1):
    ...     out = 1 / (1 + np.exp(-(x @ W1 + b1)))
    ...     return np.outer(x, out - y), out - y
    >>> bp.review(backward).misconceptions[0].name
    'forgets the output slope'
    >>> def convolved(x, y, kernel, bias):
    ...     d = np.convolve(x, kernel[::-1], "valid") + bias - y
    ...     return np.convolve(x, d, "valid"), d.sum()
    >>> bp.review(convolved, bp.Model((5,), bp.blocks.Conv1d(2))).misconceptions[0].name
    'turns the kernel round'
    """
    from bpkit.mistakes.programs.calls import Asked  # with some thirty modules, which `import bpkit` does without
    from bpkit.mistakes.programs.reviewer import reviewed

    return reviewed(Asked(function, network, returns, layout, batch, update, on))
