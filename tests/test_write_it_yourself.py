"""Lesson 12, in which a learner writes the program: its gaps, its solutions, and what it says to typical bugs."""

from __future__ import annotations

import linecache
import re
from functools import lru_cache
from itertools import combinations, count
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from thorough import THOROUGH

import bpkit as bp
from bpkit.page.course import lessons, solutions
from bpkit.show.review_display import rows
from bpkit.site.notebook_run import run

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "12_write_it_yourself.ipynb"
_numbers = count(1)


def opened() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


@lru_cache(maxsize=1)
def filled() -> dict[str, str]:
    """Each cell with a gap, filled as the page says, by the name of its function."""
    return {re.findall(r"^def (\w+)", source, re.MULTILINE)[0]: source for source in solutions(opened()).values()}


def plain(outputs: list[Any]) -> list[Any]:
    """Outputs as they are compared: all but pixels, which differ between machines."""
    data = [{kind: text for kind, text in one.get("data", {}).items() if kind != "image/png"} for one in outputs]
    return [(one.output_type, one.get("text", ""), shown) for one, shown in zip(outputs, data)]


def test_filling_the_gaps_gives_exactly_the_outputs_that_are_stored() -> None:
    notebook, stored = opened(), opened()
    for place, source in solutions(notebook).items():
        assert "..." in notebook.cells[place].source
        assert "..." not in source
        notebook.cells[place].source = source
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for ran, kept in zip(notebook.cells, stored.cells, strict=True):
        if kept.cell_type == "code":
            views = [
                {**o, "data": {k: v for k, v in o.get("data", {}).items() if "widget" not in k}} for o in ran.outputs
            ]
            assert plain(list(map(nbformat.from_dict, views))) == plain(kept.outputs), kept.source


def test_with_its_gaps_the_notebook_runs_and_each_reply_says_what_is_missing() -> None:
    cells = [cell for cell in opened().cells if cell.cell_type == "code"]
    results = run([cell.source for cell in cells], "12", NOTEBOOK.parent).results
    replies = {
        cell.source: result
        for cell, result in zip(cells, results)
        if "nbval-ignore-output" in cell.metadata.get("tags", ())
    }
    reviews = [one for one in replies.values() if isinstance(one, bp.review.__globals__["Review"])]
    assert len(reviews) == len(solutions(opened())) == 5
    for one in reviews:
        assert one.verdict == "error"
        assert re.match(r"Line \d+( of `backward`)? still has a gap: `.*\.\.\.`\.", one.message), one.message
        assert str(one).startswith("Your program: not finished yet")
    [check] = [one for source, one in replies.items() if "bp.check_gradient(" in source]
    assert not check.passed
    assert "not checked yet. Line 5 still has a gap: `return ...`." in repr(check)
    [app] = [one for source, one in replies.items() if source.startswith("bp.apps.boundary")]
    said, warning = app.note(app.state)
    assert warning
    assert said.startswith("Your program has not run yet. Line 5 of “backward” still has a gap: “return ...”.")
    assert len(replies) == 7


def test_only_what_depends_on_a_gap_is_not_compared() -> None:
    notebook = opened()
    gaps = solutions(notebook)
    for place, cell in enumerate(notebook.cells):
        depends = place in gaps or bool(re.search(r"gradient=backward|program=step", cell.source))
        if cell.cell_type == "code":
            assert cell.metadata.get("tags", []) == ["nbval-ignore-output"] * depends, cell.source


def test_under_each_gap_are_hints_and_then_a_solution() -> None:
    notebook = opened()
    for place in solutions(notebook):
        folds = re.findall(r"<summary>(.*?)</summary>", notebook.cells[place + 1].source)
        assert folds == [*(f"Hint {n}" for n in range(1, len(folds))), "One way to write it"]
        assert len(folds) >= 3
        for hint in notebook.cells[place + 1].source.split("One way to write it")[0].split("</details>"):
            assert "```" not in hint


def written(source: str, *before: str) -> Any:
    """What a cell ends with, once those before it ran: as in a notebook, each is a file of its own."""
    names: dict[str, Any] = {"np": np, "bp": bp, "__name__": "cell"}
    first = "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n"
    for text in (first, *before, source):
        head, _, tried = text.partition("\n\n\n")
        name = f"<cell {next(_numbers)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(head, name, "exec"), names)
    return eval(tried, names)


def attempt(function: str, old: str, new: str) -> Any:
    """The review of a cell whose solution has a bug."""
    source = filled()[function]
    assert old in source, source
    before = [filled()["backward"]] if function == "step" else []
    return written(source.replace(old, new), *before)


DELTA1, DELTA2 = "delta2 @ W2.T * out1 * (1 - out1)", "(out2 - y) * out2 * (1 - out2)"
UPDATED = "W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2, b2 - rate * db2"
ONE = "(out1 - y) * out1 * (1 - out1)"
BUGS = [
    ("forward", "out1 @ W2 + b2", "out1 @ W2", "leaves the bias out", 3),
    ("forward", "sigmoid(out1 @ W2 + b2)", "out1 @ W2 + b2", "passes on net instead of out", 3),
    ("one_layer", ONE, "out1 - y", "forgets the output slope", 3),
    ("one_layer", "(out1 - y)", "(y - out1)", "swaps the sign of the error", 3),
    ("one_layer", ONE, "(out1 - y) * out1", "takes a part of the slope", 3),
    ("one_layer", ONE, f"2 * {ONE}", "doubles the gradient", 3),
    ("one_layer", "out1 * (1 - out1)", "sigmoid(out1) * (1 - sigmoid(out1))", "applies the slope function to out", 3),
    ("two_layers", DELTA1, "delta2 @ W2.T", "forgets the hidden slope", 7),
    ("two_layers", DELTA1, "(out2 - y) @ W2.T * out1 * (1 - out1)", "passes the error back instead of the delta", 7),
    ("two_layers", DELTA1, "delta2 @ W2.T * out2 * (1 - out2)", "takes the slope of another layer", 7),
    (
        "two_layers",
        DELTA1,
        "delta2.sum(axis=1, keepdims=True) * out1 * (1 - out1)",
        "leaves out the weight on a path",
        7,
    ),
    ("two_layers", "x.T @ delta1 / len(x)", "x.T @ delta1", "takes the sum instead of the mean", 8),
    ("two_layers", "delta1.mean(axis=0)", "delta1.sum(axis=0)", "takes the sum instead of the mean", 9),
    ("two_layers", "delta1.mean(axis=0)", "delta1", "does not sum the bias gradient over the samples", 9),
    ("two_layers", "delta1.mean(axis=0)", "delta1.mean()", "takes the mean over the neurons too", 9),
    ("two_layers", "delta1.mean(axis=0)", "delta1.mean(axis=1)", "sums the bias gradient over the wrong axis", 9),
    ("two_layers", "delta1.mean(axis=0)", "delta1.mean(axis=0) * b1", "takes the parameter for its own factor", 9),
    ("backward", DELTA2, "out2 - y", "forgets the output slope", 4),
    ("backward", DELTA2, "(y - out2) * out2 * (1 - out2)", "swaps the sign of the error", 4),
    ("backward", DELTA1, "delta2 @ W2.T", "forgets the hidden slope", 5),
    ("backward", DELTA1, "delta2 @ W2.T * out1", "takes a part of the slope", 5),
    ("backward", " / len(x)", "", "takes the sum instead of the mean", 6),
    ("backward", "out1.T @ delta2", "out1.T @ (out2 - y)", "forgets the output slope", 7),
    ("backward", "out1 @ W2 + b2", "out1 @ W2", "leaves the bias out", 3),
    ("backward", "sigmoid(out1 @ W2 + b2)", "out1 @ W2 + b2", "passes on net instead of out", 3),
    ("one_layer", ONE, "out1 * (1 - out1)", "leaves out the slope of the loss", 3),
    ("one_layer", ONE, "y - out1", "forgets the output slope and swaps the sign of the error", 3),
    ("one_layer", ONE, f"{ONE} / len(x)", "divides by the number of samples twice", 3),
    ("one_layer", ONE, "(out1 - y) * out1 * 1 - out1", "leaves out the brackets in the slope", 3),
    ("two_layers", DELTA1, "delta2 @ W2.T * out1 * 1 - out1", "leaves out the brackets in the slope", 7),
    ("backward", DELTA1, "(out1 - y) * out1 * (1 - out1)", "compares a hidden layer with the target", 5),
    ("forward", "+ b2", "- b2", "subtracts the bias", 3),
    ("one_layer", ONE, "(out1 - y)**2 * out1 * (1 - out1)", "squares the difference", 3),
    ("one_layer", ONE, "(out1 - y) * (1 - out1**2)", "takes the slope of tanh", 3),
    ("step", UPDATED, UPDATED.replace("W1 - ", "", 1), "gives the change instead of what was asked", 3),
    ("step", UPDATED, UPDATED.replace("-", "+"), "adds the gradient", 3),
    ("step", "rate * ", "", "forgets the learning rate", 3),
    ("step", "- rate *", "+", "adds the gradient and forgets the learning rate", 3),
    ("step", UPDATED, "W1 - rate * dW1, b1, W2 - rate * dW2, b2", "keeps the biases", 3),
]


@pytest.mark.parametrize(("function", "old", "new", "name", "line"), BUGS)
def test_a_typical_bug_is_named_with_its_line(function: str, old: str, new: str, name: str, line: int) -> None:
    found = attempt(function, old, new)
    assert found.verdict == "misconception", found.message
    assert found.misconceptions[0].name == name
    assert found.misconceptions[0].line == line
    assert found.message.startswith(f"Line {line}, `")


def test_the_bugs_are_many_and_different() -> None:
    assert len({(name, line) for *_, name, line in BUGS}) >= 20
    assert len({name for *_, name, _ in BUGS}) >= 18


MISFITS = [
    ("forward", "out1 @ W2 + b2", "x @ W2 + b2", 3, "`x @ W2` is (7, 3) @ (4, 2). They fit in no order"),
    ("forward", "return out2", "return out1", 4, "this has the shape (7, 4), and the outputs have (7, 2)"),
    ("forward", "out1 @ W2", "out1 * W2", 3, "`*` multiplies number by number and makes no sum; `@` does"),
    ("one_layer", "(out1 - y) *", "(out1 - y) @", 3, "Both have the same shape: write * to multiply"),
    ("two_layers", "@ W2.T", "@ W2", 7, "change their order or transpose one of them with .T"),
    ("two_layers", "@ W2.T", "@ W2", 7, "out1 (7, 4), out2 (7, 2), delta2 (7, 2)"),
    ("two_layers", "db1 = delta1", "db1 = delta2", 9, "this is ∂E/∂b2. db1 has the shape (2,), and its parameter (4,)"),
    ("step", "rate * dW1", "rate @ dW1", 3, "`rate` is a number, not a matrix: multiply by it with *"),
    ("step", UPDATED, "W1 - rate * dW1", 3, "you return 1 array. Return all 4: W1, b1, W2, b2"),
    (
        "two_layers",
        "x.T @ delta1",
        "x.T @ delta2",
        8,
        "You took `delta2`. Multiply what goes in at the start of each weight",
    ),
    (
        "backward",
        "out1.T @ delta2",
        "x.T @ delta2",
        7,
        "You took `x`. Multiply what goes in at the start of each weight",
    ),
    ("backward", "x.T @ delta1", "x.T @ delta2", 6, "by the delta at its end, here `x` and `delta1`."),
    (
        "two_layers",
        "x.T @ delta1",
        "out1.T @ delta1",
        8,
        "shape (4, 4), and its parameter (3, 4). You took `out1`. Multiply",
    ),
    ("backward", "    return dW1, db1, dW2, db2", "", 7, "returned nothing. End it with a return"),
    ("step", "b2 - rate * db2", "b2 - rate * db1", 3, "b2 has the shape"),
]


@pytest.mark.parametrize(("function", "old", "new", "line", "words"), MISFITS)
def test_shapes_that_do_not_fit_are_said_with_the_line(
    function: str, old: str, new: str, line: int, words: str
) -> None:
    found = attempt(function, old, new)
    assert found.verdict == "error"
    assert found.message.startswith(f"Line {line}, `")
    assert words in found.message


def test_a_step_that_uses_new_weights_on_the_way_back_is_seen() -> None:
    source = filled()["step"]
    text = """\
def step(x, y, W1, b1, W2, b2, rate):
    out1 = sigmoid(x @ W1 + b1)
    out2 = sigmoid(out1 @ W2 + b2)
    delta2 = (out2 - y) * out2 * (1 - out2)
    W2 = W2 - rate * out1.T @ delta2 / len(x)
    b2 = b2 - rate * delta2.mean(axis=0)
    delta1 = delta2 @ W2.T * out1 * (1 - out1)
    W1 = W1 - rate * x.T @ delta1 / len(x)
    b1 = b1 - rate * delta1.mean(axis=0)
    return W1, b1, W2, b2"""
    found = written(f"{text}\n\n\n{source.partition(chr(10) * 3)[2]}")
    assert found.misconceptions[0].line == 7
    assert "new weights of the later layer" in found.message


SWAPPED = ("return dW1, db1, dW2, db2", "return dW2, db2, dW1, db1")
CHECKED = (
    "bp.check_gradient(bp.examples.data_set('moons').problem(bp.Network(2, 2, 1, bias='neuron')), gradient=backward)"
)


def test_derivatives_in_another_order_are_found_wherever_they_are_used() -> None:
    backward = filled()["backward"].replace(*SWAPPED)
    first = "the order is not: return dW1 first."
    assert first in written(backward).message
    step = written(filled()["step"], backward)
    assert step.message.startswith("Line 8 of `backward`, `return dW2, db2, dW1, db1`: the numbers are right")
    body = backward.partition("\n\n\n")[0]
    check = written(f"{body}\n\n\n{CHECKED}")
    assert not check.passed
    assert (
        "not checked. The shapes that `backward` returned are right, but their order is not: return dW1 first"
        in str(check)
    )
    app = f"bp.apps.boundary({CHECKED.partition('(')[2].partition(', gradient')[0]}, program=step, updates=3)"
    shown = written(f"{filled()['step'].partition(chr(10) * 3)[0]}\n\n\n{app}", backward)
    said, warning = shown.note(shown.state)
    assert warning
    assert said.startswith("Your program stopped in update 1. Line 8 of “backward”")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (SWAPPED[0], "return dW1, db1, dW2", "returned 3 arrays, and there are 4"),
        (DELTA2, "out1 - y", "`backward` stopped with ValueError: the shapes in a matrix product do not fit."),
        ("    return dW1, db1, dW2, db2", "", "`backward` returned nothing"),
        ("delta1.mean(axis=0)", "delta1.mean()", "does not fit: b1: expected the shape (2,), got ()"),
    ],
)
def test_a_gradient_check_of_a_function_answers_in_a_sentence(old: str, new: str, said: str) -> None:
    body = filled()["backward"].partition("\n\n\n")[0].replace(old, new)
    check = written(f"{body}\n\n\n{CHECKED}")
    assert not check.passed
    assert said in str(check)


def test_a_gradient_check_speaks_in_plain_words() -> None:
    body = filled()["backward"].partition("\n\n\n")[0]
    assert "passed: all nine derivatives agree with nudging to 6 digits or more" in str(
        written(f"{body}\n\n\n{CHECKED}")
    )
    wrong = str(written(f"{body.replace(DELTA2, 'out2 - y')}\n\n\n{CHECKED}"))
    assert "  0.75" in wrong
    assert "  yours  " in wrong
    assert "yours against" in wrong
    assert "below 1e0" not in wrong


def test_each_mistake_of_a_gradient_is_said_once_and_without_lines_that_its_program_has_not() -> None:
    body = filled()["backward"].partition("\n\n\n")[0]
    two = body.replace("(out2 - y) *", "(y - out2) *").replace(" * out1 * (1 - out1)", "")
    check = written(f"{two}\n\n\n{CHECKED}")
    first, second = check.sayings
    assert first.startswith(
        "6 rows of W1 and b1: you get these if you leave out the slope of the hidden neuron and swap"
    )
    assert second.startswith("3 rows of W2 and b2: you get these if you swap the sign of the error")
    assert "ine (" not in str(check)
    assert "measured; all the others differ too" in str(check)


MEAN, SUM = ("delta1.mean(axis=0)", "delta1.sum(axis=0)"), ("x.T @ delta1 / len(x)", "x.T @ delta1")
TWO = [
    (
        "backward",
        4,
        (DELTA2, "(y - out2) * out2 * (1 - out2)"),
        MEAN,
        "should be ∂E/∂net₂ of the output layer. You swap",
    ),
    (
        "backward",
        4,
        (DELTA2, f"2 * {DELTA2}"),
        (DELTA1, "delta2 @ W2.T"),
        "should be ∂E/∂net₂ of the output layer. You",
    ),
    ("backward", 4, (DELTA2, "out2 - y"), (DELTA1, "delta2 @ W2.T"), "this is ∂E/∂out₂ of the output layer. You leave"),
    ("two_layers", 7, (DELTA1, "delta2 @ W2.T"), MEAN, "this is ∂E/∂out₁ of the hidden layer. You leave out the slope"),
    ("two_layers", 7, (DELTA1, "delta2 @ W2.T"), SUM, "this is ∂E/∂out₁ of the hidden layer. You leave out the slope"),
    ("backward", 5, (DELTA1, "delta2 @ W2.T"), ("out1.T @", "sigmoid(out1).T @"), "this is ∂E/∂out₁ of the hidden"),
    ("backward", 5, (DELTA1, "delta2 @ W2.T"), ("x.T @ delta1 / len(x)", "(delta1.T @ x).T"), "this is ∂E/∂out₁"),
    ("backward", 5, (DELTA1, "(out2 - y) @ W2.T * out1 * (1 - out1)"), SUM, "You send the error back instead of the"),
    ("one_layer", 3, ("(out1 - y)", "(y - out1)"), SUM, "this should be ∂E/∂net₁. You swap the sign of the error"),
    ("one_layer", 3, (ONE, "out1 * (1 - out1)"), SUM, "You leave out the slope of the loss"),
    (
        "backward",
        3,
        ("sigmoid(out1 @ W2 + b2)", "out1 @ W2 + b2"),
        MEAN,
        "this is net₂ of the output layer. You pass on",
    ),
    ("two_layers", 7, (DELTA1, "delta2 @ W2.T"), ("delta1.mean(axis=0)", "delta1.mean()"), "You leave out the"),
    ("backward", 6, SUM, ("out1.T @ delta2", "out1.T @ (out2 - y)"), "this should be ∂E/∂W1. You take the sum"),
    ("step", 3, ("b1 - rate * db1", "b1 + rate * db1"), ("b2 - rate * db2", "b2"), "the new b1. You add the slope"),
]


@pytest.mark.parametrize(("function", "line", "first", "second", "said"), TWO)
def test_of_two_mistakes_the_first_is_named_and_no_line_after_it_is_judged(
    function: str, line: int, first: tuple[str, str], second: tuple[str, str], said: str
) -> None:
    before = [filled()["backward"]] if function == "step" else []
    found = written(filled()[function].replace(*first).replace(*second), *before)
    assert found.verdict == "unknown"
    assert found.message.startswith(f"Line {line}, `")
    assert said in found.message
    assert "there is another mistake. Correct this line first, and I can judge the rest." in found.message
    assert [bug.line for bug in found.misconceptions] == [line]
    if function != "step":
        made = signs(found)
        assert [number for number, (sign, _) in made.items() if sign == "✗"] == [line]
        assert made[line][1].startswith("should be ")


def test_of_any_two_of_the_bugs_a_line_that_has_one_is_shown() -> None:
    pairs = [(a, b) for a, b in combinations(BUGS, 2) if a[0] == b[0] != "step"]
    for (function, old, new, *_), (_, other, newer, *_) in pairs if THOROUGH else pairs[18::29]:
        right = filled()[function]
        wrong = right.replace(old, new).replace(other, newer)
        changed = [number for number, (a, b) in enumerate(zip(right.split("\n"), wrong.split("\n")), 1) if a != b]
        found = written(wrong)
        assert found.verdict != "correct", wrong
        assert int(re.findall(r"[Ll]ine (\d+)", found.message)[0]) in changed, (wrong, found.message)


def test_a_line_of_another_function_with_two_bugs_is_said_with_its_name() -> None:
    backward = filled()["backward"].replace(DELTA2, "out2 - y").replace(" / len(x)", "")
    for text in (backward, backward.replace(".mean(axis=0)", ".sum(axis=0)")):
        found = written(filled()["step"], text)
        assert found.message.startswith("Line 4 of `backward`, `delta2 = out2 - y`: this is ∂E/∂out₂")


def test_what_is_not_recognised_may_be_more_than_one_mistake() -> None:
    found = attempt("two_layers", DELTA1, "out2 @ W2.T * out1 * (1 - out1)")
    assert "made in line 7, `delta1 = out2 @ W2.T * out1 * (1 - out1)`. Look there first. There may be more" in str(
        found
    )
    assert "I took" not in found.message  # the outputs and the last delta show which functions it has
    assert "(I took sigmoid neurons" in attempt("forward", "sigmoid(out1 @", "np.tanh(out1 @").message


def test_a_sum_has_no_bare_tick() -> None:
    sums = filled()["backward"].replace(" / len(x)", "")
    both = written(sums.replace("delta2.mean(axis=0)", "delta1.mean(axis=0)"))
    assert both.message.startswith("Line 6, `dW1, db1 = x.T @ delta1, delta1.mean(axis=0)`: this should be ∂E/∂W1.")
    assert signs(both)[6] == ("✗", "should be ∂E/∂W1")
    stopped = signs(written(sums.replace("out1.T @ delta2", "out1 @ delta2")))
    assert stopped[6] == ("✗", "should be ∂E/∂W1")
    assert stopped[7] == ("✗", "stopped here")


def test_half_of_the_derivatives_are_not_enough() -> None:
    found = attempt("backward", "return dW1, db1, dW2, db2", "return [dW1, dW2]")
    assert found.verdict == "error"
    assert "Line 8, `return [dW1, dW2]`: your function gives dW1 and dW2, and no db1 and db2." in found.message


def test_a_delta_of_a_strange_shape_is_to_blame_and_not_the_given_line_after_it() -> None:
    found = attempt("one_layer", ONE, "(out1 - y) * x * (1 - x)")
    assert found.message.startswith("Line 3, `delta1 = (out1 - y) * x * (1 - x)`, makes no array of the derivation.")
    assert "∂E/∂net₁, the delta of layer 1, with the shape (7, 1); you have (7, 3)" in found.message


MEAN_OF_POINTS = "Each point has a row of its own here; the mean over the points comes only in the derivatives."
# A function, what is wrong in it, the line, the two shapes, the reason, and the lines that only follow from it.
MISSHAPEN = [
    ("one_layer", ONE, f"x * {ONE}", 3, "(7, 1); you have (7, 3)", "`x` goes into the layer, so it", [4, 5]),
    (
        "one_layer",
        ONE,
        f"x.T @ ({ONE})",
        3,
        "(7, 2); you have (3, 2)",
        "the derivative of the weights, not to",
        [4, 5, 6],
    ),
    ("one_layer", ONE, f"({ONE}).mean(axis=0)", 3, "(7, 2); you have (2,)", MEAN_OF_POINTS, [4, 5, 6]),
    ("one_layer", ONE, "(out1 - y) @ W1.T", 3, "(7, 2); you have (7, 3)", "", [4, 5]),
    (
        "two_layers",
        DELTA2,
        f"out1 * {DELTA2}",
        4,
        "(7, 1); you have (7, 4)",
        "`out1` goes into the layer",
        range(5, 11),
    ),
    ("two_layers", DELTA1, "delta2 * out2 * (1 - out2)", 7, "(7, 4); you have (7, 2)", "`out2` belongs to", [8, 9]),
    (
        "backward",
        DELTA2,
        f"out1 * {DELTA2}",
        4,
        "(7, 1); you have (7, 4)",
        "So your program stops in line 5.",
        range(5, 9),
    ),
    (
        "forward",
        "+ b2",
        "+ b1",
        3,
        "(7, 1); you have (7, 4)",
        "`b1` belongs to the hidden layer; the output layer",
        [4],
    ),
]


@pytest.mark.parametrize(("function", "old", "new", "line", "shapes", "why", "after"), MISSHAPEN)
def test_a_line_of_the_wrong_shape_is_named_and_not_those_that_follow_from_it(
    function: str, old: str, new: str, line: int, shapes: str, why: str, after: Any
) -> None:
    found = attempt(function, old, new)
    assert found.message.startswith(f"Line {line}, `")
    assert shapes in found.message
    assert why in found.message
    made = signs(found)
    assert [number for number, (sign, _) in made.items() if sign not in ("✓", "")] == [line, *after]
    assert made[line][0] == "✗"
    assert made[line][1].startswith("should be ")
    assert {made[number] for number in after} == {("↳", f"depends on line {line}")}


def test_a_line_of_the_wrong_shape_is_named_while_a_gap_is_left_and_in_a_function_that_is_called() -> None:
    found = with_gap("two_layers", DELTA2, f"out1 * {DELTA2}", LAST)
    assert found.message.startswith("Line 4, `")
    assert "stops" not in found.message
    assert [number for number, (sign, _) in signs(found).items() if sign == "✗"] == [4]
    called = written(filled()["step"], filled()["backward"].replace(DELTA2, f"out1 * {DELTA2}"))
    assert called.message.startswith("Line 4 of `backward`, `delta2 = out1 * ")
    assert [(row.number, row.sign) for row in rows(called) if row.sign == "✗"] == [(4, "✗")]


def test_the_slope_of_another_layer_is_said_with_the_names_of_the_program() -> None:
    found = attempt("two_layers", DELTA1, "delta2 @ W2.T * out2 * (1 - out2)")
    assert "`out2` belongs to the output layer; the hidden layer needs `out1`." in found.message
    assert "With two outputs the shapes do not even fit: `delta2 @ W2.T * out2` is (7, 4) * (7, 2)." in found.message
    assert "one neuron" not in found.message


ALL_SLOPES = "should be ∂E/∂W1, ∂E/∂b1, ∂E/∂W2, ∂E/∂b2"
WRONG_RETURNS = [
    ("two_layers", "return dW1, db1, dW2, db2", "return dW1, dW2, db1, db2", 10, ALL_SLOPES),
    ("two_layers", "return dW1, db1, dW2, db2", "return dW1, db1, dW2", 10, ALL_SLOPES),
    ("backward", "return dW1, db1, dW2, db2", "return dW2, db2, dW1, db1", 8, ALL_SLOPES),
    ("backward", "return dW1, db1, dW2, db2", "return dW1", 8, ALL_SLOPES),
    ("forward", "return out2", "return x", 4, "should be out₂"),
    ("step", UPDATED, "W1 - rate * dW1, W2 - rate * dW2, b1 - rate * db1, b2 - rate * db2", 3, None),
    ("step", UPDATED, "W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2", 3, None),
    ("step", UPDATED, "W1 - rate * dW1", 3, None),
]


@pytest.mark.parametrize(("function", "old", "new", "line", "should"), WRONG_RETURNS)
def test_a_return_that_is_said_to_be_wrong_is_marked_as_wrong(
    function: str, old: str, new: str, line: int, should: str | None
) -> None:
    found = attempt(function, old, new)
    assert found.message.startswith(f"Line {line}, `return ")
    made = {row.number: (row.sign, row.quantity) for row in rows(found)}
    assert made[line] == ("✗", should or ALL_NEW)
    assert [number for number, (sign, _) in made.items() if sign == "✗"] == [line]


def test_the_return_of_a_function_that_is_called_is_marked_too() -> None:
    table = [*rows(written(filled()["step"], filled()["backward"].replace(*SWAPPED)))]
    assert [(row.number, row.quantity) for row in table if row.sign == "✗"] == [(8, ALL_SLOPES)]


def test_another_function_is_shown_only_if_something_is_wrong_in_it() -> None:
    for new in (UPDATED, UPDATED.replace("-", "+"), UPDATED.replace(" - rate * db2", "")):
        assert [row.number for row in rows(attempt("step", UPDATED, new))] == [1, 2, 3], new
    wrong = written(filled()["step"], filled()["backward"].replace(DELTA2, "out2 - y"))
    assert [row.number for row in rows(wrong)] == [1, 2, 3, *range(1, 9)]


def test_what_is_expected_is_said_of_a_line_that_makes_nothing() -> None:
    text = filled()["backward"].replace(DELTA2, "out1 - y").replace("return dW1, db1, dW2, db2", "return ...")
    assert (
        "Line 4, `delta2 = out1 - y`, makes no array of the derivation. Expected here: ∂E/∂net₂, the delta of layer 2, "
        "with the shape (7, 1); you have (7, 4)." in written(text).message
    )


def test_transposed_derivatives_are_said() -> None:
    turned = ("x.T @ delta1 / len(x)", "delta1.T @ x / len(x)")
    found = attempt("two_layers", *turned)
    assert "dW1 comes back transposed" in found.message
    assert str(found).startswith("Your program: right, but dW1 is transposed")
    body = filled()["backward"].replace(*turned).partition("\n\n\n")[0]
    square = written(f"{body}\n\n\n{CHECKED}")
    assert square.sayings == (
        "dW1 comes back transposed: swap its rows and columns, so that it has the shape of its parameter.",
    )
    oblong = written(f"{body}\n\n\n{CHECKED.replace('2, 2, 1', '2, 3, 1')}")
    assert "not checked. dW1 comes back transposed" in str(oblong)


def test_a_program_that_is_right_with_one_output_alone_is_told_so() -> None:
    found = attempt("two_layers", "delta2 @ W2.T", "delta2 * W2.T")
    assert found.verdict == "correct"
    assert str(found).startswith("Your program: right for one output\n")
    assert "With two it fails. Line 7, `delta1 = delta2 * W2.T" in found.message
    assert (
        "`delta2 * W2.T` is (7, 2) * (2, 4). `*` multiplies number by number and makes no sum; `@` does"
        in found.message
    )
    assert attempt("two_layers", DELTA1, DELTA1).only == ""


def signs(found: Any) -> dict[int, tuple[str, str]]:
    """The sign beside each line of a program, and what the line makes."""
    return {row.number: (row.sign, row.quantity) for row in rows(found)}


def test_a_line_has_a_tick_only_for_the_array_that_it_is_to_make() -> None:
    wrong = signs(attempt("two_layers", "db1 = delta1", "db1 = delta2"))
    assert (wrong[6], wrong[9]) == (("✓", "∂E/∂b2"), ("✗", "should be ∂E/∂b1"))
    assert signs(attempt("one_layer", ONE, "out1 * (1 - out1)"))[3] == ("✗", "should be ∂E/∂net₁")
    assert signs(attempt("one_layer", ONE, "y - out1"))[3] == ("✗", "should be ∂E/∂net₁")


# A function, what is wrong in it, the lines that have the mistake, and what depends on which of them.
FOLLOWING = [
    ("forward", "out1 @ W2 + b2", "out1 @ W2", [3], {4: 3}),
    ("one_layer", "(out1 - y)", "(y - out1)", [3], {4: 3, 5: 3}),
    ("backward", "x @ W1 + b1", "x @ W1", [2], dict.fromkeys(range(3, 8), 2)),
    ("backward", "sigmoid(x @ W1 + b1)", "x @ W1 + b1", [2], dict.fromkeys(range(3, 8), 2)),
    ("backward", DELTA1, "delta2 @ W2.T", [5], {6: 5}),
    ("backward", DELTA2, f"{DELTA2} / len(x)", [4], {6: 4, 7: 4}),
    ("backward", " / len(x)", "", [6, 7], {}),
    ("one_layer", ONE, "0.5 * (out1 - y)**2", [3], {4: 3, 5: 3}),
]


@pytest.mark.parametrize(("function", "old", "new", "wrong", "after"), FOLLOWING)
def test_a_right_line_is_not_blamed_for_the_wrong_array_that_it_uses(
    function: str, old: str, new: str, wrong: list[int], after: dict[int, int]
) -> None:
    table = [*rows(attempt(function, old, new))]
    assert [row.number for row in table if row.sign == "✗"] == wrong
    assert {row.number: row.quantity for row in table if row.sign == "↳"} == {
        number: f"depends on line {line}" for number, line in after.items()
    }
    assert "def sigmoid(z):" not in {row.text for row in table}


def test_the_same_mistake_in_two_lines_is_marked_in_both() -> None:
    table = signs(written(filled()["backward"].replace(" + b1", "").replace(" + b2", "")))
    assert [number for number, (sign, _) in table.items() if sign == "✗"] == [2, 3]
    assert [table[number][0] for number in (4, 5, 6, 7)] == ["↳"] * 4


TURNED = "rate * dW1 - W1, rate * db1 - b1, rate * dW2 - W2, rate * db2 - b2"
ALL_NEW = "should be the new W1, the new b1, the new W2, the new b2"
RETURNED = [
    (TURNED, "turns the update round", "You subtract the old value from the step", ALL_NEW),
    (TURNED.replace(" - W1", "").replace(" - b1", ""), "", "", ALL_NEW),
    (
        "-rate * dW1, -rate * db1, -rate * dW2, -rate * db2",
        "gives the change instead of what was asked",
        "that is the change of the parameter",
        ALL_NEW,
    ),
    (UPDATED.replace(" - rate * db2", ""), "keeps the biases", "you leave the biases", "should be the new b2"),
    (UPDATED.replace("-", "+"), "adds the gradient", "you add the slope", ALL_NEW),
    (UPDATED.replace("rate * ", ""), "forgets the learning rate", "you forget to multiply", ALL_NEW),
]


@pytest.mark.parametrize(("new", "name", "said", "should"), RETURNED)
def test_a_wrong_update_says_which_new_values_it_should_give(new: str, name: str, said: str, should: str) -> None:
    found = attempt("step", UPDATED, new)
    assert found.misconceptions[0].name == name if name else found.verdict == "unknown"
    assert said in found.message
    assert next((row.sign, row.quantity) for row in rows(found) if row.number == 3) == ("✗", should)
    if name == "keeps the biases":
        assert "You get the same" not in found.message


def test_a_parameter_that_is_left_as_it_is_is_missing_in_the_return() -> None:
    lines = "W1 = W1 - rate * dW1\n    b1 = b1 - rate * db1\n    W2 = W2 - rate * dW2\n    return W1, b1, W2, b2"
    found = attempt("step", f"return {UPDATED}", lines)
    assert found.message.startswith("Line 6, `return W1, b1, W2, b2`: you leave the biases as they are (in b2 only)")
    table = [(row.number, row.sign, row.quantity) for row in rows(found)][1:6]
    assert table[1:] == [
        (3, "✓", "the new W1"),
        (4, "✓", "the new b1"),
        (5, "✓", "the new W2"),
        (6, "✗", "should be the new b2"),
    ]


@pytest.mark.parametrize(("loss", "times"), [("0.5 * (out2 - y)**2", ""), ("(out2 - y)**2", "twice ")])
def test_the_loss_is_no_delta(loss: str, times: str) -> None:
    found = attempt("backward", DELTA2, loss)
    assert found.message.startswith(
        f"Line 4, `delta2 = {loss}`: this is {times}E, and it should be ∂E/∂net₂ of the output layer. "
        "Take its derivative."
    )
    assert signs(found)[4] == ("✗", "should be ∂E/∂net₂")


RETURN_ALL = "    return dW1, db1, dW2, db2"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (RETURN_ALL, f"    W2 -= 0.1 * dW2\n{RETURN_ALL}", 8),
        (RETURN_ALL, f"    W2[:] = 0\n{RETURN_ALL}", 8),
        ("    delta1 =", "    W2 -= out1.T @ delta2 / len(x)\n    delta1 =", 5),
    ],
)
def test_a_function_that_changes_what_it_is_given_is_told(old: str, new: str, line: int) -> None:
    found = attempt("backward", old, new)
    assert found.misconceptions[0].name == "changes what it is given"
    assert found.message.startswith(f"Line {line}, `W2")
    assert "ou change W2 in place; your function is to return what it computes" in found.message
    assert signs(found)[line][0] == "✗"


def test_the_line_that_stopped_is_marked() -> None:
    assert signs(attempt("two_layers", "@ W2.T", "@ W2"))[7] == ("✗", "stopped here")


def test_what_a_line_is_and_what_it_should_be_are_told_apart() -> None:
    assert "this should be ∂E/∂W1. You take the sum" in attempt("two_layers", "delta1 / len(x)", "delta1").message
    minus = "You swap the sign (in dW1 and db1 only); there is a minus too many here, or a difference turned round."
    assert minus in attempt("backward", DELTA1, f"-{DELTA1}").message
    assert "this should be ∂E/∂net₁. You swap" in attempt("one_layer", "(out1 - y)", "(y - out1)").message
    assert "this is ∂E/∂out₂ of the output layer. You leave out" in attempt("two_layers", DELTA2, "out2 - y").message


def test_a_line_of_another_function_is_said_with_its_name() -> None:
    backward = filled()["backward"].replace(DELTA2, "out2 - y")
    assert written(filled()["step"], backward).message.startswith("Line 4 of `backward`, `delta2 = out2 - y`: ")


def test_a_half_filled_function_shows_what_is_right_so_far() -> None:
    text = filled()["two_layers"].replace(DELTA1, "...").replace("delta1.mean(axis=0)", "...")
    found = written(text)
    assert [gap.line for gap in found.gaps] == [7, 9]
    assert "Beside the other lines you see what they make so far. 1 more line has one." in found.message
    assert [line.number for line in found.source if line.right and "sigmoid(z)" not in line.text][:5] == [2, 3, 4, 5, 6]
    assert [line.number for line in found.source if line.gap] == [7, 9]


def with_gap(function: str, old: str, new: str, gap: tuple[str, str]) -> Any:
    """The review of a solution with a bug in which something else is still to be written."""
    source = filled()[function]
    assert old in source, source
    assert gap[0] in source, source
    return written(source.replace(old, new).replace(*gap))


RETURN = ("return dW1, db1, dW2, db2", "return ...")
LAST = ("x.T @ delta1 / len(x)", "...")
ERROR_FIRST = "error = y - out2\n    delta2 = error * out2 * (1 - out2)"
# A function, what is wrong in it, what is still to be written, the line, what it is said to make, and what you do.
HALF_DONE = [
    (
        "backward",
        DELTA2,
        "(y - out2) * out2 * (1 - out2)",
        RETURN,
        4,
        "is the negative of ∂E/∂net₂",
        "You swap the sign",
    ),
    ("backward", f"delta2 = {DELTA2}", ERROR_FIRST, RETURN, 4, "is the negative of ∂E/∂out₂", "You swap the sign"),
    (
        "backward",
        DELTA2,
        "-(out2 - y) * out2 * (1 - out2) / len(x)",
        RETURN,
        4,
        "negative of ∂E/∂net₂",
        "You swap the sign",
    ),
    ("two_layers", DELTA1, f"-{DELTA1}", LAST, 7, "is the negative of ∂E/∂net₁", "You swap its sign"),
    ("two_layers", "delta2.mean(axis=0)", "-delta2.mean(axis=0)", LAST, 6, "is the negative of ∂E/∂b2", "swap"),
    ("two_layers", "delta1.mean(axis=0)", "-delta1.mean(axis=0)", LAST, 9, "is the negative of ∂E/∂b1", "swap"),
    ("backward", DELTA2, "out2 - y", RETURN, 4, "this is ∂E/∂out₂", "You leave out the slope of the output"),
    ("backward", DELTA2, "(out2 - y) * out2", RETURN, 4, "should be ∂E/∂net₂", "only one factor of the slope"),
    ("backward", DELTA2, f"2 * {DELTA2}", RETURN, 4, "is twice ∂E/∂net₂", "You double"),
    ("backward", DELTA1, f"2 * {DELTA1}", RETURN, 5, "is twice ∂E/∂net₁ of the hidden layer", ""),
    ("backward", DELTA1, "delta2", RETURN, 5, "is ∂E/∂net₂ of the output layer, and it should be ∂E/∂net₁", ""),
    ("backward", DELTA1, "out1 * (1 - out1)", RETURN, 5, "is ∂out₁/∂net₁ of the hidden layer, and it should be", ""),
    ("backward", DELTA1, "delta2 @ W2.T", RETURN, 5, "this is ∂E/∂out₁", "You leave out the slope of the hidden"),
    ("backward", DELTA1, "(out2 - y) @ W2.T * out1 * (1 - out1)", RETURN, 5, "should be ∂E/∂net₁", "the error back"),
    ("backward", "x.T @ delta1 / len(x)", "x.T @ delta1", RETURN, 6, "is n times ∂E/∂W1", "You take the sum"),
    ("two_layers", "delta1.mean(axis=0)", "delta1.sum(axis=0)", LAST, 9, "is n times ∂E/∂b1", "You take the sum"),
    ("two_layers", "delta1.mean(axis=0)", "delta1", LAST, 9, "this is ∂E/∂net₁", "a row of its own"),
    ("two_layers", "db1 = delta1", "db1 = delta2", LAST, 9, "this is ∂E/∂b2, and it should be ∂E/∂b1", ""),
    ("backward", "x.T @ delta1 / len(x)", "delta1.T @ x / len(x)", RETURN, 6, "dW1 has the shape (4, 3)", ""),
    (
        "backward",
        "x.T @ delta1 / len(x)",
        "x.T @ delta2 / len(x)",
        RETURN,
        6,
        "parameter (3, 4). You took `delta2`.",
        "",
    ),
    ("backward", "sigmoid(out1 @ W2 + b2)", "out1 @ W2 + b2", RETURN, 3, "this is net₂", "You pass on net"),
    (
        "backward",
        "sigmoid(out1 @ W2 + b2)",
        "sigmoid(out1 @ W2)",
        RETURN,
        3,
        "should be out₂",
        "You leave out the bias",
    ),
]


@pytest.mark.parametrize(("function", "old", "new", "gap", "line", "made", "you"), HALF_DONE)
def test_a_wrong_line_of_a_half_filled_function_is_told_at_once_and_has_no_tick(
    function: str, old: str, new: str, gap: tuple[str, str], line: int, made: str, you: str
) -> None:
    found = with_gap(function, old, new, gap)
    assert found.verdict == "error"
    assert found.message.startswith(f"Line {line}, `")
    assert made in found.message.partition(" still has a gap")[0]
    assert you in found.message.partition(" still has a gap")[0]
    made_of = signs(found)
    assert [number for number, (sign, _) in made_of.items() if sign == "✗"] == [line]
    assert made_of[line][1].startswith("should be ")
    assert [bug.line for bug in found.misconceptions] == [line] * bool(you)
    name = found.source[line - 1].text.split()[0].rstrip(",")
    later = [row for row in found.source[line:] if re.search(rf"\b{name}\b", row.text)]
    assert all(made_of[row.number][0] in "↳○…" for row in later)


def test_the_mistake_of_a_half_filled_function_has_its_name() -> None:
    wrong = with_gap("backward", DELTA2, "(y - out2) * out2 * (1 - out2)", RETURN)
    assert wrong.misconceptions[0].name == "swaps the sign of the error"
    assert "Compare it with line (6) of the derivation" in str(wrong)


def test_what_depends_on_a_wrong_line_and_what_depends_on_a_gap_have_signs_of_their_own() -> None:
    found = with_gap("two_layers", DELTA1, f"-{DELTA1}", LAST)
    made = signs(found)
    assert made[9] == ("↳", "depends on line 7")
    assert made[8] == ("…", "a gap")
    assert made[10] == ("○", "depends on a gap")
    assert [made[number][0] for number in (2, 3, 4, 5, 6)] == ["✓"] * 5
    legend = str(found).splitlines()[-1].split("   ")
    assert legend == [
        "✓ part of the derivation",
        "✗ wrong",
        "↳ depends on a wrong line",
        "○ depends on a gap",
        "… still to be written",
    ]
    for sign, words in (one.split(" ", 1) for one in legend[2:]):
        assert f'aria-label="{words}">{sign}</span>' in found._repr_html_()


def test_what_may_be_made_right_by_a_later_line_is_neither_ticked_nor_blamed() -> None:
    for error, delta in (("y - out2", "-error"), ("out2 - y", "error"), ("2 * (out2 - y)", "0.5 * error")):
        lines = f"error = {error}\n    delta2 = {delta} * out2 * (1 - out2)"
        found = with_gap("backward", f"delta2 = {DELTA2}", lines, RETURN)
        made = signs(found)
        assert "✗" not in {sign for sign, _ in made.values()}
        assert made[5] == ("✓", "∂E/∂net₂")
        assert made[4][0] == ("✓" if delta == "error" else "·")
        assert ("· not part of the derivation" in str(found)) == (made[4][0] == "·")
    twice = "delta2 = out2 - y\n    delta2 = delta2 * out2 * (1 - out2)"
    assert signs(with_gap("backward", f"delta2 = {DELTA2}", twice, RETURN))[4] == ("✓", "∂E/∂out₂")


def test_an_update_that_adds_the_negative_may_use_it() -> None:
    text = """\
def step(x, y, W1, b1, W2, b2, rate):
    out1 = sigmoid(x @ W1 + b1)
    out2 = sigmoid(out1 @ W2 + b2)
    delta2 = (y - out2) * out2 * (1 - out2)
    W2 = W2 + rate * out1.T @ delta2 / len(x)
    b2 = b2 - rate * delta2.mean(axis=0)
    return W1, ..."""
    found = written(f"{text}\n\n\n{filled()['step'].partition(chr(10) * 3)[2]}")
    made = signs(found)
    assert made[4] == ("·", "the negative of ∂E/∂net₂")
    assert made[5] == ("✓", "the new W2")
    assert made[6] == ("✗", "should be the new b2")
    assert "You add the slope instead of subtracting it" in found.message


STOPPED = [
    ("two_layers", DELTA1, DELTA1.replace(".T", ""), LAST, 7, "`delta2 @ W2` is (7, 2) @ (4, 2)"),
    ("backward", DELTA1, DELTA1.replace(".T", ""), RETURN, 5, "`delta2 @ W2` is (7, 2) @ (4, 2)"),
    ("two_layers", "out1.T @ delta2", "out1 @ delta2", (DELTA1, "..."), 5, "`out1 @ delta2` is (7, 4) @ (7, 2)"),
    ("two_layers", "db1 = delta1", "db1 = delta3", LAST, 9, "name 'delta3' is not defined"),
    (
        "two_layers",
        "dW2 = out1.T @ delta2",
        "dW2 = out1.T * delta2",
        (DELTA2, f"{DELTA2}\n    more = ..."),
        6,
        "`*` multiplies",
    ),
]


@pytest.mark.parametrize(("function", "old", "new", "gap", "line", "said"), STOPPED)
def test_a_line_that_cannot_run_is_told_while_a_gap_is_left_and_the_others_are_judged(
    function: str, old: str, new: str, gap: tuple[str, str], line: int, said: str
) -> None:
    found = with_gap(function, old, new, gap)
    assert found.message.startswith(f"Line {line}, `")
    assert said in found.message
    assert " still has a gap" in found.message
    made = signs(found)
    assert made[line] == ("✗", "stopped here")
    assert [number for number, (sign, _) in made.items() if sign == "✗"] == [line]
    for row in found.source[1:]:
        assert made[row.number][0], row.text  # a line that waits says what for


def test_lines_after_one_that_stops_are_judged_too() -> None:
    found = attempt("backward", DELTA1, DELTA1.replace(".T", ""))
    assert [sign for sign, _ in signs(found).values()][1:] == ["✓", "✓", "✓", "✗", "↳", "✓", "↳"]
    wrong = filled()["backward"].replace(DELTA2, "(y - out2) * out2 * (1 - out2)").replace("x.T @", "x @")
    said = written(wrong)
    assert said.message.startswith("Line 6, `dW1, db1 = x @ delta1 / len(x), delta1.mean(axis=0)`: your program stops")
    assert "Line 4, `delta2 = (y - out2) * out2 * (1 - out2)`: this is the negative of ∂E/∂net₂" in said.message
    assert signs(said)[4] == ("✗", "should be ∂E/∂net₂")


DEEP = """\
def backward(x, y, W1, b1, W2, b2, W3, b3):
    a1 = sigmoid(x @ W1 + b1)
    a2 = sigmoid(a1 @ W2 + b2)
    a3 = sigmoid(a2 @ W3 + b3)
    d3 = (a3 - y) * a3 * (1 - a3)
    d2 = d3 @ W3.T * a2 * (1 - a2)
    d1 = d2 @ W2.T * a1 * (1 - a1)
    dW1, dW2, dW3 = (one.T @ d / len(x) for one, d in zip([x, a1, a2], [d1, d2, d3]))
    return ..."""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("d3 @ W3.T * a2 * (1 - a2)", "d3 @ W3.T", 6, "this is ∂E/∂out₂ of hidden layer 2. You leave out the slope"),
        ("d3 @ W3.T", "-d3 @ W3.T", 6, "the negative of ∂E/∂net₂ of hidden layer 2"),
        ("(a3 - y)", "(y - a3)", 5, "the negative of ∂E/∂net₃ of the output layer. You swap"),
        ("d2 @ W2.T", "d2 @ W2", 7, "`d2 @ W2` is (7, 4) @ (5, 4)"),
        ("a1 @ W2 + b2", "a1 @ W2", 3, "should be out₂ of hidden layer 2. You leave out the bias"),
    ],
)
def test_two_hidden_layers_are_judged_line_by_line_too(old: str, new: str, line: int, said: str) -> None:
    tail = filled()["backward"].partition("\n\n\n")[2]
    assert "✗" not in str(written(f"{DEEP}\n\n\n{tail}"))
    found = written(f"{DEEP.replace(old, new)}\n\n\n{tail}")
    assert found.message.startswith(f"Line {line}, `")
    assert said in found.message
    assert [number for number, (sign, _) in signs(found).items() if sign == "✗"] == [line]


def test_what_a_return_computes_is_judged_at_its_line() -> None:
    direct = "return x.T @ delta1 / len(x), delta1.mean(axis=0), out1.T @ delta2 / len(x), delta2.mean(axis=0)"
    assert signs(attempt("two_layers", "return dW1, db1, dW2, db2", direct))[10] == (
        "✓",
        "∂E/∂W1, ∂E/∂b1, ∂E/∂W2, ∂E/∂b2",
    )
    first = next(row for row in rows(attempt("step", UPDATED, UPDATED)) if row.number == 3)
    assert (first.sign, first.quantity) == ("✓", "the new W1, the new b1, the new W2, the new b2")
    assert signs(attempt("two_layers", DELTA1, DELTA1))[10] == ("", "")
    wrong = signs(attempt("two_layers", "return dW1, db1, dW2, db2", direct.replace("delta1 / len(x)", "delta1")))
    assert wrong[10] == ("✗", "should be ∂E/∂W1")


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ("W1 + rate * dW1", "You add the slope instead of subtracting it"),
        ("W1 - dW1", "You forget to multiply by the learning rate"),
        ("rate * dW1", "You give the learning rate times the derivative"),
    ],
)
def test_a_wrong_update_of_a_half_filled_step_is_told(update: str, said: str) -> None:
    text = filled()["step"].replace(f"return {UPDATED}", f"W1 = {update}\n    b1 = ...\n    return W1")
    found = written(text, filled()["backward"])
    assert found.message.startswith(f"Line 3, `W1 = {update}`: this should be the new W1. {said}")
    right = written(text.replace(update, "W1 - rate * dW1"), filled()["backward"])
    assert "✗" not in {row.sign for row in rows(right)}


def test_an_update_is_judged_by_the_derivatives_that_it_has() -> None:
    backward = filled()["backward"].replace(DELTA2, "out2 - y")
    found = written(filled()["step"].replace("W1 - rate", "W1 + rate"), backward)
    assert found.message.startswith("Line 4 of `backward`, `delta2 = out2 - y`: ")
    assert "this should be the new W1. You add the slope instead of subtracting it" in found.message
    assert found.message.endswith("Correct line 4 first, and I can judge the rest.")
    table = [row for row in rows(found) if row.sign in ("✗", "↳")]
    assert [(row.number, row.sign, row.quantity) for row in table][:3] == [
        (2, "↳", "depends on line 4 of backward"),
        (3, "✗", "should be the new W1"),
        (4, "✗", "should be ∂E/∂net₂"),
    ]


def test_dots_that_are_part_of_an_index_are_no_gap() -> None:
    found = written(filled()["one_layer"].replace("delta1.mean(axis=0)", "delta1[..., :].mean(axis=0)"))
    assert found.verdict == "correct"


def test_the_gaps_of_functions_that_are_called_come_first() -> None:
    notebook = opened()
    backward = next(cell.source for cell in notebook.cells if cell.source.startswith("def backward"))
    found = written(filled()["step"], backward)
    assert found.message.startswith("Line 5 of `backward` still has a gap")
    assert "Your function calls `backward`, so fill that one first." in found.message


def test_it_is_the_twelfth_lesson() -> None:
    assert lessons(NOTEBOOK.parent)[12].stem == NOTEBOOK.stem
