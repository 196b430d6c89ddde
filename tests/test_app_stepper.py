"""The stepper against the derivation, and against a plain program for its numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from app_cases import BY_HAND, plain, slopes
from oracle import mp_values, random_case

import bpkit as bp
from bpkit.apps.stepper import MOST_UPDATES, PHASES, Stepper, phase_of
from bpkit.show.diagram import touched

ARTICLE = bp.examples.article
NETWORKS: list[Any] = [
    ((1, 1), ["identity"], "squared_error", "none"),
    ((3, 2, 2), ["relu", "sigmoid"], "binary_cross_entropy", "neuron"),
    ((2, 3, 3), ["tanh", "softmax"], "cross_entropy", "layer"),
    ((2, 2, 2, 1), ["softplus", "leaky_relu", "identity"], "mean_squared_error", "layer"),
    ((2, 12, 2), ["sigmoid", "sigmoid"], "half_squared_error", "layer"),
]


def shown(app: Stepper) -> dict[str, str]:
    """What stands on the picture, by kind and by name."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", app.view["diagram"].value)
    return dict(text.split(" = ") for text in texts if " = " in text) | {
        t: "" for t in texts if t[:4] in ("net ", "out ")
    }


def test_next_and_back_walk_through_every_line_of_several_updates() -> None:
    app = bp.apps.stepper(ARTICLE)
    order = [step.number for step in bp.derive(ARTICLE.problem.network)]
    seen = []
    for _ in range(2 * len(order) + 3):
        seen.append((app.state.update, app.state.line))
        app.next.click()
    assert seen == [(update, line) for update in range(3) for line in order][: len(seen)]
    for place in reversed(seen):
        app.back.click()
        assert (app.state.update, app.state.line) == place
    app.back.click()
    assert (app.state.update, app.state.line) == (0, 1)


def test_next_stops_at_the_last_line_of_the_last_update() -> None:
    app = bp.apps.stepper(ARTICLE)
    app.set(update=MOST_UPDATES, line=app.last)
    app.next.click()
    assert (app.state.update, app.state.line) == (MOST_UPDATES, app.last)


def test_each_line_shows_its_number_its_formula_its_numbers_and_its_reason() -> None:
    app = bp.apps.stepper(ARTICLE)
    values = {name: float(value) for name, value in mp_values(BY_HAND, BY_HAND.parameters).items()}
    slope = slopes(BY_HAND)["dE_total/dw5"]
    app.line.value = 5
    net = f"= 0.35 · {values['out_h1']:.6g} + 0.2 · {values['out_h2']:.6g} + 0.5 = {values['net_o1']:.6g}"
    assert f"(5) neto1 = w5 · outh1 + w6 · outh2 + b2 {net}" in plain(app.view["card"].value)
    assert "Why: net input of o1: each hidden output times its weight, plus the bias b2." in app.view["card"].value
    app.line.value = 62
    assert f"(62) w5new = w5 - η · ∂E/∂w5 = 0.35 - 0.5 · {slope:.6g} = {0.35 - 0.5 * slope:.6g}" in plain(
        app.view["card"].value
    )
    assert "(23) ∂E/∂w5 = ∂E/∂neto1 · ∂neto1/∂w5 = " in plain(app.view["card"].value)  # the line that it uses
    assert (
        f"update phase, line 62 of 67: w5_new = w5 - learning_rate · dE_total/dw5 = 0.35 - 0.5 · {slope:.6g} ="
        in repr(app)
    )


def test_the_next_update_goes_on_with_the_moved_parameters() -> None:
    app = bp.apps.stepper(ARTICLE)
    slope = slopes(BY_HAND)
    app.line.value = app.last
    assert app.next.description == "Next update ▸"
    app.next.click()
    assert app.next.description == "Next ▸"
    for name, value in BY_HAND.parameters.items():
        moved = (
            value if name.startswith("b") else value - 0.5 * slope[f"dE_total/d{name}"]
        )  # the article keeps its biases
        assert app.state.problem.parameters[name] == pytest.approx(moved, rel=1e-12)
    assert eval(app.share, {"bp": bp}) == app.state.problem == ARTICLE.problem.updated(1)


def test_what_is_not_yet_computed_is_not_on_the_picture() -> None:
    app = bp.apps.stepper(ARTICLE)
    values = {name: float(value) for name, value in mp_values(BY_HAND, BY_HAND.parameters).items()}
    order = ["net_h1", "net_h2", "out_h1", "out_h2", "net_o1", "net_o2", "out_o1", "out_o2", "E_o1", "E_o2", "E_total"]
    for line, _ in enumerate(order, 1):
        app.line.value = line
        expected = {"y1": "0.05", "y2": "0.95"}
        for name in order[:line]:
            text = f"{values[name]:.6g}"
            expected |= {name: text} if name[0] == "E" else {f"{name[:3]} {text}": ""}
        assert shown(app) == expected
        assert ("E_total = " in repr(app).partition("Network")[2]) == (line == 11)
    app.line.value = 1
    assert shown(app) == {"y1": "0.05", "y2": "0.95", f"net {values['net_h1']:.6g}": ""}


def test_nothing_jumps_from_line_to_line() -> None:
    app = bp.apps.stepper(ARTICLE)
    places = set()
    for line in range(1, app.last + 1):
        app.line.value = line
        picture = app.view["diagram"].value
        places.add(
            (re.search("<svg[^>]*viewBox='[^']*'", picture)[0], *re.findall("<text ([^>]*)>[xho][12]</text>", picture))
        )  # type: ignore[index]
        assert app.view["card"].layout.height == "172px"
    assert len(places) == 1


def test_a_line_lights_what_it_touches() -> None:
    app = bp.apps.stepper(ARTICLE)
    lit = lambda: touched(ARTICLE.problem.network, app.state.lit)
    assert lit() == {"h1", "x1", "x2", ("x1", "h1"), ("x2", "h1"), "b1"}
    app.line.value = 23
    assert lit() == {"E_total", "o1", ("h1", "o1")}
    app.line.value = 62
    assert lit() == {"E_total", ("h1", "o1")}
    assert "Lit: w5_new, dE_total/dw5, w5." in repr(app)
    picture = app.view["diagram"].value
    app.line.value = 63
    assert app.view["diagram"].value != picture


def test_phases() -> None:
    app = bp.apps.stepper(ARTICLE)
    for phase, first in zip(PHASES, (1, 9, 12, 58), strict=True):
        app.phase[phase].click()
        assert app.state.line == app.line.value == first
        assert phase_of(app.state.step) == phase
        labels = [button.description for button in app.phase.values()]
        assert [label for label in labels if "▸" in label] == [f"▸ {PHASES.index(phase) + 1} {phase}"]


@pytest.mark.parametrize(("sizes", "activations", "loss", "bias"), NETWORKS)
def test_any_network(sizes: Any, activations: Any, loss: str, bias: str) -> None:
    case = random_case(np.random.default_rng(7), sizes, activations, loss, bias)
    problem = random_case(np.random.default_rng(7), sizes, activations, loss, bias).problem()
    app = bp.apps.stepper(problem.sample(0) if problem.is_batch else problem)
    values = mp_values(case, case.parameters) | slopes(case)
    assert phase_of(app.state.step) == "forward"
    phases = []
    for line in range(1, app.last + 1):
        app.line.value = line
        step = app.state.step
        phases.append(PHASES.index(phase_of(step)))
        if step.name in values:
            assert app.state.rows.numbers[step.name] == pytest.approx(float(values[step.name]), rel=1e-6, abs=1e-9)
            assert (
                f"= <b>{app.state.rows.numbers[step.name]:.6g}</b>".replace("<b>-0<", "<b>0<") in app.view["card"].value
            )
    assert phases == sorted(phases)
    assert set(phases) == {0, 1, 2, 3}


def test_a_learning_rate_that_fails_is_stated_and_the_app_goes_on() -> None:
    wild = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [100], [3], learning_rate=0.01)
    app = bp.apps.stepper(wild)
    app.set(rate=100, update=90, line=3)
    assert "The loss is no longer finite at update" in app.message.value
    assert "alert" in app.message.value
    end = app.state.update
    assert 0 < end < 90
    app.line.value = app.last
    app.next.click()
    assert (app.state.update, app.state.line) == (end, app.last)
    app.set(rate=0.0001)
    assert app.state.update == 90  # what was asked for, in whatever order the events came
    assert "alert" not in app.message.value
    app.reset.click()
    assert (app.state.update, app.state.line, app.state.problem) == (0, 1, wild)


def test_a_loss_that_is_not_finite_from_the_start_is_not_blamed_on_the_learning_rate() -> None:
    large = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1e200, "b1": 0}, [1], [0], learning_rate=0.01)
    app = bp.apps.stepper(large)
    assert "The loss is not finite at update 0" in app.message.value
    assert "start with other parameters" in app.message.value
    assert "rate" not in app.message.value


def test_the_words_are_the_same_every_time_and_stand_behind_the_still_picture() -> None:
    app, other = bp.apps.stepper(ARTICLE), bp.apps.stepper(ARTICLE)
    assert repr(app) == repr(other)
    assert app._repr_mimebundle_()["image/svg+xml"] == app.view["diagram"].value
    app.digits.value = 12
    app.line.value = 5
    assert "0.844680772413" in app.view["card"].value


def test_a_batch_is_refused() -> None:
    batch = ARTICLE.problem.replace(inputs=[[0, 1], [1, 0]], targets=[[0, 1], [1, 0]])
    with pytest.raises(bp.BpkitError, match="stepper app: expected one sample"):
        bp.apps.stepper(batch)


@pytest.mark.parametrize("rule", [bp.updates.Adam(weight_decay=0.1), bp.updates.RMSProp(), bp.updates.Momentum()])
def test_every_line_of_an_update_rule_is_walked_and_lights_its_parameter(rule: bp.updates.UpdateRule) -> None:
    problem = ARTICLE.problem.replace(update=rule, train_biases=True)
    app = bp.apps.stepper(problem)
    for step in problem.derivation:
        app.set(line=step.number)
        assert f"{step.name} = " in repr(app)
        if phase_of(step) == "update" and step.name != "t":
            parameter = next(name for name in problem.parameters if name in step.name.split("_"))
            assert parameter in app.state.lit
            assert not {"learning_rate", "beta1", "rho", f"m_{parameter}_old"} & set(app.state.lit)
