"""Softmax and its loss as bars and curves: net inputs, powers of e, shares, and how two losses pull on them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from bpkit.apps.controls import Choice, Number, Setting
from bpkit.apps.given import share
from bpkit.apps.live import Live
from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import OUT, K, Y, put, symbol
from bpkit.core.javascript import evaluation, module
from bpkit.core.losses import loss
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable
from bpkit.examples.example import Example
from bpkit.page.programs import every_line, line, packed
from bpkit.show.classes_picture import classes_figure
from bpkit.show.drawing import Drawing

NETS = (1.0, 2.0, 0.0)  # without a problem
NAMED = ("unripe", "ripe", "rotten")  # its classes
TRUE = 1
REACH = 5.0  # of the sliders
MOST, FEWEST = 6, 2  # classes
LOSSES = {"surprise": "cross_entropy", "square": "half_squared_error"}
GRID = (0.002, 1.0, 500)  # shares of the curves
TEXTS = {
    "net": "net",
    "power": "eⁿᵉᵗ",
    "share": "share p",
    "target": "target y",
    "slopes": "slope with respect to net",
    "delta": "of −ln p: p − y",
    "pull": "of ½(1 − p)²",
    "true": "true class",
    "here": "−ln p = {y|near}",
    "whole": "all shares together: 1",
    "surprise": "−ln p",
    "square": "½(1 − p)²",
    "named": "{output} ({name})",
    "message": "The true class {name} has the share p = {p}. −ln p = {surprise}; its slope is {steep} with respect to "
    "p and {delta} with respect to the net input of {output}. The error of this class alone, ½(1 − p)², would be "
    "{square}; its slopes are {flat} and {pull}.",
    "words": "Net inputs {nets}; e to their power {powers}; divided by the sum {sum} the shares {shares}. "
    "Share minus target: {deltas}. With ½(1 − p)² of the true class the slopes would be {pulls}.",
}


@dataclass(frozen=True)
class State:
    """What the classes app shows: a layer of softmax outputs, and which class is true."""

    problem: Problem
    true: int
    digits: int


def one_layer(problem: Problem) -> Problem:
    """The outputs of a problem as a layer of softmax whose net inputs are its weights.

    >>> import bpkit as bp
    >>> one_layer(bp.examples.article.problem).targets.tolist()
    [0.0, 1.0]
    """
    outputs, values = problem.network.outputs, evaluate(problem)
    targets = [float(problem.givens[name]) for name in problem.network.targets]
    return _layer([float(values[f"net_{name}"]) for name in outputs], targets.index(max(targets)))


def _layer(nets: list[float] | tuple[float, ...], true: int) -> Problem:
    network = Network(1, len(nets), activation="softmax", loss="cross_entropy", bias="none")
    targets = [float(k == true) for k in range(len(nets))]
    rounded = {name: round(net, 2) for name, net in zip(network.weights, nets)}
    return Problem(network, rounded, inputs=[1.0], targets=targets)


class Classes(Live):
    """A slider for each net input; bars for e^net and the shares, and the loss over the share of the true class."""

    name = "classes"

    def __init__(self, given: Example | Problem | None = None, names: Sequence[str] = ()) -> None:
        self._asked = tuple(names) or (NAMED if given is None else ())
        super().__init__(_layer(NETS, TRUE) if given is None else given)

    def settings(self) -> Mapping[str, Setting]:
        network = self.problem.network
        if not FEWEST <= len(network.outputs) <= MOST or not network.targets:
            raise BpkitError(
                f"classes app: expected from {FEWEST} to {MOST} outputs with targets, got {network!r}; "
                "write bp.apps.classes()"
            )
        # One input of 1, no biases: each weight is a net input.
        plain = isinstance(network, Network) and network.sizes == (1, len(network.outputs)) and network.bias == "none"
        good = plain and network.loss.name == "cross_entropy" and self.problem.givens["x1"] == 1
        alone = self.problem if good else one_layer(self.problem)
        if alone != self.problem:
            self.problem, self._source = alone, ""
        outputs, givens = alone.network.outputs, alone.givens
        true = outputs[[givens[name] for name in alone.network.targets].index(1.0)]
        if self._asked and len(self._asked) != len(outputs):
            raise BpkitError(
                f"classes app: expected {len(outputs)} names, got {len(self._asked)}; name each output once"
            )
        self._classes = {
            output: TEXTS["named"].format(output=output, name=name) for output, name in zip(outputs, self._asked)
        } or {output: output for output in outputs}
        nets = {
            name: Number(f"net of {self._classes[output]}", givens[name], -REACH, REACH, 0.1)
            for name, output in zip(alone.network.parameters, outputs)
        }
        return {
            **nets,
            "true": Choice("true class", true, tuple((said, output) for output, said in self._classes.items())),
        }

    def page(self) -> dict[str, Any]:
        network, derivation = self.problem.network, self.problem.derivation
        outputs = network.outputs
        powers = [line(f"power_{name}", sp.exp(symbol(f"net_{name}"), evaluate=False)) for name in outputs]
        nets = [f"net_{name}" for name in outputs]
        return {
            "programs": packed(
                {
                    "all": every_line(derivation),
                    "powers": module(evaluation(powers, nets, [one.name for one in powers])),
                    "losses": _losses_program(),
                }
            ),
            "inputs": {"all": derivation.program.givens, "powers": nets, "losses": ["p"]},
            "outputs": outputs,
            "classes": self._classes,
            "targets": network.targets,
            "nets": network.parameters,
            "share": {
                "source": self._source or share("", self.problem, self.problem),
                "names": [*network.parameters, "true"],
            },
            "grid": GRID,
            "texts": TEXTS,
            "parts": {
                "curve": {
                    "x": {"label": "p, the share of the true class"},
                    "y": {"label": "loss", "zero": True},
                    "size": [820, 210],
                    "words": {
                        "open": "The loss over the share p of the true class.",
                        "value": "{y|near} at {x}",
                        "above": "",
                        "tangent": "The slope of −ln p at p = {x} is {slope}.",
                        "at": [0.01, 0.1, 0.5, 1.0],
                    },
                },
            },
            "layout": {"rows": [[*network.parameters, "true"], ["bars"], ["curve"], ["message"]]},
        }

    def read(self, values: Mapping[str, Any]) -> State:
        network = self.problem.network
        true = network.outputs.index(values["true"])
        targets = {name: float(k == true) for k, name in enumerate(network.targets)}
        return State(self.problem_from(values).replace(**targets), true, values["digits"])

    def words(self, state: State) -> str:
        rows, outputs = derive(state.problem.network).at(state.problem).numbers, state.problem.network.outputs
        nets = [rows[f"net_{name}"] for name in outputs]
        powers = [math.exp(net) for net in nets]
        said = {
            "nets": nets,
            "powers": powers,
            "shares": [rows[f"out_{name}"] for name in outputs],
            "deltas": [rows[f"dE_total/dnet_{name}"] for name in outputs],
            "pulls": [_pull(rows, outputs[state.true], name) for name in outputs],
        }
        listed = {key: ", ".join(readable(number(one, state.digits)) for one in row) for key, row in said.items()}
        return TEXTS["words"].format(**listed, sum=number(sum(powers), state.digits))

    def _said(self, state: State) -> str:
        name = state.problem.network.outputs[state.true]
        rows = derive(state.problem.network).at(state.problem).numbers
        p = float(rows[f"out_{name}"])
        slopes = {"delta": rows[f"dE_total/dnet_{name}"], "pull": _pull(rows, name, name)}
        found = {key: readable(number(value, 3)) for key, value in {"p": p, **losses_at(p), **slopes}.items()}
        return TEXTS["message"].format(name=self._classes[name], output=name, **found)

    def note(self, state: State) -> tuple[str, bool]:
        return self._said(state), False

    def drawing(self, state: State) -> Drawing:
        rows, outputs = derive(state.problem.network).at(state.problem).numbers, state.problem.network.outputs
        nets, shares, deltas = (
            [float(rows[f"{word}_{name}"]) for name in outputs] for word in ("net", "out", "dE_total/dnet")
        )
        pulls = [_pull(rows, outputs[state.true], name) for name in outputs]
        bars = {"net": nets, TEXTS["power"]: np.exp(nets).tolist(), TEXTS["share"]: shares}
        bars |= {f"{TEXTS['slopes']}\n{TEXTS['delta']}": deltas, TEXTS["pull"]: pulls}
        return classes_figure([*self._classes.values()], bars, shares[state.true], losses_at, self.words(state))


def _pull(rows: Mapping[str, float], true: str, output: str) -> float:
    """The slope with half the squared error of only the true class: its own derivative in the same chain."""
    return losses_at(float(rows[f"out_{true}"]))["flat"] * float(rows[f"dout_{true}/dnet_{output}"])


def losses_at(p: float) -> dict[str, float]:
    """Both losses of a share of the true class, and their slopes.

    >>> {name: round(value, 3) for name, value in losses_at(0.5).items()}
    {'surprise': 0.693, 'steep': -2.0, 'square': 0.125, 'flat': -0.5}
    """
    lines = _losses()
    return {name: float(put(expr, {symbol("p"): sp.Float(p)})) for name, expr in lines.items()}


def _losses() -> dict[str, sp.Expr]:
    """What both losses say of a share p whose target is 1, and their slopes."""
    given = {Y: sp.Integer(1), OUT: symbol("p"), K: sp.Integer(1)}
    steep = {"surprise": "steep", "square": "flat"}
    found: dict[str, sp.Expr] = {}
    for key, name in LOSSES.items():
        found |= {key: put(loss(name).expr, given), steep[key]: put(loss(name).slope, given)}
    return found


def _losses_program() -> str:
    lines = [line(name, expr) for name, expr in _losses().items()]
    return module(evaluation(lines, ["p"], [one.name for one in lines]))
