"""What the boundary app says of a run; the page fills the same sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bpkit.apps.boundary_run import STEPS, State
from bpkit.core.architecture import Architecture
from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.train import train
from bpkit.show.boundary_picture import boundary_words, right

DEEPEST, WIDEST = 4, 16  # hidden layers, and neurons in each
YOURS = "your data"
PERHAPS_STRAIGHT = (YOURS, "tomatoes")  # a straight line may separate these points
ENOUGH = 100  # updates before the app says how a run goes
FLAT = 0.98  # of the loss half as many updates ago: less has hardly fallen
TEXTS = {
    "neurons": "neurons: expected from 1 to {widest} for each of at most {deepest} hidden layers, got {typed}; "
    "write 8, or 8, 4 for two layers",
    "one": "1 update: the loss is {loss}{tested}.",
    "many": "{updates} updates: the loss is {loss}{tested}.",
    "tested": " on the training points, {test_loss} on the test points",
    "right": "Right: {right} of {count} points.",
    "rightTested": "Right: {right} of {count} training points, {test_right} of {test_count} test points.",
    "pace": "Learning rate {rate}.",
    "diverged": "The loss is no longer finite after update {updates}: learning rate {rate} is too large.",
    "straightNone": "no hidden layer",
    "straightIdentity": "identity as activation",
    "straightOne": "a single hidden neuron",
    "wrongOne": "1 of {count} points is on the wrong side",
    "wrong": "{wrong} of {count} points are on the wrong side",
    "falls": ", and the loss still falls: take more updates a step, a larger learning rate, or more neurons.",
    "straight": ". With {why} the boundary is a straight line",
    "inseparable": ", and no straight line separates these points",
    "pause": ", and the loss hardly falls. It can be a pause: play on, or take another start or more neurons.",
    "stuck": ". This start leads no further: gradient descent only goes downhill, and here it is stuck in a hollow or "
    "on flat ground. Take another start or more neurons.",
    "start": "A {sizes} network, {kind} hidden activation, on {data}: the loss is {first} before the first update",
    "now": ", {last} after {updates}",
    "pictures": "The picture of each neuron is its output over the same piece of the plane; a line is a weight, the "
    "thicker the larger, solid where positive and dashed where negative. The largest is {name} = {weight}.",
    "coming": "Press play: the loss of every update is drawn here.",
    "training": "training points",
    "test": "test points",
    "inputs": "inputs",
    "output": "output",
    "hidden": "{width} neurons",
    "hiddenOne": "1 neuron",
}


def read_neurons(text: str, who: str = "") -> tuple[int, ...]:
    """How many neurons each hidden layer has, of a text like "8, 4". Errors: ``BpkitError`` for anything else.

    >>> read_neurons("8, 4"), read_neurons("")
    ((8, 4), ())
    """
    words = re.split(r"[\s,;]+", text.strip()) if text.strip() else []
    found = tuple(int(word) for word in words if re.fullmatch(r"[0-9]{1,3}", word))
    if len(found) < len(words) or len(found) > DEEPEST or not all(1 <= one <= WIDEST for one in found):
        raise BpkitError(who + TEXTS["neurons"].format(widest=WIDEST, deepest=DEEPEST, typed=repr(text)))
    return found


def words(state: State) -> str:
    """The network, its run and the picture in words."""
    said = run_words(state.problem, state.loss, state.updates, state.setup.data, state.digits)
    return f"{said} {_right(state)}" if state.test else said


def run_words(problem: Problem, loss: Sequence[float], updates: int, data: str, digits: int) -> str:
    """A network after so many updates, its loss before and after them, and the picture in words."""
    network = problem.network
    holes = {
        "sizes": "-".join(str(len(layer)) for layer in network.layers),
        "kind": network.activations[0].name if len(network.activations) > 1 else "no",
        "data": data,
        "first": number(loss[0], digits),
        "last": number(loss[-1], digits),
        "updates": updates,
    }
    text = TEXTS["start"].format(**holes) + (TEXTS["now"].format(**holes) if updates else "") + "."
    return f"{text} {boundary_words(problem, digits)}"


def note(state: State) -> tuple[str, bool]:
    """How the run goes, and whether that is a warning."""
    if state.diverged:
        return TEXTS["diverged"].format(updates=state.updates, rate=number(state.pace.rate)), True
    tested = ""
    if (problem := state.tested) is not None:
        tested = TEXTS["tested"].format(test_loss=number(train(problem, 0).loss[0], state.digits))
    one = TEXTS["one" if state.updates == 1 else "many"]
    text = one.format(updates=state.updates, loss=number(state.loss[-1], state.digits), tested=tested)
    pace = TEXTS["pace"].format(rate=number(state.pace.rate))
    return f"{text} {_outlook(state) or f'{_right(state)} {pace}'}", False


def _right(state: State) -> str:
    """How many points are on their side of the boundary."""
    count, good = len(state.problem.inputs), right(state.problem)
    if (problem := state.tested) is None:
        return TEXTS["right"].format(right=good, count=count)
    # Both have points of both classes, so the boundary is the same.
    return TEXTS["rightTested"].format(
        right=good, count=count, test_right=right(problem), test_count=len(problem.inputs)
    )


def _outlook(state: State) -> str:
    """What to say about a run that leaves points on the wrong side; nothing while it goes well."""
    count = len(state.problem.inputs)
    wrong = count - right(state.problem)
    flat = state.loss[-1] > FLAT * state.loss[state.updates // 2]
    if state.updates < ENOUGH or not wrong or not (flat or state.step == STEPS):
        return ""
    text = TEXTS["wrongOne" if wrong == 1 else "wrong"].format(wrong=wrong, count=count)
    if not flat:
        return text + TEXTS["falls"]
    if why := _straight(state.problem.network):
        known = "" if state.setup.data in PERHAPS_STRAIGHT else TEXTS["inseparable"]
        return f"{text}{TEXTS['straight'].format(why=why)}{known}."
    return text + TEXTS["pause" if state.step < STEPS else "stuck"]


def _straight(network: Architecture) -> str:
    """Why the boundary is a straight line whatever the weights are; empty where it can bend."""
    hidden = [*map(len, network.layers[1:-1])]
    if not all(one.rising for one in network.activations):
        return ""
    if not hidden:
        return TEXTS["straightNone"]
    if {one.name for one in network.activations[:-1]} == {"identity"}:
        return TEXTS["straightIdentity"]
    return TEXTS["straightOne"] if set(hidden) == {1} else ""
