"""What an instructor asks for with the controls, and the pages that follow from it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import counted
from bpkit.exercises.editions import DEFAULT
from bpkit.exercises.editions.forecast import forecast, notice
from bpkit.exercises.editions.produce import Produced
from bpkit.exercises.editions.shown_question import address, asked, given, own
from bpkit.exercises.panels.tables_and_links import csv_table, download
from bpkit.exercises.panels.working import Progress, on_a_page
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.generation import remarks
from bpkit.exercises.sheets.cohort import Plan, Seat, plan
from bpkit.exercises.sheets.roster import MOST_NAMED, Roster, read_roster
from bpkit.exercises.sheets.settings import PLAIN, Settings
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS
from bpkit.exercises.templates import table
from bpkit.show.markup import as_html, image

MOST_NAMES = 200  # in the list of whose sheet to look at
ZIP = "exercises"


@dataclass(frozen=True)
class Setup:
    """What to make: the plan of the class and the roster (if there is one) and seed that it came from, the editions,
    where to, whether to overwrite.
    """

    plan: Plan
    roster: Roster | None
    seed: int
    editions: tuple[str, ...]
    out: Path
    force: bool


@dataclass(frozen=True)
class State:
    """What is asked for (or why that cannot be), the exercise that is looked at, and how far the work is."""

    setup: Setup | None
    problem: str
    preview: Exercise | None
    whose: str
    solved: bool
    roster: bool
    progress: Progress


@lru_cache(maxsize=4)
def read(text: str, source: str = "") -> Roster:
    """The roster, read once; ``source`` says of its file what is unusual about it.

    >>> read("Ada Ash").people[0].name
    'Ada Ash'
    """
    return read_roster(text, source)


@lru_cache(maxsize=4)
def planned(
    learners: int | Roster, seed: int, questions: tuple[str, ...], difficulty: str, settings: Settings = PLAIN
) -> Plan:
    """The plan, made once for what does not change while the work goes on.

    >>> planned(2, 7, ("loss",), "easy") is planned(2, 7, ("loss",), "easy")
    True
    """
    return plan(learners, seed, questions, difficulty, settings)


@lru_cache(maxsize=64)
def drawn(id: str, seed: int, difficulty: str, redraw: int, settings: Settings = PLAIN) -> Exercise:
    """The exercise to look at, drawn once.

    >>> drawn("loss", 7, "easy", 0) is drawn("loss", 7, "easy", 0)
    True
    """
    return settings.drawn(id, seed, difficulty, redraw)


def seat_of(made: Plan, slug: str | None) -> Seat:
    """The learner of that file name, else the first.

    >>> made = plan("Ada Ash")
    >>> seat_of(made, "ada-ash").learner, seat_of(made, None).learner
    ('Ada Ash', 'Ada Ash')
    """
    return next((seat for seat in made.seats if seat.slug == slug), made.seats[0])


def redraw_of(progress: Progress, setup: Setup, seat: Seat, id: str) -> int:
    """How often this question was drawn again for this learner, as far as that is known."""
    done = progress.result
    known = done.plan if isinstance(done, Produced) and done.plan.seats == setup.plan.seats else setup.plan
    return known.redraws_of(seat.slug).get(id, 0)


def questions_of(state: State) -> tuple[tuple[str, str], ...]:
    if state.setup is None:
        return ()
    known = state.setup.plan.settings.known
    return tuple((f"{number}. {known[id].title}", id) for number, id in enumerate(state.setup.plan.questions, 1))


def people_of(state: State) -> tuple[tuple[str, str], ...]:
    return tuple((seat.learner, seat.slug) for seat in state.setup.plan.seats[:MOST_NAMES]) if state.setup else ()


def roster_html(state: State) -> str:
    """What was read of the roster, and what was left out."""
    roster = state.setup.roster if state.setup else None
    if not roster:
        return ""
    words = roster.words(lambda header: f"<em>{escape(header)}</em>")
    others = "".join(f"<li>{escape(what)}</li>" for what in roster.left_out[MOST_NAMED:])
    more = f"<details><summary>The others that were left out</summary><ul>{others}</ul></details>" if others else ""
    return f"<div role='status'>{words}. {escape(roster.others)}</div>{more}"


def forecast_html(state: State) -> str:
    """What the button would do, as ``--dry-run`` says it; nothing while it works."""
    setup = state.setup
    if setup is None or state.progress.running:
        return ""
    try:
        made = forecast(setup.plan, setup.out, setup.editions, setup.roster, more=(f"{ZIP}.zip",))
    except BpkitError:  # the message line says it
        return ""
    tables = "".join(table(one.caption, one.head, one.rows) for one in made.tables)
    words = escape(on_a_page(made.found(setup.force)))
    summary = f"{counted(len(made.files), 'file')} for the folder {escape(str(setup.out))}. {words}"
    warned = notice(setup.plan, "The preview tells")
    more = f"<p><em>{escape(warned)}</em></p>" if warned else ""
    return f"<details><summary>{summary}</summary>{tables}</details>{more}"


def command_of(state: State) -> str:
    """The line for a terminal that makes the same files."""
    if state.setup is None:
        return ""
    made, setup = state.setup.plan, state.setup
    learners = "roster.csv" if state.roster else str(len(made.seats))
    said = made.settings
    options = [
        ("--seed", str(setup.seed), "0"),
        ("--learners", learners, "1"),
        ("--sheet", "sheet.toml" if said != PLAIN else "", ""),
        ("--questions", ",".join(made.questions), ",".join(said.questions or DEFAULT_QUESTIONS)),
        ("--difficulty", made.difficulty, said.difficulty or "medium"),
        ("--editions", ",".join(setup.editions), ",".join(DEFAULT)),
        ("--out", str(setup.out), "exercises"),
    ]
    words = [word for option, value, usual in options if value != usual for word in (option, value)]
    return shlex.join(["bpkit", "exercises", "new", *words, *(["--force"] if setup.force else [])])


@lru_cache(maxsize=8)
def preview_html(exercise: Exercise, solved: bool) -> str:
    """A question as the learner reads it; with its answers and the worked solution when asked for."""
    drawing = own(exercise)
    picture = image(address(drawing), drawing.caption) if drawing else ""
    text = picture + as_html(f"{given(exercise)}\n\n{asked(exercise)}")
    text += "".join(f"<p><em>{escape(remark)}</em></p>" for remark in remarks(exercise))
    if not solved:
        return text
    reveals = escape(", ".join(exercise.declared) or "nothing by name")
    worked = as_html(exercise.solution._repr_markdown_())
    answered = f"<p><b>Answer{'s' * (len(exercise.parts) > 1)}</b></p>{as_html(str(exercise.answers))}"
    answered += f"<p>Mistakes that it brings to light: {reveals}.</p>"
    return f"{text}{answered}<p><b>Worked solution</b></p>{worked}"


def report_html(state: State) -> str:
    """After the work: what to do with what, the zip to save, and how alike the sheets are."""
    done = state.progress.result
    if not isinstance(done, Produced):
        return ""
    folder = escape(done.folder.as_posix())
    link = download(done.folder / f"{ZIP}.zip", "Download all as one zip")
    what = (
        f"<p>In <b>{folder}</b>: hand out <b>learners</b>; keep <b>key</b> and <b>solutions</b> to yourself, and the "
        "zip, which has all of them in it.</p>"
    )
    return link + what + csv_table("How alike the sheets are", done.fairness)
