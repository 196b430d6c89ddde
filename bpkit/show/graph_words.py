"""The picture of a model in words: what each box holds and where it comes from; its alternative text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from bpkit.core.agreement import near_one
from bpkit.core.architecture import Architecture
from bpkit.core.model import Model
from bpkit.core.quantities import Quantity
from bpkit.core.spelling import number
from bpkit.show.graph import Box, Graph, graph

FLAT = 15  # net inputs beyond which sigmoid and tanh can be 1 in floats, and other outputs are not
Tell = Callable[[str, bool], str]  # a name with its number; whether digits near 1 are to be told


def words(model: Architecture, numbers: Mapping[str, float], highlight: Iterable[str] = (), digits: int = 6) -> str:
    """Every name with its number, what each box is made of, what is lit.

    >>> import bpkit as bp
    >>> words(bp.Model(1, bp.blocks.Dense(1)), {}).split(". ")[0]
    'The model has 1 input and the block Dense(1), and its loss is half the squared error'
    """
    drawn = graph(model)
    net_of = {one: net for box in drawn.boxes.values() for net, one in [net_and_out(box)] if one}
    tell = partial(_told, numbers, net_of, digits)
    said = [sentences(model, tell), loss(model, tell) if model.lines.total.name in numbers else ""]
    if lit := ", ".join(highlight):
        said.append(f"Lit: {lit}.")
    return " ".join(one for one in said if one)


def net_and_out(box: Box) -> tuple[str, str]:
    """The names of a neuron's net input and output where a box holds both.

    >>> import bpkit as bp
    >>> net_and_out(graph(bp.Model(1, bp.blocks.Dense(1))).boxes["o1"])
    ('net_o1', 'out_o1')
    """
    if [one.tag for one in box.quantities] == ["net", "out"]:
        return box.quantities[0].name, box.quantities[1].name
    return "", ""


def is_near(quantity: Quantity) -> bool:
    """Is it an output, whose digits matter near 1?

    >>> is_near(Quantity("out", "h", (1,), tag="out")), is_near(Quantity("w", index=(1,), tag="weight"))
    (True, False)
    """
    return quantity.tag in ("net", "out")


def _told(numbers: Mapping[str, float], net_of: Mapping[str, str], digits: int, name: str, near: bool) -> str:
    if name not in numbers:
        return name
    value, net = numbers[name], numbers.get(net_of.get(name, ""), 0.0)
    if name in net_of and abs(value) == 1 and abs(net) > FLAT:
        return f"{name} ≈ {value:g}"
    return f"{name} = {near_one(value, digits) if near else number(value, digits)}"


def sentences(model: Architecture, tell: Tell) -> str:
    """All but the loss: ``tell`` puts a number behind each name.

    >>> import bpkit as bp
    >>> sentences(bp.Model(2, bp.blocks.Dense(1)), lambda name, near: f"{name} = 1").split(". ")[1]
    'Inputs x1 = 1, x2 = 1'
    """
    return " ".join(f"{one}." for one in _sentences(model, tell))


def loss(model: Architecture, tell: Tell) -> str:
    """The sentence about the loss: ``tell`` puts a number behind its name.

    >>> import bpkit as bp
    >>> loss(bp.Model(1, bp.blocks.Dense(1)), lambda name, near: f"{name} = 0.5")
    'Loss E_total = 0.5.'
    """
    return f"Loss {tell(model.lines.total.name, False)}."


def _sentences(model: Architecture, tell: Tell) -> Iterator[str]:
    drawn = graph(model)
    own = model.blocks if isinstance(model, Model) else ()
    blocks = f" and the block{'s' * bool(own[1:])} {', '.join(map(repr, own))}" if own else ""
    inputs = " × ".join(map(str, model.input_shape)) + " input" + "s" * (len(model.inputs) != 1)
    yield f"The model has {inputs}{blocks}, and its loss is {model.loss.written}"
    if drawn.overview:
        yield from _overview(drawn)
        return
    yield "Inputs " + ", ".join(tell(name, False) for name in model.inputs)
    if model.parameters:
        yield "Parameters " + ", ".join(tell(name, False) for name in model.parameters)
    yield from _boxes(drawn, tell)
    yield "Targets and errors " + "; ".join(
        ", ".join(tell(name, False) for name in (target, error) if name) + f" at {box}"
        for error, (box, target) in drawn.outputs.items()
    )


def _boxes(drawn: Graph, tell: Tell) -> Iterator[str]:
    for box in drawn.boxes.values():
        if box.quantities[0].tag == "input":
            continue
        ways = [way for way in drawn.ways.values() if way.target == box.name]
        parts = [f"{way.source} by {way.parameter}" if way.parameter else way.source for way in ways]
        parts += drawn.added[box.name]
        held = ", ".join(tell(one.name, is_near(one)) for one in box.quantities)
        yield f"{box.name} from {' and '.join(parts)}: {held}" if parts else f"{box.name} at the start: {held}"


def _overview(drawn: Graph) -> Iterator[str]:
    for box in drawn.boxes.values():
        came = " and ".join(drawn.sources(box.name))
        yield f"{box.name}, {', '.join(box.facts)}" + (f", from {came}" if came else "")
