"""The instructor's commands for what comes back: ``bpkit mark`` and ``bpkit doctor``."""

from __future__ import annotations

from pathlib import Path

import click

from bpkit.cli.terminal import bar
from bpkit.core.errors import BpkitError
from bpkit.core.spelling import counted
from bpkit.exercises.marking import overview
from bpkit.exercises.marking.archives import Unreadable
from bpkit.exercises.marking.doctor import examine, mended_copy, repaired
from bpkit.exercises.marking.gradebooks.export import open_gradebook
from bpkit.exercises.marking.gradebooks.feedback_zip import MOODLE_ZIP, moodle_feedback
from bpkit.exercises.marking.gradebooks.filling_report import Filled
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.policy import ATTEMPTS, COUNT, make_policy
from bpkit.exercises.marking.results import Results
from bpkit.exercises.marking.submissions import entries_in, entry_of
from bpkit.exercises.marking.whole_class import handed_in, marking, report_names, settled, workers, write_reports
from bpkit.exercises.sheets.files import visible, write
from bpkit.exercises.sheets.key import read_key


@click.command(short_help="Mark what learners handed in, without running it.")
@click.argument("submissions", type=click.Path(path_type=Path), default=Path("submissions"))
@click.option("--key", "key_path", type=click.Path(path_type=Path), default=Path("exercises/key"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("marked"), show_default=True)
@click.option("--jobs", type=int, default=None, help="Processes; all processors if left out.")
@click.option("--solutions", is_flag=True, help="Put the worked solutions into the feedback pages.")
@click.option("--gradebook", type=click.Path(path_type=Path), help="A gradebook's export, to fill in a copy of it.")
@click.option("--column", default="", help="The column to fill in; the only one without marks if left out.")
@click.option("--attempts", type=click.Choice(ATTEMPTS), default=ATTEMPTS[0], show_default=True)
@click.option("--due", default="", metavar="DATE", help="A date such as 2026-12-01, or “2026-12-01 18:00”.")
@click.option("--late", default=COUNT, show_default=True, help="count, refuse, or 20% to take off from late work.")
@click.option("--dry-run", is_flag=True, help="Show whose each file is and what you would get; write nothing.")
@click.option("--force", is_flag=True, help="Overwrite pages in the folder of the results that you have changed.")
def mark(
    submissions: Path,
    key_path: Path,
    out: Path,
    jobs: int | None,
    solutions: bool,
    gradebook: Path | None,
    column: str,
    attempts: str,
    due: str,
    late: str,
    dry_run: bool,
    force: bool,
) -> None:
    """Mark the notebooks in SUBMISSIONS, without running a line of them: a folder, a file, or the zip that you
    downloaded from Moodle or Canvas, with all folders and zips in it.

    Writes marks.csv, with a row for every learner of the key, answers.csv, class.html and a feedback page for each
    learner. You can mark again, even one late file by itself; the rows of all other learners stay.

    If a learner made several attempts, the last one counts, or the best or the first with --attempts. Files after --due
    are late; so are those that Canvas calls LATE. They count, unless --late says otherwise. The date of a file is the
    one in the zip, or the one on your disk. A date alone means the end of that day, in your time zone; another one is
    written 2026-12-01T18:00+01:00.

    To set marks by hand, write a table overrides.csv beside key.json, with the columns learner,question,points,remark.
    Name a learner by the name or the roster's id, and a question as in marks.csv, such as 4c; 4 is the whole question,
    and points the whole sheet. Your marks always count, for late work too, and the kit never writes this file.

    With --gradebook you get your gradebook back, in the folder of the results and ready to upload: the export of Moodle
    (also the grading worksheet), Canvas, Blackboard or Brightspace, any table in CSV or Excel, or nbgrader's
    gradebook.db. One column has the marks, all else stays as it was. If notebooks come in Moodle's folders, you also
    get moodle_feedback.zip, for “Upload multiple feedback files in a zip”.
    """
    if column and not gradebook:
        raise BpkitError("column: expected a gradebook that has this column, got none; name it with --gradebook EXPORT")
    book = open_gradebook(gradebook, out, column) if gradebook else None
    given = handed_in(submissions, key_path, out, make_policy(attempts, due, late))
    for line in overview.understood(given):
        click.echo(visible(line))
    with workers(given, jobs) as run:
        marked: list[Marked] = list(bar(marking(given, run), len(given), "marking"))
        outcome, results = settled(marked, given), Results(out, force)
        filled = book.filled(outcome) if book else None
        names = report_names(outcome)
        every = [*names, *overview.beside_reports(outcome, filled)]
        for line in overview.found(outcome):
            click.echo(visible(line))
        if dry_run:
            for where, learner, what in overview.files(outcome):
                click.echo(visible(f"  {where}: {f'{learner}, ' if learner else ''}{what}"))
            _say(filled, out)
            results.check(every)
            click.echo(overview.would_write(every, out))
            return
        results.check(every)
        for _ in bar(write_reports(outcome, results, solutions, run), len(names), "writing"):
            pass
    click.echo(f"{outcome!r}; see {out / 'class.html'}")
    for file in outcome.unmarked:
        click.echo(visible(f"  not marked: {file.where}: {file.problem}"))
    for one in outcome.standings:
        for other in one.others:
            if other.aside:
                click.echo(visible(f"  {other.where}: {other.aside}"))
    if unclear := sum(len(one.unclear) for one in outcome.good):
        click.echo(f"  {counted(unclear, 'answer')} to look at: see {out / 'class.html'}")
    if outcome.absent:
        click.echo(visible(f"  handed in nothing: {overview.absent(outcome)}"))
    if feedback := moodle_feedback(outcome, out):
        results.write(MOODLE_ZIP, feedback)
        click.echo(f"  feedback for Moodle: {out / MOODLE_ZIP}")
    if filled:
        results.write(filled.name, filled.content)
        _say(filled, out)
    results.close()
    for line in overview.next_steps(outcome, out, key_path, bool(book)):
        click.echo(visible(line))


def _say(filled: Filled | None, out: Path) -> None:
    """What came of the gradebook."""
    if filled:
        first, *others = filled.said
        for line in (f"{out / filled.name}: {first}", *(f"  {other}" for other in others)):
            click.echo(visible(line))


@click.command(short_help="Find out what is wrong with a notebook, and repair a copy.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--key", "key_path", type=click.Path(path_type=Path), default=None, help="The key, to compare with.")
@click.option("--repair", is_flag=True, help="Write a repaired copy beside each file, NAME.repaired.ipynb.")
@click.option("--force", is_flag=True, help="Overwrite an earlier repaired copy.")
def doctor(files: tuple[Path, ...], key_path: Path | None, repair: bool, force: bool) -> None:
    """Check whether FILES, notebooks that learners edited or zips of them, can still be marked, and repair copies of
    them.
    """
    key = read_key(key_path) if key_path else None
    sick = False
    for entry in (one for path in files for one in (entries_in(path) if path.is_file() else [entry_of(path)])):
        said = examine(entry, key)
        sick |= not said.markable
        click.echo(repr(said))
        if repair:
            try:
                if entry.way:
                    raise Unreadable("it is in an archive; unpack it, then repair the file")
                copy = mended_copy(entry.path)
                write(copy, repaired(entry.path, key), force)
                click.echo(visible(f"  repaired copy: {copy}"))
            except Unreadable as error:
                click.echo(f"  cannot be repaired: {error}")
    if sick:
        raise SystemExit(1)
