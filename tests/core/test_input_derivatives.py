"""Derivatives by the inputs: there when asked for, and never among the lines of a derivation unasked."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from oracle import Case, array_errors, differences, parameter_names, random_case
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core.numeric import evaluate_given

ARTICLE = bp.examples.article.problem


def by_autograd(case: Case) -> np.ndarray:
    """The derivative of each sample's own loss by its inputs: a row for each sample."""
    theta = np.array([case.parameters[name] for name in parameter_names(case)])
    still = {f"{kind}_{n}": 0.0 for n in range(1, len(case.sizes)) for kind in ("net", "out")}

    def loss(inputs: Any) -> Any:
        return anp.sum(array_errors(replace(case, inputs=inputs), theta, still))

    found: np.ndarray = grad(loss)(np.array(case.inputs))
    return found


@examples(25, 300)
@given(cases(st.just(0)))
def test_one_sample(case: Case) -> None:
    values, [theirs] = bp.evaluate(case.problem()), by_autograd(case)
    ours = {name: values[f"dE/d{name}"] for name in case.layers[0]}
    assert all(isinstance(value, float) for value in ours.values())
    assert differences(ours, dict(zip(case.layers[0], theirs, strict=True)), floor=1e-13) == []


@examples(20, 200)
@given(cases(st.integers(1, 4)), st.sampled_from(["mean", "sum", "each"]))
def test_on_a_batch_each_sample_has_its_own(case: Case, batch: str) -> None:
    """Of the sample's own loss: no mean is taken, whatever the batch does with its losses."""
    problem, theirs = case.problem(batch=batch), by_autograd(case)
    values = bp.evaluate(problem)
    for column, name in enumerate(case.layers[0]):
        ours = values[f"dE/d{name}"]
        assert ours.shape == (len(case.inputs),)
        assert differences(dict(enumerate(ours)), dict(enumerate(theirs[:, column])), floor=1e-13) == []
        alone = [bp.evaluate(problem.sample(row))[f"dE/d{name}"] for row in range(len(case.inputs))]
        np.testing.assert_allclose(ours, alone, rtol=1e-11, atol=1e-13)


@examples(12, 100)
@given(cases(st.just(0)))
def test_what_an_input_does_is_what_its_weights_do(case: Case) -> None:
    """x·dE/dx is the sum of w·dE/dw over its weights, as both multiply in net."""
    values = bp.evaluate(case.problem())
    for place, name in enumerate(case.layers[0]):
        weights = [weights[place] for weights, _ in case.wiring[0]]
        terms = [case.parameters[weight] * values[f"dE/d{weight}"] for weight in weights]
        tolerance = 1e-12 * max(map(abs, terms)) + 1e-290
        assert case.inputs[0][place] * values[f"dE/d{name}"] == pytest.approx(sum(terms), abs=tolerance)


@pytest.mark.parametrize("net", [-1000.0, -40.0, 40.0, 1000.0])
@pytest.mark.parametrize("kind", [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")])
def test_at_extremes(net: float, kind: tuple[str, str]) -> None:
    last, loss = kind
    outputs = 1 if last == "sigmoid" else 3
    weights = {f"w{i}": (net if i == 1 else 0.1 * i) for i in range(1, outputs + 1)}
    for targets in np.eye(3)[:, :outputs]:
        one = bp.Network(1, outputs, activation=last, loss=loss, bias="none")
        values = bp.evaluate(bp.Problem(one, weights, [1.0], targets))
        expected = math.fsum(value * values[f"dE/d{name}"] for name, value in weights.items())
        assert math.isfinite(values["dE/dx1"])
        assert values["dE/dx1"] == pytest.approx(expected, rel=1e-11, abs=1e-300)


# The lines


@pytest.mark.parametrize(("name", "weights"), [("dE/dx1", (0.25, 0.35)), ("dE/dx2", (0.15, 0.28))])
def test_the_article(name: str, weights: tuple[float, float]) -> None:
    """The sum over the hidden neurons of dE/dout · out(1 - out) · w."""
    v = bp.evaluate(ARTICLE)
    terms = [v[f"dE/dout_{h}"] * v[f"out_{h}"] * (1 - v[f"out_{h}"]) * w for h, w in zip(("h1", "h2"), weights)]
    assert v[name] == v[name.replace("E/", "E_total/")] == pytest.approx(sum(terms), rel=1e-14)


def test_the_derivation_keeps_its_lines() -> None:
    derivation, values = bp.derive(ARTICLE.network), bp.evaluate(ARTICLE)
    assert len(derivation) == len(values) == 67
    extra = ["dnet_h1/dx1", "dnet_h2/dx1", "dE_total/dx1", "dnet_h1/dx2", "dnet_h2/dx2", "dE_total/dx2"]
    for name in extra:
        assert name in derivation
        assert name in values
        assert derivation[name].number > 67
        assert name not in [step.name for step in derivation]
        assert name not in list(values)
    assert sorted(derivation[name].number for name in extra) == list(range(68, 74))
    assert derivation["dnet_h1/dx1"].rhs.name == "w1"
    assert derivation["dE/dx1"] == derivation["dE_total/dx1"]
    assert derivation["dE/dx1"].uses == tuple(
        sorted(
            derivation[name].number for name in ("dE_total/dnet_h1", "dnet_h1/dx1", "dE_total/dnet_h2", "dnet_h2/dx1")
        )
    )
    assert "dx1" not in derivation.source()
    assert "dx1" not in str(derivation)
    with pytest.raises(bp.BpkitError, match=r"'dE/dx3'.*dE_total/d"):
        derivation["dE/dx3"]
    with pytest.raises(bp.BpkitError, match=r"'dE/dx3'.*dE_total/d"):
        values["dE/dx3"]
    assert "dE/dx3" not in derivation
    assert "dE/dx3" not in values


@pytest.mark.parametrize("rule", [bp.updates.GradientDescent(), bp.updates.Adam()], ids=repr)
def test_they_follow_the_last_line_of_any_rule(rule: Any) -> None:
    problem = ARTICLE.replace(update=rule)
    derivation = bp.derive(problem)
    assert derivation["dE/dx2"].number == len(derivation) + 6
    assert bp.evaluate(problem)["dE/dx1"] == bp.evaluate(ARTICLE)["dE/dx1"]


@pytest.mark.parametrize("asked", ["dE/dx1", "dE_total/dx1", "x1"])
def test_toward(asked: str) -> None:
    derivation, values = bp.derive(ARTICLE.network), bp.evaluate(ARTICLE)
    lines = derivation.toward(asked)
    names = [step.name for step in lines]
    assert names[-1] == "dE_total/dx1"
    assert {"net_h1", "dE_o1/dout_h1", "dE_total/dout_h2", "dnet_h1/dx1", "dnet_h2/dx1"} <= set(names)
    assert not {"dE_total/dw1", "dE_total/dx2", "dnet_h1/dx2", "w1_new"} & set(names)
    assert all(step.number == derivation[step.name].number for step in lines)
    text = str(lines.at(ARTICLE))
    assert f"{values['dE/dx1']:.6g}" in text
    assert lines.at(ARTICLE)._repr_latex_()
    assert str(lines.at(ARTICLE)) == str(derivation.at(ARTICLE).toward(asked))


def test_the_rule_of_an_update_may_be_another() -> None:
    problem = ARTICLE.replace(update=bp.updates.Adam())
    lines = bp.derive(ARTICLE.network).toward("dE/dx1").at(problem)
    assert f"{bp.evaluate(problem)['dE/dx1']:.6g}" in str(lines)


@examples(8, 80)
@given(cases(st.just(0)))
def test_every_path_from_an_input(case: Case) -> None:
    problem = case.problem()
    values, derivation = bp.evaluate(problem), bp.derive(problem.network)
    for name in case.layers[0]:
        paths = derivation.paths(name)
        if case.activations[-1] != "softmax":
            assert len(paths) == math.prod(case.sizes[1:])
        found = paths.at(problem)
        for path in found:
            assert path.product == pytest.approx(math.prod(values[factor] for factor in path.factors), rel=1e-12)
        size = max(1e-290, *(abs(path.product or 0) for path in found))
        assert found.total == pytest.approx(values[f"dE/d{name}"], rel=1e-9, abs=1e-12 * size)


def test_a_closed_form() -> None:
    expr = bp.derive(ARTICLE.network).expanded("dE/dx1")
    numbers = {symbol: ARTICLE.givens[symbol.name] for symbol in expr.free_symbols}
    assert float(expr.xreplace(numbers)) == pytest.approx(bp.evaluate(ARTICLE)["dE/dx1"], rel=1e-13)
    assert {symbol.name for symbol in expr.free_symbols} <= set(ARTICLE.givens)


def test_numbers_handed_in_are_gone_on_with() -> None:
    values = evaluate_given(ARTICLE, {"dE_total/dnet_h1": 2.0})
    other = bp.evaluate(ARTICLE)["dE_total/dnet_h2"]
    assert values["dE/dx1"] == pytest.approx(2.0 * 0.25 + other * 0.35, rel=1e-14)
    assert values.with_inputs["dE_total/dx1"] == values["dE/dx1"]
    assert len(values) == 67
    assert [*values] == [*bp.evaluate(ARTICLE)]
    assert evaluate_given(ARTICLE.replace(w1=-1e5), {"out_h2": 0.5})["out_h1"] == 0  # e^10000 leaves the floats
    assert evaluate_given(ARTICLE, {"dnet_h1/dx1": 7.0})["dE/dx1"] == pytest.approx(
        bp.evaluate(ARTICLE)["dE_total/dnet_h1"] * 7.0 + other * 0.35, rel=1e-14
    )


def test_the_detective_judges_them() -> None:
    right = bp.evaluate(ARTICLE)["dE/dx1"]
    assert bp.diagnose(ARTICLE, "dE/dx1", repr(right)).verdict == "correct"
    assert bp.diagnose(ARTICLE, "dE_total/dx1", f"{right:.8g}").verdict == "correct"
    assert bp.diagnose(ARTICLE, "dE/dx1", "0.7312845").verdict == "unknown"
    values = bp.evaluate(ARTICLE)
    without = sum(values[f"dE/dout_{h}"] * w for h, w in (("h1", 0.25), ("h2", 0.35)))
    assert bp.diagnose(ARTICLE, "dE/dx1", f"{without:.10g}").verdict == "misconception"


def test_the_detective_app_lists_them_and_goes_on_with_them() -> None:
    """What may be handed in may be asked for: on the article's weights dE/dx1 = w1·dE/dnet_h1 + w2·dE/dnet_h2."""
    app, values = bp.apps.detective(ARTICLE), bp.evaluate(ARTICLE)
    names = ["dnet_h1/dx1", "dnet_h2/dx1", "dE_total/dx1", "dnet_h1/dx2", "dnet_h2/dx2", "dE_total/dx2"]
    assert sorted(app.quantity.options) == sorted([*values, *names])
    right = 0.25 * values["dE/dnet_h1"] + 0.35 * values["dE/dnet_h2"]
    app.set(quantity="dE_total/dx1", number=f"{right:.9g}")
    assert app.state.found.verdict == "correct"
    carried = 0.25 * values["dE/dnet_h1"] + 7.0 * values["dE/dnet_h2"]
    app.set(number=f"{carried:.9g}", given="dnet_h2/dx1 = 7.0")
    assert app.state.found.carried
    assert app.state.found.verdict == "correct"
    app.set(given="dE/dx3 = 0.3")
    assert "I do not know dE/dx3 here; did you mean" in repr(app)
    batch = bp.apps.detective(ARTICLE.replace(inputs=[[1, 2], [3, 4]], targets=[[0, 1], [1, 0]]))
    assert not {*names} & {*batch.quantity.options}


def test_a_loss_without_targets_and_a_network_without_hidden_neurons() -> None:
    case = random_case(np.random.default_rng(0), (3, 1), ("tanh",), "half_squared_error", "layer")
    network = bp.Network(3, 1, activation="tanh", loss="output")
    values = bp.evaluate(bp.Problem(network, case.parameters, case.inputs[0]))
    slope = 1 - values["out_o1"] ** 2
    for name, weight in (("x1", "w1"), ("x2", "w2"), ("x3", "w3")):
        assert values[f"dE/d{name}"] == pytest.approx(slope * case.parameters[weight], rel=1e-13)


def test_lines_of_the_inputs_are_picked_with_their_numbers() -> None:
    lines = bp.derive(ARTICLE.network).at(ARTICLE)
    value = f"{bp.evaluate(ARTICLE)['dE/dx1']:.6g}"
    for picked in (lines.pick(["dE/dx1"]), lines.toward("dE/dx1").pick(["dE_total/dx1"])):
        assert [step.name for step in picked] == ["dE_total/dx1"]
        assert str(picked).split("   ")[0].endswith(f"= {value}")
    assert [step.name for step in lines.pick(["dE/dx1", "dE/dw1"])] == ["dE_total/dw1", "dE_total/dx1"]


def test_the_box_shows_the_line_of_an_input() -> None:
    for asked in ("dE/dx1", "dnet_h1/dx1", "dE/dx1 after 1 update"):
        app = bp.apps.ask(ARTICLE, asked)
        app.set(line=True)
        assert "Line (" in repr(app)
