"""Questions that show work with a mistake in it: a worked solution with one wrong line, a table of derivatives.

A task stores the computed numbers as whole millionths; a question prints them as decimals.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bpkit.core.derivation import Derivation, NumberedDerivation, derive
from bpkit.core.numeric import evaluate
from bpkit.core.numerical_gradient import difference_quotient
from bpkit.core.problem import Problem
from bpkit.core.spelling import bracketed, expr_latex, number_latex
from bpkit.exercises.questions.bank.quantity_questions import number_part
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import architectures, choose, draw_problem
from bpkit.exercises.questions.hints import in_symbols
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Wrong
from bpkit.exercises.questions.slips import differs, wrong_columns
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import givens, maths, table
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

COPIES = "copies a number of the table"


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
            return Task("which-slip", (problem,), {"target": target, "lines": lines})


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
    if any(abs(wrong[step.name][place] - right[off[0]]) < 1e-3 * abs(right[off[0]]) for step in way):
        return []  # the corrected number would stand in the table already
    return [[s.name, expr_latex(spoiled[s.name].rhs, s.names), _millionths(wrong[s.name][place])] for s in way]


def _build_slip(task: Task) -> Content:
    problem, target, lines = task.problem, task.about["target"], task.about["lines"]
    right = evaluate(problem)
    off = [abs(shown - right[name] * MILLION) > 0.6 for name, _, shown in lines]
    first = off.index(True)
    quantity = lines[first][0]
    wrong = [
        replace(one, answer=place + 1)
        for place in range(len(lines))
        if place != first
        for one in [_LATER if off[place] else _EARLIER]
    ]
    mended = number_part(problem, quantity, (), ", the right number of that line")
    printed = [value / MILLION for _, _, value in lines]  # each of them: one alone would give away the line
    short = [float(f"{value:.{mended.digits}g}") for value in printed]
    copied = [one for one in dict.fromkeys([*printed, *short]) if abs(one - right[quantity]) > 1e-4 * abs(one)]
    later = tuple(
        Wrong(
            _LATER.name, f"that is the right result of line {place}, but line {place} only uses a wrong one", right[one]
        )
        for place, (one, _, _) in enumerate(lines, 1)
        if off[place - 1] and abs(right[one] - right[quantity]) > 1e-3 * abs(right[quantity])
    )
    copies = tuple(
        Wrong(COPIES, "that number is printed in the table, so it is not the corrected one", c) for c in copied
    )
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
            known=lambda: (
                *copies,
                *later,
                *(m for m in mended.wrong if min(abs(m.answer - c) for c in printed) > 1e-3 * abs(m.answer)),
            ),
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
    text = lambda: f"{givens(problem)}\n\n{said}"

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
            return Task("gradient-check", (problem,), {"rows": rows})


NUDGE = 0.03  # so large that its own error shows in the last decimals of a table
NEAR = 20  # millionths that this error may come to


def _measured(problem: Problem) -> dict[str, tuple[float, float]]:
    """Each derivative that a table can show, and its difference quotient."""
    right, names = evaluate(problem), list(problem.network.parameters)
    quotients, _ = difference_quotient(problem, names, NUDGE)
    pairs = {name: (float(right[f"dE_total/d{name}"]), float(one)) for name, one in zip(names, quotients)}
    return {name: pair for name, pair in pairs.items() if 2e-3 < abs(pair[0]) < 9}


def _one_wrong_row(rng: np.random.Generator, problem: Problem) -> list[list[object]]:
    """Some derivatives and their difference quotients, one of the derivatives spoiled by a misconception.

    In some other row the last decimals differ too, by the error of the nudge: equal decimals are no sign to look for.
    """
    measured = _measured(problem)
    if len(measured) < 3:
        return []
    names = [[*measured][i] for i in sorted(rng.permutation(len(measured))[:5])]
    bad = names[choose(rng, names)]
    off = [abs(_millionths(measured[name][0]) - _millionths(measured[name][1])) for name in names if name != bad]
    if not 0 < max(off) <= NEAR:
        return []
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


_EQUAL = "these two numbers are equal, so another row is wrong"
_NUDGED = "these two numbers differ in the last digits only, by the error of the nudge itself; another row is wrong"
_DID = {
    "gives the difference itself": "leave the difference undivided",
    "divides by the smaller": "divide by the smaller of the two",
    "divides by the sum of the two": "divide by the sum of the two",
    "divides by the mean of the two": "divide by the mean of the two",
}


def _relative(derived: float, measured: float) -> float:
    """How far two numbers differ, relative to the larger."""
    return abs(derived - measured) / max(abs(derived), abs(measured))


def _build_check(task: Task) -> Content:
    problem, rows = task.problem, task.about["rows"]
    worst, derived, measured = max(rows, key=lambda row: _relative(row[1], row[2]))
    derived, measured = derived / MILLION, measured / MILLION
    right = _relative(derived, measured)
    names, off = tuple(name for name, _, _ in rows), {name: abs(derived - measured) for name, derived, measured in rows}
    small, large = sorted((abs(derived), abs(measured)))
    gap, larger = abs(derived - measured), "divide the difference by the larger of the two"
    slips = {
        "gives the difference itself": gap,
        "divides by the smaller": gap / small,
        "divides by the sum of the two": gap / (small + large),
        "divides by the mean of the two": 2 * gap / (small + large),
    }
    wrong = (
        Wrong("keeps a minus sign", "the bars drop the sign, so this number is never negative", -right),
        Wrong("gives per cent", "this is 100 times as much: give the ratio itself", 100 * right),
        *(Wrong(name, larger, sign * value, _DID[name]) for name, value in slips.items() for sign in (1, -1)),
    )
    parts = (
        ExactPart(
            "The parameter whose derivative is wrong",
            worst,
            "word",
            names,
            known=tuple(
                Wrong("blames a row that agrees", _NUDGED if off[name] else _EQUAL, name)
                for name in names
                if name != worst
            ),
            hints=(
                "Compare the two numbers of each row. How large is their difference beside the numbers themselves?",
                "A nudge is never exact. Where only the last digits differ, that is its own error.",
            ),
        ),
        NumberPart(
            "The relative difference of that row, |derived − measured| divided by the larger of the two in size, "
            "to 4 significant digits",
            right,
            4,
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
        f"parameter by {NUDGE} to both sides. {ROUNDED}\n\n{table(['parameter', 'derived', 'measured'], shown)}"
    )
    text = lambda: f"{givens(problem)}\n\n{told}"

    def solve() -> Solution:
        row, others = maths(problem, worst), max(off[name] for name in names if name != worst)
        top, below = f"{number_latex(derived, 7)} - {bracketed(number_latex(measured, 7))}", number_latex(large, 7)
        return Solution(
            (
                f"The two numbers of {row} disagree. Their difference is ${number_latex(gap, 6)}$, and the larger of "
                f"the two in size is ${below}$:",
                f"$$\\frac{{|{top}|}}{{{below}}} = \\frac{{{number_latex(gap, 6)}}}{{{below}}} = "
                f"{number_latex(right, 4)}$$",
                f"In the other rows the two numbers differ by at most {_decimal(others)}, the error of the nudge "
                f"itself. So the wrong derivative is that with respect to {row}.",
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
        (_LATER.name, _EARLIER.name, COPIES),
    ),
    Question(
        "gradient-check",
        "judging",
        "A gradient check",
        _draw_check,
        _build_check,
        ("blames a row that agrees", "keeps a minus sign", "gives per cent", *_DID),
    ),
)
