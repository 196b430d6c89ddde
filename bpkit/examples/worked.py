"""The kit's own worked examples of a step through time, a kernel, two tokens and an update rule: numbers to follow."""

from bpkit.core import updates
from bpkit.core.blocks import Attention, Conv1d, Dense, MaxPool, Recurrent
from bpkit.core.model import Model
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.examples.example import Example


def _own(name: str, title: str, problem: Problem) -> Example:
    return Example(name, title, "bpkit", problem, {})


rnn = _own(
    "rnn",
    "A recurrent neuron over three steps: one weight, used three times",
    Problem(
        Model((3, 1), Recurrent(1), Dense(1)),
        parameters={"Wx1": [[-0.5]], "Wh1": [[0.5]], "b1": [0.1], "W2": [[2.0]], "b2": [0.5]},
        inputs=[[1.0], [0.5], [-1.0]],
        targets=[0.5],
        learning_rate=0.1,
    ),
)
convolution = _own(
    "convolution",
    "A kernel of two weights over five numbers, and the largest of each pair",
    Problem(
        Model((5,), Conv1d(2, "relu"), MaxPool(2), Dense(1)),
        parameters={"k1": [1.0, -0.5], "b1": [0.5], "W3": [[1.0], [-0.5]], "b3": [-0.5]},
        inputs=[2.0, 3.0, 1.0, -1.0, 3.0],
        targets=[1.0],
        learning_rate=0.1,
    ),
)
attention = _own(
    "attention",
    "Two tokens, one head: what each token takes of the other",
    Problem(
        Model((2, 2), Attention(2)),
        parameters={
            "Wq1": [[-1.0, -1.0], [-1.0, 1.0]],
            "Wk1": [[1.0, 0.5], [-1.0, 0.0]],
            "Wv1": [[1.0, 0.0], [0.0, 1.0]],
        },
        inputs=[[1.0, -1.0], [0.0, 1.0]],
        targets=[[0.0, 0.0], [0.0, 1.0]],
        learning_rate=0.1,
    ),
)
adam_step = _own(
    "adam_step",
    "One neuron and one step of Adam: from slopes to means, and from means to the step",
    Problem(
        Network(2, 1, activation="identity"),
        parameters={"w1": 0.5, "w2": -0.5, "b1": 0.0},
        inputs=[2.0, -1.0],
        targets=[1.0],
        learning_rate=0.1,
        update=updates.Adam(),
    ),
)
