"""The rules app's half in the kernel: each walk against a plain program of its rule, the landscape, words, refusals."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest

import bpkit as bp
from bpkit.apps.rules import NAMES, UPDATES
from bpkit.show.rules import first_small, walks

VALLEY = bp.Problem(
    bp.Network(2, 1, activation="identity", bias="none"),
    {"w1": -0.5, "w2": -2.0},
    inputs=[[2, 0.3], [2, -0.3]],
    targets=[[2.6], [1.4]],
    learning_rate=0.47,
    update=bp.updates.Momentum(0.5),
)
ARTICLE = bp.examples.article
Walk = list[tuple[float, float]]


def loss_by_hand(w1: float, w2: float) -> float:
    """The mean over the two samples: a valley whose floor is at w1 = 1, and lowest at w2 = 2."""
    return 2 * (w1 - 1) ** 2 + 0.045 * (w2 - 2) ** 2


def walked(step: Callable[[float, dict[str, float], int], float], start: tuple[float, float], decay: float) -> Walk:
    """A plain program: each weight has a memory of its own, and a step that its slope gives."""
    here, memory = list(start), [dict.fromkeys("vs", 0.0) for _ in start]
    walk = [start]
    for count in range(1, UPDATES + 1):
        slopes = (4 * (here[0] - 1), 0.09 * (here[1] - 2))
        here = [w - step(slope + decay * w, kept, count) for w, slope, kept in zip(here, slopes, memory)]
        walk.append((here[0], here[1]))
    return walk


def rules_by_hand(rate: float, beta: float) -> dict[str, Callable[[float, dict[str, float], int], float]]:
    def momentum(slope: float, kept: dict[str, float], count: int) -> float:
        kept["v"] = beta * kept["v"] + slope
        return rate * kept["v"]

    def rmsprop(slope: float, kept: dict[str, float], count: int) -> float:
        kept["s"] = beta * kept["s"] + (1 - beta) * slope**2
        return rate * slope / (math.sqrt(kept["s"]) + 1e-8)

    def adam(slope: float, kept: dict[str, float], count: int) -> float:
        kept["v"] = beta * kept["v"] + (1 - beta) * slope
        kept["s"] = 0.999 * kept["s"] + 0.001 * slope**2
        mean, size = kept["v"] / (1 - beta**count), kept["s"] / (1 - 0.999**count)
        return rate * mean / (math.sqrt(size) + 1e-8)

    return {"descent": lambda slope, kept, count: rate * slope, "momentum": momentum, "rmsprop": rmsprop, "adam": adam}


@pytest.mark.parametrize(("beta", "decay", "rate"), [(0.5, 0.0, 0.47), (0.9, 0.1, 0.2), (0.0, 0.5, 0.1)])
@pytest.mark.parametrize("name", NAMES)
def test_each_walk_is_that_of_a_plain_program(name: str, beta: float, decay: float, rate: float) -> None:
    app = bp.apps.rules(VALLEY)
    app.set(**{one: one == name for one in NAMES}, beta=beta, decay=decay, rate=rate, w1=0.4, w2=-1.5)
    [(found, rule)] = app.state.rules.items()
    assert found == name
    trace = bp.train(app.state.problem.replace(update=rule), UPDATES)
    expected = walked(rules_by_hand(rate, beta)[name], (0.4, -1.5), decay)
    # Where RMSProp jumps to and fro about the lowest point, a last digit soon is a first.
    upto = 8 if name == "rmsprop" else UPDATES + 1
    np.testing.assert_allclose(
        np.column_stack([trace["w1"], trace["w2"]])[:upto], expected[:upto], rtol=1e-7, atol=1e-9
    )
    w1, w2 = expected[5]
    app.set(updates=5)
    assert f"{NAMES[name]}: the walk goes from w1 = 0.4, w2 = -1.5 to w1 = {w1:.6g}, w2 = {w2:.6g}" in repr(app)
    assert f"after 5 updates, where the loss is {loss_by_hand(w1, w2):.6g}." in repr(app)


def test_the_valley_shows_what_momentum_is_for() -> None:
    """Gradient descent swings wide across the valley for long; momentum stops that and arrives in half the steps."""
    app = bp.apps.rules(VALLEY)
    assert [name for name in NAMES if app.values[name]] == ["descent", "momentum"]
    walks = {name: bp.train(app.problem.replace(update=rule), UPDATES) for name, rule in app.state.rules.items()}
    swings = {name: float(abs(walk["w1"][6:] - 1).max()) for name, walk in walks.items()}
    assert swings["descent"] > 2.5 * swings["momentum"]
    small = {name: first_small(walk.loss) for name, walk in walks.items()}
    assert 2 * (small["momentum"] or 99) <= (small["descent"] or 0)
    said, warns = app.note(app.state)
    assert f"gradient descent after {small['descent']}, momentum after {small['momentum']}." in said
    assert not warns


def test_the_landscape_is_the_loss_and_stays_where_it_is() -> None:
    app = bp.apps.rules(VALLEY)
    before = app._land(app.state)
    for row, column in ((0, 0), (30, 12), (60, 60)):
        w1, w2 = before.xs[column], before.ys[row]
        assert before.loss[row, column] == pytest.approx(loss_by_hand(w1, w2), rel=1e-12)
    app.set(w1=2, w2=1, rate=0.1, beta=0.9, decay=0.3, adam=True)
    assert app._land(app.state) is before


def test_the_picture_of_walks_marks_the_lowest_point() -> None:
    def marked(problem: bp.Problem) -> bool:
        figure = walks(problem, {"plain": bp.updates.GradientDescent()}).figure
        return "lowest point" in [text.get_text() for text in figure.legends[0].get_texts()]

    assert marked(VALLEY)
    assert not marked(ARTICLE.problem)  # its lowest point is beyond the border


def test_the_opening_numbers_are_those_of_the_problem() -> None:
    update = bp.updates.Adam(0.7, weight_decay=0.2)
    app = bp.apps.rules(VALLEY.replace(update=update))
    assert (app.values["beta"], app.values["decay"]) == (0.7, 0.2)
    assert bp.apps.rules(ARTICLE).values["beta"] == 0.9
    app.set(beta=0.3, w1=0.25)
    again = bp.apps.rules(eval(app.share, {"bp": bp}))
    assert [again.values[name] for name in ("beta", "decay", "w1", "rate")] == [0.3, 0.2, 0.25, 0.47]


def test_a_walk_that_overflows_is_said() -> None:
    app = bp.apps.rules(VALLEY.replace(w1=1e150, learning_rate=10))
    said, warns = app.note(app.state)
    assert warns
    assert "gradient descent has overflowed" in said
    assert "gradient descent not yet after 60" in said
    app.set(descent=False, momentum=False)
    assert app.note(app.state) == ("Choose a rule.", False)
    app.set(descent=True, w1=1e300)
    assert app.note(app.state) == ("The loss is not finite at the start. Click on another place.", True)


def test_other_parameters_move_as_well_and_that_is_said() -> None:
    app = bp.apps.rules(ARTICLE, x="w5", y="w7")
    assert "The landscape shows w₅ and w₇, the others at their starting values." in app.note(app.state)[0]
    assert (app.window.x, app.window.y) == ("w5", "w7")
    assert app.bundles()[0]["image/png"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: bp.apps.rules(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1.0}, [1], [1])),
            "got 1; bp.apps.desc",
        ),
        (lambda: bp.apps.rules(ARTICLE, x="w55"), "expected a parameter, got 'w55'; did you mean 'w5'"),
        (lambda: bp.apps.rules(ARTICLE, x="w5", y="w5"), "expected two parameters, got 'w5' twice"),
        (lambda: bp.apps.rules(None), "rules app: expected an example or a Problem, got None"),
    ],
)
def test_what_has_no_landscape_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(bp.BpkitError, match=re.escape(words)):
        make()
