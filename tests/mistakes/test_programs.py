"""The detective against programs that make the mistakes: plain NumPy, on random networks, at six digits."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from thorough import THOROUGH
from wrong_programs import PROGRAMS, Numbers, named, random_numbers, run

import bpkit as bp

NETWORKS = 14 if THOROUGH else 8
COMMON = ("no output slope", "no hidden slope", "adds", "no rate", "no bias", "swaps targets", "no input", "one path")


@cache
def networks() -> tuple[Numbers, ...]:
    rng = np.random.default_rng(20)
    return tuple(random_numbers(rng) for _ in range(NETWORKS))


def asked(n: Numbers) -> list[str]:
    """A few quantities of every kind: the same for all programs, so that each is compiled once."""
    last = sum(a * b for a, b in zip(n.sizes, n.sizes[1:]))
    bias = {"layer": "b1", "neuron": f"b_{n.neuron(1, 1)}"}[n.bias]
    names = ["net_o1", "E_o1", "E_total", "E_total after 1 update"]
    for weight in ("w1", f"w{last}"):
        names += [f"dE_total/d{weight}", f"{weight}_new"]
    return [*names, f"dE_total/d{bias}", f"{bias}_new"]


def typed(value: float, digits: int = 6) -> str:
    return f"{value:#.{digits}g}"


def cases(*switches: str, digits: int = 6) -> list[tuple[bp.Problem, str, str]]:
    """Where the program's number is none that fewer mistakes lead to."""
    found = []
    with np.errstate(all="ignore"):
        for n in networks():
            results = run(n, *switches)
            fewer = [run(n, *some) for k in range(len(switches)) for some in combinations(switches, k)]
            for name in asked(n):
                text = typed(results[name], digits)
                usable = np.isfinite(results[name]) and abs(results[name]) > 1e-9
                if usable and all(typed(other[name], digits) != text for other in fewer):
                    found.append((n.problem(), name, text))
    return found


def test_the_plain_program_without_a_mistake_is_right() -> None:
    for n in networks():
        problem, results = n.problem(), run(n)
        values = bp.evaluate(problem)
        after = bp.evaluate(problem.updated())["E_total"]
        assert results.pop("E_total after 1 update") == pytest.approx(after, rel=1e-12)
        assert results == {name: pytest.approx(values[name], rel=1e-9, abs=1e-14) for name in results}


@pytest.mark.parametrize("switch", PROGRAMS)
def test_the_mistake_is_named(switch: str) -> None:
    asked = cases(switch)
    found = [bp.diagnose(*case) for case in asked]
    good = [not {m.name for m in d.misconceptions}.isdisjoint(named(switch, q)) for d, (_, q, _) in zip(found, asked)]
    assert len(good) >= 4
    assert np.mean(good) >= 0.95, [d for d, one in zip(found, good) if not one][:3]


def test_pairs_of_mistakes_are_named() -> None:
    good = []
    for one, other in combinations(COMMON, 2):
        names = {PROGRAMS[one], PROGRAMS[other]}
        for case in cases(one, other, digits=8)[: 8 if THOROUGH else 4]:
            found = bp.diagnose(*case).misconceptions
            good.append(any({part.name for part in explanation.parts} <= names for explanation in found))
    assert len(good) > 100
    assert np.mean(good) >= 0.9


def test_right_numbers_are_never_blamed() -> None:
    for n in networks():
        problem, results = n.problem(), run(n)
        for name in asked(n):
            for digits in (2, 4, 6, 9, 12):
                if abs(results[name]) > 1e-12:
                    found = bp.diagnose(problem, name, typed(results[name], digits))
                    assert found.verdict in ("correct", "few_digits")
                    assert found.verdict == "correct" or digits < 6 or name.endswith(("_new", "update"))


def test_random_numbers_are_rarely_blamed() -> None:
    """Drawn anywhere, near the truth, and for new values within a few changes of the old one."""
    rng = np.random.default_rng(3)
    blamed: dict[str, list[bool]] = {"anywhere": [], "near": [], "change": []}
    for n in networks()[: 9 if THOROUGH else 4]:
        problem, results = n.problem(), run(n)
        for name in asked(n):
            truth = results[name]
            old = problem.parameters[name.removesuffix("_new")] if name.endswith("_new") else 0.0
            draws = {
                "anywhere": rng.uniform(-1, 1),
                "near": truth * rng.uniform(0.5, 1.5),
                "change": old + (truth - old) * rng.uniform(-3, 3),
            }
            for kind, value in draws.items():
                verdict = bp.diagnose(problem, name, typed(value, int(rng.integers(6, 10)))).verdict
                blamed[kind].append(verdict == "misconception")
    for shares in blamed.values():
        assert np.mean(shares) <= 0.05


def test_right_working_with_rounded_numbers_is_hardly_ever_blamed() -> None:
    """By hand, with some of the numbers on the way kept to 4, 5 or 6 decimals, and one more in the answer."""
    rng = np.random.default_rng(8)
    verdicts = []
    for _ in range(25):
        w, x, y = rng.uniform(-1, 1, 10).round(2), rng.uniform(0.1, 1, 2).round(2), rng.uniform(0.1, 0.9, 2).round(2)
        names = [*(f"w{i}" for i in range(1, 9)), "b1", "b2"]
        problem = bp.Problem(bp.Network(2, 2, 2), dict(zip(names, map(float, w))), x, y)
        for places in (4, 5, 6):

            def kept(value: float, places: int = places) -> float:
                return round(value, places) if rng.random() < 0.6 else value

            h = [kept(1 / (1 + np.exp(-kept(w[2 * i] * x[0] + w[2 * i + 1] * x[1] + w[8])))) for i in (0, 1)]
            o = [kept(1 / (1 + np.exp(-kept(w[4 + 2 * i] * h[0] + w[5 + 2 * i] * h[1] + w[9])))) for i in (0, 1)]
            delta = [kept(kept(o[i] - y[i]) * kept(o[i] * (1 - o[i]))) for i in (0, 1)]
            back = kept(kept(delta[0] * w[4]) + kept(delta[1] * w[6]))
            gradient = back * kept(h[0] * (1 - h[0])) * x[0]
            answers = {"out_o1": o[0], "E_total": 0.5 * ((y[0] - o[0]) ** 2 + (y[1] - o[1]) ** 2)}
            answers |= {"dE/dw5": delta[0] * h[0], "dE/dw1": gradient, "w1_new": w[0] - 0.5 * kept(gradient)}
            found = [bp.diagnose(problem, name, f"{value:.{places + 1}f}") for name, value in answers.items()]
            verdicts += [one.verdict for one in found if abs(one.exact) > 0.01]
    assert len(verdicts) > 200
    assert verdicts.count("misconception") <= 0.02 * len(verdicts)
    assert verdicts.count("unknown") <= 0.05 * len(verdicts)
