"""Numbers on a page do not contradict each other: no sigmoid "= 1", no "1 · (1 - 1) = 3.4e-09"."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest

import bpkit as bp
from bpkit.core.agreement import near_one
from bpkit.show.lines_table import lines_html

ARTICLE = bp.examples.article.problem
NETS = (1, 3, 7.5, 8.5, 11.5, 14, 17, 19.5, 25, 29.5, 33, 35.5, 36.5, 37.5, 40.5, 80, 340)


def computed(side: str) -> Fraction:
    """What ``0.92 · (1 - 0.92)`` comes to, without any rounding."""
    python = re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", r"Fraction('\g<0>')", side.replace("²", "**N").replace("·", "*"))
    return Fraction(eval(python.replace("N", "2"), {"Fraction": Fraction}))


def sides(problem: bp.Problem, name: str) -> list[str]:
    line = str(bp.derive(problem.network).at(problem).pick([name])).split("   ")[0]
    return line.split(" = ")


def one_neuron(
    net: float, activation: str = "sigmoid", target: float = 0.2, loss: str = "half_squared_error"
) -> bp.Problem:
    return bp.Problem(bp.Network(1, 1, activation=activation, bias="none", loss=loss), {"w1": net}, [1.0], [target])


@pytest.mark.parametrize("net", [sign * net for net in NETS for sign in (1, -1)])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_an_output_below_1_is_never_1_and_its_slope_agrees_with_the_digits_shown(net: float, activation: str) -> None:
    problem = one_neuron(net, activation)
    out, shown = sides(problem, "out_o1")[-1], sides(problem, "dout_o1/dnet_o1")
    size = abs(math.tanh(net)) if activation == "tanh" else 1 / (1 + math.exp(-net))
    apart = 2 / (math.exp(2 * abs(net)) + 1) if activation == "tanh" else 1 / (1 + math.exp(net))
    assert abs(computed(out)) < 1
    if "e-" in out and size > 0.9:
        assert float(1 - abs(computed(out))) == pytest.approx(apart, rel=1e-5)
    slope = float(computed(shown[-1]))
    assert slope == pytest.approx(float(bp.evaluate(problem)["dout_o1/dnet_o1"]), rel=1e-5)
    if len(shown) == 4:  # name, symbols, numbers, result
        assert float(computed(shown[2])) == pytest.approx(slope, rel=2e-4)
    else:
        assert size > 1 - 1e-11, shown  # only where no float has the digits


@pytest.mark.parametrize("net", [sign * net for net in NETS for sign in (1, -1)])
def test_the_neuron_app_says_so_too(net: float) -> None:
    app = bp.apps.neuron(one_neuron(1.0))
    app.w1.value = net
    words = app.words(app.state)
    assert not re.search(r"out_o1 = [^;]*= 1;", words)
    assert "1 · (1 - 1)" not in words


@pytest.mark.parametrize("loss", ["half_squared_error", "binary_cross_entropy"])
@pytest.mark.parametrize("target", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("net", [sign * net for net in NETS[:10] for sign in (1, -1)])
def test_every_difference_of_a_derivation_agrees_with_its_result(loss: str, target: float, net: float) -> None:
    problem = one_neuron(net, target=target, loss=loss)
    derivation = bp.derive(problem.network).at(problem)
    for line in str(derivation).splitlines():
        found = re.match(r"^ *\(\d+\) +(\S+) = (.*?) {3,}\S", line)
        assert found
        parts = found[2].split(" = ")
        if len(parts) < 3 or re.search("exp|ln", parts[-2]) or not re.fullmatch(r"[-\d.e+·()½² /]+", parts[-2]):
            continue
        numbers = computed(parts[-2].replace("½", "0.5"))
        assert float(numbers) == pytest.approx(float(computed(parts[-1])), rel=2e-4, abs=1e-300), line


def test_outputs_that_are_1_are_still_1() -> None:
    """A linear neuron at 1, a ReLU at 1, a target of 1."""
    for activation in ("identity", "relu"):
        assert sides(one_neuron(1.0, activation), "out_o1")[-1] == "1"
    assert near_one(1.0) == "1"
    assert near_one(-1.0) == "-1"
    assert near_one(0.5) == "0.5"
    assert near_one(0.2 + 0.2 - 1.4) == "-1"  # the float beside it
    assert near_one(1 - 4e-16) == "1 - 4e-16"


def test_the_picture_and_the_table_do_not_say_1_either() -> None:
    problem = ARTICLE.replace(b1=20)
    assert "out_h1 = 1 - 1.95085e-09" in problem.diagram().caption
    assert ">out 1 − 1.95085·10⁻⁹<" in problem.diagram().figure
    assert re.search(r"out_h1 +1 - 8.9e-14\n", repr(bp.evaluate(ARTICLE.replace(b1=30))))
    assert "out_h1 ≈ 1;" in ARTICLE.replace(b1=50).diagram().caption
    assert ">out ≈ 1<" in ARTICLE.replace(b1=50).diagram().figure


def test_lines_without_cancellation_are_as_short_as_before() -> None:
    derivation = bp.derive(ARTICLE.network).at(ARTICLE)
    assert "0.69945 · (1 - 0.69945)" in str(derivation)
    assert max(len(digits) for digits in re.findall(r"\d\.(\d+)", str(derivation))) <= 11
    assert "0.05 − 0.69945" in re.sub("<[^>]+>", "", lines_html(derivation, derivation.numbers))


def test_a_step_of_adam_that_leaves_hardly_anything_is_shown_in_digits_that_lead_there() -> None:
    problem = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, [1], [0], update=bp.updates.Adam(weight_decay=0.01))
    *_, filled, result = str(bp.derive(problem).at(problem).pick(["w1_new"])).split("   ")[0].split(" = ")
    start, rate, mean, square = map(float, re.fullmatch(r"(\S+) - (\S+) · (\S+) / \(√(\S+) .*", filled).groups())  # type: ignore[union-attr]
    assert start - rate * mean / (math.sqrt(square) + 1e-8) == pytest.approx(float(result), rel=2e-4)
    assert 0 < float(result) < 1e-7
