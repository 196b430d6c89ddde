"""No misconception of the catalogue gets through the course: a learner who holds it is told so, and helped on."""

from __future__ import annotations

import math

import pytest
from simulated_class import (
    NAMES,
    NOTEBOOKS,
    TYPED,
    Box,
    Card,
    Caught,
    answer,
    first,
    followed,
    opened,
    plainly,
    questions,
    table,
    written,
)

from bpkit.exercises.questions.hints import hints, ways
from bpkit.exercises.questions.parts import ExactPart, NumberPart
from bpkit.exercises.questions.sitting import Sitting
from bpkit.exercises.questions.written import FormulaPart
from bpkit.mistakes.misconceptions import catalogue
from bpkit.mistakes.question import question

# Lesson and question, with the part's letter: the misconceptions that the kit names there first in the course.
CAUGHT = {
    "00 weight-moved b": ["gives the change instead of what was asked"],
    "00 net_h1": [
        "adds the bias more than once",
        "leaves out a term of the net input",
        "leaves the bias out",
        "multiplies the bias",
        "takes another layer's bias",
        "takes one weight of another neuron",
        "takes the weights in the order of their numbers",
        "transposes the weights forward",
    ],
    "01 read-slope b": ["adds the gradient"],
    "01 which-way a": ["swaps the sign of the error"],
    "01 one-weight b": [
        "forgets the learning rate",
        "gives the derivative instead of the new value",
        "keeps the old value",
    ],
    "02 neuron-slope a": [
        "applies the activation twice",
        "loses a minus sign",
        "loses the minus in the exponent",
        "passes on net instead of out",
        "swaps the inputs",
    ],
    "02 neuron-slope b": [
        "applies the slope function to out",
        "gives the slope function the gradient that comes back",
        "takes a part of the slope",
        "takes the slope at net",
    ],
    "04 out_o1": ["takes a neighbour's output"],
    "05 dE_total/dw7": [
        "counts the output slope twice",
        "doubles the gradient",
        "forgets the output slope",
        "gives the new value instead of the derivative",
        "leaves out the input factor",
        "leaves out the slope of the loss",
        "swaps the targets",
        "takes another neuron's slope",
        "takes one dot product for the whole layer",
        "takes the error instead of its slope",
        "takes the neighbour's derivative",
        "takes the neuron's own output for its input",
        "takes the parameter for its own factor",
        "takes the slope of another layer",
    ],
    "06 dE_total/dw3": [
        "does not transpose the weights backward",
        "follows only one path",
        "forgets the hidden slope",
        "leaves out the weight on a path",
        "loses the sign of a path",
        "takes one weight of another neuron on the way back",
        "takes the weights of other paths",
        "uses the already updated weights",
    ],
    "06 dE_total/db1": ["forgets the derivative of the bias", "multiplies the bias derivative by the input"],
    "07 E_total after 2 updates": [
        "counts one output's error only",
        "does not set the gradient back to zero",
        "forgets the square",
        "forgets the ½",
        "gives each neuron a bias of its own",
        "halves the gradient",
        "halves the loss",
        "keeps the hidden weights",
        "keeps the output weights",
        "multiplies by the learning rate twice",
        "passes the error back instead of the delta",
        "takes the mean instead of the sum",
        "updates the biases",
        "uses momentum",
    ],
    "08 which-slip b": ["takes another neuron's bias"],
    "09 softmax-delta a": [
        "doubles the loss",
        "leaves out the sum below a softmax",
        "loses the minus of the cross-entropy",
        "takes another logarithm",
    ],
    "10 which-product c": [
        "does not sum the bias gradient over the samples",
        "takes the mean over the neurons too",
        "takes the sum instead of the mean",
    ],
    "10 mean-or-sum a": [
        "divides by the number of samples twice",
        "keeps only the first sample's gradient",
        "keeps only the last sample's gradient",
    ],
    "10 w5_new": [
        "compares each output with each target",
        "leaves out the second half of the cross-entropy",
        "puts a plus before the second half of the cross-entropy",
        "updates after each sample",
    ],
    "10 b_h1_new": ["sums the deltas of the layer for each bias", "uses the sigmoid's slope"],
    "12 step": ["keeps the biases"],
    "14 w2_new": [
        "divides by the usual size of another slope",
        "forgets the root of the running mean",
        "leaves out the correction of the running means",
        "swaps the shares of the old and the new",
        "updates by plain gradient descent",
    ],
    "14 w1_new": [
        "forgets the weight decay",
        "keeps the whole of the old velocity",
        "leaves the weight out of the decay",
        "takes the gradient's share into the velocity",
    ],
    "14 adam-step a": ["counts the updates from zero", "swaps the share of the old and of the new"],
    "14 adam-step b": ["forgets the square in the running mean"],
    "14 adam-step c": ["puts ε inside the root"],
    "14 E_total after 2 updates": ["updates the biases with weight decay", "updates with the whole batch"],
    "15 dE_total/dk1_2": [
        "counts one use of a shared weight only",
        "shifts the kernel by one",
        "takes one input for all uses of a shared weight",
    ],
    "15 count-uses b": ["takes the mean over the uses of a shared weight"],
    "15 read-kernel a": ["turns the kernel round"],
    "15 dE_total/dWx1_1_1": [
        "cuts the way back through time",
        "multiplies by the weight of the step before once too often",
    ],
    "15 convolution a": ["passes the slope of a maximum to all"],
    "15 dE_total/dcell_o1_1": [
        "cuts the way back through the cell",
        "cuts the way back through the gates",
        "forgets the slope of a gate",
        "forgets the slope of the squashed cell",
        "takes the state of the same step",
    ],
    "16 share_o1_2": [
        "divides the scores by the width",
        "does not transpose the keys",
        "forgets the root of the width",
        "takes the softmax over the wrong axis",
    ],
    "16 dE_total/dk_o2_2": [
        "forgets the slope of the softmax",
        "takes a key for its own slope",
        "takes only the diagonal of the softmax slope",
        "takes the tokens in the wrong order on the way back",
    ],
    "16 dE_total/dW1_2_1": [
        "forgets the way past the blocks",
        "takes mean and spread for constants",
        "takes the mean for a constant",
        "takes the spread for a constant",
        "updates all rows of the table",
    ],
}
ALL = [(name, where) for where, names in CAUGHT.items() for name in names]
LESSONS = sorted(path.stem[:2] for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def found(name: str) -> Caught:
    one = first(name)
    assert one, f"no lesson catches {name!r}"
    return one


def test_each_misconception_is_caught_by_the_question_in_the_table() -> None:
    assert table() == CAUGHT


def test_every_misconception_of_the_catalogue_is_in_the_table_once() -> None:
    assert sorted(name for name, _ in ALL) == sorted(NAMES)
    assert "" not in CAUGHT


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_learner_without_misconceptions_is_right_everywhere(lesson: str) -> None:
    for one in questions(int(lesson)):
        if isinstance(one, Box):
            one.set(number=f"{one.asked.exact[one.asked.quantity]:.{TYPED}g}")
            assert one.done, one
        else:
            exercise = one.state.exercise
            said = Sitting(exercise, tuple(answer("", part) for part in exercise.content.parts)).feedback
            assert all(said), (exercise.id, said)


@pytest.mark.parametrize(("name", "where"), ALL)
def test_the_number_typed_is_that_of_the_lines_written_out(name: str, where: str) -> None:
    """Of one sample, before any update; for the rest there are programs in ``tests/mistakes``."""
    one = found(name)
    assert one.where == where
    part = one.part if isinstance(one.part, NumberPart) else None
    asked = one.box.asked if one.box else question(part.problem, part.quantity) if part and part.quantity else None
    shapes = [mistake for mistake in catalogue(asked.derivation) if mistake.name == name] if asked else []
    if asked and shapes and not asked.updates and not asked.problem.is_batch:
        digits = part.digits if part else TYPED
        assert one.typed in {f"{plainly(asked, mistake):.{digits}g}" for mistake in shapes}


@pytest.mark.parametrize(("name", "where"), ALL)
def test_the_hints_after_it_lead_to_the_answer(name: str, where: str) -> None:
    one = found(name)
    if one.box:
        one.box.set(number=one.typed, line=True)
        right = one.box.asked.exact[one.box.asked.quantity]
        assert all(math.isclose(value, right, rel_tol=1e-5) for value in opened(one.box)), one.box
    elif isinstance(one.part, NumberPart) and ways(one.part):
        assert abs(float(one.typed) - one.part.right) > one.part.tolerance
        assert abs(followed(one.part, one) - one.part.right) <= one.part.tolerance
    elif isinstance(one.part, ExactPart) and one.part.options:
        leaves(one.part, one.typed)


def leaves(part: ExactPart, tried: str) -> None:
    """After a wrong try and all hints the right option is left, and at most one wrong one that no hint rules out."""
    said = hints(part)
    ruled = {option for option in part.options if f"It is not: {option}" in said}
    left = [option for option in part.options if option not in ruled and part.read(option) != part.read(tried)]
    assert part.read(part.answer) in map(part.read, left)
    assert len(left) <= 2 or (said and not ruled)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_hints_of_every_part_lead_to_its_answer(lesson: str) -> None:
    for card in (one for one in questions(int(lesson)) if isinstance(one, Card)):
        for part in card.state.exercise.content.parts:
            assert hints(part)
            if isinstance(part, NumberPart) and ways(part):
                assert abs(followed(part) - part.right) <= part.tolerance
            elif isinstance(part, FormulaPart):
                assert math.isclose(written(card, part), part._at(part.right)[0], rel_tol=1e-9)
            elif isinstance(part, ExactPart):
                for wrong in part.wrong if part.options else ():
                    leaves(part, str(wrong.answer))
