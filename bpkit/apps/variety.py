"""Other sizes, activations and losses: the lines of a network of your choice beside those of one that you know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import sympy as sp

from bpkit.apps.controls import Choice, Number, Setting
from bpkit.apps.live import Live
from bpkit.core.derivation import Derivation, derive
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import put, symbol
from bpkit.core.functions import BUILT_IN, HIDDEN, Activation
from bpkit.core.functions import activation as find
from bpkit.core.losses import LOSSES
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.spelling import HTML, expr_html, expr_text, readable
from bpkit.examples.article import article
from bpkit.examples.example import Example
from bpkit.show.activations_picture import profile
from bpkit.show.drawing import Drawing
from bpkit.show.variety_table import variety_figure

# Pairs of output and loss that the lesson compares, two of which cancel; each is derived for every size.
PAIRS = (
    "sigmoid half_squared_error",
    "sigmoid binary_cross_entropy",
    "softmax cross_entropy",
    "tanh half_squared_error",
    "identity half_squared_error",
)
TARGET = re.compile(r"y\d+")
PLAIN, SHARED = "sigmoid half_squared_error", "softmax cross_entropy"
WIDEST, MOST_OUTPUTS = 4, 3
GLYPH = (-4.0, 4.0, 33)  # net inputs of the small curves in the neurons
# What each kind of line is called, the line that is an example of it, and the settings that it depends on.
KINDS = (
    ("net input", "net_h1", ()),
    ("hidden output", "out_h1", ("activation",)),
    ("next net input", "net_o1", ("hidden",)),
    ("output", "out_o1", ("pair", "outputs")),
    ("error", "E_o1", ("pair",)),
    ("loss", "E_total", ("outputs",)),
    ("error's slope", "dE_o1/dout_o1", ("pair",)),
    ("output's slope", "dout_o1/dnet_o1", ("pair",)),
    ("output's delta", "dE_total/dnet_o1", ("pair", "outputs")),
    ("all paths back", "dE_total/dout_h1", ("hidden", "outputs")),
    ("hidden slope", "dout_h1/dnet_h1", ("activation",)),
    ("hidden delta", "dE_total/dnet_h1", ()),
    ("derivative", "dE_total/dw1", ()),
    ("update", "w1_new", ()),
)
TEXTS = {
    "head": ["line", "{sizes}, {kind}", "your network"],
    "same": "the same",
    "hidden": "size",
    "outputs": "size",
    "activation": "activation",
    "pair": "output layer",
    "none": "All {all} kinds of lines are the same. Change something above.",
    "note": "Of {all} kinds of lines, {same} are the same and {changed} changed. The whole derivation has {counted}; "
    "w1 reaches the loss by {paths}.",
    "fewer": "{lines} lines instead of {before}",
    "still": "{lines} lines, as before",
    "path": "1 path",
    "paths": "{count} paths",
    "softmax": " A softmax shares among outputs, so it needs at least 2.",
    "inputs": "inputs",
    "layer": "hidden",
    "out": "outputs",
}
SHARE = "bp.derive(bp.Network({sizes}, activation=[{kinds}], loss={loss!r}))"


@dataclass(frozen=True)
class Line:
    """A line as it is shown: its quantity and its right side, and its form without the numbers of weights."""

    head: str
    symbols: str
    form: str
    text: str


@dataclass(frozen=True)
class State:
    """What the variety app shows: a network, and its lines beside those of the one it began with."""

    network: Network
    rows: tuple[tuple[str, Line, Line, str], ...]  # what it is, before, now, and what made it another; "" for nothing
    digits: int


class Variety(Live):
    """Choose sizes, hidden activation, output and loss; of each kind of line you see whether it has changed."""

    name = "variety"

    def __init__(self, given: Example | Problem | None = None, own: str | Activation | None = None) -> None:
        self._own = own
        super().__init__(article if given is None else given)

    def settings(self) -> Mapping[str, Setting]:
        network = layered(self.problem.network, "variety app")
        pair = f"{network.activations[-1].name} {network.loss.name}"
        sizes = network.sizes
        if len(sizes) != 3 or sizes[1] > WIDEST or sizes[2] > MOST_OUTPUTS or pair not in PAIRS:
            raise BpkitError(
                f"variety app: expected one hidden layer of at most {WIDEST} neurons and at most {MOST_OUTPUTS} "
                f"outputs, got {network!r}; write bp.apps.variety()"
            )
        self._base = network
        first = network.activations[0]
        self._kinds: dict[str, str | Activation] = {name: name for name in HIDDEN} | {first.name: first}
        if self._own is not None:
            own = self._own
            self._kinds[own if isinstance(own, str) else own.name] = own
        kinds = tuple((find(one).written, name) for name, one in self._kinds.items())
        return {
            "hidden": Number("hidden neurons", sizes[1], 1, WIDEST, 1, whole=True, bounds=(1, WIDEST)),
            "outputs": Number("outputs", sizes[2], 1, MOST_OUTPUTS, 1, whole=True, bounds=(1, MOST_OUTPUTS)),
            "activation": Choice("hidden activation", first.name, kinds),
            "pair": Choice("output and loss", pair, tuple((_labelled(one), one) for one in PAIRS)),
        }

    @property
    def _before(self) -> dict[str, Any]:
        return {name: self.setting[name].value for name in ("hidden", "outputs", "activation", "pair")}

    def _network(self, values: Mapping[str, Any]) -> Network:
        output, loss = values["pair"].split()
        kinds = [self._kinds[values["activation"]], output]
        sizes = (self._base.sizes[0], int(values["hidden"]), int(values["outputs"]))
        return Network(*sizes, activation=kinds, loss=loss, bias=self._base.bias)

    def page(self) -> dict[str, Any]:
        counts = {}
        for chosen in _all(hidden=range(1, WIDEST + 1), outputs=range(1, MOST_OUTPUTS + 1), pair=PAIRS):
            key = "{hidden} {outputs} {pair}".format(**chosen)
            # An activation with its slope has as many lines as another one; a softmax has more.
            like = SHARED if chosen["pair"] == SHARED else PLAIN
            if _fits(chosen):
                counts[key] = len(derive(self._network({**self._before, **chosen, "pair": like})))
        return {
            "kinds": [[words, depends] for words, _, depends in KINDS],
            "rows": self._rows(),
            "counts": counts,
            "glyphs": {
                name: _glyph(one) for name, one in {**self._kinds, "sigmoid": "sigmoid", "tanh": "tanh"}.items()
            },
            "inputs": self._base.sizes[0],
            "texts": {**TEXTS, "head": [one.format(**self._titled()) for one in TEXTS["head"]]},
            "shared": SHARE,
            "spelled": {name: _written(one) for name, one in self._kinds.items()},
            "layout": {
                "rows": [["hidden", "outputs"], ["activation", "pair"], ["picture", "message"], ["table"]],
            },
        }

    def _titled(self) -> dict[str, str]:
        kinds = {one.name for one in self._base.activations}
        return {"sizes": "-".join(map(str, self._base.sizes)), "kind": ", ".join(sorted(kinds))}

    def _rows(self) -> list[dict[str, dict[str, str]]]:
        """Of each kind of line its texts, by the values of the settings that it depends on."""
        choices: dict[str, Any] = {
            "hidden": range(1, WIDEST + 1),
            "outputs": range(1, MOST_OUTPUTS + 1),
            "activation": self._kinds,
            "pair": PAIRS,
        }
        known: dict[str, Derivation] = {}
        found = []
        for _, name, depends in KINDS:
            texts = {}
            for chosen in _all(**{one: choices[one] for one in depends}):
                values = {**self._before, **chosen}
                if not _fits(values):
                    values["outputs"] = 2
                made = str(values)
                if made not in known:
                    known[made] = derive(self._network(values))
                one = _line(known[made], name)
                texts[" ".join(map(str, chosen.values()))] = {
                    "head": one.head,
                    "symbols": one.symbols,
                    "form": one.form,
                }
            found.append(texts)
        return found

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        return values if _fits(values) else {**values, "outputs": 2}

    def read(self, values: Mapping[str, Any]) -> State:
        network = self._network(values)
        rows = tuple(
            (words, old, new, "" if old.form == new.form else self._cause(values, depends))
            for (words, _, depends), (old, new) in zip(KINDS, compared(self._base, network))
        )
        return State(network, rows, values["digits"])

    def _cause(self, values: Mapping[str, Any], depends: tuple[str, ...]) -> str:
        return str(next(TEXTS[one] for one in depends if values[one] != self._before[one]))

    def words(self, state: State) -> str:
        said = [f"{words}: {new.text} ({cause or TEXTS['same']})" for words, _, new, cause in state.rows]
        return f"A {'-'.join(map(str, state.network.sizes))} network. {'; '.join(said)}."

    def note(self, state: State) -> tuple[str, bool]:
        changed = sum(bool(cause) for *_, cause in state.rows)
        outputs = state.network.sizes[-1]
        paths = TEXTS["path"] if outputs == 1 else str(TEXTS["paths"]).format(count=outputs)
        counts = {"lines": len(derive(state.network)), "before": len(derive(self._base))}
        counted = str(TEXTS["still" if counts["lines"] == counts["before"] else "fewer"]).format(**counts)
        text = str(TEXTS["note" if changed else "none"])
        same = len(KINDS) - changed
        few = outputs == 2 and state.network.activations[-1].name == "softmax"
        text += str(TEXTS["softmax"]) if few else ""
        return text.format(changed=changed, all=len(KINDS), same=same, paths=paths, counted=counted), False

    def drawing(self, state: State) -> Drawing:
        return variety_figure([(words, new.text, cause) for words, _, new, cause in state.rows], self.words(state))

    @property
    def share(self) -> str:
        """The expression that gives the lines."""
        network = self.state.network
        kinds = ", ".join(_written(one) for one in network.activations)
        return SHARE.format(sizes=", ".join(map(str, network.sizes)), kinds=kinds, loss=network.loss.name)


def compared(before: Network, now: Network) -> list[tuple[Line, Line]]:
    """Each kind of line in two networks.

    >>> import bpkit as bp
    >>> both = compared(bp.Network(1, 1, 1), bp.Network(1, 1, 1, activation=["tanh", "sigmoid"]))
    >>> sum(old.form != new.form for old, new in both)
    2
    """
    one, other = derive(before), derive(now)
    return [(_line(one, name), _line(other, name)) for _, name, _ in KINDS]


def _fits(values: Mapping[str, Any]) -> bool:
    """Whether there are outputs enough to share among."""
    return values["outputs"] > 1 or not values["pair"].startswith("softmax")


def _all(**choices: Any) -> Iterator[dict[str, Any]]:
    """Every choice of a value for each name."""
    if not choices:
        yield {}
        return
    (name, values), *rest = choices.items()
    for value in values:
        for more in _all(**dict(rest)):
            yield {name: value, **more}


def _line(derivation: Derivation, name: str) -> Line:
    """A kind's line; what only leads to it by a name is put in, so that all networks say it alike."""
    step = derivation[name]
    if name == "dE_total/dnet_o1" and step.rhs.is_Symbol:
        step = derivation[step.rhs.name]
    rhs, short = step.rhs, step.cancelled
    names = dict(step.names)
    if name == "dE_total/dout_h1":
        inner = [derivation[one.name] for one in rhs.free_symbols if re.match(r"dE_\w+/dout_h1", one.name)]
        rhs = put(rhs, {symbol(one.name): one.rhs for one in inner})
        deltas = {one: re.sub(r"^dE_\w+/", "dE_total/", one.name) for one in rhs.free_symbols if "/dnet_" in one.name}
        rhs = put(rhs, {one: symbol(new) for one, new in deltas.items() if new in _known(derivation)})
        names = {**_known(derivation)}
    if short is not None:  # the targets of a softmax add up to 1
        targets = sorted((one for one in short.free_symbols if TARGET.fullmatch(one.name)), key=str)
        short = short.xreplace({sum(targets, sp.Integer(0)): sp.Integer(1)}) if len(targets) > 1 else short
    forms = [rhs] if short is None else [rhs, short]
    texts = [readable(expr_text(one)) for one in forms]
    head = _unbroken(HTML(derivation[name].quantity))
    html = " = ".join(_unbroken(expr_html(one, names)) for one in forms)
    # A product whose factors cancel is still the same line.
    return Line(head, html, re.sub(r"\bw\d+", "w", texts[0]), f"{name} = {' = '.join(texts)}")


def _unbroken(html: str) -> str:
    """A formula that a narrow column breaks between its terms only, never inside a product or a bracket."""
    found, depth = [""], 0
    for sign in html:
        depth += (sign == "(") - (sign == ")")
        if sign == " " and not depth:
            found.append("")
        else:
            found[-1] += sign
    terms = [found[0]]
    for before, one in zip(found, found[1:]):
        if {before, one} & {"·", "/"}:
            terms[-1] += f" {one}"
        else:
            terms.append(one)
    return " ".join(f"<span class='bpkit-whole'>{one}</span>" if len(one) > 1 else one for one in terms)


def _known(derivation: Derivation) -> dict[str, Any]:
    return dict(derivation.quantities)


def _labelled(pair: str) -> str:
    output, loss = pair.split()
    return f"{BUILT_IN[output].written}, {LOSSES[loss].written}"


def _glyph(kind: str | Activation) -> list[float]:
    """An activation's heights at a few net inputs, from 0 to 1."""
    low, high, count = GLYPH
    out = profile(kind, [low + (high - low) * k / (count - 1) for k in range(count)]).out
    bottom, top = float(out.min()), float(out.max())
    return [round((float(one) - bottom) / ((top - bottom) or 1), 3) for one in out]


def _written(kind: str | Activation) -> str:
    name = kind if isinstance(kind, str) else kind.name
    return repr(name) if isinstance(kind, str) or kind.built_in else escape(name)
