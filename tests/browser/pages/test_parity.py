"""The page computes the numbers that the kernel computes: every app, over random problems and random settings.

Each control is drawn, within its slider and beyond, and set on both sides; then the numbers that reach the parts of the
page are compared with those of ``app.state``. Both sides are printed from the same lines, so all that is left are exp,
log and tanh of two machines, which may differ in the last place, and what a computation makes of that.

A run of training may make much of it. With a large rate, or with RMSProp at the bottom of a valley, it is chaotic: each
update magnifies what it finds, and after some hundred updates two runs from starts that differ in the last place have
no digit in common. So the kernel trains twice, the second time from such a start, and a run is compared as far as these
two are the same; up to there the page may have magnified its own last places a hundred times as much.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from app_cases import SLIDING
from models import NETWORKS
from moves import drawn
from numpy.typing import NDArray
from playwright.sync_api import Page
from thorough import many

import bpkit as bp
from bpkit.apps.boundary_run import Run
from bpkit.apps.depth import FLAT
from bpkit.core.numeric import loss_over
from bpkit.core.numerical_gradient import difference_quotient
from bpkit.core.spelling import PLAIN, number, number_read, readable
from bpkit.show import activations_picture
from bpkit.show.boundary_picture import plane
from bpkit.show.depth_picture import CEILING, FLOOR, gradient_sizes, output_spreads
from bpkit.show.diagram import numbers_of
from bpkit.show.quotient_picture import STEPS

Array = NDArray[np.float64]
SAME = 1e-12  # of each number, or of the largest of its array
LONG = 1e-10  # the same for what comes of a run of training
STEADY = 1e-13  # two runs from starts a unit in the last place apart are the same up to here
CANCELLED = 2e-15  # of the largest number beside it: what terms that cancel may leave
ROUNDED = 20 * 2.2e-16  # some units in the last place
SETTINGS = 6  # drawn for each problem; half as many where the kernel takes long
TAKEN = many(3, SETTINGS)  # of them, from the first on
TRAINED = 60  # updates in the depth app
NUMBER = re.compile(r"(-?\b\d[\d.]*\d(?:e[-+]\d+)?|-?\b\d(?:e[-+]\d+)?)")
RAISED = str.maketrans("⁻−⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class Pair(NamedTuple):
    """What is compared: numbers by name, each by itself; an array, beside its largest; a text with its numbers.

    ``within`` is how far the numbers may be apart, relative; ``room`` how much more, in numbers.
    """

    what: str
    page: Any
    kernel: Any
    within: float = SAME
    room: Any = 0.0


# The page's half: apps of the module that a saved page holds, whose parts tell what they are given to draw.
PAGE = """() => {
    const App = document.querySelector('bpkit-app').app.constructor, clock = performance.now.bind(performance);
    const told = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value instanceof Map ? null
        : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    window.opened = (spec) => {
        const place = document.createElement('div');
        document.querySelector('main').replaceChildren(place);
        window.app = new App(place, JSON.parse(spec));
        window.drawn = {};
        for (const [name, part] of Object.entries(app.view.parts)) {
            const draw = part.draw;
            part.draw = (data) => { drawn[name] = data; draw.call(part, data); };
        }
    };
    // With the clock at rest a run that is spread over frames is made within one.
    window.moved = ([values, rest]) => {
        if (rest) performance.now = () => 0;
        try {
            app.move(JSON.parse(values));
            app.frame();
        } finally {
            performance.now = clock;
        }
        return JSON.stringify({values: app.values, message: app.message.textContent, words: app.twin.textContent,
            ...drawn}, told);
    };
}"""


@pytest.fixture(scope="module")
def module(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("parity") / "app.html"
    bp.apps.forward(bp.examples.article).save(path)
    page.goto(path.as_uri())
    page.evaluate(PAGE)
    return page


# Random problems and settings


def problem(draw: np.random.Generator, network: bp.Network, samples: int = 0) -> bp.Problem:
    """Numbers for a network; ``samples=0`` is one sample as a plain list."""
    rows, outputs = max(samples, 1), network.sizes[-1]
    inputs = draw.normal(size=(rows, network.sizes[0]))
    targets = draw.dirichlet(np.ones(outputs), rows) if outputs > 1 else draw.uniform(size=(rows, 1))
    parameters = {name: float(draw.normal()) for name in network.parameters}
    if not samples:
        inputs, targets = inputs[0], targets[0]
    return bp.Problem(network, parameters, inputs, targets, learning_rate=float(draw.uniform(0.05, 0.8)))


def problems(name: str, draw: np.random.Generator) -> Iterator[Any]:
    """What an app is opened with: the article, other networks, and where it takes them, several samples."""
    if name == "boundary":
        yield from ("moons", "spiral")
        network = bp.Network(2, 3, 1, activation="tanh", loss="squared_error", bias="neuron")
        yield bp.examples.data_set("circles", samples=30).problem(network, seed=3, learning_rate=0.05)
        return
    yield bp.examples.article
    able = [network for kind, network in NETWORKS.items() if kind != "own loss" or name != "depth"]
    for place in draw.choice(len(able), 1 if name == "depth" else 2, replace=False):
        yield problem(draw, able[place])
    if getattr(bp.apps, name).batches:
        yield problem(draw, bp.Network(2, 2, 1, activation="tanh"), 4)


def settings(app: Any, draw: np.random.Generator) -> dict[str, Any]:
    """Values for all controls or for some of them; mostly with twelve digits, always with the picture in words."""
    share = draw.choice([0.4, 1.0])
    values = {name: drawn(draw, one) for name, one in app.setting.items() if draw.random() < share}
    if "neurons" in values:
        values["neurons"] = str(draw.choice(["", "1", "8", "3, 2", "5, 4, 3"]))
    values.pop("course", None)  # the app's own doing
    if app.name == "boundary" and "step" in values:  # long runs of small batches take the kernel too long
        values["step"] = int(draw.integers(50))
    if app.name == "depth":  # nor does it write out the lines of a new large network fast
        deep = values.get("depth", app.values["depth"])
        values["width"] = min(values.get("width", app.values["width"]), math.isqrt(200 // deep))
    if app.name == "surface" and "updates" in values:
        values["updates"] = min(values["updates"], 2000)
    if "pinned" in values:
        kept = [{one: drawn(draw, app.setting[one]) for one in app.spec["kept"]} for _ in range(draw.integers(3))]
        if app.name == "depth":
            kept = [{**one, "width": min(one["width"], math.isqrt(200 // one["depth"]))} for one in kept]
            values["pinned"] = kept
        else:
            values["pinned"] = [[name, one] for name, one in zip(app.spec["texts"]["pins"], kept)]
    return {**values, "digits": int(draw.choice([6, 12, 12, 12])), "twin": True}


# Comparison


def array(values: Any) -> Array:
    """As floats; those that JSON has not come from the page as text."""
    return np.array([float(value) for value in np.asarray(values, dtype=object).ravel()])


def off(pair: Pair) -> float:
    """How far the two sides of a pair are apart, as a share of what they may be."""
    if isinstance(pair.page, str):
        return text_off(pair)
    if isinstance(pair.page, dict):
        page, kernel = array([*pair.page.values()]), array([pair.kernel[name] for name in pair.page])
    else:
        page, kernel = array(pair.page), array(pair.kernel)
    if page.shape != kernel.shape:
        return math.inf
    finite = np.isfinite(page) & np.isfinite(kernel)
    if not np.array_equal(page[~finite], kernel[~finite], equal_nan=True):
        return math.inf
    page, kernel = page[finite], kernel[finite]
    largest = np.abs(kernel).max(initial=0)
    sizes = np.abs(kernel) * pair.within + largest * CANCELLED if isinstance(pair.page, dict) else largest * pair.within
    room = np.broadcast_to(pair.room, finite.shape)[finite] + sizes
    apart = np.abs(page - kernel)
    return float(np.max(apart[apart > 0] / np.broadcast_to(room, apart.shape)[apart > 0], initial=0))


def text_off(pair: Pair) -> float:
    """The same of two texts: the words are equal, and each number is as far as it is written."""
    page, kernel = (NUMBER.split(plain(text.strip())) for text in (pair.page, pair.kernel))
    if page[::2] != kernel[::2]:
        return math.inf
    most = 0.0
    for one, other in zip(page[1::2], kernel[1::2]):
        if one != other:
            figures = max(len(re.sub(r"e.*|[-.]", "", text).lstrip("0")) for text in (one, other))
            value, wanted = float(one), float(other)
            unit = 10.0 ** (math.floor(math.log10(max(abs(value), abs(wanted)))) + 1 - figures)
            most = max(most, abs(value - wanted) / (1.01 * unit + pair.within * abs(wanted) + pair.room))
    return most


def plain(text: str) -> str:
    """1e-07 and w5 for 10⁻⁷ and w₅, and -1 for a number with a minus."""
    powers = re.sub(r"\b10([⁻⁰-⁹¹²³]+)", lambda found: f"1e{int(found[1].translate(RAISED)):+03d}", text)
    return re.sub(r"·1e", "e", powers).translate(RAISED).translate(LOWERED)


def steady(trace: bp.Trace) -> int:
    """How many records of a run depend on no last place: its twin starts beside it."""
    start = trace.problem
    twin = bp.train(start.replace(parameters=beside(start)), len(trace) - 1) if len(trace) else trace
    return same_until(np.column_stack([trace.loss, trace.table]), np.column_stack([twin.loss, twin.table]))


def beside(problem: bp.Problem) -> dict[str, float]:
    """Parameters of which each is the next float."""
    return {name: float(np.nextafter(value, math.inf)) for name, value in problem.parameters.items()}


def same_until(one: Array, other: Array) -> int:
    """The first row in which two tables differ, in a column's own size; their length where there is none."""
    rows = min(len(one), len(other))
    largest = np.maximum.accumulate(np.abs(one[:rows]), axis=0) + 1e-300
    differ = np.flatnonzero((np.abs(one[:rows] - other[:rows]) > STEADY * largest).any(axis=1))
    return int(differ[0]) if len(differ) else rows if rows < len(one) else len(one)


# What the kernel says of the numbers that the parts of the page got


def sentence(texts: Mapping[str, str], trace: bp.Trace, digits: int) -> str:
    """A run as the page says it, of the kernel's numbers."""
    last, ended = len(trace) - 1, trace.diverged_at
    text = texts["nothing" if last < 0 else "ended" if ended else "once" if last == 1 else "went"]
    said = {"rate": trace.problem.learning_rate, "updates": last, "ended": ended or 0}
    said |= {"first": trace.loss[0], "last": trace.loss[-1]} if last >= 0 else {}
    return readable(text.format(**{name: number(float(value), digits) for name, value in said.items()}))


def least(traces: list[bp.Trace]) -> float:
    """A loss of this size is as good as none: what it says is rounding's."""
    return SAME * max(float(trace.loss.max(initial=0)) for trace in traces)


def forward(app: Any, data: Any) -> Iterator[Pair]:
    whole = numbers_of(app.state.problem)
    for part in ("network", "lines"):
        yield Pair(part, data[part]["numbers"], whole)


def training(app: Any, data: Any) -> Iterator[Pair]:
    state, texts = app.state, app.spec["texts"]
    runs = [("", state.run), *((f"{name}: ", run) for name, run in state.pinned)]
    traces = [bp.train(run.problem, run.updates) for _, run in runs]
    whole = [steady(trace) for trace in traces]
    for trace, until, series in zip(traces, whole, data["curve"]["series"], strict=True):
        yield Pair("losses", series["y"][:until], trace.loss[:until], LONG)
        if until == len(trace):
            yield Pair("ends", [len(series["y"]), series["ended"] or 0], [len(trace), trace.diverged_at or 0])
    if whole == [len(trace) for trace in traces]:
        said = [name + sentence(texts, trace, state.digits) for (name, _), trace in zip(runs, traces)]
        yield Pair("message", data["message"], " ".join(said), LONG, least(traces))
    trace = traces[0]
    shown = trace.at(state.shown) if len(trace) else state.problem
    if state.shown < max(1, whole[0]):
        numbers = numbers_of(shown) if shown.is_batch else {**shown.givens, **numbers_of(shown)}
        found = {name: value for name, value in data["network"]["numbers"].items() if name in numbers}
        assert {*shown.parameters, "E_total"} <= {*found}
        yield Pair("network", found, numbers, LONG)


def surface(app: Any, data: Any) -> Iterator[Pair]:
    state, field, texts = app.state, data["field"], app.spec["texts"]
    trace, land, window = app._trace(state), app._land(state), state.window
    yield Pair("window", [*field["window"]["x"], *field["window"]["y"]], window.ends)
    yield Pair("heights", field["z"], land.loss)
    until = len(trace) if state.only else steady(trace)  # a walk of two is walked step by step: it is not done twice
    for way, name in (("x", window.x), ("y", window.y)):
        yield Pair("walk", (field.get("walk") or {way: []})[way][:until], trace[name][:until], LONG)
    if until == len(trace):
        names = state.problem.network.lines.quantities
        out = len(trace) and window.outside(trace[window.x], trace[window.y]).all()
        text = texts["outside" if out else "only" if state.only else "all"].replace("{{x}}", PLAIN(names[window.x]))
        said = f"{sentence(texts, trace, state.digits)} {text.replace('{{y}}', PLAIN(names[window.y]))}"
        yield Pair("message", data["message"], said, LONG, least([trace]))


def stepper(app: Any, data: Any) -> Iterator[Pair]:
    state = app.state
    yield Pair("where", data["card"]["where"], state.place)
    yield Pair("message", data["message"], app.note(state)[0])
    trace = bp.train(app.problem.replace(learning_rate=state.problem.learning_rate), state.update)
    if state.update < max(1, steady(trace)):
        for part in ("card", "network"):
            assert {*data[part]["numbers"]} == {*state.numbers}
            yield Pair(part, data[part]["numbers"], state.numbers, LONG)


def chain(app: Any, data: Any) -> Iterator[Pair]:
    state = app.state
    whole = {**state.problem.givens, **state.rows.numbers}
    for part in ("network", "factors", "update"):
        yield Pair(part, data[part]["numbers"], whole)
    products = {f"product_{k}": way.product for k, way in enumerate(state.ways, 1)}
    yield Pair("products", data["products"]["results"], products | {"sum": state.ways.total})
    yield Pair("lit", data["nudge"]["lit"], app._lit_words(state))
    yield Pair("message", data["message"], app.note(state)[0])
    # A difference of losses over a small step has few digits.
    said = data["nudge"]["text"].removesuffix(f" {app.spec['texts']['kept'].format(parameter=state.spelled)}")
    yield Pair("nudge", said, app._check(state), 1e-9, rounding(whole) / state.check.step)


def neuron(app: Any, data: Any) -> Iterator[Pair]:
    state, curve, here = app.state, data["curve"], app.state.here
    yield Pair("lines", data["lines"]["numbers"], {**state.problem.givens, **state.rows.numbers})
    out, slope = curve["series"]
    yield Pair("outs", out["y"], activations_picture.profile(state.activation, out["x"]).out)
    yield Pair("slopes", slope["y"], activations_picture.profile(state.activation, slope["x"]).slope)
    if here.inside:
        yield Pair(
            "tangent", curve["tangent"], {"x": here.net, "y": here.out, "slope": here.slope, "rise": 1, "run": 1}
        )
    point = curve["points"][0]
    yield Pair("point", [point["x"], point["y"]], [here.net, here.slope if here.inside else here.out])
    yield Pair("message", data["message"], app.note(state)[0])


def descent(app: Any, data: Any) -> Iterator[Pair]:
    state, curve, walk, step = app.state, data["curve"], app.state.walk, app.state.step
    start = state.problem.replace(train_biases=True)
    if not state.fog:
        whole = curve["series"][-1]
        yield Pair("curve", whole["y"], loss_over(start, **{app.parameter: np.array(whole["x"])}))
    twin = app._walk(state.problem.replace(**{app.parameter: beside(start)[app.parameter]}))
    tables = (np.column_stack([one.at, one.loss, one.slope, one.next])[: step + 1] for one in (walk, twin))
    until = same_until(*tables)
    for way, numbers in (("x", walk.at), ("y", walk.loss)):
        yield Pair(f"walk {way}", curve["series"][0][way][:until], numbers[: step + 1][:until], LONG)
    if step < until:
        x, loss, slope, after = (float(one[step]) for one in (walk.at, walk.loss, walk.slope, walk.next))
        if app.curve.low <= x <= app.curve.high:
            tangent = {"x": x, "y": loss, "slope": slope, "rise": 1}
            yield Pair("tangent", {name: curve["tangent"][name] for name in tangent}, tangent, LONG)
        said = {"E": loss, "slope": slope, "next step": after - x}
        readings = dict(one["text"].split(" = ") for one in curve["readings"])
        for name, value in {app.spec["parts"]["curve"]["x"]["label"]: x, **said}.items():
            yield Pair("reading", plain(readings[name]), number(value, state.digits), LONG)
        yield Pair("arrow", [curve["arrow"]["from"][0], curve["arrow"]["to"][0]], [x, after], LONG)
        names = [row["name"] for row in app.spec["parts"]["lines"]["rows"]]
        lines = {name: data["lines"]["numbers"][name] for name in (app.parameter, f"dE_total/d{app.parameter}", *names)}
        yield Pair("lines", lines, dict(zip(lines, (x, slope, after))), LONG)
        yield Pair("message", data["message"], app.note(state)[0], LONG)


def rounding(values: Mapping[str, Any]) -> float:
    """What a loss may be wrong by, which over h is in every difference quotient: its own places, and its outputs'."""
    loss = abs(float(values["E_total"]))
    return ROUNDED * (loss + math.sqrt(loss))


def gradient_check(app: Any, data: Any) -> Iterator[Pair]:
    state, curve, table = app.state, data["curve"], data["table"]
    values = bp.evaluate(state.problem)
    for series, errors in zip(curve["series"], app._pair(state), strict=True):
        yield Pair("errors", series["y"], errors.errors[::-1], room=rounding(values) / STEPS[::-1])
    names = {spoken["derivative"]: name for name, spoken in app.spec["spoken"].items()}
    for head, *numbers in table["rows"]:
        name = names[head.removesuffix(" ←")]
        quotient = float(difference_quotient(state.problem, name, state.h, state.central)[0])
        derived, measured = (plain(text) for text in numbers[:2])
        digits = max(8, state.digits)
        yield Pair("derived", derived, number(float(values[f"dE/d{name}"]), digits))
        yield Pair("measured", [measured], [quotient], 10.0 ** (1 - digits), rounding(values) / state.h)
    # Where errors are rounding's, the best h is known by its power of ten alone, and that is rounded too.
    yield Pair("message", plain(data["message"]), app.note(state)[0], 9.01)


def cost(app: Any, data: Any) -> Iterator[Pair]:
    state, curve, texts = app.state, data["curve"], app.spec["texts"]
    here, row = app._cost(state.width, state.depth), app._row(state)
    for series, name in zip(curve["series"], ("nudging", "both"), strict=True):
        yield Pair("curve", [series["x"], series["y"]], [*zip(*((one.parameters, getattr(one, name)) for one in row))])
    yield Pair("arrow", [*curve["arrow"]["from"], *curve["arrow"]["to"]],
               [here.parameters, here.both, here.parameters, here.nudging])  # fmt: skip
    counts = [[text.replace(",", "") for text in line[1:3]] for line in data["table"]["rows"]]
    yield Pair("counts", [counts[0][1], counts[1][1]], [here.nudging, here.both])
    yield Pair("times", counts[2][1], texts["table"]["more"].format(times=number(here.times, 3)))
    yield Pair("words", data["words"], app.words(state))
    ratio = texts["ratio"].format(passes=number(here.both / here.forward, 2), runs=f"{here.runs:,}")
    yield Pair("message", data["message"], f"{ratio} {app.note(state)[0]}")


def depth(app: Any, data: Any) -> Iterator[Pair]:
    state, texts = app.state, app.spec["texts"]["trained"]
    kept = [app.read({**app.values, **one}).problem for one in app.values["pinned"]]
    sizes, twin = (
        [*rows[0], *(net for _, net in rows[1:]), *([output_spreads(shown[0])] if shown[0].n_samples > 1 else [])]
        for shown in ([state.problem, *kept], [one.replace(parameters=beside(one)) for one in (state.problem, *kept)])
        for rows in [[gradient_sizes(one) for one in shown]]
    )
    for series, row, other in zip(data["sizes"]["series"], sizes, twin, strict=True):
        shown = np.where((row > 0) & np.isfinite(row), np.clip(row, FLOOR, CEILING), row)
        room = 100 * np.abs(np.where(np.isfinite(row), row - other, 0))  # a deep network magnifies, as a run does
        yield Pair("sizes", dict(enumerate(series["y"])), dict(enumerate(shown)), room=room)
    starts = [state.problem, *(kept or [app.read({**app.values, "depth": 1}).problem])]
    for start, series in zip(starts, data["losses"]["series"]):
        trace = bp.train(start, TRAINED)
        until = steady(trace)
        yield Pair("losses", series["y"][:until], trace.loss[:until], LONG)
        if start is not state.problem or until < len(trace):
            continue
        holes = {"updates": TRAINED, "ended": trace.diverged_at or 0, "rate": start.learning_rate}
        if len(trace):
            network = start.network
            moved: dict[int, list[float]] = {}
            for name, far in zip(network.parameters, np.abs(trace.table[-1] - trace.table[0])):
                if name not in network.biases:
                    moved.setdefault(network.lines.parameters[name].block, []).append(float(far))
            ends = [max(moved[block]) for block in (min(moved), max(moved))]
            holes |= {"first": trace.loss[0], "last": trace.loss[-1], "near|3": ends[0], "far|3": ends[1]}
        text = texts["nothing" if not len(trace) else "went" if trace.diverged_at is None else "ended"]
        for name, value in holes.items():
            digits = 3 if name.endswith("|3") else state.digits
            text = text.replace(f"{{{name}}}", number_read(float(value), digits))
        note = app.note(state)[0]
        flat = FLAT if note.endswith(FLAT) else ""
        yield Pair("message", data["message"], f"{flat} {text}".strip(), LONG, least([trace]))
        said = data["words"][len(app.words(state)) + 1 :]
        yield Pair("words", said[: len(note)], note)


def boundary(app: Any, data: Any) -> Iterator[Pair]:
    state, field, network = app.state, data["field"], app.state.problem.network
    ends, outputs = plane(state.problem)
    yield Pair("window", [*field["window"]["x"], *field["window"]["y"]], ends)
    run, start = app._run, app._run.start
    twin = Run(start.replace(parameters=beside(start)), state.setup.data != app.spec["yours"])
    twin.at(len(run.paces), tuple((k + 1, pace) for k, pace in enumerate(run.paces)), state.pace)
    losses = [np.concatenate(one.losses)[: state.updates + 1] for one in (run, twin)]
    until = same_until(*(one[:, None] for one in losses))
    if state.updates:
        yield Pair("losses", data["curve"]["series"][0]["y"][:until], losses[0][:until], LONG)
    if until < len(losses[0]):
        return
    yield Pair("outputs", field["z"], outputs, LONG)
    values = state.problem.parameters
    xs, ys = (np.linspace(*ends[k : k + 2], len(outputs))[::3] for k in (0, 2))
    seen = np.column_stack([np.tile(xs, len(ys)), np.repeat(ys, len(xs))])
    layers = [*pairwise(network.layers)]
    for layer, (before, after) in enumerate([((), network.inputs), *layers]):
        if layer:
            weights = np.array([[values[network.weight_of[one, other]] for other in after] for one in before])
            yield Pair("weights", data["network"]["weights"][layer][: weights.size], weights, LONG)
            nets = seen @ weights + np.array([values[network.bias_of[name]] if network.biases else 0 for name in after])
            seen = activations_picture.profile(network.activations[layer - 1], nets.ravel()).out.reshape(nets.shape)
        pictures = [one["z"] for one in data["network"]["fields"][layer]]
        yield Pair("neurons", pictures, seen.T, LONG)
    yield Pair("message", data["message"], app.note(state)[0], LONG)
    yield Pair("words", data["words"].split(". ")[0], app.words(state).split(". ")[0], LONG)
    if state.test is not None and state.updates:
        last = data["curve"]["series"][1]["y"][-1]
        yield Pair("test loss", [last], [bp.train(state.tested, 0).loss[0]], LONG)


# Apps that are made of other models, or whose words on the page and in the kernel differ: their own tests compare them.
APART = ("attention", "rules", "variety")


def said(app: Any, data: Any) -> Iterator[Pair]:
    """What any app says."""
    yield Pair("message", data["message"], app.note(app.state)[0], LONG)
    yield Pair("words", data["words"], app.words(app.state), LONG)


KERNEL: dict[str, Callable[[Any, Any], Iterator[Pair]]] = {
    "boundary": boundary,
    "chain": chain,
    "cost": cost,
    "depth": depth,
    "descent": descent,
    "forward": forward,
    "gradient_check": gradient_check,
    "neuron": neuron,
    "paths": chain,
    "stepper": stepper,
    "surface": surface,
    "training": training,
}


@pytest.mark.parametrize("name", [name for name in SLIDING if name not in APART])
def test_the_page_computes_what_the_kernel_computes(module: Page, name: str) -> None:
    draw = np.random.default_rng([7, *name.encode()])
    for given in problems(name, draw):
        app = getattr(bp.apps, name)(given)
        spec = dict(app.spec)
        if name == "depth":
            spec["training"] = {**spec["training"], "updates": TRAINED}
        module.evaluate("spec => opened(spec)", json.dumps(spec))
        slow = name == "depth"
        for values in [settings(app, draw) for _ in range(SETTINGS // (1 + slow))][: TAKEN - slow]:
            app.set(**values)
            answer = module.evaluate("asked => moved(asked)", [json.dumps(values), name in ("boundary", "depth")])
            data = json.loads(answer)
            assert data["values"] == json.loads(json.dumps(app.values))
            for pair in KERNEL.get(name, said)(app, data):
                assert off(pair) <= 1, (app.problem, values, pair)


def test_a_run_is_compared_as_far_as_it_is_steady() -> None:
    article = bp.examples.article.problem
    usual, valley = bp.train(article, 1000), bp.train(article.replace(update=bp.updates.RMSProp()), 1000)
    assert steady(usual) == 1001
    assert 20 < steady(valley) < 1001
