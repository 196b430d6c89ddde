"""What results of models show of themselves: tables, curves, lines and paths, in text, HTML and LaTeX."""

from __future__ import annotations

import re

import pytest
from stacks import STACKS, drawn

import bpkit as bp


@pytest.mark.parametrize("count", [0, 3])
@pytest.mark.parametrize("name", STACKS)
def test_values_checks_and_runs_show_themselves(name: str, count: int) -> None:
    problem = drawn(STACKS[name], 2, count, spread=0.4, learning_rate=0.01)
    values, check = bp.evaluate(problem), bp.check_gradient(problem)
    last = problem.network.parameters[-1]
    for text in (repr(values), values._repr_html_()):
        assert {f"dE_total/d{last}", "E_total"} <= set(re.findall(r"[\w/]+", text))
    assert check.passed
    for text in (repr(check), check._repr_html_()):
        assert last in text
    trace = bp.train(problem, 5)
    caption = trace.plot().caption
    assert f"{trace.loss[0]:.6g} after 0" in caption
    assert f"{trace.loss[-1]:.6g} after 5" in caption


@pytest.mark.parametrize("name", STACKS)
def test_lines_and_paths_are_typeset(name: str) -> None:
    problem = drawn(STACKS[name], 2, spread=0.4)
    lines = bp.derive(problem.network).at(problem)
    latex = lines._repr_latex_()
    outside = re.sub(r"\\text(?:rm)?\{(?:[^{}]|\\[{}])*\}", "", latex)  # words may name quantities as code does
    assert not re.findall(r"\\_", outside)
    assert latex.count(r"\text{(") == len(lines)
    parameter = problem.network.parameters[-1]
    paths = bp.derive(problem.network).paths(parameter).at(problem)
    value = bp.evaluate(problem)[f"dE_total/d{parameter}"]
    assert paths.total == pytest.approx(value, rel=1e-9, abs=1e-14)
    assert repr(paths).count(f"{parameter} → ") == len(paths)
    assert paths._repr_latex_().count(r" && ") == len(paths)
