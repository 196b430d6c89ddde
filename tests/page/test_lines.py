"""The lines of a page say what the kernel's table says: the same numbers put in, the same results, at any net input."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from module_engine import engine
from oracle import Case
from rows import DECAYING
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core.agreement import near_one
from bpkit.core.spelling import bracketed, expr_text
from bpkit.show.lines_table import line_rows, lines_html, template

ARTICLE = bp.examples.article.problem
NETS = (1.0, 7.5, 11.5, 14.0, 17.0, 19.5, 25.0, 33.0, 35.5, 36.5, 37.5, 40.0, 340.0, 709.9, 1000.0, 1e6)
z = sp.Symbol("z")


def in_page(rows: list[dict[str, Any]], numbers: Mapping[str, float], digits: int = 6) -> list[tuple[str, str]]:
    given = f"{json.dumps(rows)}.map((row) => lineTexts(row, {json.dumps(dict(numbers))}, {digits}))"
    return [(texts["filled"], texts["result"]) for texts in json.loads(engine().eval(f"JSON.stringify({given})"))]


def in_kernel(steps: Any, numbers: Mapping[str, float], digits: int = 6) -> list[tuple[str, str]]:
    rows = re.findall(r"<td>(?:= )?([^<]*)</td><td>= <b>([^<]*)</b>", lines_html(steps, numbers, digits))
    return [(unescape(filled), unescape(result)) for filled, result in rows]


def agree(problem: bp.Problem, *many: int) -> list[tuple[str, str]]:
    derivation = bp.derive(problem).at(problem)
    numbers, rows = derivation.numbers, line_rows(derivation)
    for digits in many or (6,):
        expected = in_kernel(derivation, numbers, digits)
        assert len(expected) == len(rows)
        found = in_page(rows, numbers, digits)
        for row, one, other in zip(rows, found, expected, strict=True):
            if 0 < abs(numbers[row["name"]]) < sys.float_info.min:  # its own digits are rounded: the page is content
                one, other = one[1:], other[1:]
            assert one == other, (row, {name: numbers[name] for name in row["names"]})
    return found


def one_neuron(net: float, activation: Any = "sigmoid", target: float = 0.2, loss: str = "half_squared_error") -> Any:
    return bp.Problem(bp.Network(1, 1, activation=activation, bias="none", loss=loss), {"w1": net}, [1.0], [target])


def test_the_article_s_lines() -> None:
    assert len(agree(ARTICLE, 3, 4, 9, 17)) == 67
    found = agree(ARTICLE)
    assert found[6] == ("1 / (1 + exp(−0.844681))", "0.69945")


@given(cases(st.just(0)))
@examples(20, 200)
def test_the_lines_of_any_network(case: Case) -> None:
    agree(case.problem(), 6)


@given(cases(st.just(0), spread=40.0), st.sampled_from((2, 6, 12)))
@examples(20, 200)
def test_the_lines_of_saturated_networks(case: Case, digits: int) -> None:
    agree(case.problem(), digits)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("net", [sign * net for net in NETS for sign in (1, -1)])
def test_outputs_near_1_at_any_net_input(net: float, activation: str) -> None:
    agree(one_neuron(net, activation), 4, 6, 12)
    agree(one_neuron(net, activation, target=1.0), 6)


@pytest.mark.parametrize("net", [sign * net for net in NETS[:10] for sign in (1, -1)])
def test_losses_with_logarithms(net: float) -> None:
    for target in (0.0, 0.7, 1.0):
        agree(one_neuron(net, target=target, loss="binary_cross_entropy"), 6)


@pytest.mark.parametrize("bias", [20, 30, 36.5, 40, -1000])
def test_a_network_beyond_its_floats(bias: float) -> None:
    agree(ARTICLE.replace(b1=bias), 3, 6, 9)
    agree(ARTICLE.replace(b2=bias), 6)


def test_what_they_show() -> None:
    (_, (_, result), *_), slopes = agree(one_neuron(19.5)), agree(one_neuron(-1000.0))
    assert result == "1 − 3.39827·10⁻⁹"
    assert slopes[1][1] == "0"
    assert agree(one_neuron(1000.0))[1][1] == "1 − 5.07596·10⁻⁴³⁵"
    assert ("(1 − 3.39827·10⁻⁹) · (1 − (1 − 3.39827·10⁻⁹))", "3.39827·10⁻⁹") in agree(one_neuron(19.5))


@pytest.mark.parametrize("rule", DECAYING.values(), ids=repr)
def test_the_lines_of_other_updates(rule: Any) -> None:
    agree(bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, [1], [0], update=rule), 6, 12)


def test_functions_of_one_s_own() -> None:
    for own in (z / (1 + sp.exp(-z)), z * sp.tanh(sp.log(1 + sp.exp(z))), sp.exp(-(z**2)), sp.sqrt(1 + z**2)):
        activation = bp.Activation("own", own)
        for net in (-3.0, -1e-4, 0.5, 1.2784645, 30.0):
            agree(one_neuron(net, activation), 6)


@given(cases())
@examples(20, 200)
def test_holes_have_the_brackets_of_any_number(case: Case) -> None:
    """Each number is drawn from its own kind, so that a bracket is seen to be its own and not its neighbour's."""
    kinds = (-0.5, 0.5, 1e-9, -1e-9, 1 - 1e-9, 2e20, -1 + 1e-9, 0.0)
    for place, step in enumerate(bp.derive(case.problem())):
        names = sorted(name.name for name in step.shown.free_symbols)
        if step.shown.is_Atom:
            continue
        for turn in range(4):
            numbers = {name: kinds[(place + turn + k * (turn + 1)) % len(kinds)] for k, name in enumerate(names)}
            words = {name: bracketed(near_one(number)) for name, number in numbers.items()}
            call = f"fill({json.dumps(template(step.shown))}, {json.dumps(numbers)})"
            assert engine().eval(call) == expr_text(step.shown, words)
