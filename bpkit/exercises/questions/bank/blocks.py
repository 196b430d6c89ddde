"""Questions beyond dense layers: shared weights, steps of time, kernels, attention, layer normalisation, and Adam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bpkit.core.blocks import Attention, Conv1d, Dense, LayerNorm, MaxPool, Recurrent
from bpkit.core.blocks.block import Block
from bpkit.core.model import Model
from bpkit.core.network import Network
from bpkit.core.updates import Adam
from bpkit.exercises.questions.bank.quantity_questions import OUTPUT, UPDATE, asking
from bpkit.exercises.questions.exercise import Question
from bpkit.exercises.questions.friendly_problems import RATES, choose, draw_problem
from bpkit.exercises.questions.task import Task

SIGN = "swaps the sign of the error"
SHARED = ("counts one use of a shared weight only", "takes the mean over the uses of a shared weight")


class Case(NamedTuple):
    """A model by the shape of its inputs and its blocks, and what is asked about it: one row of the quantities.

    ``inputs`` are those that are drawn, where tenths below 1 would show too little.
    """

    shape: tuple[int, ...]
    blocks: tuple[Block, ...]
    asks: Sequence[Sequence[str]]
    inputs: Sequence[float] = ()


@lru_cache(maxsize=64)
def _model(shape: tuple[int, ...], blocks: tuple[Block, ...]) -> Model:
    return Model(shape, *blocks)


Cases = Mapping[str, Sequence[Case]]


def block_question(id: str, title: str, cases: Cases, reveals: tuple[str, ...]) -> Question:
    """A question that asks for quantities of a model; each level has models of its own."""

    def draw(rng: np.random.Generator, level: str) -> Task:
        case = cases[level][choose(rng, cases[level])]
        asks = case.asks[choose(rng, case.asks)]
        problem = draw_problem(rng, _model(case.shape, case.blocks))
        if case.inputs:
            problem = problem.replace(inputs=rng.choice(case.inputs, case.shape))
        return Task(id, (problem,), {"asks": list(asks)})

    return Question(id, "other blocks", title, draw, asking(title, reveals), reveals)


def _each(*names: str) -> tuple[tuple[str], ...]:
    """Derivatives of the loss; the question asks for one of them."""
    return tuple((f"dE_total/d{name}",) for name in names)


_KERNEL, _STEPS = ("k1_1", "k1_2"), (3, 1)
_TWO = Conv1d(2, "tanh")
_SHARED: Cases = {
    "easy": (
        Case((3,), (_TWO,), _each(*_KERNEL)),
        Case((2, 1), (Dense(1, "sigmoid"),), _each("W1_1_1")),
    ),
    "medium": (
        Case((4,), (_TWO, Dense(1)), _each(*_KERNEL)),
        Case(_STEPS, (Dense(1, "sigmoid"),), _each("W1_1_1")),
    ),
    "hard": (
        Case((5,), (Conv1d(3, "tanh"), Dense(1)), _each(*_KERNEL, "k1_3")),
        Case(_STEPS, (Recurrent(1), Dense(1)), _each("Wx1_1_1")),
    ),
}
_TIME = (Recurrent(1), Dense(1))
_THROUGH_TIME: Cases = {
    "easy": (Case(_STEPS, _TIME, (("dE_total/dout_h1_2_1", "dE_total/dout_h1_1_1"),)),),
    "medium": (Case(_STEPS, _TIME, _each("Wh1_1_1")),),
    "hard": (Case(_STEPS, _TIME, (("dE_total/dnet_h1_1_1", "dE_total/dWx1_1_1", "dE_total/dWh1_1_1"),)),),
}
_POOLED = (_TWO, MaxPool(2))
_CONVOLUTION: Cases = {
    "easy": (Case((5,), _POOLED, (("net_h1_2", "out_o1"), ("net_h1_3", "out_o2"))),),
    "medium": (Case((5,), _POOLED, _each(*_KERNEL)),),
    "hard": (
        Case((5,), (*_POOLED, Dense(1)), tuple(("out_h2_1", *one) for one in _each(*_KERNEL))),
        Case((6,), (Conv1d(3, "tanh"), MaxPool(2), Dense(1)), (("out_h2_2", "dE_total/dk1_1"),)),
    ),
}
_TOKENS = (0.5, 1.0, 1.5, 2.0, 2.5, -1.0)
_HEAD = (Attention(2),)
_ATTENTION: Cases = {
    "easy": (Case((2, 1), (Attention(1),), (("share_o1_2", "out_o1_1"), ("share_o2_1", "out_o2_1")), _TOKENS),),
    "medium": (Case((2, 1), _HEAD, (("score_o1_2", "share_o1_2", "out_o1_1"),), _TOKENS),),
    "hard": (
        Case((2, 1), _HEAD, (("share_o2_1", "dE_total/dscore_o2_1"),), _TOKENS),
        Case((2, 2), _HEAD, (("share_o1_2", "dE_total/dscore_o1_2"),), _TOKENS),
    ),
}
_NORM: Cases = {
    "easy": (Case((3,), (LayerNorm(),), (("norm_o1", "out_o1"), ("norm_o3", "out_o3"))),),
    "medium": (Case((1,), (Dense(3), LayerNorm()), _each("net_h1_1", "net_h1_2", "net_h1_3")),),
    "hard": (Case((2,), (Dense(3), LayerNorm()), (("out_o2", "dE_total/dnet_h1_2"),)),),
}

# With the usual 1e-8 it would not show whether epsilon stands inside or outside the root.
_RULES = {
    level: Adam(0.9, 0.99, 0.01, weight_decay=decay) for level, decay in (("easy", 0), ("medium", 0), ("hard", 0.1))
}
_ADAM = {
    "easy": (Network(1, 1, activation="identity"), ("mhat_w1", "vhat_w1", "w1_new")),
    "medium": (Network(2, 1, activation="identity"), ("w1_new",)),
    "hard": (Network(2, 1), ("w1_new", "b1_new")),
}


def _draw_adam(rng: np.random.Generator, level: str) -> Task:
    """The second update: after one whose slopes were tenths."""
    network, asks = _ADAM[level]
    rule = _RULES[level]
    problem = draw_problem(rng, network, learning_rate=float(rng.choice(RATES)))
    state = {"t": 1.0}
    for name in network.parameters:
        slope = int(rng.integers(2, 10) * rng.choice([1, -1]))
        state[f"m_{name}"] = slope / 100
        state[f"v_{name}"] = slope**2 / 10_000
    return Task("adam-step", (problem.replace(update=rule, state=state),), {"asks": list(asks)})


_ADAM_REVEALS = (
    "leaves out the correction of the running means",
    "counts the updates from zero",
    "puts ε inside the root",
    "forgets the root of the running mean",
    "updates the biases with weight decay",
    *UPDATE[:2],
)

QUESTIONS = (
    block_question(
        "shared-weight",
        "A weight that is used several times",
        _SHARED,
        (*SHARED, *OUTPUT[:3], "leaves out the input factor"),
    ),
    block_question(
        "through-time",
        "Back through time",
        _THROUGH_TIME,
        (
            "cuts the way back through time",
            "takes the state of the same step",
            *SHARED,
            "forgets the hidden slope",
            SIGN,
        ),
    ),
    block_question(
        "convolution",
        "A kernel and the largest of each window",
        _CONVOLUTION,
        (
            "turns the kernel round",
            "shifts the kernel by one",
            "passes the slope of a maximum to all",
            SHARED[0],
            "leaves the bias out",
            SIGN,
        ),
    ),
    block_question(
        "attention-share",
        "What one token takes of another",
        _ATTENTION,
        (
            "forgets the root of the width",
            "takes the softmax over the wrong axis",
            "does not transpose the keys",
            "takes only the diagonal of the softmax slope",
            SIGN,
        ),
    ),
    block_question(
        "layer-norm",
        "Layer normalisation",
        _NORM,
        (
            "takes the mean for a constant",
            "takes the spread for a constant",
            "takes mean and spread for constants",
            "leaves the bias out",
            SIGN,
        ),
    ),
    Question(
        "adam-step",
        "updates",
        "The second step of Adam",
        _draw_adam,
        asking("The second step of Adam", _ADAM_REVEALS),
        _ADAM_REVEALS,
    ),
)
