"""Blocks, models and problems that cannot be are refused: a message says what was expected, what came, what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpkit as bp
from bpkit.core.blocks import (
    LSTM,
    Attention,
    Conv1d,
    Conv2d,
    Dense,
    Embedding,
    LayerNorm,
    MaxPool,
    Recurrent,
    Residual,
)

RNN = bp.Model((3, 1), Recurrent(2), Dense(1))
TOKENS = bp.Model((3,), Embedding(4, 2), Dense(1))
OUTPUT = bp.Model(2, Dense(2), loss="output")
SHARES = bp.Model(2, Dense(2, "softmax"), loss="cross_entropy")


def rnn(inputs: Any = (1, 2, 3), targets: Any = (1,), parameters: Any = None) -> bp.Problem:
    return bp.Problem(RNN, RNN.random(0) if parameters is None else parameters, inputs, targets)


def tokens(*given: Any) -> bp.Problem:
    return bp.Problem(TOKENS, TOKENS.random(0), [*given], np.zeros((3, 1)))


WRONG: list[tuple[Callable[[], Any], str, str, str]] = [  # what is done, what was expected, what came, what to do
    (lambda: bp.Model(3), "expected blocks after the inputs", "got none", "write Model(3, blocks.Dense"),
    (lambda: bp.Model(3, "dense"), "expected blocks after", "got 'dense'", "write Model(3,"),
    (lambda: bp.Model(3, [Dense(1)]), "expected blocks after", "got [Dense(1)]", "write Model(3,"),
    (lambda: bp.Model("3", Dense(1)), "how many inputs there are", "got '3'", "such as (3, 1)"),
    (lambda: bp.Model(0, Dense(1)), "how many inputs there are", "got 0", "such as 3"),
    (lambda: bp.Model(True, Dense(1)), "how many inputs there are", "got True", "such as 3"),
    (lambda: bp.Model((2, -1), Dense(1)), "how many inputs there are", "got (2, -1)", "such as (3, 1)"),
    (lambda: bp.Model((2, 2, 2), Dense(1)), "how many inputs there are", "got (2, 2, 2)", "such as (3, 1)"),
    (lambda: bp.Model((), Dense(1)), "how many inputs there are", "got ()", "such as (3, 1)"),
    (lambda: bp.Model(10**9, Dense(1)), "at most 100000 numbers", "(1000000000,)", "take fewer inputs"),
    (lambda: bp.Model(2, Dense(10**9)), "at most 100000 numbers", "(2, 1000000000)", "smaller blocks"),
    (lambda: bp.Model((400, 1), Attention(1)), "at most 100000 numbers", "(400, 400)", "take fewer inputs"),
    (lambda: Dense(0), "Dense: expected units to be a whole number from 1", "got 0", "write Dense(2)"),
    (lambda: Dense(-1), "a whole number from 1", "got -1", "write Dense(2)"),
    (lambda: Dense(1.5), "a whole number from 1", "got 1.5", "write Dense(2)"),
    (lambda: Dense(True), "a whole number from 1", "got True", "write Dense(2)"),
    (lambda: Dense(2, "sigmoidd"), "expected a name", "got 'sigmoidd'", "did you mean 'sigmoid'?"),
    (lambda: Recurrent(2, "first"), "expected 'last' or 'all'", "got 'first'", "choose one of"),
    (lambda: Recurrent(2, activation="softmax"), "of single neurons", "got 'softmax'", "end with Dense(.., 'softmax')"),
    (lambda: LSTM(0), "LSTM: expected units to be a whole number", "got 0", "write LSTM(2)"),
    (lambda: LSTM(2, "every"), "expected 'last' or 'all'", "got 'every'", "choose one of"),
    (lambda: Conv1d(-2), "Conv1d: expected size", "got -2", "write Conv1d(2)"),
    (lambda: Conv2d(2, "softmax"), "of single neurons", "got 'softmax'", "end with Dense"),
    (lambda: MaxPool(1.0), "MaxPool: expected size", "got 1.0", "write MaxPool(2)"),
    (lambda: Embedding(2, 0), "Embedding: expected columns", "got 0", "write Embedding(2)"),
    (lambda: Embedding(0, 2), "Embedding: expected rows", "got 0", "write Embedding(2)"),
    (lambda: Attention("a"), "Attention: expected width", "got 'a'", "write Attention(2)"),
    (lambda: Residual(), "Residual: expected blocks", "got ()", "write Residual(Dense"),
    (lambda: Residual([Dense(2)]), "Residual: expected blocks", "got ([Dense(2)],)", "write Residual(Dense"),
    (lambda: bp.Model(3, Recurrent(2)), "expected steps with features", "the shape (3,)", "inputs such as (3, 1)"),
    (lambda: bp.Model(3, Attention(2)), "Attention(2): expected steps", "the shape (3,)", "inputs such as (3, 1)"),
    (lambda: bp.Model((3, 1), LSTM(1), LSTM(2)), "LSTM(2): expected steps", "the shape (1,)", "write steps='all'"),
    (lambda: bp.Model(3, Conv1d(4)), "Conv1d(4): expected at least 4 numbers", "got 3", "take a shorter kernel"),
    (lambda: bp.Model((3, 2), Conv1d(2)), "expected one row of numbers", "the shape (3, 2)", "inputs such as (6,)"),
    (lambda: bp.Model((3, 3), Conv2d(4)), "at least 4 rows and columns", "the shape (3, 3)", "take a smaller kernel"),
    (lambda: bp.Model(3, Conv2d(2)), "expected rows and columns", "the shape (3,)", "inputs such as (4, 4)"),
    (lambda: bp.Model(5, Conv1d(2), MaxPool(3)), "windows of 3 numbers", "the shape (4,)", "take another size"),
    (lambda: bp.Model((4, 4), Conv2d(2), MaxPool(2)), "windows of 2 by 2", "the shape (3, 3)", "take another size"),
    (lambda: bp.Model((3, 2), MaxPool(2)), "expected one row of numbers", "the shape (3, 2)", "inputs such as (6,)"),
    (lambda: bp.Model((4, 4), Conv2d(2), LayerNorm()), "LayerNorm(): expected a layer", "an image", "after a Dense"),
    (lambda: bp.Model(3, Dense(3), Embedding(4, 2)), "expected tokens as inputs", "other blocks", "put it first"),
    (lambda: bp.Model((3, 2), Embedding(4, 2)), "expected tokens as inputs", "or a table", "put it first"),
    (lambda: bp.Model(3, Residual(Dense(2))), "keep the shape (3,)", "the shape (2,)", "change the last of them"),
    (lambda: bp.Model((3, 2), Residual(LSTM(2))), "keep the shape (3, 2)", "the shape (2,)", "change the last of them"),
    (lambda: bp.Model(3, Dense(2), loss="cross_entropy"), "expected softmax outputs", "got identity", "'softmax'"),
    (
        lambda: bp.Model(3, Dense(2, "softmax"), LayerNorm(), loss="cross_entropy"),
        *("expected softmax outputs", "got none", "end with 'softmax'"),
    ),
    (
        lambda: bp.Model(3, Dense(2, "softmax"), loss="binary_cross_entropy"),
        *("each for itself", "got softmax", "take 'cross_entropy'"),
    ),
    (lambda: bp.Model(3, Dense(2), loss="mse"), "loss: expected a name", "got 'mse'", "half_squared_error"),
    (lambda: rnn([1, 2]), "numbers of the shape (3, 1)", "got shape (2,)", "an array of such for a batch"),
    (lambda: rnn(np.ones((3, 2))), "numbers of the shape (3, 1)", "got shape (3, 2)", "for a batch"),
    (lambda: rnn([[1, 2, 3]]), "a row for each sample", "got (1,)", "shape (1, 1)"),
    (lambda: rnn(targets=[1, 2]), "one for each output", "got shape (2,)", "a row for each sample"),
    (lambda: rnn(targets=None), "expected 1 numbers for each sample", "got none", ""),
    (lambda: rnn(parameters={**RNN.random(0), "w1": 1}), "this network has no 'w1'", "", "choose one of Wx1_1_1"),
    (lambda: rnn(parameters={"Wx1_1_1": 1.0}), "expected a number for each of", "missing", ""),
    (lambda: rnn(parameters=[np.ones((2, 2))]), "5 arrays", "got 1", "give Wx1 (1, 2), Wh1 (2, 2), b1 (2,)"),
    (lambda: rnn().replace(Wx1=3), "has no 'Wx1'", "", "did you mean 'Wx1_1_"),
    (lambda: tokens(0, 1, 4), "a whole number from 0 to 3", "got 4", "x3 to be a token"),
    (lambda: tokens(0, 0.5, 3), "a whole number from 0 to 3", "got 0.5", "x2 to be a token"),
    (lambda: tokens(-1, 0, 3), "a whole number from 0 to 3", "got -1", "the table has 4 rows"),
    (lambda: tokens("a", "b", "c"), "inputs: expected 3 numbers", "got ['a', 'b', 'c']", ""),
    (lambda: tokens(0, 1), "expected 3 numbers", "got shape (2,)", ""),
    (lambda: bp.Problem(SHARES, SHARES.random(0), [1, 2], [2, 0]), "in [0, 1]", "got 2", "take a squared error"),
    (lambda: bp.Problem(OUTPUT, OUTPUT.random(0), [1, 2], [2, 0]), "expected none", "got [2, 0]", "has no target"),
    (lambda: RNN.random(0, "hee"), "expected 'xavier'", "got 'hee'", "did you mean 'he'?"),
    (lambda: bp.evaluate(RNN), "expected a Problem", "got Model((3, 1), Recurrent(2)", "as .problem"),
    (lambda: bp.evaluate(rnn())["dE/dWx1"], "there is no 'dE/dWx1'", "", "did you mean 'dE_total/dWx1_1_"),
    (lambda: bp.derive(RNN).paths("Wx2"), "expected a weight, a bias or an input", "got 'Wx2'", "did you mean"),
    (lambda: bp.derive(RNN).matrices()["delta_1"], "expected one of", "got 'delta_1'", "net_h1"),
    (lambda: bp.derive(RNN).at(tokens(0, 1, 2)), "this derivation's network", "Embedding(4, 2)", "derive(problem"),
    (
        lambda: bp.check_gradient(rnn(), gradient={"Wx1": [[1, 2, 3]]}),
        *("Wx1: expected the shape (1, 2)", "got (1, 3)", "give Wx1 (1, 2)"),
    ),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong[1])
def test_what_cannot_be_is_refused(wrong: tuple[Callable[[], Any], str, str, str]) -> None:
    do, *parts = wrong
    with pytest.raises(bp.BpkitError) as refused:
        do()
    message = str(refused.value)
    for part in parts:
        assert part in message, message
    assert "\n" not in message
    assert "'none'" not in message


@pytest.mark.parametrize(
    "verb",
    [
        lambda: bp.check_gradient(rnn()),
        lambda: RNN.diagram(),
        lambda: rnn().with_biases("kept"),
        lambda: bp.train(rnn(), 2).final,
        lambda: repr(rnn()),
    ],
)
def test_what_models_can_do(verb: Callable[[], Any]) -> None:
    assert verb()
