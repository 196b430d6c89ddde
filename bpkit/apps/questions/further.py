"""The predictions of the lessons from 09 on, about other networks, data, programs and blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from sympy import Integer

from bpkit.apps.questions.prediction import Answer, Question
from bpkit.apps.variety import compared
from bpkit.core.blocks import Conv1d, Recurrent
from bpkit.core.derivation import derive
from bpkit.core.functions import activation
from bpkit.core.model import Model
from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, number_read
from bpkit.core.train import train
from bpkit.core.updates import GradientDescent, Momentum
from bpkit.examples.article import article
from bpkit.examples.data import data_set
from bpkit.examples.worked import attention
from bpkit.show.boundary_picture import right
from bpkit.show.depth_picture import gradient_sizes
from bpkit.show.kept_picture import lifetimes
from bpkit.show.outputs_picture import with_loss

CHANGED = ("1 of 14", "2 of 14", "7 of 14", "all 14")


def _lines_of_tanh() -> tuple[Answer, str]:
    before = layered(article.problem.network, "questions")
    now = Network(*before.sizes, activation=["tanh", "sigmoid"], loss=before.loss, bias=before.bias)
    changed = sum(old.form != new.form for old, new in compared(before, now))
    return next(one for one in CHANGED if one.split()[0] == str(changed)), (
        "only the output of a hidden neuron and its slope say which function it is. All other lines use these two "
        "numbers, wherever they come from"
    )


STUCK = Problem(Network(1, 1, bias="none"), {"w1": -5.0}, [1.0], [1.0], learning_rate=0.5)  # lesson 09's
FREED = ("both of them", "only half the squared error", "only −ln(out)", "neither of them")


def _stuck_neuron() -> tuple[Answer, str]:
    square, surprise = (
        float(evaluate(with_loss(STUCK, loss).updated(30))["out_o1"])
        for loss in ("half_squared_error", "binary_cross_entropy")
    )
    return FREED[2 * (square <= 0.5) + (surprise <= 0.5)], (
        f"half the squared error brings the output to {number(square, 2)} only, −ln(out) to {number(surprise, 2)}. "
        "The lines below say why, and the picture after them shows it"
    )


def _net_of_a_batch() -> tuple[Answer, str]:
    points, hidden = 200, 8
    return float(points * hidden), "there is a row for each point and a column for each hidden neuron"


SHRINK = ("about 10 times", "about 1,000 times", "more than a million times")


def _ten_layers() -> tuple[Answer, str]:
    sigmoids, steep = (
        Network(2, *[8] * 10, 1, activation=[*[kind] * 10, "sigmoid"], loss="binary_cross_entropy", bias="neuron")
        for kind in ("sigmoid", "identity")
    )
    problem = data_set("moons", 100).problem(sigmoids, seed=0)
    both = problem, problem.replace(network=steep, parameters=problem.arrays())
    factor, alone = (float(sizes[-1] / sizes[0]) for _, sizes in map(gradient_sizes, both))
    return SHRINK[2 if factor > 1e6 else int(factor > 100)], (
        f"here it is about {float(number(factor, 2)):,.0f} times. Each of the ten steps back multiplies by a slope of "
        "a quarter or less, and a quarter to the power of ten is about a millionth. The slopes do nearly all of it: "
        f"with slope 1 in the ten layers, the same weights make the deltas only about {number(alone, 1)} times smaller"
    )


PAST, SLOPE = 3, 0.2  # layers with a way past each, and the slope of each


def _ways_past() -> tuple[Answer, str]:
    factor = 1 + SLOPE
    return factor**PAST, (
        f"the two ways of a layer add up, so its factor is 1 + {SLOPE} = {factor}, and {PAST} layers multiply: "
        f"{' · '.join([str(factor)] * PAST)}. Without the ways past, {number(SLOPE**PAST)} is left of the derivative"
    )


SORTED = ("about half of them", "about 180", "all 200")


def _slope_left_out() -> tuple[Answer, str]:
    sigmoid = activation("sigmoid")
    blind = replace(sigmoid, name="sigmoid without its slope", slope=Integer(1), stable_slope=Integer(1))
    network = Network(2, 8, 1, activation=[sigmoid, blind], bias="neuron")
    trained = train(data_set("moons").problem(network, seed=0, learning_rate=20), 1000).final
    count = right(trained)
    return SORTED[int(count > 150) + (count == len(trained.inputs))], (
        "without that slope the last delta is out − y, and that is the right delta for another loss, the cross-entropy "
        "of lesson 09. The program goes downhill on that other loss, and it sorts the moons as well"
    )


def _numbers_kept() -> tuple[Answer, str]:
    network = Network(2, 8, 8, 1, bias="neuron")
    _, arrays = lifetimes(data_set("moons").problem(network, seed=0))
    kept = [one for one in arrays if one.waits]
    widths = " + ".join(str(one.shape[1]) for one in kept)
    return sum(one.size for one in kept), (
        f"the outputs of every layer wait, the inputs among them: {kept[0].shape[0]} · ({widths}). The net inputs do "
        "not, because the slope of a sigmoid is computed from its output"
    )


HEAPED = ("lower than in the right program", "about the same", "higher than in the right program")


def _zero_grad_forgotten() -> tuple[Answer, str]:
    right = data_set("moons").problem(Network(2, 8, 1, bias="neuron"), seed=0, learning_rate=20)
    # Derivatives that are never cleared are momentum whose old steps do not fade.
    heaped = train(right.replace(update=Momentum(1 - 1e-9)), 200).loss[-1]
    cleared = train(right, 200).loss[-1]
    return HEAPED[0 if heaped < 0.8 * cleared else 2 if heaped > 1.25 * cleared else 1], (
        f"it is {number_read(float(heaped), 3)}, and the right program has {number(cleared / heaped, 2)} times as "
        "much. At first the old derivatives point downhill too, so their sum makes longer and longer steps. Below "
        "you see what happens to the weights"
    )


VALLEY = Problem(  # lesson 14's: w1 counts much and w2 little
    Network(2, 1, activation="identity", bias="none"),
    {"w1": -0.5, "w2": -2.0},
    inputs=[[2, 0.3], [2, -0.3]],
    targets=[[2.6], [1.4]],
    learning_rate=0.47,
)
PARTS = (
    "narrower across the valley, and longer along it",
    "wider across the valley, and longer along it",
    "narrower across the valley, and shorter along it",
    "the same across the valley, and longer along it",
)


def _momentum_in_a_valley() -> tuple[Answer, str]:
    plain, rolling = (train(VALLEY.replace(update=rule), 20) for rule in (GradientDescent(), Momentum(0.5)))
    across = [float(abs(np.diff(walk["w1"]))[5:].mean()) for walk in (plain, rolling)]
    along = [float(walk["w2"][10] - walk["w2"][0]) for walk in (plain, rolling)]
    kind = {(True, True): 0, (False, True): 1, (True, False): 2}[across[1] < across[0], along[1] > along[0]]
    return PARTS[kind], (
        "across the valley the slope keeps changing its sign, so what is left of the steps before often works against "
        "the next one. Along the valley all slopes have one sign, so they add up"
    )


GIVES_WAY = ("w₁", "w₂", "both lose the same share")


def _decay_gives_way() -> tuple[Answer, str]:
    without, decayed = (train(VALLEY.replace(update=GradientDescent(weight_decay=decay)), 300) for decay in (0.0, 0.1))
    lost = [1 - float(decayed[name][-1] / without[name][-1]) for name in ("w1", "w2")]
    return GIVES_WAY[2 if abs(lost[1] - lost[0]) < 0.02 else int(lost[1] > lost[0])], (
        f"with a decay of 0.1, w₁ loses {number(100 * lost[0], 2)} % of its value and w₂ loses "
        f"{number(100 * lost[1], 2)} %. The loss rises steeply as soon as w₁ moves, so its slope soon holds against "
        "the pull. It hardly changes with w₂, so there the pull wins"
    )


WHICH_USE = (
    "the first day, because everything later depends on it",
    "the last day, because it is nearest to the loss",
    "all three days alike, because it is one weight",
)
DAYS = Problem(  # lesson 15's
    Model((3, 1), Recurrent(1)),
    {"Wx1": [[0.5]], "Wh1": [[0.5]], "b1": [0.1]},
    inputs=[[1.0], [0.5], [1.0]],
    targets=[0.9],
    learning_rate=0.5,
)


def _which_day() -> tuple[Answer, str]:
    values = evaluate(DAYS)
    terms = [float(values[f"dE/dnet_o{t}_1"] * values[f"dnet_o{t}_1/dWx1_1_1"]) for t in (1, 2, 3)]
    largest = int(np.argmax(np.abs(terms)))
    return WHICH_USE[0 if largest == 0 else 1], (
        f"the three days contribute {', '.join(number_read(one, 3) for one in terms)}. From each day "
        "back to the one before, the way goes through a slope of tanh and through the weight of yesterday, which is a "
        "half here. Each use is also multiplied by the warmth of its own day, and day 2 was only half as warm. So it "
        "is not enough to be last: a last day of warmth 0 would contribute nothing"
    )


LEFT = ("about a half of it", "about a five-hundredth of it", "about a millionth of it")
TEN_DAYS = Problem(Model((10, 1), Recurrent(1)), DAYS.arrays(), inputs=[[1.0]] * 10, targets=[0.9])  # lesson 15's


def _first_of_ten_days() -> tuple[Answer, str]:
    values, weight = evaluate(TEN_DAYS), TEN_DAYS.parameters["Wh1_1_1"]
    left = float(values["dE/dout_o1_1"] / values["dE/dout_o10_1"])
    each = left ** (1 / 9)
    return LEFT[2 if left < 1e-4 else int(left < 0.1)], (
        f"each of the nine days back multiplies by Wh and by a slope of tanh, here by {weight:g} and by about "
        f"{number(each / weight, 2)}. That makes about {number(each, 2)} a day, and {number_read(left, 2)} after "
        "nine of them"
    )


def _factors_left_out() -> Mapping[str, str]:
    weight = TEN_DAYS.parameters["Wh1_1_1"]
    return {
        LEFT[0]: "That is one day back, and there are nine.",
        LEFT[1]: f"You get that from the weights alone: {weight:g} to the power of nine is {number(weight**9, 1)}. "
        "But each day has a slope of tanh as well.",
    }


TURNED = (
    "k₁ carries the δ of o1, and k₂ the δ of o2",
    "k₂ carries the δ of o1, and k₁ the δ of o2",
    "k₁ + k₂ carries both",
)


def _kernel_on_the_way_back() -> tuple[Answer, str]:
    lines = derive(Model((4,), Conv1d(2))).with_inputs
    factors = [str(lines[f"dnet_o{j}/dx2"].rhs) for j in (1, 2)]
    return TURNED[["k1_1", "k1_2"].index(factors[0])], (
        "at the first place x₂ lies under the second weight of the kernel, and at the second place under the first. "
        "Forward and back, a number uses the same weight"
    )


SAME_VALUES = (
    "not at all: the derivatives are 0",
    "less than before",
    "as before: the values are no part of a query's derivative",
)


def _equal_values() -> tuple[Answer, str]:
    problem = attention.problem
    equal = problem.replace(parameters={**problem.arrays(), "Wv1": np.array([[1.0, 1.0], [0.5, 0.5]])})
    equal = equal.replace(inputs=[[1.0, -1.0], [0.0, 1.0]])
    values = evaluate(equal)
    largest = max(abs(float(values[name])) for name in values if name.startswith("dE_total/dq_"))
    before = evaluate(problem)
    old = max(abs(float(before[name])) for name in before if name.startswith("dE_total/dq_"))
    return SAME_VALUES[0 if largest < 1e-12 else 1 + (largest >= old)], (
        "a query only decides the shares. If both values are the same, every mix of them is that value, whatever the "
        "shares are. So the output does not move, and neither does the loss"
    )


UNASKED = attention.problem.replace(  # lesson 16's, without queries
    parameters={**attention.problem.arrays(), "Wq1": np.zeros((2, 2))}, targets=[[1, -1], [0.5, 0]]
)
AT_A_SCORE = ("−0.625", "−0.375", "−0.125", "−1.5")


def _at_a_score() -> tuple[Answer, str]:
    values = evaluate(UNASKED)
    own, other = (float(values[f"dE/dshare_o1_{j}"] * values[f"dshare_o1_{j}/dscore_o1_1"]) for j in (1, 2))
    arrives = number_read(float(values["dE/dscore_o1_1"]), 3)
    return next(one for one in AT_A_SCORE if one == arrives), (
        "the score changes both shares, and each slope is ½ · ½, with a minus for the other share, which falls. "
        f"Through its own share the score contributes {number_read(own, 3)}, and through the other one "
        f"{number_read(other, 3)}"
    )


def _paths_left_out() -> Mapping[str, str]:
    return {
        AT_A_SCORE[1]: "That is one path only, through its own share. The other share changes too.",
        AT_A_SCORE[2]: "When the score grows the other share falls, so its slope is negative.",
        AT_A_SCORE[3]: "That is the derivative with respect to its share. Between the two lies the softmax.",
    }


FLAT_ROW = ("the query of word 1", "the query of word 2", "the key of word 1", "the value of word 2")


def _flat_row() -> tuple[Answer, str]:
    parameters = {**attention.problem.arrays(), "Wq1": np.array([[-40.0, 0.0], [-0.4, 0.0]])}
    values = evaluate(attention.problem.replace(parameters=parameters, targets=[[1, -1], [0.5, 0]]))  # lesson 16's
    sizes = [
        max(abs(float(values[f"dE_total/d{one.split()[1][0]}_o{one[-1]}_{place}"])) for place in (1, 2))
        for one in FLAT_ROW
    ]
    return FLAT_ROW[int(np.argmin(sizes))], (
        "a query acts only through the shares of its own word, and near 0 and 1 a softmax is flat. The key of word 1 "
        "also counts in the shares of word 2, which are not flat, and word 1 takes almost all of the value of word 2"
    )


QUESTIONS: Mapping[str, Question] = {
    "lines-of-tanh": Question(
        "You replace the sigmoid of the hidden neurons by tanh. How many of the 14 kinds of lines change?",
        _lines_of_tanh,
        CHANGED,
    ),
    "stuck-neuron": Question(
        "A sigmoid neuron is sure and wrong: its input is 1 and its weight −5, so its output is almost 0, and it "
        "should be 1. The learning rate is 0.5. Which loss brings the output above ½ within 30 updates?",
        _stuck_neuron,
        FREED,
    ),
    "net-of-a-batch": Question(
        "200 points go through a 2-8-1 network at once. How many numbers are in net₁, the net inputs of its "
        "hidden layer?",
        _net_of_a_batch,
    ),
    "ten-layers": Question(
        "Ten hidden layers of sigmoids: how many times smaller are the deltas of the first layer than those of "
        "the last?",
        _ten_layers,
        SHRINK,
    ),
    "ways-past": Question(
        f"A derivative goes back through {PAST} layers with a way past each of them. The layers themselves have "
        f"f′(x) = {SLOPE}. By what number is the derivative multiplied in total?",
        _ways_past,
    ),
    "slope-left-out": Question(
        "How many of the 200 points does this wrong program get right in the end?", _slope_left_out, SORTED
    ),
    "numbers-kept": Question(
        "A 2-8-8-1 network of sigmoids has computed the net inputs and the outputs of all its neurons for 200 "
        "points. How many of these numbers, and of the inputs, must wait for the way back?",
        _numbers_kept,
    ),
    "zero-grad-forgotten": Question(
        "Another student's program for the moons never sets its derivatives back to 0, so they add up. What is its "
        "loss after 200 updates?",
        _zero_grad_forgotten,
        HEAPED,
    ),
    "momentum-in-a-valley": Question(
        "Now each step keeps half of the step before and adds the new one to it. How do the steps change?",
        _momentum_in_a_valley,
        PARTS,
    ),
    "decay-gives-way": Question(
        "Weight decay pulls both weights toward 0, and the slope of the loss pulls back. Which weight loses the "
        "larger share of its value?",
        _decay_gives_way,
        GIVES_WAY,
    ),
    "which-day": Question(
        "Each day is one use of Wx, and each use contributes to ∂E/∂Wx. Which day contributes most here?",
        _which_day,
        WHICH_USE,
    ),
    "first-of-ten-days": Question(
        "Now the tomato lies there for ten days, all as warm as the first, and Wh is 0.5 as before. The loss comes "
        "from day 10. How much of the derivative with respect to the output of day 10 is left for the output of "
        "day 1?",
        _first_of_ten_days,
        LEFT,
        _factors_left_out,
    ),
    "kernel-on-the-way-back": Question(
        "x₂ reaches the loss through o1 and through o2. On the way back, which weight carries which δ to x₂?",
        _kernel_on_the_way_back,
        TURNED,
    ),
    "equal-values": Question(
        "Suppose that both words have the same value. How does the loss then depend on a query?",
        _equal_values,
        SAME_VALUES,
    ),
    "at-a-score": Question(
        "Without queries both shares of word 1 are ½. The derivatives of the loss with respect to them are then "
        "−1.5 and 1. What is the derivative with respect to the first score of word 1?",
        _at_a_score,
        AT_A_SCORE,
        _paths_left_out,
    ),
    "flat-row": Question(
        "The shares of word 1 are practically 0 and 1, those of word 2 are 0.3 and 0.7. The two values differ, and "
        "neither word has the mix that it should have. The derivative of the loss with respect to one of these is "
        "practically 0. Which one?",
        _flat_row,
        FLAT_ROW,
    ),
}
