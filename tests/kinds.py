"""Wrong numbers of every kind that people post, by plain NumPy programs on random networks: no line of the kit.

``KINDS`` maps a kind to a generator of items; ``right_answers``, ``random_numbers_near`` and ``controls`` make the
numbers that must not be blamed. Whatever is drawn comes from the generator passed in, so that a seed tells all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from wrong_programs import FUNCTIONS, IN_NET, IN_OUT, PROGRAMS, Numbers, named, run

import bpkit as bp

Rng = np.random.Generator
Values = dict[str, float]
SIZES = ((1, 1, 1), (2, 2, 1), (2, 2, 2), (2, 3, 2), (3, 2, 2), (2, 3, 1), (2, 2, 2, 2))
FLAT = ((1, 1), (2, 1), (3, 1), (2, 2))
SQUARES = ("half_squared_error", "squared_error", "mean_squared_error")
SURE_OF_NOTHING = ("unknown", "few_digits")


class Item(NamedTuple):
    """A number to ask, and what may be said of it. Words are patterns, met in a name or a sentence."""

    kind: str
    slip: str  # what the program does
    problem: bp.Problem
    quantity: str
    number: str
    given: dict[str, str] | None
    names: tuple[str, ...]  # any of them names the mistake
    verdicts: tuple[str, ...] = ("misconception",)
    both: bool = False  # all names in one explanation
    beside: tuple[str, ...] = ()  # other mistakes with this number: a sure diagnosis names them, too
    said: tuple[str, ...] = ()  # one of them is in the message
    unsure: bool = False  # any overshoot leads here, so no name is sure
    first: bool = False  # the first name is the one that counts
    never: tuple[str, ...] = ()  # what the names that count must not say
    digits: int = 6


@dataclass
class Net(Numbers):
    """Numbers that may have a table of samples, a way to join them, and an update rule."""

    batch: str = "mean"
    rule: bp.updates.UpdateRule | None = None
    place: tuple[int, int] = (1, 0)  # of a weight that is taken from the neuron next door: neuron, input

    def problem(self) -> bp.Problem:
        return super().problem().replace(batch=self.batch, update=self.rule)

    @property
    def n_samples(self) -> int:
        return len(np.atleast_2d(self.x))

    @property
    def single(self) -> bool:
        return self.x.ndim == 1

    @property
    def share(self) -> float:
        """What a sample counts in the loss."""
        return 1 / self.n_samples if self.batch == "mean" else 1.0

    @property
    def is_linear(self) -> bool:
        return set(self.activations) <= {"identity", "relu"}


def one_of(rng: Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def random_net(
    rng: Rng,
    sizes: tuple[tuple[int, ...], ...] = SIZES,
    losses: tuple[str, ...] = (),
    hidden: tuple[str, ...] = ("sigmoid", "sigmoid", "tanh", "relu", "softplus", "identity"),
    outs: tuple[str, ...] = ("sigmoid", "sigmoid", "tanh", "identity", "softplus"),
    samples: tuple[int, ...] = (1, 1, 3, 4, 5),
    rates: tuple[float, ...] = (0.1, 0.3, 0.25, 0.7, 0.05, 0.5, 2.0, 1.2),
    biases: tuple[str, ...] = ("layer", "neuron", "none"),
    hard: float = 0.5,
) -> Net:
    """A network with numbers of two decimals, as books have them; ``hard`` targets are 0 and 1."""
    size = list(one_of(rng, *sizes))
    loss = str(one_of(rng, *(losses or (*SQUARES, "half_squared_error", "binary_cross_entropy", "cross_entropy"))))
    out = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}.get(loss) or str(one_of(rng, *outs))
    size[-1] = max(2, size[-1]) if out == "softmax" else size[-1]
    bias, count = str(one_of(rng, *biases)), int(one_of(rng, *samples))

    def draw(*shape: int) -> np.ndarray:
        values = np.round(rng.uniform(0.05, 1, shape), 2)
        return values * np.where(rng.random(shape) < 0.35, -1, 1)

    table = () if count == 1 else (count,)
    x = np.round(rng.uniform(0.1, 1.5, (*table, size[0])), 2)
    y = np.round(rng.uniform(0.05, 0.95, (*table, size[-1])), 2)
    if out == "softmax":
        y = np.eye(size[-1])[rng.integers(size[-1], size=table or None)]
    elif rng.random() < hard:
        y = np.round(y)
    b = [np.full(n, draw(1)[0]) if bias == "layer" else draw(n) * (bias != "none") for n in size[1:]]
    return Net(
        size,
        [*(str(one_of(rng, *hidden)) for _ in size[1:-1]), out],
        loss,
        bias,
        [draw(n, m) for m, n in zip(size, size[1:])],
        b,
        x,
        y,
        float(one_of(rng, *rates)),
        bias != "none" and bool(rng.random() < 0.75),
        batch=str(one_of(rng, "mean", "mean", "sum")) if count > 1 else "mean",
    )


# -- one plain program, with a switch at the place of each slip ------------------------------------------------------


class Pass(NamedTuple):
    """Layer by layer: all digits of each line's result; ``kept`` has the inputs and what was kept of the outputs."""

    nets: list[np.ndarray]
    outs: list[np.ndarray]
    kept: list[np.ndarray]
    errors: np.ndarray
    loss: float
    deltas: list[np.ndarray]
    dW: list[np.ndarray]
    db: list[np.ndarray]


def as_it_is(value: Any) -> Any:
    return value


def softmax(net: np.ndarray) -> np.ndarray:
    powers = np.exp(net - net.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def lost(loss: str, y: np.ndarray, o: np.ndarray, slips: frozenset[str]) -> np.ndarray:
    """The error of each output."""
    if loss in SQUARES:
        factor = {"half_squared_error": 0.5, "squared_error": 1.0, "mean_squared_error": 1 / o.shape[1]}[loss]
        errors = factor * (y - o) ** (4 if "fourth power" in slips else 2)
    else:
        base = 10.0 if "log10" in slips else 2.0 if "log2" in slips else np.e
        log = lambda v: np.log(v) / np.log(base)
        errors = -y * log(o)
        if loss == "binary_cross_entropy" and "no second half" not in slips:
            errors = errors + (1 if "plus" in slips else -1) * (1 - y) * log(1 - o)
        if "no minus" in slips:
            errors = -errors
    for slip, factor in (("doubled loss", 2.0), ("halved loss", 0.5)):
        errors = factor * errors if slip in slips else errors
    return errors


def loss_slope(loss: str, y: np.ndarray, o: np.ndarray, slips: frozenset[str]) -> np.ndarray:
    """The slope of each error, by the slips that the learner made in it."""
    if loss in SQUARES:
        slope = {"half_squared_error": 1.0, "squared_error": 2.0, "mean_squared_error": 2 / o.shape[1]}[loss] * (o - y)
        return 4 * (o - y) ** 3 if "fourth power" in slips else slope
    slope = -y / o
    if loss == "binary_cross_entropy" and "slope without second half" not in slips:
        slope = slope + (-1 if "plus in the slope" in slips else 1) * (1 - y) / (1 - o)
    if "slope without minus" in slips:
        slope = -slope
    if "slope by log10" in slips:
        slope = slope / np.log(10)
    if "slope by log2" in slips:
        slope = slope / np.log(2)
    return slope


def slope_at(name: str, net: np.ndarray, out: np.ndarray) -> np.ndarray:
    return IN_OUT[name](out) if name in IN_OUT else IN_NET[name](net)


def passed(
    n: Net, W: list[np.ndarray], b: list[np.ndarray], slips: frozenset[str] = frozenset(), kept: Callable = as_it_is
) -> Pass:
    """Forward and backward over the table of samples; ``kept`` is what is written down of each number."""
    x, y = np.atleast_2d(n.x), np.atleast_2d(n.y)
    last, share = len(W), n.share
    nets, outs, results = [np.empty(0)], [x], list[np.ndarray]()
    for layer, (w, v) in enumerate(zip(W, b), 1):
        if "a neighbour's weight forward" in slips and len(w) > 1:
            (neuron, source), w = n.place, w.copy()
            w[neuron, source] = w[1 - neuron, source]
        if (
            "two neighbours' weights forward" in slips and w.shape[1] == 2 and len(w) > 1
        ):  # w1 and w3 where w3 and w4 belong
            w = w.copy()
            w[1, :2] = w[0, 0], w[1, 0]
        results.append(outs[-1] @ w.T + (0 if "no bias" in slips else v))
        net = kept(results[-1])
        name = n.activations[layer - 1]
        results.append(softmax(net) if name == "softmax" else np.sin(net) if "sine" in slips else FUNCTIONS[name](net))
        nets.append(net)
        outs.append(kept(results[-1]))
    o = outs[-1]
    errors = lost(n.loss, y, o, slips)
    loss = float(kept(errors).sum() * share)
    if "mean of everything" in slips:
        loss = float(errors.mean())
    slope = loss_slope(n.loss, y, o, slips)
    if "each output meets each target" in slips:  # one output: (n,) against (n, 1)
        met, other = np.broadcast_arrays(y.T, o)
        loss = float(lost(n.loss, met.reshape(-1, 1), other.reshape(-1, 1), slips).mean())
        slope = loss_slope(n.loss, met.reshape(-1, 1), other.reshape(-1, 1), slips).reshape(len(x), -1)
        slope = slope.mean(axis=1, keepdims=True)
    slope = kept(slope)

    def slope_of(layer: int) -> np.ndarray:
        if "another layer's slope" in slips and n.sizes[2] in (1, n.sizes[1]) and last == 2:
            layer = 3 - layer if layer == 1 or n.sizes[2] == n.sizes[1] else layer
        return kept(slope_at(n.activations[layer - 1], nets[layer], outs[layer]))

    if n.activations[-1] == "softmax":
        part = nets[last] if "softmax slope at net" in slips else o
        delta = np.stack([(np.diag(p) - np.outer(p, p)) @ s for p, s in zip(part, slope)])
        delta = slope if "no output slope" in slips else delta
    else:
        delta = slope if "no output slope" in slips else slope * slope_of(last)
    if "sign of delta" in slips:
        delta = -delta
    if "out alone" in slips:  # dout/dnet, the loss's slope left out
        delta = slope_of(last)
    if "net alone" in slips:
        delta = np.ones_like(o)
    deltas, dW, db = [delta], [np.empty(0)] * last, [np.empty(0)] * last
    for layer in range(last, 0, -1):
        delta, source = kept(delta), outs[layer - 1]
        if "own output for input" in slips:
            table = (delta * outs[layer]).sum(axis=0)[:, None] * np.ones((1, source.shape[1]))
        elif "no input" in slips:
            table = delta.sum(axis=0)[:, None] * np.ones((1, source.shape[1]))
        else:
            table = delta.T @ source
        column = delta.sum(axis=0)
        if "the last sample alone" in slips:
            table, column = np.outer(delta[-1], source[-1]), delta[-1]
            if "undivided" in slips:
                table, column = table / share, column / share
        if n.bias == "layer":
            column = np.full(len(column), column.sum())
        if "mean over neurons" in slips:
            column = np.full(len(column), delta.mean() / share)
        if "parameter as factor" in slips:
            table, column = table * W[layer - 1], column * b[layer - 1]
        factor = share * (1 / n.n_samples if "divided twice" in slips else 1)
        dW[layer - 1], db[layer - 1] = table * factor, column * factor
        if layer == 1:
            break
        w = W[layer - 1]
        if "a neighbour's weight back" in slips and w.shape[1] > 1:
            (neuron, to), w = n.place, w.copy()
            neuron = min(neuron, len(w) - 1)
            w[neuron, to] = w[neuron, 1 - to]
        if "one product for all" in slips:
            back = (delta @ w).sum(axis=1, keepdims=True) * np.ones((1, w.shape[1]))
        else:
            back = delta @ w
        back = kept(back)
        delta = back if "no hidden slope" in slips else back * slope_of(layer - 1)
        deltas.insert(0, delta)
    return Pass(results[::2], results[1::2], outs, errors, loss, deltas, dW, db)


@dataclass
class Learner:
    """What a loop of updates holds: parameters, and what its rule remembers."""

    n: Net
    W: list[np.ndarray]
    b: list[np.ndarray]
    m: list[np.ndarray]
    v: list[np.ndarray]
    t: int = 0

    @classmethod
    def start(cls, n: Net) -> Learner:
        nothing = [0 * p for p in (*n.W, *n.b)]
        return cls(n, n.W, n.b, nothing, nothing)

    def step(self, n: Net, slips: frozenset[str], factor: float, kept: Callable = as_it_is) -> None:
        """One update by the rule of the network; ``n`` may hold one of its samples."""
        found = passed(n, self.W, self.b, slips, kept)
        gradients = [kept(factor * g) for g in (*found.dW, *found.db)]
        self.t += 1
        changes = self.changes(gradients, slips)
        rate = 1.0 if "no rate" in slips else self.n.rate
        sign = 1.0 if "adds" in slips else -1.0
        size, old = len(self.W), (*self.W, *self.b)
        new = [p + sign * rate * c for p, c in zip(old, changes)]
        trained = self.n.train_biases and "biases still" not in slips
        still = {
            "nothing learns": range(2 * size),
            "hidden still": [*range(size - 1), *range(size, 2 * size - 1)],
            "hidden weights still": range(size - 1),
            "output still": [size - 1, 2 * size - 1],
        }
        for i in [i for slip in slips for i in still.get(slip, ())] + ([] if trained else [*range(size, 2 * size)]):
            new[i] = old[i]
        self.W, self.b = new[:size], new[size:]

    def changes(self, g: list[np.ndarray], slips: frozenset[str]) -> list[np.ndarray]:
        rule = self.n.rule
        if "accumulates" in slips:
            self.m = [old + new for old, new in zip(self.m, g)]
            return self.m
        if "momentum 0.9" in slips or isinstance(rule, bp.updates.Momentum):
            beta = getattr(rule, "beta", 0.9)
            beta = 1 - beta if "beta swapped" in slips else beta
            take = 1 - beta if "a share of the gradient" in slips else 1.0
            before = [0 * one for one in g] if "velocity anew" in slips else self.m
            self.m = [beta * old + take * new for old, new in zip(before, g)]
            return self.m
        if not isinstance(rule, bp.updates.Adam):
            return g
        b1, b2, eps = rule.beta1, rule.beta2, rule.epsilon
        if "beta swapped" in slips:
            b1, b2 = 1 - b1, 1 - b2
        if "the betas exchanged" in slips:
            b1, b2 = b2, b1
        self.m = [b1 * old + (1 - b1) * new for old, new in zip(self.m, g)]
        square = 1 if "v without square" in slips else 2
        self.v = [b2 * old + (1 - b2) * new**square for old, new in zip(self.v, g)]
        c1, c2 = 1 - b1**self.t, 1 - b2**self.t
        if "no bias correction" in slips:
            c1 = c2 = 1.0
        if "epsilon inside" in slips:
            return [m / c1 / np.sqrt(v / c2 + eps) for m, v in zip(self.m, self.v)]
        return [m / c1 / (np.sqrt(v / c2) + eps) for m, v in zip(self.m, self.v)]


def learned(n: Net, slips: frozenset[str], steps: int, factor: float, kept: Callable) -> Iterator[Learner]:
    """The learner after each update."""
    learner = Learner.start(n)
    for _ in range(steps):
        if "after each sample" in slips:
            for x, y in zip(n.x, n.y):
                learner.step(replace(n, x=x, y=y, batch="sum"), slips, factor)
        else:
            learner.step(n, slips, factor, kept)
        yield learner


def worked(n: Net, *switches: str, steps: int = 1, factor: float = 1.0, kept: Callable = as_it_is) -> Values:
    """Every quantity by the kit's names; ``factor`` scales the gradient alone. What overflows is left out."""
    slips = frozenset(switches)
    with np.errstate(all="ignore"):
        found = passed(n, n.W, n.b, slips, kept)
        results: Values = {"E_total": found.loss}
        if n.single:
            for layer in range(1, len(n.sizes)):
                for i in range(n.sizes[layer]):
                    name = n.neuron(layer, i + 1)
                    results[f"net_{name}"], results[f"out_{name}"] = (
                        found.nets[layer - 1][0, i],
                        found.outs[layer - 1][0, i],
                    )
                    results[f"dE_total/dnet_{name}"] = found.deltas[layer - 1][0, i]
            results |= {f"E_o{i}": e for i, e in enumerate(found.errors[0], 1)}
        results |= by_name(n, [factor * g for g in found.dW], [factor * g for g in found.db], "dE_total/d{}")
        for t, learner in enumerate(learned(n, slips, steps, factor, kept), 1):
            after = f"after {t} update{'s' * (t > 1)}"
            results[f"E_total {after}"] = passed(n, learner.W, learner.b, slips, kept).loss
            results |= by_name(n, learner.W, learner.b, "{}_new" if t == 1 else "{} " + after)
    return {name: float(value) for name, value in results.items() if np.isfinite(value) and abs(value) < 1e12}


def by_name(n: Net, W: list[np.ndarray], b: list[np.ndarray], shape: str) -> Values:
    flat = [value for w in W for value in w.ravel()]
    found = {shape.format(f"w{i}"): value for i, value in enumerate(flat, 1)}
    for layer, values in enumerate(b, 1):
        if n.bias == "layer":
            found[shape.format(f"b{layer}")] = values[0]
        elif n.bias == "neuron":
            found |= {shape.format(f"b_{n.neuron(layer, i)}"): value for i, value in enumerate(values, 1)}
    return found


# -- from a program's numbers to an item -----------------------------------------------------------------------------

SLOPES, WEIGHTS, NEW = r"dE_total/dw\d+", r"dE_total/d[wb].*", r"[wb]\w*_new"
LATER, LOSSES, AFTER = r"[wb]\w* after .*", r"E_o\d|E_total", r"E_total after .*"


def typed(value: float, digits: int) -> str:
    return f"{value:#.{digits}g}"


def ask(
    rng: Rng,
    kind: str,
    slip: str,
    n: Net,
    right: Values,
    wrong: Values,
    names: tuple[str, ...],
    only: str = ".*",
    digits: tuple[int, ...] = (4, 5, 6, 8, 10),
    **more: Any,
) -> Item | None:
    """One quantity in which the slip shows, to some digits; None where it shows in none."""
    for quantity in rng.permutation([q for q in wrong if q in right and re.fullmatch(only, q)]):
        q, d = str(quantity), int(one_of(rng, *digits))
        old = before(n, right, q)
        same = kind != "2" and old is not None and typed(old, d) == typed(wrong[q], d)  # it shows in what is unchanged
        unit = 10.0 ** (np.floor(np.log10(max(abs(wrong[q]), 1e-300))) - d + 1)
        near = 3 if d < 6 else 0.5  # few digits, the last of which is a little off, are rounding
        if abs(wrong[q]) > 1e-9 and abs(wrong[q] - right[q]) > near * unit and not same:
            return Item(kind, slip, n.problem(), q, typed(wrong[q], d), None, names, digits=d, **more)
    return None


def before(n: Net, right: Values, quantity: str) -> float | None:
    """The value that a quantity of the trained network had before any update."""
    name = quantity.removesuffix("_new").partition(" after ")[0]
    return None if name == quantity else right["E_total"] if name == "E_total" else n.problem().parameters[name]


FACTORS = {"2": (r"doubl|twice|\b2\b|½",), "½": (r"halv|half|½|\b2\b",)}
FACTORS |= {"n": (r"\bsum|averag|divid|\bmean\b",), "1/n": (r"\bmean\b|averag|divid",)}
RATE, CHANGE = r"learning rate|rate", r"change|step"


def loss_and_gradient(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng, rates=(0.1, 0.3, 0.25, 0.7, 0.05, 1.2))
    steps, many = int(one_of(rng, 1, 1, 2, 3, 5)), n.n_samples
    right = worked(n, steps=steps)
    which = str(one_of(rng, "2", "½", *(["n", "1/n"] if many > 2 else [])))
    if (n.batch == "sum") == (which == "n"):  # a sum cannot lose its division, and a mean divides already: kind 7
        which = {"n": "1/n", "1/n": "n"}.get(which, which)
    factor = {"2": 2.0, "½": 0.5, "n": many, "1/n": 1 / many}[which]
    beside = (RATE,) if factor * n.rate == 1 else ()
    if which == "½" and n.loss not in SQUARES:
        which, factor = "2", 2.0
    names = FACTORS[which]
    if rng.random() < 0.5:
        wrong = worked(n, steps=steps, factor=factor)
        only = str(one_of(rng, WEIGHTS, NEW, LATER, AFTER, AFTER))
        beside = beside if "dE" not in only else ()
        yield ask(rng, "1", f"gradient times {which}", n, right, wrong, names, only, beside=beside)
    else:
        wrong = {q: factor * v for q, v in right.items()}
        yield ask(rng, "1", f"loss alone times {which}", n, right, wrong, names, AFTER)


STILL = {
    "nothing learns": (r"keeps|\bold value|not updated|unchanged|nothing",),
    "hidden still": (r"keeps the hidden|hidden|output layer alone",),
    "hidden weights still": (r"keeps the hidden|hidden|output layer alone",),
    "output still": (r"keeps the output|output",),
    "biases still": (r"keeps the biases|bias",),
}


def not_updated(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng)
    steps = int(one_of(rng, 1, 1, 2, 3))
    slip = str(one_of(rng, "nothing learns", "nothing learns", *STILL))
    right, wrong = worked(n, steps=steps), worked(n, slip, steps=steps)
    if slip == "nothing learns" and rng.random() < 0.3:  # as it is in the problem: no more digits exist
        for q in rng.permutation([q for q in wrong if q.endswith("_new")]):
            text = repr(round(wrong[q], 2))
            if wrong[q] != right[q]:
                verdicts = ("misconception", "few_digits")
                yield Item("2", slip, n.problem(), str(q), text, None, STILL[slip], verdicts, digits=2)
                return
    only = str(one_of(rng, NEW, AFTER, LATER)) if slip == "nothing learns" else AFTER
    yield ask(rng, "2", slip, n, right, wrong, STILL[slip], only)


def spellings(rng: Rng, text: str) -> str:
    """The same digits, written in another way."""
    value = float(text)
    digits = len(text.lstrip("-0.").replace(".", ""))
    others = [text, text.replace("0.", ".", 1), f"{value:.{digits - 1}e}"]
    return str(one_of(rng, *others))


def few_digits(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng, samples=(1,))
    right = worked(n)
    if rng.random() < 0.35:  # sums of short numbers, which have no more digits
        slips = (("no bias", (r"bias",)),)
        n = random_net(rng, (*FLAT, (2, 2, 1), (3, 2, 2)), samples=(1,), biases=("layer", "neuron"))
        n = replace(n, x=np.round(n.x, 1))
        name = n.neuron(1, 1)
        for slip, words in slips:
            wrong = float(np.round(worked(n, slip)[f"net_{name}"], 6))
            text = f"{wrong:.10g}"
            if abs(wrong) > 0.02 and len(text.lstrip("-0.").replace(".", "")) > 1:
                yield Item("3", f"{slip}, in all its digits", n.problem(), f"net_{name}", text, None, words, digits=2)
        return
    q = str(one_of(rng, *[q for q in right if abs(right[q]) > 1e-4]))
    text = f"{right[q]:.1g}"
    unit = 10 ** np.floor(np.log10(abs(float(text))))
    if rng.random() < 0.3:
        text, unit = f"{right[q]:#.2g}", unit / 10
    exact = abs(float(text) - right[q]) < 1e-9
    if not exact and unit / 2 / abs(right[q]) > 0.03 and "e" not in text and "." in text.rstrip("."):
        old = n.problem().parameters.get(q.removesuffix("_new"))
        if old is None or f"{old:.{len(text)}f}"[: len(text)] != text:
            yield Item("3", "right, in few digits", n.problem(), q, spellings(rng, text), None, (), ("few_digits",))


def simple_fraction(rng: Rng) -> Iterator[Item | None]:
    """A half, a quarter .. near the number: as good as its decimal."""
    n = random_net(rng, samples=(1,))
    right = worked(n)
    q = str(one_of(rng, *right))
    for text, value, half in (("1/2", 0.5, 0.05), ("4/5", 0.8, 0.05), ("2/5", 0.4, 0.05), ("3/5", 0.6, 0.05)):
        if 1e-6 < abs(right[q] - value) < half * 0.9:
            yield Item("3", "right, as a short fraction", n.problem(), q, text, None, (), ("few_digits",))


def any_of(names: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, names))


PAIRED = ("no output slope", "no hidden slope", "no bias", "no input", "adds", "no rate", "error sign", "doubles")
PAIRED += ("weight as factor", "transposed forward", "net on", "slope at net", "one path", "exponent")


def pairs(rng: Rng) -> Iterator[Item | None]:
    small = rng.random() < 0.6
    sizes = ((1, 1, 1), (1, 1), (2, 1)) if small else ((2, 2, 1), (2, 2, 2))
    n = random_net(
        rng, sizes, SQUARES, ("sigmoid", "tanh"), ("sigmoid", "tanh"), (1,), (0.1, 0.3, 0.25), ("layer", "none")
    )
    one, other = (str(s) for s in rng.choice(PAIRED, 2, replace=False))
    if {one, other} == {"no input", "weight as factor"}:
        return  # the parameter instead of the input: that is one mistake
    d = int(one_of(rng, 4, 5)) if small else 5
    alone = [s for s in PROGRAMS if s != "swaps inputs" or n.sizes[0] > 1]
    with np.errstate(all="ignore"):
        wrong, right, *fewer = [run(n, one, other), run(n), *(run(n, s) for s in alone)]
    asked = "E_total|dE_total/d[wb].*|[wb].*_new|E_total after 1 update|net_o1"
    for quantity in rng.permutation([q for q in wrong if re.fullmatch(asked, q)]):
        q = str(quantity)
        text = typed(wrong[q], d)
        old = before(n, right, q) or 0.0
        if abs(wrong[q] - old) < max(1e-6, 10.0 ** (3 - d) * abs(wrong[q])):
            continue  # the digits tell too little of the change
        if any(typed(v[q], d - 1) == typed(wrong[q], d - 1) for v in (right, *fewer)):
            continue
        names = tuple(any_of(named(s, q)) for s in (one, other))
        yield Item("4", f"{one} + {other}", n.problem(), q, text, None, names, both=True, digits=d)
        return


def pairs_after_given(rng: Rng) -> Iterator[Item | None]:
    """Two slips in the lines behind values that are handed in, which were wrong already."""
    n = random_net(
        rng,
        ((2, 2, 2), (3, 2, 2), (2, 2, 1)),
        SQUARES[:2],
        ("sigmoid",),
        ("sigmoid",),
        (1,),
        (0.1, 0.3, 0.7),
        ("layer",),
    )
    d, names = int(one_of(rng, 3, 4, 5)), [n.neuron(1, i + 1) for i in range(n.sizes[1])]
    own = {f"out_{name}": f"{v:.4f}" for name, v in zip(names, rng.uniform(0.3, 0.8, len(names)))}
    h = np.array([float(v) for v in own.values()])
    W = n.W[-1]
    first = sum(w.size for w in n.W[:-1])
    which = int(rng.integers(4))
    if which == 0 and len(W) == 2:
        value, q = W[:, 0] @ h, "net_o1"
        words = ("transposes the weights forward", "leaves the bias out")
    elif which == 1:
        value, q = 1 / (1 + np.exp(W[0] @ h)), "out_o1"
        words = ("leaves the bias out", "loses the minus in the exponent")
    elif which == 2:
        g = f"{rng.uniform(0.01, 0.9):.4f}"
        own, value, q = {f"dE/dw{first + 1}": g}, W[0, 0] + float(g), f"w{first + 1}_new"
        words = ("adds the gradient", "forgets the learning rate")
    else:
        out = f"{rng.uniform(0.2, 0.8):.4f}"
        o = float(out)
        own |= {"out_o1": out}
        slope = (1 if n.loss == SQUARES[0] else 2) * (o - n.y[0])
        options = {
            "doubles the gradient": (2 * slope * h[0], "forgets the output slope"),
            "swaps the sign of the error": (-slope * h[0], "forgets the output slope"),
            "takes the parameter for its own factor": (slope * W[0, 0], "forgets the output slope"),
        }
        word = str(one_of(rng, *options))
        (value, other), q = options[word], f"dE/dw{first + 1}"
        words = (word, other)
    if abs(value) > 1e-3:
        names_of = tuple(re.escape(w) for w in words)
        yield Item("4", " + ".join(words), n.problem(), q, typed(value, d), own, names_of, both=True, digits=d)


ENTROPY = {
    "plus": (("plus",), ("plus in the slope",), r"plus|\+|sign|second half|minus"),
    "no second half": (
        ("no second half",),
        ("slope without second half",),
        r"second half|second (term|part)|other half",
    ),
    "no minus": (("no minus",), ("slope without minus",), r"minus|sign"),
    "log10": (("log10",), ("slope by log10",), r"log|base"),
    "log2": (("log2",), ("slope by log2",), r"log|base"),
}


def cross_entropy(rng: Rng) -> Iterator[Item | None]:
    loss = str(one_of(rng, "binary_cross_entropy", "binary_cross_entropy", "cross_entropy"))
    n = random_net(rng, losses=(loss,), samples=(1, 3, 4), hard=0.7)
    slip = str(one_of(rng, *(ENTROPY if loss == "binary_cross_entropy" else ("no minus", "log10", "log2"))))
    in_loss, in_slope, words = ENTROPY[slip]
    steps = int(one_of(rng, 1, 1, 2))
    where = int(rng.integers(4))
    switches, only = [
        (in_loss, LOSSES),
        (in_loss, AFTER),
        (in_slope, f"{WEIGHTS}|{NEW}"),
        ((*in_loss, *in_slope), f"{WEIGHTS}|{NEW}|{AFTER}"),
    ][where]
    right, wrong = worked(n, steps=steps), worked(n, *switches, steps=steps)
    one_number = slip in ("plus", "no minus") and loss == "binary_cross_entropy" and not n.y.any()
    beside = (r"minus|sign", r"plus|\+") if one_number else ()
    how = ("loss", "loss", "slope", "both")[where]
    yield ask(rng, "5", f"{slip}, {how}", n, right, wrong, (words,), only, beside=beside)


NEIGHBOUR = {
    "own output for input": (WEIGHTS.replace("[wb].*", r"w\d+") + f"|w\\d+_new|{AFTER}", (r"own output",)),
    "another layer's slope": (
        f"{WEIGHTS}|{NEW}|dE_total/dnet.*",
        (r"(another|other|wrong|output|hidden) layer|slope of",),
    ),
    "a neighbour's weight forward": (
        r"net_.*|out_.*",
        (r"another neuron|neighbour|other neuron|instead of w|wrong weight",),
    ),
    "two neighbours' weights forward": (
        r"net_[ho]2",
        (r"another neuron|neighbour|other neuron|instead of w|wrong weight",),
    ),
    "a neighbour's weight back": (
        f"{WEIGHTS}|{NEW}",
        (r"another neuron|neighbour|other neuron|instead of w|wrong weight",),
    ),
    "softmax slope at net": (f"{WEIGHTS}|{NEW}|dE_total/dnet.*", (r"\bnet\b",)),
    "one product for all": (f"{WEIGHTS}|{NEW}|dE_total/dnet_h.*", (r"product|all (the )?neurons|sum",)),
}


def neighbours(rng: Rng) -> Iterator[Item | None]:
    slip = str(one_of(rng, *NEIGHBOUR))
    only, words = NEIGHBOUR[slip]
    sizes = ((2, 2, 2), (2, 2, 1), (3, 2, 2), (2, 3, 2), (2, 3, 1))
    losses = ("cross_entropy",) if slip == "softmax slope at net" else ()
    one_slope = slip == "another layer's slope"
    n = random_net(
        rng,
        ((2, 2, 1), (2, 3, 1), (2, 2, 2), (1, 1, 1)) if one_slope else sizes,
        (*SQUARES, "binary_cross_entropy") if one_slope else losses,
        hidden=("sigmoid", "tanh") if one_slope else ("sigmoid", "tanh", "relu", "softplus"),
        outs=("sigmoid",) if one_slope else ("sigmoid", "tanh", "softplus"),
    )
    if one_slope:
        n = replace(n, activations=["sigmoid", "sigmoid"] if rng.random() < 0.7 else n.activations)
    n = replace(n, place=(int(rng.integers(2)), int(rng.integers(2))))
    if n.sizes[:2] == [2, 3] and n.place == (0, 1):
        n = replace(n, place=(1, 1))  # w1 and w4 of six are what the transposed matrix has
    yield ask(rng, "6", slip, n, worked(n), worked(n, slip), words, only)


def batches(rng: Rng) -> Iterator[Item | None]:
    slip = str(
        one_of(
            rng, "divided twice", "mean over neurons", "mean of everything", "the last sample alone", "meets", "zero"
        )
    )
    steps = int(one_of(rng, 1, 1, 2, 3))
    if slip == "meets":
        n = random_net(
            rng, ((2, 2, 1), (2, 1), (1, 1), (2, 3, 1)), (*SQUARES, "binary_cross_entropy"), samples=(3, 4, 5)
        )
        n = replace(n, batch="mean")
        words = (r"each (output|target)|every (output|target)|all targets|shape|\(n",)
        wrong = worked(n, "each output meets each target", steps=steps)
        only = f"{WEIGHTS}|{NEW}|{LATER}|{AFTER}|E_total|E_total"
        yield ask(rng, "7", "each output meets each target", n, worked(n, steps=steps), wrong, words, only)
        return
    if slip == "zero":
        n = random_net(rng, samples=(1, 3, 4), biases=("layer", "neuron"))
        right = worked(n)
        for q in rng.permutation([q for q in right if q.startswith("dE_total/db") and abs(right[q]) > 1e-6]):
            words = (r"bias|own factor|parameter",)
            text = str(one_of(rng, "0", "0.0", "0.000000"))
            yield Item("7", "the derivative of a bias is 0", n.problem(), str(q), text, None, words, digits=1)
            return
        return
    many = ((2, 2, 2), (2, 3, 2), (3, 2, 2), (2, 2), (2, 2, 1))
    n = random_net(
        rng, many, samples=(3, 4, 5), biases=("neuron",) if slip == "mean over neurons" else ("layer", "neuron")
    )
    if slip in ("divided twice", "mean over neurons", "mean of everything"):
        n = replace(n, batch="mean")
    if slip == "mean over neurons" and n.loss == "cross_entropy":
        return  # the deltas of a softmax add up to 0
    switches, only, words = {
        "divided twice": ((slip,), f"{WEIGHTS}|{NEW}|{LATER}|{AFTER}", (r"twice|\bdivides|number of samples",)),
        "mean over neurons": (
            (slip,),
            r"dE_total/db.*|b.*_new",
            (r"neurons|outputs|axis|mean instead of the sum and sums the deltas",),
        ),
        "mean of everything": ((slip,), "E_total|E_total after .*", (r"outputs|neurons|mean",)),
        "the last sample alone": (
            (slip, "undivided") if n.batch == "mean" and rng.random() < 0.5 else (slip,),
            f"{WEIGHTS}|{NEW}|{AFTER}",
            (r"last|one sample|single sample|sample('s)? (alone|only)|keeps .*sample",),
        ),
    }[slip]
    yield ask(rng, "7", " ".join(switches), n, worked(n, steps=steps), worked(n, *switches, steps=steps), words, only)


def runs(rng: Rng) -> Iterator[Item | None]:
    which = str(one_of(rng, "dead", "saturated", "alike", "grows"))
    if which == "dead":
        n = random_net(
            rng, ((2, 3, 1), (3, 2, 1), (3, 4, 1)), SQUARES[:2], ("relu",), ("relu",), (6, 8), (0.005,), ("none",)
        )
        n = replace(n, W=[np.round(np.abs(w), 1) + 0.1 for w in n.W], x=np.round(n.x * 3, 2), batch="mean")
        n = replace(n, y=np.round(rng.uniform(0.1, 5, n.y.shape), 2))
        value = float(lost(n.loss, n.y, 0 * n.y, frozenset()).sum() / n.n_samples)
        right = worked(n)["E_total after 1 update"]
        if typed(right, 6) != typed(value, 6):
            said = (r"dead|every output is 0|outputs are (all )?0",)
            verdicts = ("unknown", "misconception")
            q = "E_total after 1 update"
            yield Item("8", which, n.problem(), q, typed(value, 6), None, (), verdicts, said=said, unsure=True)
    elif which == "saturated":
        n = random_net(
            rng, ((2, 2, 1), (2, 2, 2), (1, 1, 1)), SQUARES, ("sigmoid",), ("sigmoid",), (1,), biases=("none",)
        )
        n = replace(n, W=[np.abs(n.W[0]) + 0.1, *n.W[1:]], x=np.round(rng.uniform(60, 200, n.x.shape)))
        said = (r"saturat",)
        text = str(one_of(rng, "0", "0.000000", "0.0"))
        verdicts = ("few_digits", "correct", "rounded")
        if abs(worked(n)["dE_total/dw1"]) < 1e-12:
            yield Item("8", which, n.problem(), "dE/dw1", text, None, (), verdicts, said=said)
    elif which == "alike":
        n = random_net(
            rng, ((2, 2, 1), (2, 3, 1), (2, 2, 2)), hidden=("sigmoid", "tanh"), samples=(1, 4), biases=("neuron",)
        )
        n = replace(n, W=[np.full_like(w, one_of(rng, 0.1, 0.3, 0.5)) for w in n.W], b=[0 * b for b in n.b])
        q = f"E_total after {int(one_of(rng, 3, 5, 10))} updates"
        n = replace(n, rate=min(n.rate, 0.5))
        right = worked(n, steps=10)
        if right.get(q, np.inf) < right["E_total"]:  # another word is due where the loss grows
            verdicts = ("correct",)
            yield Item(
                "8", which, n.problem(), q, typed(right[q], 6), None, (), verdicts, said=(r"alike|the same|equal",)
            )
    else:
        n = random_net(rng, ((1, 1), (2, 1), (1, 1, 1)), SQUARES[:2], ("identity",), ("identity",), (1, 3), (0.1, 0.5))
        n = replace(n, x=np.round(n.x * 6, 1))
        right = worked(n, steps=5)
        row = [right.get(f"E_total after {t} update{'s' * (t > 1)}", np.nan) for t in range(1, 6)]
        if all(a < b for a, b in zip([right["E_total"], *row], row)) and row[-1] > 10 * row[0]:
            said = (r"too large|grows|diverg",)
            q = "E_total after 5 updates"
            yield Item("8", which, n.problem(), q, typed(row[-1], 7), None, (), ("correct",), said=said)


def exams(rng: Rng) -> Iterator[Item | None]:
    """Right steps from values that an exam gives, and that this network does not have."""
    n = random_net(
        rng, ((2, 2, 2, 1), (2, 2, 2), (2, 3, 2), (2, 2, 1)), (*SQUARES,), samples=(1,), biases=("layer", "none")
    )
    last = len(n.sizes) - 1
    which = int(rng.integers(3))
    verdicts = ("correct", "rounded")
    if which == 0:  # deltas are given, the delta before or a gradient is asked
        layer = int(one_of(rng, *range(2, last + 1)))
        values = [one_of(rng, -3.0, 2.0, 4.0, -1.0, 0.25, -0.4, 1.5) for _ in range(n.sizes[layer])]
        given = {f"dE/dnet_{n.neuron(layer, i)}": f"{v:g}" for i, v in enumerate(values, 1)}
        found = passed(n, n.W, n.b)
        slope = slope_at(n.activations[layer - 2], found.nets[layer - 2], found.outs[layer - 2])[0]
        delta = np.array(values) @ n.W[layer - 1] * slope
        if rng.random() < 0.5:
            value, q = delta[0], f"dE/dnet_{n.neuron(layer - 1, 1)}"
        else:
            first = sum(w.size for w in n.W[: layer - 2]) + 1
            value, q = delta[0] * found.kept[layer - 2][0, 0], f"dE/dw{first}"
    elif which == 1:  # outputs of the hidden layer are given
        given = {f"out_{n.neuron(last - 1, i)}": f"{rng.uniform(0.1, 3):.2f}" for i in range(1, n.sizes[-2] + 1)}
        h = np.array([float(v) for v in given.values()])
        value, q = n.W[-1][0] @ h + n.b[-1][0], "net_o1"
    else:
        g = f"{one_of(rng, -3, 2, 0.5, -14, -0.7, 1.25):g}"
        given, value, q = {"dE/dw1": g}, n.W[0][0, 0] - n.rate * float(g), "w1_new"
    if abs(value) > 1e-6:
        text = f"{round(value, 6):.6g}"
        yield Item(
            "9", "a right step from a given value", n.problem(), q, text, given, (), verdicts, never=("lies there",)
        )


def delta_sign(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng, samples=(1,), sizes=((1, 1, 1), (2, 2, 1), (2, 2, 2), (2, 3, 2), (2, 1), (3, 2, 2)))
    said = (r"update adds|convention|\bbooks?\b|authors|opposite sign",)
    wrong = worked(n, "sign of delta")
    only = r"dE_total/dnet_.*"
    yield ask(rng, "10", "delta of opposite sign", n, worked(n), wrong, (r"sign",), only, (3, 4, 6, 8), said=said)


def nudged(n: Net, name: str, h: float) -> tuple[float, float, float]:
    """The loss below, at and above a parameter."""
    found = []
    for shift in (-h, 0.0, h):
        W, b, k = [w.copy() for w in n.W], [v.copy() for v in n.b], 0
        for w in W:
            for place in np.ndindex(w.shape):
                k += 1
                w[place] += shift * (name == f"w{k}")
        for layer, v in enumerate(b, 1):
            v += shift * (name == f"b{layer}")
            for i in range(len(v)):
                v[i] += shift * (name == f"b_{n.neuron(layer, i + 1)}")
        found.append(passed(n, W, b).loss)
    return found[0], found[1], found[2]


QUOTIENT = (r"quotient|nudg|one-sided|difference by|\bh\b",)


def quotients(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng)
    right = worked(n)
    q = str(one_of(rng, *[q for q in right if q.startswith("dE_total/d") and "dnet" not in q]))
    name, exact = q.removeprefix("dE_total/d"), right[q]
    h, d = 10.0 ** -int(rng.integers(1, 7)), int(one_of(rng, 4, 5, 6, 8))
    below, here, above = nudged(n, name, h)
    slip = str(one_of(rng, "by h", "not divided", "one-sided", "one-sided by 2h"))
    value = {
        "by h": (above - below) / h,
        "not divided": above - below,
        "one-sided": (above - here) / h,
        "one-sided by 2h": (above - here) / (2 * h),
    }[slip]
    if abs(exact) < 1e-5 or typed(value, d) == typed(exact, d) or not np.isfinite(value) or value == 0:
        return
    if slip == "not divided" and abs(value) < 1e-9:
        return
    if h < 1e-4 and d > 6:
        d = 6  # what is left of the loss's own digits
    if slip == "one-sided":
        text = typed(value, d)
        if abs(value - exact) < 1.1 * 10.0 ** (np.floor(np.log10(abs(exact))) - d + 1):
            return  # one unit of the last digit: that is rounding
        verdicts = ("rounded", "misconception")
        yield Item("11", f"{slip}, h = {h:g}", n.problem(), q, text, None, QUOTIENT, verdicts, digits=d)
        return
    # With few digits, or a small h, a factor of 2 gives the same number: a sure diagnosis names both.
    plain = {"by h": 2 * exact, "one-sided by 2h": exact / 2}.get(slip)
    beside = QUOTIENT
    words = QUOTIENT
    if plain is not None and typed(plain, d) == typed(value, d):
        beside = (*QUOTIENT, r"doubl" if slip == "by h" else r"halv")
    yield Item("11", f"{slip}, h = {h:g}", n.problem(), q, typed(value, d), None, words, beside=beside, digits=d)


DISPLAYED = {
    "adds": (r"adds the gradient", NEW),
    "no rate": (r"learning rate", NEW),
    "no output slope": (r"output slope", f"{WEIGHTS}|{NEW}"),
    "no hidden slope": (r"hidden slope", f"{WEIGHTS}|{NEW}"),
    "no input": (r"input", f"{SLOPES}|w\\d+_new"),
    "no bias": (r"bias", "net_.*|out_.*"),
}


def displayed(value: Any) -> Any:
    """A number as a page shows it: six digits."""
    with np.errstate(all="ignore"):
        array = np.asarray(value, dtype=float)
        flat = [float(f"{v:.6g}") for v in array.ravel()]
    return np.reshape(flat, array.shape) if array.ndim else flat[0]


def six_digits(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng, samples=(1,), rates=(0.1, 0.3, 0.5, 0.25, 0.7))
    if rng.random() < 0.3:
        right = worked(n, kept=displayed)
        q = str(one_of(rng, *[q for q in right if abs(right[q]) > 1e-4]))
        text = f"{right[q]:.{int(one_of(rng, 6, 7, 8, 10))}g}"
        yield Item("12", "right, with six digits shown", n.problem(), q, text, None, (), ("correct", "rounded"))
        return
    slip = str(one_of(rng, *DISPLAYED))
    words, only = DISPLAYED[slip]
    right, wrong = worked(n, kept=displayed), worked(n, slip, kept=displayed)
    yield ask(rng, "12", slip, n, right, wrong, (words,), only, (6, 7, 8, 10))


def likelier(rng: Rng) -> Iterator[Item | None]:
    """What fits on a network without a sigmoid, where the sigmoid's slope is 0 or a round number."""
    n = random_net(rng, ((1, 1), (2, 1), (1, 1, 1)), SQUARES[:2], ("identity", "relu"), ("identity",), (1,))
    n = replace(n, bias="layer", b=[0 * b for b in n.b])
    out = passed(n, n.W, n.b).outs[-1][0, 0]
    if rng.random() < 0.6 and abs(out) > 0.05:  # out = 1 where w·x = 1: there the sigmoid's slope would be 0, too
        n = replace(n, W=[*n.W[:-1], n.W[-1] / out])
    right = worked(n)
    q = str(one_of(rng, *[q for q in right if q.startswith("dE_total/db")]))
    if abs(right[q]) > 1e-4:
        text = str(one_of(rng, "0", "0.0", "0.000000"))
        words = (r"own factor|parameter|bias",)
        yield Item("13", "the bias is 0", n.problem(), q, text, None, words, first=True, never=("sigmoid",), digits=1)


def forward_half(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng, losses=SQUARES[:2])
    slip = "doubled loss" if n.loss == SQUARES[0] or rng.random() < 0.2 else "halved loss"
    words = (r"½|half|halv|doubl",)
    only = LOSSES
    yield ask(rng, "14", slip, n, worked(n), worked(n, slip), words, only, first=True, never=("gradient",))


def one_number_two_mistakes(rng: Rng) -> Iterator[Item | None]:
    which = str(one_of(rng, "no rate, ½", "doubled, ½", "no rate, 2", "change, 2", "change, ½", "n = 2"))
    rate = 2.0 if which.endswith("2") and which != "n = 2" else 0.5
    samples = (2,) if which == "n = 2" else (1, 3)
    n = random_net(rng, samples=samples, rates=(rate,) if which != "n = 2" else (0.1, 0.3), losses=SQUARES)
    n = replace(n, batch="mean")
    steps = int(one_of(rng, 1, 2, 3))
    right = worked(n, steps=steps)
    double, half = r"doubl|twice|factor 2", r"halv|½|half"
    if which.startswith("change"):
        wrong = {q: n.rate * v for q, v in right.items()}
        both, only = (CHANGE, double if rate == 2 else half), WEIGHTS
    elif which == "n = 2":
        wrong = worked(n, steps=steps, factor=2.0)
        both, only = (double, r"\bsum|averag|divid|\bmean\b"), f"{WEIGHTS}|{NEW}|{AFTER}"
    else:
        wrong = worked(n, steps=steps, factor=1 / rate)
        both, only = (RATE, double if rate == 0.5 else half), f"{NEW}|{AFTER}|{LATER}"
    digits = (4, 6, 8)
    yield ask(rng, "15", which, n, right, wrong, ("|".join(both),), only, digits, beside=both)


def output_for_loss(rng: Rng) -> Iterator[Item | None]:
    linear = rng.random() < 0.3
    sizes = ((2, 1), (1, 1), (2, 2, 1), (1, 1, 1), (2, 2, 2), (3, 2, 1))
    n = random_net(
        rng,
        sizes,
        (*SQUARES, "binary_cross_entropy"),
        outs=("identity",) if linear else ("sigmoid", "tanh"),
        samples=(1,),
    )
    wrong = worked(n, "out alone")
    first = sum(w.size for w in n.W[:-1]) + 1
    only = WEIGHTS if n.sizes[-1] == 1 else "|".join(f"dE_total/dw{i}" for i in range(first, first + n.W[-1].size))
    words = (r"loss's slope|slope of the (loss|error)|leaves out the (loss|error)|output's slope",)
    same = n.loss == SQUARES[0] and n.activations[-1] == "sigmoid" and not n.y.any()
    beside = (r"part of the slope",) if same and n.sizes[-1] == 1 else ()
    yield ask(rng, "16", "dout/dw", n, worked(n), wrong, words, only, (4, 5, 6, 8), beside=beside)


GO_ON = {
    "accumulates": (r"set back|zero|accumul|add(s|ed)? up|earlier gradient|previous gradient|back to 0",),
    "momentum 0.9": (r"momentum|velocity",),
    "after each sample": (r"each sample|every sample",),
}
MOMENTUM = {
    "velocity anew": (r"velocity|anew|each step|plain|momentum",),
    "beta swapped": (r"β|beta|1 −",),
    "a share of the gradient": (r"1 − β|\(1 − |share|β|beta",),
}
ADAM = {
    "no bias correction": (r"correct",),
    "beta swapped": (r"β|beta|1 −",),
    "v without square": (r"square",),
    "epsilon inside": (r"root|inside|ε|epsilon",),
}


def rules(rng: Rng) -> Iterator[Item | None]:
    family = int(rng.integers(5))
    steps = int(rng.integers(2, 6))
    if family < 3:
        table, rule = GO_ON, None
    elif family == 3:
        table, rule = MOMENTUM, bp.updates.Momentum(float(one_of(rng, 0.9, 0.8)))
    else:
        table, rule = ADAM, bp.updates.Adam()
    slip = str(one_of(rng, *table))
    n = random_net(rng, samples=(3, 4) if slip == "after each sample" else (1, 3, 4), rates=(0.1, 0.3, 0.7, 0.05))
    if slip == "epsilon inside":  # 1e-8 shows in no digit that is typed
        rule = bp.updates.Adam(epsilon=float(one_of(rng, 0.001, 0.0001)))
    n = replace(n, rule=rule, rate=n.rate if family < 4 else 0.05)
    if slip == "after each sample":
        n = replace(n, batch=str(one_of(rng, "mean", "mean", "sum")))
        steps = int(one_of(rng, 1, 1, 2, 3))
    right, wrong = worked(n, steps=steps), worked(n, slip, steps=steps)
    only = str(one_of(rng, AFTER, f"{LATER}|{NEW}"))
    yield ask(rng, "17", slip, n, right, wrong, table[slip], only, (5, 6, 8, 10))


KINDS: dict[str, tuple[Callable[[Rng], Iterator[Item | None]], ...]] = {
    "1": (loss_and_gradient,),
    "2": (not_updated,),
    "3": (few_digits, few_digits, few_digits, simple_fraction),
    "4": (pairs, pairs_after_given),
    "5": (cross_entropy,),
    "6": (neighbours,),
    "7": (batches,),
    "8": (runs,),
    "9": (exams,),
    "10": (delta_sign,),
    "11": (quotients,),
    "12": (six_digits,),
    "13": (likelier,),
    "14": (forward_half,),
    "15": (one_number_two_mistakes,),
    "16": (output_for_loss,),
    "17": (rules,),
}
TITLES = {
    "1": "loss and gradient differ by a factor",
    "2": "nothing was updated, or not everything",
    "3": "too few digits",
    "4": "two mistakes at once",
    "5": "cross-entropy",
    "6": "the wrong neighbour",
    "7": "batches",
    "8": "runs: dead, saturated, symmetric, diverging",
    "9": "values that an exam gives",
    "10": "the sign of delta",
    "11": "the gradient check's own mistakes",
    "12": "computed on with six digits",
    "13": "the likelier explanation first",
    "14": "a ½ in a forward question",
    "15": "one number, two mistakes",
    "16": "the output's slope for the loss's",
    "17": "update rules",
}


def collected(generators: tuple[Callable[[Rng], Iterator[Item | None]], ...], count: int, seed: int) -> list[Item]:
    """So many items, taken from the generators in turn."""
    rng, found = np.random.default_rng(seed), list[Item]()
    for turn in range(40 * count):
        if len(found) >= count:
            break
        found += [item for item in generators[turn % len(generators)](rng) if item]
    return found[:count]


def items(kind: str, count: int, seed: int = 0) -> list[Item]:
    return collected(KINDS[kind], count, seed * 1000 + int(kind))


# -- numbers that must not be blamed ---------------------------------------------------------------------------------

RIGHT = ("correct", "rounded", "few_digits")


def right_answer(rng: Rng) -> Iterator[Item | None]:
    which = str(one_of(rng, "digits", "places", "displayed", "quotient"))
    n = random_net(rng, samples=(1, 1, 3))
    exact = worked(n, steps=2)
    if which == "quotient":
        q = str(one_of(rng, *[q for q in exact if q.startswith("dE_total/d") and "dnet" not in q]))
        h, d = 10.0 ** -int(rng.integers(1, 7)), int(one_of(rng, 4, 5, 6, 8))
        below, _, above = nudged(n, q.removeprefix("dE_total/d"), h)
        value, which = (above - below) / (2 * h), f"central quotient, h = {h:g}"
        if abs(exact[q]) < 1e-4 or (h < 1e-4 and d > 6) or abs(value / exact[q] - 1) > 0.05:
            return  # a ReLU has its kink in between
        text = typed(value, d)
    elif which == "digits":
        q = str(one_of(rng, *[q for q in exact if abs(exact[q]) > 1e-9]))
        d = int(rng.integers(3, 11))
        text, which = typed(exact[q], d), f"{d} digits"
    elif which == "places":
        places = int(rng.integers(4, 7))
        values = worked(n, kept=partial(np.round, decimals=places))
        q = str(one_of(rng, *[q for q in values if abs(exact[q]) > 300 * 10.0**-places]))
        text = f"{round(values[q], int(one_of(rng, places, places + 1, places + 2))):.12g}"
        which = f"kept to {places} decimals"
    else:
        n = random_net(rng, samples=(1,))
        values = worked(n, kept=displayed)
        q = str(one_of(rng, *[q for q in values if abs(values[q]) > 1e-6]))
        text = f"{values[q]:.{int(one_of(rng, 6, 7, 8, 10))}g}"
    yield Item("right", which, n.problem(), q, text, None, (), RIGHT)


def handed(rng: Rng, n: Net, right: Values, q: str) -> dict[str, str] | None:
    """A few values of the first pass, right to some digits, from before the quantity; None half of the time."""
    forward = [name for name in right if name.startswith(("net_h", "out_h"))]
    if q.startswith(("net_h", "out_h")) or not forward or rng.random() < 0.5:
        return None
    chosen = rng.choice(forward, min(len(forward), int(rng.integers(1, 3))), replace=False)
    return {str(name): typed(right[str(name)], int(one_of(rng, 4, 6))) for name in chosen}


def near_the_truth(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng)
    right = worked(n, steps=int(one_of(rng, 1, 2)))
    q = str(one_of(rng, *[q for q in right if abs(right[q]) > 1e-6]))
    given, problem = handed(rng, n, right, q), n.problem()
    for _ in range(5):  # of one quantity: what can go wrong in it is the same
        if rng.random() < 0.5:
            value, how = right[q] * rng.uniform(0.5, 1.5), "within half of the truth"
        else:
            value, how = right[q] * np.exp(rng.uniform(-3, 3)), "of the truth's size or so"
        d = int(one_of(rng, 4, 5, 6))
        if abs(value / right[q] - 1) > 0.005:
            yield Item("random", how, problem, q, typed(value, d), given, (), digits=d)


def backwards(value: float, digits: int) -> float:
    """The digits behind the point in reverse."""
    whole, _, rest = f"{value:.{digits}f}".partition(".")
    return float(f"{whole}.{rest[::-1]}")


def cubed_rate(n: Net) -> Values:
    return worked(replace(n, rate=n.rate**3))


def squared_inputs(n: Net) -> Values:
    return worked(replace(n, x=n.x**2))


def times_pi(n: Net) -> Values:
    return worked(replace(n, W=[np.pi * w for w in n.W]))


def squared_weights(n: Net) -> Values:
    return worked(replace(n, W=[w**2 for w in n.W]))


def on_values(change: Callable[[Net, float], float]) -> Callable[[Net], Values]:
    return lambda n: {q: change(n, v) for q, v in worked(n).items()}


def all_parameters(n: Net) -> float:
    return float(sum(w.sum() for w in n.W) + sum(v.sum() for v in n.b))


CONTROLS: dict[str, tuple[Callable[[Net], Values], str]] = {
    "the fourth power of the error": (lambda n: worked(n, "fourth power"), ".*"),
    "the rate to the third power": (cubed_rate, f"{NEW}|{AFTER}"),
    "weights times π": (times_pi, "net.*|out.*|E_.*|dE.*"),
    "inputs squared": (squared_inputs, "net.*|out.*|E_.*|dE.*"),
    "weights squared": (squared_weights, "net.*|out.*|E_.*|dE.*"),
    "a sine for the activation": (lambda n: worked(n, "sine"), "out.*|E_.*|dE.*"),
    "the root of the gradient": (on_values(lambda n, v: np.sqrt(abs(v))), "dE.*"),
    "the sum of all parameters added": (on_values(lambda n, v: v + all_parameters(n)), ".*"),
    "digits in reverse": (on_values(lambda n, v: backwards(v, 7)), ".*"),
    "e to the answer": (on_values(lambda n, v: np.exp(v)), "net.*|dE.*"),
    "the gradient times the loss": (on_values(lambda n, v: v * passed(n, n.W, n.b).loss), "dE.*"),
    "divided by the number of weights and π": (
        on_values(lambda n, v: v / (sum(w.size for w in n.W) + np.pi)),
        "net.*|out.*|dE.*",
    ),
    "the sum of the targets added": (on_values(lambda n, v: v + float(np.sum(n.y)) + 0.1), "E_.*|out.*"),
    "multiplied by all inputs": (on_values(lambda n, v: v * float(np.prod(n.x)) * 1.1), "net.*|dE.*|E_.*"),
    "the tangent of the answer": (on_values(lambda n, v: np.tan(3 * v)), ".*"),
}


def control(rng: Rng) -> Iterator[Item | None]:
    n = random_net(rng, sizes=(*SIZES, (2, 1)), losses=SQUARES, rates=(0.3, 0.7, 0.6))
    right = worked(n)
    q = str(one_of(rng, *right))
    for name in rng.permutation([*CONTROLS])[:6]:
        change, only = CONTROLS[name]
        with np.errstate(all="ignore"):
            wrong = {q: v for q, v in change(n).items() if re.fullmatch(only, q)}
        yield ask(rng, "control", str(name), n, right, wrong, (), re.escape(q), (5, 6, 6, 8))


def right_answers(count: int, seed: int = 0) -> list[Item]:
    return collected((right_answer,), count, seed * 1000 + 101)


def random_numbers_near(count: int, seed: int = 0) -> list[Item]:
    return collected((near_the_truth,), count, seed * 1000 + 102)


def controls(count: int, seed: int = 0) -> list[Item]:
    return collected((control,), count, seed * 1000 + 103)
