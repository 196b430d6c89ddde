"""Says whether an edited notebook can still be marked, without a kernel, and repairs a copy of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bpkit.exercises.editions.notebooks import KERNEL, blank_answer, code_cell
from bpkit.exercises.marking.archives import Entry, Unreadable
from bpkit.exercises.marking.copies import ENDING, REPAIRED, bare
from bpkit.exercises.marking.submissions import Submission, about_of, read_notebook, read_submission, source_of
from bpkit.exercises.marking.whose import Owner, owner_of, tasks_of
from bpkit.exercises.questions.answers import NotRead, answers_in
from bpkit.exercises.questions.judging import judge_all
from bpkit.exercises.questions.written import FunctionPart
from bpkit.exercises.sheets.files import visible
from bpkit.exercises.sheets.key import Key
from bpkit.exercises.sheets.sheet import Sheet, open_sheet

MANY = 200  # answers that a sheet can ask for


@dataclass(frozen=True)
class Checkup:
    """What is wrong with a file; ``markable`` when its answers can be read and it is known whose they are."""

    path: Path
    markable: bool
    findings: tuple[str, ...]
    name: str = ""

    def __repr__(self) -> str:
        head = f"{self.name or self.path.name}: {'can be marked' if self.markable else 'cannot be marked'}"
        return "\n".join(map(visible, [head, *(f"  - {finding}" for finding in self.findings)]))


def examine(file: Path | Entry, key: Key | None = None) -> Checkup:
    """Look a notebook over: lost, copied, split, renamed, retyped cells, lost metadata, answers that are no values."""
    path, name = (file.path, file.name if file.way else "") if isinstance(file, Entry) else (file, "")
    try:
        submission = read_submission(file)
    except Unreadable as error:
        return Checkup(path, False, (str(error),), name)
    findings = [*submission.remarks, *(f"{one.key}: {one.value.why}" for one in submission.astray.values())]
    markable = True
    if not submission.about:
        findings.append("the notebook has lost its own data; only its numbers or its file name can show whose it is")
    if key and (problem := _owner(submission, key).problem):
        findings.append(problem)
        markable = False
    sheet = sheet_of(submission, key)
    if sheet is None:
        findings.append("the cell with the numbers of the questions is lost or changed; its checks no longer work")
    claimed = submission.about.get("answers")
    expected = list(sheet.parts) if sheet else list(map(str, claimed if isinstance(claimed, list) else ()))[:MANY]
    findings += _about_cells(submission, expected)
    findings += _about_answers(submission, sheet)
    if not submission.answers:
        findings.append("there is no answer cell in it")
        markable = False
    return Checkup(path, markable, tuple(dict.fromkeys(findings)), name)


def sheet_of(submission: Submission, key: Key | None) -> Sheet | None:
    """The questions that a notebook is about: from the key, else from its own cell with the numbers."""
    owner = _owner(submission, key) if key else Owner()
    if key and owner.seat and not owner.problem:
        return key.sheet(owner.seat.slug)
    try:
        tasks = tasks_of(submission)
        sheet = open_sheet({"tasks": tasks}) if tasks else None
        return sheet if sheet and sheet.parts else None
    except Exception:  # a learner's own data may hold anything; whatever is wrong, they are no sheet
        return None


def _owner(submission: Submission, key: Key) -> Owner:
    path = submission.path
    return owner_of(submission, key, PurePosixPath(path.parent.name, path.name, submission.inside).as_posix())


def mended_copy(path: Path) -> Path:
    """Where the repaired copy of a notebook goes: beside it, where marking takes it for the file itself.

    >>> mended_copy(Path("ada-ash.ipynb")).name
    'ada-ash.repaired.ipynb'
    """
    return path.with_name(f"{bare(path.name)}{REPAIRED}{ENDING}")


def _about_cells(submission: Submission, expected: list[str]) -> Iterator[str]:
    cells: dict[str, list[int]] = {}
    ids: dict[str, list[int]] = {}
    for number, cell in enumerate(submission.cells, 1):
        about = about_of(cell)
        if isinstance(cell.get("id"), str):
            ids.setdefault(cell["id"], []).append(number)
        if about.get("kind") != "answer":
            continue
        name = str(about.get("key"))
        cells.setdefault(name, []).append(number)
        inside = [found.key for found in answers_in(source_of(cell), number, "code") if found.key and found.text]
        if not inside:
            yield f"the answer cell of {name} (cell {number}) holds no line answers[{json.dumps(name)}] = .."
        elif name not in inside:
            yield f"the answer cell of {name} (cell {number}) was renamed to {', '.join(inside)}"
    for name, places in (*cells.items(), *ids.items()):
        if len(places) > 1:
            yield f"{name} is in several cells: {', '.join(map(str, places))}"
    for name in expected:
        if name not in submission.answers:
            yield f"the answer {name} is lost"
    if expected and (others := [name for name in submission.answers if name not in expected]):
        yield f"answers that the sheet does not ask for: {', '.join(others)}"


def _about_answers(submission: Submission, sheet: Sheet | None) -> Iterator[str]:
    for name, found in submission.answers.items():
        part = sheet.parts.get(name) if sheet else None
        if isinstance(part, FunctionPart):
            continue
        if isinstance(found.value, NotRead):
            yield f"{name}: {found.value.why}"
        elif part:
            said = judge_all({name: part}, {name: found.value})[name]
            if said.verdict == "unreadable":
                yield f"{name}: {said.message}"


def repaired(path: Path, key: Key | None = None) -> str:
    """A copy that can be marked: answer cells made code again, their data put back, lost ones added, copies dropped.

    No answer is changed. Raises ``Unreadable`` for a file that is no notebook.
    """
    notebook = read_notebook(path)
    submission = read_submission(path)
    sheet = sheet_of(submission, key)
    seen: set[str] = set()
    cells = []
    for number, cell in enumerate(submission.cells, 1):
        fixed: dict[str, Any] = {
            **cell,
            "metadata": dict(cell["metadata"]) if isinstance(cell.get("metadata"), dict) else {},
        }
        inside = [found for found in answers_in(source_of(cell), number, str(cell.get("cell_type"))) if found.key]
        if len(inside) == 1:
            name = inside[0].key
            if submission.answers[name].cell != number and inside[0].text in (
                "None",
                "...",
                submission.answers[name].text,
            ):
                continue
            fixed["metadata"]["bpkit"] = {"kind": "answer", "key": name}
            fixed |= {"cell_type": "code", "execution_count": fixed.get("execution_count")}
            fixed["outputs"] = fixed.get("outputs", [])
            fixed.pop("attachments", None)
        if not isinstance(fixed.get("id"), str) or fixed["id"] in seen:
            fixed["id"] = f"cell-{number}"
        seen.add(fixed["id"])
        cells.append(fixed)
    for name, part in sheet.parts.items() if sheet else ():
        if name not in submission.answers:
            cells.append(code_cell(f"answer-{name}-added", blank_answer(name, part), {"kind": "answer", "key": name}))
    metadata = notebook["metadata"] if isinstance(notebook.get("metadata"), dict) else {}
    about: dict[str, Any] = dict(submission.about)
    if sheet:
        about |= {"schema": 1, "kind": "learner", "answers": list(sheet.parts), "fingerprint": sheet.fingerprint}
        about |= {"questions": [exercise.id for exercise in sheet]}
        about["learner"] = sheet.learner or about.get("learner", "")
    whole = {"cells": cells, "metadata": {**KERNEL, **metadata, "bpkit": about}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
