"""The base of the apps, on a small app written for this alone: state, views, errors stated, nothing lost."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, dataclass
from html import unescape
from threading import Event
from typing import Any

import ipywidgets as widgets
import numpy as np
import pytest

import bpkit as bp
from bpkit.apps.base import STILL, App, Picture, View, column, numbers
from bpkit.apps.controls import Number
from bpkit.apps.live import Live
from bpkit.apps.panel import ALIVE, Panel
from bpkit.show.drawing import Drawing

ARTICLE = bp.examples.article


@dataclass(frozen=True)
class State:
    problem: bp.Problem
    digits: int


class Small(App):
    name = "small"

    def controls(self) -> Mapping[str, Any]:
        self.frames = 0
        return numbers(dict(self.problem.parameters))

    def views(self) -> Mapping[str, View]:
        return {"loss": (widgets.HTML(), self._loss), "picture": (Picture(6, 3), lambda state: b"pixels")}

    def page(self) -> Sequence[widgets.Widget]:
        return [column("Weights", list(self.control.values())), *self.view.values()]

    def read(self, values: Mapping[str, Any]) -> State:
        if values["w1"] > 2:
            raise bp.BpkitError("w1: expected at most 2 here, got more; take a smaller one")
        return State(self.problem_from(values), values["digits"])

    def words(self, state: State) -> str:
        return f"The loss is {bp.evaluate(state.problem)['E_total']:.{state.digits}g}."

    def drawing(self, state: State) -> Drawing:
        return state.problem.diagram()

    def _loss(self, state: State) -> str:
        self.frames += 1
        return f"<b>{bp.evaluate(state.problem)['E_total']:.{state.digits}g}</b>"


def test_a_control_moves_state_and_views() -> None:
    app = Small(ARTICLE)
    assert app.view["loss"].value == "<b>0.233453</b>"
    app.w1.value = 0.3
    assert app.state.problem == ARTICLE.problem.replace(w1=0.3)
    expected = bp.evaluate(ARTICLE.problem.replace(w1=0.3))["E_total"]
    assert app.view["loss"].value == f"<b>{expected:.6g}</b>"
    app.digits.value = 12
    assert app.view["loss"].value == f"<b>{expected:.12g}</b>"
    with pytest.raises(FrozenInstanceError):
        app.state.digits = 3


def test_an_image_is_named_by_the_words() -> None:
    app = Small(ARTICLE)
    assert app.view["picture"].value == b"pixels"
    assert app.view["picture"].tooltip == "The loss is 0.233453."
    assert app.view["picture"].get_state()["description"] == ""  # without it the browser shows no tooltip at all
    assert app.twin_text.value == ""
    app.twin.value = True
    assert app.twin_text.value == "<p class='bpkit-words'>The loss is 0.233453.</p>"


def test_a_problem_of_the_domain_is_stated_and_the_app_goes_on() -> None:
    app = Small(ARTICLE)
    app.w1.value = 2.5
    assert "expected at most 2 here" in app.message.value
    assert "role='alert'" in app.message.value
    assert app.state.problem.parameters["w1"] == 0.25
    app.twin.value = True
    assert app.words(app.state) in app.twin_text.value  # what is still shown can be read meanwhile
    app.w1.value = 0.5
    assert "alert" not in app.message.value
    assert app.state.problem.parameters["w1"] == 0.5


def test_a_storm_ends_in_the_last_state_in_any_order() -> None:
    moves = [("w1", 0.1), ("w5", -1.0), ("w1", 1.5), ("b2", 0.0)]
    for order in itertools.permutations(moves):
        app = Small(ARTICLE)
        for name, value in order:
            app.control[name].value = value
        last = dict(order)
        assert app.state.problem == ARTICLE.problem.replace(**last)
        assert app.view["loss"].value == f"<b>{bp.evaluate(ARTICLE.problem.replace(**last))['E_total']:.6g}</b>"


def test_two_threads_of_a_kernel_lose_nothing() -> None:
    """One runs the cells, the other hears the page; what the other moves while one draws is not undone."""
    drawing = Event()

    class Slow(Small):
        def read(self, values: Mapping[str, Any]) -> State:
            state = super().read(values)
            if values["w1"] == 0.3 and not drawing.is_set():
                drawing.set()
                deadline = time.monotonic() + 60
                while self.control["w2"].value != -0.7 and time.monotonic() < deadline:
                    time.sleep(0.01)
            return state

        def views(self) -> Mapping[str, View]:
            # The end of a redraw sets the control to what it is at, as apps do whose choices depend on each other.
            return {**super().views(), "w2": (self.control["w2"], lambda state: state.problem.parameters["w2"])}

    app = Slow(ARTICLE)
    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(setattr, app.w1, "value", 0.3)
        assert drawing.wait(60)
        other = threads.submit(setattr, app.w2, "value", -0.7)
        one.result(60)
        other.result(60)
    assert app.state.problem == ARTICLE.problem.replace(w1=0.3, w2=-0.7)
    assert app.w2.value == -0.7


def test_reset_and_set_draw_once() -> None:
    app = Small(ARTICLE)
    app.set(w1=0.9, w2=0.8, digits=12)
    assert app.frames == 2
    app.reset.click()
    assert app.frames == 3
    assert (app.w1.value, app.w2.value, app.digits.value) == (0.25, 0.28, 6)
    assert app.state.problem == ARTICLE.problem
    with pytest.raises(bp.BpkitError, match="small app: there is no control 'w11'; did you mean 'w1'"):
        app.set(w11=3)


@pytest.mark.parametrize("given", [ARTICLE, ARTICLE.problem, bp.examples.mazur])
def test_the_share_line_rebuilds_the_problem(given: Any) -> None:
    app = Small(given)
    app.set(w1=0.2499, w8=-1 / 3, b1=1e-9)
    assert eval(app.share, {"bp": bp}) == app.state.problem
    assert app.share_line.value == app.share
    app.reset.click()
    assert eval(app.share, {"bp": bp}) == app.problem


def test_the_share_line_of_an_example_is_short() -> None:
    app = Small(ARTICLE)
    assert app.share == "bp.examples.article.problem"
    app.w1.value = 0.3
    assert app.share == "bp.examples.article.problem.replace(w1=0.3)"


@pytest.mark.parametrize("given", [None, "article", 3, bp.Network(2, 2, 2)])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(bp.BpkitError, match=r"small app: expected an example or a Problem, got .*bp.examples.article"):
        Small(given)


def test_a_typing_error_or_an_empty_call_is_answered_in_words() -> None:
    with pytest.raises(AttributeError, match=r"bpkit.apps has no 'forwad'; did you mean 'forward'"):
        bp.apps.forwad  # noqa: B018
    with pytest.raises(AttributeError, match=r"bpkit.examples has no 'artcle'; did you mean 'article'"):
        bp.examples.artcle  # noqa: B018
    with pytest.raises(bp.BpkitError, match=r"detective app: expected an example or a Problem, got None"):
        bp.apps.detective(None)
    with pytest.raises(bp.BpkitError, match=r"at: expected a Problem, got Example.*examples carry one as .problem"):
        bp.derive(ARTICLE.problem.network).at(ARTICLE)  # type: ignore[arg-type]


def test_a_batch_is_refused_where_one_sample_is_shown() -> None:
    batch = ARTICLE.problem.replace(inputs=[[0, 1], [1, 0]], targets=[[0, 1], [1, 0]])
    with pytest.raises(bp.BpkitError, match=r"small app: expected one sample, got a batch of 2; .*sample\(0\)"):
        Small(batch)


def test_the_text_of_an_app_is_the_same_every_time_and_pages_that_run_nothing_see_a_picture() -> None:
    app, other = Small(ARTICLE), Small(ARTICLE)
    assert repr(app) == repr(other) == "App small: The loss is 0.233453."
    bundle = app._repr_mimebundle_()
    assert bundle["text/plain"] == repr(app)
    assert bundle["image/svg+xml"] == ARTICLE.problem.diagram().figure
    assert bundle["image/png"] == ARTICLE.problem.diagram().still(STILL)
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_page_without_a_picture_is_a_paragraph_that_says_how_it_comes_to_life() -> None:
    class Bare(Small):
        drawing = lambda self, state: None
        page_html = Panel.page_html

    bundle = Bare(ARTICLE)._repr_mimebundle_()
    assert bundle["text/html"] == f"<p>The loss is 0.233453.</p><p>{ALIVE}</p>"
    assert not {"image/png", "image/svg+xml"} & bundle.keys()
    assert "text/html" not in Small(ARTICLE)._repr_mimebundle_()  # JupyterLab would show it in place of the picture


# The kinds of output that JupyterLab shows of a notebook that it does not trust, the preferred ones first.
SAFE = ("text/html", "text/markdown", "text/latex", "image/png", "text/plain")
SHOWN = {
    "ask": ("text/html", lambda: bp.apps.ask(ARTICLE, "net_h1")),
    "boundary": ("image/png", lambda: bp.apps.boundary("moons")),
    "detective": ("text/html", lambda: bp.apps.detective(ARTICLE)),
    "predict": ("text/html", lambda: bp.apps.predict("Which way?", ["up", "down"], answer="up")),
}


@pytest.mark.parametrize("name", bp.apps.__all__)
def test_what_is_shown_before_the_first_run_is_a_picture_and_no_paragraph(name: str) -> None:
    kind, make = SHOWN.get(name, ("image/png", lambda: getattr(bp.apps, name)(ARTICLE)))
    app = make()
    bundle = app.bundles()[0] if isinstance(app, Live) else app._repr_mimebundle_()
    assert next(safe for safe in SAFE if safe in bundle) == kind
    if kind == "image/png":
        assert bundle["image/png"].startswith(b"\x89PNG")
        assert 2_000 < len(bundle["image/png"]) <= 60_000


def test_a_misspelt_control_is_named() -> None:
    with pytest.raises(AttributeError, match="the small app has no 'w11'; did you mean 'w1'"):
        _ = Small(ARTICLE).w11


class TestNumber:
    def test_field_and_slider_follow_the_value(self) -> None:
        number = Number("w1", 0.25)
        number.value = 0.3
        assert (number.entry.value, number.slider.value) == ("0.3", 0.3)
        number.slider.value = 0.4
        assert (number.value, number.entry.value) == (0.4, "0.4")
        number.entry.value = "0.2499"
        assert (number.value, number.slider.value) == (0.2499, 0.2499)

    def test_looking_at_a_slider_does_not_round_the_value(self) -> None:
        number = Number("w1", 0.2499)
        number.slider.value = 0.25  # what a browser sends when it has drawn the slider
        assert number.value == 0.2499
        number.slider.value = 0.26
        assert number.value == 0.26

    def test_the_field_goes_beyond_the_slider(self) -> None:
        number = Number("w1", 0.25)
        number.entry.value = "7.5"
        assert (number.value, number.slider.value) == (7.5, 3.0)
        number.slider.value = 2.99
        assert number.value == 2.99

    @pytest.mark.parametrize(
        ("typed", "value", "shown"),
        [
            ("0.5", 0.5, "0.5"),
            ("0,5", 0.5, "0.5"),
            (".5", 0.5, "0.5"),
            ("5e-1", 0.5, "0.5"),
            ("−0.5", -0.5, "-0.5"),
            ("1/3", 1 / 3, "0.3333333333333333"),
            ("-2/4", -0.5, "-0.5"),
            ("0.25*0.1 + 0.45", 0.25 * 0.1 + 0.45, "0.47500000000000003"),
            ("exp(-1)", np.exp(-1), "0.36787944117144233"),
            ("w1 = 0.5", 0.5, "0.5"),
            (" 3 ", 3.0, "3"),
            ("1 000.5", 1000.5, "1000.5"),
            ("1·10⁻⁹", 1e-9, "1e-9"),
        ],
    )
    def test_a_number_is_read_as_people_type_it(self, typed: str, value: float, shown: str) -> None:
        number = Number("w1", 0.25)
        number.entry.value = typed
        assert number.value == pytest.approx(value, rel=1e-15)
        assert number.entry.value == shown
        assert len(number.children) == 2

    @pytest.mark.parametrize(
        "typed", ["abc", "0,5,5", "1/0", "exp(", "w1*2", "nan", "inf", "1e400", "__import__('os')"]
    )
    def test_what_cannot_be_read_is_said_at_the_box_and_changes_nothing(self, typed: str) -> None:
        app = Small(ARTICLE)
        app.w1.entry.value = "0,5"
        app.w1.entry.value = typed
        assert (app.w1.value, app.w1.entry.value, app.w1.slider.value) == (0.5, "0.5", 0.5)
        assert app.state.problem == ARTICLE.problem.replace(w1=0.5)
        said = unescape(app.w1.children[2].value)
        assert f"I cannot read '{typed}' as a number. Type it like 0.25 or 1/3." in said
        assert "role='alert'" in said
        app.w1.entry.value = typed  # again: it is said again, once
        assert len(app.w1.children) == 3
        app.reset.click()
        assert len(app.w1.children) == 2

    def test_a_word_goes_with_the_next_number_whatever_sets_it(self) -> None:
        number = Number("w1", 0.25)
        for take in (
            lambda: setattr(number.entry, "value", "0.3"),
            lambda: setattr(number.slider, "value", 0.4),
            lambda: setattr(number, "value", number.value),
        ):
            number.entry.value = "half"
            word = number.children[2]
            take()
            assert len(number.children) == 2
            assert word.comm is None  # closed: none is left in the browser
            assert "bpkit-said" not in number._dom_classes

    def test_a_box_for_whole_numbers_shows_one_as_its_example(self) -> None:
        number = Number("steps", 2, 0, 100, 1, whole=True)
        for typed in ("many", " "):
            number.entry.value = typed
            assert re.search(r"Type (it|a number) like 3\.", number.children[2].value)

    def test_an_empty_box_and_a_long_answer_are_told_shortly(self) -> None:
        number = Number("w1", 0.25)
        number.entry.value = " "
        assert "The box was empty. Type a number like 0.25 or 1/3." in number.children[2].value
        number.entry.value = "<b>" + "ab" * 500
        assert "&lt;b&gt;abab" in number.children[2].value
        assert len(number.children[2].value) < 250
        assert number.entry.value == "0.25"

    def test_a_logarithmic_number(self) -> None:
        rate = Number("learning rate", 0.5, -2, 2, 0.05, log=True)
        rate.slider.value = 10**1.3
        assert (rate.value, rate.entry.value) == (20.0, "20")  # and not 19.95262315
        assert rate.slider.value == 10**1.3
        rate.value = 1000
        assert rate.slider.value == 100
        rate.value = -0.5
        assert rate.slider.value == 0.01

    def test_a_whole_number_keeps_its_bounds_and_says_what_it_took(self) -> None:
        updates = Number("updates", 1000, 0, 4, 0.05, log=True, whole=True, bounds=(1, 10_000))
        updates.slider.value = 10**1.3
        assert (updates.value, updates.entry.value) == (20, "20")
        for typed, taken in (("1e6", 10_000), ("-3", 1), ("20.3", 20), ("20.4", 20), ("0,4", 1)):
            updates.entry.value = typed
            assert (updates.value, updates.entry.value) == (taken, str(taken))  # what is shown is what is taken
            assert f"This box takes whole numbers from 1 to 10000. I took {taken}." in updates.children[2].value
        assert updates.slider.value == 1
        updates.entry.value = "300"
        assert (updates.value, len(updates.children)) == (300, 2)
        updates.value = 20.4
        assert updates.value == 20
        zoom = Number("zoom", 1, -1, 1, 0.1, log=True, bounds=(0.001, 1000))
        zoom.entry.value = "0"
        assert "This box takes numbers from 0.001 to 1000. I took 0.001." in zoom.children[2].value

    @pytest.mark.parametrize("bounds", [(1, 10_000), (-100, 100)])
    def test_a_slider_that_is_moved_is_not_moved_back(self, bounds: tuple[float, float]) -> None:
        """Its keys may be some steps ahead by then; what they wait at is not told to a whole number's steps."""
        updates = Number("updates", 1, 0, 2, 0.05, log=True, whole=True, bounds=bounds)
        sent: list[Any] = []
        updates.slider.observe(lambda change: sent.append(change["new"]), "value")
        moved = [10 ** (step / 20) for step in (1, 2, 3, 4, 12, 11, 2)]
        for value in moved:
            updates.slider.value = value
            assert (updates.value, updates.entry.value) == (round(value), str(round(value)))
        assert sent == moved

    def test_the_end_of_a_slider_can_move(self) -> None:
        shown = Number("update", 800, 0, 1000, 1, whole=True, bounds=(0, 1000))
        shown.high = 500
        assert (shown.value, shown.entry.value, shown.slider.value, shown.slider.max) == (500, "500", 500, 500)
        shown.high = 2000
        shown.value = 1500
        assert (shown.value, shown.slider.value) == (1500, 1500)

    def test_what_is_no_number_is_refused(self) -> None:
        with pytest.raises(bp.BpkitError, match="w1: expected a finite number, got nan"):
            Number("w1", 0.25).value = float("nan")
