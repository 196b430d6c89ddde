"""Pictures: words with the engine's numbers, every name at its place, nothing overlaps, signs need no colour."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET

import matplotlib.image
import numpy as np
import pytest
from drawn_elements import Drawn, elements
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

import bpkit as bp
from bpkit.core.spelling import LOW
from bpkit.show.diagram import diagram, numbers_of, svg, touched
from bpkit.show.diagram_layout import INPUT_WIDTH, LETTER, NODE_WIDTH, layout
from bpkit.show.drawing import DPI, PER_INCH, small_png
from bpkit.show.lines_table import lines_html
from bpkit.show.palette import FILL, LIT, NEGATIVE, PAPER, POSITIVE, RUNS
from bpkit.show.plots import blank, logarithmic, loss_curves
from bpkit.show.raster import raster
from bpkit.show.strokes import label_width

ARTICLE = bp.examples.article.problem
SVG = "{http://www.w3.org/2000/svg}"


def random_problem(network: bp.Network, seed: int = 0) -> bp.Problem:
    draw = np.random.default_rng(seed)
    parameters = {name: float(draw.normal()) for name in network.parameters}
    return bp.Problem(network, parameters, draw.normal(size=network.sizes[0]), draw.uniform(size=network.sizes[-1]))


def texts(picture: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(picture).iter(f"{SVG}text")]


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_the_words_of_the_article_s_diagram_state_its_numbers() -> None:
    words = repr(ARTICLE.diagram(digits=12))
    for figure in (
        "net_h1 = 0.505",
        "out_h1 = 0.623633628298",  # the facts of the article at 40 digits
        "net_o1 = 0.844680772413",
        "out_o2 = 0.737584810707",
        "E_o1 = 0.210892731798",
        "E_total = 0.233452838119",
        "w4 = 0.15 from x2 to h1",
        "w2 = 0.28 from x2 to h2",
        "b1 = 0.45 into h1 and h2",
        "y2 = 0.95, E_o2 = 0.02256",
    ):
        assert figure in words


def test_the_diagram_shows_every_name_and_number_at_its_place() -> None:
    shown = texts(ARTICLE.diagram().figure)
    for text in ["w₁=0.25", "w₈=0.4", "b₂=0.5", "net 0.844681", "out 0.69945", "y₁ = 0.05", "E = 0.233453", "x₂"]:
        assert text in shown
    bare = texts(ARTICLE.network.diagram().figure)
    assert {*(name.translate(LOW) for name in ARTICLE.network.parameters), "x₁", "h2", "o1"} <= set(bare)
    assert not any("=" in text for text in bare)


@pytest.mark.parametrize("digits", [6, 12])
def test_a_number_as_long_as_it_gets_stays_inside_its_neuron(digits: int) -> None:
    long = dict.fromkeys(("x1", "net_h1", "out_h1"), -1.23456789012e-05)
    for one in elements(svg(ARTICLE.network, long, (), digits), "text"):
        if "10⁻⁵" in one.words:
            width = NODE_WIDTH if one.words.startswith(("net", "out")) else INPUT_WIDTH
            widest = 0.6 * float(one.look["font-size"]) * len(one.words)  # as wide as letters get
            assert widest <= width - 14 + 0.1, one.words


@pytest.mark.parametrize("bias", ["layer", "neuron", "none"])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 2, 2), (3, 4, 3), (2, 6, 6, 2), (5, 1, 5)])
def test_labels_stand_apart_and_nothing_leaves_the_picture(sizes: tuple[int, ...], bias: str) -> None:
    network = bp.Network(*sizes, bias=bias)
    plan = layout(network, True)
    assert set(plan.labels) == set(network.weight_of)
    size = {edge: LETTER * (len(network.weight_of[edge]) + 7) for edge in plan.labels}
    for edge, (x, y) in plan.labels.items():
        assert 0 < x - size[edge] / 2 < x + size[edge] / 2 < plan.width
        assert 0 < y < plan.height
        for other, (u, v) in plan.labels.items():
            if other != edge and max(map(len, network.layers)) <= 4:
                assert abs(x - u) >= (size[edge] + size[other]) / 2 or abs(y - v) >= 14, (edge, other)
    for x, y in [*plan.nodes.values(), *plan.biases.values()]:
        assert 0 < x < plan.width
        assert 12 < y < plan.height


def ends_of(line: Drawn) -> tuple[float, ...]:
    """Where a line begins and ends: the x of both, the y of both."""
    return tuple(float(line.look[at]) for at in ("x1", "x2", "y1", "y2"))


def test_a_sign_is_a_dash_and_a_size_is_a_width() -> None:
    lines = elements(svg(ARTICLE.network, numbers_of(ARTICLE.replace(w1=-0.1, w4=2.0, w3=0.0))), "line")
    plan = layout(ARTICLE.network, True)
    line = {}
    for edge, ((x1, y1), (x2, y2)) in plan.edges.items():
        line[ARTICLE.network.weight_of[edge]] = next(
            one.look for one in lines if ends_of(one) == pytest.approx((x1, x2, y1, y2), abs=0.051)
        )
    assert line["w1"].get("stroke-dasharray")
    assert line["w1"].get("stroke") == NEGATIVE
    assert line["w4"].get("stroke-dasharray") is None
    assert line["w4"].get("stroke") == POSITIVE
    widths = [float(line[name]["stroke-width"]) for name in ("w3", "w1", "w2", "w4")]
    assert widths == sorted(widths)
    assert widths[0] < widths[1] < widths[3]


@pytest.mark.parametrize("color", [*(run[0] for run in RUNS), NEGATIVE, POSITIVE])
def test_colours_can_be_read_on_the_paper(color: str) -> None:
    assert (luminance(PAPER) + 0.05) / (luminance(color) + 0.05) >= 4.5


def test_quantities_light_their_nodes_and_edges() -> None:
    network = ARTICLE.network
    assert touched(network, ["dnet_o1/dout_h1"]) == {"o1", "h1", ("h1", "o1")}
    assert touched(network, ["w2", "w4_new"]) == {("x2", "h2"), ("x2", "h1")}
    assert touched(network, ["dE_total/dw5", "dE/db1"]) == {"E_total", ("h1", "o1"), "b1"}
    assert touched(network, ["net_h1", "E_o2", "y1", "dE_o1/dnet_o1", "dnet_h1/dx1"]) == {
        *("h1", "E_o2", "y1", "E_o1", "o1", "x1"),
        ("x1", "h1"),
    }
    for step in bp.derive(bp.Network(2, 2, 2, 1, bias="neuron")):
        assert touched(bp.Network(2, 2, 2, 1, bias="neuron"), [step.name])
    lit, plain = ARTICLE.diagram(highlight=["w5"]), ARTICLE.diagram()
    assert lit.figure != plain.figure
    assert lit.caption.endswith("Lit: w5.")
    mixed = bp.Network(2, 2, 1, activation=["leaky_relu", "sigmoid"], loss="binary_cross_entropy").diagram().caption
    assert mixed.startswith(
        "The 2-2-1 network has leaky ReLU and sigmoid neurons, and its loss is binary cross-entropy."
    )
    with pytest.raises(bp.BpkitError, match=r"highlight: the picture has no 'E_o3'; did you mean 'E_o"):
        ARTICLE.diagram(highlight=["E_o3"])


def test_wide_layers_are_told_by_a_number() -> None:
    network = bp.Network(2, 32, 32, 2)
    picture = str(random_problem(network).diagram().figure)
    assert texts(picture).count("⋮ 25 more") == 2
    assert len(picture) < 80_000
    assert "1152 weights between -" in random_problem(network).diagram().caption


def test_a_batch_and_a_number_that_left_the_floats_are_drawn_too() -> None:
    batch = ARTICLE.replace(inputs=[[0.1, 0.2], [0.3, 0.4]], targets=[[0, 1], [1, 0]])
    assert f"E_total = {bp.evaluate(batch)['E_total']:.6g}" in batch.diagram().caption
    wild = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1e200, "b1": 0}, [1e200], [0])
    assert "net inf" in str(wild.diagram().figure)


def test_a_diagram_is_an_image_with_words_and_the_same_on_every_call() -> None:
    drawing = ARTICLE.diagram()
    (bundle,) = drawing.bundles()
    html = bundle["text/html"]
    image = re.search(r'<img class="bpkit-picture" alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)"', html)
    assert image
    alt, data = image.groups()
    assert alt == drawing.caption
    assert base64.b64decode(data).decode() == drawing.figure == ARTICLE.diagram().figure
    assert bundle["text/plain"] == drawing.caption


def pixels(picture: bytes) -> np.ndarray:
    """Rows, columns and colours, from 0 to 255."""
    return np.round(255 * matplotlib.image.imread(io.BytesIO(picture))[:, :, :3]).astype(int)


def has(picture: np.ndarray, color: str) -> bool:
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return bool((np.abs(picture - wanted).max(axis=2) <= 4).any())


@pytest.mark.parametrize("network", [ARTICLE.network, bp.Network(2, 3, 2, bias="neuron"), bp.Network(2, 32, 2)])
def test_a_diagram_drawn_by_matplotlib_has_the_svg_s_parts_at_their_places(network: bp.Network) -> None:
    problem = random_problem(network, 3)
    picture = str(problem.diagram(highlight=list(network.weights)[:1]).figure)
    root, figure = ET.fromstring(picture), raster(picture)
    (axes,) = figure.axes
    assert [round(100 * inches) for inches in figure.get_size_inches()] == [
        int(root.get("width", "0")),
        int(root.get("height", "0")),
    ]
    assert "".join(text.get_text() for text in axes.texts) == "".join(texts(picture))
    kinds = [one.tag for one in elements(picture)]
    assert len(axes.lines) == kinds.count("line")
    assert len(axes.patches) == kinds.count("rect") + kinds.count("circle")
    for drawn, line in zip(axes.lines, elements(picture, "line")):
        assert (*drawn.get_xdata(), *drawn.get_ydata()) == ends_of(line)
        assert drawn.get_color() == line.look["stroke"]
        assert drawn.is_dashed() == ("stroke-dasharray" in line.look)
    order = [artist.get_zorder() for artist in axes.get_children() if artist in {*axes.lines, *axes.patches}]
    assert len(set(order)) == len(order)  # each over those that come before it
    plain, lit = pixels(problem.diagram().png()), pixels(problem.diagram(highlight=list(network.weights)[:1]).png())
    for color in (POSITIVE, NEGATIVE, PAPER, FILL):
        assert has(plain, color)
    assert has(lit, LIT)
    assert not has(plain, LIT)


def letters(picture: str) -> list[tuple[str, Bbox]]:
    """The pieces of text that Matplotlib draws, each with its box."""
    figure = raster(picture)
    FigureCanvasAgg(figure).draw()
    return [(text.get_text(), text.get_window_extent()) for text in figure.axes[0].texts]


def test_letters_of_a_drawn_label_keep_to_its_room_and_the_line_behind_away() -> None:
    picture = str(ARTICLE.replace(w1=-0.1234, w5=12.25).diagram().figure)
    of = dict(letters(picture))
    for said, name, value in (("w₁=−0.1234", "w1", -0.1234), ("w₅=12.25", "w5", 12.25)):
        assert of[said].width <= label_width((name, ""), value) * DPI / PER_INCH
        (label,) = [one for one in elements(picture, "text") if one.words == said]
        assert (label.look["stroke"], label.look["paint-order"]) == (PAPER, "stroke")
    halo = {text.get_text(): bool(text.get_path_effects()) for text in raster(picture).axes[0].texts}
    assert halo["w₁=−0.1234"]
    assert not halo["h1"]


def test_an_index_that_is_more_than_a_number_stands_low_and_small() -> None:
    pieces = letters(str(bp.examples.convolution.problem.diagram().figure))
    place = next(place for place, (said, _) in enumerate(pieces) if said == "1,1")
    (word, low, number) = (box for _, box in pieces[place - 1 : place + 2])
    assert abs(word.x1 - low.x0) < 4  # one behind the other
    assert abs(low.x1 - number.x0) < 4
    assert low.y0 < word.y0 - 1
    assert low.height < 0.9 * number.height


def test_few_colours_look_like_all() -> None:
    draw = np.random.default_rng(0)
    flat = np.full((40, 50, 4), 255, np.uint8)
    flat[10:20, 10:20, :3] = (0, 114, 178)
    assert (pixels(small_png(flat)) == flat[:, :, :3]).all()
    for noise in (draw.integers(0, 256, (60, 70, 4), np.uint8), draw.integers(0, 40, (60, 70, 4), np.uint8)):
        assert np.abs(pixels(small_png(noise)) - noise[:, :, :3]).mean() < 20
    curve = bp.train(ARTICLE, 1000).plot()
    exact = FigureCanvasAgg(curve.figure)
    exact.draw()
    assert np.abs(pixels(curve.png()) - np.asarray(exact.buffer_rgba())[:, :, :3]).max() <= 16


def test_names_cannot_break_out_of_the_picture() -> None:
    assert "<script" not in str(diagram(ARTICLE).figure)
    ET.fromstring(str(random_problem(bp.Network(2, 3, 2, bias="neuron")).diagram().figure))


def test_curves_at_several_learning_rates_say_which_is_which() -> None:
    runs = [bp.train(ARTICLE.replace(learning_rate=rate), 20) for rate in (0.1, 0.5, 10)]
    picture = loss_curves(runs)
    (axes,) = picture.figure.axes
    for line, run, (_, style, look) in zip(axes.lines, runs, RUNS):
        assert np.array_equal(line.get_ydata(), run.loss)
        assert line.get_linestyle() == style  # not the colour alone
        assert (
            f"{look.capitalize()}: Loss E_total against updates, learning rate {run.problem.learning_rate:g}"
            in repr(picture)
        )
        assert f"{run.loss[20]:.6g} after 20" in repr(picture)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "learning rate 0.1",
        "learning rate 0.5",
        "learning rate 10",
    ]
    assert loss_curves(runs, log=True).figure.axes[0].get_yscale() == "log"
    with pytest.raises(bp.BpkitError, match="expected 1 to 5 runs, got 6"):
        loss_curves(runs * 2)


def test_a_run_that_fails_ends_where_it_fails() -> None:
    straight = ARTICLE.replace(network=bp.Network(2, 2, 2, activation="identity"), learning_rate=8)
    run = bp.train(straight, 100)
    assert run.diverged_at is not None
    assert "no longer finite" in repr(loss_curves([run]))
    assert len(loss_curves([run]).figure.axes[0].lines[0].get_ydata()) == len(run) < 100


def test_a_loss_curve_says_its_losses() -> None:
    drawing = bp.train(ARTICLE, 1000).plot(log=True)
    for figure in (
        "0.233453 after 0",
        "0.225433 after 1",
        "0.156131 after 10",
        "0.0114816 after 100",
        "0.000120369 after",
    ):
        assert figure in repr(drawing)  # the facts of the article
    picture, words = drawing.bundles()
    assert picture["text/plain"] == drawing.caption
    assert drawing.caption in words["text/html"]
    assert "data:" not in words["text/html"]  # pixels differ between machines, and this text is compared
    pixels = matplotlib.image.imread(io.BytesIO(picture["image/png"]))
    blue = np.abs(pixels[:, :, :3] - np.array([0, 0x72, 0xB2]) / 255).max(axis=2) < 0.02
    assert blue.any(axis=0).mean() > 0.8  # the curve crosses the picture
    line = drawing.figure.axes[0].lines[0]  # type: ignore[union-attr]
    np.testing.assert_array_equal(line.get_ydata(), bp.train(ARTICLE, 1000).loss)


def test_a_run_that_leaves_the_floats_is_drawn_up_to_there() -> None:
    problem = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3], learning_rate=5)
    drawing = bp.train(problem, 1000).plot()
    assert "no longer finite at update 162: learning rate 5 is too large here" in drawing.caption
    assert drawing.png().startswith(b"\x89PNG")
    nothing = bp.train(problem.replace(w1=1e200, x1=1e200), 10)
    assert len(nothing) == 0
    assert "no point to draw" in nothing.plot().caption
    assert nothing.plot().png()


def test_live_lines_say_what_the_derivation_says() -> None:
    problem = ARTICLE.replace(w6=-0.2)
    lines = bp.derive(problem.network)
    table = lines_html(lines, {**problem.givens, **bp.evaluate(problem)}, 8, lit=[5])
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", table))
    assert "= 0.35 · 0.62363363 + (−0.2) · 0.63204501 + 0.5 = 0.59186277" in plain
    rows = re.findall(r"<tr( class=\"bpkit-lit\")?><td>\((\d+)\)", table)
    assert [int(number) for _, number in rows] == [step.number for step in lines]
    assert [number for mark, number in rows if mark] == ["5"]


@pytest.mark.parametrize(("low", "high"), [(1e-12, 0.2), (0.09, 0.24), (0.5, 3000.0), (3e-5, 9e-5)])
def test_powers_of_ten_are_labelled_in_plain_letters_that_say_where_they_stand(low: float, high: float) -> None:
    _, axes = blank()
    logarithmic(axes, "y")
    axes.set_ylim(low, high)
    axes.figure.canvas.draw()
    axis = axes.yaxis
    ticks = [*zip(axis.get_majorticklocs(), axis.get_majorticklabels())]
    ticks += zip(axis.get_minorticklocs(), axis.get_minorticklabels())
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    shown = {label.get_text(): at for at, label in ticks if label.get_text() and low <= at <= high}
    assert len(shown) >= 2
    for text, at in shown.items():
        mantissa, _, power = text.rpartition("·")
        assert float(mantissa or 1) * 10.0 ** int(power.removeprefix("10").translate(plain)) == pytest.approx(at)
