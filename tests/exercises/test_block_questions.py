"""The questions beyond dense layers against plain programs, right and wrong, that read only the public data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from thorough import many

from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.generation import generate
from bpkit.exercises.questions.parts import NumberPart

SEEDS = many(12, 50)
LEVELS = ("easy", "medium", "hard")
Data = dict[str, Any]
Numbers = dict[str, float]
Slips = dict[str, list[Numbers]]  # by misconception: what each of its shapes makes of some quantities


def array(data: Data, key: str) -> Any:
    """A parameter array by its key, from the names alone: W1_2_1 is row 2, column 1."""
    own = {name: value for name, value in data["parameters"].items() if name == key or name.startswith(f"{key}_")}
    places = {name: [int(one) - 1 for one in name.split("_")[1:]] for name in own}
    shape = [max(place[axis] for place in places.values()) + 1 for axis in range(len(next(iter(places.values()))))]
    found = np.empty(shape)
    for name, value in own.items():
        found[tuple(places[name])] = value
    return found


def uses(name: str, terms: Any) -> Slips:
    """What people make of a sum over the uses of a weight."""
    return {
        "counts one use of a shared weight only": [{name: float(one)} for one in terms],
        "takes the mean over the uses of a shared weight": [{name: float(np.mean(terms))}],
    }


def add(slips: Slips, more: Slips) -> None:
    for name, shapes in more.items():
        slips.setdefault(name, []).extend(shapes)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def steps_of_a_layer(data: Data) -> tuple[Numbers, Slips]:
    """One neuron with a sigmoid at every step, an error at each."""
    x, y = np.ravel(data["inputs"]), np.ravel(data["targets"])
    w, b = array(data, "W1")[0, 0], array(data, "b1")[0]
    out = sigmoid(w * x + b)
    error, slope, name = out - y, out * (1 - out), "dE_total/dW1_1_1"
    terms = error * slope * x
    slips = uses(name, terms)
    slips["forgets the output slope"] = [{name: float((error * x).sum())}]
    slips["leaves out the input factor"] = [{name: float((error * slope).sum())}]
    slips["swaps the sign of the error"] = [{name: -float(terms.sum())}]
    slips["doubles the gradient"] = [{name: 2 * float(terms.sum())}]
    return {name: float(terms.sum())}, slips


def recurrent(data: Data) -> tuple[Numbers, Slips]:
    """One tanh neuron over some steps, and a straight one behind the last."""
    x, y = np.ravel(data["inputs"]), data["targets"][0]
    Wx, Wh, V = (array(data, key)[0, 0] for key in ("Wx1", "Wh1", "W2"))
    b, c = (array(data, key)[0] for key in ("b1", "b2"))
    h = [0.0]
    for one in x:
        h.append(math.tanh(Wx * one + Wh * h[-1] + b))
    e, before, after = V * h[-1] + c - y, np.array(h[:-1]), np.array(h[1:])

    def back(slope: Callable[[float], float] = lambda out: 1 - out**2, way: float = Wh) -> tuple[Any, Any]:
        douts, dnets = [], []
        dout = e * V
        for out in after[::-1]:
            douts.append(dout)
            dnets.append(dout * slope(out))
            dout = dnets[-1] * way
        return np.array(douts[::-1]), np.array(dnets[::-1])

    def named(douts: Any, dnets: Any) -> Numbers:
        found = {f"dE_total/dout_h1_{t}_1": one for t, one in enumerate(douts, 1)}
        found |= {f"dE_total/dnet_h1_{t}_1": one for t, one in enumerate(dnets, 1)}
        return {**found, "dE_total/dWx1_1_1": dnets @ x, "dE_total/dWh1_1_1": dnets @ before}

    douts, dnets = back()
    right = named(douts, dnets)
    slips = uses("dE_total/dWx1_1_1", dnets * x)
    add(slips, uses("dE_total/dWh1_1_1", dnets * before))
    slips["cuts the way back through time"] = [named(*back(way=0.0))]
    slips["takes the state of the same step"] = [{"dE_total/dWh1_1_1": dnets @ after}]
    slips["forgets the hidden slope"] = [named(*back(slope=lambda out: 1.0))]
    slips["swaps the sign of the error"] = [{name: -value for name, value in right.items()}]
    slips["doubles the gradient"] = [{name: 2 * value for name, value in right.items()}]
    slips["leaves out the input factor"] = [{"dE_total/dWx1_1_1": dnets.sum()}]
    return right, slips


class Kernel:
    """A kernel with tanh, perhaps the largest of each pair behind it, perhaps a straight neuron behind that."""

    def __init__(self, data: Data) -> None:
        self.x, self.y = np.array(data["inputs"]), np.array(data["targets"])
        self.k, self.b = array(data, "k1"), data["parameters"]["b1"]
        kinds = [one["block"] for one in data["blocks"]]
        self.pooled, self.dense = "MaxPool" in kinds, "Dense" in kinds
        if self.dense:
            self.W, self.c = array(data, f"W{len(kinds)}")[:, 0], array(data, f"b{len(kinds)}")[0]

    def run(
        self,
        forward: Callable[[Any], Any] = lambda k: k,
        covered: Callable[[Any, int], Any] = lambda x, i: x[i],
        gradient: Callable[[Any, int, int], Any] = lambda x, i, j: x[i + j],
        bias: bool = True,
        slope: bool = True,
        to_all: bool = False,
    ) -> tuple[Numbers, Any]:
        """Every number, and the terms of the kernel's derivatives: a row for each place."""
        size = len(self.k)
        count = len(self.x) - size + 1
        b, c = (self.b, self.c if self.dense else 0) if bias else (0.0, 0.0)
        kernel = forward(self.k)
        net = np.array([sum(kernel[j] * covered(self.x, i + j) for j in range(size)) + b for i in range(count)])
        outs = np.tanh(net)
        pairs = outs.reshape(-1, 2) if self.pooled else outs[:, None]
        signals = pairs.max(axis=1)
        out = np.array([self.W @ signals + c]) if self.dense else signals
        error = out - self.y
        back = error[0] * self.W if self.dense else error
        share = np.ones_like(pairs) if to_all else (pairs == signals[:, None]).astype(float)
        dnet = (share * back[:, None]).ravel() * (1 - outs**2 if slope else 1.0)
        terms = np.array([[dnet[i] * gradient(self.x, i, j) for j in range(size)] for i in range(count)])
        found = {f"dE_total/dk1_{j + 1}": float(one) for j, one in enumerate(terms.sum(axis=0))}
        letters = {"net_h1_": net}
        letters["out_h2_" if self.dense else "out_o"] = signals
        return found | {f"{key}{i + 1}": float(v) for key, vs in letters.items() for i, v in enumerate(vs)}, terms


def beside(x: Any, place: int) -> float:
    return float(x[place]) if 0 <= place < len(x) else 0.0


def kernel(data: Data) -> tuple[Numbers, Slips]:
    own = Kernel(data)
    right, terms = own.run()
    size = len(own.k)
    slips: Slips = {}
    for j in range(size):
        add(slips, uses(f"dE_total/dk1_{j + 1}", terms[:, j]))
    turned = lambda k: k[::-1]
    other_end = lambda x, i, j: x[i + size - 1 - j]
    slips["turns the kernel round"] = [
        own.run(forward=turned, gradient=other_end)[0],
        own.run(forward=turned)[0],
        own.run(gradient=other_end)[0],
    ]
    slips["shifts the kernel by one"] = []
    for step in (1, -1):
        covered = lambda x, i, step=step: beside(x, i + step)
        gradient = lambda x, i, j, step=step: beside(x, i + j + step)
        both, ahead, back = (
            own.run(covered=covered, gradient=gradient),
            own.run(covered=covered),
            own.run(gradient=gradient),
        )
        slips["shifts the kernel by one"] += [both[0], ahead[0], back[0]]
    slips["passes the slope of a maximum to all"] = [own.run(to_all=True)[0]]
    slips["leaves the bias out"] = [own.run(bias=False)[0]]
    slips["swaps the sign of the error"] = [{n: -v for n, v in right.items() if n.startswith("dE")}]
    slips["doubles the gradient"] = [{n: 2 * v for n, v in right.items() if n.startswith("dE")}]
    slips["leaves out the input factor"] = [own.run(gradient=lambda x, i, j: 1.0)[0]]
    last = "forgets the hidden slope" if own.dense or own.pooled else "forgets the output slope"
    slips[last] = [own.run(slope=False)[0]]
    return right, slips


def attention(data: Data) -> tuple[Numbers, Slips]:
    X, Y = np.array(data["inputs"]), np.array(data["targets"])
    Q, K, V = (X @ array(data, key) for key in ("Wq1", "Wk1", "Wv1"))
    root = math.sqrt(Q.shape[1])

    def run(score: Any, axis: int = 1, back: int = 1, diagonal: bool = False) -> Numbers:
        powers = np.exp(score)
        share = powers / powers.sum(axis=axis, keepdims=True)
        out = share @ V
        g = (out - Y) @ V.T
        rest = 0 if diagonal else (g * share).sum(axis=back, keepdims=True)
        dscore = share * g * (1 - share) if diagonal else share * (g - rest)
        names = {"score_o": score, "share_o": share, "out_o": out, "dE_total/dscore_o": dscore}
        return {f"{key}{i + 1}_{j + 1}": float(v) for key, vs in names.items() for (i, j), v in np.ndenumerate(vs)}

    right = run(Q @ K.T / root)
    slips = {"forgets the root of the width": [run(Q @ K.T)]} if root > 1 else {}
    slips["takes the softmax over the wrong axis"] = [run(Q @ K.T / root, 0, 0), run(Q @ K.T / root, 0)]
    if K.shape[1] == len(K):
        slips["does not transpose the keys"] = [run(Q @ K / root)]
    slips["takes only the diagonal of the softmax slope"] = [run(Q @ K.T / root, diagonal=True)]
    slips["swaps the sign of the error"] = [{n: -v for n, v in right.items() if n.startswith("dE")}]
    return right, slips


def layer_norm(data: Data) -> tuple[Numbers, Slips]:
    x, y, number = np.array(data["inputs"]), np.array(data["targets"]), len(data["blocks"])
    g, shift = array(data, f"g{number}"), array(data, f"b{number}")

    def run(bias: float = 1.0, mean: bool = True, spread: bool = True) -> Numbers:
        net = x @ array(data, "W1") + bias * array(data, "b1") if number == 2 else x
        diff = net - net.mean()
        scale = 1 / math.sqrt((diff**2).mean() + 1e-5)
        out = g * diff * scale + bias * shift
        dnorm = (out - y) * g
        through_spread = -(scale**3) / len(net) * diff * (dnorm @ diff) if spread else 0.0
        ddiff = dnorm * scale + through_spread
        dnet = ddiff - ddiff.mean() if mean else ddiff
        names = {"norm_o": diff * scale, "out_o": out, "dE_total/dnet_h1_": dnet}
        return {f"{key}{i + 1}": float(v) for key, vs in names.items() for i, v in enumerate(vs)}

    right = run()
    return right, {
        "takes the mean for a constant": [run(mean=False)],
        "takes the spread for a constant": [run(spread=False)],
        "takes mean and spread for constants": [run(mean=False, spread=False)],
        "leaves the bias out": [run(bias=0.0)],
        "swaps the sign of the error": [{n: -v for n, v in right.items() if n.startswith("dE")}],
    }


def adam(data: Data) -> tuple[Numbers, Slips]:
    rule, state, given = data["update"], data["state"], data["parameters"]
    rate, decay = data["learning_rate"], rule.get("weight_decay", 0.0)
    x, y = data["inputs"], data["targets"][0]
    net = sum(given[f"w{i + 1}"] * one for i, one in enumerate(x)) + given["b1"]
    out = net if data["activation"] == ["identity"] else float(sigmoid(net))
    delta = (out - y) * (1.0 if data["activation"] == ["identity"] else out * (1 - out))
    factors = {**{f"w{i + 1}": one for i, one in enumerate(x)}, "b1": 1.0}

    def run(
        m_hat: bool = True,
        v_hat: bool = True,
        late: int = 0,
        root: Callable[[float, float], float] = lambda v, e: math.sqrt(v) + e,
        rate: float = rate,
        of_bias: float = 0.0,
    ) -> Numbers:
        found, t = {}, state["t"] + 1 - late
        for name, factor in factors.items():
            slope = delta * factor + given[name] * (of_bias if name == "b1" else decay)
            m = rule["beta1"] * state[f"m_{name}"] + (1 - rule["beta1"]) * slope
            v = rule["beta2"] * state[f"v_{name}"] + (1 - rule["beta2"]) * slope**2
            m, v = m / (1 - rule["beta1"] ** t) if m_hat else m, v / (1 - rule["beta2"] ** t) if v_hat else v
            new = given[name] - rate * m / root(v, rule["epsilon"])
            found |= {f"mhat_{name}": m, f"vhat_{name}": v, f"{name}_new": new}
        return found

    slips = {
        "leaves out the correction of the running means": [run(m, v) for m, v in ((0, 0), (0, 1), (1, 0))],
        "counts the updates from zero": [run(late=1)],
        "puts ε inside the root": [run(root=lambda v, e: math.sqrt(v + e))],
        "forgets the root of the running mean": [run(root=lambda v, e: v + e)],
        "adds the gradient": [{n: v for n, v in run(rate=-rate).items() if n.endswith("_new")}],
        "forgets the learning rate": [{n: v for n, v in run(rate=1.0).items() if n.endswith("_new")}],
        "updates the biases with weight decay": [{"b1_new": run(of_bias=decay)["b1_new"]}],
    }
    return run(), slips


def program(exercise: Exercise) -> tuple[Numbers, Slips]:
    """The plain program of an exercise, chosen by its public data."""
    (data,) = exercise.task.data()["problems"]
    kinds = [one["block"] for one in data.get("blocks", ())]
    if not kinds:
        return adam(data)
    first = {"Conv1d": kernel, "Recurrent": recurrent, "Attention": attention}.get(kinds[0])
    return (first or (layer_norm if "LayerNorm" in kinds else steps_of_a_layer))(data)


@cache
def drawn(id: str) -> list[Exercise]:
    return [generate(id, seed=seed, difficulty=LEVELS[seed % 3]) for seed in range(SEEDS)]


def asked(id: str) -> Iterator[tuple[Exercise, NumberPart]]:
    for exercise in drawn(id):
        for part in exercise.content.parts:
            assert isinstance(part, NumberPart)
            yield exercise, part


IDS = ["shared-weight", "through-time", "convolution", "attention-share", "layer-norm", "adam-step"]


@pytest.mark.parametrize("id", IDS)
def test_right_answers_are_those_of_a_plain_program(id: str) -> None:
    for exercise, part in asked(id):
        right, _ = program(exercise)
        assert part.right == pytest.approx(right[part.quantity], rel=1e-9), (exercise.task.data(), part.quantity)


@pytest.mark.parametrize("id", IDS)
def test_wrong_answers_have_the_name_of_the_plain_program_that_makes_them(id: str) -> None:
    shown = set()
    for exercise, part in asked(id):
        right, slips = program(exercise)
        for name in {wrong.name for wrong in part.wrong if wrong.name in exercise.declared}:
            made = [one[part.quantity] for one in slips[name] if part.quantity in one]
            made = [value for value in made if abs(value - right[part.quantity]) > 1e-9 * abs(right[part.quantity])]
            known = [wrong.answer for wrong in part.wrong if wrong.name == name]
            assert made, (name, part.quantity)
            for value in made:
                assert any(one == pytest.approx(value, rel=1e-9, abs=1e-15) for one in known), (name, value, known)
                said = part.judge(f"{value:#.{part.digits}g}")
                assert name in said.misconceptions, (exercise.task.data(), part.quantity, name, value, said)
                shown.add(name)
    assert shown == set(exercise.bank.reveals)
