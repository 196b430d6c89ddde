"""Marking by widgets: from a folder and a key to marks, the class's page and each learner's feedback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from bpkit.core.errors import BpkitError
from bpkit.exercises.editions.pack import packing
from bpkit.exercises.editions.produce import Pass
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.report import class_body, feedback_body
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.marking.whole_class import handed_in, marking, reports, settled
from bpkit.exercises.panels.markup import STYLE, download
from bpkit.exercises.panels.panel import Held, View, described
from bpkit.exercises.panels.working import OVERWRITE, Passes, Progress, Working, on_a_page
from bpkit.exercises.sheets.files import counted, slug, write
from bpkit.exercises.templates import table

MOST_ROWS = 300
ZIP = "marked"
WIDE = "90px"


@dataclass(frozen=True)
class Uploaded:
    """The latest upload in words, whether some of it was refused, and how many there were so far."""

    words: str = ""
    refused: bool = False
    number: int = 0


@dataclass(frozen=True)
class Setup:
    """What to mark, by which key, where the results go, whether to overwrite.

    ``uploads`` counts what was added on the page: after another upload stopped work begins anew.
    """

    submissions: Path
    key: Path
    out: Path
    force: bool
    uploads: int


@dataclass(frozen=True)
class Result:
    """Where everybody stands, and why the reports could not be written, if so."""

    outcome: Outcome
    out: Path
    refused: str = ""

    def __repr__(self) -> str:
        return f"{self.outcome!r}; see the folder {self.out}"


@dataclass(frozen=True)
class State:
    """What is asked for, or why that cannot be; whose feedback is looked at; what was uploaded; how far the work is."""

    setup: Setup | None
    problem: str
    whose: Standing | None
    uploaded: Uploaded
    progress: Progress

    @property
    def result(self) -> Result | None:
        """What came out, once it has."""
        return self.progress.result if isinstance(self.progress.result, Result) else None


class Mark(Working):
    """``mark()``: what learners handed in, marked without running it; the same as ``bpkit mark``."""

    name = "mark"
    start = "Mark"

    def __init__(self, submissions: str = "submissions", key: str = "exercises/key", out: str = "marked") -> None:
        self._given = {"submissions": submissions, "key": key, "out": out}
        super().__init__()

    def controls(self) -> Mapping[str, Any]:
        said = {"submissions": "handed in", "key": "key", "out": "results"}
        how = described(WIDE, "min(100%, 520px)")
        lines = {
            name: widgets.Text(value=value, description=said[name], continuous_update=False, **how)
            for name, value in self._given.items()
        }
        return {
            **lines,
            "force": widgets.Checkbox(description=OVERWRITE, indent=False, **described()),
            "uploaded": Held(value=Uploaded()),
            "whose": widgets.Dropdown(description="learner", **described(WIDE, "min(100%, 420px)")),
        }

    def views(self) -> Mapping[str, View]:
        whose = self.control["whose"]
        self.shows = {name: widgets.HTML() for name in ("problems", "links", "marks", "class", "feedback")}
        for view in self.shows.values():
            view.add_class("bpkit-report")
        makers = {"problems": _problems, "links": _links, "marks": _marks, "class": _class, "feedback": _feedback}
        return {
            **self.working_views(),
            "people": (whose, _people, "options"),
            "whose": (whose, lambda state: _place(state.whose) if state.whose else None),
            **{name: (self.shows[name], make) for name, make in makers.items()},
        }

    def page(self) -> Sequence[widgets.Widget]:
        self.upload = widgets.FileUpload(
            accept=".ipynb",
            multiple=True,
            description="Upload notebooks",
            layout={"width": "190px"},
        )
        self.upload.observe(self._take, "value")
        self.tabs = widgets.Tab(
            [
                widgets.VBox([self.view["marks"]]),
                widgets.VBox([self.view["class"]]),
                widgets.VBox([self.control["whose"], self.view["feedback"]]),
            ],
            titles=("Marks", "The class", "A learner"),
        )
        return [
            widgets.HTML(STYLE),
            widgets.HBox([self.control["submissions"], self.upload], layout={"flex_flow": "row wrap"}),
            self.control["key"],
            widgets.HBox([self.control["out"], self.control["force"]], layout={"flex_flow": "row wrap"}),
            *self.work_rows(),
            self.view["problems"],
            self.view["links"],
            self.tabs,
        ]

    def _take(self, change: Any) -> None:
        """Uploaded notebooks go into the folder of what was handed in, over no other file unless that is ticked."""
        if not change["new"]:
            return
        folder = Path(self.control["submissions"].value.strip() or ".")
        put: dict[Path, bool] = {}
        refused = []
        for file in change["new"]:
            path = folder / f"{slug(Path(file['name']).stem)}.ipynb"
            try:  # never over another file of the same upload
                written = write(path, bytes(file["content"]), self.force.value and path not in put)
                put[path] = written or put.get(path, False)
            except ValueError as error:  # a BpkitError, or a name that no file can have
                refused.append(str(error))
        kept = len(put) - sum(put.values())
        words = f"{counted(sum(put.values()), 'new file')} in {folder}" + (f", {kept} there already" if kept else "")
        if refused:
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            words += f"; not taken: {refused[0]}, then upload again{more}"
        self.control["uploaded"].value = Uploaded(words, bool(refused), self.uploaded.value.number + 1)
        self.upload.value = ()  # the same file again is an upload too

    def setup(self, values: Mapping[str, Any]) -> Setup:
        for name in self._given:
            if not values[name].strip():
                raise BpkitError(f"{name}: expected the name of a folder, got none; {self._given[name]} is usual")
        paths = {name: Path(values[name].strip()) for name in self._given}
        return Setup(**paths, force=values["force"], uploads=values["uploaded"].number)

    def passes(self, setup: Setup) -> Passes:
        given = handed_in(setup.submissions, setup.key, setup.out)
        results: list[Marked] = []
        yield Pass("marking", len(given), map(results.append, marking(given, jobs=1)))
        outcome = settled(results, given)
        files, refused = reports(outcome), [""]
        yield Pass("writing", len(files), _write(files, setup, refused))
        if not refused[0]:
            yield packing(setup.out, list(files), ZIP, setup.force)
        return Result(outcome, setup.out, refused[0])

    def read(self, values: Mapping[str, Any]) -> State:
        setup, problem, progress = self.prepared(values)
        good = progress.result.outcome.good if progress.result else ()
        whose = next((one for one in good if _place(one) == values["whose"]), good[0] if good else None)
        return State(setup, problem, whose, values["uploaded"], progress)

    def note(self, state: State) -> tuple[str, bool]:
        """What went wrong, what was uploaded since the last start, and what came out."""
        problem = state.progress.problem or state.problem or (state.result.refused if state.result else "")
        new = state.uploaded if state.uploaded.number > (self._setup.uploads if self._setup else 0) else Uploaded()
        result = repr(state.result) if state.result and not problem else ""
        said = [words for words in (problem, new.words, result) if words]
        return on_a_page(f"{'. '.join(said)}." if said else ""), bool(problem or new.refused)

    def words(self, state: State) -> str:
        if state.setup is None:
            return "nothing to mark yet."
        setup = state.setup
        what = f"marks what is in the folder {setup.submissions} with the key in {setup.key}"
        return f"{what}; the results go into the folder {setup.out}."


def _write(files: Mapping[str, str], setup: Setup, refused: list[str]) -> Iterator[None]:
    """Write reports, until one must not be overwritten: the page still shows the marks."""
    for name, content in files.items():
        try:
            write(setup.out / name, content, setup.force)
        except BpkitError as error:
            refused[0] = str(error)
            return
        yield


def _people(state: State) -> tuple[tuple[str, str], ...]:
    good = state.result.outcome.good if state.result else ()
    return tuple((f"{one.learner} ({one.where or 'nothing handed in'})", _place(one)) for one in good)


def _place(one: Standing) -> str:
    return one.where or one.slug


def _problems(state: State) -> str:
    """The files that could not be marked, each on a line of its own, and the learners who handed in nothing."""
    if not state.result:
        return ""
    outcome = state.result.outcome
    lines = [f"<li><b>{escape(m.where)}</b>: {escape(m.problem)}</li>" for m in outcome.unmarked]
    text = f"<p>Not marked:</p><ul>{''.join(lines)}</ul>" if lines else ""
    return text + (f"<p>Handed in nothing: {escape(', '.join(outcome.absent))}.</p>" if outcome.absent else "")


def _links(state: State) -> str:
    if not state.result or state.result.refused:
        return ""
    csv = download(state.result.out / "marks.csv", "Download the marks (CSV)")
    return csv + download(state.result.out / f"{ZIP}.zip", "Download everything as one zip")


def _marks(state: State) -> str:
    if not state.result:
        return "<p>Nothing marked yet.</p>"
    good = state.result.outcome.good
    rows = [
        (one.learner, one.where, f"{one.points:g}", f"{one.of:g}", "; ".join((*one.remarks, *one.notes)))
        for one in good[:MOST_ROWS]
    ]
    more = f"<p>And {len(good) - MOST_ROWS} more, in marks.csv.</p>" if len(good) > MOST_ROWS else ""
    return table("Marks", ("learner", "file", "points", "of", "remarks"), rows) + more


def _class(state: State) -> str:
    return class_body(state.result.outcome) if state.result else "<p>Nothing marked yet.</p>"


def _feedback(state: State) -> str:
    return feedback_body(state.whose) if state.whose else "<p>Nothing marked yet.</p>"
