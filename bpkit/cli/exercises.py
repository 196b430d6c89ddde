"""The instructor's commands for what is handed out: ``bpkit exercises`` lists, previews and makes questions."""

from __future__ import annotations

from pathlib import Path

import click

from bpkit.cli.terminal import bar
from bpkit.core.errors import BpkitError
from bpkit.exercises.editions import COMMON, DEFAULT, EACH
from bpkit.exercises.editions.pdf import browser, print_pages
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.drawing import LEVELS
from bpkit.exercises.questions.generation import generate
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.files import visible
from bpkit.exercises.sheets.roster import Roster, numbered, read_roster
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS, chosen
from bpkit.exercises.sheets.tables import MOST_BYTES, table_text


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
