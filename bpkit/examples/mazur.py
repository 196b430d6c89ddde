"""Matt Mazur's step by step example: a 2-2-2 sigmoid network whose printed figures thousands have recomputed."""

from types import MappingProxyType

from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.examples.example import Example

mazur = Example(
    name="mazur",
    title="A Step by Step Backpropagation Example",
    source="Matt Mazur, 'A Step by Step Backpropagation Example', 2015",
    problem=Problem(
        Network(2, 2, 2),
        parameters={
            "w1": 0.15,
            "w2": 0.20,
            "w3": 0.25,
            "w4": 0.30,
            "w5": 0.40,
            "w6": 0.45,
            "w7": 0.50,
            "w8": 0.55,
            "b1": 0.35,
            "b2": 0.60,
        },
        inputs=[0.05, 0.10],
        targets=[0.01, 0.99],
        learning_rate=0.5,
        train_biases=False,
    ),
    published=MappingProxyType(
        {
            "net_h1": "0.3775",
            "out_h1": "0.593269992",
            "out_h2": "0.596884378",
            "net_o1": "1.105905967",
            "out_o1": "0.75136507",
            "out_o2": "0.772928465",
            "E_o1": "0.274811083",
            "E_o2": "0.023560026",
            "E_total": "0.298371109",
            "dE_total/dout_o1": "0.74136507",
            "dout_o1/dnet_o1": "0.186815602",
            "dnet_o1/dw5": "0.593269992",
            "dE_total/dw5": "0.082167041",
            "w5_new": "0.35891648",
            "w6_new": "0.408666186",
            "w7_new": "0.511301270",
            "w8_new": "0.561370121",
            "dE_o1/dnet_o1": "0.138498562",
            "dE_o1/dout_h1": "0.055399425",
            "dE_o2/dout_h1": "-0.019049119",
            "dE_total/dout_h1": "0.036350306",
            "dout_h1/dnet_h1": "0.241300709",
            "dnet_h1/dw1": "0.05",
            "dE_total/dw1": "0.000438568",
            "w1_new": "0.149780716",
            "w2_new": "0.19956143",
            "w3_new": "0.24975114",
            "w4_new": "0.29950229",
            "E_total after 1 update": "0.291027924",
            "E_total after 10000 updates": "0.0000351085",
            "out_o1 after 10000 updates": "0.015912196",
            "out_o2 after 10000 updates": "0.984065734",
        }
    ),
)
