"""The chain rule on lines that are no dense network, each derivative against autograd.

autograd runs the forward lines as they are written, with a nudge of 0 added to each quantity, and differentiates the
loss by every number and every nudge. Nothing of the way back is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
import sympy as sp
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from models import MODELS, Builder, attention, embedding, random_graph, recurrent
from thorough import EVERYTHING, examples

import bpkit as bp
from bpkit.core.chain_rule import Step, backpropagated
from bpkit.core.expressions import total
from bpkit.core.lines import Lines, Slope
from bpkit.core.quantities import Quantity, Role

Numbers = dict[str, float]
every_model = pytest.mark.parametrize("name", MODELS)
FUNCTIONS: dict[str, Any] = {
    "exp": anp.exp,
    "tanh": anp.tanh,
    "sqrt": anp.sqrt,
    "Max": lambda first, *rest: first if not rest else anp.maximum(first, FUNCTIONS["Max"](*rest)),
}


def numbers_of(lines: Lines, seed: int = 0) -> Numbers:
    """A number for everything that the lines start from."""
    rng, written = np.random.default_rng(seed), {line.name for line in lines}
    return {name: float(rng.normal(scale=0.8)) for name in lines.quantities if name not in written}


def forward(lines: Lines, numbers: Mapping[str, Any], nudges: Mapping[str, Any]) -> dict[str, Any]:
    """Every quantity, by running the right sides one after another."""
    values = dict(numbers)
    for line in lines:
        values[line.name] = eval(sp.sstr(line.rhs), {**FUNCTIONS, **values}) + nudges[line.name]
    return values


def by_autograd(lines: Lines, numbers: Numbers, of: str = "E_total") -> Numbers:
    """The derivative of a quantity by every number and every quantity."""
    still = {line.name: 0.0 for line in lines}
    by_number, by_nudge = grad(lambda n, e: forward(lines, n, e)[of], (0, 1))(numbers, still)
    return {name: float(value) for name, value in {**by_number, **by_nudge}.items()}


def derived(lines: Lines, rule: Any = None) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    return backpropagated(lines, rule or bp.updates.GradientDescent(), lines.parameters)


def read(steps: Any, numbers: Numbers) -> Numbers:
    """The number of each line, from what people read on it and nothing else."""
    known = {name: sp.Float(value, 30) for name, value in numbers.items()}
    for step in steps:
        values = {symbol: known[symbol.name] for symbol in step.rhs.free_symbols}
        known[step.name] = sp.N(step.rhs.xreplace(values), 30)
    return {step.name: float(known[step.name]) for step in steps}


def agree(lines: Lines, seed: int = 0) -> None:
    """Forward lines, and the derivatives by everything that stands in the lines."""
    numbers = numbers_of(lines, seed)
    steps, of_inputs = derived(lines)
    values = read([*steps, *of_inputs], {**numbers, "learning_rate": 0.5})
    right = forward(lines, numbers, dict.fromkeys([line.name for line in lines], 0.0))
    for line in lines:
        assert values[line.name] == pytest.approx(right[line.name], rel=1e-12, abs=1e-13), line.name
    theirs = by_autograd(lines, numbers)
    size = max(1.0, *map(abs, theirs.values()))
    for name, value in theirs.items():
        if (derivative := f"dE_total/d{name}") in values:
            assert values[derivative] == pytest.approx(value, rel=1e-12, abs=1e-13 * size), name
    # By errors and by the loss itself it is 1, and no line says so; by targets nothing asks for it.
    silent = {name for name, q in lines.quantities.items() if q.tag in ("error", "total", "target")}
    assert {name for name in theirs if f"dE_total/d{name}" in values} == set(theirs) - silent
    for name in lines.parameters:
        expected = numbers[name] - 0.5 * theirs[name]
        assert values[f"{name}_new"] == pytest.approx(expected, rel=1e-12, abs=1e-12 * size)


@every_model
@pytest.mark.parametrize("seed", [0, 1] if EVERYTHING else [0])
def test_every_derivative_of_a_model(name: str, seed: int) -> None:
    agree(MODELS[name](), seed)


@examples(12, 600)
@given(st.integers(0, 2**32 - 1), st.integers(1, 25))
def test_every_derivative_of_a_random_graph(seed: int, size: int) -> None:
    agree(random_graph(seed, size), seed)


@every_model
def test_each_line_is_local(name: str) -> None:
    """It names what is given and the lines before it, and its ``uses`` are their numbers."""
    lines = MODELS[name]()
    steps, of_inputs = derived(lines)
    known = {*numbers_of(lines), "learning_rate"}
    number_of: dict[str, int] = {}
    for number, step in enumerate([*steps, *of_inputs], 1):
        names = {symbol.name for symbol in step.rhs.free_symbols}
        assert step.number == number
        assert names <= known | set(number_of), step.name
        assert set(step.uses) == {number_of[one] for one in names if one in number_of}
        assert step.name not in known | set(number_of)
        number_of[step.name] = number


@every_model
def test_slopes_are_derivatives_of_the_lines(name: str) -> None:
    """The textbook's form and the one taken from the right side are the same number."""
    lines = MODELS[name]()
    numbers = numbers_of(lines, 2)
    steps, of_inputs = derived(lines)
    values = read([*steps, *of_inputs], {**numbers, "learning_rate": 0.1}) | numbers
    written = {line.name: line for line in lines}
    slopes = [step for step in (*steps, *of_inputs) if step.role is Role.SLOPE]
    for step in slopes:
        of, by = step.quantity.of, step.quantity.by
        assert of is not None
        assert by is not None
        symbols = {symbol.name: symbol for symbol in written[of.name].rhs.free_symbols}
        if written[of.name].rhs.has(sp.Max):
            largest = max(values[other] for other in symbols)
            assert values[step.name] == (values[by.name] == largest)
            continue
        exact = sp.diff(written[of.name].rhs, symbols[by.name]).xreplace({s: values[n] for n, s in symbols.items()})
        assert values[step.name] == pytest.approx(float(exact), rel=1e-12, abs=1e-14), step.name
    # One slope for each quantity that a line uses, where the line reaches the loss.
    wanted = {
        f"d{line.name}/d{symbol.name}"
        for line in lines
        for symbol in line.rhs.free_symbols
        if lines.quantities[symbol.name].tag not in ("error", "target")
    }
    assert {step.name for step in slopes} <= wanted


# Shared, skipped, unreached


def test_a_shared_weight_has_a_term_for_each_line_that_uses_it() -> None:
    steps, _ = derived(recurrent(5, 1))
    by_name = {step.name: step for step in steps}
    assert len(sp.Add.make_args(by_name["dE_total/dr1_1"].rhs)) == 4  # not at the first step
    assert len(sp.Add.make_args(by_name["dE_total/dp1"].rhs)) == 5
    assert len(sp.Add.make_args(by_name["dE_total/dc1"].rhs)) == 5
    assert len(sp.Add.make_args(by_name["dE_total/dh1_5"].rhs)) == 1
    assert len(sp.Add.make_args(by_name["dE_total/dh1_4"].rhs)) == 2


def test_a_skipped_layer_adds_its_own_term() -> None:
    steps, of_inputs = derived(MODELS["residual"]())
    by_name = {step.name: step for step in (*steps, *of_inputs)}
    for name in ("dE_total/dh1_1", "dE_total/dx1"):
        assert len(sp.Add.make_args(by_name[name].rhs)) == 3  # two nets, and the sum behind them


def test_what_does_not_reach_the_loss_has_the_derivative_0() -> None:
    lines = recurrent(3, 1, every=False)
    by_name = {step.name: step for step in derived(lines)[0]}
    for name in ("o1", "o2"):
        step = by_name[f"dE_total/d{name}"]
        assert step.rhs == 0
        assert step.uses == ()
        assert step.reason
    assert by_name["dE_total/do3"].rhs != 0
    assert "do1/dh1_1" not in by_name  # no slope of a line that leads nowhere
    assert len(sp.Add.make_args(by_name["dE_total/dq1"].rhs)) == 1


def test_a_parameter_that_leads_nowhere() -> None:
    b = Builder()
    [x], [w, v] = b.inputs("x", 1), b.parameters("w", 1, 2)
    b.row("idle", {1: sp.tanh(v * x)})
    lines = b.half_squares(b.row("o", {1: w * x}))
    values = read(derived(lines)[0], {"x1": 2.0, "w1": 0.5, "w2": 3.0, "y1": 0.0, "learning_rate": 0.5})
    assert values["dE_total/dw2"] == values["dE_total/didle1"] == 0
    assert values["w2_new"] == 3
    assert values["dE_total/dw1"] == 2
    agree(lines)


def test_a_quantity_used_twice_in_one_line() -> None:
    b = Builder()
    [x], [w] = b.inputs("x", 1), b.parameters("w", 1)
    [h] = b.row("h", {1: w * x})
    lines = b.half_squares(b.row("o", {1: h * sp.tanh(h) + w * h}))
    agree(lines)


def test_an_embeddings_row_that_is_looked_up_twice() -> None:
    lines = embedding((1, 1, 2))
    steps, _ = derived(lines)
    values = read(steps, {**numbers_of(lines), "learning_rate": 1.0})
    assert values["dE_total/de1_1"] == pytest.approx(2 * values["dE_total/de2_1"], rel=1e-14)


def test_error_by_error() -> None:
    """Where a stage asks for it, each error has a line of its own: dE_o1/dh1, and their sum."""
    b = Builder()
    xs = b.inputs("x", 1, 2)
    nets = {i: xs[0] * w + xs[1] * v for i, (w, v) in enumerate([b.parameters("w", (i, 1), (i, 2)) for i in (1, 2)], 1)}
    hidden = b.tanh("h", dict(enumerate(b.row("net", nets), 1)))
    b.lines.stages[-1].by_error = True
    ws = {k: b.parameters("v", (k, 1), (k, 2)) for k in (1, 2)}
    outs = b.row(
        "o", {1: total(ws[1][0] * hidden[0], ws[1][1] * hidden[1]), 2: ws[2][0] * hidden[1] + ws[2][1] * xs[0]}
    )
    lines = b.half_squares(outs)
    agree(lines)
    steps, _ = derived(lines)
    numbers = numbers_of(lines)
    values = read(steps, {**numbers, "learning_rate": 0.5})
    by_name = {step.name: step for step in steps}
    for error in ("E_o1", "E_o2"):
        theirs = by_autograd(lines, numbers, error)
        for hidden_one in ("h1", "h2"):
            if (line := f"d{error}/d{hidden_one}") in values:
                assert values[line] == pytest.approx(theirs[hidden_one], rel=1e-12)
            else:
                assert (error, hidden_one) == ("E_o2", "h1")  # the second output does not use it
                assert theirs[hidden_one] == 0
    assert {symbol.name for symbol in by_name["dE_total/dh2"].rhs.free_symbols} == {"dE_o1/dh2", "dE_o2/dh2"}
    assert {symbol.name for symbol in by_name["dE_total/dh1"].rhs.free_symbols} == {"dE_o1/dh1"}


# The loss, spellings, order, words


@pytest.mark.parametrize("loss", ["weighs", "multiplies", "uses twice", "adds what is no error", "is the output"])
def test_a_loss_that_is_more_than_a_sum_of_errors(loss: str) -> None:
    """A derivative by an error that is not 1 has a line; one that is 1 has none only where the loss alone uses it."""
    b = Builder()
    [x], [w, v] = b.inputs("x", 1), b.parameters("w", 1, 2)
    first, second = b.row("h", {1: sp.tanh(w * x), 2: sp.tanh(v * x)})
    [errors] = [b.row("e", {1: first**2, 2: second**2 + 1})]
    if loss == "uses twice":
        errors += b.row("e", {3: errors[0] * errors[1]})
    e = {
        "weighs": 3 * errors[0] + errors[1] / 2,
        "multiplies": errors[0] * errors[1],
        "uses twice": sum(errors, sp.S.Zero),
        "adds what is no error": errors[0] + errors[1] + first * second + first,
        "is the output": errors[0],
    }[loss]
    b.lines.stage()
    b.lines.let(Quantity("E", "total", tag="total"), e, "the loss")
    numbers = numbers_of(b.lines)
    steps, of_inputs = derived(b.lines)
    values, theirs = read([*steps, *of_inputs], {**numbers, "learning_rate": 0.5}), by_autograd(b.lines, numbers)
    ones = {"uses twice": {"e3"}, "weighs": set(), "multiplies": set(), "is the output": {"e1"}}.get(loss, {"e1", "e2"})
    assert {name for name in theirs if f"dE_total/d{name}" not in values} == ones | {"E_total"}
    for name in set(theirs) - ones - {"E_total"}:
        assert values[f"dE_total/d{name}"] == pytest.approx(theirs[name], rel=1e-12, abs=1e-14), name


def test_a_line_keeps_its_stable_spelling() -> None:
    b = Builder()
    [x], [w] = b.inputs("x", 1), b.parameters("w", 1)
    b.lines.stage()
    z, exact = w * x, sp.Function("exact")
    slopes = {w: Slope(x * sp.exp(z), "slope of exp", exact(w))}
    h = b.lines.let(Quantity("h", index=(1,)), sp.exp(z), "exp", slopes, stable=exact(x))
    lines = b.half_squares(b.row("o", {1: h}))
    by_name = {step.name: step for step in (one for part in derived(lines) for one in part)}
    assert (by_name["h1"].rhs, by_name["h1"].stable) == (sp.exp(z), exact(x))
    assert (by_name["dh1/dw1"].rhs, by_name["dh1/dw1"].stable) == (x * sp.exp(z), exact(w))
    assert by_name["o1"].stable == by_name["o1"].rhs
    assert by_name["dh1/dx1"].stable == by_name["dh1/dx1"].rhs == w * sp.exp(z)


def test_slopes_stand_before_the_derivative_that_needs_them() -> None:
    """Quantity by quantity; or those of the whole row first, where a stage asks for it."""
    b = Builder()
    [x], [w, v] = b.inputs("x", 1), b.parameters("w", 1, 2)
    hidden = b.row("h", {1: w * x, 2: v * x})
    stage = b.lines.stages[-1]
    lines = b.half_squares(b.tanh("o", dict(enumerate(hidden, 1))))
    wanted = ["do1/dh1", "dE_total/dh1", "do2/dh2", "dE_total/dh2"]
    found = [step.name for step in derived(lines)[0]]
    assert [name for name in found if name in wanted] == wanted
    stage.slopes_first = True
    found = [step.name for step in derived(lines)[0]]
    assert [name for name in found if name in wanted] == [wanted[0], wanted[2], wanted[1], wanted[3]]


def test_parameters_that_do_not_learn_stay() -> None:
    lines = recurrent(2, 1)
    for trained in ([], ["p1"]):
        steps, _ = backpropagated(lines, bp.updates.Adam(), trained)
        updates = {step.name: step for step in steps if step.role is Role.UPDATE}
        assert ("t" in updates) == bool(trained)
        for name in lines.parameters:
            assert (f"m_{name}" in updates) == (name in trained)
            if name not in trained:
                assert updates[f"{name}_new"].rhs == sp.Symbol(name)
                assert ("biases" in updates[f"{name}_new"].reason) == (lines.parameters[name].tag == "bias")


def test_reasons_say_what_a_derivative_goes_through() -> None:
    def reasons(*sizes: int) -> dict[str, str]:
        return {step.name: step.reason for step in bp.derive(bp.Network(*sizes))}

    for outputs, words in ((1, "o1"), (2, "o1 and o2"), (3, "o1, o2 and o3"), (4, "every neuron after it")):
        reason = reasons(2, 2, outputs)["dE_total/dout_h1"]
        assert reason == ("only E_o1 depends on out_h1" if outputs == 1 else f"out_h1 reaches the loss through {words}")
    softmax: dict[str, Any] = {"activation": "softmax", "loss": "cross_entropy"}
    for outputs, words in (
        (2, "both outputs: out_o1 and out_o2"),
        (3, "all 3 outputs: out_o1, out_o2 and out_o3"),
        (5, "all 5 outputs: out_o1, out_o2, out_o3 and 2 more"),
    ):
        reason = bp.derive(bp.Network(2, outputs, **softmax))["dE/dnet_o1"].reason
        assert reason.startswith(f"net_o1 reaches the loss through {words}; the slopes cancel")
    wide = {step.name: step.reason for step in derived(attention(5, 1))[0]}
    assert wide["dE_total/dv1_1"].endswith("through o1_1, o2_1, o3_1 and 2 more")
    for name, reason in [*reasons(2, 2, 2).items(), *reasons(2, 2, 1).items()]:
        assert reason
        assert ("delta of" in reason) == name.startswith("dE_total/dnet_"), name
        if name.startswith("dE_total/dw"):
            assert "through net_" in reason
    five = {step.name: step.reason for step in derived(recurrent(5, 1))[0]}
    assert "each line that uses it" in five["dE_total/dc1"]
    assert "o3 and net1_4" in five["dE_total/dh1_3"]
    cancelled = bp.derive(bp.Network(2, 2, activation="softmax", loss="cross_entropy"))["dE_total/dnet_o1"]
    assert "p - y" in cancelled.reason


# How much


def test_the_lines_grow_with_the_steps_and_no_faster() -> None:
    lengths = [len(derived(recurrent(steps, 2))[0]) for steps in (3, 4, 5, 6)]
    assert len({b - a for a, b in zip(lengths, lengths[1:])}) == 1


def test_a_very_long_chain() -> None:
    lines = recurrent(400, 1, every=False)
    steps, _ = derived(lines)
    assert {f"dE_total/dh1_{t}" for t in range(1, 401)} <= {step.name for step in steps}


def test_an_update_rule_writes_its_lines_for_any_model() -> None:
    lines = recurrent(2, 1)
    numbers = numbers_of(lines)
    steps, _ = derived(lines, bp.updates.Adam(weight_decay=0.1))
    constants = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.1, "t_old": 0.0}
    olds = {f"{letter}_{name}_old": 0.0 for letter in "mv" for name in lines.parameters}
    values = read(steps, {**numbers, **constants, **olds})
    assert {steps[0].names[name].tag for name in constants if name != "t_old"} == {"constant"}
    theirs = by_autograd(lines, numbers)
    for name, quantity in lines.parameters.items():
        g = theirs[name] + (0 if quantity.tag == "bias" else 0.1 * numbers[name])
        assert values[f"m_{name}"] == pytest.approx(0.1 * g, rel=1e-11, abs=1e-15)
        assert values[f"v_{name}"] == pytest.approx(0.001 * g * g, rel=1e-11, abs=1e-18)
        assert values[f"{name}_new"] == pytest.approx(numbers[name] - 0.1 * g / (abs(g) + 1e-8), rel=1e-9)


# Refused


def test_lines_that_are_none() -> None:
    b = Builder()
    [x], [w] = b.inputs("x", 1), b.parameters("w", 1)
    with pytest.raises(bp.BpkitError, match=r"lines: .*one line with the tag 'total'.*got 0"):
        derived(b.lines)
    with pytest.raises(bp.BpkitError, match=r"x1.*twice"):
        b.inputs("x", 1)
    with pytest.raises(bp.BpkitError, match=r"h1.*got w2"):
        b.row("h", {1: x * sp.Symbol("w2")})
    b.parameters("idle", 1)
    lines = b.half_squares(b.row("o", {1: w * x}))
    with pytest.raises(bp.BpkitError, match=r"derive: .*'idle1'"):
        derived(lines)
    lines.stage()
    lines.let(Quantity("E", "all", tag="total"), w, "another loss")
    with pytest.raises(bp.BpkitError, match="got 2"):
        derived(lines)
