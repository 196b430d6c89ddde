"""The instructor's commands for what comes back: ``bpkit mark`` and ``bpkit doctor``."""

from __future__ import annotations

from pathlib import Path

import click

from bpkit.cli.terminal import bar
from bpkit.exercises.marking.doctor import examine, mended_copy, repaired
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.submissions import Unreadable
from bpkit.exercises.marking.whole_class import handed_in, marking, reports, settled
from bpkit.exercises.sheets.files import counted, visible, write
from bpkit.exercises.sheets.key import read_key


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
