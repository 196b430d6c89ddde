"""Marking by widgets: from a folder and a key to marks, the class's page and each learner's feedback."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import counted
from bpkit.exercises.editions.pack import packing
from bpkit.exercises.editions.produce import Pass
from bpkit.exercises.marking import overview
from bpkit.exercises.marking.archives import ENDINGS
from bpkit.exercises.marking.feedback_page import feedback_body
from bpkit.exercises.marking.gradebooks.export import open_gradebook
from bpkit.exercises.marking.gradebooks.feedback_zip import MOODLE_ZIP, moodle_feedback
from bpkit.exercises.marking.gradebooks.filling_report import Filled
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.policy import ATTEMPTS, COUNT, Policy, make_policy
from bpkit.exercises.marking.report import class_body
from bpkit.exercises.marking.results import Results
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.marking.whole_class import (
    PAGE,
    handed_in,
    marking,
    pages_of,
    report_names,
    settled,
    write_reports,
)
from bpkit.exercises.panels.panel import Held, View, described
from bpkit.exercises.panels.tables_and_links import STYLE, download
from bpkit.exercises.panels.working import OVERWRITE, Passes, Progress, Working, on_a_page
from bpkit.exercises.sheets.files import slug, write
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
    """What to mark, by which key and policy, where the results go, whether to write them, and to overwrite.

    ``gradebook`` is an export to fill in, if any, and ``column`` names the column in it. ``uploads`` counts what was
    added on the page: after another upload stopped work begins anew.
    """

    submissions: Path
    key: Path
    out: Path
    policy: Policy
    gradebook: str
    column: str
    dry: bool
    force: bool
    uploads: int


@dataclass(frozen=True)
class Result:
    """The results of all, what was understood, and why the reports could not be written, if so.

    ``dry`` says what would have been written, where nothing was to be.
    """

    outcome: Outcome
    out: Path
    understood: tuple[str, ...] = ()
    refused: str = ""
    dry: str = ""
    filled: Filled | None = None

    def __repr__(self) -> str:
        return f"{self.outcome!r}; {self.dry or f'see the folder {self.out}'}".rstrip(".")


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
        policy = {
            "attempts": widgets.Dropdown(options=ATTEMPTS, description="attempt", **described(WIDE, "200px")),
            "due": widgets.Text(
                placeholder="2026-12-01 18:00", description="due", continuous_update=False, **described("40px", "220px")
            ),
            "late": widgets.Combobox(
                value=COUNT,
                options=(COUNT, "refuse", "10%", "20%", "50%"),
                description="late work",
                continuous_update=False,
                **described("70px", "180px"),
            ),
            "dry": widgets.Checkbox(description="dry run: write nothing", indent=False, **described()),
        }
        gradebook = {
            "gradebook": widgets.Text(
                placeholder="its export, if you want it filled in", description="gradebook", **how
            ),
            "column": widgets.Text(
                placeholder="the only one without marks", description="column", **described("60px", "300px")
            ),
        }
        for field in gradebook.values():
            field.continuous_update = False
        return {
            **lines,
            **policy,
            **gradebook,
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
            accept=",".join((".ipynb", ".json", ".txt", *ENDINGS)),
            multiple=True,
            description="Upload notebooks or zips",
            layout={"width": "230px"},
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
            widgets.HBox(
                [self.control[name] for name in ("attempts", "due", "late")], layout={"flex_flow": "row wrap"}
            ),
            widgets.HBox([self.control[name] for name in ("gradebook", "column")], layout={"flex_flow": "row wrap"}),
            widgets.HBox([self.control[name] for name in ("out", "force", "dry")], layout={"flex_flow": "row wrap"}),
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
            path = folder / file_name(file["name"])
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
        policy = make_policy(values["attempts"], values["due"], values["late"])
        return Setup(
            **paths,
            policy=policy,
            gradebook=values["gradebook"].strip(),
            column=values["column"].strip(),
            dry=values["dry"],
            force=values["force"],
            uploads=values["uploaded"].number,
        )

    def passes(self, setup: Setup) -> Passes:
        book = open_gradebook(Path(setup.gradebook), setup.out, setup.column) if setup.gradebook else None
        given = handed_in(setup.submissions, setup.key, setup.out, setup.policy)
        marked: list[Marked] = []
        yield Pass("marking", len(given), map(marked.append, marking(given)))
        outcome = settled(marked, given)
        filled = book.filled(outcome) if book else None
        understood = (*overview.understood(given), *overview.found(outcome), *(filled.said if filled else ()))
        names, refused, results = report_names(outcome), [""], Results(setup.out, setup.force)
        every = [*names, *overview.beside_reports(outcome, filled)]
        if setup.dry:
            return Result(outcome, setup.out, understood, dry=overview.would_write(every, setup.out))
        yield Pass("writing", len(names), _write(outcome, results, every, refused, filled))
        if not refused[0]:
            pages = (PAGE.format(name) for name, _ in pages_of(outcome))  # those of earlier runs too
            whole = [name for name in dict.fromkeys((*names, *pages)) if (setup.out / name).is_file()]
            yield packing(setup.out, whole, ZIP, setup.force or results.own(f"{ZIP}.zip"))
            results.remember(f"{ZIP}.zip")
            understood = (*understood, *overview.next_steps(outcome, setup.out, setup.key))
        return Result(outcome, setup.out, understood, refused[0], filled=filled)

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


def file_name(name: str) -> str:
    """The name under which an uploaded file is kept: it leaves no folder, and says all that the kit reads from names.

    >>> file_name("../Ada L.ipynb"), file_name("ashada_LATE_51_678_hw-1.ipynb"), file_name("all.zip")
    ('ada-l.ipynb', 'ashada_LATE_51_678_hw-1.ipynb', 'all.zip')
    """
    plain = re.sub(r'[<>:"|?*\x00-\x1f]', "-", re.split(r"[\\/]", name)[-1]).strip(" .")
    if plain and (plain.lower().endswith(ENDINGS) or re.search(r"_\d+_", plain)):
        return plain[-200:]
    return f"{slug(Path(plain).stem)}.ipynb"


def _write(
    outcome: Outcome, results: Results, names: Sequence[str], refused: list[str], filled: Filled | None
) -> Iterator[None]:
    """Write reports, unless one must not be overwritten: the page still shows the marks."""
    try:
        results.check(names)
        for _ in write_reports(outcome, results):
            yield
        if feedback := moodle_feedback(outcome, results.folder):
            results.write(MOODLE_ZIP, feedback)
        if filled:
            results.write(filled.name, filled.content)
        results.close()
    except BpkitError as error:
        refused[0] = str(error)


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
    said = "".join(f"<p>{escape(line)}</p>" for line in state.result.understood)
    lines = [f"<li><b>{escape(m.where)}</b>: {escape(m.problem)}</li>" for m in outcome.unmarked]
    text = f"<p>Not marked:</p><ul>{''.join(lines)}</ul>" if lines else ""
    return said + text + (f"<p>Handed in nothing: {escape(overview.absent(outcome))}.</p>" if outcome.absent else "")


def _links(state: State) -> str:
    if not state.result or state.result.refused or state.result.dry:
        return ""
    out, filled = state.result.out, state.result.filled
    links = download(out / "marks.csv", "Download the marks (CSV)")
    links += download(out / filled.name, "Download the gradebook") if filled else ""
    links += download(out / MOODLE_ZIP, "Download the feedback for Moodle") if (out / MOODLE_ZIP).is_file() else ""
    return links + download(out / f"{ZIP}.zip", "Download everything as one zip")


def _marks(state: State) -> str:
    if not state.result:
        return "<p>Nothing marked yet.</p>"
    if state.result.dry:
        files = list(overview.files(state.result.outcome))
        return table("Files", overview.HEAD, files[:MOST_ROWS])
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
    if not (state.whose and state.result):
        return "<p>Nothing marked yet.</p>"
    return feedback_body(state.whose, state.result.outcome.key)
