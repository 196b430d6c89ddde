"""A look that neighbours share is said once, and everything looks as it did."""

from __future__ import annotations

import re
from functools import cache

import pytest
from drawn_elements import elements
from hypothesis import given
from hypothesis import strategies as st
from thorough import many

from bpkit.exercises import Sheet, make_sheet, questions
from bpkit.exercises.editions.shown_question import beside, own
from bpkit.show import strokes
from bpkit.show.inherited import said, shared
from bpkit.show.palette import DARK, INK, PAPER

USUAL = {"fill": INK, "font-size": "12"}
SHEETS = many(1, 6)


@cache
def sheet(seed: int) -> Sheet:
    """A question of each kind."""
    return make_sheet([question.id for question in questions()], seed=seed)


def pictures(seed: int) -> list[str]:
    """What stands beside them, drawn anew."""
    own.cache_clear()
    found = (beside(one) for one in sheet(seed))
    return [one.figure for one in found if one is not None and isinstance(one.figure, str)]


def whole(inside: str) -> str:
    return f"<svg xmlns='http://www.w3.org/2000/svg'{said(USUAL.items())}>{inside}</svg>"


LOOKS = st.fixed_dictionaries(
    {},
    optional={
        "fill": st.sampled_from([INK, PAPER]),
        "stroke": st.sampled_from(["#0072B2", "#C44E00"]),
        "stroke-width": st.sampled_from(["1", "2.5"]),
        "opacity": st.just("0.4"),
        "font-size": st.sampled_from(["12", "9"]),
    },
)


@given(st.lists(st.tuples(st.sampled_from(["rect", "text", "line"]), LOOKS), max_size=12))
def test_everything_looks_as_it_did_and_nothing_is_longer(drawn: list[tuple[str, dict[str, str]]]) -> None:
    parts = [f"<{tag} x='{place}'{said(look.items())}>a &lt; b</{tag}>" for place, (tag, look) in enumerate(drawn)]
    short = whole(shared(parts, USUAL))
    assert elements(short) == elements(whole("".join(parts)))
    assert len(short) <= len(whole("".join(parts)))


def test_a_run_of_one_look_says_it_once() -> None:
    parts = [f"<line x1='{x}' stroke='#0072B2' stroke-width='{x}'/>" for x in range(1, 4)]
    lines = "".join(f"<line x1='{x}' stroke-width='{x}'/>" for x in range(1, 4))
    assert shared(parts, {}) == f"<g stroke='#0072B2'>{lines}</g>"
    assert shared(parts[:1], {}) == parts[0]
    # A pale element stays pale by itself: a group is made pale as a whole.
    assert shared(["<line opacity='0.4'/>"] * 9, {}) == "<line opacity='0.4'/>" * 9


@pytest.mark.parametrize("seed", range(SHEETS))
def test_the_pictures_of_questions_look_as_they_are_drawn(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    short = pictures(seed)
    monkeypatch.setattr(strokes, "shared", lambda parts, usual: "".join(parts))
    long = pictures(seed)
    for one, other in zip(short, long, strict=True):
        assert elements(one) == elements(other)
    assert 0 < sum(map(len, short)) < 0.9 * sum(map(len, long))


def test_a_picture_has_the_dark_colours_of_what_it_shows_and_no_others() -> None:
    for figure in pictures(0):
        (style,) = re.findall(r"<style>(.*?)</style>", figure)
        looks = [one.look for one in elements(figure)]
        used = [(name, look.get(name, "")) for look in looks for name in ("fill", "stroke")]
        known = {f"[{name}='{color}']" for name, color in used if color in DARK}
        assert known <= set(re.findall(r"\[[^]]*\]", style)) <= known | {f"[fill='{INK}']"}
