"""The instructor's commands: ``bpkit exercises``, ``bpkit mark`` and ``bpkit doctor``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from bpkit.core.errors import BpkitError
from bpkit.exercises.bank import QUESTIONS
from bpkit.exercises.cohort import plan
from bpkit.exercises.doctor import examine, mended_copy, repaired
from bpkit.exercises.drawing import LEVELS
from bpkit.exercises.editions import COMMON, DEFAULT, EACH
from bpkit.exercises.editions.pdf import browser, print_pages
from bpkit.exercises.files import counted, visible, write
from bpkit.exercises.generation import generate
from bpkit.exercises.key import read_key
from bpkit.exercises.marked import handed_in, marking, reports, settled
from bpkit.exercises.marking import Marked
from bpkit.exercises.produce import produce
from bpkit.exercises.roster import Roster, numbered, read_roster
from bpkit.exercises.sheet import DEFAULT_QUESTIONS, chosen
from bpkit.exercises.submissions import Unreadable
from bpkit.exercises.tables import MOST_BYTES, table_text


def register(group: click.Group) -> None:
    """Add the commands to the command line."""
    for command in (exercises, mark, doctor):
        group.add_command(command)


def bar(work: Iterator[Any], total: int, what: str) -> Iterable[Any]:
    """A progress bar on the terminal, none where output goes to a file or the work is short."""
    progress: Iterable[Any] = tqdm(work, total=total, desc=what, unit="", disable=None if total > 5 else True)
    return progress


@click.group(short_help="Questions with new numbers, and sheets for a class.")
def exercises() -> None:
    """Draw exercises: list the bank, preview a question, make a class's sheets."""


@exercises.command("list")
def list_() -> None:
    """List the questions of the bank by topic."""
    for topic in dict.fromkeys(question.topic for question in QUESTIONS):
        click.echo(topic)
        for question in QUESTIONS:
            if question.topic == topic:
                mine = " *" if question.id in DEFAULT_QUESTIONS else ""
                click.echo(f"  {question.id:<16} {question.title}{mine}")
    click.echo(f"* on the sheet that you get if you name no questions. Editions: {', '.join([*EACH, *COMMON])}.")


@exercises.command(short_help="Show one question with numbers.")
@click.argument("question", default="hidden-weight")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same numbers.")
@click.option("--difficulty", type=click.Choice(LEVELS), default="medium", show_default=True)
@click.option("--solution", is_flag=True, help="Show the answer and the worked solution too.")
def preview(question: str, seed: int, difficulty: str, solution: bool) -> None:
    """Show one QUESTION of the bank with numbers: hidden-weight if none is named."""
    exercise = generate(question, seed=seed, difficulty=difficulty)
    click.echo(repr(exercise))
    if solution:
        click.echo(f"\nAnswer: {exercise.answer}\n\n{exercise.solution}")
        click.echo(f"\nMistakes that it brings to light: {', '.join(exercise.declared)}")


@exercises.command(short_help="Make a class's sheets, solutions and key.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files, byte for byte.")
@click.option(
    "--learners",
    default="1",
    show_default=True,
    metavar="N|ROSTER.csv",
    help="How many learners, or a file with their names.",
)
@click.option("--topics", default="", help="Topics, separated by commas; see `bpkit exercises list`.")
@click.option("--questions", "wanted", default="", help="Questions, separated by commas, in this order.")
@click.option("--difficulty", type=click.Choice(LEVELS), default="medium", show_default=True)
@click.option("--editions", default=",".join(DEFAULT), show_default=True, help="Editions, separated by commas.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("exercises"), show_default=True)
@click.option("--pdf", is_flag=True, help="Print the pages of the printable edition to PDF, by an installed browser.")
@click.option("--jobs", type=int, default=None, help="Processes; all processors if left out.")
@click.option("--force", is_flag=True, help="Overwrite files with other content.")
def new(
    seed: int,
    learners: str,
    topics: str,
    wanted: str,
    difficulty: str,
    editions: str,
    out: Path,
    pdf: bool,
    jobs: int | None,
    force: bool,
) -> None:
    """Make a class's sheets: a notebook for each learner, solutions, the key, and the editions that you name.

    A roster is a list with a name on each line, or a table in CSV as a learning system or a spreadsheet saves it, with
    headers such as Name, First name, Vorname, Student ID or E-mail. A column headed seed gives seeds of their own.

    If it was interrupted, start it again with the same options, and it goes on.

    The nbgrader edition has a notebook for `nbgrader generate_assignment`. For several learners it also has a copy for
    each of them, with numbers of their own. Hand out these copies instead of the release, and name learners in the
    roster by their nbgrader ids.
    """
    roster = _roster(learners)
    made = plan(roster, seed, chosen(_words(topics), _words(wanted)), difficulty)
    if not learners.isdecimal():
        click.echo(visible(str(roster)))
    if pdf:
        browser()  # asked for first: a class of pages is made before one is printed
    kinds = [*_words(editions), *(["printable"] if pdf else [])]
    done = produce(made, out, seed, kinds, force, jobs, bar)
    pages = sorted((out / "printable").rglob("*.html")) if pdf else []
    for _ in bar(print_pages(pages, force), len(pages), "printing"):
        pass
    click.echo(f"{done!r}. See {out}; the key, for you alone, is {out / 'key'}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _roster(text: str) -> Roster:
    """So many learners, or those of a roster's file."""
    if text.isdecimal():
        return numbered(int(text))
    try:
        with Path(text).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BpkitError(
            f"learners: expected a number or a roster in CSV, got {text!r} ({error.strerror}); "
            "write for example --learners 30"
        ) from None
    return read_roster(table_text(content))


@click.command(short_help="Mark what learners handed in, without running it.")
@click.argument("submissions", type=click.Path(path_type=Path), default=Path("submissions"))
@click.option("--key", "key_path", type=click.Path(path_type=Path), default=Path("exercises/key"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("marked"), show_default=True)
@click.option("--jobs", type=int, default=None, help="Processes; all processors if left out.")
@click.option("--force", is_flag=True, help="Overwrite earlier results of the learners that you mark again.")
def mark(submissions: Path, key_path: Path, out: Path, jobs: int | None, force: bool) -> None:
    """Mark the notebooks in SUBMISSIONS, a folder or a file, without running a line of them.

    Writes marks.csv, with a row for every learner of the key, answers.csv, class.html and a feedback page for each
    learner. If a learner made several attempts, the last one counts. With --force you can mark again, even one late
    file by itself; the rows of all other learners stay.

    To set marks by hand, write a table overrides.csv beside key.json, with the columns learner,question,points,remark.
    Name a question as in marks.csv, such as 2 or 4c. Your marks always count, and the kit never writes this file.
    """
    given = handed_in(submissions, key_path, out)
    results: list[Marked] = list(bar(marking(given, jobs), len(given), "marking"))
    outcome = settled(results, given)
    for name, content in reports(outcome).items():
        write(out / name, content, force)
    click.echo(f"{outcome!r}; see {out / 'class.html'}")
    for marked in outcome.unmarked:
        click.echo(visible(f"  not marked: {marked.where}: {marked.problem}"))
    for one in outcome.standings:
        for other in one.others:
            if other.aside:
                click.echo(visible(f"  {other.where}: {other.aside}"))
    if unclear := sum(len(one.unclear) for one in outcome.good):
        click.echo(f"  {counted(unclear, 'answer')} to look at: see {out / 'class.html'}")
    if outcome.absent:
        click.echo(visible(f"  handed in nothing: {', '.join(outcome.absent)}"))


@click.command(short_help="Find out what is wrong with a notebook, and repair a copy.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--key", "key_path", type=click.Path(path_type=Path), default=None, help="The key, to compare with.")
@click.option("--repair", is_flag=True, help="Write a repaired copy beside each file, NAME.repaired.ipynb.")
@click.option("--force", is_flag=True, help="Overwrite an earlier repaired copy.")
def doctor(files: tuple[Path, ...], key_path: Path | None, repair: bool, force: bool) -> None:
    """Check whether FILES, notebooks that learners edited, can still be marked, and repair copies of them."""
    key = read_key(key_path) if key_path else None
    sick = False
    for path in files:
        said = examine(path, key)
        sick |= not said.markable
        click.echo(repr(said))
        if repair:
            try:
                copy = mended_copy(path)
                write(copy, repaired(path, key), force)
                click.echo(visible(f"  repaired copy: {copy}"))
            except Unreadable as error:
                click.echo(f"  cannot be repaired: {error}")
    if sick:
        raise SystemExit(1)
