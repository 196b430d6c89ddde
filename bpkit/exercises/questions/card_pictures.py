"""The picture of what a question is about, with the given numbers that it needs and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from bpkit.core.architecture import Architecture
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.exercises.questions.words import brief, in_a_table, needed
from bpkit.show.diagram import diagram
from bpkit.show.drawing import Drawing
from bpkit.show.given_picture import fits, given_network

Picture = Callable[[], Drawing]
Words = Callable[[], str]
WIDEST_MODEL = 620  # pixels of a picture of blocks that can still be read on a card


def beside(
    problem: Problem, asks: Sequence[str], more: str = "", *, numbers: bool = True, lit: Sequence[str] | None = None
) -> tuple[Picture | None, Words, Words | None]:
    """The picture, text and table of a card that asks for some quantities of a problem, and says ``more``.

    ``lit`` names the parameters that are lit, if not those that are asked about.
    """
    picture = pictured(problem, asks, numbers, lit)
    text = lambda: "\n\n".join(filter(None, (brief(problem, asks, picture is not None), more)))
    return picture, text, partial(in_a_table, problem, asks) if picture and numbers else None


def pictured(
    problem: Problem, asks: Sequence[str], numbers: bool = True, lit: Sequence[str] | None = None
) -> Picture | None:
    """The network of a problem with the numbers that some quantities rest on; None for one too large to read.

    >>> import bpkit as bp
    >>> pictured(bp.examples.article.problem, ["net_h1"])().caption.split(".")[0]
    'The 2-2-2 network has sigmoid neurons, and its loss is half the squared error'
    """
    network = problem.network
    if isinstance(network, Network):
        marked = tuple(_about(problem, asks)) if lit is None else tuple(lit)
        return partial(_network, problem, network, tuple(asks), numbers, marked) if fits(network) else None
    return partial(_model, problem) if _width(network) <= WIDEST_MODEL else None


def _network(problem: Problem, network: Network, asks: Sequence[str], numbers: bool, lit: Sequence[str]) -> Drawing:
    wanted = {**problem.parameters, **({} if problem.is_batch else problem.givens)} if numbers else {}
    used = needed(problem, asks)
    # All weights stay, whether they are needed or not: finding the right ones is part of the question.
    shown = {name: value for name, value in wanted.items() if name in problem.parameters or name in used}
    return given_network(network, shown, lit)


def _about(problem: Problem, asks: Iterable[str]) -> Iterable[str]:
    """The parameters that quantities are derivatives with respect to, or new values of."""
    for name in asks:
        quantity = problem.derivation.target(name).quantity
        own = quantity.by if quantity.by else quantity.of
        if own and own.name in problem.parameters:
            yield own.name


def _model(problem: Problem) -> Drawing:
    return diagram(problem, computed=False)


def _width(network: Architecture) -> float:
    drawing = diagram(network)
    text = drawing.figure if isinstance(drawing.figure, str) else ""
    return float(text.partition("width='")[2].partition("'")[0] or "inf")
