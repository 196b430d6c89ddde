"""The article that the lessons follow: a 2-2-2 sigmoid network, eight weights, one update."""

from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.examples.example import Example

article = Example(
    name="article",
    title="Mastering Backpropagation in Neural Network",
    source="AfterAcademy, 'Mastering Backpropagation in Neural Network'",
    problem=Problem(
        Network(
            2,
            2,
            2,
            # w2 and w4 are crossed against what a reader expects.
            weight_names={("x1", "h1"): "w1", ("x2", "h1"): "w4", ("x1", "h2"): "w3", ("x2", "h2"): "w2"},
        ),
        parameters={
            "w1": 0.25,
            "w2": 0.28,
            "w3": 0.35,
            "w4": 0.15,
            "w5": 0.35,
            "w6": 0.20,
            "w7": 0.45,
            "w8": 0.40,
            "b1": 0.45,
            "b2": 0.5,
        },
        inputs=[0.1, 0.2],
        targets=[0.05, 0.95],
        learning_rate=0.5,
        train_biases=False,
    ),
    published={
        "net_h1": "0.505",
        "net_h2": "0.541",
        "out_h1": "0.623633",
        "out_h2": "0.632045",
        "net_o1": "0.794609",
        "net_o2": "1.0334528",
        "out_o1": "0.6888201",
        "out_o2": "0.7375445",
        "E_total": "0.22661423",
        "w1_new": "0.249921",
        "E_total after 1 update": "0.224991003",
    },
)
