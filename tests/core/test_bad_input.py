"""What cannot be: a BpkitError that says what was expected, what came, what to do, with near names for typos."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

import bpkit as bp
from bpkit.core.initial import initial_parameters
from bpkit.core.matrix_program import predict
from bpkit.core.numeric import evaluate_given, loss_over

ARTICLE = bp.examples.article.problem
NETWORK = ARTICLE.network
NUMBERS = dict(ARTICLE.parameters)
BATCH = ARTICLE.replace(inputs=[[0.1, 0.2]] * 3, targets=[[0.05, 0.95]] * 3)
DERIVATION = bp.derive(NETWORK)
CLASSES = bp.Network(2, 2, 2, activation=["tanh", "softmax"], loss="cross_entropy")
NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
Z = sp.Symbol("z")


def problem(
    parameters: Any = NUMBERS, inputs: Any = (0.1, 0.2), targets: Any = (0.05, 0.95), **more: Any
) -> bp.Problem:
    return bp.Problem(more.pop("network", NETWORK), parameters, inputs, targets, **more)


def named(**names: Any) -> bp.Network:
    """The article's sizes, with some weights called otherwise; ``x1_h1="a"``."""
    return bp.Network(2, 2, 2, weight_names={tuple(edge.split("_")): name for edge, name in names.items()})


# What is tried, and the parts that its message must have: the object, what came, what to do.
CASES: list[tuple[Callable[[], Any], list[str]]] = [
    # sizes
    (lambda: bp.Network(), ["Network: expected", "two or more", "got ()", "Network(2, 2, 2)"]),
    (lambda: bp.Network(2), ["Network: expected", "two or more", "got (2,)"]),
    (lambda: bp.Network(2, 0, 1), ["at least 1", "got (2, 0, 1)"]),
    (lambda: bp.Network(2, -3), ["at least 1", "got (2, -3)"]),
    (lambda: bp.Network(2, 2.5), ["whole numbers", "got (2, 2.5)"]),
    (lambda: bp.Network(2, 2.0), ["whole numbers"]),
    (lambda: bp.Network(2, "2"), ["whole numbers", "'2'"]),
    (lambda: bp.Network("22"), ["whole numbers", "'22'"]),
    (lambda: bp.Network(2, None), ["whole numbers", "None"]),
    (lambda: bp.Network(2, True), ["Network: expected", "True"]),
    (lambda: bp.Network([2, True]), ["Network: expected", "True"]),
    (lambda: bp.Network(np.array([[2, 2]])), ["whole numbers"]),
    (lambda: bp.Network([2, 2], [2]), ["whole numbers"]),
    # activations and losses
    (lambda: bp.Network(2, 1, activation="sigmod"), ["activation: expected", "'sigmod'", "did you mean 'sigmoid'?"]),
    (lambda: bp.Network(2, 1, activation="Tanh"), ["'Tanh'", "did you mean 'tanh'?"]),
    (lambda: bp.Network(2, 1, activation="ReLU"), ["'ReLU'", "relu"]),
    (lambda: bp.Network(2, 1, activation="leaky"), ["'leaky'", "leaky_relu"]),
    (lambda: bp.Network(2, 1, activation="xyz"), ["'xyz'", "choose one of sigmoid"]),
    (lambda: bp.Network(2, 1, activation=5), ["activation: expected", "got 5"]),
    (lambda: bp.Network(2, 1, activation=None), ["activation: expected", "got None"]),
    (lambda: bp.Network(2, 1, activation=np.tanh), ["activation: expected a name or a bpkit.Activation"]),
    (lambda: bp.Network(2, 2, 1, activation=["tanh"]), ["activation: expected one for all layers or 2", "got 1"]),
    (lambda: bp.Network(2, 1, activation=["tanh", "tanh"]), ["activation: expected", "got 2"]),
    (lambda: bp.Network(2, 1, activation=[]), ["activation: expected", "got 0"]),
    (lambda: bp.Network(2, 2, 1, activation=["tanh", 3]), ["activation: expected", "got 3"]),
    (
        lambda: bp.Network(2, 2, 1, activation="softmax"),
        ["softmax", "output layer only", "activation=['tanh', 'softmax']"],
    ),
    (lambda: bp.Network(2, 2, 1, activation=["softmax", "tanh"]), ["softmax", "hidden layer"]),
    (lambda: bp.Network(2, 1, loss="mse"), ["loss: expected", "'mse'", "choose one of half_squared_error"]),
    (lambda: bp.Network(2, 1, loss="squared_eror"), ["did you mean", "'squared_error'"]),
    (lambda: bp.Network(2, 1, loss=None), ["loss: expected a name", "None"]),
    (lambda: bp.Network(2, 1, loss=["squared_error"]), ["loss: expected a name", "squared_error"]),
    (
        lambda: bp.Network(2, 2, loss="cross_entropy"),
        ["cross_entropy", "expected softmax outputs", "got sigmoid", "'softmax'"],
    ),
    (lambda: bp.Network(2, 2, activation="tanh", loss="cross_entropy"), ["expected softmax", "got tanh"]),
    (
        lambda: bp.Network(2, 1, bias="neurons"),
        ["bias: expected 'layer', 'neuron' or 'none'", "'neurons'", "did you mean 'neuron'?"],
    ),
    (lambda: bp.Network(2, 1, bias=None), ["bias: expected", "None"]),
    (lambda: bp.Network(2, 1, bias=True), ["bias: expected", "True"]),
    (lambda: bp.Network(2, 1, bias=["layer"]), ["bias: expected"]),
    (
        lambda: bp.Network(1, 2, 1, activation=[bp.Activation("a", Z**2), bp.Activation("a_slope", Z**3)]),
        ["activation: expected a name of its own for each function", "'a_slope' for two"],
    ),
    (
        lambda: bp.Network(1, 1, activation=bp.Activation("a", Z**2), loss=bp.Loss("a", sp.Symbol("out") ** 2)),
        ["loss: expected a name of its own for each function", "'a' for two"],
    ),
    (
        lambda: bp.Network(1, 1, activation=bp.Activation("a", Z**2), weight_names={("x1", "o1"): "a_slope"}),
        ["weight_names: x1 to o1 needs a plain word of its own", "'a_slope'", "of functions"],
    ),
    # names of weights
    (lambda: bp.Network(2, 1, weight_names=["w1", "w2"]), ["weight_names: expected a dict", "['w1', 'w2']"]),
    (lambda: bp.Network(2, 1, weight_names=7), ["weight_names: expected a dict", "7"]),
    (lambda: bp.Network(2, 1, weight_names={"w1": ("x1", "o1")}), ["weight_names: this network has no weight from w1"]),
    (lambda: named(h1_x1="a"), ["no weight from h1 to x1", "x1 to h1"]),
    (lambda: named(x1_h3="a"), ["no weight from x1 to h3", "did you mean"]),
    (lambda: named(x1_o1="a"), ["no weight from x1 to o1"]),
    (lambda: named(x1_h1="a", x2_h2="a"), ["'a' twice"]),
    (lambda: named(x1_h1="w2"), ["'w2' twice", "name them all"]),
    # numbers
    (lambda: problem(network="2-2-2"), ["Problem: expected a Network", "'2-2-2'"]),
    (lambda: problem([0.25] * 10), ["parameters: expected a dict"]),
    (lambda: problem(None), ["parameters: expected a dict", "None"]),
    (lambda: problem({**NUMBERS, "w9": 1}), ["no 'w9'", "choose one of w1, w2"]),
    (lambda: problem({**NUMBERS, "w_1": 1}), ["no 'w_1'", "did you mean 'w1'"]),
    (lambda: problem({**NUMBERS, "W1": 1}), ["no 'W1'"]),
    (lambda: problem({**NUMBERS, 1: 1}), ["no 1"]),
    (
        lambda: problem({k: v for k, v in NUMBERS.items() if k != "w3"}),
        ["expected a number for each of w1", "w3 is missing"],
    ),
    (lambda: problem({}), ["are missing"]),
    *[
        (lambda bad=bad: problem({**NUMBERS, "w1": bad}), ["w1: expected a finite number", "got "])
        for bad in (NAN, INF, -INF, "0.25", None, True, np.True_, 1j, [0.25], np.array([0.25]), b"1", 10**400, object())
    ],
    *[
        (lambda bad=bad: problem(learning_rate=bad), ["learning_rate: expected a finite number", "got "])
        for bad in (NAN, INF, "0.5", None, True, 1j, [0.5])
    ],
    (lambda: problem(train_biases="yes"), ["train_biases: expected True or False", "'yes'"]),
    (lambda: problem(train_biases=1), ["train_biases: expected True or False"]),
    # data
    (lambda: problem(inputs=[0.1]), ["inputs: expected 2 numbers", "one for each input", "got shape (1,)"]),
    (lambda: problem(inputs=[0.1, 0.2, 0.3]), ["inputs: expected 2 numbers", "got shape (3,)"]),
    (lambda: problem(inputs=0.1), ["inputs: expected 2 numbers", "0.1"]),
    (lambda: problem(inputs=[]), ["inputs: expected 2 numbers"]),
    (lambda: problem(inputs=[[]]), ["inputs: expected 2 numbers"]),
    (lambda: problem(inputs=np.empty((0, 2)), targets=np.empty((0, 2))), ["inputs: expected"]),
    (lambda: problem(inputs=[[0.1, 0.2], [0.3]]), ["inputs: expected"]),
    (lambda: problem(inputs=[[[0.1, 0.2]]]), ["inputs: expected"]),
    (lambda: problem(inputs=["0.1", "0.2"]), ["inputs: expected"]),
    (lambda: problem(inputs="ab"), ["inputs: expected"]),
    (lambda: problem(inputs=[1j, 2]), ["inputs: expected"]),
    (lambda: problem(inputs=None), ["inputs: expected", "None"]),
    (lambda: problem(inputs={"x1": 1, "x2": 2}), ["inputs: expected"]),
    (lambda: problem(inputs=[NAN, 1]), ["inputs: expected finite numbers", "nan"]),
    (lambda: problem(targets=[INF, 1]), ["targets: expected finite numbers", "inf"]),
    (lambda: problem(targets=[0.05]), ["targets: expected 2 numbers", "one for each output"]),
    (
        lambda: problem(inputs=[[1, 2], [3, 4]], targets=[[1, 2]]),
        ["targets: expected a row for each sample", "(2, 2)", "(1, 2)"],
    ),
    (lambda: problem(inputs=[[1, 2]], targets=[1, 2]), ["targets: expected a row for each sample"]),
    (lambda: problem(inputs=[1, 2], targets=[[1, 2]]), ["targets: expected"]),
    (
        lambda: problem(network=CLASSES, targets=[2, -1]),
        ["targets: cross_entropy", "in [0, 1]", "got 2", "squared error"],
    ),
    (
        lambda: problem(network=bp.Network(2, 2, 2, loss="binary_cross_entropy"), targets=[-0.1, 1]),
        ["binary_cross_entropy", "[0, 1]", "-0.1"],
    ),
    # what an update rule remembers
    *[
        (
            lambda rule=rule, name=name: problem(update=rule, state={name: -1e-9}),
            [f"state: expected {name} to be 0 or more, as it adds up squares, got -1e-09"],
        )
        for rule, name in (
            (bp.updates.Adam(), "v_w5"),
            (bp.updates.Adam(weight_decay=0.1), "v_b1"),
            (bp.updates.RMSProp(), "s_w5"),
            (bp.updates.RMSProp(weight_decay=0.1), "s_w1"),
        )
    ],
    *[
        (
            lambda rule=rule, t=t: BATCH.replace(update=rule, batch="each", state={"t": t}),
            ["state: expected t to be a whole number, that of the updates done", f"got {t:g}"],
        )
        for rule in (bp.updates.GradientDescent(), bp.updates.Adam())
        for t in (-1, 1.5, -0.5)
    ],
    # changes
    (lambda: ARTICLE.replace(w11=1), ["replace: this problem has no 'w11'", "did you mean"]),
    (lambda: ARTICLE.replace(rate=1), ["no 'rate'"]),
    (lambda: ARTICLE.replace(learning_rat=1), ["did you mean 'learning_rate'?"]),
    (lambda: ARTICLE.replace(w1=NAN), ["w1: expected a finite number", "nan"]),
    (lambda: ARTICLE.replace(x1="a"), ["x1: expected a finite number"]),
    (lambda: BATCH.replace(x1=1), ["no 'x1'"]),
    (lambda: BATCH.sample(3), ["sample: expected a row", "got 3", "batch of 3"]),
    (lambda: BATCH.sample("a"), ["sample: expected a row", "'a'"]),
    (lambda: ARTICLE.sample(0), ["single sample"]),
    # verbs
    (lambda: bp.derive("2-2-2"), ["derive: expected a Network, a Model or a Problem", "'2-2-2'"]),
    (lambda: bp.evaluate(NETWORK), ["evaluate: expected a Problem", ".problem"]),
    (lambda: bp.evaluate(bp.examples.article), ["evaluate: expected a Problem", ".problem"]),
    (lambda: bp.evaluate(ARTICLE)["net_h3"], ["no 'net_h3'", "did you mean", "net_h"]),
    (lambda: bp.evaluate(ARTICLE)["dE/dw9"], ["no 'dE/dw9'", "did you mean"]),
    (lambda: bp.evaluate(ARTICLE)[3], ["no 3"]),
    (lambda: DERIVATION["net_h9"], ["no line for 'net_h9'", "did you mean"]),
    (lambda: DERIVATION[0], ["number of one of its lines", "got 0", "from 1 to 67"]),
    (lambda: DERIVATION.toward("w9"), ["no line for 'w9'"]),
    (lambda: DERIVATION.expanded("nothing"), ["no line for 'nothing'"]),
    (lambda: DERIVATION.paths("out_h1"), ["paths: expected a weight, a bias or an input", "'out_h1'"]),
    (lambda: DERIVATION.at(BATCH), ["at: expected one sample", "batch of 3", "problem.sample(0)"]),
    (lambda: DERIVATION.paths("w1").at(BATCH), ["expected one sample", "problem.sample(0)"]),
    (
        lambda: bp.derive(bp.Network(2, 2)).at(ARTICLE),
        ["at: expected a problem of this derivation's network", "derive(problem.network)"],
    ),
    *[
        (lambda show=show, bad=bad: show(bad), ["digits: expected a whole number from 1 to 17", f"got {bad!r}; leave"])
        for bad in (-3, 0, 18, "a", 6.0, None, True)
        for show in (
            lambda digits: repr(DERIVATION.at(ARTICLE, digits)),
            lambda digits: DERIVATION.at(ARTICLE, digits)._repr_latex_(),
            lambda digits: ARTICLE.diagram(digits=digits),
        )
    ],
    *[
        (lambda bad=bad: NETWORK.diagram(bad), ["highlight: expected names", f"got {bad!r}", "such as ['w5']"])
        for bad in (3, None, "w5", [3], [["w5"]])
    ],
    (lambda: NETWORK.diagram(["w55"]), ["highlight: the picture has no 'w55'", "did you mean 'w5'"]),
    (
        lambda: bp.diagnose(ARTICLE, "nope", 1),
        ["diagnose: there is no quantity 'nope'; choose one of net_h1", "more. A figure of the trained network is"],
    ),
    (lambda: bp.diagnose(ARTICLE, "w5_nwe", 1), ["no quantity 'w5_nwe'; did you mean 'w5_new'", "? A figure of the"]),
    *[
        (lambda bad=bad: bp.diagnose(ARTICLE, "w1_new", 1, given=bad), ["given: expected a dict", "got ", "{'out_h1'"])
        for bad in (3, 0, "out_h1", ["out_h1"])
    ],
    (lambda: DERIVATION.matrices()["delta_9"], ["matrix form: expected one of net_1", "'delta_9'"]),
    (lambda: bp.train(NETWORK), ["train: expected a Problem"]),
    *[
        (lambda bad=bad: bp.train(ARTICLE, bad), ["steps: expected a whole number from 0", "got "])
        for bad in (-1, 2.5, "3", None, True, 1e3)
    ],
    (lambda: ARTICLE.updated(-1), ["steps: expected", "got -1"]),
    (lambda: bp.train(ARTICLE, 5)["w12"], ["trace: expected", "'w12'", "did you mean"]),
    (lambda: bp.train(ARTICLE, 5).at(6), ["trace: expected an update from 0 to 5", "got 6"]),
    (lambda: bp.check_gradient(NETWORK), ["check_gradient: expected a Problem"]),
    (lambda: bp.check_gradient(ARTICLE, step=0), ["check_gradient: expected a step between 0 and 1", "got 0", "1e-5"]),
    *[
        (
            lambda layout=layout, more=more: bp.check_gradient(ARTICLE, *more, layout=layout),
            ["layout: expected 'x @ W' or 'W @ x'", f"got {layout!r}"],
        )
        for layout in ("a", "", 0, ["x @ W"])
        for more in ((), ({"w1": 1},), ([1],))
    ],
    (lambda: ARTICLE.arrays(""), ["layout: expected 'x @ W' or 'W @ x'", "got ''"]),
    (lambda: bp.check_gradient(ARTICLE, {"w12": 1}), ["check_gradient", "no 'w12'", "did you mean"]),
    (lambda: bp.check_gradient(ARTICLE, {}), ["check_gradient: expected", "got none"]),
    *[
        (lambda bad=bad: bp.check_gradient(ARTICLE, step=bad), ["a step between 0 and 1", f"got {bad!r}"])
        for bad in (1.5, NAN, "1e-5")
    ],
    *[
        (lambda bad=bad: initial_parameters(NETWORK, RNG, scale=bad), ["scale: expected a number from 0", f"got {bad}"])
        for bad in (-1, INF, NAN)
    ],
    *[
        (
            lambda bad=bad: initial_parameters(NETWORK, RNG, bad),
            ["scheme: expected 'xavier', 'he', 'lecun' or 'unit'", f"got {bad!r}"],
        )
        for bad in ("hee", ["he"], None)
    ],
    (lambda: loss_over(ARTICLE, x1=[1]), ["loss_over: expected weights or biases", "'x1'"]),
    (lambda: loss_over(NETWORK), ["loss_over: expected a Problem"]),
    (lambda: evaluate_given(ARTICLE, {"net_h9": 1}), ["no line for 'net_h9'"]),
    (lambda: predict(ARTICLE, [0.1, 0.2]), ["predict: expected a table with 2 columns", "(2,)", "[[0.1, 0.2]]"]),
    (lambda: bp.examples.article.audit()["w9"], ["audit: expected one of", "'w9'"]),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_what_was_expected_what_came_what_to_do(number: int) -> None:
    attempt, parts = CASES[number]
    with pytest.raises(bp.BpkitError) as caught:
        attempt()
    message = str(caught.value)
    for part in parts:
        assert part in message, message
    assert not re.search(r"np\.float64|Traceback", message)


HOSTILE = """exp __import__ lambda net_h1 learning_rate w1_new 1w w-1 w.1 w1;x ẇ1 ѡ1 ｗ1 w₁ w１ None class import
    x1 y1 h1 o1 b1 b_h1 out_o1 E_total E_o1 dE_total_dw1 dout_o1_dnet_o1 dnet_o1_dw5 steps record left inf range abs
    pick softmax log log1p xlogy ratio evaluate train loss problem inputs targets parameters network train_biases self
    _w1 __w1__ w__1""".split()
HOSTILE += ["", "a b", " w1", "w1 ", "w1\n", 5, None, ("w",), b"w1", 1.5, True]


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_names_that_no_weight_may_have(name: Any) -> None:
    with pytest.raises(
        bp.BpkitError, match=r"weight_names: x1 to h1 needs a plain word of its own, such as 'w1'"
    ) as caught:
        named(x1_h1=name)
    assert repr(name) in str(caught.value)


FRIENDLY = """a w E S I N Q O pi e z out net y K theta theta_3 n rows step W_1 delta_1 float map print type match alpha
    gain w_x1_h1 sigmoid tanh1 beta zeta Symbol d dE one true E1 Pow id""".split()


@pytest.mark.parametrize("name", FRIENDLY)
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_names_that_look_dangerous_and_are_not(name: str, activation: str) -> None:
    """Names of SymPy's, of Python's and of the matrix form: they compute what w1 computes."""
    kind = {
        "activation": ["softplus", activation],
        "loss": "cross_entropy" if activation == "softmax" else "binary_cross_entropy",
    }
    plain = bp.Network(2, 2, 2, **kind)
    network = bp.Network(2, 2, 2, weight_names={("x1", "h1"): name}, **kind)
    numbers = {name if key == "w1" else key: value for key, value in NUMBERS.items()}
    targets = (0.25, 0.75)
    ours, theirs = problem(numbers, network=network, targets=targets), problem(network=plain, targets=targets)
    assert bp.evaluate(ours)[f"dE/d{name}"] == bp.evaluate(theirs)["dE/dw1"]
    assert bp.evaluate(ours)[f"{name}_new"] == bp.evaluate(theirs)["w1_new"]
    assert bp.train(ours, 3)[name][-1] == bp.train(theirs, 3)["w1"][-1]
    assert bp.train(ours.replace(inputs=[[1, 2]], targets=[targets]), 3).diverged_at is None
    assert loss_over(ours, **{name: [0.1, 0.2]}).shape == (2,)
    assert ours.replace(**{name: 0.5}).parameters[name] == 0.5
    assert bp.check_gradient(ours).passed
    derivation = bp.derive(network)
    assert sp.Symbol(name) in derivation.expanded("E_total").free_symbols
    assert derivation.toward(name).at(ours)._repr_latex_()
    assert len(derivation.paths(name).at(ours)) == (4 if activation == "softmax" else 2)


@pytest.mark.parametrize("sizes", [[2, 2, 2], (2, 2, 2), np.array([2, 2, 2]), range(2, 5), [np.int64(2), np.int32(2)]])
def test_sizes_as_any_sequence(sizes: Any) -> None:
    network = bp.Network(sizes)
    assert network == bp.Network(*sizes)
    assert network.sizes == tuple(int(size) for size in sizes)
    assert all(type(size) is int for size in network.sizes)


def test_the_smallest_network() -> None:
    one = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.0}, [1], [0])
    assert bp.derive(one.network).toward("w1").at(one)
    assert bp.train(one, 10).loss[-1] < bp.train(one, 10).loss[0]
    assert bp.check_gradient(one).passed


@pytest.mark.parametrize("make", [list, tuple, np.array, lambda v: np.array(v, dtype=np.float32)])
def test_data_as_lists_tuples_and_arrays(make: Callable[[Any], Any]) -> None:
    one = problem(inputs=make([0.5, 0.25]), targets=make([0.125, 1]))
    assert one == problem(inputs=[0.5, 0.25], targets=[0.125, 1])
    many = problem(inputs=make([make([0.5, 0.25])] * 2), targets=make([make([0.125, 1])] * 2))
    assert many.inputs.shape == (2, 2)
    assert many.is_batch


@pytest.mark.parametrize(
    "number", [1, np.float64(1), np.float32(1), np.int64(1), Fraction(1), Decimal(1), np.array(1.0)]
)
def test_numbers_of_every_kind(number: Any) -> None:
    replaced = ARTICLE.replace(w1=number, learning_rate=number, x1=number)
    assert type(replaced.parameters["w1"]) is float
    assert type(replaced.learning_rate) is float
    assert "np." not in repr(replaced)


def test_a_problem_cannot_be_changed_by_accident() -> None:
    mine = np.array([0.1, 0.2])
    numbers = dict(NUMBERS)
    one = problem(numbers, inputs=mine)
    mine[0], numbers["w1"] = 5, 5
    assert one == problem()
    for attempt in (
        lambda: one.inputs.__setitem__(0, 5),
        lambda: one.parameters.__setitem__("w1", 5),  # type: ignore[attr-defined]
        lambda: setattr(one, "learning_rate", 5),
        lambda: setattr(NETWORK, "bias", "none"),
        lambda: setattr(DERIVATION, "steps", ()),
    ):
        with pytest.raises((AttributeError, TypeError, ValueError)):
            attempt()


def test_a_missing_quantity_is_a_key_error_too() -> None:
    values = bp.evaluate(ARTICLE)
    assert values.get("net_h9") is None
    assert "net_h9" not in values
    assert "dE/dw5" in values
    assert 5 not in values
    with pytest.raises(KeyError, match="net_h9"):
        values["net_h9"]


def test_what_may_be_negative_in_a_state() -> None:
    """Means of slopes and velocities; Adam's second step from there, by its paper."""
    assert problem(update=bp.updates.Momentum(), state={"v_w1": -1.0}).state["v_w1"] == -1.0
    one = problem(update=bp.updates.Adam(), state={"m_w1": -1.0, "v_w1": 4.0, "t": 1})
    g = bp.evaluate(ARTICLE)["dE/dw1"]
    m, v = (0.9 * -1.0 + 0.1 * g) / (1 - 0.9**2), (0.999 * 4.0 + 0.001 * g**2) / (1 - 0.999**2)
    assert one.updated().parameters["w1"] == pytest.approx(NUMBERS["w1"] - 0.5 * m / (v**0.5 + 1e-8), rel=1e-13)


def test_weights_drawn_with_no_spread_are_0() -> None:
    assert set(initial_parameters(NETWORK, RNG, scale=0).values()) == {0.0}
