"""What a page asks, as HTML with the data that judges it: predictions, boxes for a quantity, questions of the bank."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from bpkit.apps.ask import Ask
from bpkit.apps.predict import Predict, Prediction, compare
from bpkit.apps.questions import prose
from bpkit.apps.verdicts import line_html
from bpkit.exercises import sitting
from bpkit.exercises.exercise import Exercise
from bpkit.exercises.generation import generate
from bpkit.exercises.parts import ExactPart, NumberPart, Part
from bpkit.exercises.sitting import Sitting
from bpkit.exercises.written import FunctionPart
from bpkit.site.boxes import box, open_box
from bpkit.site.prose import kit_html, text
from bpkit.site.templates import rendered

DRAWS = 3  # of each question of the bank
DIGITS = 6
LONG = 24  # characters of a sentence
HINTS = {"shape": "rows, columns", "paths": "h1 o1, h2 o1", "whole": "a whole number, then Enter"}


def data(found: Any) -> str:
    """Data as JSON for a script element, which no text in it can end; what it says often it says once, by number."""
    counts = Counter(_sentences(found))
    words = [one for one, count in counts.items() if count > 1]
    whole = {"words": words, "data": _numbered(found, {one: f"§{place}" for place, one in enumerate(words)})}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _sentences(found: Any) -> Iterator[str]:
    """All texts that are long enough to be worth a number."""
    if isinstance(found, str):
        if len(found) > LONG:
            yield found
    elif isinstance(found, dict | list | tuple):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _sentences(one)


def _numbered(found: Any, numbers: Mapping[str, str]) -> Any:
    if isinstance(found, dict):
        return {key: _numbered(one, numbers) for key, one in found.items()}
    if isinstance(found, list | tuple):
        return [_numbered(one, numbers) for one in found]
    return numbers.get(found, found) if isinstance(found, str) else found


def prediction(app: Predict, name: str) -> str:
    """A question with its choices or its field, and what is said to whoever commits."""
    asked = app.state
    spec = {
        "kind": "prediction",
        "empty": app._missing(),
        "pressed": app._missing(pressed=True),
        "ready": "Press Commit to compare.",
        **(_choices(asked) if asked.choices else _number(asked)),
    }
    return rendered("prediction.html", name=name, asked=asked, data=data(spec))


def _choices(asked: Prediction) -> dict[str, Any]:
    """What is said of each choice."""
    said = {one: replace(asked, committed=one) for one in asked.choices or ()}
    return {"said": {one: [state.right, state.feedback] for one, state in said.items()}}


def _number(asked: Prediction) -> dict[str, Any]:
    answer = float(asked.answer)
    because = f" The reason: {asked.because.rstrip('.')}." if asked.because else ""
    return {"answer": answer, "true": prose(answer), "because": because, "says": comparisons()}


@lru_cache(maxsize=1)
def comparisons() -> dict[str, str]:
    """Every sentence that compares a prediction with the answer: those of ``compare``, with holes for the numbers."""

    def said(guess: float, answer: float, last: str = "") -> str:
        holes = iter(("said", "true", "off", last))  # in the order of the sentence
        return re.sub(
            r"−?\d+(?:\.\d+)?",
            lambda found: f"{{{hole}}}" if (hole := next(holes)) else found[0],
            compare(guess, answer),
        )

    return {
        "right": said(7.0, 7.0),
        "rounded": said(0.73, 0.731058),
        "zero_high": said(0.0, -3.0),
        "zero_low": said(0.0, 3.0),
        "across_high": said(2.0, -3.0),
        "across_low": said(-2.0, 3.0),
        "close_high": said(105.0, 100.0, "share"),
        "close_low": said(95.0, 100.0, "share"),
        "near_high": said(150.0, 100.0, "share"),
        "near_low": said(70.0, 100.0, "share"),
        "high_large": said(32.0, 2.0, "times"),
        "low_small": said(2.0, 32.0, "times"),
        "low_large": said(-32.0, -2.0, "times"),
        "high_small": said(-2.0, -32.0, "times"),
    }


def quantity(app: Ask, name: str) -> str:
    """A box for one quantity, and the derivation's line behind it."""
    asked = app.state.asked
    spec = {"kind": "quantity", "box": open_box(asked.problem, str(asked))}
    return rendered("quantity.html", name=name, asked=str(asked), line=line_html(asked, DIGITS), data=data(spec))


def exercise(app: sitting.Ask, name: str) -> str:
    """A question of the bank with some draws of its numbers, the first as in the notebook."""
    first = app.exercise
    draws = [first, *(generate(first.id, app.seed.value + i, difficulty=app._difficulty) for i in range(1, DRAWS))]
    return question(draws, name, first.bank.title)


def question(draws: Sequence[Exercise], name: str, title: str) -> str:
    """A question with numbers, several times over."""
    done, some = scores()
    spec = {
        "kind": "exercise",
        "draws": [[box(part) for part in one.parts.values() if not isinstance(part, FunctionPart)] for one in draws],
        "done": done if len(draws) > 1 else f"{done.partition('. ')[0]}.",
        "score": some,
    }
    shown = [_draw(one, f"{name}-{number}") for number, one in enumerate(draws, 1)]
    return rendered("exercise.html", name=name, title=title, draws=shown, data=data(spec))


@lru_cache(maxsize=1)
def scores() -> tuple[str, str]:
    """What is said of all answers together: when all are right, and of some of them; from a question of two parts."""
    two = generate("one-weight", 1, difficulty="easy")
    first, second = (part.printed for part in two.parts.values())
    done, some = Sitting(two, (first, second)).score, Sitting(two, (first, "")).score
    return done, some.replace("1", "{right}").replace("2", "{count}")


def _draw(one: Exercise, name: str) -> dict[str, Any]:
    """One draw: what is given, what is asked, and the worked solution."""
    tell = one.content.tell().partition("\n\n")[2].removesuffix("Compute:")
    return {
        "given": kit_html(tell),
        "parts": [_asked(part, letter, f"{name}-{letter}") for letter, part in one.parts.items()],
        "solution": kit_html(one.solution._repr_markdown_()),
    }


def _asked(part: Part, letter: str, name: str) -> dict[str, Any]:
    reader = part.reader if isinstance(part, ExactPart) else "number"
    typed = HINTS.get(reader, "your number, then Enter") if isinstance(part, ExactPart | NumberPart) else "a formula"
    return {
        "asks": kit_html(part.asks, large=True),
        "name": name,
        "letter": letter,
        "hint": typed,
        "options": getattr(part, "options", ()),
        "kernel": isinstance(part, FunctionPart),
        "printed": text(part.printed) if not isinstance(part, FunctionPart) else "",
    }
