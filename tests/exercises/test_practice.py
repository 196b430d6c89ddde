"""Practice without end: which question comes next, what is kept of it, and how it is asked in a terminal and a page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from thorough import THOROUGH

import bpkit as bp
from bpkit.cli import main
from bpkit.cli.practice import asked, solution
from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.exercise import Question
from bpkit.exercises.questions.friendly_problems import LEVELS
from bpkit.exercises.questions.generation import seen_of
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.practice import history
from bpkit.exercises.questions.practice.next_question import (
    ENOUGH,
    FUNCTIONS,
    PICTURES,
    Entry,
    Step,
    Turn,
    following,
    level,
    open_mistakes,
    pool_of,
    reason,
    said_of,
    steps,
)
from bpkit.exercises.questions.written import FormulaPart
from bpkit.page import progress_file
from bpkit.show.in_terminal import fitting, in_signs, in_terminal

TERMINAL = pool_of("", (FUNCTIONS, PICTURES))
EVERYTHING = pool_of()
Learner = Callable[[Turn, int], "tuple[bool | None, tuple[str, ...]]"]


def practised(learner: Learner, count: int, pool: Sequence[Question] = TERMINAL, seed: int = 0) -> list[Step]:
    """What a learner does with so many questions: right or not (None: left out), and which mistakes are named."""
    done: list[Step] = []
    for place in range(count):
        turn = following(done, pool, seed)
        right, named = learner(turn, place)
        done.append(Step(turn, right, named, turn.exercise.declared))
    return done


def holds(*names: str) -> Learner:
    """A learner who makes these mistakes wherever they can be made, and no others."""

    def answers(turn: Turn, _place: int) -> tuple[bool, tuple[str, ...]]:
        made = tuple(name for name in turn.exercise.declared if name in names)[:1]
        return not made, made

    return answers


# Which question comes next


@pytest.mark.parametrize(
    "name",
    [
        "follows only one path",
        *["leaves the bias out", "adds the gradient", "uses the already updated weights"] * THOROUGH,
    ],
)
def test_a_mistake_that_is_held_keeps_coming_back(name: str) -> None:
    """Other questions between, with new numbers, in questions that do reveal it."""
    done = practised(holds(name), 45)
    [first, *_] = [place for place, step in enumerate(done) if name in step.named]
    places = [place for place, step in enumerate(done) if step.turn.again == name]
    assert len(places) >= (45 - first) // 8
    assert places[0] - first >= 3
    assert max(later - earlier for earlier, later in zip(places, places[1:])) <= 8
    assert all(later - earlier >= 3 for earlier, later in zip(places, places[1:]))
    assert all(name in done[place].turn.exercise.declared for place in places)
    assert len({done[place].turn for place in places}) == len(places)
    assert [one.name for one in open_mistakes(done)] == [name]


@pytest.mark.parametrize("name", ["leaves the bias out", *["follows only one path"] * THOROUGH])
def test_a_mistake_that_was_mended_is_gone_after_two_right_answers(name: str) -> None:
    learned = 12
    holding = holds(name)
    done = practised(lambda turn, place: holding(turn, place) if place < learned else (True, ()), 45)
    assert [place for place, step in enumerate(done) if name in step.named]
    right = [place for place, step in enumerate(done) if place >= learned and name in step.reveals]
    assert open_mistakes(done[: right[1]])
    assert open_mistakes(done[: right[1] + 1]) == ()
    assert not [step for step in done[right[1] + 1 :] if step.turn.again]
    spaced = [place for place, step in enumerate(done) if place >= learned and step.turn.again]
    assert len(spaced) <= 2


def test_the_second_time_a_mistake_waits_longer() -> None:
    turns = [Turn("hidden-weight", place, "medium") for place in range(20)]
    other = [Turn("what-costs", place, "easy") for place in range(20)]
    slip = Step(turns[0], False, ("follows only one path",), ("follows only one path",))
    calm = [Step(turn, True) for turn in other]
    assert not following([slip, calm[0]], TERMINAL).again
    assert following([slip, *calm[:2]], TERMINAL).again == "follows only one path"
    mended_once = Step(turns[1], True, (), ("follows only one path",))
    assert not following([slip, *calm[:2], mended_once, *calm[2:5]], TERMINAL).again
    assert following([slip, *calm[:2], mended_once, *calm[2:6]], TERMINAL).again == "follows only one path"


@pytest.mark.parametrize(
    ("learner", "each"),
    [
        (lambda turn, place: (True, ()), 1),
        (lambda turn, place: (False, ()), ENOUGH),
        (lambda turn, place: (None, ()), 1),
        (lambda turn, place: (False, turn.exercise.declared[:1]), 5),
    ],
    ids=["right", "wrong", "skipped", "every mistake"],
)
def test_every_topic_comes(learner: Learner, each: int) -> None:
    """After at most so many questions for each topic."""
    done = practised(learner, each * len({one.topic for one in EVERYTHING}), EVERYTHING)
    assert {step.turn.topic for step in done} == {one.topic for one in EVERYTHING}


def test_every_question_comes_to_a_learner_who_goes_on() -> None:
    done = practised(lambda turn, place: (True, ()), 20, pool_of("updates"))
    assert {step.turn.question for step in done} == {one.id for one in pool_of("updates")}


@example_settings(max_examples=12)
@given(
    st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(0, 9)), min_size=1, max_size=14),
    st.sampled_from(["", "forward", "updates", "concepts", "hidden-weight", "read-losses"]),
    st.integers(0, 3),
)
def test_whatever_was_answered_there_is_a_next_question(
    answers: list[tuple[bool | None, int]], wanted: str, seed: int
) -> None:
    """Always the same for the same history, of the pool, and never the numbers that were there just before."""
    pool = pool_of(wanted)

    def learner(turn: Turn, place: int) -> tuple[bool | None, tuple[str, ...]]:
        right, which = answers[place]
        return right, turn.exercise.declared[which : which + 1] if right is False else ()

    done = practised(learner, len(answers), pool, seed)
    shown: dict[str, object] = {}
    for place, step in enumerate(done):
        assert following(done[:place], pool, seed) == step.turn
        assert step.turn.question in {one.id for one in pool}
        seen = seen_of(step.turn.exercise)
        assert seen != shown.get(step.turn.question)
        shown[step.turn.question] = seen


def test_a_question_of_few_faces_never_shows_the_same_one_twice_in_a_row() -> None:
    done = practised(lambda turn, place: (False, ()), 12, pool_of("what-changes"))
    seen = [seen_of(step.turn.exercise) for step in done]
    assert len(set(map(str, seen))) < 12
    assert all(one != other for one, other in zip(seen, seen[1:]))


def test_the_next_question_is_the_same_in_every_process() -> None:
    code = (
        "from bpkit.exercises.questions.practice.next_question import *\n"
        "done = []\n"
        "for place in range(8):\n"
        "    turn = following(done, pool_of(), 5)\n"
        "    done.append(Step(turn, False, turn.exercise.declared[:2], turn.exercise.declared))\n"
        "print([(step.turn.question, step.turn.seed, step.turn.difficulty, step.turn.again) for step in done])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in (("1", "2") if THOROUGH else ("1",))
    }
    # This process has a seed of its own, another each time, and has asked other questions before.
    done: list[Step] = []
    for _ in range(8):
        turn = following(done, pool_of(), 5)
        done.append(Step(turn, False, turn.exercise.declared[:2], turn.exercise.declared))
    here = [(step.turn.question, step.turn.seed, step.turn.difficulty, step.turn.again) for step in done]
    assert {text.strip() for text in found} == {str(here)}


def test_a_topic_gets_harder_and_easier() -> None:
    def walk(answers: str) -> list[str]:
        """The levels before each answer and after the last: + right, - wrong, . left out."""
        done: list[Step] = []
        found = []
        for place, sign in enumerate(answers):
            found.append(level(done, "forward"))
            turn = Turn("loss", place, found[-1])
            done.append(Step(turn, {"+": True, "-": False, ".": None}[sign]))
        return [*found, level(done, "forward")]

    assert walk("++") == ["easy", "easy", "medium"]
    assert walk("++++++") == ["easy", "easy", "medium", "medium", "hard", "hard", "hard"]
    assert walk("+-+-") == ["easy"] * 5
    assert walk("++++-++") == ["easy", "easy", "medium", "medium", "hard", "medium", "medium", "hard"]
    assert walk("+.+--") == ["easy", "easy", "easy", "medium", "easy", "easy"]
    assert set(walk("+" * 9)) == set(LEVELS)


def test_other_topics_do_not_change_a_topics_level_but_its_start() -> None:
    done = [Step(Turn("loss", place, "easy"), True) for place in range(4)]
    assert level(done, "updates") == "medium"  # for a learner who had everything right
    assert level([*done[:3], Step(Turn("loss", 9, "easy"), False)], "updates") == "easy"
    begun = [Step(Turn("one-weight", 1, "easy"), True)]
    assert level([*begun, *done], "updates") == "easy"


# What is asked for


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ("hidden layer", [one.id for one in EVERYTHING if one.topic == "hidden layer"]),
        ("Hidden-Layer", [one.id for one in EVERYTHING if one.topic == "hidden layer"]),
        ("hidden", [one.id for one in EVERYTHING if one.topic == "hidden layer"]),
        ("loss", ["loss"]),
        ("hidden_weight", ["hidden-weight"]),
        ("", [one.id for one in bp.exercises.questions() if one.id != "code"]),
    ],
)
def test_a_topic_or_a_question_is_found_by_its_name(wanted: str, ids: list[str]) -> None:
    assert [one.id for one in pool_of(wanted)] == ids


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("hiden layer", "did you mean 'hidden layer'"),
        ("nonsense", "expected a topic or a question"),
        ("code", "functions or pictures"),
        ("read-losses", "functions or pictures"),
    ],
)
def test_what_cannot_be_practised_in_a_terminal_is_refused_in_words(wanted: str, said: str) -> None:
    with pytest.raises(BpkitError, match=r"^practice: ") as refused:
        pool_of(wanted, (FUNCTIONS, PICTURES))
    assert said in str(refused.value)


def test_what_a_terminal_asks_can_be_answered_there() -> None:
    """Nothing is left out but pictures and functions, and nothing is asked that only a picture shows."""
    assert {one.topic for one in bp.exercises.questions()} - {one.topic for one in TERMINAL} == {FUNCTIONS, PICTURES}
    for one in TERMINAL:
        exercise = bp.exercises.generate(one.id, seed=3, difficulty="easy")
        assert all(isinstance(part, NumberPart | ExactPart | FormulaPart) for part in exercise.content.parts)
        assert "picture" not in exercise.question, one.id


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("leaves the bias out", "to leave out the bias"),
        ("copies a number of the table", "to copy a number of the table"),
        ("mixes net and out", "to mix net and out"),
        ("goes back before going forward", "to go back before going forward"),
        ("confuses the two losses", "to confuse the two losses"),
        ("does not begin by clearing the gradients", "not to begin by clearing the gradients"),
    ],
)
def test_a_mistake_is_said_as_what_you_did(name: str, said: str) -> None:
    assert said_of(name) == said


def test_every_mistake_of_the_bank_can_be_said() -> None:
    for name in {name for one in EVERYTHING for name in one.reveals}:
        assert re.match(r"(not )?to [a-z]+[^s ] |to [a-z]+ss |(not )?to (discuss|focus) |to pass ", said_of(name)), name


def test_the_reason_names_the_mistake_or_the_topic() -> None:
    slip = Step(Turn("loss", 1, "easy"), False)
    assert reason(Turn("loss", 2, "easy", "adds the gradient"), []) == (
        "Back to an earlier mistake: to add the slope instead of subtracting it."
    )
    assert reason(Turn("loss", 2, "easy"), []) == "A new topic: forward."
    assert reason(Turn("loss", 2, "easy"), [slip]) == "Another one: forward."
    assert reason(Turn("loss", 2, "medium"), [slip]) == "Now a harder one: forward."
    assert reason(Turn("loss", 2, "easy"), [Step(Turn("loss", 1, "hard"), True)]) == "Now an easier one: forward."


# What is kept

TURN = Turn("net-and-out", 7, "easy")
OTHER = Turn("loss", 8, "easy")


def entries(*told: str, turn: Turn = TURN, parts: int = 2) -> list[Entry]:
    """Entries as ``a correct`` or ``b misconception leaves the bias out``; ``- hint`` belongs to no part."""
    found = []
    for one in told:
        part, verdict, *name = one.split(" ", 2)
        found.append(Entry(turn, parts, verdict, part.strip("-"), tuple(name), ("leaves the bias out",)))
    return found


@pytest.mark.parametrize(
    ("told", "right", "named"),
    [
        (["a correct", "b rounded"], True, ()),
        (["a correct", "b carried"], True, ()),
        (["a few_digits", "a correct", "b correct"], True, ()),
        (["a correct", "b correct", "- solution"], True, ()),
        (["a unknown", "a correct", "b correct"], False, ()),
        (["a misconception leaves the bias out", "a correct", "b correct"], False, ("leaves the bias out",)),
        (["a correct", "- hint", "b correct"], False, ()),
        (["a correct", "- solution"], False, ()),
        (["a correct"], None, ()),
        (["- skipped"], None, ()),
        (["a few_digits"], None, ()),
    ],
)
def test_first_answers_decide(told: list[str], right: bool | None, named: tuple[str, ...]) -> None:
    [step] = steps(entries(*told))
    assert (step.right, step.named) == (right, named)


def test_two_sessions_at_once_are_told_apart() -> None:
    mixed = [*entries("a correct"), *entries("a unknown", turn=OTHER, parts=1), *entries("b correct")]
    assert [(step.turn, step.right) for step in steps(mixed)] == [(TURN, True), (OTHER, False)]


def test_answers_are_added_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "practice.jsonl"
    told = entries("a misconception leaves the bias out", "a correct", "b correct")
    for one in told:
        before = path.read_bytes() if path.exists() else b""
        history.add(path, one)
        assert path.read_bytes().startswith(before)
    assert history.read(path) == (tuple(told), 0)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    "line",
    [
        b'{"practice": 1, "question": "loss", "se',
        b"\xff\xfe\x00rubbish",
        b"[1, 2]",
        b"[" * 5000,
        b'"' + b"x" * 20_000 + b'"',
        json.dumps({"practice": 2, "question": "loss", "new": True}).encode(),
    ],
)
def test_a_damaged_line_or_a_newer_one_is_passed_over_and_stays(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "practice.jsonl"
    [one, other] = entries("a correct", "b correct")
    history.add(path, one)
    path.write_bytes(path.read_bytes() + line)  # cut off, without an end of the line
    history.add(path, other)
    assert history.read(path) == ((one, other), 1)
    assert line in path.read_bytes()


@pytest.mark.parametrize(
    "changed",
    [
        {"question": "gone"},
        {"difficulty": "brutal"},
        {"seed": "7"},
        {"parts": 0},
        {"mistakes": "leaves"},
        {"practice": None},
        {"again": None},
    ],
)
def test_a_line_about_what_there_is_not_is_passed_over(tmp_path: Path, changed: dict[str, object]) -> None:
    path = tmp_path / "practice.jsonl"
    history.add(path, entries("a correct")[0])
    line = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(line | changed) + "\n" + json.dumps(line | {"more": 1}) + "\r\n", encoding="utf-8")
    assert history.read(path) == (tuple(entries("a correct")), 1)


def test_a_place_that_cannot_be_read_or_written_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BpkitError, match="expected a file that can be written"):
        history.add(tmp_path, entries("a correct")[0])
    with pytest.raises(BpkitError, match="expected a file that can be read"):
        history.read(tmp_path)


def test_the_file_stands_beside_the_answers_of_the_lessons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BPKIT_PROGRESS")
    assert history.usual_file() == Path.home() / ".bpkit" / "practice.jsonl"
    monkeypatch.setenv("BPKIT_PROGRESS", str(tmp_path / "mine.json"))
    assert history.usual_file() == tmp_path / "practice.jsonl"
    monkeypatch.setenv("BPKIT_PROGRESS", "")
    assert history.usual_file() is None


# In signs


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{\partial E}{\partial w_{12}}", "∂E/∂w₁₂"),
        (r"\mathit{out} = \frac{1}{1 + e^{- \mathit{net}}}", "out = 1/(1 + e^(−net))"),
        (r"E = \sum \frac{\left(y - \mathit{out}\right)^{2}}{2}", "E = Σ (y − out)²/2"),
        (r"w_{1}^{\text{new}} = w_{1} - \eta \cdot g", "new w₁ = w₁ − η · g"),
        (r"\mathit{net}_{h2,1}", "net(h2,1)"),
        (r"10^{-5}", "10⁻⁵"),
        (r"10^k \leq |a| < 10^{k+1}", "10^k ≤ |a| < 10^(k + 1)"),
        (r"\max\left(0, \mathit{net}_{h1}\right)", "max(0, net(h1))"),
        (r"\frac{|-0.1 - (-0.2)|}{0.2}", "|−0.1 − (−0.2)|/0.2"),
        (r"\begin{cases} 1 & \text{for}\: x > 0 \\0 & \text{otherwise} \end{cases}", "{1 for x > 0; 0 otherwise"),
        (r"\sqrt{\hat{v}_{w_{1}}} + \epsilon", "√(v\u0302(w₁)) + ε"),
        (r"\ln{\left(1 + e^{\mathit{net}} \right)}", "ln(1 + e^net)"),
    ],
)
def test_a_formula_in_signs(latex: str, text: str) -> None:
    assert in_signs(latex) == text


@pytest.mark.parametrize("one", TERMINAL, ids=lambda one: one.id)
def test_no_markup_is_left_in_what_a_terminal_shows(one: Question) -> None:
    exercise = bp.exercises.generate(one.id, seed=4, difficulty="medium")
    shown = [in_terminal(exercise.question, 80), solution(Turn(one.id, 4, "medium"), 80)]
    shown += [asked(part, f"{letter}) ", 80) for letter, part in exercise.parts.items()]
    for text in shown:
        assert not re.search(r"[$`\\]|\*\*|\{[a-z]{2,}|\| --- ", text), text
        for encoding in ("cp1252", "cp437", "ascii", "utf-8"):
            assert fitting(text, encoding).encode(encoding)
    assert max(map(len, in_terminal(exercise.content.tell().replace("|", ""), 80).splitlines())) <= 120


def test_signs_that_a_terminal_lacks_are_written_with_those_it_has() -> None:
    assert fitting("∂E/∂w₅ = −0.5 · x₁ ✓", "ascii") == "dE/dw5 = -0.5 * x1 +"
    assert fitting("∂E/∂w₅", "utf-8") == "∂E/∂w₅"
    assert fitting("0.5 · 2", "cp1252") == "0.5 · 2"
    assert fitting("∂", None) == "∂"
    assert fitting("∂", "no such code") == "d"


# In the terminal


def typed(part: Part, answer: object = None) -> str:
    """An answer as a learner types it."""
    answer = part.answer if answer is None else answer
    if isinstance(part, NumberPart):
        return f"{answer:#.{part.digits}g}"
    return ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def run(path: Path, *lines: str, wanted: Sequence[str] = ()) -> Result:
    return CliRunner().invoke(
        main, ["practice", *wanted, "--file", str(path)], input="".join(f"{line}\n" for line in lines)
    )


@pytest.mark.parametrize("one", TERMINAL if THOROUGH else TERMINAL[::4], ids=lambda one: one.id)
def test_every_question_is_answered_in_the_terminal(tmp_path: Path, one: Question) -> None:
    """Right answers are right, and the next question has other numbers."""
    path = tmp_path / "p.jsonl"
    first = following([], [one])
    answers = [typed(part) for part in first.exercise.content.parts]
    result = run(path, *answers, "q", wanted=[one.id])
    assert result.exit_code == 0, result.output
    assert "1 of 1 right at the first answer." in result.output
    assert "Question 2" in result.output
    [step] = steps(history.read(path)[0])
    assert (step.turn, step.right) == (first, True)


def test_a_mistake_is_named_kept_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    turn = following([], pool_of("output-weight"))
    [part] = turn.exercise.content.parts
    wrong = next(one for one in part.wrong if one.name == "forgets the output slope")
    result = run(path, typed(part, wrong.answer), typed(part), "q", wanted=["output-weight"])
    assert "you get" in result.output
    assert "leave out the slope of the output" in result.output
    assert "✓ Right." in result.output
    assert "0 of 1 right at the first answer. 1 mistake will come back next time." in result.output
    standing = CliRunner().invoke(main, ["practice", "--standing", "--file", str(path)]).output
    assert re.search(r"^output layer +1 +0 +easy$", standing, re.MULTILINE)
    assert "to leave out the slope of the output" in standing
    done = list(steps(history.read(path)[0]))
    done += [Step(Turn("what-costs", place, "easy"), True) for place in range(2)]
    assert following(done, TERMINAL).again == "forgets the output slope"


def test_hint_and_solution_wait_for_a_try(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    [part] = following([], pool_of("loss")).exercise.content.parts
    assert isinstance(part, NumberPart)
    result = run(path, "", "?", "s", "rubbish", "?", "123.4", "?", "?", "s", "q", wanted=["loss"])
    assert result.output.count("Try an answer first") == 3
    assert "I cannot read 'rubbish' as a number" in result.output
    shown, answer, rest = result.output.partition("The answer: ")
    assert part.shown() not in shown
    assert rest.startswith(f"E = {part.shown()}")
    assert answer
    assert "Line (1)" in shown
    assert [one.verdict for one in history.read(path)[0]] == ["unknown", "hint", "hint", "solution"]
    assert "Question 2" in rest


def test_a_question_or_a_part_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    parts = following([], pool_of("net-and-out")).exercise.content.parts
    run(path, "n", "q", wanted=["net-and-out"])
    [step] = steps(history.read(path)[0])
    assert step.right is None
    other = tmp_path / "other.jsonl"
    result = run(other, "p", typed(parts[1]), "q", wanted=["net-and-out"])
    assert "Question 2" in result.output
    assert [(one.part, one.verdict) for one in history.read(other)[0]] == [("b", "correct")]


def test_what_was_skipped_is_not_counted_as_answered(tmp_path: Path) -> None:
    skipped = run(tmp_path / "none.jsonl", "n", "n", "q", wanted=["loss"])
    assert skipped.output.endswith("No question answered.\n")
    [part] = following([], pool_of("loss")).exercise.content.parts
    some = run(tmp_path / "some.jsonl", typed(part), "n", "n", "q", wanted=["loss"])
    assert "Question 4" in some.output
    assert some.output.endswith("1 of 1 right at the first answer.\n")
    missed = run(tmp_path / "missed.jsonl", "n", "0.1234", "n", "q", wanted=["loss"])
    assert "0 of 1 right at the first answer." in missed.output


def test_the_header_says_when_hints_and_solution_come(tmp_path: Path) -> None:
    shown = run(tmp_path / "p.jsonl", "", "q", wanted=["loss"]).output
    assert shown.count("s worked solution (after a try)") == 2


@pytest.mark.parametrize("how", ["number", "words"])
def test_one_of_a_list_is_typed_by_its_number_or_in_words(tmp_path: Path, how: str) -> None:
    path = tmp_path / "p.jsonl"
    parts = following([], pool_of("what-stays")).exercise.content.parts
    lines = [
        str(part.options.index(part.answer) + 1) if how == "number" else part.answer.upper()
        for part in parts
        if isinstance(part, ExactPart)
    ]
    assert "1 of 1 right" in run(path, *lines, "q", wanted=["what", "stays"]).output


@pytest.mark.parametrize("end", ["q", "Q", "quit", None])
def test_it_ends_when_the_learner_stops(tmp_path: Path, end: str | None) -> None:
    path = tmp_path / "p.jsonl"
    result = run(path, *([end] if end else []))
    assert result.exit_code == 0
    assert result.output.endswith("No question answered.\n")
    assert not path.exists()
    assert f"Your answers are kept in {path}." in result.output


def test_ctrl_c_ends_it_and_keeps_what_was_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_prompt: str) -> str:
        if path.exists():
            raise KeyboardInterrupt
        return "0.1234"

    path = tmp_path / "p.jsonl"
    monkeypatch.setattr("builtins.input", interrupted)
    result = run(path)
    assert result.exit_code == 0
    assert "0 of 1 right at the first answer." in result.output
    assert len(history.read(path)[0]) == 1


def test_what_stands_in_the_file_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    first = run(path, "0.1234", "q").output
    path.write_bytes(path.read_bytes() + b"damaged")
    second = run(path, "q").output
    assert "1 of the lines in" in second
    assert re.findall("Question 1.*\n.*\n\n(.*)", first) != re.findall("Question 1.*\n.*\n\n(.*)", second)


def test_the_questions_go_on_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    result = run(tmp_path / "file" / "p.jsonl", "0.1234", "0.1234", "q")
    assert result.exit_code == 0
    assert result.output.count("From here on your answers are not kept.") == 1
    assert "0 of 1 right at the first answer." in result.output


def test_a_topic_that_there_is_not_is_one_line(tmp_path: Path) -> None:
    result = run(tmp_path / "p.jsonl", wanted=["hiden", "layer"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: practice: expected a topic or a question")
    assert "'hidden layer'" in result.output


def test_output_to_a_pipe_is_plain_and_quiet_when_that_closes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from bpkit.cli import main; main()", "practice", "--file", str(tmp_path / "p")]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.write(b"0.5\nn\n" * 200)
            process.stdin.close()
        said = process.stderr.read()
    assert line.startswith(b"Your answers are kept in ")
    assert said == b""
    found = subprocess.run(
        command, input=b"0.5\n", capture_output=True, env=os.environ | {"PYTHONIOENCODING": "cp1252"}, check=True
    )
    assert b"\x1b" not in found.stdout
    assert found.stderr == b""
    assert "parameter" in found.stdout.decode("cp1252")


# On the page


def shown(app: object) -> str:
    return f"{app!r} {app.bundles()} {app.told} {app.spec}"  # type: ignore[attr-defined]


def test_the_page_goes_from_question_to_question() -> None:
    app = bp.exercises.practice()
    assert app.told["why"] == "A new topic: forward. Level: easy."
    assert app.told["counts"] == ""
    titles = []
    for count in range(1, 4):
        titles.append(app.told["draw"]["title"])
        parts = app.state.exercise.parts
        assert not any(typed(part) in shown(app) for part in parts.values() if isinstance(part, NumberPart))
        app.answer(**{letter: typed(part) for letter, part in parts.items()})
        assert app.told["score"] == "All correct."
        assert app.told["counts"] == f"{count} of {count} right at the first answer."
        app.again()
        assert app.state.typed == ("",) * len(app.state.exercise.parts)
    assert len(set(titles)) == 3
    assert app.told["waits"] == []


def test_the_page_brings_a_mistake_back() -> None:
    app = bp.exercises.practice("output layer")
    part = app.state.exercise.content.parts[0]
    wrong = next(one for one in part.wrong if one.name == "forgets the output slope")
    app.answer(a=typed(part, wrong.answer))
    assert app.told["waits"] == ["to leave out the slope of the output"]
    for _ in range(3):
        app.again()
    assert app.told["why"].startswith("Back to an earlier mistake: to leave out the slope of the output.")
    assert "forgets the output slope" in app.state.exercise.declared


def test_another_topic_is_another_question() -> None:
    app = bp.exercises.practice("hidden-weight")
    assert app.topic.options[0] == "hidden-weight"
    assert app.state.exercise.id == "hidden-weight"
    app.topic.value = "pictures"
    assert app.state.exercise.bank.topic == "pictures"
    assert app.told["why"] == "A new topic: pictures. Level: easy."
    app.topic.value = ""
    assert app.state.exercise.bank.topic == "forward"
    assert {"forward", "pictures", ""} <= set(app.topic.options)
    assert "code" not in app.topic.options


def test_the_page_refuses_what_is_no_topic() -> None:
    with pytest.raises(BpkitError, match="practice: expected a topic or a question"):
        bp.exercises.practice("nonsense")


def test_a_notebook_and_a_terminal_keep_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only in a notebook; a file that cannot be read or written is said, and the questions go on."""
    monkeypatch.setenv("BPKIT_PROGRESS", str(tmp_path / "progress.json"))
    bp.exercises.practice().again()
    assert not (tmp_path / "practice.jsonl").exists()
    monkeypatch.setattr(progress_file, "notebook", lambda: "practice")  # as in a kernel
    app = bp.exercises.practice()
    app.again()
    app.answer(a="0.1234")
    app.hint("a")
    kept, _ = history.read(tmp_path / "practice.jsonl")
    assert [one.verdict for one in kept] == ["skipped", "unknown", "hint"]
    later = bp.exercises.practice()
    assert later.told["counts"] == ""
    assert later.state.exercise.id == following(steps(kept), EVERYTHING).question
    (tmp_path / "practice.jsonl").unlink()
    (tmp_path / "practice.jsonl").mkdir()
    app.again()
    app.again()
    assert "expected a file that can be written" in app.told["counts"]
    assert "expected a file that can be read" in bp.exercises.practice().told["counts"]
