"""The rules app's half in the kernel: each walk against a plain program of its rule, the landscape, words, refusals."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
import sympy as sp

import bpkit as bp
from bpkit.apps.rules import NAMES, UPDATES
from bpkit.core.quantities import Quantity
from bpkit.core.updates import Update
from bpkit.mistakes.momentum import rolled
from bpkit.show.rules_picture import first_small, prices, walks, your_walk

VALLEY = bp.Problem(
    bp.Network(2, 1, activation="identity", bias="none"),
    {"w1": -0.5, "w2": -2.0},
    inputs=[[2, 0.3], [2, -0.3]],
    targets=[[2.6], [1.4]],
    learning_rate=0.47,
    update=bp.updates.Momentum(0.5),
)
ARTICLE = bp.examples.article
LESSON = Path(__file__).parents[1] / "notebooks" / "14_better_steps.ipynb"
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
    assert f"{NAMES[name]}: the walk goes from w2 = -1.5, w1 = 0.4 to w2 = {w2:.6g}, w1 = {w1:.6g}" in repr(app)
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
        w2, w1 = before.xs[column], before.ys[row]  # walks go further along w2
        assert before.loss[row, column] == pytest.approx(loss_by_hand(w1, w2), rel=1e-12)
    app.set(w1=2, w2=1, rate=0.1, beta=0.9, decay=0.3, adam=True)
    assert app._land(app.state) is before


def test_the_window_is_wide_and_holds_a_momentum_that_turns_around() -> None:
    app = bp.apps.rules(VALLEY)
    left, right, bottom, top = app.window.ends
    assert (app.window.x, right - left) == ("w2", pytest.approx((top - bottom) * 7 / 4))
    turns = bp.train(app.problem.replace(update=bp.updates.Momentum(0.9)), UPDATES)
    assert turns["w2"].max() > 3
    assert not app.window.outside(turns["w2"], turns["w1"]).any()
    asked = bp.apps.rules(VALLEY, x="w1", y="w2")
    assert (asked.window.x, asked.window.y) == ("w1", "w2")


def test_the_picture_of_walks_marks_the_lowest_point() -> None:
    def marked(problem: bp.Problem) -> bool:
        figure = walks(problem, {"plain": bp.updates.GradientDescent()}).figure
        return "lowest point" in [text.get_text() for text in figure.legends[0].get_texts()]

    assert marked(VALLEY)
    assert not marked(ARTICLE.problem)  # its lowest point is beyond the border


@pytest.mark.parametrize("decay", [0, 0.1, 0.5])
def test_the_lowest_points_are_told_without_and_with_the_price_of_decay(decay: float) -> None:
    app = bp.apps.rules(VALLEY)
    app.set(decay=decay)
    assert "The lowest point (cross) is at w2 = 2, w1 = 1." in repr(app)
    w2, w1 = 0.18 / (0.09 + decay), 4 / (4 + decay)  # where slope and decay cancel
    told = f"The lowest point with decay (diamond) is at w2 = {w2:.4g}, w1 = {w1:.4g}."
    assert (told in repr(app)) == (decay > 0)
    names = [text.get_text() for text in app.drawing(app.state).figure.legends[0].get_texts()]
    assert ("lowest point with decay" in names) == (decay > 0)


def test_biases_have_no_price() -> None:
    assert prices(ARTICLE.problem, ("w5", "b2")) == (0.5, 0)


def test_a_walk_is_wider_where_another_one_hides_it() -> None:
    rules = {"plain": bp.updates.GradientDescent(), "momentum": bp.updates.Momentum(0.5)}
    hidden = [line for line in walks(VALLEY, rules, 1).figure.axes[0].lines if line.get_label() == "hidden"]
    widths = [line.get_linewidth() for line in hidden if line.get_linestyle() == "-"]
    assert len(hidden) == 2  # the step and the star
    assert max(widths) > 5
    assert not [
        one for one in walks(VALLEY, {"plain": rules["plain"]}).figure.axes[0].lines if one.get_label() == "hidden"
    ]


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
    assert "Over all 60 updates, none gets below" in said
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


def lesson_walk(velocity: str, weights: str, updates: int = 20) -> list[np.ndarray]:
    """What the loop of the lesson makes of two lines."""
    w, v, walk = VALLEY.arrays()["W1"], 0, []
    for _ in range(updates):
        walk.append(w.copy())
        g = VALLEY.inputs.T @ (VALLEY.inputs @ w - VALLEY.targets) / 2
        v = eval(velocity, {"v": v, "g": g})
        w = eval(weights, {"w": w, "v": v, "g": g})
    return walk


@pytest.mark.parametrize(
    ("velocity", "weights", "said"),
    [
        ("0.5 * v + g", "w - 0.47 * v", "Right. Your walk is that of bp.updates.Momentum(0.5)."),
        ("0.5 * v + 0.47 * g", "w - v", "Right. "),
        ("v", "w", "Nothing moves yet. Complete both lines"),
        ("0.5 * v + g", "w", "Nothing moves yet. "),
        ("g", "w - 0.47 * v", "Your step is 0 · the step before − 0.47 · the slope. It should be "),
        ("0.5 * v + g", "w - 0.47 * g", "This is plain gradient descent"),
        ("0.5 * v + g", "w - v", "You forgot to multiply by the learning rate."),
        ("0.5 * v + g", "w + 0.47 * v", "You add the slope; the step goes against it."),
        ("v + g", "w - 0.47 * v", "You keep the whole old velocity."),
        ("0.5 * v + 0.5 * g", "w - 0.47 * v", "You take only a share of the slope."),
        ("g - 0.5 * v", "w - 0.47 * v", "You subtract one of the two in the velocity."),
        ("0.9 * v + g", "w - 0.47 * v", "Look at the share of the old velocity in the first line."),
        ("0.5 * v + g", "w - 0.3 * v", "Look at how much of the slope your lines use."),
        ("g - 0.25 * v", "w - 0.47 * v", "Your step is −0.25 · the step before − 0.47 · the slope. It should be "),
        ("0.5 * v + g", "0.47 * v", "Your steps are not made of the step before and the slope alone."),
    ],
)
def test_two_lines_of_momentum_are_judged_by_the_steps_that_they_make(velocity: str, weights: str, said: str) -> None:
    found = rolled(VALLEY, lesson_walk(velocity, weights))
    assert said in found.message
    assert found.right == said.startswith("Right")


def test_what_a_step_should_be_is_read_from_the_lines_of_the_rule() -> None:
    """A rule that takes a fifth of the slope into its velocity: that walk is right, and the usual one is not."""

    class Fifth(bp.updates.Momentum):
        def _step(self, parameter: Quantity, gradient: sp.Symbol) -> Iterator[Update]:
            (state, v, why), new = super()._step(parameter, gradient)
            yield state, v.xreplace({gradient: gradient / 5}), why
            yield new

    problem = VALLEY.replace(update=Fifth(0.5))
    assert rolled(problem, lesson_walk("0.5 * v + g / 5", "w - 0.47 * v")).right
    usual = rolled(problem, lesson_walk("0.5 * v + g", "w - 0.47 * v")).message
    assert "It should be 0.5 · the step before − 0.094 · the slope." in usual


def test_a_walk_of_one_s_own_is_drawn_beside_plain_descent_with_its_verdict_above() -> None:
    made = your_walk(VALLEY, lesson_walk("0.5 * v + g", "w - 0.47 * v"))
    trained = bp.train(VALLEY, 19)
    assert f"your lines: the walk goes from w2 = -2, w1 = -0.5 to w2 = {trained['w2'][-1]:.6g}" in made.caption
    assert "gradient descent: the walk goes from w2 = -2" in made.caption
    above, *_ = made.bundles()
    assert above["text/plain"] == made.said
    assert made.said in above["text/html"]
    with np.errstate(all="ignore"):
        overflows = lesson_walk("v + g", "w - 900 * v", 200)
    wild = your_walk(VALLEY, overflows)  # the picture has what is finite
    assert "Your step is 1 · the step before" in wild.said


def test_a_walk_that_is_none_is_refused() -> None:
    for walk in ([], [[1.0]] * 9, [[1.0, 2.0]] * 4, [[1.0, 2.0], [3.0]] * 9, [[...]] * 9):
        with pytest.raises(bp.BpkitError, match="append a copy of w before each update"):
            rolled(VALLEY, walk)
    with pytest.raises(bp.BpkitError, match="expected a problem with Momentum"):
        rolled(VALLEY.replace(update=bp.updates.Adam()), [[1.0, 2.0]] * 9)
    with pytest.raises(bp.BpkitError, match="and no weight decay"):
        rolled(VALLEY.replace(update=bp.updates.Momentum(0.5, weight_decay=0.1)), [[1.0, 2.0]] * 9)


def test_first_steps_are_as_long_as_the_lesson_says() -> None:
    """Adam's is the learning rate; RMSProp's is longer, because its mean of squares begins at 0."""
    for beta in (0.5, 0.9):
        for rule, length in ((bp.updates.Adam(beta), 0.47), (bp.updates.RMSProp(beta), 0.47 / math.sqrt(1 - beta))):
            trace = bp.train(VALLEY.replace(update=rule), 1)
            steps = [abs(trace[name][1] - trace[name][0]) for name in ("w1", "w2")]
            assert steps == pytest.approx([length] * 2, rel=1e-6)


@pytest.mark.parametrize(("decay", "ends"), [(0.1, (0.976, 0.947)), (0.5, (0.889, 0.305))])
def test_decay_moves_the_goal_for_every_rule(decay: float, ends: tuple[float, float]) -> None:
    app = bp.apps.rules(VALLEY.replace(learning_rate=0.4))
    app.set(decay=decay, adam=True)
    for rule in app.state.rules.values():
        trace = bp.train(app.state.problem.replace(update=rule), UPDATES)
        assert (trace["w1"][-1], trace["w2"][-1]) == pytest.approx(ends, abs=0.03)


def test_the_lines_in_the_lesson_s_fold_complete_its_cell() -> None:
    cells = nbformat.read(LESSON, as_version=4).cells
    [cell] = [cell.source for cell in cells if "your_walk(" in cell.source and "import" not in cell.source]
    [lines] = [re.findall(r"`([vw] = .*?)`", one.source) for one in cells if "One way to write it" in one.source]
    for line in lines:
        cell, count = re.subn(rf"^    {line[0]} = {line[0]}\b.*$", f"    {line}", cell, flags=re.MULTILINE)
        assert count == 1
    *before, last = cell.splitlines()
    names = {"bp": bp, "valley": VALLEY, "your_walk": your_walk}
    exec("\n".join(before), names)
    assert eval(last, names).said.startswith("Right. ")


def test_the_ground_of_several_walks_has_no_colour_of_a_walk() -> None:
    figure = walks(VALLEY, {"plain": bp.updates.GradientDescent()}).figure
    shades = np.concatenate([one.get_facecolor() for one in figure.axes[0].collections if len(one.get_facecolor())])
    assert len(shades) > 5
    assert np.ptp(shades[:, :3], axis=1).max() < 0.1
