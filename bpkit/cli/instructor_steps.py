"""What an instructor does with a class's files: the last lines of ``bpkit exercises new``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from bpkit.exercises.editions import EACH, EDITIONS, NBGRADER, archive_of, nbgrader

SHARED = """Copy {source} into the folder source of your course and run `nbgrader generate_assignment {name}`."""
EACH_OWN = f"""{SHARED} Then hand out the copies in {{handout}}, one folder for each learner, instead of the release."""
MARK = """Put what comes back into a folder, as it is, and run `bpkit mark FOLDER --key {key}`."""


def next_steps(
    out: Path, editions: Collection[str], learners: int, pdf: bool = False, zips: Collection[str] = ()
) -> Iterator[str]:
    """What to hand out, what to keep, how to mark, and how to import each edition; a line for each step.

    ``zips`` are the editions whose files are in zips.
    """

    def place(name: str) -> Path:
        return out / (archive_of(f"{name}/", zips) or name)

    if "learner" in editions:
        each = f" {out / 'key' / 'seeds.csv'} says which file is whose." if learners > 1 else ""
        yield f"Hand out {out / 'learners'}: a notebook for each learner.{each}"
    if "printable" in editions:
        sheets = f"{out / 'printable'}/all_sheets*.pdf" if pdf else place("printable/sheets")
        keys = "its folder keys" if "printable" in zips else place("printable/keys")
        inside = ": the pages are in its folder sheets" if "printable" in zips else ""
        yield f"Print {sheets}{inside}; {keys} has a marking key for each sheet."
    hidden: list[Path | str] = [out / "key"]
    hidden += [place(file.folder) for name in EACH if name in editions for file in EACH[name] if file.answers]
    hidden += [f"{out / 'printable'}/all_{name}*.pdf" for name in ("solutions", "keys")] if pdf else []
    kept = _in_words(dict.fromkeys(hidden))
    yield f"Keep {kept} to yourself: the answers are there. Nothing can be marked without the key."
    if "learner" in editions:
        yield f"Mark: {_line(MARK, key=out / 'key')}"
    for name, one in EDITIONS.items():
        if name in editions and one.use:
            where = out / one.bank.file if one.bank else place(one.files[0].folder)
            yield f"{name.capitalize()}: {_line(one.use, place=where)}"
    if NBGRADER in editions:
        source, handout = out / nbgrader.SOURCE, place("nbgrader/handout")
        words = EACH_OWN if learners > 1 else SHARED
        yield f"nbgrader: {_line(words, source=source.parent, handout=handout, name=nbgrader.NAME)}"


def _line(words: str, **places: object) -> str:
    return " ".join(words.format(**places).split("\n"))


def _in_words(places: Collection[Path | str]) -> str:
    *most, last = map(str, places)
    return f"{', '.join(most)} and {last}" if most else last
