"""Wrong numbers that people really post, and the same kinds on networks drawn at random."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import sympy as sp
from public_cases import ARTICLE, LINEAR, MAZUR, XOR, N, P
from thorough import THOROUGH
from wrong_programs import Numbers, random_numbers, run

import bpkit as bp
from bpkit.core.numeric import loss_over
from bpkit.mistakes.evidence import crowding
from bpkit.mistakes.misconceptions import catalogue
from bpkit.mistakes.question import question
from bpkit.mistakes.typed_number import read
from bpkit.mistakes.variants import value_in, wrong_values

UNTAUGHT = P(
    N(1, 2, 1, activation=["relu", "identity"], loss="squared_error", bias="neuron"),
    {"w1": 0.5, "w2": -0.4, "w3": 0.3, "w4": 0.8, "b_h1": 0, "b_h2": 0, "b_o1": 0},
    [1.2],
    [0.7],
)  # h2 is dead, so other derivatives are 0 as well
RIGHT = ("correct", "rounded", "few_digits")


def names(found: bp.mistakes.verdict.Diagnosis) -> list[str]:
    return [one.name for one in found.misconceptions]


def typed(value: float, digits: int) -> str:
    """A number to so many significant digits, as people write it, with the zeros at its end."""
    return f"{value:#.{digits}g}".removesuffix(".")


@cache
def drawn(count: int = 6, seed: int = 31) -> tuple[Numbers, ...]:
    rng = np.random.default_rng(seed)
    return tuple(random_numbers(rng) for _ in range(3 * count if THOROUGH else count))


def asked(n: Numbers) -> list[str]:
    last = sum(a * b for a, b in zip(n.sizes, n.sizes[1:]))
    return ["net_o1", "out_o1", "E_total", "dE_total/dw1", f"dE_total/dw{last}", "w1_new", f"w{last}_new"]


def test_numbers_of_the_kinds_that_were_met() -> None:
    """Numbers beside those of ``public_cases``."""
    assert bp.diagnose(LINEAR, "dE/dw1", "0.88").verdict == "correct"
    found = bp.diagnose(UNTAUGHT, "dE/db_o1", "0")
    assert (found.verdict, names(found)[:1]) == ("misconception", ["takes the parameter for its own factor"])


def test_a_message_names_two_mistakes_at_most_and_no_line_where_there_is_one() -> None:
    found = bp.diagnose(ARTICLE.replace(x1=0.5), "net_h1", "0.58")
    assert len(found.misconceptions) > 1
    assert found.message.count("if you") == 2
    assert "line 1" not in found.message


def test_what_is_said_of_them() -> None:
    said = {
        ("w5_new", "0.35"): "Not right: 0.35 is the old w₅, from before the update. Look at line (62): new w₅ =",
        ("net_h1", "0.055"): "Not right: you get 0.055 if you leave out the bias; the net input",
        ("net_h1", "0.5"): "Too few digits to tell. Type at least 3 digits.",
        ("dE/dw5", "0.08514094"): "Right, up to the nudge: this is the one-sided difference quotient with h = 0.001.",
        ("dE/dw5", "0.405"): "Not right, and from three digits I can only guess: you get 0.405 if you",
    }
    for (quantity, number), start in said.items():
        message = bp.diagnose(ARTICLE, quantity, number).message
        assert message.startswith(start)
        assert ("more digit" in message or "at least" in message) == (number in ("0.5", "0.405"))
    assert "old w₁. Type more digits" in bp.diagnose(MAZUR, "w1_new", "0.15").message
    assert "right where the update adds it" in bp.diagnose(XOR, "dE/dnet_o1", "0.148").message


# Too few digits


def test_digits_that_leave_several_per_cent_open_are_too_few_and_three_are_enough() -> None:
    for n in drawn():
        problem, exact = n.problem(), run(n)
        for quantity in asked(n)[:5]:
            for digits in (1, 2, 3, 5):
                text = typed(exact[quantity], digits)
                unit = 10.0 ** -len(text.partition(".")[2]) if "e" not in text else None
                found = bp.diagnose(problem, quantity, text)
                if abs(float(text) - exact[quantity]) < 1e-12:
                    assert found.verdict == "correct"  # it has no more digits
                elif digits >= 3:
                    assert found.verdict == "correct", (found, text)
                elif unit and unit / 2 > 0.025 * abs(exact[quantity]):
                    assert found.verdict == "few_digits", (found, text)
                elif unit and unit / 2 < 0.015 * abs(exact[quantity]):
                    assert found.verdict == "correct", (found, text)


def test_of_a_new_value_the_digits_have_to_show_the_change() -> None:
    one = P(N(1, 1, activation="identity", bias="none"), {"w1": 3.0}, [1.0], [2.82999], 1.0).replace(learning_rate=0.1)
    assert bp.evaluate(one)["w1_new"] == pytest.approx(2.982999)
    verdicts = {text: bp.diagnose(one, "w1_new", text).verdict for text in ("3", "3.0", "2.98", "2.983", "2.983000")}
    assert verdicts == {
        "3": "few_digits",
        "3.0": "few_digits",
        "2.98": "few_digits",
        "2.983": "correct",
        "2.983000": "rounded",
    }
    for n in drawn():
        problem, exact = n.problem(), run(n)
        for quantity in asked(n)[5:]:
            change = abs(exact[quantity] - problem.parameters[quantity.removesuffix("_new")])
            if change > 1e-9:
                coarse, fine = (max(int(np.ceil(-np.log10(change))) + more, 0) for more in (-1, 2))
                found = bp.diagnose(problem, quantity, f"{exact[quantity]:.{coarse}f}")
                assert found.verdict in ("few_digits", "unknown", "misconception"), found
                assert bp.diagnose(problem, quantity, f"{exact[quantity]:.{fine}f}").verdict == "correct"


@pytest.mark.parametrize("number", ["0.5", "0.50", "1/2", "5e-1", "0,5", ".5", "5·10^-1", "0.25 + 0.25"])
def test_one_verdict_whatever_the_spelling(number: str) -> None:
    """And a number that has no more digits is right, or named, at once."""
    if number != "0.50":  # 0.505 is neither
        assert bp.diagnose(ARTICLE, "net_h1", number).verdict == "few_digits"
    half = P(N(1, 1, activation="identity", bias="none"), {"w1": 0.5}, [1], [2])
    assert bp.diagnose(half, "net_o1", number).verdict == "correct"


# The old value


def test_the_old_value_is_never_right_for_the_new_one() -> None:
    named = []
    for n in drawn():
        problem, exact = n.problem(), run(n)
        before = exact["E_total"]
        olds = {q: problem.parameters[q.removesuffix("_new")] for q in asked(n)[5:]} | {
            "E_total after 1 update": before
        }
        for quantity, old in olds.items():
            if abs(old - exact[quantity]) < 1e-8:
                continue
            for digits in (3, 5, 9):
                text = typed(old, digits)
                found = bp.diagnose(problem, quantity, text)
                assert found.verdict in ("misconception", "few_digits"), (found, exact[quantity])
                assert names(found)[:1] == ["keeps the old value"]
                assert found.verdict == "misconception" or not found.sure
                named.append(found.sure)
    assert sum(named) > 20


def test_where_nothing_changes_the_old_value_is_right() -> None:
    dead = P(N(1, 1, activation="relu"), {"w1": -1.0, "b1": -1.0}, [1], [1])
    assert bp.diagnose(dead, "w1_new", "-1").verdict == "correct"
    assert bp.diagnose(dead, "w1_new", "-1.0000").verdict == "correct"
    kept = ARTICLE
    assert not kept.train_biases
    assert bp.diagnose(kept, "b1_new", str(kept.parameters["b1"])).verdict == "correct"


# Two mistakes that coincide


def test_mistakes_that_give_one_number_are_all_named_and_none_is_sure() -> None:
    met = 0
    problems = [n.problem().replace(learning_rate=rate) for n in drawn(4, 8) for rate in (2.0, 0.5)]
    for problem in problems:
        for quantity in ("E_total", "dE_total/dw1", "w1_new", "E_total after 1 update"):
            by_number = defaultdict(set)
            for mistake, number in wrong_values(problem, quantity).items():
                if abs(number) > 1e-6:
                    by_number[typed(number, 9)].add(mistake.name)
            for text, expected in by_number.items():
                if len(expected) > 1:
                    found = bp.diagnose(problem, quantity, text)
                    if found.verdict == "misconception":
                        assert expected <= set(names(found)), (found, expected)
                        assert not found.sure
                        for one in found.misconceptions:
                            assert f"Line ({one.step.number}) should be" in repr(found)
                            assert f"Line ({one.step.number}) should be" in found._repr_html_()
                        met += 1
    assert met > 30


def test_a_half_going_forward_and_one_in_the_gradient_are_two_mistakes() -> None:
    for n in drawn(8, 4):
        problem = n.problem()
        for quantity in ("E_o1", "E_total"):
            known = {mistake.name for mistake in wrong_values(problem, quantity)}
            assert not any("gradient" in name for name in known if "adds" not in name)
            assert known & {"forgets the ½", "doubles the loss"}
            assert "halves the loss" in known
        assert {"doubles the gradient", "halves the gradient"} <= {m.name for m in wrong_values(problem, "dE/dw1")}


# The difference quotient


QUOTIENTS = {
    "divides the difference by h instead of twice h": lambda up, down, here, h: (up - down) / h,
    "does not divide the difference by h": lambda up, down, here, h: up - down,
    "takes a one-sided difference quotient": lambda up, down, here, h: (up - here) / h,
    "divides a one-sided difference by twice h": lambda up, down, here, h: (here - down) / (2 * h),
}


def nudged(n: Numbers, weight: str, h: float) -> tuple[float, float, float]:
    """The loss with a weight nudged up, down, and as it is; by the plain program."""
    k = int(weight[1:]) - 1
    for w in n.W:
        if k < w.size:
            break
        k -= w.size
    old, losses = w.flat[k], []
    for off in (h, -h, 0.0):
        w.flat[k] = old + off
        losses.append(run(n)["E_total"])
    w.flat[k] = old
    return losses[0], losses[1], losses[2]


@pytest.mark.parametrize("h", [0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6])
def test_slips_of_the_difference_quotient_are_named_and_the_central_one_is_not_blamed(h: float) -> None:
    good = []
    for n in drawn():
        for quantity in asked(n)[3:5]:
            losses = nudged(n, quantity.removeprefix("dE_total/d"), h)
            exact = run(n)[quantity]
            if abs(exact) < 1e-4:
                continue
            for name, quotient in QUOTIENTS.items():
                text = typed(quotient(*losses, h), 7)
                found = bp.diagnose(n.problem(), quantity, text)
                if found.verdict == "correct" or found.figure.cuts(exact):
                    assert name == "takes a one-sided difference quotient"
                    continue
                good.append(name in names(found)[:4])
                if found.verdict == "rounded":
                    assert name == "takes a one-sided difference quotient"
                    assert "difference quotient" in found.message
            central = bp.diagnose(n.problem(), quantity, typed((losses[0] - losses[1]) / (2 * h), 7))
            assert central.verdict in ("correct", "rounded"), central
            assert "decimals" not in central.message
    assert np.mean(good) >= 0.95


def test_only_derivatives_with_respect_to_parameters_are_nudged() -> None:
    up, down = (float(loss_over(ARTICLE, w5=0.35 + off)) for off in (1e-3, -1e-3))
    assert bp.diagnose(ARTICLE, "dE/dout_h1", f"{(up - down) / 1e-3:.7f}").verdict == "unknown"
    after = ARTICLE.updated(2)
    up, down = (float(loss_over(after, w5=after.parameters["w5"] + off)) for off in (1e-3, -1e-3))
    found = bp.diagnose(ARTICLE, "dE/dw5 after 2 updates", f"{up - down:.10f}")
    assert names(found) == ["does not divide the difference by h"]


# Six digits on the way


def six_digits(steps: Iterator, givens: dict[str, float], quantity: str) -> float:
    """Line by line, each with the numbers before it as a page shows them; the last as a calculator gives it."""
    shown = {sp.Symbol(name): sp.Float(value) for name, value in givens.items()}
    for step in steps:
        exact = step.rhs.xreplace(shown)
        if step.name == quantity or not exact.is_real:  # the logarithm of an output below 0
            return float(exact) if exact.is_real else math.nan
        shown[step.lhs] = sp.Float(float(f"{float(exact):.6g}"))
    raise AssertionError(quantity)


COMMON = ("adds the gradient", "forgets the output slope", "forgets the hidden slope", "leaves the bias out",
          "doubles the gradient", "halves the gradient", "swaps the targets", "leaves out the input factor",
          "forgets the learning rate", "transposes the weights forward", "passes on net instead of out")  # fmt: skip


@pytest.mark.parametrize("digits", [7, 8, 10])
def test_a_mistake_made_with_six_digits_on_the_way_keeps_its_name(digits: int) -> None:
    good = []
    for n in drawn(3, 77):
        problem = n.problem()
        derivation, givens = problem.derivation, {**problem.givens, "n_samples": 1.0}
        for quantity in asked(n)[3:]:
            exact = bp.diagnose(problem, quantity, typed(six_digits(iter(derivation), givens, quantity), digits))
            assert exact.verdict in RIGHT, exact
            for mistake in catalogue(problem.network):
                if mistake.name in COMMON and mistake.detail == "":
                    value = six_digits(iter(mistake.applied(derivation)), givens, quantity)
                    wrong = value_in(question(problem, quantity), (mistake,))
                    least = 1e-3 * abs(exact.exact - problem.parameters.get("w1", 0.0))
                    if math.isfinite(value) and abs(wrong - exact.exact) > least:
                        found = bp.diagnose(problem, quantity, typed(value, digits))
                        assert not (found.sure and names(found) and mistake.name not in names(found)), found
                        good.append(mistake.name in names(found))
    assert len(good) > 30
    assert np.mean(good) >= 0.95


# Rounding


def on_paper(problem: P, quantity: str, places: int, rng: np.random.Generator, share: float) -> float:
    """Line by line, some of them rounded to so many decimals; the last one is not."""
    shown = {sp.Symbol(name): sp.Float(value) for name, value in problem.givens.items()}
    for step in bp.derive(problem.network).toward(quantity):
        exact = float(step.rhs.xreplace(shown))
        if step.name == quantity:
            return exact
        shown[step.lhs] = sp.Float(round(exact, places) if rng.random() < share else exact)
    raise AssertionError(quantity)


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_right_numbers_rounded_on_the_way_are_not_blamed(share: float) -> None:
    rng = np.random.default_rng(12)
    verdicts = []
    for n in drawn(4, 5):
        problem = n.problem()
        for quantity in asked(n):
            for places in (4, 5, 6):
                value = on_paper(problem, quantity, places, rng, share)
                for digits in (3, 4, 5, 6, 8, 10):
                    found = bp.diagnose(problem, quantity, typed(value, digits))
                    if abs(found.exact) > 100 * 10.0**-places:
                        verdicts.append(found.verdict)
    assert len(verdicts) > 300
    assert verdicts.count("misconception") <= 0.01 * len(verdicts)
    assert verdicts.count("unknown") <= (0.02 if share == 1.0 else 0.05) * len(verdicts)


def test_a_neighbours_value_that_is_near_is_not_called_rounded() -> None:
    """The slope of a neuron elsewhere, a bias of another layer..: mistakes that are often a per cent off."""
    verdicts = []
    for n in drawn(6, 9):
        problem = n.problem()
        derivation, givens = bp.derive(problem.network), problem.givens
        slopes = [derivation[f"dout_{neuron}/dnet_{neuron}"] for row in problem.network.layers[1:] for neuron in row]
        for quantity in asked(n)[3:5]:
            exact = run(n)[quantity]
            for one in slopes:
                for other in slopes:
                    numbers = {sp.Symbol(name): sp.Float(value) for name, value in givens.items()}
                    for step in derivation:
                        rhs = other.rhs if step.name == one.name else step.rhs
                        if rhs.free_symbols <= set(numbers):
                            numbers[step.lhs] = sp.Float(float(rhs.xreplace(numbers)))
                    value = float(numbers[sp.Symbol(quantity)])
                    if 2e-3 < abs(value / exact - 1) < 0.03:
                        verdicts += [bp.diagnose(problem, quantity, typed(value, d)).verdict for d in (5, 6, 8)]
    assert len(verdicts) > 20
    assert verdicts.count("rounded") <= 0.1 * len(verdicts)
    assert "correct" not in verdicts


def test_each_output_against_each_target_is_not_called_rounded() -> None:
    """A batch whose (n,) and (n, 1) make a table of n times n."""
    rng = np.random.default_rng(2)
    for _ in range(8):
        network = N(2, 3, 1)
        parameters = {name: float(rng.uniform(-1, 1)) for name in network.parameters}
        batch = P(network, parameters, rng.uniform(0, 1, (5, 2)), rng.uniform(0.1, 0.9, (5, 1)))
        outs = bp.evaluate(batch)["out_o1"]
        value = float(np.mean(0.5 * (batch.targets - outs) ** 2))
        if abs(value / bp.evaluate(batch)["E_total"] - 1) > 3e-3:
            for digits in (4, 6, 8):
                assert bp.diagnose(batch, "E_total", typed(value, digits)).verdict not in RIGHT


# A digit lost


def test_a_right_number_with_a_digit_lost_on_the_way_is_nearly_right() -> None:
    for lost in range(4, 11):
        text = "0.0851429384"
        found = bp.diagnose(ARTICLE, "dE/dw5", text[:lost] + text[lost + 1 :])
        assert found.verdict in ("few_digits", "rounded"), found
    found = bp.diagnose(ARTICLE, "dE/dw5", "0.085429384")
    assert found.verdict == "few_digits"
    assert "a digit is missing" in found.message
    assert bp.diagnose(ARTICLE, "dE/dw5", "0.0814").verdict != "few_digits"  # of four digits too many would do


# Numbers that nothing explains


@pytest.mark.parametrize(
    "spelling", ["0.060132", "6.0132e-2", "6.0132*10^-2", "6.0132 · 10⁻²", "w5 = 0.060132", "0,060132"]
)
def test_a_number_that_nothing_explains_gets_the_same_hints_in_every_spelling(spelling: str) -> None:
    found = bp.diagnose(ARTICLE, "dE/dw5", spelling)
    assert found.verdict == "unknown"
    assert found.message == bp.diagnose(ARTICLE, "dE/dw5", "0.060132").message
    swapped = spelling.replace("060132", "0815429").replace("6.0132", "8.15429")
    assert "right with the digits 1 and 5 exchanged" in bp.diagnose(ARTICLE, "dE/dw5", swapped).message


@pytest.mark.parametrize("quantity", ["b1 after 2 updates", "b2_new after 1 update", "dE/db1 after 1 update"])
def test_a_shared_bias_after_updates_has_a_verdict_too(quantity: str) -> None:
    problem = MAZUR.replace(train_biases=True)
    assert bp.diagnose(problem, quantity, "0.7712345").verdict == "unknown"


@pytest.mark.filterwarnings("error")
def test_a_run_that_overflows_gives_no_warning() -> None:
    assert crowding(read("0.1234567"), np.array([1e305, -1e305, np.inf, 0.5])) == 0


def single(weight: float, signal: float, target: float) -> P:
    """One sigmoid neuron with one weight."""
    return P(N(1, 1, bias="none"), {"w1": weight}, [signal], [target])


def test_half_the_gradient_worked_out_with_six_digits_is_not_surely_a_nudge() -> None:
    for numbers, half in (((-0.09, 0.5, 0.42), "0.004294815"), ((0.55, 1.22, 0.83), "-0.02297687")):
        found = bp.diagnose(single(*numbers), "dE/dw1", half)
        assert "halves the gradient" in names(found)
        assert "divides a one-sided difference by twice h" in names(found)
        assert not found.sure


def test_six_digits_leave_more_of_a_mistakes_number_that_begins_with_a_1() -> None:
    for numbers, twice in (((-0.7, 1.53, 0.65), "-0.22962393"), ((0.23, 0.68, 0.18), "0.12132288")):
        assert "doubles the gradient" in names(bp.diagnose(single(*numbers), "dE/dw1", twice))
