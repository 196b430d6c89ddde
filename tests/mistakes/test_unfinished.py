"""Programs that are still being written: which of their lines run, and that a right line is never blamed."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from learners import arrays, slips, varied
from learners.program import Program
from thorough import THOROUGH

from bpkit.mistakes.programs.flow import depending, upstream, waiting, without
from bpkit.mistakes.programs.source import gaps_in
from bpkit.show.review_display import rows


def written(text: str, name: str) -> Any:
    return Program("", "", "", text).loaded()[name]


def cut_short(program: Program) -> Program | None:
    """A program of which the last return is still to be written."""
    functions = [one for one in ast.walk(ast.parse(program.source)) if isinstance(one, ast.FunctionDef)]
    own = next((one for one in functions if one.name == program.entry.rpartition(".")[2]), None)
    last = own.body[-1] if own else None
    if not isinstance(last, ast.Return):
        return None
    lines = program.source.split("\n")[: last.lineno - 1]
    after = program.source.split("\n")[last.end_lineno or last.lineno :]
    return replace(program, source="\n".join([*lines, f"{' ' * last.col_offset}return ...", *after]))


RIGHT = [
    short
    for one in (*arrays.programs(), *slips.programs(), *varied.programs())
    if one.verdict == "correct" and (short := cut_short(one)) is not None
]


def test_no_line_of_a_right_program_is_blamed_while_it_is_written() -> None:
    in_loops = [one for one in RIGHT if one.id == "loops-each-sigmoid-sigmoid-half-right"]
    assert in_loops
    for program in RIGHT if THOROUGH else [*in_loops, *RIGHT[::40]]:
        found = program.reviewed()
        assert found.gaps
        assert [row.text for row in rows(found) if row.sign == "✗"] == [], program.id
        assert not found.misconceptions, program.id


FLOW = """\
import numpy as np

def helper(x):
    return ...

def f(x, y, W):
    a = x @ W
    b = ...
    c = a + 1
    d = b * 2
    grads = {}
    grads["W"] = d
    grads["x"] = c
    b = c
    e = b + 1
    for row in a:
        total = e
        if d:
            total = c
    g = helper(a)
    h = grads["x"]
    return grads
"""


def test_what_depends_on_a_line() -> None:
    f = written(FLOW, "f")
    assert [*depending(f.__code__, [8])] == [8, 10, 12, 18, 19, 22]  # line 14 sets the name anew
    assert upstream(f.__code__, 15) == {7, 9, 14}
    assert depending(f.__code__, [], ["helper"]) == {20: {"helper"}}


def test_a_program_runs_without_the_lines_that_depend_on_a_gap() -> None:
    f = written(FLOW, "f")
    gaps = gaps_in(f)
    assert [(gap.function, gap.line) for gap in gaps] == [("helper", 4), ("f", 8)]
    waits = waiting(f, gaps)
    assert [sorted(lines) for lines in waits.values()] == [[8, 10, 12, 18, 19, 20, 22], [4]]
    assert without(f, waits)(np.ones((3, 2)), None, np.ones((2, 2))) is None
    assert without(f, waits).__globals__ is not f.__globals__


@pytest.mark.parametrize("make", ["lambda inner: inner", "functools.partial"])
def test_what_is_no_plain_function_runs_as_it_is_or_as_it_was_wrapped(make: str) -> None:
    text = f"import functools\n\ndef f(x, W):\n    a = x + W\n    b = a * ...\n    return b\n\ng = ({make})(f)\n"
    g = written(text, "g")
    assert without(g, waiting(g, gaps_in(g)))(1, 2) is None


def test_a_program_without_a_text_that_stops_is_told_once() -> None:
    found = Program("", "", "", "f = lambda x, y, W1, b1: x @ W1.T @ W1.T", entry="f").reviewed()
    assert found.verdict == "error"
    assert "your program stop" in found.message
