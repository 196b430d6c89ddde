"""Writes a class's files: every edition of every sheet, the key, the seeds, the reports; whole files only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from bpkit.core.spelling import counted
from bpkit.exercises.editions import BANKS, DEFAULT, EACH, NBGRADER, archive_of, check_editions, nbgrader
from bpkit.exercises.editions.bank import VARIANTS, check_variants, vary
from bpkit.exercises.sheets.cohort import Plan, Seat, marks_of, seeds_table, settled
from bpkit.exercises.sheets.fairness import Fact, facts, fairness
from bpkit.exercises.sheets.files import csv_text, sweep, write
from bpkit.exercises.sheets.key import key_text, most_points, read_key
from bpkit.exercises.sheets.processes import spread, usable_jobs
from bpkit.exercises.sheets.zips import Zip, only_adds

KEY, FAIRNESS = "key/key.json", "key/fairness.csv"
Watch = Callable[[Iterator[Any], int, str], Iterable[Any]]


def unwatched(work: Iterator[Any], total: int, what: str) -> Iterable[Any]:
    """The work itself, without a progress bar.

    >>> list(unwatched(iter(["ada-ash", "bo"]), 2, "sheets"))
    ['ada-ash', 'bo']
    """
    return work


@dataclass(frozen=True)
class Pass:
    """A stretch of work that does the same for each learner: its name, the number of learners, the work itself.

    ``work`` does one learner's share each time that it is asked for the next.
    """

    what: str
    total: int
    work: Iterator[Any]


@dataclass(frozen=True)
class Produced:
    """What was done: files written, files that were there already with the same content, the plan, its fairness.

    ``files`` names all of them, those that were kept too, as they are called inside ``folder``; ``others`` are sheets
    beside them that are not of this class.
    """

    written: int
    kept: int
    folder: Path
    plan: Plan
    files: tuple[str, ...] = ()
    fairness: str = ""
    others: tuple[str, ...] = ()

    def __repr__(self) -> str:
        kept = f", {self.kept} were there already" if self.kept else ""
        done = f"{counted(self.written, 'file')} written{kept}; {counted(len(self.plan.seats), 'learner')}"
        if not self.others:
            return done
        named = ", ".join(self.others[:3]) + (", ..." if len(self.others) > 3 else "")
        return f"{done}. From before, and not of this class: {named}"


@dataclass(frozen=True)
class _Job:
    """One learner's share of the work, as it is handed to another process."""

    plan: Plan
    seat: Seat
    editions: tuple[str, ...] = ()
    folder: str = ""
    force: bool = False
    zips: tuple[str, ...] = ()
    tasks: tuple[Any, ...] = ()
    handout: tuple[nbgrader.Assignment, nbgrader.Place] | None = None


@dataclass(frozen=True)
class _Drawn:
    """What comes back of a drawn sheet: its tasks, what tells it from others, and its lines in the common files."""

    marks: dict[str, str]
    tasks: tuple[Any, ...]
    answers: list[list[object]]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class _Question:
    """One question's share of the question banks."""

    plan: Plan
    question: str
    seed: int
    variants: int
    banks: tuple[str, ...]


def _draw(job: _Job) -> _Drawn:
    sheet = job.plan.sheet(job.seat)
    answers: list[list[object]] = [
        [sheet.learner, key, sheet[sheet.places[key][0]].id, part.printed] for key, part in sheet.parts.items()
    ]
    return _Drawn(marks_of(sheet), tuple(sheet.data()["tasks"]), answers, facts(sheet))


def _vary(job: _Question) -> dict[str, list[Any]]:
    """What the variants of one question add to each bank."""
    found: dict[str, list[Any]] = {name: [] for name in job.banks}
    for number, exercise in enumerate(vary(job.plan, job.question, job.seed, job.variants), 1):
        for name, rows in found.items():
            rows += BANKS[name].of_exercise(exercise, number)
    return found


def _write(job: _Job) -> dict[str, bool | str | bytes]:
    """Every edition of one learner; for each file whether it was written, or there already, or what goes into a zip."""
    sheet = job.plan.opened(job.seat, job.tasks)
    makers = {
        f"{file.folder}/{job.seat.slug}{file.ending}": file.make for name in job.editions for file in EACH.get(name, ())
    }
    files = {name: make(sheet) for name, make in makers.items()}
    if job.handout:
        files[nbgrader.HANDOUT.format(job.seat.slug)] = nbgrader.handout(sheet, *job.handout)
    return {
        name: content if archive_of(name, job.zips) else write(Path(job.folder, name), content, job.force)
        for name, content in files.items()
    }


def produce(
    plan: Plan,
    folder: Path,
    seed: int,
    editions: Iterable[str] = DEFAULT,
    force: bool = False,
    jobs: int | None = None,
    watch: Watch = unwatched,
    variants: int = VARIANTS,
    zips: tuple[str, ...] = (),
) -> Produced:
    """Write every edition of every learner's sheet, the key, the table of seeds and the fairness report.

    A question bank has so many ``variants`` of each question, however large the class is. ``zips`` are editions whose
    files for each learner go into a zip. Interrupted and started
    again it completes: a file is there whole or not at all, and one with the same content is left alone. Raises
    ``BpkitError`` where a file with other content is in the way, unless ``force`` is given.
    """
    with closing(producing(plan, folder, seed, editions, force, jobs, variants, zips)) as passes:
        while True:
            try:
                one = next(passes)
            except StopIteration as end:
                done: Produced = end.value
                return done
            for _ in watch(one.work, one.total, one.what):
                pass


def producing(
    plan: Plan,
    folder: Path,
    seed: int,
    editions: Iterable[str] = DEFAULT,
    force: bool = False,
    jobs: int | None = None,
    variants: int = VARIANTS,
    zips: tuple[str, ...] = (),
) -> Generator[Pass, None, Produced]:
    """The same as ``produce``, pass by pass, for a caller that does a little work at a time."""
    wanted, count, number = check_editions(editions), len(plan.seats), check_variants(variants)
    banks = tuple(name for name in wanted if name in BANKS)
    sweep(folder)
    # A job carries its own seat alone: a plan of a thousand seats would be sent a thousand times.
    bare = replace(plan, seats=())
    drawn: list[_Drawn] = []
    varied: list[dict[str, list[Any]]] = []
    written: dict[str, bool] = {}
    with spread(usable_jobs(jobs), max(count, number * len(plan.questions) * bool(banks))) as run:
        work = run(_draw, [_Job(bare, seat, wanted) for seat in plan.seats])
        yield Pass("drawing", count, map(drawn.append, work))
        if banks:
            shares = [_Question(bare, question, seed, number, banks) for question in plan.questions]
            yield Pass("question bank", len(shares), map(varied.append, run(_vary, shares)))
        done = settled(plan, [(seat, one.marks) for seat, one in zip(plan.seats, drawn)])
        again = {slug for slug, _, _ in done.redraws}
        drawn = [_draw(_Job(done, seat, wanted)) if seat.slug in again else one for seat, one in zip(plan.seats, drawn)]
        report = fairness([one.facts for one in drawn])
        common = dict(_common(done, drawn, seed))
        # A file that only grows is written anew; whatever a person added to it stops the work before the key changes.
        more = force or _only_more(folder / KEY, common[KEY])
        fair = force or (more and _is(folder / FAIRNESS, fairness(_of_before(folder / KEY, done, drawn))))
        written[FAIRNESS] = write(folder / FAIRNESS, report, fair)
        for name in sorted(common, key=KEY.__eq__):
            grows = more and _only_more(folder / name, common[name])
            written[name] = write(folder / name, common[name], force or grows)
        for name, content in _banks(banks, varied, done):
            written[name] = write(folder / name, content, force)
        handouts: Sequence[Any] = [None] * count
        if NBGRADER in wanted:
            made, places = _assignment(done, drawn)
            text = nbgrader.source(done.opened(done.seats[0], drawn[0].tasks), made)
            written[nbgrader.SOURCE] = write(folder / nbgrader.SOURCE, text, force)
            handouts = [(made, place) for place in places] or handouts
        if any(name in EACH for name in wanted) or any(handouts):
            shared = _Job(bare, plan.seats[0], wanted, str(folder), force, zips)
            each = [
                replace(shared, seat=seat, tasks=one.tasks, handout=handout)
                for seat, one, handout in zip(plan.seats, drawn, handouts)
            ]
            archives: dict[str, Zip] = {}
            yield Pass("writing", count, _taken(run(_write, each), written, archives, zips))
            for name, archive in archives.items():
                content = archive.content()
                written[name] = write(folder / name, content, force or (more and only_adds(folder / name, content)))
    fresh = sum(written.values())
    return Produced(fresh, len(written) - fresh, folder, done, tuple(written), report, _others(folder, done))


def _only_more(path: Path, key: str) -> bool:
    """Is there a key already that this one only adds learners to? Then the files of earlier learners stay."""
    try:
        before = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return {line.rstrip(",") for line in before.splitlines()} <= {line.rstrip(",") for line in key.splitlines()}


def _is(path: Path, text: str) -> bool:
    """Is that what a file says?"""
    return path.is_file() and path.read_bytes() == text.encode()


def _of_before(path: Path, plan: Plan, drawn: Sequence[_Drawn]) -> list[tuple[Fact, ...]]:
    """The facts of the learners whom a key that is there has already."""
    known = read_key(path).by_slug
    return [one.facts for seat, one in zip(plan.seats, drawn) if seat.slug in known]


def _taken(
    work: Iterable[dict[str, bool | str | bytes]],
    written: dict[str, bool],
    archives: dict[str, Zip],
    zips: Collection[str],
) -> Iterator[None]:
    """Learner by learner: what was written is noted, the other files go into their zips."""
    for made in work:
        for name, one in made.items():
            if isinstance(one, bool):
                written[name] = one
            else:
                archive = archive_of(name, zips)
                inside = PurePosixPath(name).relative_to(PurePosixPath(archive).parent)
                archives.setdefault(archive, Zip()).add(str(inside), one)
        yield


def _others(folder: Path, plan: Plan) -> tuple[str, ...]:
    """Sheets in the same folders of learners who are not in the plan, so that you do not hand them out by mistake."""
    mine = {
        f"{file.folder}/{seat.slug}{file.ending}" for seat in plan.seats for files in EACH.values() for file in files
    }
    kinds = {(file.folder, file.ending) for files in EACH.values() for file in files}
    there = (f"{kind}/{path.name}" for kind, ending in sorted(kinds) for path in (folder / kind).glob(f"*{ending}"))
    return tuple(sorted(name for name in there if name not in mine))


def _common(plan: Plan, drawn: list[_Drawn], seed: int) -> Iterator[tuple[str, str]]:
    """The files that are about the whole class: key, seeds, answers."""
    tasks = ((seat, list(one.tasks)) for seat, one in zip(plan.seats, drawn))
    yield KEY, key_text(plan, tasks, seed, _worth(drawn))
    yield "key/seeds.csv", seeds_table(plan)
    rows = [row for one in drawn for row in one.answers]
    yield "key/answers.csv", csv_text([["learner", "key", "question", "answer"], *rows])


def _banks(
    banks: Iterable[str], varied: Sequence[dict[str, list[Any]]], plan: Plan
) -> Iterator[tuple[str, str | bytes]]:
    for name in banks:
        yield BANKS[name].file, BANKS[name].whole([row for one in varied for row in one[name]], plan.settings.title)


def _assignment(plan: Plan, drawn: Sequence[_Drawn]) -> tuple[nbgrader.Assignment, tuple[nbgrader.Place, ...]]:
    learners = [(seat.learner, seat.slug) for seat in plan.seats]
    return nbgrader.assignment(learners, [one.tasks for one in drawn], _worth(drawn))


def _worth(drawn: Iterable[_Drawn]) -> tuple[float, ...]:
    """What each question is marked out of."""
    return most_points([fact.points for fact in one.facts] for one in drawn)
