"""Programs of blocks under review: a right one for each block is right, a slip in it is named with its line."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from learners import blocks as learnt
from learners.program import Program
from mistakes import programs_of_blocks as written
from reviewed import Answer, asked
from thorough import THOROUGH, in_ci

import bpkit as bp
from bpkit import blocks
from bpkit.mistakes.programs import array_ways, expected

RNN = bp.Model((3, 2), blocks.Recurrent(4), blocks.Dense(1))


def rnn(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """A right program for one sample."""
    hs = [np.zeros(len(b1))]
    for step in x:
        hs.append(np.tanh(step @ Wx1 + hs[-1] @ Wh1 + b1))
    dout = hs[-1] @ W2 + b2 - y
    dWx, dWh, db = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dh = W2 @ dout
    for t in reversed(range(len(x))):
        dnet = dh * (1 - hs[t + 1] ** 2)
        dWx += np.outer(x[t], dnet)
        dWh += np.outer(hs[t], dnet)
        db += dnet
        dh = Wh1 @ dnet
    return dWx, dWh, db, np.outer(hs[-1], dout), dout


def verdict(function: Any, model: Any = RNN, **options: Any) -> Any:
    return bp.review(function, network=model, **options)


def line_in(function: Any, text: str) -> int:
    import inspect

    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if text in line)


@pytest.fixture(scope="module")
def slips() -> list[Answer]:
    return asked(learnt.wrong())


def test_a_right_program_of_each_block_is_right() -> None:
    found = asked(learnt.right())
    assert [one.line for one in found if not one.good] == []


@in_ci
def test_slips_are_named_with_their_lines(slips: list[Answer]) -> None:
    named = [one for one in slips if one.named]
    assert len(named) >= 0.95 * len(slips), [one.line for one in slips if not one.named]
    assert sum(one.line_right for one in named) >= 0.95 * len(named), [o.line for o in named if not o.line_right]
    assert [one.line for one in slips if one.sure_and_wrong] == []


@in_ci
def test_slips_are_told_from_each_other(slips: list[Answer]) -> None:
    """A verdict that is sure names one mistake, and as many different ones as there are."""
    sure = {one.said.misconceptions[0].name for one in slips if one.named and one.said.sure}
    assert len(sure) >= 25


def test_the_bounds_can_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_ways, "RULES", ())
    expected.ways_of.cache_clear()
    expected.mistaken.cache_clear()
    try:
        bare = asked([one for one in learnt.wrong() if "transpose a matrix" in one.names[0]])
        assert bare
        assert not any(one.named for one in bare)
    finally:
        expected.ways_of.cache_clear()
        expected.mistaken.cache_clear()


# Programs that were written without sight of the rules

# What the rules call some of the mistakes, in other words.
CALLED = {
    "update sign": "adds the gradient",
    "swap": "swaps|neighbour",
    "cuts the way back through time": "cuts the way back",
}


def test_programs_written_by_others_are_named_and_no_right_one_is_called_wrong() -> None:
    programs = written.PROGRAMS if THOROUGH else written.PROGRAMS[::16]
    said = {one.name: bp.review(one.function, network=written.MODELS[one.model]) for one in programs}
    right = [one.name for one in programs if not one.expected and said[one.name].verdict != "correct"]
    assert right == []
    wrong = [one for one in programs if one.expected]
    names = {one.name: [bug.name for bug in said[one.name].misconceptions[:4]] for one in wrong}
    means = {one.name: CALLED.get(one.expected, one.expected) for one in wrong}
    named = [one.name for one in wrong if any(re.search(means[one.name], name) for name in names[one.name])]
    assert len(named) >= 0.95 * len(wrong), [(one.name, names[one.name]) for one in wrong if one.name not in named]
    assert [
        one.name for one in wrong if one.name not in named and (said[one.name].verdict, said[one.name].sure) in SURE
    ] == []


SURE = {("misconception", True), ("correct", True)}


# What each line makes


def test_each_array_of_a_loop_over_steps_is_known() -> None:
    made: dict[str, set[tuple[str, bool | None]]] = {}
    for value in verdict(rnn).values:
        made.setdefault(value.name, set()).add((value.quantity, value.right))
    assert ("out_h1", True) in made["hs[1]"]
    assert ("out_h1", True) in made["hs[3]"]
    assert made["dnet"] == {("dE/dnet_h1", True)}
    assert ("dE/dout_h1", True) in made["dh"]
    assert ("dE/dWh1", True) in made["dWh"]
    assert ("dE/db1", True) in made["db"]


def test_arrays_of_attention_and_of_a_layers_norm_are_known() -> None:
    programs = {one.id: one.reviewed() for one in learnt.right() if one.id in ("attention", "norm", "lstm")}
    quantities = {name: {value.name: value.quantity for value in said.values} for name, said in programs.items()}
    attention, norm, lstm = quantities["attention"], quantities["norm"], quantities["lstm"]
    assert attention["S"] == "score_o"
    assert attention["A"] == "share_o"
    assert attention["dA"] == "dE/dshare_o"
    assert attention["dS"] == "dE/dscore_o"
    assert attention["dV"] == "dE/dv_o"
    assert norm["xhat"] == "norm_h2"
    assert norm["var"] == "var_h2"
    assert norm["dxhat"] == "dE/dnorm_h2"
    assert lstm["c_new"] == "cell_h1"
    assert lstm["z"] == "neti_h1,netf_h1,neto_h1,netg_h1"  # the gates side by side


def test_what_comes_back_from_the_next_step_is_a_part() -> None:
    (program,) = [one for one in learnt.right() if one.id == "rnn_all"]
    made = {(value.name, value.quantity) for value in program.reviewed().values}
    assert ("dh_next", "part of dE/dout_h1") in made
    assert ("dh", "dE/dout_h1") in made


def test_a_message_and_a_page_read_as_a_sentence_with_the_derivations_line() -> None:
    (program,) = [one for one in learnt.wrong() if one.id.startswith("rnn_all") and "dz = dh\n" in one.source]
    said = program.reviewed()
    (line,) = program.lines
    assert said.message.startswith(f"Line {line}, `dz = dh`: this is ∂E/∂out(h1). You leave out the slope")
    assert said.message.endswith("So dWx1, dWh1 and db1 are wrong; dW2 and db2 are right.")
    text, page = repr(said), said._repr_html_()
    assert re.search(r"Compare it with lines? \(", text)
    assert "dE_total/dnet_h1 = dE_total/dout_h1 * (1 - out_h1[1:]²)" in page
    assert f"✗ {line:>4}          dz = dh" in text
    assert "∂E/∂net(h1)" in page
    assert "The derivation has here:<br><code>" in page


def test_a_right_program_says_how_it_was_tried() -> None:
    assert verdict(rnn).message == "Right: every number agrees with the derivation, on 3 sets of numbers that I drew."


# How programs may be written


def by_dict(x: Any, y: Any, params: Any) -> Any:
    grads = rnn(x, y, params["Wx"], params["Wh"], params["b"], params["W"], params["by"])
    return dict(zip(("dWx", "dWh", "db", "dW", "dby"), grads))


def other_order(x: Any, y: Any, U: Any, V: Any, W: Any, b: Any, c: Any) -> Any:
    dU, dW, db, dV, dc = rnn(x, y, U, W, b, V, c)
    return {"dU": dU, "dV": dV, "dW": dW, "db": db, "dc": dc}


def step(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any, lr: float) -> Any:
    parameters = (Wx1, Wh1, b1, W2, b2)
    return [old - lr * slope for old, slope in zip(parameters, rnn(x, y, *parameters))]


def up(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any, lr: float) -> Any:
    parameters = (Wx1, Wh1, b1, W2, b2)
    return [old + lr * slope for old, slope in zip(parameters, rnn(x, y, *parameters))]


def outputs(x: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    h = np.zeros(len(b1))
    for one in x:
        h = np.tanh(one @ Wx1 + h @ Wh1 + b1)
    return h @ W2 + b2


def loss(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> float:
    return 0.5 * float(((outputs(x, Wx1, Wh1, b1, W2, b2) - y) ** 2).sum())


def whole_loss(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> float:
    return float(((outputs(x, Wx1, Wh1, b1, W2, b2) - y) ** 2).sum())


def from_a_start(x: Any, y: Any, h0: Any, Wxh: Any, Whh: Any, bh: Any, Why: Any, by: Any) -> Any:
    assert h0.shape == bh.shape
    return rnn(x, y, Wxh, Whh, bh, Why, by)


def test_parameters_by_name_by_place_and_in_a_dict_and_what_is_returned() -> None:
    for function in (rnn, by_dict, other_order, step, outputs, loss, from_a_start, lambda *all: rnn(*all)):
        assert verdict(function).verdict == "correct", function
    assert verdict(outputs).parts == {"out": True}
    assert verdict(loss).parts == {"loss": True}
    assert set(verdict(step).parts) == {"Wx1", "Wh1", "b1", "W2", "b2"}
    assert verdict(up).misconceptions[0].name == "adds the gradient"
    assert verdict(whole_loss).misconceptions[0].name == "forgets the ½"


def test_a_batch_of_rows() -> None:
    def backward(X: Any, Y: Any, Wq1: Any, Wk1: Any, Wv1: Any) -> Any:
        Q, K, V = X @ Wq1, X @ Wk1, X @ Wv1
        S = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1])
        A = np.exp(S)
        A = A / A.sum(axis=-1, keepdims=True)
        dO = (A @ V - Y) / len(X)
        dA = dO @ V.transpose(0, 2, 1)
        dS = A * (dA - (dA * A).sum(axis=-1, keepdims=True)) / np.sqrt(Q.shape[-1])
        back = (dS @ K, dS.transpose(0, 2, 1) @ Q, A.transpose(0, 2, 1) @ dO)
        return [np.einsum("nti,ntj->ij", X, one) for one in back]

    def summed(X: Any, Y: Any, Wq1: Any, Wk1: Any, Wv1: Any) -> Any:
        return [len(X) * one for one in backward(X, Y, Wq1, Wk1, Wv1)]

    model = bp.Model((3, 2), blocks.Attention(4))
    found = verdict(backward, model, batch="mean")
    assert found.verdict == "correct"
    assert {value.name: value.quantity for value in found.values}["dS"] == "dE/dscore_o"
    assert verdict(backward, model).verdict == "correct"  # it is seen that it takes a batch
    assert verdict(summed, model, batch="mean").misconceptions[0].name == "takes the sum instead of the mean"


def columns(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """A right program for W @ x."""
    hs = [np.zeros(len(b1))]
    for one in x:
        hs.append(np.tanh(Wx1 @ one + Wh1 @ hs[-1] + b1))
    dout = W2 @ hs[-1] + b2 - y
    dWx, dWh, db = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dh = W2.T @ dout
    for t in reversed(range(len(x))):
        dnet = dh * (1 - hs[t + 1] ** 2)
        dWx += np.outer(dnet, x[t])
        dWh += np.outer(dnet, hs[t])
        db += dnet
        dh = Wh1.T @ dnet
    return dWx, dWh, db, np.outer(dout, hs[-1]), dout


def test_weights_may_lie_the_other_way_even_where_all_are_squares() -> None:
    square = bp.Model((3, 2), blocks.Recurrent(2), blocks.Dense(2))
    assert verdict(columns).verdict == "correct"
    assert verdict(columns, square).verdict == "correct"
    assert verdict(columns, square, layout="W @ x").verdict == "correct"
    assert verdict(columns, square, layout="x @ W").verdict == "misconception"


def test_a_square_of_gradients_lies_as_the_others_do() -> None:
    def turned(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        dWx, dWh, db, dW, dby = rnn(x, y, Wx1, Wh1, b1, W2, b2)
        return dWx.T, dWh.T, db, dW.T, dby

    def one_turned(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        dWx, dWh, db, dW, dby = rnn(x, y, Wx1, Wh1, b1, W2, b2)
        dWh = dWh.T
        return dWx, dWh, db, dW, dby

    assert verdict(turned).verdict == "correct"
    found = verdict(one_turned)
    assert found.misconceptions[0].name == "transposes the gradient"
    assert found.misconceptions[0].line == line_in(one_turned, "dWh = dWh.T")
    assert [part for part, right in found.parts.items() if not right] == ["dWh1"]


def test_a_bias_gradient_that_is_not_summed_over_the_steps() -> None:
    def backward(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        h = np.zeros((len(x) + 1, len(b1)))
        for t, one in enumerate(x):
            h[t + 1] = np.tanh(one @ Wx1 + h[t] @ Wh1 + b1)
        d = h[-1] @ W2 + b2 - y
        dz, dh = np.zeros_like(h[1:]), W2 @ d
        for t in reversed(range(len(x))):
            dz[t] = dh * (1 - h[t + 1] ** 2)
            dh = Wh1 @ dz[t]
        return x.T @ dz, h[:-1].T @ dz, dz, np.outer(h[-1], d), d

    found = verdict(backward)
    assert found.misconceptions[0].name == "does not sum the bias gradient over the steps"
    assert "dWx1, dWh1, dW2 and db2 are right" in found.message


class Cell:
    """A recurrent network as people write one."""

    def __init__(self) -> None:
        self.Wxh, self.Whh, self.bh = np.ones((2, 4)), np.ones((4, 4)), np.zeros(4)
        self.Why, self.by, self.lr = np.ones((4, 1)), np.zeros(1), 0.1

    def step(self, x: Any, y: Any) -> None:
        arrays = (self.Wxh, self.Whh, self.bh, self.Why, self.by)
        for array, slope in zip(arrays, rnn(x, y, *arrays)):
            array -= self.lr * slope

    def gradients(self, x: Any, y: Any) -> None:
        found = rnn(x, y, self.Wxh, self.Whh, self.bh, self.Why, self.by)
        self.dWxh, self.dWhh, self.dbh, self.dWhy, self.dby = found


def test_a_method_of_an_object_with_the_arrays_of_a_block() -> None:
    cell = Cell()
    assert set(verdict(cell.step).parts) == {"Wx1", "Wh1", "b1", "W2", "b2"}
    assert verdict(cell.step).verdict == "correct"
    assert verdict(cell.gradients).verdict == "correct"
    assert (cell.Whh == 1).all()


def test_a_table_of_which_a_token_takes_a_row_twice() -> None:
    (program,) = [one for one in learnt.right() if one.id == "embedding"]
    inner = program.loaded()["embedding"]

    def overwriting(x: Any, y: Any, E: Any, Wx: Any, Wh: Any, b: Any, W: Any, by: Any) -> Any:
        assert x.dtype.kind == "i"
        return inner(x, y, E, Wx, Wh, b, W, by)

    assert verdict(overwriting, program.options["network"]).verdict == "correct"


# What is said where it cannot be reviewed


def test_what_is_wrong_with_a_call_is_said_in_one_sentence() -> None:
    problem = bp.examples.rnn.problem
    with pytest.raises(bp.BpkitError, match=r"a Network or a Model, got .*; give problem.network"):
        bp.review(rnn, network=problem)  # type: ignore[arg-type]
    with pytest.raises(bp.BpkitError, match=r"x, y, Wx1, Wh1, b1, W2, b2, lr"):
        verdict(lambda x, y, Wx1, Wh1, b1, W2, b2, lr, knob: None)
    with pytest.raises(bp.BpkitError, match="give one with fewer steps and units"):
        verdict(rnn, bp.Model((12, 4), blocks.Recurrent(12), blocks.Dense(1)))


def test_what_nobody_does_is_unknown_and_says_where_to_look() -> None:
    def backward(x: Any, y: Any, Wx1: Any, Wh1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        dWx, dWh, db, dW, dby = rnn(x, y, Wx1, Wh1, b1, W2, b2)
        dWh = 1.37 * dWh + 0.01
        return dWx, dWh, db, dW, dby

    found = verdict(backward)
    assert (found.verdict, found.sure, found.misconceptions) == ("unknown", False, ())
    assert f"line {line_in(backward, '1.37')}, `dWh = 1.37 * dWh + 0.01`" in found.message
    assert "It fails for 3 of the 3 sets of numbers that I drew." in found.message


def test_the_worked_examples_of_the_kit_can_be_reviewed() -> None:
    for name, id in (("rnn", "rnn"), ("convolution", "conv"), ("attention", "attention")):
        (program,) = [one for one in learnt.right() if one.id == id]
        function = program.loaded()[program.entry]
        model = getattr(bp.examples, name).problem.network
        found = verdict(_relu(program) if name == "convolution" else function, model)
        assert found.verdict == "correct", found


def _relu(program: Any) -> Any:
    source = program.source.replace("a = np.tanh(z)", "a = np.maximum(z, 0)").replace("1 - a ** 2", "z > 0")
    return Program("relu", "", "", source, program.entry).loaded()[program.entry]
