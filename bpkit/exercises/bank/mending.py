"""Questions that show work with a mistake in it: a worked solution with one wrong line, a table of derivatives.

A task stores the computed numbers as whole millionths; a question prints them as decimals.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from bpkit.core.derivation import Derivation, NumberedDerivation, derive
from bpkit.core.gradient_check import check_gradient
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import bracketed, expr_latex, number_latex
from bpkit.exercises.bank.quantities import number_part
from bpkit.exercises.card_pictures import beside
from bpkit.exercises.drawing import architectures, choose, draw_problem
from bpkit.exercises.exercise import Content, Question, Solution
from bpkit.exercises.hints import in_symbols
from bpkit.exercises.parts import ExactPart, NumberPart, Wrong
from bpkit.exercises.slips import differs, wrong_columns
from bpkit.exercises.task import Task
from bpkit.exercises.words import givens, maths, table
from bpkit.mistakes.misconceptions import catalogue
from bpkit.mistakes.rewrite import FAR_FETCHED, Misconception

MILLION = 1_000_000
ROUNDED = "The results are rounded to six decimals."

# Mistakes that spoil one line of the way to a weight and leave the others as they are written.
_PLANTED = (
    "forgets the hidden slope",
    "forgets the output slope",
    "swaps the sign of the error",
    "follows only one path",
    "leaves out the input factor",
    "leaves the bias out",
    "passes on net instead of out",
    "leaves out the weight on a path",
    "takes a part of the slope",
)
_LATER = Wrong(
    "blames a line that only uses the wrong one",
    "this line is wrong only because it uses a wrong one",
    0,
)
_EARLIER = Wrong(
    "blames a line that is right", "the formula and the number of this line are both right, so another line is wrong", 0
)


def _is_planted(mistake: Misconception) -> bool:
    """Is it one of those, in a shape that is not far-fetched?"""
    return mistake.name in _PLANTED and mistake.rank < FAR_FETCHED


def _millionths(value: float) -> int:
    return round(value * MILLION)


def _decimal(millionths: int) -> str:
    """A number of a table as a formula, so that it has a real minus sign."""
    return f"${millionths / MILLION:.6f}$"


def _draw_slip(rng: np.random.Generator, level: str) -> Task:
    options = architectures(level)
    while True:
        network = options[choose(rng, options)]
        problem = draw_problem(rng, network)
        weights = list(network.weights)
        target = weights[choose(rng, weights)]
        if lines := _spoiled(rng, problem, target):
            return Task("which-slip", (problem,), MappingProxyType({"target": target, "lines": lines}))


def _spoiled(rng: np.random.Generator, problem: Problem, target: str) -> list[list[object]]:
    """The way to a derivative with one mistake in it: name, formula and millionths of each line; [] if none fits."""
    derivation, right = derive(problem.network), evaluate(problem)
    way = derivation.toward(target)
    places: dict[str, list[int]] = {}
    for number, mistake in enumerate(catalogue(problem.network)):
        if _is_planted(mistake) and sum(step.name in mistake.edits for step in way) == 1:
            places.setdefault(mistake.name, []).append(number)
    if not places:
        return []
    # The kind first, because some kinds have many more places; the order must not change with a new rule.
    kinds = [places[name] for name in _PLANTED if name in places]
    kind = kinds[choose(rng, kinds)]
    place = kind[choose(rng, kind)]
    wrong = wrong_columns(problem)
    off = [step.name for step in way if differs(wrong[step.name][place], right[step.name])]
    spoiled = catalogue(problem.network)[place].applied(derivation)
    if len(off) < 2 or abs(wrong[off[0]][place] - right[off[0]]) < 0.02 * abs(right[off[0]]):
        return []
    if any(abs(right[step.name]) < 2e-4 for step in way):
        return []
    return [[s.name, expr_latex(spoiled[s.name].rhs, s.names), _millionths(wrong[s.name][place])] for s in way]


def _build_slip(task: Task) -> Content:
    problem, target, lines = task.problem, task.about["target"], task.about["lines"]
    right = evaluate(problem)
    off = [abs(shown - right[name] * MILLION) > 0.6 for name, _, shown in lines]
    first = off.index(True)
    quantity, given = lines[first][0], lines[first][2] / MILLION
    wrong = [
        replace(one, answer=place + 1)
        for place in range(len(lines))
        if place != first
        for one in [_LATER if off[place] else _EARLIER]
    ]
    mended = number_part(problem, quantity, (), ", the right number of that line")
    copied = Wrong("copies the wrong number", "that is the number printed in this line", given)
    copies = tuple(replace(copied, answer=one) for one in dict.fromkeys([given, float(f"{given:.{mended.digits}g}")]))
    parts = (
        ExactPart(
            "The line that contains the mistake",
            first + 1,
            "whole",
            tuple(str(place) for place in range(1, len(lines) + 1)),
            known=tuple(wrong),
            hints=(
                "Compare each formula with its rule. Is a factor or a term missing, or is there one too many?",
                "Then check the arithmetic, starting at the first line. Stop at the first line that is wrong.",
                f"The mistake is in one of the lines {first // 3 * 3 + 1} to {min(first // 3 * 3 + 3, len(lines))}.",
            ),
        ),
        NumberPart(
            "The right result of that line, to 4 significant digits",
            mended.right,
            mended.digits,
            lambda: max(mended.slack, 1 / MILLION),
            proof=mended.proof,
            known=lambda: (*copies, *(one for one in mended.wrong if abs(one.answer - given) > 1 / MILLION)),
            hints=lambda: (in_symbols(derive(problem.network)[quantity]).partition(": ")[2],),
            first="a",
        ),
    )
    names = derive(problem).quantities
    rows = [
        [str(n), f"${names[name].latex} = {formula}$", _decimal(shown)]
        for n, (name, formula, shown) in enumerate(lines, 1)
    ]
    said = (
        f"Another student worked out {maths(problem, f'dE_total/d{target}')}. One line contains a mistake. Later lines "
        f"are wrong only because they use it. {ROUNDED}\n\n{table(['line', 'formula', 'result'], rows)}"
    )
    text = lambda: f"Which line is wrong?\n\n{givens(problem)}\n\n{said}"

    def solve() -> Solution:
        first_wrong = (
            f"Line {first + 1} is the first wrong line; all lines before it are right. "
            "Here are the right lines, numbered as in the question:"
        )
        return Solution((first_wrong, _as_asked(problem, target)))

    return Content(text, parts, solve, *beside(problem, [f"dE_total/d{target}"], said))


def _as_asked(problem: Problem, target: str) -> NumberedDerivation:
    """The right lines on the way to a derivative, with the numbers that they have in the question: 1, 2, 3, .."""
    way = derive(problem.network).toward(target)
    place = {step.number: number for number, step in enumerate(way, 1)}
    steps = tuple(replace(s, number=place[s.number], uses=tuple(place[used] for used in s.uses)) for s in way)
    return Derivation(problem.network, steps).at(problem)


def _draw_check(rng: np.random.Generator, level: str) -> Task:
    options = architectures(level)
    while True:
        problem = draw_problem(rng, options[choose(rng, options)])
        if rows := _one_wrong_row(rng, problem):
            return Task("gradient-check", (problem,), MappingProxyType({"rows": rows}))


def _one_wrong_row(rng: np.random.Generator, problem: Problem) -> list[list[object]]:
    """Some derivatives and their difference quotients, one of the derivatives spoiled by a misconception."""
    measured = {row.parameter: (row.derived, row.measured) for row in check_gradient(problem).rows}
    names = [name for name, (derived, _) in measured.items() if 2e-3 < abs(derived) < 9]
    if len(names) < 3:
        return []
    names = [names[i] for i in sorted(rng.permutation(len(names))[:5])]
    bad = names[choose(rng, names)]
    columns = wrong_columns(problem)[f"dE_total/d{bad}"].tolist()
    values = [
        value
        for value, mistake in zip(columns, catalogue(problem.network))
        if _is_planted(mistake) and differs(value, measured[bad][0]) and 2e-3 < abs(value) < 9
    ]
    if not values:
        return []
    spoiled = values[choose(rng, values)]
    if abs(spoiled - measured[bad][0]) < 0.05 * abs(spoiled):
        return []
    return [
        [name, _millionths(spoiled if name == bad else measured[name][0]), _millionths(measured[name][1])]
        for name in names
    ]


def _build_check(task: Task) -> Content:
    problem, rows = task.problem, task.about["rows"]
    worst = check_gradient(problem, {name: derived / MILLION for name, derived, _ in rows}).worst
    derived, measured = next((d / MILLION, m / MILLION) for name, d, m in rows if name == worst.parameter)
    names = tuple(name for name, _, _ in rows)
    small, large = sorted((abs(derived), abs(measured)))
    gap = abs(derived - measured)
    wrong = (
        Wrong("gives the difference itself", "divide the difference by the larger of the two", gap),
        Wrong("divides by the smaller", "divide the difference by the larger of the two", gap / small),
        Wrong("keeps a minus sign", "the bars drop the sign, so this number is never negative", -worst.error),
    )
    parts = (
        ExactPart(
            "The parameter whose derivative is wrong",
            worst.parameter,
            "word",
            names,
            known=tuple(
                Wrong("blames a row that agrees", "these two numbers agree, so another row is wrong", name)
                for name in names
                if name != worst.parameter
            ),
            hints=("Compare the two numbers of each row. In all rows but one they agree.",),
        ),
        NumberPart(
            "The relative difference of that row, |derived − measured| divided by the larger of the two in size, "
            "to 4 significant digits",
            worst.error,
            4,
            2 / MILLION / large * max(1.0, worst.error),
            known=wrong,
            hints=(
                "First compute the difference of the two numbers in that row, and drop its sign.",
                "Then divide it by the larger of the two numbers, also without its sign.",
            ),
        ),
    )
    shown = [[maths(problem, name), _decimal(derived), _decimal(measured)] for name, derived, measured in rows]
    told = (
        f"Another student worked out some derivatives of {maths(problem, 'E_total')} and checked each by nudging its "
        f"parameter. {ROUNDED}\n\n{table(['parameter', 'derived', 'measured'], shown)}"
    )
    text = lambda: f"A gradient check.\n\n{givens(problem)}\n\n{told}"

    def solve() -> Solution:
        row, others = maths(problem, worst.parameter), [abs(d - m) for name, d, m in rows if name != worst.parameter]
        top, below = f"{number_latex(derived, 7)} - {bracketed(number_latex(measured, 7))}", number_latex(large, 7)
        agree = f"differ by at most {_decimal(max(others))}" if max(others) else "are equal to all six decimals"
        return Solution(
            (
                f"The two numbers of {row} disagree. Their difference is ${number_latex(gap, 6)}$, and the larger of "
                f"the two in size is ${below}$:",
                f"$$\\frac{{|{top}|}}{{{below}}} = \\frac{{{number_latex(gap, 6)}}}{{{below}}} = "
                f"{number_latex(worst.error, 4)}$$",
                f"In the other rows the two numbers {agree}, so the wrong derivative is that with respect to {row}.",
            )
        )

    return Content(text, parts, solve, card=lambda: told)  # the two columns are all that is needed


QUESTIONS = (
    Question(
        "which-slip",
        "judging",
        "Which line is wrong?",
        _draw_slip,
        _build_slip,
        (_LATER.name, _EARLIER.name, "copies the wrong number"),
    ),
    Question(
        "gradient-check",
        "judging",
        "A gradient check",
        _draw_check,
        _build_check,
        ("blames a row that agrees", "gives the difference itself", "divides by the smaller", "keeps a minus sign"),
    ),
)
