"""The stepper against the derivation, and against a plain program for its numbers."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from app_cases import BY_HAND, slopes
from oracle import mp_values, random_case

import bpkit as bp
from bpkit.apps.stepper import PHASES, phase_of
from bpkit.show.diagram import touched

ARTICLE = bp.examples.article
NETWORKS: list[Any] = [
    ((1, 1), ["identity"], "squared_error", "none"),
    ((3, 2, 2), ["relu", "sigmoid"], "binary_cross_entropy", "neuron"),
    ((2, 3, 3), ["tanh", "softmax"], "cross_entropy", "layer"),
    ((2, 2, 2, 1), ["softplus", "leaky_relu", "identity"], "mean_squared_error", "layer"),
    ((2, 12, 2), ["sigmoid", "sigmoid"], "half_squared_error", "layer"),
]


def test_each_line_has_its_number_its_formula_its_numbers_and_its_reason_in_words() -> None:
    app = bp.apps.stepper(ARTICLE)
    values = {name: float(value) for name, value in mp_values(BY_HAND, BY_HAND.parameters).items()}
    slope = slopes(BY_HAND)["dE_total/dw5"]
    app.line.value = 5
    net = f"= 0.35 · {values['out_h1']:.6g} + 0.2 · {values['out_h2']:.6g} + 0.5 = {values['net_o1']:.6g}"
    assert f"line 5 of 67: net_o1 = w5 · out_h1 + w6 · out_h2 + b2 {net}. Why: net input of o1: each" in repr(app)
    app.line.value = 62
    assert (
        f"update phase, line 62 of 67: w5_new = w5 - learning_rate · dE_total/dw5 = 0.35 - 0.5 · {slope:.6g} ="
        in repr(app)
    )
    app.digits.value = 12
    app.line.value = 5
    assert "0.844680772413" in repr(app)


def test_the_next_update_goes_on_with_the_moved_parameters() -> None:
    app = bp.apps.stepper(ARTICLE)
    slope = slopes(BY_HAND)
    app.update.value = 1
    for name, value in BY_HAND.parameters.items():
        moved = (
            value if name.startswith("b") else value - 0.5 * slope[f"dE_total/d{name}"]
        )  # the article keeps its biases
        assert app.state.problem.parameters[name] == pytest.approx(moved, rel=1e-12)
    assert app.share == "bp.examples.article.problem.updated(1)"
    assert eval(app.share, {"bp": bp}) == app.state.problem == ARTICLE.problem.updated(1)


def test_share_rebuilds_any_problem_shown() -> None:
    for given in (ARTICLE, ARTICLE.problem):
        app = bp.apps.stepper(given)
        app.set(rate=0.25, update=3)
        assert eval(app.share, {"bp": bp}) == app.state.problem
        assert app.state.problem.learning_rate == 0.25


def test_what_is_not_yet_computed_is_not_on_the_picture() -> None:
    app = bp.apps.stepper(ARTICLE)
    values = {name: float(value) for name, value in mp_values(BY_HAND, BY_HAND.parameters).items()}
    order = ["net_h1", "net_h2", "out_h1", "out_h2", "net_o1", "net_o2", "out_o1", "out_o2", "E_o1", "E_o2", "E_total"]
    for line, _ in enumerate(order, 1):
        app.line.value = line
        network = repr(app).partition("network")[2]
        told = {name for name in order if f"{name} = {values[name]:.6g}" in network}
        assert told == set(order[:line])
        root = ET.fromstring(app.drawing(app.state).figure)
        written = {"".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")}
        letters = {"E_o1": "Eo1", "E_o2": "Eo2", "E_total": "E"}
        assert {name for name in letters if f"{letters[name]} = {values[name]:.6g}" in written} == set(order[8:line])


def test_a_line_lights_what_it_touches() -> None:
    app = bp.apps.stepper(ARTICLE)
    lit = lambda: touched(ARTICLE.problem.network, app.state.lit)
    assert lit() == {"h1", "x1", "x2", ("x1", "h1"), ("x2", "h1"), "b1"}
    app.line.value = 23
    assert lit() == {"E_total", "o1", ("h1", "o1")}
    app.line.value = 62
    assert lit() == {"E_total", ("h1", "o1")}
    assert "Lit: w5_new, dE_total/dw5, w5." in repr(app)


def test_the_lines_of_each_phase() -> None:
    app = bp.apps.stepper(ARTICLE)
    phases = [place["phase"] for place in app.spec["places"]]
    assert [1 + phases.index(phase) for phase in PHASES] == [1, 9, 12, 58]
    for line in (1, 9, 12, 58):
        app.line.value = line
        assert f"{phases[line - 1]} phase, line {line} of 67" in repr(app)


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
    assert phases == sorted(phases)
    assert set(phases) == {0, 1, 2, 3}


def test_a_learning_rate_that_fails_is_stated_and_the_app_goes_on() -> None:
    wild = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [100], [3], learning_rate=0.01)
    app = bp.apps.stepper(wild)
    app.set(rate=100, update=90, line=3)
    end = app.state.update
    text, warning = app.note(app.state)
    assert f"The loss is no longer finite at update {end + 1}: learning rate 100 is too large here." in text
    assert f"The lines are those of update {end}." in text
    assert warning
    assert 0 < end < 90
    app.set(rate=0.0001)
    assert app.state.update == 90  # what was asked for, in whatever order the events came
    assert app.note(app.state) == ("", False)


def test_a_loss_that_is_not_finite_from_the_start_is_not_blamed_on_the_learning_rate() -> None:
    large = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1e200, "b1": 0}, [1], [0], learning_rate=0.01)
    app = bp.apps.stepper(large)
    text, warning = app.note(app.state)
    assert warning
    assert "The loss is not finite at update 0" in text
    assert "start with other parameters" in text
    assert "rate" not in text


def test_values_that_will_not_do_are_refused_in_words() -> None:
    app = bp.apps.stepper(ARTICLE)
    for values, words in [
        ({"lime": 3}, "there is no control 'lime'"),
        ({"line": "x"}, "line: expected a finite number, got 'x'"),
    ]:
        with pytest.raises(bp.BpkitError, match=words):
            app.set(**values)
    app.set(line=1000, update=-3)
    assert (app.line.value, app.update.value) == (67, 0)


def test_the_words_are_the_same_every_time_and_stand_behind_the_still_picture() -> None:
    app, other = bp.apps.stepper(ARTICLE), bp.apps.stepper(ARTICLE)
    assert repr(app) == repr(other)
    assert repr(app) == f"App stepper: {app.drawing(app.state)!r}"


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


def test_a_bias_that_is_kept_has_no_way_back_to_light() -> None:
    kept, trained = (bp.apps.stepper(ARTICLE.problem.replace(train_biases=one)) for one in (False, True))
    for app, lit in ((kept, False), (trained, True)):
        lines = [step.name for step in app.problem.derivation]
        assert bool(app.spec["places"][lines.index("dE_total/db1")]["lit"]) is lit
        legend = app.spec["parts"]["network"]["legends"]["backward"]
        assert any("∂E/∂b" in words for words in legend) is lit
