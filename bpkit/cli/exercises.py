"""The instructor's commands for what is handed out: ``bpkit exercises`` lists, previews and makes questions."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bpkit.cli.instructor_steps import next_steps
from bpkit.cli.terminal import bar, columns, say
from bpkit.exercises.editions import ALL, BANKS, DEFAULT, EDITIONS, MANY, check_editions, zips_of
from bpkit.exercises.editions.bank import VARIANTS
from bpkit.exercises.editions.forecast import forecast, notice, told
from bpkit.exercises.editions.pages import shown, solution_page, tolerance
from bpkit.exercises.editions.pdf import PAPERS, browser, files, print_class
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.friendly_problems import LEVELS
from bpkit.exercises.questions.generation import remarks
from bpkit.exercises.questions.languages import english_words
from bpkit.exercises.sheets.codes import with_code
from bpkit.exercises.sheets.cohort import Seat, plan
from bpkit.exercises.sheets.files import visible, write
from bpkit.exercises.sheets.key import Key, read_key
from bpkit.exercises.sheets.roster import Roster, numbered, roster_file
from bpkit.exercises.sheets.settings import PLAIN, settings_file
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS, chosen
from bpkit.show.in_terminal import in_terminal

FILE = click.Path(path_type=Path, dir_okay=False)
SHEET = "A TOML file: title, date, order, points, language, questions of your own."


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
    click.echo(f"* on the sheet that you get if you name no questions. Editions: {', '.join(EDITIONS)}.")


@exercises.command(short_help="Show one question with numbers.")
@click.argument("question", default="")
@click.option("--sheet", type=FILE, help=SHEET)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same numbers.")
@click.option("--difficulty", type=click.Choice(LEVELS), help="medium if neither this nor the file says it.")
@click.option("--solution", is_flag=True, help="Show the answer and the worked solution too.")
def preview(question: str, sheet: Path | None, seed: int, difficulty: str | None, solution: bool) -> None:
    """Show one QUESTION of the bank with numbers: hidden-weight if none is named.

    With --sheet the question may be one of your own; without a name you see the whole sheet. What an own question
    breaks of the guarantees that the bank keeps is said below it.
    """
    said = settings_file(sheet) if sheet else PLAIN
    ids = (question,) if question else chosen(settings=said) if sheet else ("hidden-weight",)
    if said.title or said.date:
        click.echo(" · ".join(filter(None, (visible(said.title), visible(said.date)))))
    for number, id in enumerate(ids, 1):
        if number > 1:
            click.echo()
        _show(said.drawn(id, seed, difficulty or said.difficulty or "medium"), solution)


def _show(exercise: Exercise, solution: bool) -> None:
    """A question as practice in the terminal shows it, and what is to be said about it."""
    points = f"{exercise.points:g} point{'' if exercise.points == 1 else 's'}"
    text = in_terminal(exercise.question.partition("\n\n")[2], columns())
    say(f"{exercise.id}: {visible(exercise.bank.title)} ({points})", "", text)
    if solution:
        answers = in_terminal(exercise.answers._repr_markdown_(), columns())
        several = "s" if len(exercise.parts) > 1 else ""
        say("", f"Answer{several}:", answers, "", "Solution:", str(exercise.solution))
        say("", f"Mistakes that it brings to light: {', '.join(exercise.declared) or 'none by name'}.")
    for remark in remarks(exercise):
        say(f"{exercise.id}: {remark}")


@exercises.command(short_help="Make a class's sheets, solutions and key.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files, byte for byte.")
@click.option(
    "--learners",
    default="1",
    show_default=True,
    metavar="N|ROSTER",
    help="How many learners, or a file with their names: .csv, .xlsx, or a list.",
)
@click.option("--sheet", type=FILE, help=SHEET)
@click.option("--topics", default="", help="Topics, separated by commas; see `bpkit exercises list`.")
@click.option("--questions", "wanted", default="", help="Questions, separated by commas, in this order.")
@click.option("--difficulty", type=click.Choice(LEVELS), help="medium if neither this nor the file says it.")
@click.option(
    "--editions",
    default=",".join(DEFAULT),
    show_default=True,
    help=f"Instead of the usual two: some of {', '.join(EDITIONS)}, separated by commas, or {ALL}.",
)
@click.option(
    "--variants",
    default=VARIANTS,
    show_default=True,
    help=f"Of each question in a question bank: {', '.join(BANKS)}.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("exercises"), show_default=True)
@click.option(
    "--zip/--no-zip",
    "wish",
    default=None,
    help=f"Editions but the learners' notebooks in a zip each; done anyway for more than {MANY} learners.",
)
@click.option("--pdf", is_flag=True, help="Print the class's sheets, solutions and marking keys to PDF, by a browser.")
@click.option("--paper", type=click.Choice(tuple(PAPERS)), default="A4", show_default=True, help="The paper of --pdf.")
@click.option("--jobs", type=int, default=None, help="Processes; all processors if left out.")
@click.option("--force", is_flag=True, help="Overwrite files with other content.")
@click.option("--dry-run", is_flag=True, help="Show who was read and what would be written, and write nothing.")
def new(
    seed: int,
    learners: str,
    sheet: Path | None,
    topics: str,
    wanted: str,
    difficulty: str | None,
    editions: str,
    variants: int,
    out: Path,
    wish: bool | None,
    pdf: bool,
    paper: str,
    jobs: int | None,
    force: bool,
    dry_run: bool,
) -> None:
    """Make a class's sheets: a notebook for each learner, solutions, the key, and the editions that you name.

    A roster is a list with a name on each line, or a table as a learning system or a spreadsheet saves it, in CSV or as
    an Excel workbook, with headers such as Name, First name, Vorname, Student ID or E-mail. A column headed seed gives
    seeds of their own. With --dry-run you see who was read, and which files would be written.

    A file in TOML says more about the sheet (--sheet): title, date, order, points, language, and questions of your
    own. What you write on the command line counts more than what is in the file. If a question of yours breaks a
    guarantee, you are told.

    If it was interrupted, start it again with the same options: what is written stays, the rest follows. A learner who
    comes later is added to the roster; then the same command makes only the missing files.

    Of a large class you get the solutions, the printable pages and the nbgrader copies in a zip each (--zip): unpack it
    where it is, and the folders are there.

    With --pdf you get files for a copy shop: the sheets of all learners one after the other, each beginning on a leaf
    of its own, their solutions, and a marking key for each. The code on a sheet brings back whose it is; see
    `bpkit exercises find`.

    An edition for a question bank holds so many variants of each question (--variants), whoever is in the class. The
    nbgrader edition has a notebook for `nbgrader generate_assignment`. For several learners it also has a copy for each
    of them, with numbers of their own. Hand out these copies instead of the release, and name learners in the roster by
    their nbgrader ids.
    """
    said = settings_file(sheet) if sheet else PLAIN
    roster = _roster(learners)
    ids = chosen(_words(topics), _words(wanted), said)
    made = plan(roster, seed, ids, difficulty or said.difficulty or "medium", said)
    kinds = check_editions([*_words(editions), *(["printable"] if pdf else [])])
    zips = zips_of(len(made.seats), wish, ["printable"] if pdf else [])  # a browser prints files
    look = f"--sheet {shlex.quote(str(sheet))} --seed {made.seats[0].seed}" if sheet else ""
    look += f" --difficulty {difficulty}" if difficulty else ""
    warned = notice(made, f"`bpkit exercises preview {look}` tells")
    english = english_words(said.language)
    if dry_run:
        read = None if learners.isdecimal() else roster
        for line in told(forecast(made, out, kinds, read, pdf, zips=zips), read, out, force):
            click.echo(line)
        for line in filter(None, (warned, english)):
            click.echo(line)
        return
    if not learners.isdecimal():
        click.echo(visible(str(roster)))
    if pdf:
        browser()  # asked for first: a class of pages is made before one is printed
    done = produce(made, out, seed, kinds, force, jobs, bar, variants, zips)
    if pdf:
        slugs = [seat.slug for seat in done.plan.seats]
        for _ in bar(print_class(out / "printable", slugs, paper, force), files(len(slugs)), "printing"):
            pass
    click.echo(f"{done!r}.\n")
    for line in filter(None, (warned, english)):
        click.echo(f"{line}\n")
    for step in next_steps(out, kinds, len(made.seats), pdf, zips):
        click.echo(step)


@exercises.command(short_help="Find whose sheet has a code.")
@click.argument("code")
@click.option("--key", "place", type=click.Path(path_type=Path), default=Path("exercises/key"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the solutions into this folder.")
@click.option("--force", is_flag=True, help="Overwrite files with other content.")
def find(code: str, place: Path, out: Path | None, force: bool) -> None:
    """Show whose sheet has the CODE that is printed on it, and its answers; so you can mark paper without names.

    You need not mind case or dashes, and O is read as 0.
    """
    key = read_key(place)
    found = with_code(key, code)
    if len(found) > 1:
        click.echo(f"{len(found)} learners have this sheet, because their questions have the same numbers.")
    for seat in found:
        _show_sheet(key, seat)
        if out:
            target = out / f"{seat.slug}.html"
            write(target, solution_page(key.sheet(seat.slug)), force)
            click.echo(f"The solutions are in {target}.")


def _show_sheet(key: Key, seat: Seat) -> None:
    """A learner, and each question of their sheet with its answers and points."""
    sheet = key.sheet(seat.slug)
    worths = key.worths(sheet)
    number = f" (ID {visible(seat.id)})" if seat.id else ""
    click.echo(f"{sheet.code}: {visible(seat.learner)}{number}, {sum(worths.values()):g} points")
    for place, exercise in enumerate(sheet, 1):
        click.echo(f"  {place}. {exercise.bank.title}")
        for own, (where, _) in sheet.places.items():
            if where == place:
                room = f" {tolerance(sheet.parts[own])}".rstrip()
                click.echo(f"     {own:<4}{shown(sheet.parts[own])}{room}, worth {worths[own]:g}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _roster(text: str) -> Roster:
    """So many learners, or those of a roster's file."""
    return numbered(int(text)) if text.isdecimal() else roster_file(Path(text))
