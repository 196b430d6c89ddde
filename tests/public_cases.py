"""Wrong numbers that were met in public, with what a detective has to say of them; facts alone, each with its source.

A case names the *kind* of mistake in generous words: any wording that holds one of ``names`` will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

import bpkit as bp

N = bp.Network
P = bp.Problem
MAZUR, ARTICLE = bp.examples.mazur.problem, bp.examples.article.problem
NAMED, FEW, RIGHT = ("misconception",), ("few_digits",), ("correct", "rounded")


class Case(NamedTuple):
    """A number that was met: what was asked, what was typed, and what may be said of it.

    One of ``names`` has to stand in the name or the sentence of one of the first four explanations; with ``together``
    all of them in one of these, with ``every`` all of them somewhere, with ``first`` in the first. ``said`` has to
    stand in the message, ``unsaid`` may not, and ``never`` stands in no name of the four ("." means that no name is
    listed). ``sure`` is False where the detective may not be.
    """

    kind: str
    source: str
    problem: bp.Problem
    quantity: str
    number: str
    given: Mapping[str, str]
    verdicts: tuple[str, ...]
    names: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    sure: bool = True
    together: bool = False
    every: bool = False
    first: bool = False


LINEAR = P(N(2, 1, activation="identity"), {"w1": 0.34, "w2": 0.56, "b1": 0.54}, [1, 0], [0])
ONE = P(N(1, 1, 1, loss="squared_error", bias="none"), {"w1": 0.4, "w2": -0.7}, [0.3], [1], 0.1)
FLAT = P(N(1, 1, activation="identity", loss="squared_error"), {"w1": 0.5, "b1": 0}, [2], [3], 0.1)
STEP = P(N(2, 2, 1, bias="none"), {"w1": 0.3, "w2": -0.4, "w3": 0.7, "w4": 0.2, "w5": 0.5, "w6": -0.6}, [1, 0], [1])
THREE = P(
    N(2, 1, loss="squared_error"), {"w1": 0.1, "w2": -0.2, "b1": 0}, [[1, 2], [2, 1], [-1, -2]], [[1], [0], [0]], 0.1
)
SIGMOID = P(
    N(1, 1, loss="binary_cross_entropy"), {"w1": 0.3, "b1": 0.1}, [[-3], [-2], [2], [3]], [[0], [0], [1], [1]], 1.0
)
PLANAR = P(
    N(2, 4, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron"),
    {
        "w1": -0.00416758,
        "w2": -0.00056267,
        "w3": -0.02136196,
        "w4": 0.01640271,
        "w5": -0.01793436,
        "w6": -0.00841747,
        "w7": 0.00502881,
        "w8": -0.01245288,
        "w9": -0.01057952,
        "w10": -0.00909008,
        "w11": 0.00551454,
        "w12": 0.02292208,
        "b_h1": 0,
        "b_h2": 0,
        "b_h3": 0,
        "b_h4": 0,
        "b_o1": 0,
    },
    [[1.62434536, -1.07296862], [-0.61175641, 0.86540763], [-0.52817175, -2.3015387]],
    [[1], [0], [1]],
    1.2,
)
XOR = P(
    N(2, 2, 1, bias="none"),
    {"w1": 0.45, "w2": -0.12, "w3": 0.78, "w4": 0.13, "w5": 1.5, "w6": -2.3},
    [1, 0],
    [1],
    0.7,
)
EXAM = P(
    N(2, 2, 2, 1, activation="relu", bias="none"),
    {"w1": 1, "w2": 2, "w3": 2, "w4": 1, "w5": 4, "w6": 2, "w7": -1, "w8": 3, "w9": 1, "w10": 1},
    [1, 2],
    [0],
    0.1,
)
_SERIES = [2.16, 3.19, 1.85, 4.84, 0.55, 4.2, 1.68, 4.74, 0.14, 5.68, 0.48, 5.03, 0.18]
_DEAD_WEIGHTS = [0.2, 0.7, 0.1, 0.9, 0.3, 0.4, 0.5, 0.1, 0.8, 0.6, 0.6, 0.2, 0.3, 0.1, 0.8, 0.4]
DEAD = P(
    N(3, 4, 1, activation="relu", bias="none"),
    {f"w{i}": weight for i, weight in enumerate(_DEAD_WEIGHTS, 1)},
    np.array([_SERIES[i : i + 3] for i in range(10)]),
    np.array([[value] for value in _SERIES[3:]]),
    0.005,
)
LOUD = P(N(2, 2, 1, bias="none"), {"w1": 0.4, "w2": 0.5, "w3": 0.6, "w4": 0.3, "w5": 0.7, "w6": -0.2}, [90, 60], [0.2])
TWINS = P(
    N(2, 2, 1, bias="neuron"),
    {f"w{i}": 0.3 for i in range(1, 7)} | {"b_h1": 0, "b_h2": 0, "b_o1": 0},
    [[0, 0], [0, 1], [1, 0], [1, 1]],
    [[0], [1], [1], [0]],
)
STEEP = P(N(1, 1, activation="identity"), {"w1": 0.2, "b1": 0}, [[4], [7], [9]], [[1.0], [2.0], [2.5]], 0.1)

_ML = "github.com/Open-Deep-ML/DML-OpenProblem/issues/54"
_COURSE = "community.deeplearning.ai topics 152009, 31965, 110003"
_CHECK = "stats.stackexchange.com/questions/188678"
_SAME = "stats.stackexchange.com/questions/464262"
_SOLVED = "primelearnpoint.com/deep-learning/backpropagation-solved-numerical-2x2"
_SOLVER = "github.com/ninjakx/Neural_network_solver"
_CONTRARY = "datascience.stackexchange.com/questions/25394"
_FALLS = "datascience.stackexchange.com/questions/120115"
_QUIZ = "dsc140b.com, quiz 7"
_NSXOR = "github.com/Skeyling1/NSxor"
_BIAS = "github.com/xnought/backprop-explainer/issues/18"
_JAVA = "CodeProject 1097336"
_COPIES = "programs from scratch with integer arrays, or that update a copy"
_LESSON = "a lesson on a first day"

_HALF = ("halves", "half the", "½", "2 of the square")
_SUM = ("sum", "not averaged", "mean")
_KEEPS = ("keeps", "old", "not updated", "unchanged")
_LAYER = ("keeps the hidden", "hidden weights", "output layer")
_QUOTIENT = ("difference", "nudge")
_GIVEN = {"dE/dnet_h2_1": "-3", "dE/dnet_h2_2": "2"}
_RATE2 = ARTICLE.replace(learning_rate=2.0)

_BOOT = "github.com/42-AI/bootcamp_machine-learning"
_SERIES_X = [12.4956442, 21.5007972, 31.5527382, 48.9145838, 57.5088733]
_SERIES_Y = [37.4013816, 36.1473236, 45.7655287, 46.6793434, 59.5585554]
_TARGETS = [[2], [14], [-13], [5], [12], [4], [-19]]
_ROWS = [[-6, -7, -9], [13, -2, 14], [-7, 14, -1], [-8, -4, 6], [-5, -9, 6], [1, -5, 11], [9, -11, 8]]


def _line(intercept: float, slope: float, samples: slice = slice(None)) -> bp.Problem:
    """A straight line through five points, with half the mean squared error."""
    signals, targets = ([[value] for value in column[samples]] for column in (_SERIES_X, _SERIES_Y))
    return P(N(1, 1, activation="identity"), {"w1": slope, "b1": intercept}, signals, targets, 1.0)


def _plane(weights: tuple[float, float, float], bias: bool = False) -> bp.Problem:
    """Three features and seven samples, with half the mean squared error."""
    numbers: dict[str, float] = {f"w{i}": weight for i, weight in enumerate(weights, 1)}
    kind = "layer" if bias else "none"
    return P(N(3, 1, activation="identity", bias=kind), numbers | ({"b1": 0.0} if bias else {}), _ROWS, _TARGETS, 1.0)


_PASSED = P(N(1, 1, activation="identity", bias="none"), {"w1": 1}, [[0], [15], [-9], [7], [12], [3], [-21]], _TARGETS)
_WIDE = P(
    N(4, 1, loss="binary_cross_entropy"),
    {"w1": 0.5, "w2": 7.1, "w3": -4.3, "w4": 2.09, "b1": 2},
    [[1, 1, 2, 3], [5, 8, 13, 21], [3, 5, 9, 14]],
    [[1], [0], [1]],
    0.001,
)
_ROW = _WIDE.replace(inputs=[1, 1, 2, 3], targets=[1])
_STEEP_PLANE, _FLAT_PLANE = (3, 0.5, -6), (0, 0, 0)

CASES: tuple[Case, ...] = (
    Case("1 a factor", _ML, THREE, "w1_new", "0.10102848", {}, NAMED, _HALF),
    Case("1 a factor", _ML, THREE, "E_total after 1 update", "0.29874411", {}, NAMED, _HALF),
    Case("1 a factor", _COURSE, PLANAR, "E_total after 1 update", "0.63199421", {}, NAMED, _SUM),
    Case("1 a factor", _COURSE, PLANAR, "E_total after 1 update", "1.98935231", {}, NAMED, _SUM),
    Case("2 not updated", _COPIES, MAZUR, "w1_new", "0.15000000", {}, NAMED, _KEEPS),
    Case("2 not updated", _COPIES, MAZUR, "w1_new", "0.15", {}, NAMED + FEW, _KEEPS, sure=False),
    Case("2 not updated", _COPIES, MAZUR, "w5_new", "0.40000000", {}, NAMED, _KEEPS),
    Case("2 not updated", _COPIES, MAZUR, "w8_new", "0.5500", {}, NAMED, _KEEPS, first=True),
    Case("2 not updated", _COPIES, ARTICLE, "w5_new", "0.35", {}, NAMED, _KEEPS),
    Case("2 not updated", _COPIES, MAZUR, "E_total after 1 update", "0.298371109", {}, NAMED, _KEEPS),
    Case("2 not updated", _COPIES, MAZUR, "E_total after 1 update", "0.291028729", {}, NAMED, _LAYER),
    Case("3 few digits", _CHECK, LINEAR, "dE/dw1", "1", {}, FEW),
    Case("3 few digits", _CHECK, LINEAR, "dE/dw1", "0.9", {}, FEW),
    Case("3 few digits", _SOLVER, ARTICLE, "net_o1", "0.8", {}, FEW),
    Case("3 few digits", _SOLVER, ARTICLE, "net_h1", "0.5", {}, FEW),
    Case("3 few digits", _SOLVER, ARTICLE, "net_h1", "1/2", {}, FEW),
    Case("3 few digits", _LESSON, ARTICLE, "net_h1", "0.055", {}, NAMED, ("bias",), unsaid=("digit",)),
    Case(
        "4 two mistakes",
        _SAME,
        ONE,
        "dE/dw1",
        "0.082540",
        {},
        NAMED,
        ("output slope", "own factor"),
        sure=False,
        together=True,
    ),
    Case("4 two mistakes", _SAME, ONE, "dE/dw1", "0.082540", {"dE/dnet_h1": "0.206349"}, NAMED, ("own factor",)),
    Case(
        "4 two mistakes",
        _SOLVED,
        MAZUR,
        "net_o1",
        "0.5359",
        {"out_h1": "0.5944", "out_h2": "0.5963"},
        NAMED,
        ("transpose", "bias"),
        together=True,
    ),
    Case("5 cross-entropy", _COURSE, PLANAR, "E_total", "0.300853", {}, NAMED, ("base 10", "log10", "log₁₀")),
    Case("5 cross-entropy", _COURSE, PLANAR, "E_total", "-0.692739", {}, NAMED, ("minus", "sign")),
    Case("6 neighbour", _CONTRARY, SIGMOID, "dE/dw1", "-0.044918", {}, NAMED, ("own output", "out for")),
    Case(
        "6 neighbour", _SOLVED, MAZUR, "net_h2", "0.3825", {}, NAMED, ("another neuron's weight", "weight of another")
    ),
    Case("7 batches", _COURSE, PLANAR, "dE/dw9", "0.00026280", {}, NAMED, ("twice", "squared", "again")),
    Case("7 batches", _COURSE, PLANAR, "dE/db_h1", "-0.00036490", {}, NAMED, ("over the neurons", "over neurons")),
    Case(
        "8 runs",
        _FALLS,
        DEAD,
        "E_total after 1 update",
        "6.22519",
        {},
        ("correct", "rounded", "few_digits", "misconception", "unknown"),
        said=("dead",),
        sure=False,
    ),
    Case("8 runs", _FALLS, LOUD, "dE/dw1", "0", {}, ("few_digits", "correct"), said=("saturated",)),
    Case("8 runs", _FALLS, LOUD, "dE/dw1", "0.000000", {}, ("few_digits", "correct"), said=("saturated",)),
    Case("8 runs", _FALLS, TWINS, "E_total after 10 updates", "0.12626813", {}, RIGHT, said=("alike",)),
    Case("8 runs", _FALLS, STEEP, "E_total after 5 updates", "137424.99", {}, RIGHT, said=("too large",)),
    Case("9 given", _QUIZ, EXAM, "dE/dnet_h1_1", "-14", _GIVEN, ("correct",), said=("if you",)),
    Case("9 given", _QUIZ, EXAM, "dE/dw1", "-14", _GIVEN, ("correct",), said=("if you",)),
    Case("10 sign of delta", _NSXOR, XOR, "dE/dnet_o1", "0.148", {}, NAMED, ("sign",), said=("adds",)),
    Case("10 sign of delta", _NSXOR, XOR, "dE/dnet_o1", "0.148097", {}, NAMED, ("sign",), said=("adds",)),
    Case(
        "11 quotient",
        _LESSON,
        ARTICLE,
        "dE/dw5",
        "0.1702859",
        {},
        NAMED,
        ("difference", "doubles"),
        sure=False,
        every=True,
    ),
    Case("11 quotient", _LESSON, ARTICLE, "dE/dw5", "0.0001702859", {}, NAMED, _QUOTIENT),
    Case("11 quotient", _LESSON, ARTICLE, "dE/dw5", "0.08514094", {}, ("rounded", "misconception"), ("one-sided",)),
    Case("11 quotient", _LESSON, ARTICLE, "dE/dw5", "0.08514293", {}, RIGHT, never=(".",)),
    Case("12 shown digits", _LESSON, ARTICLE, "w5_new", "0.39257145", {}, NAMED, ("adds the gradient",)),
    Case("12 shown digits", _LESSON, ARTICLE, "w5_new", "0.3925714692", {}, NAMED, ("adds the gradient",)),
    Case("12 shown digits", _LESSON, ARTICLE, "w5_new", "0.30742855", {}, RIGHT, never=(".",)),
    Case("13 likelier first", _BIAS, FLAT, "dE/db1", "0", {}, NAMED, ("own factor",), first=True),
    Case("14 ½ forward", _LESSON, ARTICLE, "E_total", "0.466906", {}, NAMED, ("½", "half"), never=("gradient",)),
    Case(
        "15 one number",
        _LESSON,
        MAZUR,
        "E_total after 1 update",
        "0.283618982",
        {},
        NAMED,
        ("learning rate", "doubles"),
        sure=False,
        every=True,
    ),
    Case(
        "15 one number", _LESSON, _RATE2, "dE/dw5", "0.170286", {}, NAMED, ("change", "doubles"), sure=False, every=True
    ),
    Case("16 output's slope", _CHECK, LINEAR, "dE/dw1", "1.0000", {}, NAMED, ("loss's slope", "slope of the loss")),
    Case("17 update rules", _JAVA, STEP, "w5 after 2 updates", "0.612718", {}, NAMED, ("not set", "back to", "keeps")),
    Case("17 update rules", _JAVA, STEP, "w5 after 2 updates", "0.608936", {}, NAMED, ("momentum",)),
    Case("17 update rules", _COURSE, PLANAR, "w9_new", "-0.03369270", {}, NAMED, ("each sample", "every sample")),
    Case("met", f"{_BOOT}/issues/64", _line(2, 0.7), "dE/db1", "21.0342574", {}, NAMED, ("new value",)),
    Case("met", f"{_BOOT}/issues/64", _line(2, 0.7), "dE/dw1", "587.36875564", {}, NAMED, ("new value",)),
    Case("right", f"{_BOOT}/issues/64", _line(2, 0.7), "dE/db1", "-19.0342574", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/64", _line(2, 0.7), "dE/dw1", "-586.66875564", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/64", _line(1, -0.4), "dE/db1", "-57.86823748", {}, RIGHT),
    Case("right", f"{_BOOT}/pull/206", _line(1, -0.4), "dE/dw1", "-2230.12297889", {}, RIGHT),
    Case(
        "met",
        f"{_BOOT}/issues/20",
        _plane(_STEEP_PLANE).replace(learning_rate=0.1),
        "dE/dw1",
        "-18.67857143",
        {},
        NAMED,
        _HALF,
    ),
    Case(
        "met",
        f"{_BOOT}/issues/20",
        _plane(_STEEP_PLANE).replace(learning_rate=0.1),
        "dE/dw2",
        "91.57142857",
        {},
        NAMED,
        _HALF,
    ),
    Case(
        "met",
        f"{_BOOT}/issues/20",
        _plane(_STEEP_PLANE).replace(learning_rate=0.1),
        "dE/dw3",
        "-196.5",
        {},
        NAMED,
        _HALF,
    ),
    Case("right", f"{_BOOT}/issues/20", _plane(_STEEP_PLANE), "dE/dw1", "-37.35714286", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/20", _plane(_STEEP_PLANE), "dE/dw2", "183.14285714", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/20", _plane(_STEEP_PLANE), "dE/dw3", "-393.", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/67", _plane(_STEEP_PLANE, bias=True), "dE/db1", "-33.71428571", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/67", _plane(_FLAT_PLANE, bias=True), "dE/db1", "-0.71428571", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/67", _plane(_FLAT_PLANE, bias=True), "dE/dw1", "0.85714286", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/67", _plane(_FLAT_PLANE, bias=True), "dE/dw2", "23.28571429", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/67", _plane(_FLAT_PLANE, bias=True), "dE/dw3", "-26.42857143", {}, RIGHT),
    Case("met", f"{_BOOT}/pull/75", _PASSED, "E_total", "4.285714285714286", {}, NAMED, ("½", "half")),
    Case("right", f"{_BOOT}/pull/75", _PASSED, "E_total", "2.142857142857143", {}, RIGHT),
    Case("met", f"{_BOOT}/issues/235", _line(2, 0.7, slice(0, 1)), "E_total", "710.45867381", {}, NAMED, ("½", "half")),
    Case("met", f"{_BOOT}/issues/235", _line(2, 0.7, slice(1, 2)), "E_total", "364.68645485", {}, NAMED, ("½", "half")),
    Case("right", f"{_BOOT}/issues/235", _line(2, 0.7), "E_total", "195.34539903032385", {}, RIGHT),
    Case("right", f"{_BOOT}/issues/125", _ROW, "out_o1", "0.99930437", {}, RIGHT),
    Case("right", "github.com/Open-Deep-ML/DML-OpenProblem/issues/68", THREE, "E_total", "0.3033", {}, RIGHT),
    Case(
        "right",
        "github.com/Open-Deep-ML/DML-OpenProblem/issues/68",
        THREE,
        "E_total after 1 update",
        "0.2942",
        {},
        RIGHT,
    ),
    Case(
        "right", "github.com/Open-Deep-ML/DML-OpenProblem/issues/68", THREE, "w1 after 2 updates", "0.1036", {}, RIGHT
    ),
    Case(
        "right", "github.com/Open-Deep-ML/DML-OpenProblem/issues/68", THREE, "w2 after 2 updates", "-0.1425", {}, RIGHT
    ),
    Case(
        "right", "github.com/Open-Deep-ML/DML-OpenProblem/issues/68", THREE, "b1 after 2 updates", "-0.0167", {}, RIGHT
    ),
    Case("met", _SOLVED, MAZUR, "net_h1", "0.3825", {}, NAMED, ("transpose",), sure=False),
    Case("met", _SOLVED, MAZUR, "net_h2", "0.3900", {}, NAMED, ("transpose",), sure=False),
    Case("met", _SOLVED, MAZUR, "out_h1", "0.5944", {}, NAMED, ("transpose",), sure=False),
    Case("met", _SOLVED, MAZUR, "out_h2", "0.5963", {}, NAMED, ("transpose",), sure=False),
    Case("met", _SOLVED, MAZUR, "E_o1", "0.279", {}, NAMED, ("transpose",), sure=False),
    Case("met", _SOLVED, MAZUR, "E_o2", "0.025", {}, NAMED + FEW, ("transpose",), sure=False),
    Case("met", _SOLVED, MAZUR, "net_o2", "0.5955", {}, NAMED, ("transpose", "bias"), sure=False, together=True),
)
