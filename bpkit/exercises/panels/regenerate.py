"""A class's sheets by widgets: choose questions, seed and learners, look at one, make them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import counted
from bpkit.exercises.editions import DEFAULT, EDITIONS
from bpkit.exercises.editions.pack import packing
from bpkit.exercises.editions.produce import producing
from bpkit.exercises.panels.panel import Held, View, described
from bpkit.exercises.panels.request import (
    ZIP,
    Setup,
    State,
    command_of,
    drawn,
    forecast_html,
    people_of,
    planned,
    preview_html,
    questions_of,
    read,
    redraw_of,
    report_html,
    roster_html,
    seat_of,
)
from bpkit.exercises.panels.tables_and_links import STYLE
from bpkit.exercises.panels.working import OVERWRITE, Passes, WholeNumber, Working, on_a_page, whole_number
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.friendly_problems import LEVELS
from bpkit.exercises.questions.words import in_words
from bpkit.exercises.sheets.roster import opened
from bpkit.exercises.sheets.settings import PLAIN, read_settings
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS

WIDE = "90px"


class Regenerate(Working):
    """``regenerate()``: a class's sheets from one seed; the same as ``bpkit exercises new``, whose line it shows."""

    name = "regenerate"
    start = "Generate"

    def __init__(self, out: str = "exercises") -> None:
        self._out = out
        super().__init__()

    def controls(self) -> Mapping[str, Any]:
        line = described(WIDE, "min(100%, 420px)")
        ticks = {
            question.id: widgets.Checkbox(
                value=question.id in DEFAULT_QUESTIONS,
                description=question.title,
                indent=False,
                tooltip=question.id,
                **described(width="100%"),
            )
            for question in QUESTIONS
        }
        kinds = {
            name: widgets.Checkbox(value=name in DEFAULT, description=one.said, indent=False, **described())
            for name, one in EDITIONS.items()
        }
        return {
            **ticks,
            "seed": WholeNumber(value=0, description="seed", **line),
            "difficulty": widgets.Dropdown(options=LEVELS, value="medium", description="difficulty", **line),
            "learners": WholeNumber(value=1, description="learners", **line),
            "roster": widgets.Textarea(
                description="or a roster",
                placeholder="A name on each line, or a CSV table with headers. Left empty, the learners are numbered.",
                rows=5,
                continuous_update=False,
                **line,
            ),
            "sheet": widgets.Textarea(
                description="sheet.toml",
                placeholder="Title, date, order, points and your own questions, in TOML. Left empty, the ticks decide.",
                rows=3,
                continuous_update=False,
                **line,
            ),
            "refused": Held(value=None),
            "source": Held(value=("", "")),
            **kinds,
            "out": widgets.Text(value=self._out, description="folder", continuous_update=False, **line),
            "force": widgets.Checkbox(description=OVERWRITE, indent=False, **described()),
            "question": widgets.Dropdown(description="question", **described(WIDE, "min(100%, 520px)")),
            "whose": widgets.Dropdown(description="learner", **described(WIDE, "min(100%, 320px)")),
            "solved": widgets.Checkbox(description="with the solution", indent=False, **described()),
        }

    def views(self) -> Mapping[str, View]:
        asked, whose = self.control["question"], self.control["whose"]
        self.command = widgets.Text(description="command", disabled=False, **described(WIDE, "calc(100% - 4px)"))
        preview, report, roster, forecast = (widgets.HTML() for _ in range(4))
        preview.add_class("bpkit-question")
        for one in (report, roster, forecast):
            one.add_class("bpkit-report")
        return {
            **self.working_views(),
            "questions": (asked, questions_of, "options"),
            "question": (asked, lambda state: state.preview.id if state.preview else None),
            "learners": (whose, people_of, "options"),
            "whose": (whose, lambda state: state.whose or None),
            "roster": (roster, roster_html),
            "count": (self.control["learners"], lambda state: state.roster, "disabled"),
            "command": (self.command, command_of),
            "forecast": (forecast, forecast_html),
            "preview": (preview, lambda state: preview_html(state.preview, state.solved) if state.preview else ""),
            "report": (report, report_html),
        }

    def page(self) -> Sequence[widgets.Widget]:
        self.upload = widgets.FileUpload(description="Upload a roster", layout={"width": "190px"})
        self.upload.observe(self._take, "value")
        kinds = widgets.VBox([self.control[name] for name in EDITIONS])
        names = ("seed", "difficulty", "learners", "roster")
        class_ = [_heading("Class"), *(self.control[name] for name in names), self.upload, self.view["roster"]]
        class_ += [_heading("Sheet"), self.control["sheet"]]
        where = [_heading("Editions"), kinds, self.control["out"], self.control["force"]]
        sides = [
            widgets.VBox(
                self._groups(), layout={"flex": "1 1 380px", "max_height": "590px", "overflow": "hidden auto"}
            ),
            widgets.VBox([*class_, *where], layout={"flex": "1 1 380px"}),
        ]
        looked_at = [self.control[name] for name in ("question", "whose", "solved")]
        return [
            widgets.HTML(STYLE),
            widgets.HBox(sides, layout={"flex_flow": "row wrap"}),
            self.command,
            self.view["forecast"],
            *self.work_rows(),
            self.view["report"],
            _heading("Preview"),
            widgets.HBox(looked_at, layout={"flex_flow": "row wrap"}),
            self.view["preview"],
        ]

    def _groups(self) -> list[widgets.Widget]:
        """The questions by topic, each under a button that takes them all or none."""
        rows: list[widgets.Widget] = [_heading("Questions")]
        self.topics = {}
        for topic in dict.fromkeys(question.topic for question in QUESTIONS):
            mine = [question.id for question in QUESTIONS if question.topic == topic]
            button = widgets.Button(
                description=topic,
                tooltip=f"{topic}: all of it, or none",
                layout={"width": "190px", "flex": "0 0 auto", "margin": "6px 2px 0"},
            )
            button.on_click(lambda _button, mine=mine: self.set(**dict.fromkeys(mine, not self._all(mine))))
            self.topics[topic] = button
            rows += [button, *(self.control[id] for id in mine)]
        return rows

    def _all(self, ids: Sequence[str]) -> bool:
        return all(self.control[id].value for id in ids)

    def _take(self, change: Any) -> None:
        """An uploaded roster becomes the text of the roster; one that is refused stops all until it is replaced."""
        for file in change["new"]:
            try:
                one = opened(bytes(file["content"]))
                self.set(roster=one.text, source=(one.text, one.said), refused=None)
            except BpkitError as error:
                self.set(refused=(str(error), self.roster.value, self.learners.value))
        self.upload.value = ()  # the same file once again is an upload too

    def setup(self, values: Mapping[str, Any]) -> Setup:
        order = dict.fromkeys((*DEFAULT_QUESTIONS, *(question.id for question in QUESTIONS)))
        said = read_settings(values["sheet"]) if values["sheet"].strip() else PLAIN
        chosen = said.questions or tuple(id for id in order if values[id])
        if not chosen:
            raise BpkitError("questions: expected at least one, none is ticked; tick one")
        editions = tuple(name for name in EDITIONS if values[name])
        if not editions:
            raise BpkitError("editions: expected at least one, none is ticked; the learners' notebooks are usual")
        out = values["out"].strip()
        if not out:
            raise BpkitError("folder: expected a name, got none; write for example exercises")
        if values["refused"] and values["refused"][1:] == (values["roster"], values["learners"]):
            raise BpkitError(values["refused"][0])
        text, source = values["source"]
        roster = read(values["roster"], source * (values["roster"] == text)) if values["roster"].strip() else None
        seed = whole_number("seed", values["seed"])
        level = said.difficulty or values["difficulty"]
        made = planned(roster or whole_number("learners", values["learners"]), seed, chosen, level, said)
        return Setup(made, roster, seed, editions, Path(out), values["force"])

    def passes(self, setup: Setup) -> Passes:
        done = yield from producing(setup.plan, setup.out, setup.seed, setup.editions, setup.force, jobs=1)
        yield packing(setup.out, done.files, ZIP, setup.force)
        return done

    def read(self, values: Mapping[str, Any]) -> State:
        setup, problem, progress = self.prepared(values)
        preview, whose = None, ""
        if setup:
            seat = seat_of(setup.plan, values["whose"])
            ids = setup.plan.questions
            id, whose = values["question"] if values["question"] in ids else ids[0], seat.slug
            try:
                redraw = redraw_of(progress, setup, seat, id)
                preview = drawn(id, seat.seed, setup.plan.difficulty, redraw, setup.plan.settings)
            except BpkitError as error:
                problem = str(error)
        roster = bool(values["roster"].strip())
        return State(setup, problem, preview, whose, values["solved"], roster, progress)

    def note(self, state: State) -> tuple[str, bool]:
        problem = state.progress.problem or state.problem
        if problem:
            return on_a_page(f"{problem}."), True
        return (f"{state.progress.result!r}.", False) if state.progress.result else ("", False)

    def words(self, state: State) -> str:
        if state.setup is None:
            return "nothing to generate yet."
        made = state.setup.plan
        who = f"{counted(len(made.seats), 'learner')} from seed {state.setup.seed}, difficulty {made.difficulty}"
        what = f"{counted(len(made.questions), 'question')} ({', '.join(made.questions)})"
        kinds = in_words([EDITIONS[name].said for name in state.setup.editions])
        return f"makes {what} for {who}. It writes {kinds} into the folder {state.setup.out}."


def _heading(words: str) -> widgets.HTML:
    return widgets.HTML(f"<div class='bpkit-heading'>{escape(words)}</div>")
