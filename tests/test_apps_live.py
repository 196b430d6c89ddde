"""The kernel's half of the apps: values, state, who moved first, what is refused, what is shown and saved."""

from __future__ import annotations

import inspect
import itertools
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import pytest
from app_cases import LIVE, opened

import bpkit as bp
from bpkit.apps.controls import Number, Text
from bpkit.apps.linked import ALIVE

ARTICLE = bp.examples.article
BATCH = ARTICLE.problem.replace(inputs=[[0, 1], [1, 0]], targets=[[0, 1], [1, 0]])


def another(app: Any) -> tuple[str, Any]:
    """A control with another value than now: a number, or else a text."""
    for name, one in app.setting.items():
        if isinstance(one, Number):
            return name, one.checked(app.values[name] + 1)
    return next((name, "0.5") for name, one in app.setting.items() if isinstance(one, Text))


def from_page(app: Any, version: int = 0, **values: Any) -> None:
    """What the page sends when a person moved something there."""
    app.set_state({"moved": {"version": version, "values": json.loads(json.dumps({**app.values, **values}))}})


@cache
def shown(name: str) -> tuple[Any, tuple[dict[str, Any], ...]]:
    """An app, and what a notebook shows of it."""
    app = opened(name)
    return app, app.bundles()


@pytest.mark.parametrize("name", LIVE)
class TestEveryApp:
    def test_it_is_a_widget_of_the_one_module(self, name: str) -> None:
        app = opened(name)
        assert isinstance(app, anywidget.AnyWidget)
        assert app.spec["view"] == name or app.spec["view"] in app._esm
        assert f"{app.spec['view']}(app)" in app._esm or f"VIEWS.{app.spec['view']} =" in app._esm

    def test_what_the_page_is_told_is_json_of_modest_size(self, name: str) -> None:
        app = opened(name)
        text = json.dumps(app.spec, allow_nan=False)
        assert len(text) < 300_000
        assert set(app.values) == set(app.spec["controls"])

    def test_two_of_them_are_told_the_same(self, name: str) -> None:
        one, other = opened(name), opened(name)
        assert (one.spec, repr(one)) == (other.spec, repr(other))
        assert one.key.rpartition("-")[0] == other.key.rpartition("-")[0]
        assert one.key != other.key

    def test_code_moves_it_and_the_page_hears(self, name: str) -> None:
        app = opened(name)
        control, value = another(app)
        before = app.words(app.state)
        getattr(app, control).value = value
        assert app.moved["values"][control] == app.values[control]
        assert app.moved["version"] == 1
        assert app.words(app.state) != before

    def test_the_page_moves_it(self, name: str) -> None:
        app, twin = opened(name), opened(name)
        control, value = another(app)
        from_page(app, **{control: value})
        twin.set(**{control: value})
        assert app.values == twin.values
        assert repr(app) == repr(twin)

    def test_a_notebook_shows_a_still_picture_and_a_place_to_live_in(self, name: str) -> None:
        app, (*stills, place) = shown(name)
        if stills:
            assert stills[0]["image/png"].startswith(b"\x89PNG")
            assert stills[0]["text/plain"] == repr(app)
        assert ALIVE in place["text/html"]
        assert f'key="{app.key}"' in place["text/html"]
        assert "application/vnd.jupyter.widget-view+json" not in place  # which could only say that it failed

    def test_it_is_saved_as_one_page_that_asks_nothing_of_a_network(self, name: str, tmp_path: Path) -> None:
        if name == "detective":
            with pytest.raises(bp.BpkitError, match="got detective, which needs a kernel"):
                opened(name).save(tmp_path / "app.html")
            return
        opened(name).save(tmp_path / "app.html")
        text = (tmp_path / "app.html").read_text(encoding="utf-8")
        assert len(text.encode()) <= 500_000
        assert re.findall(r"(?:src|href)=|@import|url\(|\bfetch\(|import\(", text) == []
        assert [path.name for path in tmp_path.iterdir()] == ["app.html"]


def test_a_control_moves_the_state() -> None:
    app = bp.apps.forward(ARTICLE)
    app.w1.value = 0.3
    assert app.w1.value == 0.3
    assert app.state.problem == ARTICLE.problem.replace(w1=0.3)
    assert repr(app.w1) == "<w1: 0.3>"


def test_a_storm_ends_in_the_last_values_in_any_order() -> None:
    moves = [("w1", 0.1), ("w5", -1.0), ("w1", 1.5), ("b2", 0.0)]
    for order in itertools.permutations(moves):
        app = bp.apps.forward(ARTICLE)
        for name, value in order:
            from_page(app, **{name: value})
        assert app.state.problem == ARTICLE.problem.replace(**dict(order))


def test_who_has_not_seen_the_kernels_last_move_is_not_heard() -> None:
    app = bp.apps.forward(ARTICLE)
    app.w1.value = 0.7
    from_page(app, version=0, w1=0.1)  # was on its way when the kernel moved
    assert app.w1.value == 0.7
    from_page(app, version=1, w1=0.1)
    assert app.w1.value == 0.1


@pytest.mark.parametrize("sent", [{"w1": "wide"}, {"w1": None}, {"digits": 7}])
def test_nonsense_from_a_page_changes_nothing(sent: dict[str, Any]) -> None:
    app = bp.apps.forward(ARTICLE)
    from_page(app, **sent)
    assert app.state.problem == ARTICLE.problem


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"w11": 3}, "forward app: there is no control 'w11'; did you mean 'w1'"),
        ({"w1": "half"}, "w1: expected a finite number, got 'half'; write it like 0.25"),
        ({"w1": float("nan")}, "w1: expected a finite number, got nan"),
        ({"digits": 7}, "Numbers: expected one of 6, 12, got 7"),
    ],
)
def test_a_value_that_will_not_do_is_refused_and_nothing_moves(values: dict[str, Any], words: str) -> None:
    app = bp.apps.forward(ARTICLE)
    with pytest.raises(bp.BpkitError, match=re.escape(words)):
        app.set(w2=0.9, **values)
    assert app.state.problem == ARTICLE.problem


def test_a_misspelt_control_is_named() -> None:
    with pytest.raises(AttributeError, match="the forward app has no 'w11'; did you mean 'w1'"):
        _ = bp.apps.forward(ARTICLE).w11


@pytest.mark.parametrize("given", [None, "article", 3, bp.Network(2, 2, 2)])
def test_anything_else_is_refused(given: Any) -> None:
    words = r"forward app: expected an example or a Problem, got .*bp.examples.article"
    with pytest.raises(bp.BpkitError, match=words):
        bp.apps.forward(given)


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
    with pytest.raises(bp.BpkitError, match=r"forward app: expected one sample, got a batch of 2; .*sample\(0\)"):
        bp.apps.forward(BATCH)


@pytest.mark.parametrize("given", [ARTICLE, ARTICLE.problem, bp.examples.mazur])
def test_the_share_line_rebuilds_the_problem(given: Any) -> None:
    app = bp.apps.forward(given)
    app.set(w1=0.2499, w8=-1 / 3, b1=1e-9)
    assert eval(app.share, {"bp": bp}) == app.state.problem


def test_a_page_is_saved_with_what_is_shown(tmp_path: Path) -> None:
    app = bp.apps.forward(ARTICLE)
    app.w1.value = 0.3
    app.save(tmp_path / "app.html")
    spec = json.loads(
        re.search(r'<script type="application/json">(.*?)</script>', (tmp_path / "app.html").read_text())[1]  # type: ignore[index]
    )["data"]
    assert spec["values"]["w1"] == 0.3
    assert spec["controls"]["w1"]["value"] == 0.25  # where Reset goes back to


def test_a_page_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(bp.BpkitError, match=r"save: expected a file name in a folder that can be written"):
        bp.apps.forward(ARTICLE).save(tmp_path / "no" / "app.html")
    (tmp_path / "app.html").mkdir()
    with pytest.raises(bp.BpkitError, match=r"save: expected a file name"):
        bp.apps.forward(ARTICLE).save(tmp_path / "app.html")
    assert [path.name for path in tmp_path.iterdir()] == ["app.html"]


def test_an_earlier_page_is_replaced_and_nothing_that_a_person_wrote(tmp_path: Path) -> None:
    app, path = bp.apps.forward(ARTICLE), tmp_path / "app.html"
    app.save(path)
    before = path.read_text()
    app.w1.value = 0.3
    app.save(path)
    assert path.read_text() != before
    path.write_text("<p>my notes</p>")
    with pytest.raises(bp.BpkitError, match=r"expected a new file, or a page saved before, got .*app.html"):
        app.save(path)
    assert path.read_text() == "<p>my notes</p>"


def test_a_text_in_a_problem_cannot_leave_its_script(tmp_path: Path) -> None:
    from bpkit.page.saving import holder

    text = holder({"words": "</script><script>alert(1)</script><!--"})
    assert text.count("<script") == 1
    assert text.count("</script") == 1
    assert json.loads(re.search(r">(\{.*\})<", text)[1])["data"]["words"].startswith("</script>")  # type: ignore[index]


def test_every_view_of_the_module_is_an_apps() -> None:
    module = inspect.getfile(bp.apps).replace("apps/__init__.py", "page/bpkit.js")
    text = Path(module).read_text(encoding="utf-8")
    views = set(re.findall(r"^VIEWS\.(\w+) =|^  (\w+)\(app\) \{", text, re.M))
    assert {one or other for one, other in views} == {opened(name).spec["view"] for name in LIVE} | {
        "own_boundary",  # of the boundary app, where it is given a program
        bp.apps.predict.name,
        bp.exercises.ask("loss").name,
        bp.exercises.practice().name,
    }


# The kinds of output that JupyterLab shows of a notebook that it does not trust, the preferred ones first.
SAFE = ("text/html", "text/markdown", "text/latex", "image/png", "text/plain")
BOXES = ("ask", "detective", "recalculate", "predict")  # which have no picture


@pytest.mark.parametrize("name", [name for name in bp.apps.__all__ if name != "progress"])  # which is a table
def test_what_is_shown_before_the_first_run_is_a_picture_and_no_paragraph(name: str) -> None:
    predict = lambda: bp.apps.predict("Which way?", ["up", "down"], answer="up").bundles()
    bundle = (predict() if name == "predict" else shown(name)[1])[0]
    assert next(safe for safe in SAFE if safe in bundle) == ("text/html" if name in BOXES else "image/png")
    if name not in BOXES:
        assert bundle["image/png"].startswith(b"\x89PNG")
        assert 2_000 < len(bundle["image/png"]) <= 60_000
