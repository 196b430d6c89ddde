"""The predictions of lesson 07, about learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bpkit.apps.questions.prediction import Answer
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.spelling import number_read
from bpkit.core.train import train
from bpkit.examples.article import article


def _with(activation: str, rate: float) -> Problem:
    """The article's network with another activation and learning rate."""
    named = layered(article.problem.network, "lesson 07").weight_of
    network = Network(2, 2, 2, activation=activation, weight_names=named)
    return article.problem.replace(network=network, learning_rate=rate)


def how_many_updates() -> tuple[Answer, str]:
    """The first update after which the loss is below 0.1."""
    loss = train(article.problem, 1000).loss
    count, left, first = int((loss < 0.1).argmax()), loss[0] - 0.1, loss[0] - loss[1]
    return float(count), (
        f"the loss has only {number_read(float(left), 2)} to fall to reach 0.1, and the very first update takes off "
        f"{number_read(float(first), 1)}. At that pace it takes about {round(left / first)} updates, and the later "
        "steps are only a little shorter"
    )


GROWTH = (
    "a fall to almost 0 within a few updates",
    "jumps up and down, and then a fall",
    "growth without end",
)


def rate_too_large() -> tuple[Answer, str]:
    """What a learning rate of 6 does without the sigmoid."""
    run = train(_with("identity", 6), 100)
    first, second = (number_read(float(loss), 3) for loss in run.loss[:2])
    grows, jumps = run.diverged_at is not None, bool((np.diff(run.loss) > 0).any())
    return GROWTH[2 if grows else int(jumps)], (
        f"the very first update takes the loss from {first} to {second}. The step is right in its direction and too "
        "long: it jumps across the valley and lands higher up on the other side, where the slope is steeper and the "
        "next step longer still"
    )


RATES = (0.1, 0.3, 0.9, 2.7, 8.1, 24.3)
ENOUGH, UPDATES = 0.1, 100
TRIPLED = (
    *(f"at {one}, because {more} is too large" for one, more in pairwise(RATES[2:])),
    f"at {RATES[-1]}, because no rate of this row is too large",
)


def _loss(rate: float) -> NDArray[np.float64]:
    """The losses of a run with tanh."""
    return train(_with("tanh", rate), UPDATES).loss


def _enough(rate: float) -> int | None:
    """The first update after which that loss is small enough, if there is one."""
    small = _loss(rate) < ENOUGH
    return int(small.argmax()) if small.any() else None


def largest_rate() -> tuple[Answer, str]:
    """The last of some rates with which the loss still gets small."""
    place = max(place for place, rate in enumerate(RATES) if _enough(rate) is not None)
    safe, largest, large = RATES[place - 1 : place + 2]
    rises = int((np.diff(_loss(largest)) > 0).sum())
    ends, fallen = (number_read(float(_loss(rate)[-1]), 2) for rate in (large, safe))
    return TRIPLED[place - 2], (
        f"with {large} the first steps throw the outputs onto a flat end of tanh, and the loss ends at {ends}. With "
        f"{largest} it is below {ENOUGH} after {_enough(largest)} updates, but goes up again in {rises} of the "
        f"{UPDATES}. One more step back, to {safe}, is the safest choice: there it falls all the way, to {fallen}"
    )


def with_each_rate() -> Mapping[str, str]:
    """What the rate that a wrong answer calls too large does, or the one that is."""
    said = {TRIPLED[-1]: f"With {RATES[-1]} the loss never gets below {ENOUGH}."}
    for one, rate in zip(TRIPLED, RATES[3:]):
        if count := _enough(rate):
            said[one] = f"With {rate} the loss is below {ENOUGH} after {count} update{'s' * (count > 1)}."
    return said
