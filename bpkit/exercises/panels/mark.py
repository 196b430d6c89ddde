"""Marking by widgets: a folder and a key in, marks, the class's page and everybody's feedback out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from bpkit.apps.controls import Held
from bpkit.apps.panel import View, described
from bpkit.core.errors import BpkitError
from bpkit.exercises.files import counted, slug, write
from bpkit.exercises.marked import absent, handed_in, marking, reports
from bpkit.exercises.marking import Marked
from bpkit.exercises.pack import packing
from bpkit.exercises.panels.markup import STYLE, download
from bpkit.exercises.panels.working import Passes, Progress, Working
from bpkit.exercises.produce import Pass
from bpkit.exercises.report import class_body, feedback_body, listed, table

MOST_ROWS = 300
ZIP = "marked"
WIDE = "90px"


@dataclass(frozen=True)
class Setup:
    """What to mark, by which key, where the results go, whether to overwrite."""

    submissions: Path
    key: Path
    out: Path
    force: bool


@dataclass(frozen=True)
class Result:
    """The marked files, of whom nothing was marked, and why the reports could not be written, if so."""

    results: tuple[Marked, ...]
    missing: tuple[str, ...]
    out: Path
    refused: str = ""

    @property
    def unmarked(self) -> tuple[Marked, ...]:
        """The files that could not be marked."""
        return tuple(marked for marked in self.results if marked.problem)

    def __repr__(self) -> str:
        good = len(self.results) - len(self.unmarked)
        return f"{good} of {counted(len(self.results), 'notebook')} marked; see the folder {self.out}"


@dataclass(frozen=True)
class State:
    """What is asked for, or why that cannot be; whose feedback is looked at; what was uploaded; how far the work is."""

    setup: Setup | None
    problem: str
    whose: Marked | None
    uploaded: str
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
            "force": widgets.Checkbox(description="overwrite earlier results", indent=False, **described()),
            "uploaded": Held(value=""),
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
            "whose": (whose, lambda state: str(state.whose.path) if state.whose else None),
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
        """Uploaded notebooks go into the folder of what was handed in, over no other file."""
        folder = Path(self.control["submissions"].value.strip() or ".")
        put = 0
        try:
            for file in change["new"]:
                put += write(folder / f"{slug(Path(file['name']).stem)}.ipynb", bytes(file["content"]))
            self.control["uploaded"].value = f"{counted(put, 'new file')} in {folder}"
        except (BpkitError, OSError) as error:
            self.control["uploaded"].value = f"{counted(put, 'new file')} in {folder}; then {error}"

    def setup(self, values: Mapping[str, Any]) -> Setup:
        for name in self._given:
            if not values[name].strip():
                raise BpkitError(f"{name}: expected the name of a folder, got none; {self._given[name]} is usual")
        paths = {name: Path(values[name].strip()) for name in self._given}
        return Setup(**paths, force=values["force"])

    def passes(self, setup: Setup) -> Passes:
        paths = handed_in(setup.submissions, setup.key)
        results: list[Marked] = []
        yield Pass("marking", len(paths), map(results.append, marking(paths, setup.key, jobs=1)))
        missing = absent(results, setup.key)
        files, refused = reports(results, missing), [""]
        yield Pass("writing", len(files), _write(files, setup, refused))
        if not refused[0]:
            yield packing(setup.out, list(files), ZIP, setup.force)
        return Result(tuple(results), missing, setup.out, refused[0])

    def read(self, values: Mapping[str, Any]) -> State:
        setup, problem, progress = self.prepared(values)
        good = [one for one in progress.result.results if one.marks] if progress.result else []
        whose = next((one for one in good if str(one.path) == values["whose"]), good[0] if good else None)
        return State(setup, problem, whose, values["uploaded"], progress)

    def note(self, state: State) -> tuple[str, bool]:
        problem = state.progress.problem or state.problem or (state.result.refused if state.result else "")
        if problem:
            return problem.replace("allow overwriting (--force)", "tick “overwrite earlier results”"), True
        return (f"{state.result!r}.", False) if state.result else (state.uploaded, "then" in state.uploaded)

    def words(self, state: State) -> str:
        if state.setup is None:
            return "nothing to mark yet."
        setup = state.setup
        return f"what is in {setup.submissions}, by the key in {setup.key}, into the folder {setup.out}."


def _write(files: Mapping[str, str], setup: Setup, refused: list[str]) -> Iterator[None]:
    """Write reports, until one must not be overwritten: the marks are seen on the page all the same."""
    for name, content in files.items():
        try:
            write(setup.out / name, content, setup.force)
        except BpkitError as error:
            refused[0] = str(error)
            return
        yield


def _people(state: State) -> tuple[tuple[str, str], ...]:
    good = [one for one in state.result.results if one.marks] if state.result else []
    return tuple((f"{one.learner} ({one.path.name})", str(one.path)) for one in good)


def _problems(state: State) -> str:
    """The files that could not be marked, each on a line of its own, and the learners of whom nothing was marked."""
    if not state.result:
        return ""
    lines = [f"<li><b>{escape(m.path.name)}</b>: {escape(m.problem)}</li>" for m in state.result.unmarked]
    text = f"<p>Not marked:</p><ul>{''.join(lines)}</ul>" if lines else ""
    missing = state.result.missing
    return text + (f"<p>Nothing marked of {escape(listed(missing))}.</p>" if missing else "")


def _links(state: State) -> str:
    if not state.result or state.result.refused:
        return ""
    csv = download(state.result.out / "marks.csv", "Download the marks (CSV)")
    return csv + download(state.result.out / f"{ZIP}.zip", "Download everything as one zip")


def _marks(state: State) -> str:
    if not state.result:
        return "<p>Nothing marked yet.</p>"
    good = [one for one in state.result.results if one.marks]
    rows = [
        (one.learner, one.path.name, f"{one.points:g}", f"{one.worth:g}", "; ".join(one.remarks))
        for one in good[:MOST_ROWS]
    ]
    more = f"<p>And {len(good) - MOST_ROWS} more, in marks.csv.</p>" if len(good) > MOST_ROWS else ""
    return table("Marks", ("learner", "file", "points", "of", "remarks"), rows) + more


def _class(state: State) -> str:
    return class_body(state.result.results, state.result.missing) if state.result else "<p>Nothing marked yet.</p>"


def _feedback(state: State) -> str:
    return feedback_body(state.whose) if state.whose else "<p>Nothing marked yet.</p>"
