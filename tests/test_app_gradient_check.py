"""The V: errors of the difference quotient against many digits, and what the app says of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import bpkit as bp
from bpkit.core.numerical_gradient import difference_quotient
from bpkit.show.quotient_picture import BEST, LOOKS, NAMES, STEPS, errors, limits, quotient_figure, size

ARTICLE = bp.examples.article
PROBLEM = ARTICLE.problem


def precise_loss(**changed: Any) -> Any:
    """The loss of the article's network to 60 digits."""
    p = {name: mp.mpf(value) for name, value in PROBLEM.parameters.items()} | changed
    x1, x2 = (mp.mpf(float(x)) for x in PROBLEM.inputs)
    squash = lambda z: 1 / (1 + mp.exp(-z))
    h1, h2 = (squash(p[a] * x1 + p[b] * x2 + p["b1"]) for a, b in (("w1", "w4"), ("w3", "w2")))
    outs = (squash(p[a] * h1 + p[b] * h2 + p["b2"]) for a, b in (("w5", "w6"), ("w7", "w8")))
    return sum((mp.mpf(float(y)) - out) ** 2 / 2 for y, out in zip(PROBLEM.targets, outs))


def precise_quotient(name: str, h: float, central: bool) -> Any:
    value, h = mp.mpf(PROBLEM.parameters[name]), mp.mpf(h)
    below = value - h if central else value
    return (precise_loss(**{name: value + h}) - precise_loss(**{name: below})) / (2 * h if central else h)


@pytest.mark.parametrize("central", [True, False])
@pytest.mark.parametrize("name", ["w5", "w1", "b1"])
def test_where_h_is_large_the_error_is_that_of_exact_arithmetic(name: str, central: bool) -> None:
    found = errors(PROBLEM, name, central)
    with mp.workdps(60):
        slope = mp.diff(lambda w: precise_loss(**{name: w}), mp.mpf(PROBLEM.parameters[name]))
        exact = [float(abs(precise_quotient(name, h, central) - slope)) for h in STEPS]
    assert found.derived == pytest.approx(float(slope), rel=1e-12)
    big = STEPS > 0.0099
    assert_allclose(found.errors[big], np.array(exact)[big], rtol=1e-3)
    # Where exact arithmetic would be better than floats, floats lose digits the faster the smaller h is.
    last = STEPS < 1e-9
    assert np.median(found.errors[last]) > 1e3 * np.median(np.array(exact)[last] if not central else exact[-1:])


def test_the_v_in_words() -> None:
    app = bp.apps.gradient_check(ARTICLE)
    with mp.workdps(60):
        exact = float(abs(precise_quotient("w5", 1e-3, True) - mp.mpf(bp.evaluate(PROBLEM)["dE/dw5"])))
    assert f"off by {exact:.2g}." in repr(app)
    assert "the error 100 times smaller, down to about h = 1e-05" in repr(app)
    app.formula.value = False
    assert "one-sided" in repr(app)
    assert "the error 10 times smaller" in repr(app)
    best = float(re.search(r"best h is about (\S+) for", repr(app))[1])  # type: ignore[index]
    assert 1e-9 < best < 1e-5
    app.set(h=1e-11, formula=True)
    assert re.search(r"off by about 1e-0?[4-8]\.", repr(app))


def test_the_quotient_serves_the_check_of_all_gradients() -> None:
    for row in bp.check_gradient(PROBLEM).rows:
        assert row.measured == float(difference_quotient(PROBLEM, row.parameter, 1e-5)[0])
    many, above = difference_quotient(PROBLEM, "w1", STEPS)
    assert many.shape == above.shape == STEPS.shape
    assert many[8] == float(difference_quotient(PROBLEM, "w1", STEPS[8])[0])


def test_a_parabola_loses_nothing_to_a_large_h() -> None:
    line = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3])
    assert "Even a large h is good here" in repr(bp.apps.gradient_check(line))
    dead = bp.Problem(bp.Network(1, 1, activation="relu"), {"w1": -1, "b1": 0}, [1], [3])
    flat = bp.apps.gradient_check(dead)
    assert "the loss is flat here" in flat.words(flat.state)
    assert "changing w1 does not change it, whatever h is" in flat.note(flat.state)[0]


def test_a_loss_that_is_not_finite_is_stated_and_the_app_goes_on() -> None:
    app = bp.apps.gradient_check(bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3]))
    good = repr(app)
    app.w1.value = 1e200
    text, warning = app.note(app.state)
    assert "not finite" in text
    assert warning
    assert "no h gives a finite difference quotient" in app.words(app.state)
    assert app.drawing(app.state).png().startswith(b"\x89PNG")
    app.w1.value = 1
    assert repr(app) == good
    assert not app.note(app.state)[1]


def test_a_quotient_that_is_not_finite_at_one_h_is_said() -> None:
    edge = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1e154], [0])
    app = bp.apps.gradient_check(edge)
    app.h.value = 1
    assert np.isinf(app._quotient(app.state))
    assert "with h = 1 gives" in app.words(app.state)


def test_batches_and_bad_networks() -> None:
    moons = bp.examples.data_set("moons", samples=10).problem(bp.Network(2, 3, 1))
    app = bp.apps.gradient_check(moons)
    assert f"dE_total/dw7 = {bp.evaluate(moons)['dE/dw7']:.6g}" in repr(app)
    with pytest.raises(bp.BpkitError, match="gradient_check app: expected an example or a Problem"):
        bp.apps.gradient_check("w1")


def still(app: Any) -> Any:
    """The axes of the still picture."""
    return app.drawing(app.state).figure.axes[0]


def test_a_formula_keeps_its_colour_and_the_star_is_called_expected() -> None:
    app = bp.apps.gradient_check(ARTICLE)
    looks = []
    for central in (True, False):
        app.formula.value = central
        axes = still(app)
        drawn = {line.get_label(): line for line in axes.lines}
        for one in app._pair(app.state):
            assert_allclose(drawn[NAMES[one.central]].get_ydata(), one.errors)
            assert (drawn[NAMES[one.central]].get_marker() == "o") == (one.central == central)
        looks.append({name: (drawn[name].get_color(), drawn[name].get_linestyle()) for name in NAMES.values()})
        assert [text.get_text() for text in axes.texts] == ["central", "one-sided", BEST, "this h"]
        best = app._pair(app.state)[0].best
        assert drawn[BEST].get_xdata() == [best]
        assert f"The {BEST} is about {size(best)} for w5, {NAMES[central]}" in app.note(app.state)[0]
    assert looks[0] == looks[1]
    assert [color for color, _ in looks[0].values()] == [LOOKS[True][0], LOOKS[False][0]]


def test_the_axis_ends_where_the_errors_do() -> None:
    """An error that is 0 by chance, which no power of ten holds, does not pull the axis down to where nothing is."""
    app = bp.apps.gradient_check(ARTICLE)
    chosen, other = app._pair(app.state)
    ends = limits([*chosen.errors, *other.errors])
    lucky = replace(chosen, errors=np.where(np.arange(len(STEPS)) == 30, 0.0, chosen.errors))
    assert limits([*lucky.errors, *other.errors, 0.0]) == ends
    axes = quotient_figure(lucky, other, 1e-3, chosen.derived).figure.axes[0]  # type: ignore[union-attr]
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert axes.get_ylim() == ends
    assert drawn["central"][30] == drawn["this h"][0] == ends[0]


def test_the_words_are_those_of_the_still_picture() -> None:
    app = bp.apps.gradient_check(ARTICLE)
    app.set(h=1e-7, parameter="b1", formula=False, digits=12)
    assert repr(app.drawing(app.state)) == app.words(app.state)
    assert app.drawing(app.state).png().startswith(b"\x89PNG")


def test_a_storm_of_moves_ends_in_the_last_state() -> None:
    app, other = bp.apps.gradient_check(ARTICLE), bp.apps.gradient_check(ARTICLE)
    for power in (1, 9, 4, 12, 6):
        app.h.value = 10.0**-power
        app.parameter.value = f"w{power % 8 + 1}"
    other.set(parameter="w7", h=1e-6)
    assert repr(app) == repr(other)
    assert app.state == other.state
    assert app.share == "bp.examples.article.problem"


def test_a_network_with_more_weights_than_sliders() -> None:
    wide = bp.Network(2, 30, 1, activation="tanh")
    problem = bp.Problem(wide, dict.fromkeys(wide.parameters, 0.1), [1, 2], [0.5])
    app = bp.apps.gradient_check(problem)
    assert "w3" not in app.setting
    assert "dE_total/dw61 = " in repr(app)


def test_the_table_of_the_check_claims_no_more_than_was_measured() -> None:
    """Rows below what a difference of losses can show are not "below 1e-8"."""
    check = bp.check_gradient(PROBLEM.replace(b1=18))
    lines = {line.split()[0]: line for line in repr(check).splitlines()}
    for row in check.rows:
        apart = abs(row.derived - row.measured) / max(abs(row.derived), abs(row.measured))
        claimed = re.search(r"below (1e\S+)", lines[row.parameter])
        if claimed:
            assert apart <= float(claimed[1]) * (1 + 1e-9)
        else:
            assert lines[row.parameter].endswith("lost in rounding")
            assert apart > 1e-6
    assert "to 6 digits or more, except 5 that the rounding of the losses hides" in repr(check)
    assert repr(bp.check_gradient(PROBLEM)).endswith("agree with nudging to 6 digits or more")


@pytest.mark.parametrize("central", [True, False])
@pytest.mark.parametrize("h", [0.1, 0.03, 1e-2, 1e-3, 1e-4])
def test_the_error_is_the_difference_of_the_two_numbers_beside_it(h: float, central: bool) -> None:
    app = bp.apps.gradient_check(PROBLEM)
    app.set(h=h, formula=central, digits=12)
    found = re.search(r"= (\S+); the .* gives (\S+), off by (?!about)(\S+)\.", repr(app).split(" Ten times")[0])
    assert found
    derived, measured, error = map(float, found.groups())
    assert abs(abs(derived - measured) - error) <= 0.1 * error


def test_an_h_that_the_picture_does_not_show_is_told() -> None:
    app = bp.apps.gradient_check(ARTICLE)
    for h, outside in [("0.001", False), ("1e-12", False), ("3e-13", True), ("1", True)]:
        app.h.value = float(h)
        said = f"h = {h} is outside the picture; the table below shows its numbers."
        assert (said in app.note(app.state)[0]) == outside


def test_what_will_not_do_is_refused_and_h_is_kept_in_its_bounds() -> None:
    app = bp.apps.gradient_check(ARTICLE)
    with pytest.raises(bp.BpkitError, match=r"parameter: expected one of w1, w2, .*, got 'w11'"):
        app.set(parameter="w11")
    with pytest.raises(bp.BpkitError, match="h: expected a finite number, got 'small'"):
        app.h.value = "small"
    app.h.value = 1e-30
    assert app.h.value == 1e-15
    app.set(w5=0.4, h=1e-4)
    assert app.share == "bp.examples.article.problem.replace(w5=0.4)"
