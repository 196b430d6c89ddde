"""Apps on models of blocks as saved pages, without a kernel: their numbers are Python's, whatever is moved."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import Open, enter, opened  # noqa: F401  (a fixture)
from stacks import STACKS, drawn
from thorough import THOROUGH

import bpkit as bp
from bpkit import blocks
from bpkit.core.spelling import readable
from bpkit.show.graph_spec import graph_spec
from bpkit.show.graph_svg import touched

EXAMPLES: dict[str, Any] = {name: getattr(bp.examples, name) for name in ("rnn", "convolution", "attention")}
STACKED = {name: drawn(STACKS[name], 2, spread=0.5, learning_rate=0.1) for name in ("lstm alone", "embedding")}
EVERY = EXAMPLES | STACKED
LIVE = ("chain", "stepper", "training", "gradient_check", "forward")
PAIRS = [*product(LIVE, EVERY)][:: 1 if THOROUGH else 2]  # each app with some models, each model in some apps
LARGEST = 460_000  # bytes of a saved page of these models


def problem_of(name: str) -> bp.Problem:
    return getattr(EVERY[name], "problem", EVERY[name])


def words(app: Locator) -> str:
    """The picture in words."""
    app.get_by_label("Picture in words").check()
    return app.locator(".bpkit-words").inner_text()


def numbered(text: str, problem: bp.Problem) -> dict[str, str]:
    """What a text says that the quantities of a problem are."""
    names = {*problem.givens, *bp.evaluate(problem)}
    pairs = re.findall(r"([\w/]+) = (-?[\d.]+(?:e[-+]\d+)?)", text.replace("−", "-"))
    return {name: value.rstrip(".") for name, value in pairs if name in names}


def same(text: str, problem: bp.Problem, least: int) -> None:
    """Every number of a text is Python's, and there are so many at least."""
    values = {**problem.givens, **bp.evaluate(problem)}
    found = numbered(text, problem)
    for name, shown in found.items():
        assert float(shown) == pytest.approx(float(values[name]), rel=1e-5, abs=1e-12), name
    assert len(found) >= least


@pytest.mark.parametrize(("app", "name"), PAIRS)
def test_a_saved_page_opens_small_and_silent(app: str, name: str, opened: Open, tmp_path: Path) -> None:  # noqa: F811
    page = opened(getattr(bp.apps, app)(EVERY[name]), 1366)
    expect(page).to_be_visible()
    assert (tmp_path / "app.html").stat().st_size < LARGEST
    assert "undefined" not in page.inner_text()
    assert not re.search(r"\bNaN\b", page.inner_text())


@pytest.mark.parametrize("app", ["forward", "paths"])
def test_three_steps_fit_beside_a_side_bar(app: str, opened: Open) -> None:  # noqa: F811
    steps = bp.Problem(
        bp.Model((3, 1), bp.blocks.Recurrent(1)),
        {"Wx1": [[0.5]], "Wh1": [[0.5]], "b1": [0.1]},
        [[1.0], [0.5], [1.0]],
        [0.9],
    )
    picture = opened(getattr(bp.apps, app)(steps), 850).locator(".bpkit-net").first
    assert picture.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert picture.evaluate("one => !one.closest('.bpkit-body')")  # above the controls


@pytest.mark.parametrize("name", EVERY)
def test_sliders_move_every_number_of_the_forward_pass(name: str, opened: Open) -> None:  # noqa: F811
    problem = problem_of(name)
    app = opened(bp.apps.forward(EVERY[name]))
    parameter = problem.network.parameters[0]
    enter(app, parameter, 0.4321)
    moved = problem.replace(**{parameter: 0.4321})
    expect(app.get_by_role("textbox", name="Share")).to_have_value(re.compile("0.4321"))
    same(words(app), moved, len([*problem.network.lines]))


@pytest.mark.parametrize("name", EVERY)
def test_training_runs_in_the_page(name: str, opened: Open) -> None:  # noqa: F811
    problem = problem_of(name)
    app = opened(bp.apps.training(EVERY[name]))
    parameter = problem.network.parameters[-1]
    start = problem.replace(**{parameter: 0.25, "learning_rate": 0.05})
    enter(app, parameter, 0.25)
    enter(app, "learning rate", 0.05)
    enter(app, "updates", 20)
    trace = bp.train(start, 20)
    expect(app.locator(".bpkit-message")).to_contain_text(readable(f"to {trace.loss[-1]:.6g}."))
    enter(app, "show update", 20)
    same(words(app), trace.final, len([*problem.network.lines]) + len(problem.parameters))


def test_a_batch_of_steps_trains_in_the_page(opened: Open) -> None:  # noqa: F811
    problem = drawn(STACKS["recurrent, last"], 7, 4, spread=0.5, learning_rate=0.05)
    app = opened(bp.apps.training(problem))
    enter(app, "updates", 30)
    expect(app.locator(".bpkit-message")).to_contain_text(f"to {bp.train(problem, 30).loss[-1]:.6g}.")
    check = opened(bp.apps.gradient_check(problem))
    names, values = problem.network.parameters, bp.evaluate(problem)
    enter(check, "h", 1e-5)
    check.get_by_role("combobox", name="parameter").select_option(names[0])
    rows = check.locator(".bpkit-texts tbody tr").all()
    expect(rows[0]).to_contain_text("←")
    assert len(rows) == min(len(names), 12)
    for name, row in zip(names, rows):
        derived, measured, *_ = (float(text.replace("−", "-")) for text in row.locator("td").all_inner_texts()[:2])
        assert derived == pytest.approx(float(values[f"dE_total/d{name}"]), rel=1e-4)
        assert measured == pytest.approx(derived, rel=1e-4)


@pytest.mark.parametrize("name", EVERY)
def test_the_stepper_tells_every_line(name: str, opened: Open) -> None:  # noqa: F811
    problem = problem_of(name)
    app = opened(bp.apps.stepper(EVERY[name]))
    lines, last = problem.derivation, len(problem.derivation)
    values = bp.evaluate(problem)
    for line in (1, last // 3, last // 2, last):
        enter(app, "line", line)
        expect(app.locator(".bpkit-card b").first).to_contain_text(f"line {line} of {last}")
        row = app.locator(".bpkit-card tbody tr").first
        shown = row.locator("b").inner_text().replace("−", "-").removeprefix("= ")
        assert float(shown) == pytest.approx(float(values[lines[line].name]), rel=1e-5, abs=1e-12)
    enter(app, "updates done", 3)
    same(words(app), problem.updated(3), len([*problem.network.lines]))


def lit(app: Locator) -> set[str]:
    """The names of the boxes that are lit."""
    return {*app.locator(".bpkit-net-neuron.is-lit .bpkit-net-name").all_text_contents()}


def test_a_line_lights_its_uses_alone(opened: Open) -> None:  # noqa: F811
    problem = EXAMPLES["rnn"].problem
    app, spec = opened(bp.apps.stepper(EXAMPLES["rnn"])), graph_spec(problem.network)
    ways, places = app.locator(".bpkit-net-way"), bp.apps.stepper(EXAMPLES["rnn"]).spec["places"]
    assert ways.count() == len(spec["edges"])
    for line in problem.derivation:
        about = places[line.number - 1]["lit"]
        enter(app, "line", line.number)
        expect(app.locator(".bpkit-card b").first).to_contain_text(f"line {line.number} of")
        expected = touched(problem.network, about)
        named = {node["name"]: "".join(spec["written"].get(node["name"], node["name"])) for node in spec["nodes"]}
        assert lit(app) == {named[name] for name in {*named} & expected}, line.name
        on = ways.evaluate_all("ways => ways.map(way => way.classList.contains('is-lit'))")
        keys = {edge["key"] for edge, is_on in zip(spec["edges"], on, strict=True) if is_on}
        assert keys == {edge["key"] for edge in spec["edges"]} & expected, line.name


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_weight_is_chosen_on_the_picture_or_in_its_table(name: str, opened: Open) -> None:  # noqa: F811
    problem = problem_of(name)
    app = opened(bp.apps.chain(EXAMPLES[name]))
    values = bp.evaluate(problem)
    for parameter in problem.network.parameters[:4]:
        app.get_by_role("button", name=f"choose {parameter}", exact=True).press("Enter")
        expect(app.get_by_role("combobox", name="parameter")).to_have_value(parameter)
        text = words(app)
        assert f"the derivative is {values[f'dE_total/d{parameter}']:.6g}" in text.replace("−", "-")
        assert "they differ by less than a millionth of their size" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["rnn", "attention"])
def test_names_stay_in_their_boxes(name: str, scheme: Any, page: Page, opened: Open) -> None:  # noqa: F811
    page.emulate_media(color_scheme=scheme)
    app = opened(bp.apps.stepper(EXAMPLES[name]), 1366)
    enter(app, "line", len(problem_of(name).derivation))
    assert app.locator(".bpkit-net-neuron").evaluate_all(OUTSIDE) == []
    page.emulate_media(color_scheme="light")


# The texts that leave the frame of their box.
OUTSIDE = """boxes => boxes.flatMap((box) => {
    const frame = box.querySelector('.bpkit-net-frame').getBoundingClientRect();
    const leaves = ({left, right, width}) => width && (left < frame.left || right > frame.right);
    return [...box.querySelectorAll(':scope > text')].filter((text) => leaves(text.getBoundingClientRect()))
        .map((text) => text.textContent);
})"""


def test_a_large_model_shows_its_blocks(opened: Open) -> None:  # noqa: F811
    model = bp.Model((3, 4), blocks.Residual(blocks.LayerNorm(), blocks.Attention(4)), blocks.Dense(2))
    app = opened(bp.apps.stepper(drawn(model, 3, spread=0.3)))
    for text in ("Attention 2", "3 × 4", "48 parameters", "sum 2"):
        expect(app.locator(".bpkit-net")).to_contain_text(text)
    enter(app, "line", 13)
    assert lit(app)


def test_a_steep_line_and_its_tangent_stay_in_their_frame(opened: Open) -> None:  # noqa: F811  (the fixture)
    convolution = bp.Model(4, blocks.Conv1d(2))
    skin = bp.Problem(convolution, {"k1": [0.5, 0.5], "b1": 0.0}, inputs=[0.2, 0.2, 0.9, 0.9], targets=[0, 1, 0])
    app = opened(bp.apps.paths(skin))
    app.get_by_role("button", name="path 2").click()
    panel = app.locator(".bpkit-slope").nth(1)  # of an output that is its net input
    bottom = panel.locator(".bpkit-slope-axis").evaluate("(node) => node.getBBox().height + node.getBBox().y")
    for part in ("curve", "tangent"):
        box = panel.locator(f".bpkit-slope-{part}").evaluate(
            "(node) => [node.getBBox().y, node.getBBox().y + node.getBBox().height]"
        )
        assert 0 <= box[0] < box[1] <= bottom
