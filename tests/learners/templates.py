"""Right programs as texts with places for a network's functions, and the edits that make them wrong.

Where a text says ``F1(z)`` a person writes the call of the hidden activation, at ``F2(z)`` that of the outputs.
``D1(a)`` and ``D2(a)`` are slopes written out with what the neuron passes on, ``P1(z)`` calls a slope function that
takes the net input, ``Q1(a)`` one that takes what the neuron passes on. ``ERR(a, y)`` is the slope of the loss,
``DELTA(a, y)`` that times the slope of the outputs, ``DELTAP(a, y, z)`` the same by a slope function; a Y in front
turns the difference round. ``LOSS(a, y)`` is the mean loss of a batch that has one output. The functions that a
program calls are defined where it says ``DEFS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import bpkit as bp
from learners.program import Program

MARK = "#!"  # ends a line that a review may point at; never shown
GUESS = "#?"  # the same, for a changed line; it counts where nothing else is marked
QUIET = "#~"  # ends a changed line that shows no mistake


@dataclass(frozen=True)
class Net:
    """What a program is written for."""

    hidden: str = "sigmoid"
    out: str = "sigmoid"
    loss: str = "half_squared_error"

    @property
    def key(self) -> str:
        short = {"half_squared_error": "half", "squared_error": "squares", "mean_squared_error": "mse"}
        short |= {"binary_cross_entropy": "bce", "cross_entropy": "ce"}
        return f"{self.hidden}-{self.out}-{short[self.loss]}"

    @property
    def shortcut(self) -> bool:
        """Do loss and activation of the outputs cancel?"""
        return "entropy" in self.loss

    def network(self, sizes: Sequence[int]) -> bp.Network:
        activation = [self.hidden] * (len(sizes) - 2) + [self.out]
        return bp.Network(*sizes, activation=activation, loss=self.loss, bias="neuron")


HALF = Net()
SQUARES = Net("tanh", "sigmoid", "squared_error")
MSE = Net("tanh", "identity", "mean_squared_error")
RELU = Net("relu", "identity", "half_squared_error")
BCE = Net("tanh", "sigmoid", "binary_cross_entropy")
CE = Net("tanh", "softmax", "cross_entropy")
SOFTMAX = Net("sigmoid", "softmax", "cross_entropy")

FUNCTIONS = {
    "sigmoid": "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n",
    "sigmoid_prime": "def sigmoid_prime(z):\n    return sigmoid(z) * (1 - sigmoid(z))\n",
    "sigmoid_derivative": "def sigmoid_derivative(a):\n    return a * (1 - a)\n",
    "tanh_prime": "def tanh_prime(z):\n    return 1 - np.tanh(z) ** 2\n",
    "tanh_derivative": "def tanh_derivative(a):\n    return 1 - a**2\n",
    "relu": "def relu(z):\n    return np.maximum(0, z)\n",
    "relu_prime": "def relu_prime(z):\n    return (z > 0) * 1.0\n",
    "relu_derivative": "def relu_derivative(a):\n    return (a > 0) * 1.0\n",
    "softmax": "def softmax(z):\n    e = np.exp(z - np.max(z{axis}))\n    return e / np.sum(e{axis})\n",
}
SCALAR = {"np.exp(": "math.exp(", "np.tanh(": "math.tanh(", "np.maximum(": "max("}
SLOPES = {"sigmoid": "{0} * (1 - {0})", "tanh": "(1 - {0}**2)", "relu": "({0} > 0)"}

MARKS = re.compile(r"\s*#[!?~][#!?~]*")
Edit = tuple[str, str] | tuple[str, str, int]


@dataclass(frozen=True)
class Text:
    """A right program with places to fill in, and how a review calls it."""

    key: str
    style: str
    text: str
    entry: str
    on: str = ""
    batch: str = ""
    outputs: str = "y.shape[1]"  # how many there are, in the program's words
    axis: str = ""  # of a softmax
    scalar: bool = False  # one number at a time
    renames: tuple[tuple[str, str], ...] = ()

    def filled(self, net: Net, text: str) -> str:
        """The text for a network; marks stay."""

        def difference(a: str, y: str, turned: bool) -> str:
            return f"{y} - {a}" if turned else f"{a} - {y}"

        def error(a: str, y: str, turned: bool = False) -> str:
            plain = difference(a, y, turned)
            return {
                "half_squared_error": plain,
                "squared_error": f"2 * ({plain})",
                "mean_squared_error": f"2 * ({plain}) / {self.outputs}",
                "binary_cross_entropy": f"({plain}) / ({a} * (1 - {a}))",
                "cross_entropy": f"-{y} / {a}",
            }[net.loss]

        def delta(a: str, y: str, slope: str, turned: bool = False) -> str:
            if net.shortcut:
                return difference(a, y, turned)
            text = error(a, y, turned)
            if net.out == "identity":
                return text
            return f"({text}) * {slope}" if net.loss == "half_squared_error" else f"{text} * {slope}"

        def call(name: str, z: str) -> str:
            return {"identity": z, "tanh": f"np.tanh({z})"}.get(name, f"{name}({z})")

        def slope(name: str, a: str) -> str:
            return SLOPES[name].format(a) if name in SLOPES else ""

        def mean_loss(a: str, y: str) -> str:
            if net.loss == "binary_cross_entropy":
                return f"-np.mean({y} * np.log({a}) + (1 - {y}) * np.log(1 - {a}))"
            return f"{'0.5 * ' if net.loss == 'half_squared_error' else ''}np.mean(({a} - {y}) ** 2)"

        macros: dict[str, Callable[..., str]] = {
            "F1": lambda z: call(net.hidden, z),
            "F2": lambda z: call(net.out, z),
            "D1": lambda a: slope(net.hidden, a),
            "D2": lambda a: slope(net.out, a),
            "P1": lambda z: f"{net.hidden}_prime({z})",
            "P2": lambda z: f"{net.out}_prime({z})",
            "Q1": lambda a: f"{net.hidden}_derivative({a})",
            "Q2": lambda a: f"{net.out}_derivative({a})",
            "LOSS": mean_loss,
            "ERR": error,
            "YERR": lambda a, y: error(a, y, True),
            "DELTA": lambda a, y: delta(a, y, slope(net.out, a)),
            "YDELTA": lambda a, y: delta(a, y, slope(net.out, a), True),
            "DELTAP": lambda a, y, z: delta(a, y, f"{net.out}_prime({z})"),
            "YDELTAP": lambda a, y, z: delta(a, y, f"{net.out}_prime({z})", True),
            "DELTAQ": lambda a, y: delta(a, y, f"{net.out}_derivative({a})"),
            "YDELTAQ": lambda a, y: delta(a, y, f"{net.out}_derivative({a})", True),
        }
        while found := re.search(rf"\b({'|'.join(macros)})\(", text):
            name, start = found[1], found.end()
            arguments, end = split(text, start)
            text = text[: found.start()] + macros[name](*arguments) + text[end:]
        if self.scalar:
            for old, new in SCALAR.items():
                text = text.replace(old, new)
        return text

    def defined(self, text: str, functions: dict[str, str]) -> str:
        """The text with the functions that it calls."""
        used: list[str] = []
        queue = [text]
        while queue:
            for name in re.findall(r"\b(\w+)\(", queue.pop()):
                if name in functions and name not in used and f"def {name}(" not in text:
                    used.append(name)
                    queue.append(functions[name])
        parts = [functions[name] + "\n\n" for name in functions if name in used]
        whole = "".join(parts).replace("{axis}", self.axis)
        if self.scalar:
            for old, new in SCALAR.items():
                whole = whole.replace(old, new)
        return text.replace("DEFS\n", whole)

    def program(
        self,
        net: Net = HALF,
        bug: str = "",
        edits: Iterable[Edit] = (),
        names: Sequence[str] = (),
        *,
        key: str = "",
        sizes: Sequence[int] | None = None,
        verdict: str = "",
        batch: str | None = None,
        entry: str = "",
        slopes: bool = False,
        options: dict[str, Any] | None = None,
    ) -> Program:
        """The program after the edits; ``slopes`` says that lines of slope functions are a fair answer, too."""
        functions = dict(FUNCTIONS)
        if slopes:
            for name, body in FUNCTIONS.items():
                if name.endswith(("_prime", "_derivative")):
                    functions[name] = "\n".join(
                        line if not line or line.startswith("def") else line + GUESS for line in body.split("\n")
                    )
        text = self.filled(net, edited(self.text, edits))
        text = self.defined(text, functions)
        for old, new in self.renames:
            text = re.sub(old, new, text)
        source, lines = unmarked(text)
        told: dict[str, Any] = {}
        if batch or (batch is None and self.batch):
            told["batch"] = batch or self.batch
        if sizes or net != HALF:
            told["network"] = net.network(sizes or (3, 4, 2))
        verdict = verdict or ("misconception" if bug else "correct")
        parts = [self.key, net.key, *([str(len(sizes))] if sizes else []), key or bug or "right"]
        return Program(
            id="-".join(parts).replace(" ", "-"),
            style=self.style,
            bug=bug,
            source=source,
            entry=entry or self.entry,
            on=self.on,
            options=told | (options or {}),
            names=tuple(names),
            lines=lines if verdict in ("misconception", "error") else (),
            verdict=verdict,
        )

    def like(self, *edits: Edit, **changes: Any) -> Text:
        """A right program of the same kind, otherwise written or called."""
        text = MARKS.sub("", edited(self.text, edits))
        return replace(self, text=text, **changes)


def split(text: str, start: int) -> tuple[list[str], int]:
    """The arguments of a call whose bracket has just been opened, and where the text goes on."""
    depth, arguments = 0, [""]
    for position in range(start, len(text)):
        letter = text[position]
        if letter == ")" and not depth:
            return [argument.strip() for argument in arguments], position + 1
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            arguments.append("")
        else:
            arguments[-1] += letter
    raise ValueError(f"a bracket is never closed: {text[start : start + 60]!r}")


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after some edits, changed lines marked.

    An edit is what stands in a line, or several whole lines, and what is to stand there; a third entry says in how
    many places, in one unless said. Several lines for one are indented as that is; nothing for a line deletes it,
    and ``QUIET`` alone does so where nobody would miss it.
    """
    lines = text.split("\n")
    for old, new, *often in edits:
        wanted = often[0] if often else 1
        several = [line.strip() for line in old.split("\n")] if "\n" in old else [old]
        length = len(several)
        bare = [MARKS.sub("", line).strip() for line in lines]
        if length == 1:
            places = [i for i, line in enumerate(bare) if several[0] in line]
        else:
            places = [i for i in range(len(lines)) if bare[i : i + length] == several]
        if len(places) != wanted:
            raise ValueError(f"{old!r} stands in {len(places)} places, not in {wanted}:\n{text}")
        for i in reversed(places):
            margin = " " * (len(lines[i]) - len(lines[i].lstrip()))
            whole = length > 1 or bare[i] == several[0]
            changed = new if whole else lines[i].strip().replace(old, new)
            if changed in ("", QUIET):
                rest = next(j for j in range(i + length, len(lines)) if lines[j].strip())
                lines[rest] += "" if changed else GUESS  # what is missing shows at the next line
                after = []
            else:
                after = [margin + line if line else "" for line in changed.split("\n")]
            lines[i : i + length] = [line + (GUESS if is_new(line, bare[i : i + length]) else "") for line in after]
    return "\n".join(lines)


def is_new(line: str, before: Sequence[str]) -> bool:
    """Does a changed line show something, and is nothing said of it yet?"""
    bare = line.strip()
    return bool(bare) and bare not in before and not bare.startswith("#") and MARK not in bare and QUIET not in bare


def unmarked(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without its marks, and the numbers of the lines that had one."""
    text = re.sub(r"\n\n\n+(?= )", "\n\n", text.rstrip("\n"))
    lines = text.split("\n")
    sure = tuple(number for number, line in enumerate(lines, 1) if MARK in line)
    guessed = tuple(number for number, line in enumerate(lines, 1) if GUESS in line)
    return "\n".join(MARKS.sub("", line).rstrip() for line in lines) + "\n", sure or guessed


# How a review may say it, in any words.
NAMES: dict[str, tuple[str, ...]] = {
    "updated weights": ("already updated", "updated weights", "(weights|parameters) .*changed before"),
    "hidden slope": ("hidden slope", r"slope of (the|a|its|their) hidden"),
    "output slope": ("output slope", "slope of the output"),
    "slope at net": ("slope at net", "net instead of out", r"slope.* net\b"),
    "slope of out": ("slope function to out", "already activated", "slope.* of out", "activation twice"),
    "error sign": ("sign of the error", "adds the gradient", "(swaps|wrong|opposite).* sign"),
    "adds the gradient": ("adds the gradient", "sign of the (gradient|update|step)"),
    "no rate": (r"(forget|without|leave).* learning rate", "learning rate.*(forgot|left out|missing)"),
    "rate twice": ("learning rate twice", "rate.*(twice|two|squared)", "twice.*rate"),
    "doubles": ("doubles", "twice the gradient", r"factor.* 2\b"),
    "sum for mean": (
        "sum (instead|in place) of the mean",
        "not (averaged|divided)",
        "(forgets|leaves out).*(mean|divi|1/n)",
    ),
    "mean for sum": ("mean (instead|in place) of the sum", "averages", "divides by the number"),
    "bias gradient times the input": ("bias derivative by the input", r"bias.*\binput", "bias.*row sums"),
    "no bias": (r"leaves? the bias(es)? out", "(forgets|without|leaves? out) the bias"),
    "error sent back": (
        "passes the error back",
        "error.*instead of (the|its) delta",
        "passes.*error",
        "output slope",
    ),
    "one path": ("only one (path|output|neuron)", "one output's", "follows only"),
    "no input factor": ("leaves out the input", "(forgets|without) the input", "input factor"),
    "net in the weight gradient": ("net instead of out", "passes (on )?net", r"\bnet\b.*(where|instead|in place)"),
    "activation twice": ("activation twice", "twice.*activation"),
    "keeps the hidden weights": ("keeps the hidden", "keeps the old", "not updated", "unchanged", r"\bstay"),
    "last sample": ("last sample", "one sample('s| only)", "only the last"),
    # What only arrays do
    "bias gradient not summed": (
        "bias.*not (summed|added|averaged)",
        "not summed over the (samples|batch)",
        "(forgets|leaves out|without).*sum.*bias",
        "bias.*(one row|one column|row for each|each sample|one sample)",
    ),
    "bias gradient summed over the wrong axis": ("wrong axis", "other axis", "axis.*(wrong|samples|neurons)"),
    "bias gradient summed over everything": (
        "sums the deltas",
        "bias.*(everything|whole layer|all neurons|all of)",
        "(over|across).*(everything|neurons|the layer).*bias",
        "mean over the (neurons|outputs)",
        "(neurons|layer) too",
    ),
    "broadcasting": ("broadcast", r"\(n,?\) (against|with|and) \(n, ?1\)", "each output.*each target", "every target"),
    "dot product": ("dot product", "elementwise", "element by element", "one number for the layer"),
    "reshape": ("does not transpose", "reshape", "transpose"),
    "integers": ("integer", "whole number", r"\bint\b", "truncat", "cuts? off", "rounds? (down|off)"),
    "copy": ("copy", "original", "keeps the old", "not updated", "unchanged", "nothing (is|was) updated", r"\bstay"),
    "accumulates": (
        "accumulat",
        "over (the )?calls",
        "(from|of) (the )?(earlier|previous|last|first) call",
        "never (re)?set",
        "not (re)?set",
        "set back",
        "remembers",
        "call before",
    ),
    "random": ("random", "dropout", "drawn (anew|again|inside)", "differs? (from|at|with) (call|each)"),
}
