"""The chain rule for one parameter: its paths to the loss, factors and products, what a nudge does, the update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import sympy as sp

from bpkit.apps.controls import Choice, Held, Setting
from bpkit.apps.live import Live, choice_of, groups, last_weight, numbers, rate_of, weights_of
from bpkit.core.architecture import Architecture
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation, NumberedDerivation, derive
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in, product, symbol, total
from bpkit.core.javascript import evaluation, module
from bpkit.core.network import Network
from bpkit.core.numerical_gradient import LEAST, NOISE, NUDGE, QUOTIENTS, STEP, TOLERANCE, GradientCheck, check_gradient
from bpkit.core.path_sums import Path, Paths, find_paths
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import HTML, number, typeset, written
from bpkit.core.text import sides_text
from bpkit.page.programs import every_line, line, loss_program, packed
from bpkit.show.diagram import svg
from bpkit.show.diagram_spec import network_spec
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.graph_spec import anchor, route
from bpkit.show.lines_table import lines_spec
from bpkit.show.products_text import products_text

ROOM, BELOW = 128, 18  # of a factor's mark on the picture: how wide it may be, how far it is below a weight's name
TALLEST = 480  # pixels of a picture below which the products are still seen
MOST_PATHS = 12  # with more, the derivation's own line is shown: its delta holds what the paths share
AGREE = "they differ by less than a millionth of their size"
DIFFER = "they do not agree"
UNCLEAR = "so small a change of the loss is mostly rounding, and cannot show whether they agree"
TEXTS = {
    "nudge": "Nudged by {h} up and down, {{parameter}} changes the loss at the rate {measured}; "
    "the derivative is {derived}: {{verdict}}.",
    "agree": AGREE,
    "differ": DIFFER,
    "unclear": UNCLEAR,
    "many": f"{{parameter}} reaches the loss by more than {MOST_PATHS} paths; "
    "its line in the derivation shares what they have in common.",
    "kept": "Only the weights are updated: {parameter} stays.",
    "lit": "{which} from {parameter} to the loss is lit{way}.",
    "one": "{word} {number}",
    "only": "The only {word}",
    "every": "Every {word}",
    "product": "{name} = {rows}.",
    "sum": "{name} is the sum of {count} {word}s: {rows}. Together {sum}.",
    "together": "the sum of the {count} {word}s",
    "light": "Light {word} {number} alone, or all again",
    "products": "The products",
    "bars": "The {count} {word}s as bars that add up",
    "added": "their sum",
}
TANH = {"from": -3.0, "to": 3.0, "heights": (-1.25, 1.25)}  # of its curve: the tangents fit in
IDENTITY = {"from": -3.0, "to": 3.0, "heights": (-3.0, 3.0)}  # of its curve: a slope of 1 looks like one
AT_MOST = 40  # factors of which the page draws the slopes
REACH = {"net": (-6.0, 6.0), "out": (0.0, 1.0)}  # of a curve over a net input or an output; of others from -3 to 3
HEIGHTS = {"net": (-3.0, 3.0), "out": (0.0, 1.0)}  # of a net input or an output as a curve: slopes can be compared


@lru_cache(maxsize=2048)
def ways(network: Architecture, parameter: str) -> Paths:
    """Every path from a parameter to the loss; where these are many, the terms of its line in the derivation.

    >>> import bpkit as bp
    >>> [path.nodes[3] for path in ways(bp.Network(2, 2, 2), "w1")]
    ['net_o1', 'net_o2']
    """
    onward, first = _slopes(network)
    try:
        if len(paths := find_paths([*onward, *first[parameter]], parameter, network.parameters)) <= MOST_PATHS:
            return paths
    except BpkitError:
        pass  # too many to list
    line = derive(network).target(parameter)
    factors = (tuple(map(str, sp.Mul.make_args(term))) for term in sp.Add.make_args(line.rhs))
    return Paths(Path((parameter,), names, names=line.names) for names in factors)


@lru_cache(maxsize=16)
def _slopes(network: Architecture) -> tuple[list[Step], dict[str, list[Step]]]:
    """The lines that paths follow, and for each parameter those that its paths begin with."""
    onward: list[Step] = []
    first: dict[str, list[Step]] = {name: [] for name in network.parameters}
    for step in derive(network):
        if step.role in (Role.SLOPE, Role.ADJOINT) and step.quantity.by:
            first.get(step.quantity.by.name, onward).append(step)
    return onward, first


@dataclass(frozen=True)
class State:
    """What the chain app shows; ``chosen`` is the number of the path that is lit, 0 for all of them."""

    problem: Problem
    parameter: str
    rows: NumberedDerivation
    ways: Paths
    chosen: int
    check: GradientCheck
    digits: int

    @property
    def name(self) -> str:
        """The derivative that is taken apart."""
        return f"dE_total/d{self.parameter}"

    @property
    def spelled(self) -> str:
        """The parameter as sentences have it."""
        return typeset(self.parameter, self.problem.network.lines.quantities)

    @property
    def derivative(self) -> float:
        """The value of the derivative that the page shows."""
        return self.rows.numbers[self.name]

    @property
    def word(self) -> str:
        """What the products are called: paths, or where these are many, the terms of the derivation's line."""
        return word(self.ways)

    @property
    def lit(self) -> tuple[Path, ...]:
        """The paths on the picture."""
        return (self.ways[self.chosen - 1],) if self.chosen else tuple(self.ways)

    @property
    def factors(self) -> tuple[str, ...]:
        """Every factor that is lit once, in the order of the chain rule."""
        return tuple(dict.fromkeys(factor for way in self.lit for factor in way.factors))

    @property
    def highlight(self) -> tuple[str, ...]:
        """What is lit on the picture: for a single path only the use of the parameter that it begins with."""
        return self.factors if self.chosen else (self.parameter, *self.factors)


def word(found: Paths) -> str:
    """What a product is called: a path, or a term of the derivation's line.

    >>> import bpkit as bp
    >>> word(ways(bp.Network(2, 2, 2), "w1"))
    'path'
    """
    return "path" if len(found[0].nodes) > 1 else "term"


class Chain(Live):
    """Choose a parameter, in the list or on the picture, and its derivative falls into paths and factors."""

    name = "chain"
    _rows: tuple[str, ...] = ("factors", "products", "sums", "update", "message")
    _most_bars = 2  # as many have room below the slopes of one path

    def settings(self) -> Mapping[str, Setting]:
        network, parameters = self.problem.network, self.problem.parameters
        self._picture = network_spec(network)
        drawn = {one["name"] for kind in ("edges", "biases") for one in self._picture[kind]} - {""}
        offered = [name for name in network.parameters if name in drawn or not drawn]
        # A shared weight has a use for each input, and what each use contributes depends on that input.
        inputs = {} if isinstance(network, Network) or network.vocabulary else self.problem.givens
        return {
            "parameter": Choice("parameter", self._first, choice_of(network, offered)),
            "path": Held("the path that is lit, or 0", 0),
            "rate": rate_of(self.problem),
            **numbers({name: parameters[name] for name in weights_of(network)}),
            **numbers({name: parameters[name] for name in network.biases}),
            **numbers({name: inputs[name] for name in network.inputs if name in inputs}),
        }

    @property
    def _first(self) -> str:
        """The parameter that it opens with: a weight of the last row, whose chain is the shortest."""
        return last_weight(self.problem.network)

    def page(self) -> dict[str, Any]:
        problem, network, derivation = self.problem, self.problem.network, self.problem.derivation
        found = {name: ways(network, name) for _, name in self.setting["parameter"].options}  # type: ignore[attr-defined]
        factors = {
            name: list(dict.fromkeys(one for way in all_ for one in way.factors)) for name, all_ in found.items()
        }
        noisy = _noisy(problem)
        programs = {"all": every_line(derivation), "loss": loss_program(problem), "nudge": _nudge_program(noisy)}
        names = next(iter(derivation)).names
        used = {one for all_ in factors.values() for one in all_}
        rest = [[name] for name in self._rows]
        slopes = {name: _slope(derivation, name, drawn=len(used) <= AT_MOST) for name in sorted(used)}
        curves = sorted({one["curve"]["line"] for one in slopes.values() if one["curve"]})
        own = {name: sorted(names_in(derivation[name].stable)) for name in curves}
        functions = derivation.program.functions
        programs |= {
            f"line {name}": module(evaluation([derivation[name]], own[name], [name]), functions=functions)
            for name in curves
        }
        shown = {one["row"] for one in slopes.values()}
        wanted = used | {f"dE_total/d{name}" for name in found} | {f"{name}_new" for name in found}
        return {
            "programs": packed(programs | {f"paths {name}": _products(all_) for name, all_ in found.items()}),
            "inputs": {
                "all": derivation.program.givens,
                "loss": derivation.program.givens,
                "nudge": ["value"],
                "quotient": ["above", "below", "h", "derived", *(name for pair in noisy for name in pair)],
                **{f"paths {name}": all_ for name, all_ in factors.items()},
                **{f"line {name}": inputs for name, inputs in own.items()},
            },
            "slopes": slopes,
            "ways": {
                name: {
                    "word": word(all_),
                    "name": f"dE_total/d{name}",
                    "factors": [way.factors for way in all_],
                    "nodes": [way.nodes for way in all_],
                    "row": derivation[f"{name}_new"].number,
                    "kept": _is_kept(derivation, name),
                }
                for name, all_ in found.items()
            },
            "symbols": {name: HTML(names[name]) for name in sorted(wanted)},
            "tolerance": TOLERANCE,
            "parts": {
                "network": self._picture,
                "lines": lines_spec(
                    [step for step in derivation if step.name in wanted or step.number in shown], "The factors"
                ),
            },
            "routes": {name: _routes(all_, network, self._picture) for name, all_ in found.items()},
            "places": {name: _place(names[name], network, self._picture) for name in sorted(used)},
            "bars": self._most_bars,
            "texts": TEXTS,
            "layout": {
                "groups": [
                    ("Which weight", ["parameter", "rate"]),
                    *groups(self.setting, Weights=weights_of(network), Biases=network.biases, Inputs=network.inputs),
                    ("What a nudge does", ["nudge"]),
                ],
                "rows": [["network"], *rest] if self._picture["height"] <= TALLEST else [*rest, ["network"]],
            },
        }

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the path among those of the parameter."""
        return {**values, "path": min(max(0, values["path"]), len(ways(self.problem.network, values["parameter"])))}

    def read(self, values: Mapping[str, Any]) -> State:
        problem, parameter = self.problem_from(values), values["parameter"]
        rows = derive(problem.network).at(problem)
        check = check_gradient(problem, {parameter: rows.numbers[f"dE_total/d{parameter}"]})
        found = ways(problem.network, parameter).at(problem)
        return State(problem, parameter, rows, found, values["path"], check, values["digits"])

    def words(self, state: State) -> str:
        update = state.problem.derivation[f"{state.parameter}_new"]
        kept = _is_kept(state.problem.derivation, state.parameter)
        sides = sides_text(update, state.rows.numbers, state.digits)
        return " ".join(
            [
                products_text(state.name, state.ways, state.derivative, state.digits, state.word),
                self._lit_words(state),
                self._check(state),
                TEXTS["kept"].format(parameter=state.spelled) if kept else f"{update.name} = {sides}.",
                words(state.problem.network, state.rows.numbers, state.highlight, state.digits),
            ]
        )

    def note(self, state: State) -> tuple[str, bool]:
        return ("", False) if state.word == "path" else (TEXTS["many"].format(parameter=state.spelled), False)

    def drawing(self, state: State) -> Drawing:
        picture = svg(state.problem.network, state.rows.numbers, state.highlight)
        return Drawing(self.words(state), picture)

    def _lit_words(self, state: State) -> str:
        which = TEXTS["one" if state.chosen else "only" if len(state.ways) == 1 else "every"]
        nodes = state.lit[0].nodes
        return TEXTS["lit"].format(
            which=_capital(which.format(word=state.word, number=state.chosen)),
            parameter=state.parameter,
            way=f": {' → '.join(nodes)}" if len(state.lit) == 1 and len(nodes) > 1 else "",
        )

    def _check(self, state: State) -> str:
        """What a nudge of the parameter does to the loss, beside the derivative."""
        row = state.check.worst
        unclear = row.unresolved(state.check.tolerance)
        verdict = UNCLEAR if unclear else AGREE if state.check.passed else DIFFER
        digits = 6 if number(row.measured) == number(row.derived) or not state.check.passed else 9
        h = state.check.step * max(1.0, abs(state.problem.parameters[state.parameter]))
        text = TEXTS["nudge"].format(
            h=number(h), measured=number(row.measured, digits), derived=number(row.derived, digits)
        )
        return text.format(parameter=state.spelled, verdict=verdict)


def _is_kept(derivation: Derivation, parameter: str) -> bool:
    """Whether the update leaves a parameter as it is."""
    return bool(derivation[f"{parameter}_new"].rhs == symbol(parameter))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(factor: Quantity, network: Architecture, picture: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where a factor lives on the picture, and what it is called there; None for what is not drawn."""
    of, by = factor.of, factor.by
    assert of
    assert by
    graph = not isinstance(network, Network)
    above, below = (one.letter if graph else one.tag for one in (of, by))
    letter, low = written({by.name: by})[by.name] if by.name in network.parameters else (below, "")
    text = (f"∂{'E' if of.tag == 'total' else above}/∂{letter}", low)
    if not isinstance(network, Network):
        at = anchor(picture, network, factor)
        return {"text": text, "at": at} if at else None
    if of.tag == "net" and by.name in network.biases:
        bias = next(one for one in picture["biases"] if one["name"] == by.name)
        x, y = bias["plate"]["at"]
        return {"text": text, "at": [x + ROOM / 2, y + BELOW]}
    if of.tag == "net":
        weight = by.name if by.name in network.weights else network.weight_of[by.neuron, of.neuron]
        edge = next((one for one in picture["edges"] if one["name"] == weight), None)
        if edge is None:
            return None
        x1, y1, x2, y2 = edge["ends"]
        y = edge["plate"]["at"][1] if edge["plate"] else (y1 + y2) / 2
        return {"text": text, "at": [(x1 + x2) / 2, y + BELOW]}
    neuron = next((one for one in picture["nodes"] if one["name"] in (of.neuron, by.neuron) and one.get("net")), None)
    if neuron is None:
        return None
    x, y = neuron["at"]
    if of.tag == "total" and by.tag == "out":  # beside the neuron, below its error
        return {"text": text, "at": [x + neuron["half"] + ROOM / 2 + 6, y + 30]}
    return {"text": text, "at": [x, y + neuron["tall"] + 11]}


def _slope(derivation: Derivation, factor: str, drawn: bool) -> dict[str, Any]:
    """A factor as the slope of a curve: the line that is a curve over one of its numbers, and the line to show.

    The derivative of the loss with respect to an output is that of its error, whose line says how it is computed.
    """
    step = derivation[factor]
    of, by = step.quantity.of, step.quantity.by
    assert of
    assert by
    errors = [one for one in derivation if one.quantity.tag == "error" and by.name in names_in(one.rhs)]
    whole = of.tag == "total"
    if whole and (len(errors) != 1 or by.tag != "out" or f"d{errors[0].name}/d{by.name}" not in derivation):
        return {"row": step.number, "curve": None}
    line = errors[0] if whole else derivation[of.name]
    row = derivation[f"d{line.name}/d{by.name}"].number if whole else step.number
    low, high = REACH.get(by.tag, (-3.0, 3.0))
    target = next((name for name in names_in(line.rhs) if name in derivation.network.targets), None) if whole else None
    curve = {
        "line": line.name,
        "x": by.name,
        "slope": factor,
        "from": low,
        "to": high,
        "heights": HEIGHTS.get(line.quantity.tag),
        "along": (by.tag, "") if by.tag in REACH else written({by.name: by})[by.name],
        "up": line.quantity.tag if line.quantity.tag in REACH else line.quantity.letter,
        "aim": target,
        "aimed": written(line.names)[target] if target else None,
    } | (TANH if line.rhs.has(sp.tanh) else IDENTITY if line.rhs.is_Symbol else {})
    return {"row": row, "curve": curve if drawn else None}


def _routes(found: Paths, network: Architecture, picture: Mapping[str, Any]) -> list[list[list[Any]]]:
    """Each path as stretches on the picture, from the parameter to the output: what is on it and the ends of each."""
    if not isinstance(network, Network):
        return [route(picture, network, way.nodes) for way in found]
    edges = {one["name"]: one["ends"] for one in picture["edges"]}
    fed = {(one["name"], way["to"]): way["ends"] for one in picture["biases"] for way in one["ways"]}
    routes = []
    for way in found:
        neurons = [name.removeprefix("out_") for name in way.nodes if name.startswith("out_")]
        names = [network.weight_of[pair] for pair in pairwise(neurons)]
        if way.nodes[0] in edges:
            names.insert(0, way.nodes[0])
        stretches = [(name, edges[name]) for name in names if name in edges]
        if ends := fed.get((way.nodes[0], "".join(way.nodes[1:2]).removeprefix("net_"))):
            stretches.insert(0, (way.nodes[0], ends))
        routes.append([[name, ends[:2], ends[2:]] for name, ends in stretches])
    return routes


# What the page computes beside the derivation's lines: products and their sum, a nudge and its quotient


def _products(found: Paths) -> str:
    """A program of the factors that gives each path's product and the sum of all."""
    lines = [line(f"product_{place}", product(*map(symbol, way.factors))) for place, way in enumerate(found, 1)]
    whole = line("sum", total(*(line.lhs for line in lines)))
    factors = dict.fromkeys(factor for way in found for factor in way.factors)
    return module(evaluation([*lines, whole], factors, [line.name for line in (*lines, whole)]))


def _noisy(problem: Problem) -> list[tuple[str, str]]:
    """The quantities that errors are computed from, each behind the loss's derivative: their rounding is the loss's."""
    lines = problem.derivation
    used = frozenset[str]().union(*(names_in(step.stable) for step in lines if step.quantity.tag == "error"))
    return [
        (step.name, step.quantity.by.name)
        for step in lines
        if step.role is Role.ADJOINT and step.quantity.of and step.quantity.of.tag == "total"
        if step.quantity.by and step.quantity.by.name in used
    ]


def _nudge_program(noisy: list[tuple[str, str]]) -> str:
    """Two functions: where a nudge leads, and what two losses say about a derivative, as ``check_gradient`` says it."""
    value, h, derived, measured, least = sp.symbols("value h derived measured least")
    difference, larger = sp.symbols("difference larger")
    nudge = [line("h", NUDGE.subs("step", STEP)), line("up", value + h), line("down", value - h)]
    quotient = [
        line("measured", QUOTIENTS[True]),
        line("passed_on", sum((sp.Abs(symbol(one) * symbol(other)) for one, other in noisy), sp.Integer(0))),
        line("noise", NOISE),
        line("least", LEAST.subs("tolerance", TOLERANCE)),
        line("difference", sp.Abs(derived - measured)),
        line("larger", sp.Max(sp.Abs(derived), sp.Abs(measured))),
        line("relative", difference / larger),
        line("error", difference / sp.Max(larger, least)),
    ]
    names = ["above", "below", "h", "derived", *(name for pair in noisy for name in pair)]
    return module(
        evaluation(nudge, ["value"], ["h", "up", "down"], name="nudge"),
        evaluation(quotient, names, ["measured", "relative", "error"], name="quotient"),
    )
