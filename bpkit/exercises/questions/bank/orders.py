"""Questions that shuffle lines: the steps of an update, and one round of a library's loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import derive
from bpkit.core.expressions import product, total
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import typeset
from bpkit.exercises.questions.bank.choices import (
    TOPIC,
    Networks,
    brief,
    by,
    in_prose,
    line,
    one_of,
    shuffle,
)
from bpkit.exercises.questions.card_pictures import pictured
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import in_words, layers, maths, table

LETTERS = "ABCDEFGH"


# In which order

_ORDERED: Networks = {
    "easy": (Network(2, 1), Network(3, 1)),
    "medium": (Network(2, 2, 2), Network(1, 2, 2), Network(2, 3, 2)),
    "hard": (Network(2, 2, 2), Network(2, 3, 1), Network(3, 2, 2)),
}
AHEAD, BACK_FIRST = "runs ahead on the way forward", "goes back before going forward"
_FRONT, EARLY = "starts the way back at the wrong end", "updates before the derivatives are known"
_UPDATED = "uses the already updated weights"
_PAIRS = {"ff": AHEAD, "fb": BACK_FIRST, "bb": _FRONT, "bu": EARLY}


@dataclass(frozen=True)
class Stage:
    """Something to be put in order: what it says, whether it goes forward, back or updates, and why it comes then."""

    text: str
    kind: str
    needs: str  # of what was before it


def ordered(
    asks: str, right: Sequence[Stage], letters: Sequence[int], first: Iterable[Wrong] = (), last: Iterable[Wrong] = ()
) -> ExactPart:
    """A part that asks for an order; ``letters`` says which letter each stage has, in the right order.

    Each two neighbours the wrong way round are a mistake, which comes after those of ``first``.

    >>> stages = [Stage("Compute the outputs.", "f", "the inputs"), Stage("Compute the deltas.", "b", "the outputs")]
    >>> part = ordered("In which order?", stages, letters=[1, 0])
    >>> part.right, part.judge("A B").misconceptions
    ('B A', ('goes back before going forward',))
    """
    named = [LETTERS[place] for place in letters]
    known = list(first)
    for place, (one, other) in reversed(list(enumerate(pairwise(right)))):
        if one.kind + other.kind not in _PAIRS:
            continue
        turned = [*named]
        turned[place : place + 2] = turned[place : place + 2][::-1]
        why = f"{named[place + 1]} needs {other.needs}, which {named[place]} gives"
        known.append(Wrong(_PAIRS[one.kind + other.kind], why, " ".join(turned)))
    hint = "For each line ask: which numbers must be known before it can be computed?"
    return ExactPart(asks, " ".join(named), "order", known=(*known, *last), hints=(hint,))


def shuffled(rng: np.random.Generator, size: int) -> list[int]:
    """Letters for the lines of a right order, which is then not the alphabet's.

    >>> shuffled(np.random.default_rng(7), 2)
    [1, 0]
    """
    while True:
        found = [int(place) for place in rng.permutation(size)]
        if found != sorted(found):
            return found


def listed(stages: Sequence[Stage], letters: Sequence[int]) -> str:
    """The stages under their letters, as a table in Markdown.

    >>> print(listed([Stage("go forward", "f", ""), Stage("go back", "b", "the outputs")], letters=[1, 0]))
    |  | step |
    | --- | --- |
    | A | go back |
    | B | go forward |
    """
    return table(
        ["", "step"],
        [[LETTERS[place], one.text] for place, one in sorted(zip(letters, stages), key=lambda pair: pair[0])],
    )


def _draw_order(rng: np.random.Generator, level: str) -> Task:
    networks = _ORDERED[level]
    network = networks[choose(rng, networks)]
    weights = [name for name, (source, _) in network.weights.items() if source in network.inputs]
    weight = weights[choose(rng, weights)]
    about = {"weight": weight, "whole": level == "hard"}
    size = len(_stages(network, weight, level == "hard"))
    return Task("order-steps", (draw_problem(rng, network),), {**about, "letters": shuffled(rng, size)})


def _stages(network: Network, weight: str, whole: bool) -> list[Stage]:
    return _groups(network) if whole else _chain(network, weight)


def _chain(network: Network, weight: str) -> list[Stage]:
    """Lines that lead to the update of a weight, where each depends on the one before: a single order is right.

    Lines that are alike, one for each output, count as one. Behind a hidden neuron the weights that lead on from it are
    updated as well: their old values have to be used before.
    """
    derivation = derive(network)
    names = dict.fromkeys(node for path in derivation.paths(weight) for node in path.nodes)
    nodes = [derivation.quantities[node] for node in names]
    nets, outs = ([one.name for one in nodes if one.tag == tag] for tag in ("net", "out"))
    every = brief(network, (f"{weight}_new",))
    deltas = {by(step).name: step.name for step in every if step.role is Role.ADJOINT and by(step).name in nets}
    forward = outs if len(network.sizes) > 2 else [*nets, *outs]
    wanted = {*forward, *deltas.values(), f"dE_total/d{weight}", f"{weight}_new"}
    through = {step.lhs: step.rhs for step in every if step.name not in wanted and _to_an_output(step)}
    steps = [
        replace(step, rhs=_spread(step.rhs, through)) if step.role is Role.ADJOINT else step
        for step in every
        if step.name in wanted
    ]
    kinds = {Role.FORWARD: "f", Role.UPDATE: "u"}
    alike = [list(group) for _, group in groupby(steps, lambda one: (one.role, by(one).tag, by(one).block))]
    found = []
    for before, group in zip([alike[0], *alike], alike):
        needs = in_words([in_prose(one.quantity, one.names) for one in before])
        found.append(Stage(_all_of(group), kinds.get(group[0].role, "b"), needs))
    if onward := _onward(network, weight):
        both = in_words([maths(network, name) for name in (weight, *onward)])
        found[-1] = replace(found[-1], text=f"Overwrite {both} with their new values.")
    return found


def _to_an_output(step: Step) -> bool:
    """Is a line on the way back part of the one that uses it: a sum over paths, or how an output's error grows?"""
    return step.role is Role.ADJOINT or (step.role is Role.SLOPE and by(step).tag == "out")


def _all_of(group: Sequence[Step]) -> str:
    """The first of some lines that are alike, and whom the others are for."""
    first, *others = group
    same = f", and the same for {in_words([str(by(one).neuron) for one in others])}" if others else ""
    return line(first, first.names) + same


def _spread(rhs: sp.Expr, through: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """A right side with some of its symbols written out."""
    if rhs in through:
        return _spread(through[rhs], through)
    if not (rhs.is_Mul or rhs.is_Add):
        return rhs
    parts = [_spread(one, through) for one in rhs.args]
    return product(*(one for part in parts for one in sp.Mul.make_args(part))) if rhs.is_Mul else total(*parts)


def _onward(network: Network, weight: str) -> tuple[str, ...]:
    """The weights that lead on from the neuron that a weight leads into; none at an output."""
    neuron = network.weights[weight][1]
    return tuple(name for name, (source, _) in network.weights.items() if source == neuron)


_GROUPS = {  # what a program does, by the lines that it writes: the role, what of, and in which layer counted back
    (Role.FORWARD, "out", 2): ("f", "Compute the outputs of {}.", "the inputs"),
    (Role.FORWARD, "out", 1): ("f", "Compute the outputs of {}.", "the outputs of the hidden neurons"),
    (Role.ADJOINT, "net", 1): ("b", "Compute the deltas of {}.", "the outputs of the network"),
    (Role.ADJOINT, "net", 2): (
        "b",
        "Compute the deltas of {}, with the weights that lead on from them.",
        "the deltas of the outputs",
    ),
    (Role.GRADIENT, "weight", 0): ("b", "Compute the derivatives with respect to all weights.", "all deltas"),
    (Role.UPDATE, "weight", 0): (
        "u",
        "Subtract learning rate times derivative from every weight; this overwrites the old weights.",
        "the derivatives",
    ),
}


def _groups(network: Network) -> list[Stage]:
    """What a program does in one update, in the order in which the derivation finishes each."""
    last: dict[tuple[Role, str, int], int] = {}
    for step in derive(network):
        back = 0 if step.role in (Role.GRADIENT, Role.UPDATE) else len(network.sizes) - by(step).block
        last[step.role, by(step).tag, back] = step.number
    found = []
    for key in sorted(_GROUPS, key=lambda one: last[one]):
        kind, text, needs = _GROUPS[key]
        found.append(Stage(text.format(in_words(network.layers[-key[2]])), kind, needs))
    return found


def _build_order(task: Task) -> Content:
    network, weight, letters = task.network, task.about["weight"], task.about["letters"]
    stages = _stages(network, weight, task.about["whole"])
    named = [LETTERS[place] for place in letters]
    first = []
    if task.about["whole"]:
        deltas = next(place for place, one in enumerate(stages) if "lead on" in one.text)
        early = [*named[:deltas], named[-1], *named[deltas:-1]]
        why = f"{named[deltas]} needs the old weights, and {named[-1]} overwrites them"
        first.append(Wrong(_UPDATED, why, " ".join(early)))
    elif onward := _onward(network, weight):
        early = [*named[:-3], named[-1], *named[-3:-1]]
        old = in_words([typeset(one, derive(network).quantities) for one in onward])
        why = f"{named[-3]} needs the old {old}, and {named[-1]} overwrites {'them' if len(onward) > 1 else 'it'}"
        first.append(Wrong(_UPDATED, why, " ".join(early)))
    asks = "In which order? Type the letters, the first step first."
    what = (
        "A program makes one update. These are its steps."
        if task.about["whole"]
        else (f"These lines, among others, lead to the update of {maths(network, weight)} in this network.")
    )
    asked = f"{what} They are shuffled.\n\n{listed(stages, letters)}"

    def solve() -> Solution:
        said = [f"{named[0]} comes first: it needs nothing that another line gives."]
        said += [f"{letter} comes next: it needs {one.needs}." for letter, one in zip(named[1:], stages[1:])]
        return Solution((f"The order is {' '.join(named)}.", "\n".join(f"- {one}" for one in said)))

    return Content(
        lambda: f"{layers(network)} {asked}",
        (ordered(asks, stages, letters, first),),
        solve,
        picture=pictured(task.problem, (), False, [] if task.about["whole"] else [weight]),
        card=lambda: asked,
    )


# A library's loop

_CODE = {
    "zero": "`optimizer.zero_grad()`",
    "forward": "`out = model(x)`",
    "loss": "`loss = loss_function(out, y)`",
    "backward": "`loss.backward()`",
    "step": "`optimizer.step()`",
}
_LATE, _BETWEEN = "does not begin by clearing the gradients", "clears the gradients between backward and step"
_SUMMED, _STUCK, _AS_BEFORE = (
    "each step uses the sum of all gradients so far",
    "the weights never change",
    "it trains as before",
)
_UNCLEARED = "does not set the gradient back to zero"
_CLEARS, _BACKWARD_MOVES, _STEP_DERIVES = (
    "thinks that the gradients add up although they are cleared",
    "takes backward for the update",
    "takes step for the backward pass",
)
_NEEDS_CLEARING, _ALWAYS_FIRST = (
    "thinks that nothing is learned without clearing",
    "takes one place of zero_grad for the only one",
)
_ERASED = "overlooks that zero_grad erases what backward has computed"


def _draw_library(rng: np.random.Generator, level: str) -> Task:
    problem = draw_problem(rng, Network(1, 1))
    names = list(_CODE)
    if level == "hard":  # zero_grad at another place
        places = (1, 3, 2, 3, 4, 3)  # as often where it does harm as where it does not
        place = places[settled(rng, places)]
        loop = [*names[1 : place + 1], names[0], *names[place + 1 :]]
    else:
        out = ("zero", "backward", "step")[settled(rng, (1, 2, 3))]
        loop = [name for name in names if name != out]
    about = {"loop": loop, "letters": shuffled(rng, len(names)), "order": shuffle(rng)}
    return Task("library-order", (problem,), about)


def _trained(problem: Problem, loop: Sequence[str]) -> dict[str, float]:
    """The parameters after two rounds of a loop: gradients add up until they are cleared."""
    gradient = dict.fromkeys(problem.network.parameters, 0.0)
    for name in list(loop) * 2:
        if name == "zero":
            gradient = dict.fromkeys(gradient, 0.0)
        elif name == "backward":
            values = evaluate(problem)
            gradient = {one: before + values[f"dE_total/d{one}"] for one, before in gradient.items()}
        elif name == "step":
            moved = {one: problem.parameters[one] - problem.learning_rate * gradient[one] for one in gradient}
            problem = problem.replace(**moved)
    return dict(problem.parameters)


def _outcome(problem: Problem, loop: Sequence[str]) -> str:
    """What a loop does, by the parameters that it leads to."""
    found = _trained(problem, loop)
    if found == dict(problem.parameters):
        return _STUCK
    right = problem.updated(2).parameters
    return _AS_BEFORE if all(abs(found[one] - right[one]) < 1e-12 for one in found) else _SUMMED


def _build_library(task: Task) -> Content:
    problem, loop, letters = task.problem, task.about["loop"], task.about["letters"]
    kinds = ("z", "f", "f", "b", "u")
    needs = ("", "", "the output", "the loss", "the derivatives")
    stages = [Stage(text, kind, need) for text, kind, need in zip(_CODE.values(), kinds, needs)]
    named = [LETTERS[place] for place in letters]
    clear, *others = named
    late = "that trains as well, but here the round begins by clearing"
    first = [
        Wrong(_LATE, late, " ".join([*others, clear])),
        Wrong(
            _BETWEEN,
            f"{clear} then erases what {named[3]} has just computed",
            " ".join([*others[:3], clear, others[3]]),
        ),
    ]
    asks = "Put the lines in order for one round that begins by clearing the old gradients. Type the letters."
    last = [Wrong(_LATE, late, " ".join([others[0], clear, *others[1:]]))]
    parts = [ordered(asks, stages, letters, first, last), _outcome_part(problem, loop, task.about["order"])]
    asked = f"One round of training with PyTorch, its lines shuffled:\n\n{listed(stages, letters)}"

    def solve() -> Solution:
        order = "\n".join(["```python", *(text.strip("`") for text in _CODE.values()), "```"])
        said = (
            "`backward` adds each gradient to what `zero_grad` left, and `step` uses what is there. With the lines of "
            f"the second question: {_outcome(problem, loop)}."
        )
        return Solution((f"The order is {' '.join(named)}:", order, said))

    return Content(lambda: asked, tuple(parts), solve, drawn=False)


def _outcome_part(problem: Problem, loop: Sequence[str], order: Sequence[int]) -> ExactPart:
    """What happens when a line is left out, or is in another place."""
    right = _outcome(problem, loop)
    missing = [name for name in _CODE if name not in loop]
    if missing:
        (out,) = missing
        ask = f"Another student's loop has them in the right order, but without {_CODE[out]}. What happens?"
    else:
        out, before = "moved", _CODE[loop[loop.index("zero") - 1]]
        ask = (
            f"In another student's loop {_CODE['zero']} comes right after {before}; all else is in order. What happens?"
        )
    summed = "zero_grad still clears the gradients in each round"
    slips = {
        "zero": {
            _AS_BEFORE: (_UNCLEARED, "backward adds each gradient to the one that is there"),
            _STUCK: (_NEEDS_CLEARING, "step still moves the weights, by too much of the old gradients"),
        },
        "backward": {
            _AS_BEFORE: (_STEP_DERIVES, "step only uses gradients, and none are computed"),
            _SUMMED: (_CLEARS, summed),
        },
        "step": {
            _AS_BEFORE: (_BACKWARD_MOVES, "backward only computes gradients; step changes the weights"),
            _SUMMED: (_CLEARS, summed),
        },
        "moved": {
            _AS_BEFORE: (_ERASED, "the gradients are gone when step wants to use them"),
            _STUCK: (_ALWAYS_FIRST, "the gradients are cleared before backward computes new ones"),
            _SUMMED: (_CLEARS, summed),
        },
    }[out]
    known = [Wrong(label, why, said) for said, (label, why) in slips.items() if said != right]
    hint = "Follow the gradient: which line computes it, which uses it, which clears it?"
    return one_of(ask, right, known, order, hints=(hint,))


QUESTIONS = (
    Question(
        "order-steps", TOPIC, "In which order?", _draw_order, _build_order, (AHEAD, BACK_FIRST, _FRONT, EARLY, _UPDATED)
    ),
    Question(
        "library-order",
        TOPIC,
        "A library's loop",
        _draw_library,
        _build_library,
        (
            *(AHEAD, BACK_FIRST, EARLY),
            _LATE,
            _BETWEEN,
            _UNCLEARED,
            _CLEARS,
            _BACKWARD_MOVES,
            _STEP_DERIVES,
            _NEEDS_CLEARING,
            _ALWAYS_FIRST,
            _ERASED,
        ),
    ),
)
