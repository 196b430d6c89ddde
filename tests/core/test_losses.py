"""A user's own loss, the loss that is the output itself, and pairs that are refused."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import autograd.numpy as anp
import mpmath as mp
import numpy as np
import oracle
import pytest
import sympy as sp
from oracle import Case, array_errors, array_gradients, differences, parameter_names, random_case
from thorough import EVERYTHING

import bpkit as bp
from bpkit.core.losses import LOSSES
from bpkit.core.numeric import loss_over

y, out = sp.symbols("y out")
r = out - y


class Own(NamedTuple):
    """A loss as a person gives it, over arrays for autograd, and by hand with its slope for many digits."""

    expr: sp.Expr
    arrays: Callable[[Any, Any], Any]
    error: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], Any]


OWN = {
    "own_huber": Own(
        sp.Piecewise((r**2 / 2, sp.Abs(r) <= 1), (sp.Abs(r) - sp.Rational(1, 2), True)),
        lambda y, out: anp.where(anp.abs(out - y) <= 1, (out - y) ** 2 / 2, anp.abs(out - y) - 0.5),
        lambda y, out: (out - y) ** 2 / 2 if abs(out - y) <= 1 else abs(out - y) - mp.mpf(0.5),
        lambda y, out: min(max(out - y, -1), 1),
    ),
    "own_log_cosh": Own(
        sp.log(sp.cosh(r)),
        lambda y, out: anp.logaddexp(out - y, y - out) - math.log(2),
        lambda y, out: mp.log(mp.cosh(out - y)),
        lambda y, out: mp.tanh(out - y),
    ),
    "own_absolute_error": Own(
        sp.Abs(r),
        lambda y, out: anp.abs(out - y),
        lambda y, out: abs(out - y),
        lambda y, out: mp.sign(out - y),
    ),
    "own_pinball": Own(
        sp.Max(0.8 * (y - out), -0.2 * (y - out)),
        lambda y, out: anp.maximum(0.8 * (y - out), -0.2 * (y - out)),
        lambda y, out: max(mp.mpf(0.8) * (y - out), mp.mpf(-0.2) * (y - out)),
        lambda y, out: mp.mpf(-0.8) if out < y else mp.mpf(0.2),
    ),
    "own_hinge": Own(
        sp.Max(0, 1 - y * out),
        lambda y, out: anp.maximum(0, 1 - y * out),
        lambda y, out: max(0, 1 - y * out),
        lambda y, out: -y if y * out < 1 else mp.mpf(0),
    ),
    "fourth_power": Own(
        r**4,
        lambda y, out: (out - y) ** 4,
        lambda y, out: (out - y) ** 4,
        lambda y, out: 4 * (out - y) ** 3,
    ),
    "logistic_margin": Own(
        sp.log(1 + sp.exp(-y * out)),
        lambda y, out: anp.logaddexp(0, -y * out),
        lambda y, out: mp.log(1 + mp.exp(-y * out)),
        lambda y, out: -y / (1 + mp.exp(y * out)),
    ),
}
every_loss = pytest.mark.parametrize("name", OWN)


@pytest.fixture(autouse=True)
def _the_oracle_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, own in OWN.items():
        monkeypatch.setitem(oracle.ERRORS, name, own.arrays)
    monkeypatch.setitem(oracle.ERRORS, "output", lambda y, out: out)


def network(case: Case) -> bp.Network:
    loss = bp.Loss(case.loss, OWN[case.loss].expr) if case.loss in OWN else case.loss
    return bp.Network(*case.sizes, activation=case.activations, loss=loss, bias=case.bias, weight_names=case.own_names)


def problem(case: Case, **more: Any) -> bp.Problem:
    rows = (case.inputs, case.targets) if not case.single else (case.inputs[0], case.targets[0])
    inputs, targets = rows
    return bp.Problem(network(case), case.parameters, inputs, None if case.loss == "output" else targets, **more)


def mean_loss(case: Case) -> float:
    theta = np.array([case.parameters[name] for name in parameter_names(case)])
    still = {f"{kind}_{n}": 0.0 for n in range(1, len(case.sizes)) for kind in ("net", "out")}
    return float(np.sum(array_errors(case, theta, still)) / len(case.inputs))


@every_loss
@pytest.mark.parametrize(
    ("last", "samples"),
    [("identity", 0), ("softmax", 3), *([("identity", 3), ("sigmoid", 0), ("softmax", 0)] if EVERYTHING else [])],
)
def test_everything_works_at_once(name: str, last: str, samples: int) -> None:
    rng = np.random.default_rng([len(name), samples])
    case = random_case(rng, (2, 3, 2), ("tanh", last), name, "layer", samples, spread=1.5)
    own, theirs = problem(case, learning_rate=1e-3), array_gradients(case)
    values = bp.evaluate(own)
    found = {n.removeprefix("dE_total/d"): values[n] for n in values if n.startswith("dE_total/d")}
    if samples:
        found = {n: float(v) if n in case.parameters else float(v[0]) for n, v in found.items()}
    assert differences(found, {n: theirs[n] for n in found}, 1e-9, 1e-13) == []
    assert set(theirs) == set(found)
    assert values["E_total"] == pytest.approx(mean_loss(case), rel=1e-12)
    assert float(loss_over(own)) == pytest.approx(mean_loss(case), rel=1e-12)
    moved = {n: case.parameters[n] - 1e-3 * theirs[n] for n in case.parameters}
    trace = bp.train(own, 3)
    assert {n: trace[n][1] for n in moved} == pytest.approx(moved, rel=1e-10, abs=1e-12)
    assert bp.check_gradient(own, tolerance=1e-5).passed
    derivation = bp.derive(own.network)
    assert "E_total" in str(derivation)
    assert derivation._repr_latex_()
    assert name in derivation.source()


def read(step: Any, given: dict[str, sp.Expr]) -> float:
    """A line's right side as people read it, with numbers put in."""
    return float(step.rhs.xreplace({symbol: given[symbol.name] for symbol in step.rhs.free_symbols}))


@every_loss
def test_the_line_of_the_slope_is_the_derivative_of_the_line_of_the_error(name: str) -> None:
    """As they are read: against numbers by hand, on both sides of every kink."""
    derivation = bp.derive(bp.Network(1, 2, activation="identity", loss=bp.Loss(name, OWN[name].expr)))
    for target in (-1.5, 0.25, 2.0):
        for output in (-2.0, -0.3, 0.4, 1.1, 5.0):
            given = {"y2": sp.Float(target, 30), "out_o2": sp.Float(output, 30)}
            with mp.workdps(30):
                error = OWN[name].error(mp.mpf(target), mp.mpf(output))
                slope = OWN[name].slope(mp.mpf(target), mp.mpf(output))
            assert read(derivation["E_o2"], given) == pytest.approx(float(error), rel=1e-14)
            assert read(derivation["dE_o2/dout_o2"], given) == pytest.approx(float(slope), rel=1e-14)


@pytest.mark.parametrize("name", [name for name in OWN if name != "fourth_power"])
@pytest.mark.parametrize("net", [-1000.0, -40.0, 40.0, 1000.0])
@pytest.mark.parametrize("target", [-1.0, 0.3])
def test_finite_and_right_at_extremes(name: str, net: float, target: float) -> None:
    loss = bp.Loss(name, OWN[name].expr)
    one = bp.Network(1, 1, activation="identity", loss=loss, bias="none")
    with mp.workdps(1500):
        exact = [float(f(mp.mpf(target), mp.mpf(net))) for f in (OWN[name].error, OWN[name].slope)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = bp.evaluate(bp.Problem(one, {"w1": net}, [1.0], [target]))
        assert [values["E_total"], values["dE/dw1"]] == pytest.approx(exact, rel=1e-12, abs=1e-13)
        batch = bp.Problem(one, {"w1": net}, [[1.0], [1e-3]], [[target], [0.2]], learning_rate=1e-9)
        values = bp.evaluate(batch)
        with mp.workdps(50):
            small = OWN[name].error(mp.mpf(0.2), mp.mpf(net) * mp.mpf(1e-3))
        assert values["E_o1"] == pytest.approx([exact[0], float(small)], rel=1e-12, abs=1e-13)
        assert bp.train(batch, 2).diverged_at is None


@pytest.mark.parametrize("name", ["own_huber", "own_absolute_error", "own_pinball", "own_hinge"])
def test_at_a_kink_the_slope_lies_between_those_of_its_sides(name: str) -> None:
    error, slope = OWN[name].error, OWN[name].slope
    places = {"own_huber": [(0.5, 1.5), (0.5, -0.5)], "own_hinge": [(1.0, 1.0), (-1.0, -1.0), (0.5, 2.0)]}
    for target, output in places.get(name, [(0.5, 0.5), (0.0, 0.0)]):
        one = bp.Network(1, 1, activation="identity", loss=bp.Loss(name, OWN[name].expr), bias="none")
        values = bp.evaluate(bp.Problem(one, {"w1": output}, [1.0], [target]))
        sides = sorted(float(slope(target, mp.mpf(output) + nudge)) for nudge in (-1e-6, 1e-6))
        assert sides[0] - 1e-5 <= values["dE_o1/dout_o1"] <= sides[1] + 1e-5
        assert values["E_total"] == pytest.approx(float(error(target, mp.mpf(output))), abs=1e-15)


def test_a_slope_may_be_given() -> None:
    expr, slope = sp.log(sp.cosh(r)), sp.tanh(r)
    given, derived = (bp.Network(2, 2, 1, loss=bp.Loss("own", expr, *more)) for more in ((slope,), ()))
    numbers = {name: 0.1 * i - 0.4 for i, name in enumerate(given.parameters)}
    ours, theirs = (bp.evaluate(bp.Problem(one, numbers, [1, 2], [0.3])) for one in (given, derived))
    assert dict(ours) == pytest.approx(dict(theirs), rel=1e-13)
    assert "tanh" in str(bp.derive(given)["dE_o1/dout_o1"])
    assert given != derived


def test_the_symbols_may_have_any_assumption() -> None:
    for more in ({"real": True}, {"positive": True}, {"integer": True}, {}):
        a, b = sp.symbols("y out", **more)
        one = bp.Network(1, 1, activation="identity", loss=bp.Loss("own", sp.Abs(a - b) ** 3), bias="none")
        values = bp.evaluate(bp.Problem(one, {"w1": -0.5}, [1.0], [1.5]))
        assert values["E_total"] == pytest.approx(8, rel=1e-14)
        assert values["dE/dw1"] == pytest.approx(-12, rel=1e-14)


def test_a_loss_is_a_value() -> None:
    one, same, other = bp.Loss("own", r**2), bp.Loss("own", r**2), bp.Loss("own", r**4)
    assert one == same != other
    assert hash(one) == hash(same)
    assert bp.Network(2, 1, loss=one) == bp.Network(2, 1, loss=same) != bp.Network(2, 1, loss=other)
    assert bp.derive(bp.Network(2, 1, loss=one)) == bp.derive(bp.Network(2, 1, loss=same))
    assert "own" in repr(bp.Network(2, 1, loss=one))
    said = bp.Loss("own", r**2, in_words="the square")
    assert eval(repr(said), {"Loss": bp.Loss, "y": y, "out": out}) == said != one
    assert "the square" in bp.derive(bp.Network(1, 1, loss=said))["E_o1"].reason
    assert "own of target and output" in bp.derive(bp.Network(1, 1, loss=one))["E_o1"].reason
    assert bp.Network(2, 1, loss=LOSSES["squared_error"]) == bp.Network(2, 1, loss="squared_error")


@pytest.mark.parametrize("expr", [r**2 + sp.Symbol("t"), (sp.Symbol("t") - sp.Symbol("o")) ** 2, sp.Symbol("out_o1")])
def test_only_the_symbols_y_and_out(expr: sp.Expr) -> None:
    names = ", ".join(sorted(map(str, expr.free_symbols)))
    with pytest.raises(bp.BpkitError, match=f"Loss 'own': expected a SymPy expression in y and out, got {names}; put"):
        bp.Loss("own", expr)
    with pytest.raises(bp.BpkitError, match=r"loss: .*'squared_error'"):
        bp.Network(1, 1, loss="squard_error")


def test_the_slope_of_a_loss_without_a_target_has_none() -> None:
    with pytest.raises(bp.BpkitError, match="its slope holds y, expected only out; give"):
        bp.Loss("own", out**2, out - y)


# The output itself


@pytest.mark.parametrize("last", ["identity", "tanh", "softplus"])
@pytest.mark.parametrize("samples", [0, 3])
def test_the_output_as_the_loss(last: str, samples: int) -> None:
    case = random_case(np.random.default_rng(samples), (2, 3, 2), ("tanh", last), "output", "neuron", samples)
    own, theirs = problem(case, learning_rate=0.1), array_gradients(case)
    values = bp.evaluate(own)
    assert values["E_total"] == pytest.approx(mean_loss(case), rel=1e-13)
    assert values["E_total"] == pytest.approx(float(np.mean(values["out_o1"] + values["out_o2"])), rel=1e-13)
    gradient = {n: values[f"dE/d{n}"] for n in case.parameters}
    assert differences(gradient, {n: theirs[n] for n in gradient}) == []
    trace = bp.train(own, 3)
    assert trace["w1"][1] == pytest.approx(case.parameters["w1"] - 0.1 * theirs["w1"], rel=1e-12)
    assert trace.loss[-1] < trace.loss[0]
    assert bp.check_gradient(own).passed
    assert eval(repr(own), {"Problem": bp.Problem, "Network": bp.Network}) == own


def test_the_output_as_the_loss_has_no_target() -> None:
    one = bp.Network(2, 2, 1, loss="output")
    assert one.targets == ()
    derivation = bp.derive(one)
    assert derivation["E_o1"].rhs.name == "out_o1"
    assert derivation["dE_o1/dout_o1"].rhs == 1
    assert not any(symbol.name.startswith("y") for step in derivation for symbol in step.rhs.free_symbols)
    numbers = dict.fromkeys(one.parameters, 0.5)
    own = bp.Problem(one, numbers, [1, 2])
    assert own == bp.Problem(one, numbers, [1, 2], [])
    assert bp.evaluate(own.replace(x1=3))["E_total"] == bp.evaluate(bp.Problem(one, numbers, [3, 2]))["E_total"]
    rows = bp.Problem(one, numbers, [[1, 2], [3, 4]])
    assert bp.evaluate(rows.sample(1))["E_total"] == bp.evaluate(bp.Problem(one, numbers, [3, 4]))["E_total"]
    for batch, share in (("mean", 2), ("sum", 1), ("each", 2)):
        alone = sum(bp.evaluate(rows.sample(row))["E_total"] for row in range(2))
        assert bp.evaluate(rows.replace(batch=batch))["E_total"] == pytest.approx(alone / share, rel=1e-14)
        assert len(bp.train(rows.replace(batch=batch), 5)) == 6
    with pytest.raises(bp.BpkitError, match=r"targets: expected none.*output"):
        bp.Problem(one, numbers, [1, 2], [1])
    with pytest.raises(bp.BpkitError, match="targets: expected 1"):
        bp.Problem(bp.Network(2, 2, 1), numbers, [1, 2])


@pytest.mark.parametrize("samples", [0, 3])
def test_an_own_loss_of_the_output_alone_has_no_target(samples: int) -> None:
    one = bp.Network(2, 2, activation="tanh", loss=bp.Loss("energy", out**2 / 2))
    case = random_case(np.random.default_rng(3), (2, 2), ("tanh",), "half_squared_error", "layer", samples)
    zeros = Case(**{**vars(case), "targets": ((0.0, 0.0),) * len(case.inputs)})
    assert one.targets == ()
    values = bp.evaluate(bp.Problem(one, case.parameters, case.inputs if samples else case.inputs[0]))
    theirs = array_gradients(zeros)
    assert differences({n: values[f"dE/d{n}"] for n in case.parameters}, {n: theirs[n] for n in case.parameters}) == []


def test_shares_of_a_whole_sum_to_one() -> None:
    case = random_case(np.random.default_rng(1), (2, 3), ("softmax",), "output", "layer")
    values = bp.evaluate(problem(case))
    assert values["E_total"] == pytest.approx(1, rel=1e-15)
    assert [values[f"dE/d{name}"] for name in case.parameters] == pytest.approx([0] * len(case.parameters), abs=1e-15)


# Pairs


def test_softmax_with_binary_cross_entropy_is_refused() -> None:
    with pytest.raises(bp.BpkitError, match=r"binary_cross_entropy.*softmax.*'cross_entropy'.*'sigmoid'"):
        bp.Network(2, 2, activation="softmax", loss="binary_cross_entropy")
    with pytest.raises(bp.BpkitError, match="binary_cross_entropy"):
        bp.Network(2, 3, 2, activation=["tanh", "softmax"], loss=LOSSES["binary_cross_entropy"])
    assert bp.Network(2, 2, activation="softmax", loss="cross_entropy")
    assert bp.Network(2, 2, activation="sigmoid", loss="binary_cross_entropy")
    assert bp.Network(2, 2, activation="softmax", loss=bp.Loss("own", r**2))
