"""The classes app: softmax, its loss and p - y against a few lines of NumPy of their own."""

from __future__ import annotations

import numpy as np
import pytest

import bpkit as bp
from bpkit.apps.classes import losses_at

NAMES = ("o1 (unripe)", "o2 (ripe)", "o3 (rotten)")


def by_hand(nets: list[float], true: int) -> tuple[np.ndarray, float, np.ndarray]:
    powers = np.exp(np.array(nets))
    shares = powers / powers.sum()
    return shares, float(-np.log(shares[true])), shares - np.eye(len(nets))[true]


@pytest.mark.parametrize(("nets", "true"), [([1.0, 2.0, 0.0], 1), ([-3.0, 2.0, 0.5], 0), ([4.0, 4.0, 4.0], 2)])
def test_shares_loss_and_deltas_are_those_of_a_plain_program(nets: list[float], true: int) -> None:
    app = bp.apps.classes()
    app.set(**dict(zip(("w1", "w2", "w3"), nets)), true=f"o{true + 1}")
    shares, loss, deltas = by_hand(nets, true)
    values = bp.evaluate(app.state.problem)
    for k, name in enumerate(("o1", "o2", "o3")):
        assert values[f"out_{name}"] == pytest.approx(shares[k], rel=1e-12)
        assert values[f"dE_total/dnet_{name}"] == pytest.approx(deltas[k], rel=1e-9, abs=1e-12)
    assert values["E_total"] == pytest.approx(loss, rel=1e-12)
    told = app.note(app.state)[0]
    assert f"The true class {NAMES[true]} has the share p = {shares[true]:.3g}." in told
    assert eval(app.share, {"bp": bp}) == app.state.problem


def test_the_same_added_to_all_net_inputs_changes_no_share() -> None:
    app = bp.apps.classes()
    before = bp.evaluate(app.state.problem)["out_o2"]
    app.set(w1=2, w2=3, w3=1)
    assert bp.evaluate(app.state.problem)["out_o2"] == pytest.approx(before, rel=1e-12)


def test_both_losses_of_a_share_and_their_slopes() -> None:
    for p in (0.01, 0.3, 0.99):
        found = losses_at(p)
        assert found["surprise"] == pytest.approx(-np.log(p))
        assert found["steep"] == pytest.approx(-1 / p)
        assert found["square"] == pytest.approx((1 - p) ** 2 / 2)
        assert found["flat"] == pytest.approx(p - 1)


def test_the_pull_of_half_the_squared_error_is_a_difference_quotient() -> None:
    nets, true, h = np.array([1.0, -3.0, 0.0]), 1, 1e-6
    app = bp.apps.classes()
    app.set(w1=1, w2=-3, w3=0)

    def square(at: np.ndarray) -> float:
        return float((1 - by_hand(at.tolist(), true)[0][true]) ** 2 / 2)

    pulls = [(square(nets + h * way) - square(nets - h * way)) / (2 * h) for way in np.eye(3)]
    said = [float(one) for one in app.words(app.state).replace("−", "-").rstrip(".").split("would be ")[1].split(", ")]
    assert said == pytest.approx(pulls, rel=1e-5)
    assert "its slopes are −0.987 and −0.0129." in app.note(app.state)[0]


def test_what_is_said_of_the_squared_error_is_that_of_the_true_class() -> None:
    """Half the squared error of a network adds all outputs."""
    app = bp.apps.classes()
    network = bp.Network(1, 3, activation="softmax", loss="half_squared_error", bias="none")
    values = bp.evaluate(app.state.problem.replace(network=network))
    told = app.note(app.state)[0]
    assert f"The error of this class alone, ½(1 − p)², would be {values['E_o2']:.3g};" in told
    assert f"{values['E_total']:.3g}" not in told


def test_classes_have_names() -> None:
    plain = bp.apps.classes(bp.apps.classes().state.problem)
    assert "The true class o2 has" in plain.note(plain.state)[0]
    two = bp.apps.classes(bp.examples.article, names=("cat", "dog"))
    assert "The true class o2 (dog) has" in two.note(two.state)[0]
    with pytest.raises(bp.BpkitError, match="expected 2 names, got 1"):
        bp.apps.classes(bp.examples.article, names=("cat",))


def test_another_problem_gives_the_net_inputs_of_its_outputs() -> None:
    article = bp.examples.article.problem
    values = bp.evaluate(article)
    state = bp.apps.classes(article).state
    assert [*state.problem.parameters.values()] == [round(float(values[f"net_{name}"]), 2) for name in ("o1", "o2")]
    assert state.true == 1  # the target of o2 is the larger one
    one = bp.Problem(bp.Network(1, 1), {"w1": 1.0, "b1": 0.0}, [1.0], [1.0])
    with pytest.raises(bp.BpkitError, match="expected from 2 to 6 outputs"):
        bp.apps.classes(one)


def test_the_still_picture_is_a_picture() -> None:
    app = bp.apps.classes()
    assert app.drawing(app.state).png().startswith(b"\x89PNG")


def test_its_controls_are_net_inputs_and_not_weights() -> None:
    controls = bp.apps.classes().spec["controls"]
    assert controls["w2"]["label"] == "net of o2 (ripe)"
    assert "written" not in controls["w2"]
