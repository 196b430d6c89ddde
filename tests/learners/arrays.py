"""The mathematical mistakes as learners program them, each in three styles and on two networks.

A program is drafted as the right sides of its assignments, each under the name of its left side (``Z1 A1 dA1 dZ1 dW1
db1``); a bug changes the one that people get wrong and marks it. A style says how products are spelled and how the
lines become a module: "rows" multiplies a batch of rows as ``X @ W``, "columns" a batch of columns as ``W @ X`` with
the parameters in a dict, "sample" takes one sample and returns the list of new parameters. Right programs are drafted
in the same way, each written differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import indent
from typing import Any

import bpkit as bp
from learners.program import Program

MARK = "  #!"  # ends a line that a review may point at; never shown
SIZES = {2: (3, 4, 2), 3: (3, 4, 5, 2)}


@dataclass(frozen=True)
class Net:
    """What a program is written for: the activation of the hidden layers, that of the outputs, the loss."""

    hidden: str
    out: str
    loss: str = "half_squared_error"

    @property
    def key(self) -> str:
        short = {"half_squared_error": "half", "squared_error": "squares", "mean_squared_error": "mse"}
        short |= {"binary_cross_entropy": "bce", "cross_entropy": "ce"}
        return f"{self.hidden}-{self.out}-{short[self.loss]}"

    @property
    def is_default(self) -> bool:
        return self == Net("sigmoid", "sigmoid")

    def network(self, sizes: tuple[int, ...]) -> bp.Network:
        activation = [self.hidden] * (len(sizes) - 2) + [self.out]
        return bp.Network(*sizes, activation=activation, loss=self.loss, bias="neuron")


# The first two that a bug makes sense on are taken.
NETS = {
    "rows": [
        Net("sigmoid", "sigmoid"),
        Net("relu", "softmax", "cross_entropy"),
        Net("sigmoid", "softmax", "cross_entropy"),
        Net("tanh", "sigmoid", "binary_cross_entropy"),
        Net("sigmoid", "sigmoid", "binary_cross_entropy"),
        Net("relu", "identity", "mean_squared_error"),
        Net("tanh", "sigmoid", "mean_squared_error"),
    ],
    "columns": [
        Net("sigmoid", "sigmoid"),
        Net("tanh", "sigmoid", "binary_cross_entropy"),
        Net("relu", "sigmoid", "binary_cross_entropy"),
        Net("sigmoid", "sigmoid", "binary_cross_entropy"),
        Net("tanh", "softmax", "cross_entropy"),
        Net("relu", "softmax", "cross_entropy"),
        Net("tanh", "identity", "mean_squared_error"),
        Net("sigmoid", "tanh", "mean_squared_error"),
    ],
    "sample": [
        Net("sigmoid", "sigmoid"),
        Net("tanh", "identity", "mean_squared_error"),
        Net("tanh", "tanh", "mean_squared_error"),
        Net("sigmoid", "sigmoid", "squared_error"),
        Net("sigmoid", "identity", "mean_squared_error"),
        Net("relu", "sigmoid", "binary_cross_entropy"),
        Net("sigmoid", "sigmoid", "binary_cross_entropy"),
        Net("tanh", "softmax", "cross_entropy"),
        Net("sigmoid", "softmax", "cross_entropy"),
    ],
}

SIGMOID = """\
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""
FUNCTIONS = {
    "sigmoid": SIGMOID,
    "sigmoid_prime": "def sigmoid_prime(z):\n    s = sigmoid(z)\n    return s * (1 - s)\n",
    "tanh_prime": "def tanh_prime(z):\n    return 1 - np.tanh(z) ** 2\n",
    "relu": "def relu(z):\n    return np.maximum(0, z)\n",
    "relu_prime": "def relu_prime(z):\n    return (z > 0).astype(float)\n",
    "identity_prime": "def identity_prime(z):\n    return np.ones_like(z)\n",
}
SOFTMAX = """\
def softmax(z):
    e = np.exp(z - np.max(z{axis}))
    return e / np.sum(e{axis})
"""
CALL = {"sigmoid": "sigmoid({})", "tanh": "np.tanh({})", "relu": "relu({})", "softmax": "softmax({})", "identity": "{}"}
# Slopes as they are written out, of what the neuron passes on (that of relu of its net input).
SLOPE = {"sigmoid": "{0} * (1 - {0})", "tanh": "(1 - {0} ** 2)", "softmax": "{0} * (1 - {0})"}


def wrapped(text: str) -> str:
    """The text in brackets where a factor beside it needs them."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if not depth and text[i : i + 3] in (" + ", " - ", " @ ", " > "):
            return f"({text})"
    return f"({text})" if text.startswith("-") else text


def times(first: str, second: str) -> str:
    return f"{wrapped(first)} * {second}" if second else first


class Style:
    """How one sample, weights that stand as (out, in), are multiplied; ``Rows`` and ``Columns`` say it for batches."""

    name = "sample"
    x, target, axis = "x", "t", ""
    outputs = "len(t)"  # how many there are, in the program's words
    samples = ""  # how many, the same; empty where there is one

    def net(self, source: str, layer: int, slot: int) -> str:
        product = f"W{layer} @ {source}" if slot else f"np.dot(W{layer}, {source})"
        return f"{product} + b{layer}"

    def back(self, delta: str, layer: int, slot: int) -> str:
        return f"W{layer}.T @ {delta}" if slot else f"np.dot(W{layer}.T, {delta})"

    def weights(self, delta: str, source: str) -> str:
        return f"np.outer({delta}, {source})"

    def biases(self, delta: str, slot: int) -> str:
        return delta

    def mean(self, text: str, slot: int) -> str:
        return text

    def names(self, d: Draft) -> list[tuple[str, str]]:
        """The renaming that makes the draft's names those of a person."""
        last = d.depth
        if d.slot:
            return [(r"\bt\b", "y"), (rf"\bA{last}\b", "y_hat"), *LOWER, (r"\blr\b", "eta")]
        if last == 2:
            two = {"Z1": "net_h", "A1": "h", "Z2": "net_o", "A2": "o", "dZ2": "delta_o", "dZ1": "delta_h"}
            two |= {"dA2": "error", "dA1": "error_h"}
            return [(rf"\b{old}\b", new) for old, new in two.items()]
        return [
            (r"\bZ(\d)\b", r"net\1"),
            (r"\bA(\d)\b", r"out\1"),
            (r"\bdA(\d)\b", r"error\1"),
            (r"\bdZ(\d)\b", r"delta\1"),
        ]

    def module(self, d: Draft) -> str:
        parameters = ", ".join(d.parameters)
        body = [f"{parameters} = params", *d.first]
        body += ["", "# forward pass", *d.forward(), "", "# backward pass", *d.backward()]
        body += ["", "# gradient descent", *d.updates()] if d.updates() else []
        body += ["", f"return [{parameters}]" + d.mark("return")]
        return f"def train_step(x, t, params, lr):\n{block(body)}"


LOWER = [(r"\bZ(\d)\b", r"z\1"), (r"\bA(\d)\b", r"a\1"), (r"\bdA(\d)\b", r"back\1"), (r"\bdZ(\d)\b", r"delta\1")]


class Rows(Style):
    name = "rows"
    x, target, axis = "X", "y", ", axis=1, keepdims=True"
    outputs, samples = "y.shape[1]", "n"

    def net(self, source: str, layer: int, slot: int) -> str:
        return f"np.dot({source}, W{layer}) + b{layer}" if slot else f"{source} @ W{layer} + b{layer}"

    def back(self, delta: str, layer: int, slot: int) -> str:
        return f"np.dot({delta}, W{layer}.T)" if slot else f"{delta} @ W{layer}.T"

    def weights(self, delta: str, source: str) -> str:
        return f"{source}.T @ {delta}"

    def biases(self, delta: str, slot: int) -> str:
        return f"np.sum({delta}, axis=0)" if slot else f"{delta}.sum(axis=0)"

    def mean(self, text: str, slot: int) -> str:
        return f"{text} / n"

    def names(self, d: Draft) -> list[tuple[str, str]]:
        if not d.slot:
            return []
        last = "probs" if d.net.out == "softmax" else "out"
        layers = [(r"\bZ(\d)\b", r"z\1"), (rf"\bA{d.depth}\b", last), (r"\bA(\d)\b", r"h\1")]
        return [*layers, (r"\bdA(\d)\b", r"dh\1"), (r"\bdZ(\d)\b", r"dz\1"), (r"\blr\b", "learning_rate")]

    def loop(self) -> list[str]:
        return ["for i in range(n):", "    np.outer({source}[i], {delta}[i])", "    {delta}[i]"]

    def module(self, d: Draft) -> str:
        parameters = ", ".join(d.parameters)
        name, rate = ("train_step", ", lr") if d.train else ("backward", "")
        passes = self.passes(d)
        count = ["n = X.shape[0]"] if d.uses("n", passes) else []
        back = d.result or ", ".join(d.parameters if d.train else d.gradients)
        body = [*count, *d.first, *passes, f"return {back}" + d.mark("return")]
        return f"def {name}(X, y, {parameters}{rate}):\n{block(body)}"

    def passes(self, d: Draft) -> list[str]:
        lines = ["# forward", *d.forward(), "", "# backward", *d.backward(), ""]
        return lines + (["# update", *d.updates()] if d.updates() else [])


class EachRow(Rows):
    """Rows, taken one after the other in a loop around both passes."""

    x, target, axis, outputs = "x", "t", "", "len(t)"

    def weights(self, delta: str, source: str) -> str:
        return f"np.outer({source}, {delta})"

    def biases(self, delta: str, slot: int) -> str:
        return delta

    def passes(self, d: Draft) -> list[str]:
        inside = [*d.forward(), *d.backward()]
        return [*d.zeros(), "for x, t in zip(X, y):", *(f"    {line}" for line in inside)]


class Columns(Style):
    name = "columns"
    x, target, axis = "X", "Y", ", axis=0, keepdims=True"
    outputs, samples = "Y.shape[0]", "m"

    def net(self, source: str, layer: int, slot: int) -> str:
        return f"np.dot(W{layer}, {source}) + b{layer}"

    def back(self, delta: str, layer: int, slot: int) -> str:
        return f"np.dot(W{layer}.T, {delta})"

    def weights(self, delta: str, source: str) -> str:
        return f"np.dot({delta}, {source}.T)"

    def biases(self, delta: str, slot: int) -> str:
        return f"np.sum({delta}, axis=1, keepdims=True)"

    def mean(self, text: str, slot: int) -> str:
        return f"1 / m * {text}" if slot else f"{text} / m"

    def names(self, d: Draft) -> list[tuple[str, str]]:
        return [(r"\blr\b", "learning_rate")] if d.slot else []

    def loop(self) -> list[str]:
        return ["for i in range(m):", "    np.outer({delta}[:, i], {source}[:, i])", "    {delta}[:, i : i + 1]"]

    def passes(self, d: Draft) -> list[str]:
        return ["", *d.forward(), "", *d.backward(), ""]

    def module(self, d: Draft) -> str:
        grads = d.result or "{" + ", ".join(f'"{name}": {name}' for name in d.gradients) + "}"
        new = "{" + ", ".join(f'"{name}": {name}' for name in d.parameters) + "}"
        rate = ", lr" if d.train else ""
        if d.whole:
            name = "train_step" if d.train else "backward"
            passes = [*d.unpacked(), *d.first, *self.passes(d), *d.updates()]
            count = ["m = X.shape[1]"] if d.uses("m", passes) else []
            body = [*count, *passes, f"return {new if d.train else grads}" + d.mark("return")]
            return f"def {name}(X, Y, params{rate}):\n{block(body)}"
        cached = [f"{letter}{layer}" for layer in range(1, d.depth + 1) for letter in "ZA"]
        cache = "{" + ", ".join(f'"{name}": {name}' for name in cached) + "}"
        forward = [*d.unpacked(), "", *d.forward(), "", f"cache = {cache}", f"return A{d.depth}, cache"]
        passes = [*d.first, *d.backward()]
        needed = [f'{name} = cache["{name}"]' for name in cached[:-1] if d.uses(name, passes)]
        needed += [f'{name} = params["{name}"]' for name in d.parameters if d.uses(name, passes)]
        count = ["m = X.shape[1]"] if d.uses("m", passes) else []
        back = [*count, f"A{d.depth}, cache = forward(X, params)", *needed, "", *passes, "", f"return {grads}"]
        first = "params, X, Y" if d.slot else "X, Y, params"
        text = f"def forward(X, params):\n{block(forward)}\n\n"
        text += f"def backward({first}):\n{block(back)}"
        if d.train:
            step = [f"grads = backward({first})", *d.updates("grads"), f"return {new}" + d.mark("return")]
            text += f"\n\ndef train_step({first}, lr):\n{block(step)}"
        return text


class EachColumn(Columns):
    """Columns, taken one after the other in a loop around both passes."""

    x, target = "x", "t"

    def biases(self, delta: str, slot: int) -> str:
        return delta

    def passes(self, d: Draft) -> list[str]:
        inside = ["x, t = X[:, i : i + 1], Y[:, i : i + 1]", *d.forward(), *d.backward()]
        return [*d.zeros(), "for i in range(m):", *(f"    {line}" for line in inside)]


STYLES = (Rows(), Columns(), Style())
EACH = {"rows": EachRow(), "columns": EachColumn()}


def block(lines: Iterable[str]) -> str:
    return indent("\n".join(lines), "    ") + "\n"


class Draft:
    """A right program in pieces; what a bug or another way of writing changes is changed here."""

    def __init__(self, style: Style, net: Net, depth: int, slot: int, train: bool) -> None:
        self.style, self.net, self.depth, self.slot, self.train = style, net, depth, slot, train
        self.layers = range(1, depth + 1)
        self.hidden = range(depth - 1, 0, -1)  # as they are met going back
        self.out, self.target = f"A{depth}", style.target
        self.right: dict[str, str] = {}
        for layer in self.layers:
            self.right[f"Z{layer}"] = style.net(self.source(layer), layer, slot)
            self.right[f"A{layer}"] = CALL[self.activation(layer)].format(f"Z{layer}")
            self.right[f"dW{layer}"] = self.mean(self.weights(layer))
            self.right[f"db{layer}"] = self.mean(self.biases(layer))
        self.slope = {layer: self.slope_at(layer) for layer in self.layers}
        self.back = {layer: style.back(f"dZ{layer + 1}", layer + 1, slot) for layer in self.hidden}
        self.difference = f"{self.out} - {self.target}"
        self.error = self.loss_slope()
        self.short = self.difference if "entropy" in net.loss else ""  # where loss and activation cancel
        self.raw: dict[str, list[str]] = {}  # statements in place of an assignment
        self.functions = {**FUNCTIONS, "softmax": SOFTMAX.format(axis=style.axis)}
        self.operator, self.step = "-", "lr * {}"
        self.kept: set[str] = set()  # parameters that are not updated
        self.marks: set[str] = set()
        self.first: list[str] = []
        self.result = ""  # what is returned, if not all in order
        self.early = False  # each layer is updated as soon as its gradient is there
        self.looped = ""  # gradients in a loop over the samples: "+=" or "="
        self.whole = style.name != "columns" or type(style) is not Columns or (slot == 0 and train)  # one function
        self.inline = style.name == "sample"  # gradients stand in the update
        self.in_place = style.name == "sample" and slot == 0
        self.split_error = (style.name != "sample" and slot == 0) or net.loss == "binary_cross_entropy"
        self.split_back = style.name == "columns" or (style.name == "rows" and slot == 0)
        self.share = style.mean("{}", slot) if style.samples else "{}"

    # The pieces

    def activation(self, layer: int) -> str:
        return self.net.out if layer == self.depth else self.net.hidden

    def source(self, layer: int) -> str:
        return f"A{layer - 1}" if layer > 1 else self.style.x

    def slope_at(self, layer: int) -> str:
        name = self.activation(layer)
        if name in ("relu", "identity"):
            return {"relu": f"(Z{layer} > 0)", "identity": ""}[name]
        return SLOPE[name].format(f"A{layer}")

    def slope_called(self, layer: int, argument: str) -> str:
        """The slope by a function, as a call."""
        return f"{self.activation(layer)}_prime({argument})"

    def weights(self, layer: int) -> str:
        return self.style.weights(f"dZ{layer}", self.source(layer))

    def biases(self, layer: int) -> str:
        return self.style.biases(f"dZ{layer}", self.slot)

    def mean(self, text: str) -> str:
        return self.style.mean(text, self.slot)

    def loss_slope(self) -> str:
        out, y = self.out, self.target
        return {
            "half_squared_error": f"{out} - {y}",
            "squared_error": f"2 * ({out} - {y})",
            "mean_squared_error": f"2 * ({out} - {y}) / {self.style.outputs}",
            "binary_cross_entropy": f"-({y} / {out}) + (1 - {y}) / (1 - {out})",
            "cross_entropy": f"-{y} / {out}",
        }[self.net.loss]

    @property
    def parameters(self) -> list[str]:
        return [f"{letter}{layer}" for layer in self.layers for letter in "Wb"]

    @property
    def gradients(self) -> list[str]:
        return [f"d{name}" for name in self.parameters]

    # What bugs do

    def rescale(self, form: str) -> None:
        """A factor at the slope of the loss."""
        if self.short:
            self.short = form.format(wrapped(self.short))
        else:
            self.error = form.format(wrapped(self.error))
        self.marked(f"dA{self.depth}")

    def sums(self, weights: bool = True, biases: bool = True) -> None:
        """Sums over the batch, not divided."""
        for layer in self.layers:
            if weights:
                self.right[f"dW{layer}"] = self.weights(layer)
            if biases:
                self.right[f"db{layer}"] = self.biases(layer)

    def marked(self, *names: str) -> None:
        self.marks |= set(names)

    def all_of(self, *letters: str) -> list[str]:
        return [f"{letter}{layer}" for layer in self.layers for letter in letters]

    # The lines

    def mark(self, *names: str) -> str:
        return MARK if self.marks & set(names) else ""

    def uses(self, name: str, lines: Iterable[str]) -> bool:
        return any(re.search(rf"(?<![\w\"'.]){name}\b(?!\s*=[^=])", line) for line in lines)

    def unpacked(self) -> list[str]:
        if self.slot:
            return [f'{name} = params["{name}"]' for name in self.parameters]
        return [f'W{k}, b{k} = params["W{k}"], params["b{k}"]' for k in self.layers]

    def statement(self, name: str, operator: str = "=") -> list[str]:
        return self.raw.get(name) or [f"{name} {operator} {self.right[name]}" + self.mark(name)]

    def forward(self) -> list[str]:
        return [line for layer in self.layers for letter in "ZA" for line in self.statement(f"{letter}{layer}")]

    def delta(self, layer: int) -> list[str]:
        back, delta, slope = f"dA{layer}", f"dZ{layer}", self.slope[layer]
        if delta in self.raw:
            return self.raw[delta]
        last = layer == self.depth
        text, split = (self.error, self.split_error) if last else (self.back[layer], self.split_back)
        if last and self.short:
            text, slope = self.short, ""
        if split and slope:
            return [f"{back} = {text}" + self.mark(back), f"{delta} = {times(back, slope)}" + self.mark(delta)]
        return [f"{delta} = {times(text, slope)}" + self.mark(back, delta)]

    def backward(self) -> list[str]:
        lines: list[str] = []
        each = isinstance(self.style, EachRow | EachColumn)
        for layer in reversed(self.layers):
            lines += self.delta(layer)
            if not self.inline and (each or not self.looped):
                operator = self.looped or "="
                lines += [line for letter in "Wb" for line in self.statement(f"d{letter}{layer}", operator)]
            if self.early:
                lines += self.update(layer)
        return lines + (self.loop() if self.looped and not each else [])

    def zeros(self) -> list[str]:
        zeros = [f"{name} = np.zeros_like({name[1:]})" for name in self.gradients]
        return zeros if self.looped == "+=" else []

    def loop(self) -> list[str]:
        head, weights, biases = self.style.loop()  # type: ignore[attr-defined]
        lines = [*self.zeros(), head]
        for layer in self.layers:
            put = {"source": self.source(layer), "delta": f"dZ{layer}"}
            for name, text in ((f"dW{layer}", weights), (f"db{layer}", biases)):
                content = self.share.format(text.strip().format(**put))
                lines.append(f"    {name} {self.looped} {content}" + self.mark(name))
        return lines

    def update(self, layer: int, grads: str = "") -> list[str]:
        lines = []
        for letter in "Wb":
            name = f"{letter}{layer}"
            if name in self.kept:
                if grads:  # all that is returned must be there
                    lines.append(f'{name} = params["{name}"]{MARK}')
                continue
            gradient = self.right[f"d{name}"] if self.inline else f"d{name}"
            old, gradient = (f'params["{name}"]', f'{grads}["d{name}"]') if grads else (name, gradient)
            step = self.step.format(wrapped(gradient))
            text = f"{name} {self.operator}= {step}" if self.in_place else f"{name} = {old} {self.operator} {step}"
            lines.append(text + self.mark(name, *([f"d{name}"] if self.inline else [])))
        return lines

    def updates(self, grads: str = "") -> list[str]:
        if self.early or not self.train:
            return []
        order = reversed(self.layers) if self.style.name == "sample" else self.layers
        return [line for layer in order for line in self.update(layer, grads)]

    def source_text(self) -> str:
        """The whole module, still marked."""
        text = self.style.module(self)
        used: list[str] = []
        queue = [text]
        while queue:
            for name in re.findall(r"\b(\w+)\(", queue.pop()):
                if name in self.functions and name not in used:
                    used.append(name)
                    queue.append(self.functions[name])
        functions = [self.functions[name] for name in self.functions if name in used]
        for old, new in self.style.names(self):
            text = re.sub(old, new, text)
        return "\n\n".join(["import numpy as np\n", *functions, text])

    def program(self, key: str, bug: str, names: tuple[str, ...], batch: str, verdict: str) -> Program:
        options: dict[str, Any] = {"batch": batch} if self.style.samples else {}
        if not self.net.is_default:
            options["network"] = self.net.network(SIZES[self.depth])
        text, lines = unmarked(self.source_text())
        return Program(
            id=f"{self.style.name}-{self.net.key}-{self.depth}-{slug(key)}",
            style=self.style.name,
            bug=bug,
            source=text,
            entry="train_step" if self.train else "backward",
            options=options,
            names=names,
            lines=lines,
            verdict=verdict,
        )


def slug(words: str) -> str:
    return re.sub(r"\W+", "-", words.replace("'", ""))


def unmarked(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without its marks, and the numbers of the lines that had one."""
    lines = text.splitlines()
    found = tuple(number for number, line in enumerate(lines, 1) if line.endswith(MARK.strip()))
    shown = [line.removesuffix(MARK.strip()).rstrip() for line in lines]
    return "\n".join(shown) + "\n", found


# The bugs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bug:
    """A change of a draft, its names, and where it makes sense."""

    key: str
    names: tuple[str, ...]
    change: Callable[[Draft], None]
    fits: Callable[[Net], bool]
    train: bool  # only a program that updates can have it
    batch: str  # "mean", "sum", or "" where one sample can have it too
    depth: int  # 0 for any
    slots: tuple[int, ...]  # on the first network that fits, on the second, or on both


BUGS: list[Bug] = []
Change = Callable[[Draft], None]


def any_net(net: Net) -> bool:
    return True


def bug(
    key: str,
    *names: str,
    fits: Callable[[Net], bool] = any_net,
    train: bool = False,
    batch: str = "",
    depth: int = 0,
    slots: tuple[int, ...] = (0, 1),
) -> Callable[[Change], Change]:
    def add(change: Change) -> Change:
        BUGS.append(Bug(key, names, change, fits, train, batch, depth, slots))
        return change

    return add


def curved(net: Net) -> bool:
    """The hidden slope is written with what the neuron passes on."""
    return net.hidden in ("sigmoid", "tanh")


def has_sigmoid_hidden(net: Net) -> bool:
    return net.hidden == "sigmoid"


def is_mse(net: Net) -> bool:
    return net.loss == "mean_squared_error"


TWOS = ("squared_error", "mean_squared_error")  # their slope has a 2 already


def is_no_mse(net: Net) -> bool:
    return not is_mse(net)


@bug("updated weights", "already updated", "updated weights", train=True)
def _(d: Draft) -> None:
    d.early = d.whole = True
    d.marked(f"W{d.depth}", f"dA{d.depth - 1}")


@bug("output slope", "output slope", "slope of the output", fits=lambda net: net.out != "identity")
def _(d: Draft) -> None:
    d.short, d.slope[d.depth] = "", ""
    d.marked(f"dZ{d.depth}")


@bug("hidden slope", "hidden slope", "slope of (the|a) hidden")
def _(d: Draft) -> None:
    d.slope |= dict.fromkeys(d.hidden, "")
    d.marked(f"dZ{d.depth - 1}")


@bug("hidden slope of one layer", "hidden slope", "slope of (the|a) hidden", depth=3, slots=(0,))
def _(d: Draft) -> None:
    layer = 2 if d.style.name == "columns" else 1
    d.slope[layer] = ""
    d.marked(f"dZ{layer}")


@bug("slope at net", "slope at net", "net instead of out", "slope.* net", fits=curved)
def _(d: Draft) -> None:
    if d.slot or d.net.hidden != "sigmoid":
        d.slope |= {layer: SLOPE[d.net.hidden].format(f"Z{layer}") for layer in d.hidden}
        d.marked(f"dZ{d.depth - 1}")
        return
    d.functions["sigmoid_derivative"] = f"def sigmoid_derivative(x):\n    return x * (1 - x){MARK}\n"
    d.slope |= {layer: f"sigmoid_derivative(Z{layer})" for layer in d.layers}
    d.marked(f"dZ{d.depth}")


@bug("slope of out", "slope function to out", "already activated", "slope.* of out", "activation twice", fits=curved)
def _(d: Draft) -> None:
    places = d.layers if d.net.is_default else d.hidden
    d.slope |= {layer: d.slope_called(layer, f"A{layer}") for layer in places}
    d.marked(f"dZ{max(places)}")
    mark_slopes(d)


def mark_slopes(d: Draft) -> None:
    """The lines of a slope function are a fair answer where it gets the wrong argument."""
    for name in ("sigmoid_prime", "tanh_prime", "relu_prime"):
        head, *rest = d.functions[name].splitlines()
        d.functions[name] = "\n".join([head, *(line + MARK for line in rest)]) + "\n"


@bug(
    "slope of what comes back", "comes? back", "slope function.*(gradient|error|back)", "slope.*of the (gradient|error)"
)
def _(d: Draft) -> None:
    d.split_back = True
    d.slope |= {layer: d.slope_called(layer, f"dA{layer}") for layer in d.hidden}
    if d.net.hidden == "relu":
        d.slope |= {layer: f"(dA{layer} > 0)" for layer in d.hidden}
    d.marked(f"dZ{d.depth - 1}")
    mark_slopes(d)


@bug("activation twice", "activation twice", "twice.*activation", fits=lambda net: net.out != "identity")
def _(d: Draft) -> None:
    call, net = CALL[d.net.out], d.right[f"Z{d.depth}"]
    if d.slot:
        d.right[d.out] = call.format(d.right[d.out])
    else:
        d.right[f"Z{d.depth}"] = call.format(net)
        d.marked(f"Z{d.depth}")
    d.marked(d.out)


@bug(
    "passes net on",
    "passes (on )?net",
    "activation.*(missing|left out|forgot)",
    "(leaves out|forgets) the.* activation",
)
def _(d: Draft) -> None:
    for layer in d.hidden:
        if d.slot:
            d.right[f"A{layer}"] = f"Z{layer}"
        else:
            d.right[f"Z{layer + 1}"] = d.style.net(f"Z{layer}", layer + 1, d.slot)
    d.marked("Z2", *(["A1"] if d.slot else []))


@bug("error sign", "sign of the error", "adds the gradient", "(swaps|wrong|opposite).* sign", train=True)
def _(d: Draft) -> None:
    swapped = f"{d.target} - {d.out}"
    d.short, d.error = (text.replace(d.difference, swapped) for text in (d.short, d.error))
    d.marked(f"dA{d.depth}")


@bug(
    "error sign in the gradient",
    "sign of the error",
    "adds the gradient",
    "(swaps|wrong|opposite).* sign",
    batch="mean",
    slots=(0,),
)
def _(d: Draft) -> None:
    swapped = f"{d.target} - {d.out}"
    d.short, d.error = (text.replace(d.difference, swapped) for text in (d.short, d.error))
    d.marked(f"dA{d.depth}")


@bug("adds the gradient", "adds the gradient", "sign of the (gradient|update|step)", train=True)
def _(d: Draft) -> None:
    d.operator = "+"
    d.marked(*d.all_of("W", "b"))


@bug("no rate", "(forgets|without|leaves out) the learning rate", train=True)
def _(d: Draft) -> None:
    d.step = "{}"
    d.marked(*d.all_of("W", "b"))


@bug("rate twice", "learning rate twice", "rate.*(twice|two|squared)", "twice.*rate", train=True)
def _(d: Draft) -> None:
    d.whole = True
    d.marked(*d.all_of("W", "b"))
    if d.style.name == "sample":
        d.rescale("lr * {}")
        return
    for name in d.gradients:
        d.right[name] = f"lr * {d.right[name]}"
    d.marked(*d.gradients)


@bug("doubles", "doubles", "twice the gradient", "factor.* 2", fits=lambda net: net.loss not in TWOS)
def _(d: Draft) -> None:
    d.rescale("2 * {}")


@bug("halves", "halves", "half the gradient", "factor.* (½|0.5)", "2 of the square", fits=is_no_mse)
def _(d: Draft) -> None:
    if d.net.loss == "squared_error":
        d.error = d.difference
        d.marked(f"dA{d.depth}")
    else:
        d.rescale("{} / 2" if d.slot else "0.5 * {}")


@bug(
    "mean squared error without its 2",
    "halves",
    "half the gradient",
    "2 of the square",
    "factor.* (2|½)",
    fits=is_mse,
    slots=(0,),
)
def _(d: Draft) -> None:
    d.error = f"({d.difference}) / {d.style.outputs}"
    d.marked(f"dA{d.depth}")


SUM_FOR_MEAN = ("sum (instead|in place) of the mean", "not (averaged|divided)", "(forgets|leaves out).*(mean|divi|1/n)")
MEAN_FOR_SUM = ("mean (instead|in place) of the sum", "averages", "divides by the number")


@bug("sum over the outputs for their mean", *SUM_FOR_MEAN, fits=is_mse, slots=(1,))
def _(d: Draft) -> None:
    d.error = f"2 * ({d.difference})"
    d.marked(f"dA{d.depth}")


@bug("sum for mean", *SUM_FOR_MEAN, batch="mean")
def _(d: Draft) -> None:
    d.sums()
    d.marked(*d.gradients)


@bug("sum for mean in the biases", *SUM_FOR_MEAN, batch="mean")
def _(d: Draft) -> None:
    d.sums(weights=False)
    d.marked(*d.all_of("db"))


@bug("mean for sum", *MEAN_FOR_SUM, batch="sum")
def _(d: Draft) -> None:
    d.marked(*d.gradients)


@bug("mean for sum in the biases", *MEAN_FOR_SUM, batch="sum", slots=(0,))
def _(d: Draft) -> None:
    d.sums(biases=False)
    for layer in d.layers:
        rows = f"dZ{layer}.mean(axis=0)"
        d.right[f"db{layer}"] = rows if d.style.name == "rows" else f"np.mean(dZ{layer}, axis=1, keepdims=True)"
    d.marked(*d.all_of("db"))


@bug("divides twice", "divides.*twice", "number of samples twice", "twice.*(number|n\\b)", batch="mean")
def _(d: Draft) -> None:
    n = d.style.samples
    if d.split_error and not d.short:
        last = f"dZ{d.depth}"
        d.raw[last] = [*d.delta(d.depth)[:-1], f"{d.delta(d.depth)[-1]} / {n}{MARK}"]
    else:
        d.rescale(f"{{}} / {n}")
    d.marked(*d.gradients)


@bug(
    "mean over the outputs too",
    "mean over the (outputs|neurons)",
    "mean (instead|in place) of the sum",
    "number of outputs",
    "averages",
    fits=is_no_mse,
)
def _(d: Draft) -> None:
    size = f"{d.target}.size"
    if d.style.name == "sample":
        d.rescale(f"{{}} / {size}")
    elif d.slot:
        d.sums()
        d.rescale(f"{{}} / {size}")
    else:
        for layer in d.layers:
            d.right[f"dW{layer}"] = f"{d.weights(layer)} / {size}"
            d.right[f"db{layer}"] = f"{d.biases(layer)} / {size}"
        d.marked(*d.gradients)


@bug("bias gradient averaged over everything", "mean over the (neurons|outputs)", "bias.*(mean|average|everything)")
def _(d: Draft) -> None:
    d.right |= {f"db{layer}": f"np.mean(dZ{layer})" for layer in d.layers}
    d.marked(*d.all_of("db"))


@bug("bias gradient times the input", "bias derivative by the input", "bias.*\\binput", "bias.*row sums")
def _(d: Draft) -> None:
    d.inline = False
    total = {"rows": "dW{}.sum(axis=0)", "columns": "np.sum(dW{}, axis=1, keepdims=True)", "sample": "dW{}.sum(axis=1)"}
    d.right |= {f"db{layer}": total[d.style.name].format(layer) for layer in d.layers}
    d.marked(*d.all_of("db"))


@bug("bias gradient summed over the layer", "sums the deltas", "bias.*(everything|whole layer|all neurons)")
def _(d: Draft) -> None:
    for layer in d.layers:
        delta = f"dZ{layer}"
        whole = {"rows": f"np.sum({delta})", "columns": f"np.sum({delta}, keepdims=True)", "sample": f"{delta}.sum()"}
        d.right[f"db{layer}"] = d.mean(whole[d.style.name])
    d.marked(*d.all_of("db"))


@bug("no bias", "leaves? the bias out", "(forgets|without|leaves out) the bias")
def _(d: Draft) -> None:
    for layer in [1] if d.slot else d.layers:
        d.right[f"Z{layer}"] = d.right[f"Z{layer}"].removesuffix(f" + b{layer}")
    d.marked("Z1")


NOT_TRANSPOSED = ("does not transpose", "reshape", "transpose")


@bug("reshaped weights", *NOT_TRANSPOSED)
def _(d: Draft) -> None:
    for layer in d.hidden:
        w = f"W{layer + 1}"
        turned = f"{w}.reshape({w}.shape[1], {w}.shape[0])" if not d.slot else f"{w}.reshape({w}.shape[::-1])"
        d.back[layer] = d.back[layer].replace(f"{w}.T", turned)
    d.marked(f"dA{d.depth - 1}")


@bug("reshaped inputs", *NOT_TRANSPOSED, batch="mean")
def _(d: Draft) -> None:
    for layer in d.layers if d.slot else [1]:
        a = d.source(layer)
        turned = f"{a}.reshape({a}.shape[1], {a}.shape[0])" if not d.slot else f"np.reshape({a}, {a}.shape[::-1])"
        d.right[f"dW{layer}"] = d.right[f"dW{layer}"].replace(f"{a}.T", turned)
        d.marked(f"dW{layer}")


RAW = ("passes the error back", "error.*instead of (the|its) delta", "passes.*error")


@bug(
    "error sent back",
    *RAW,
    "output slope",
    fits=lambda net: "entropy" not in net.loss and net.out != "identity",
    slots=(0,),
)
def _(d: Draft) -> None:
    d.split_error = True
    last = d.depth - 1
    d.back[last] = d.back[last].replace(f"dZ{d.depth}", f"dA{d.depth}")
    d.marked(f"dA{last}")


@bug("hidden error sent back", *RAW, "hidden slope", "slope of (the|a) hidden", depth=3, slots=(1,))
def _(d: Draft) -> None:
    d.split_back = True
    d.back[1] = d.back[1].replace("dZ2", "dA2")
    d.marked("dA1")


@bug("one path", "only one (path|output|neuron)", "one output's", "follows only")
def _(d: Draft) -> None:
    for layer in d.hidden:
        w, delta = f"W{layer + 1}", f"dZ{layer + 1}"
        first = {
            "rows": f"{delta}[:, :1] @ {w}[:, :1].T" if not d.slot else f"np.outer({delta}[:, 0], {w}[:, 0])",
            "columns": f"np.dot({w}[:1].T, {delta}[:1])" if not d.slot else f"np.outer({w}[0], {delta}[0])",
            "sample": f"{w}[0] * {delta}[0]",
        }
        d.back[layer] = first[d.style.name]
    d.marked(f"dA{d.depth - 1}")


@bug("no input factor", "leaves out the input", "(forgets|without) the input", "input factor")
def _(d: Draft) -> None:
    if not d.slot:
        d.train = d.whole = True
        if d.style.samples:  # the update spreads it over the inputs
            d.marked(*d.all_of("W"))
    for layer in d.layers:
        delta, w = f"dZ{layer}", f"W{layer}"
        alone = {
            "rows": f"np.ones_like({w}) * {delta}.mean(axis=0)",
            "columns": f"np.ones_like({w}) * np.mean({delta}, axis=1, keepdims=True)",
            "sample": f"{delta}[:, None]" if not d.slot else f"np.outer({delta}, np.ones(len({d.source(layer)})))",
        }
        if d.train and d.style.name != "sample":  # broadcast over the inputs by the update
            alone |= {"rows": f"{delta}.mean(axis=0)", "columns": f"np.mean({delta}, axis=1, keepdims=True)"}
        d.right[f"dW{layer}"] = alone[d.style.name]
    d.marked(*d.all_of("dW"))


OWN_FACTOR = ("own factor", "parameter for its", "weight.* (as|for) (a|the|its) (factor|input)")


@bug("weight for the input", *OWN_FACTOR, slots=(0,))
def _(d: Draft) -> None:
    for layer in d.layers:
        delta, w = f"dZ{layer}", f"W{layer}"
        d.right[f"dW{layer}"] = {
            "rows": f"{w} * {delta}.mean(axis=0)",
            "columns": f"{w} * np.mean({delta}, axis=1, keepdims=True)",
            "sample": f"{delta}[:, None] * {w}",
        }[d.style.name]
    d.marked(*d.all_of("dW"))


@bug(
    "weight as one more factor",
    *OWN_FACTOR,
    "multiplies.*by the (weight|parameter)",
    "weight.*(once more|factor)",
    slots=(1,),
)
def _(d: Draft) -> None:
    for layer in d.layers:
        d.right[f"dW{layer}"] = d.mean(f"{wrapped(d.weights(layer))} * W{layer}")
    d.marked(*d.all_of("dW"))


@bug("net in the weight gradient", "net instead of out", "passes (on )?net", "net.*(where|instead|in place)")
def _(d: Draft) -> None:
    for layer in d.layers[1:]:
        d.right[f"dW{layer}"] = d.mean(d.style.weights(f"dZ{layer}", f"Z{layer - 1}"))
        d.marked(f"dW{layer}")


@bug("error for its slope", "error instead of its slope", "loss instead of", fits=lambda net: net.out != "softmax")
def _(d: Draft) -> None:
    out, y, k = d.out, d.target, d.style.outputs
    d.short, d.split_error = "", True
    d.error = {
        "half_squared_error": f"0.5 * ({out} - {y}) ** 2",
        "squared_error": f"({out} - {y}) ** 2",
        "mean_squared_error": f"({out} - {y}) ** 2 / {k}",
        "binary_cross_entropy": f"-({y} * np.log({out}) + (1 - {y}) * np.log(1 - {out}))",
    }[d.net.loss]
    d.marked(f"dA{d.depth}", f"dZ{d.depth}")


@bug(
    "half of the cross-entropy", "second half", "half of the cross", fits=lambda net: net.loss == "binary_cross_entropy"
)
def _(d: Draft) -> None:
    d.short, d.error, d.split_error = "", f"-{d.target} / {d.out}", True
    d.marked(f"dA{d.depth}")


@bug("diagonal of the softmax slope", "diagonal", fits=lambda net: net.out == "softmax")
def _(d: Draft) -> None:
    d.short, d.split_error = "", True
    d.marked(f"dZ{d.depth}")


@bug("output slope behind the shortcut", "slope twice", "output slope", fits=lambda net: "entropy" in net.loss)
def _(d: Draft) -> None:
    d.short, d.error, d.split_error = "", d.difference, d.slot == 0
    d.marked(f"dZ{d.depth}")


@bug("sigmoid's slope", "sigmoid's slope", "slope of (the )?sigmoid", fits=lambda net: net.hidden != "sigmoid")
def _(d: Draft) -> None:
    d.slope |= {layer: SLOPE["sigmoid"].format(f"A{layer}") for layer in d.hidden}
    d.marked(f"dZ{d.depth - 1}")


@bug("part of the slope, a", "part of the slope", "half (of )?the slope", fits=has_sigmoid_hidden, slots=(0,))
def _(d: Draft) -> None:
    d.slope |= {layer: f"A{layer}" for layer in d.hidden}
    d.marked(f"dZ{d.depth - 1}")


@bug("part of the slope, 1 - a", "part of the slope", "half (of )?the slope", fits=has_sigmoid_hidden, slots=(1,))
def _(d: Draft) -> None:
    d.slope |= {layer: f"(1 - A{layer})" for layer in d.hidden}
    d.marked(f"dZ{d.depth - 1}")


@bug("last sample", "last sample", "one sample('s| only)", "only the last", batch="mean")
def _(d: Draft) -> None:
    d.looped, d.whole = "=", True
    if d.style.name == "rows":
        d.share = "{}"
    if d.slot:
        d.sums()
    d.marked(*d.gradients)


KEPT = ("keeps the old", "not updated", "unchanged", "stay")


@bug("keeps the hidden weights", "keeps the hidden", *KEPT, train=True)
def _(d: Draft) -> None:
    d.kept = {f"{letter}{layer}" for layer in d.hidden for letter in "Wb"}
    d.marked("return", f"W{d.depth}", f"b{d.depth}")


@bug("keeps the biases", "keeps the bias", *KEPT, "bias.* (0|zero)", train=True)
def _(d: Draft) -> None:
    d.kept = set(d.all_of("b"))
    d.marked("return", *d.all_of("W"))


@bug("zero bias gradient", "bias.* (0|zero)", "keeps the bias", *KEPT)
def _(d: Draft) -> None:
    d.inline = False
    d.right |= {f"db{layer}": f"np.zeros_like(b{layer})" for layer in d.layers}
    d.marked(*d.all_of("db"))


@bug("minus of the exponent", "minus in the exponent", "exponent", fits=lambda net: "sigmoid" in (net.hidden, net.out))
def _(d: Draft) -> None:
    d.functions["sigmoid"] = f"def sigmoid(z):\n    return 1 / (1 + np.exp(z)){MARK}\n"
    d.marked("A1" if d.net.hidden == "sigmoid" else d.out)


# The same, written differently ---------------------------------------------------------------------------------------

RIGHT: list[tuple[str, Change, bool, Callable[[Net], bool], bool]] = []  # key, change, only as a batch, fits, train


def right(
    key: str, *, batch: bool = False, fits: Callable[[Net], bool] = any_net, train: bool = False
) -> Callable[[Change], Change]:
    def add(change: Change) -> Change:
        RIGHT.append((key, change, batch, fits, train))
        return change

    return add


@right("plain")
def _(d: Draft) -> None:
    pass


@right("opposite sign", train=True)
def _(d: Draft) -> None:
    swapped = f"{d.target} - {d.out}"
    d.short, d.error = (text.replace(d.difference, swapped) for text in (d.short, d.error))
    d.operator = "+"


@right("loss slope and output slope", fits=lambda net: "entropy" in net.loss)
def _(d: Draft) -> None:
    d.short, d.split_error = "", True
    if d.net.out == "softmax":  # each output's slope in each net input
        back = f"dA{d.depth}"
        total = f"({back} * {d.out}).sum({d.style.axis.removeprefix(', ')})"
        d.raw[f"dZ{d.depth}"] = [f"{back} = {d.error}", f"dZ{d.depth} = {d.out} * ({back} - {total})"]


@right("slope functions")
def _(d: Draft) -> None:
    d.slope |= {k: d.slope_called(k, f"Z{k}") for k in d.layers if d.activation(k) not in ("identity", "softmax")}


@right("keepdims")
def _(d: Draft) -> None:
    for layer in d.layers:
        delta = f"dZ{layer}"
        if d.style.name == "rows":
            d.right[f"db{layer}"] = d.mean(f"{delta}.sum(axis=0, keepdims=True)")
        elif d.style.name == "columns":
            d.right[f"db{layer}"] = d.mean(f"{delta}.sum(axis=1).reshape(-1, 1)")
        else:
            source = d.source(layer)
            d.right[f"dW{layer}"] = f"{delta}[:, np.newaxis] * {source}[np.newaxis, :]"


@right("divided at the delta", batch=True)
def _(d: Draft) -> None:
    d.split_error = False
    d.rescale(f"{{}} / {d.style.samples}")
    d.sums()


@right("means of the samples", batch=True)
def _(d: Draft) -> None:
    for layer in d.layers:
        delta, source = f"dZ{layer}", d.source(layer)
        if d.style.name == "rows":
            d.right[f"dW{layer}"] = f"np.mean({source}[:, :, None] * {delta}[:, None, :], axis=0)"
            d.right[f"db{layer}"] = f"np.mean({delta}, axis=0)"
        else:
            d.right[f"dW{layer}"] = f"np.mean({delta}[:, None, :] * {source}[None, :, :], axis=2)"
            d.right[f"db{layer}"] = f"np.mean({delta}, axis=1, keepdims=True)"


@right("einsum")
def _(d: Draft) -> None:
    indices = {
        "rows": ("ni,io->no", "no,io->ni", "ni,no->io"),
        "columns": ("in,oi->on", "on,oi->in", "in,on->oi"),
        "sample": ("i,oi->o", "o,oi->i", "i,o->oi"),
    }[d.style.name]
    for layer in d.layers:
        source = d.source(layer)
        d.right[f"Z{layer}"] = f'np.einsum("{indices[0]}", {source}, W{layer}) + b{layer}'
        d.right[f"dW{layer}"] = d.mean(f'np.einsum("{indices[2]}", {source}, dZ{layer})')
        if layer > 1:
            d.back[layer - 1] = f'np.einsum("{indices[1]}", dZ{layer}, W{layer})'


@right("float32")
def _(d: Draft) -> None:
    d.whole, names = True, ", ".join(d.parameters)
    d.first = [
        f"{d.style.x}, {d.target} = {d.style.x}.astype(np.float32), {d.target}.astype(np.float32)",
        f"{names} = (p.astype(np.float32) for p in ({names}))",
    ]


@right("loop over the samples", batch=True)
def _(d: Draft) -> None:
    d.looped, d.whole = "+=", True


@right("loops over the weights")
def _(d: Draft) -> None:
    d.inline, n = False, d.style.samples
    for layer in d.layers:
        w, delta, source = f"W{layer}", f"dZ{layer}", d.source(layer)
        inner = {
            "rows": (f"{source}[s, i] * {delta}[s, j] / n", f"{delta}[s, j] / n"),
            "columns": (f"{delta}[i, s] * {source}[j, s] / m", f"{delta}[i, s] / m"),
            "sample": (f"{delta}[i] * {source}[j]", ""),
        }[d.style.name]
        loops = [f"for i in range({w}.shape[0]):", f"    for j in range({w}.shape[1]):"]
        summed = [f"        for s in range({n}):", f"            d{w}[i, j] += {inner[0]}"]
        d.raw[f"d{w}"] = [f"d{w} = np.zeros_like({w})", *loops]
        d.raw[f"d{w}"] += summed if n else [f"        d{w}[i, j] = {inner[0]}"]


@right("other order")
def _(d: Draft) -> None:
    if d.style.name == "rows" and not d.train:
        d.result = "{" + ", ".join(f'"{name}": {name}' for name in reversed(d.gradients)) + "}"
    elif d.style.name == "columns":
        names = sorted(d.gradients, key=lambda name: (name[1] == "b", name))
        d.result = "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"
    else:
        d.inline, d.split_back = False, True


@right("in place", train=True)
def _(d: Draft) -> None:
    d.whole, d.in_place = True, True


@right("slope of relu by its output", fits=lambda net: net.hidden == "relu")
def _(d: Draft) -> None:
    d.slope |= {layer: f"np.where(A{layer} > 0, 1, 0)" for layer in d.hidden}


# Square networks, where a wrong matrix or bias fits: objects that change their own parameters ------------------------

SQUARE = '''\
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Net:
    """A small network with as many hidden neurons as inputs and outputs."""

    def __init__(self, size=3, seed=1):
        rng = np.random.default_rng(seed)
        self.W1 = rng.normal(size=(size, size))
        self.b1 = rng.normal(size={bias})
        self.W2 = rng.normal(size=(size, size))
        self.b2 = rng.normal(size={bias})

    def forward(self, x):
        self.z1 = {z1}
        self.h = {f}(self.z1)
        self.z2 = {z2}
        self.out = sigmoid(self.z2)
        return self.out

    def train_step(self, x, y, lr):
        self.forward(x)
        delta2 = {delta2}
        delta1 = {back} * {slope}
        self.W2 -= lr * {dW2}
        self.b2 -= lr * {db2}
        self.W1 -= lr * {dW1}
        self.b1 -= lr * {db1}


net = Net()
'''


def square(style: str, net: Net, slip: str) -> Program:
    """A network of three neurons in each layer, with a slip that its shapes do not betray."""
    first = "b2" if slip == "other bias" else "b1"
    turn = "" if slip == "weights not transposed" else ".T"
    if style == "rows":
        nets, back = ("x @ self.W1 + self.{}", "self.h @ self.W2 + self.{}"), f"(delta2 @ self.W2{turn})"
        weights, biases = "{0}.T @ {1} / len(x)", "{}.mean(axis=0)"
    else:
        nets, back = ("self.W1 @ x + self.{}", "self.W2 @ self.h + self.{}"), f"(self.W2{turn} @ delta2)"
        weights, biases = "{1} @ {0}.T / x.shape[1]", "{}.mean(axis=1, keepdims=True)"
        if style == "sample":
            weights, biases = "np.outer({1}, {0})", "{}"
    bias_mark = MARK if slip == "other bias" else ""
    back_mark = MARK if slip == "weights not transposed" else ""
    tanh, entropy = net.hidden == "tanh", "entropy" in net.loss
    text = SQUARE.format(
        bias="(size, 1)" if style == "columns" else "size",
        z1=nets[0].format(first) + bias_mark,
        z2=nets[1].format("b2"),
        f="np.tanh" if tanh else "sigmoid",
        delta2="self.out - y" if entropy else "(self.out - y) * self.out * (1 - self.out)",
        back=back,
        slope=("(1 - self.h**2)" if tanh else "self.h * (1 - self.h)") + back_mark,
        dW2=weights.format("self.h", "delta2"),
        db2=biases.format("delta2"),
        dW1=weights.format("x", "delta1"),
        db1=biases.format("delta1"),
    )
    source, lines = unmarked(text)
    options: dict[str, Any] = {"layout": "x @ W" if style == "rows" else "W @ x"}
    options |= {} if style == "sample" else {"batch": "mean"}
    options |= {} if net.is_default else {"network": net.network((3, 3, 3))}
    names = {"other bias": ("another layer's bias", "other layer's bias", "bias of another"), "": ()}
    return Program(
        id=f"{style}-square-{net.key}-{slug(slip) or 'right'}",
        style=style,
        bug=slip,
        source=source,
        entry="net.train_step",
        on="net",
        options=options,
        names=names.get(slip, NOT_TRANSPOSED),
        lines=lines,
        verdict="misconception" if slip else "correct",
    )


def right_programs(style: Style) -> list[Program]:
    """Each other way of writing on one of two networks; those that some networks alone allow, and two more, on both."""
    found: list[Program] = []
    for slot, net in enumerate(NETS[style.name][:2]):
        for index, (key, change, batch, fits, train) in enumerate(RIGHT):
            everywhere = key in ("plain", "opposite sign") or fits is not any_net
            if (batch and not style.samples) or not fits(net) or not (everywhere or (index + slot) % 2):
                continue
            draft = Draft(style, net, 3 if (index + slot) % 3 == 0 else 2, slot, train or not style.samples)
            change(draft)
            draft.marks.clear()
            found.append(draft.program(f"right {key}", "", (), "mean", "correct"))
        if style.samples:
            draft = Draft(style, net, 3 - slot, slot, bool(slot))
            draft.sums()
            found.append(draft.program("right sums", "", (), "sum", "correct"))
            draft = Draft(EACH[style.name], net, 2 + slot, slot, False)
            draft.looped = "+="
            found.append(draft.program("right one sample after the other", "", (), "mean", "correct"))
    return found


def programs() -> list[Program]:
    """Every bug in the styles and on the networks where it makes sense, and right programs of the same kinds."""
    found: list[Program] = []
    for style in STYLES:
        for index, one in enumerate(BUGS):
            if one.batch and not style.samples:
                continue
            nets = [net for net in NETS[style.name] if one.fits(net)]
            for slot in one.slots:
                written = EACH[style.name] if one.key == "last sample" and slot else style
                train = one.train or not style.samples or (index % 5 == 4 and not slot)
                depth = one.depth or (3 if (index + slot) % 3 == 0 else 2)
                draft = Draft(written, nets[slot], depth, slot, train)
                one.change(draft)
                found.append(draft.program(one.key, one.key, one.names, one.batch or "mean", "misconception"))
        found += right_programs(style)
        for net in (Net("sigmoid", "sigmoid"), Net("tanh", "sigmoid", "binary_cross_entropy")):
            found += [square(style.name, net, slip) for slip in ("other bias", "weights not transposed")]
        found.append(square(style.name, Net("sigmoid", "sigmoid"), ""))
    return found
