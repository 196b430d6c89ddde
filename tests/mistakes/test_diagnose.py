"""What the detective answers: verdicts, words, numbers as people type them, and what it must refuse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

import bpkit as bp
from bpkit.core.numeric import evaluate_given
from bpkit.mistakes.evidence import Case, crowding
from bpkit.mistakes.misconceptions import catalogue
from bpkit.mistakes.question import question
from bpkit.mistakes.typed_number import read
from bpkit.mistakes.variants import value_in, wrong_values
from bpkit.mistakes.verdict import CHANCE

ARTICLE, MAZUR = bp.examples.article.problem, bp.examples.mazur.problem
Z = sp.Symbol("z")


def sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


# Numbers typed


@pytest.mark.parametrize(
    "value",
    ["0.0851429", "8.51429e-2", "8.51429E-02", " 0.0851429 ", "+.0851429", "0,0851429", "8.51429*10^-2",
     "8.51429 · 10**(-2)", 0.0851429, np.float64(0.0851429), np.float32(0.0851429), Decimal("0.0851429"),
     Fraction(851429384315719, 10**16), "0.085142938431572", 0.0851429384315719],
)  # fmt: skip
def test_right_in_every_spelling(value: Any) -> None:
    assert bp.diagnose(ARTICLE, "dE/dw5", value).verdict == "correct"


@pytest.mark.parametrize(
    "value",
    ["", "   ", "nan", "inf", "-inf", "10**10**10", "9" * 500, "1e999999999", "1e400", "1/0", "0x10",
     "1.2.3", "__import__('os')", "w5", "0.1 0.2", float("nan"), float("inf"), 10**400, True, None, [0.1], 1j,
     np.array([0.1, 0.2]), object],
)  # fmt: skip
def test_what_is_no_number_is_refused_kindly(value: Any) -> None:
    with pytest.raises(bp.BpkitError, match="expected a number such as"):
        bp.diagnose(ARTICLE, "dE/dw5", value)


@pytest.mark.parametrize(
    ("quantity", "typed"),
    [("dE/db1", "0.00687323+0.00252564"), ("dE/dw3", "0.00252564*0.1"), ("w6_new", "0.2-0.5*0.0862913")],
)
def test_a_calculation_from_the_figures_of_the_page_is_right(quantity: str, typed: str) -> None:
    assert bp.diagnose(ARTICLE, quantity, typed).message == "Right."


def test_unknown_quantities_get_near_names() -> None:
    with pytest.raises(bp.BpkitError, match="'dE_total/dw8'"):
        bp.diagnose(ARTICLE, "dE/dw9", 1.0)
    with pytest.raises(bp.BpkitError, match="E_total"):
        bp.diagnose(ARTICLE, "E_totl", 1.0)
    with pytest.raises(bp.BpkitError, match="at most"):
        bp.diagnose(ARTICLE, "E_total after 999999 updates", 1.0)
    with pytest.raises(bp.BpkitError, match="expected a Problem"):
        bp.diagnose(bp.examples.article, "E_total", 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "quantity",
    [
        "E_total after 1 update",
        "E_total after one update",
        "E_total after an update",
        "E after 1 update",
        "E_total_new",
    ],
)
def test_a_figure_of_the_trained_network(quantity: str) -> None:
    found = bp.diagnose(MAZUR, quantity, "0.291027924")
    assert found.verdict == "misconception"
    assert [one.name for one in found.misconceptions] == ["uses the already updated weights"]
    assert bp.diagnose(MAZUR, quantity, "0.291027774").verdict == "correct"


def test_a_weight_after_updates_is_its_new_value() -> None:
    assert bp.diagnose(ARTICLE, "w1 after 1 update", "0.2496563").verdict == "correct"
    exact = ARTICLE.updated(3).parameters["w1"]
    assert bp.diagnose(ARTICLE, "w1 after 3 updates", f"{exact:.9f}").verdict == "correct"


@pytest.mark.parametrize(
    ("figure", "name"),
    [("0.2208485269", "updates the biases"), ("0.21524065564", "gives each neuron a bias of its own")],
)
def test_what_happened_to_the_biases(figure: str, name: str) -> None:
    found = bp.diagnose(ARTICLE, "E_total after 1 update", figure)
    assert found.misconceptions[0].name == name
    learning = ARTICLE.replace(train_biases=True)
    assert bp.diagnose(learning, "E_total after 1 update", "0.2208485269").verdict == "correct"
    kept = bp.diagnose(learning, "E_total after 1 update", "0.22543263437").misconceptions
    assert [one.name for one in kept] == ["keeps the biases", "forgets the derivative of the bias"]


# Verdicts


@pytest.mark.parametrize(
    ("quantity", "typed", "digits", "verdict", "name"),
    [
        ("dE/dw5", "0.0851429384", 4, "correct", ""),
        ("dE/dw5", "0.085140", 4, "correct", ""),  # within half a unit of the fourth digit, however many were typed
        ("dE/dw5", "0.08517", 4, "rounded", ""),
        ("dE/dw5", "0.085", 4, "few_digits", ""),
        ("dE/dw5", "0.09", 4, "few_digits", ""),
        ("dE/dw5", "0.086", 4, "unknown", ""),
        ("dE/dw5", "-0.08514", 4, "misconception", "swaps the sign of the error"),
        ("dE/dw5", "0.17028", 4, "misconception", "doubles the gradient"),
        ("dE/dw5", "0.170286", 4, "misconception", "doubles the gradient"),
        ("net_h1", "0.505", 4, "correct", ""),
        ("net_h1", "0.51", 4, "few_digits", ""),
        ("net_h1", "0.055", 4, "misconception", "leaves the bias out"),  # the number has no more digits
        ("w5_new", "0.307429", 6, "correct", ""),
        ("w5_new", "0.3074", 6, "few_digits", ""),
        ("w5_new", "0.35", 6, "misconception", "keeps the old value"),
    ],
)
def test_the_digits_that_are_asked_are_judged(quantity: str, typed: str, digits: int, verdict: str, name: str) -> None:
    found = bp.diagnose(ARTICLE, quantity, typed, digits=digits)
    assert found.verdict == verdict
    assert [one.name for one in found.misconceptions][:1] == ([name] if name else [])
    if verdict == "few_digits":
        assert found.message.startswith("Too few digits" if typed == "0.09" else "So far right; ")


@pytest.mark.parametrize("digits", [0, -1, 13, 4.0, True, "4"])
def test_digits_that_cannot_be_asked(digits: Any) -> None:
    with pytest.raises(bp.BpkitError, match="expected 1 to 12 significant digits"):
        bp.diagnose(ARTICLE, "dE/dw5", "0.0851", digits=digits)


def test_the_step_and_what_it_should_be() -> None:
    one = bp.diagnose(ARTICLE, "dE/dw5", "0.405019").misconceptions[0]
    assert one.name == "forgets the output slope"
    assert (one.step.name, one.step.number) == ("dE_o1/dnet_o1", 18)
    assert str(one.written.rhs) == "dE_o1/dout_o1"
    assert (
        one.where == "Line (18) should be ∂E(o1)/∂net(o1) = ∂E(o1)/∂out(o1) · ∂out(o1)/∂net(o1), not ∂E(o1)/∂out(o1)."
    )


def test_the_path_that_was_followed_is_told() -> None:
    delta, slope = 0.136527176483267, 0.234714725953816
    one = bp.diagnose(ARTICLE, "dE/dw1", f"{delta * 0.35 * slope * 0.1:.6g}").misconceptions[0]
    assert (one.name, one.detail) == ("follows only one path", "through o1")


def test_ambiguity_is_stated_with_what_would_decide() -> None:
    doubled = 0.25 - 0.5 * 2 * 0.000687323330761988
    found = bp.diagnose(ARTICLE, "w1_new", f"{doubled:.10f}")
    assert {"doubles the gradient", "forgets the learning rate"} <= {one.name for one in found.misconceptions}
    assert found.tell_apart == "dE_total/dw1"
    assert found.message.endswith("Your ∂E/∂w₁ would show which.")
    names = [one.name for one in bp.diagnose(ARTICLE, "dE/dw1", "0.0013746466").misconceptions]
    assert "doubles the gradient" in names
    assert "forgets the learning rate" not in names


def test_of_a_mistake_made_in_several_lines_all_are_known() -> None:
    """The mistake made in exactly those lines gives the number."""
    several = 0
    for quantity in ("E_total", "dE/dw1", "w1_new", "E_total after 1 update"):
        asked = question(ARTICLE, quantity)
        numbers = [*wrong_values(ARTICLE, quantity).values()][::6]
        for one in (one for number in numbers for one in bp.diagnose(ARTICLE, quantity, number).misconceptions):
            lines = {step.name for step in (one.step, *one.others)}
            edits = [{line: edit for line, edit in part.edits.items() if line in lines} for part in one.parts]
            here = tuple(replace(part, edits=some) for part, some in zip(one.parts, edits))
            if here:
                assert value_in(asked, here) == pytest.approx(one.value, rel=1e-9), (quantity, one.name, one.detail)
                several += len(lines) > 1
    assert several > 10


def test_where_a_mistake_is_made_is_said_of_all_lines_on_the_way_from_what_was_given() -> None:
    printed = {"out_o1": 0.6888201, "out_o2": 0.7375445}
    found = bp.diagnose(ARTICLE, "w1_new", "0.249921", {name: str(number) for name, number in printed.items()})
    assert "the slope of the output twice (in ∂E(o1)/∂net(o1) and ∂E(o2)/∂net(o2)) or if" in found.message
    assert found.lines == (18, 36, 20)
    values = evaluate_given(ARTICLE, printed)

    def new(*twice: str) -> float:
        delta = {o: values[f"dE_{o}/dnet_{o}"] * values[f"dout_{o}/dnet_{o}"] ** (o in twice) for o in ("o1", "o2")}
        back = delta["o1"] * ARTICLE.parameters["w5"] + delta["o2"] * ARTICLE.parameters["w7"]
        return float(0.25 - 0.5 * back * values["dout_h1/dnet_h1"] * 0.1)

    assert f"{new('o1', 'o2'):.6f}" == "0.249921" != f"{new('o1'):.6f}"
    [one] = (one for one in found.misconceptions if one.name == "counts the output slope twice")
    assert one.value == pytest.approx(new("o1", "o2"), rel=1e-12)
    handed = {"dE_o1/dnet_o1": values["dE_o1/dnet_o1"], **printed}
    [one] = bp.diagnose(ARTICLE, "w1_new", new("o2"), handed).misconceptions
    assert (one.name, one.step.name, one.others) == ("counts the output slope twice", "dE_o2/dnet_o2", ())


def test_of_many_lines_the_first_is_told_and_a_few_are_lit() -> None:
    uphill = ARTICLE.replace(learning_rate=-ARTICLE.learning_rate).updated()
    found = bp.diagnose(ARTICLE, "E_total after 1 update", bp.evaluate(uphill)["E_total"])
    assert "(in 8 lines, the first is new w₁) or if you swap the sign of the error" in found.message
    assert len(found.misconceptions[0].others) == 7
    assert len(found.lines) == 4


def test_rounding_on_paper_is_no_mistake() -> None:
    h1, h2 = round(sigmoid(0.505), 4), round(sigmoid(0.541), 4)
    o1 = round(sigmoid(round(0.35 * h1 + 0.2 * h2 + 0.5, 4)), 4)
    delta = round(round(o1 - 0.05, 4) * round(o1 * (1 - o1), 4), 4)
    found = bp.diagnose(ARTICLE, "dE/dw5", f"{delta * h1:.8f}")
    assert (found.verdict, found.decimals) == ("rounded", 4)
    assert "4 decimals" in found.message


@pytest.mark.parametrize(
    ("off", "decimals", "verdict"),
    [(9e-4, 6, "unknown"), (9e-4, 8, "unknown"), (9e-5, 8, "rounded")],
)
def test_rounding_some_numbers_to_three_digits_is_no_excuse_for_many(off: float, decimals: int, verdict: str) -> None:
    """Every factor too large by nearly a unit of the third decimal, or of the fourth."""
    h1, o1 = sigmoid(0.505), sigmoid(0.35 * sigmoid(0.505) + 0.2 * sigmoid(0.541) + 0.5)
    value = (o1 - 0.05 + off) * (o1 * (1 - o1) + off) * (h1 + off)
    found = bp.diagnose(ARTICLE, "dE/dw5", f"{value:.{decimals}f}")
    assert found.verdict == verdict
    assert found.decimals == (None if verdict == "unknown" else 4)


def test_a_single_term_that_was_rounded_is_found() -> None:
    kept = 0.218  # w5 · out_h1 = 0.35 · 0.6236.., to three decimals; everything else as it is
    found = bp.diagnose(ARTICLE, "net_o1", f"{kept + 0.2 * sigmoid(0.541) + 0.5:.8f}")
    assert (found.verdict, found.decimals) == ("rounded", 3)
    assert "you kept the term w₅ · out(h1) rounded to 3 decimals" in found.message


def test_a_number_cut_off_is_right() -> None:
    found = bp.diagnose(ARTICLE, "out_h1", "0.623633")
    assert (found.verdict, found.decimals) == ("rounded", 6)
    assert "0.623634" in found.message


def test_an_earlier_wrong_value_is_carried_forward() -> None:
    found = bp.diagnose(ARTICLE, "out_o1", "0.6888201", given={"net_o1": "0.794609"})
    assert (found.verdict, found.carried) == ("correct", ("net_o1",))
    assert not found.misconceptions
    assert bp.diagnose(ARTICLE, "out_o1", "0.6888201").verdict != "correct"
    # and a mistake made on top of it has its own name
    wrong = sigmoid(0.794609)
    value = (wrong - 0.05) * 0.623633628298226
    found = bp.diagnose(ARTICLE, "dE/dw5", f"{value:.9f}", given={"out_o1": repr(wrong)})
    assert found.misconceptions[0].name == "forgets the output slope"
    with pytest.raises(bp.BpkitError, match="no quantity 'net_o9'"):
        bp.diagnose(ARTICLE, "out_o1", 0.6888201, given={"net_o9": 0.1})


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("-0.123456", "Its sign is wrong."),
        ("8.51429384", "Its digits are right, but the decimal point is not."),
        ("0.0815429384", "right with the digits 1 and 5 exchanged"),
        ("0.844680772", "That is net(o1), not ∂E/∂w₅."),
        ("77.7777", "It is about 910 times too large."),
        ("0.0000777777", "times too small"),
    ],
)
def test_hints_about_what_nothing_explains(value: str, hint: str) -> None:
    found = bp.diagnose(ARTICLE, "dE/dw5", value)
    assert found.verdict == "unknown"
    assert any(hint.lower().strip(".") in one.lower() for one in found.hints), found.hints


def test_the_number_of_another_line_is_called_that_and_no_unknown_mistake() -> None:
    moved = ARTICLE.replace(x1=0.5)
    assert bp.diagnose(moved, "net_h1", "0.646799").message == "Not right. That is out(h1), not net(h1)."
    used = bp.diagnose(ARTICLE, "dE/dw5", "0.844680772").message
    assert used.startswith("Not right. That is net(o1), not ∂E/∂w₅. Check line (7) first: out(o1)")


def test_the_number_of_another_line_is_no_pair_of_mistakes() -> None:
    days = bp.Model((2, 1), bp.blocks.Recurrent(1))
    problem = bp.Problem(days, {"Wx1": [[0.8]], "Wh1": [[0.6]], "b1": [0.0]}, [[1.0], [0.3]], [0.2])
    delta = bp.evaluate(problem)["dE_total/dnet_o2_1"]
    found = bp.diagnose(problem, "dE/dWx1_1_1", f"{delta:.6g}")
    assert found.message.startswith("Not right. That is ∂E/∂net(o2,1), not ∂E/∂Wx1,1,1. Check line (13) first")


def test_a_turned_sign_is_told_first_where_another_quantity_has_that_value_too() -> None:
    problem = bp.examples.attention.problem
    values = bp.evaluate(problem)
    scores = ["dE/dscore_o1_2", "dE/dscore_o2_2", "q_o1_2", "q_o2_2"]
    key = values["dE_total/dk_o2_2"]
    assert values["dE_total/dk_o1_2"] == pytest.approx(-key)
    found = bp.diagnose(problem, "dE/dk_o2_2", f"{-key:.6g}", known=scores)
    assert found.message.startswith("Not right. Its sign is wrong.")
    assert found.hints[1].startswith("That is ")
    unknown = bp.diagnose(problem, "dE/dk_o2_2", "0.123456", known=scores)
    assert "Check line (95) first" in unknown.message  # the first after those that are known
    with pytest.raises(bp.BpkitError, match="dE/dscore_o9_9"):
        bp.diagnose(problem, "dE/dk_o2_2", "0.1", known=["dE/dscore_o9_9"])


def test_a_formula_of_numbers_from_the_page_is_right_up_to_the_six_digits_that_it_shows() -> None:
    problem = bp.examples.attention.problem
    told = ["q_o1_2", "q_o2_2", "dE/dscore_o1_2", "dE/dscore_o2_2"]
    values = bp.evaluate(problem)
    first, second = (f"{values[f'dE_total/dscore_o{row}_2']:.6g}*{values[f'q_o{row}_2']:.6g}" for row in (1, 2))
    found = bp.diagnose(problem, "dE/dk_o2_2", f"({first}+{second})/sqrt(2)", known=told)
    assert found.verdict in ("correct", "rounded")
    assert "7" not in found.message


def test_few_digits_are_called_a_guess() -> None:
    found = bp.diagnose(ARTICLE, "dE/dw5", "-0.0851")
    assert found.verdict == "misconception"
    assert not found.sure
    assert "guess" in found.message


def test_five_digits_are_no_guess() -> None:
    found = bp.diagnose(ARTICLE, "dE/dw5", "0.40502")
    assert found.misconceptions[0].name == "forgets the output slope"
    assert found.sure
    assert "guess" not in found.message


def test_how_far_off_a_number_is_and_how_much_it_says() -> None:
    def case(quantity: str, typed: str) -> Case:
        return Case(question(ARTICLE, quantity), read(typed), {})

    assert case("dE/dw5", "0.0860").off == pytest.approx(0.0860 - 0.0851429384315719 - 0.00005)
    assert case("dE/dw5", "0.0851").off == 0
    # of a new value the digits of its change: 0.25 less 79 units, less 790, and 5 units more
    assert [case("w1_new", typed).telling for typed in ("0.249921", "0.2499210", "0.250005")] == [2, 3, 1]
    assert case("dE/dw5", "0.405019").telling == 6
    before, later = bp.evaluate(ARTICLE)["E_total"], bp.evaluate(ARTICLE.updated())["E_total"]
    assert case("dE/dw5", "1").scale == pytest.approx(0.0851429384315719)
    assert case("w1_new", "1").scale == pytest.approx(0.5 * 0.000687323330761988)
    assert case("E_total after 1 update", "1").scale == pytest.approx(before - later)


def test_where_pairs_of_mistakes_lie_close_together_a_hit_says_nothing() -> None:
    """From three in a hundred numbers on, however wide the part that is looked at; from a few on, however close."""
    figure = read("-0.123456")

    def around(*units: float) -> np.ndarray:
        return np.array([figure.value + unit * figure.unit for unit in (0, *units)])

    for many in (20, 200):
        assert crowding(figure, around(*range(-25 * many, 25 * many, 25))) > CHANCE
        assert not crowding(figure, around(*range(-60 * many, 60 * many, 60))) > CHANCE
    assert crowding(figure, around(-20, 10, 25, np.nan, np.inf)) > CHANCE
    assert not crowding(figure, around(-20, 10, 10.2)) > CHANCE
    assert not crowding(figure, around(1e9, -1e9)) > CHANCE


def test_of_many_pairs_four_are_told() -> None:
    found = bp.diagnose(ARTICLE, "dE/dw1", "0.001545839").misconceptions
    assert [len(one.parts) for one in found] == [2] * 4
    assert all(one.name == f"{one.parts[0].name} and {one.parts[1].name}" for one in found)


def test_zero_is_right_only_where_it_is() -> None:
    assert bp.diagnose(ARTICLE, "E_total", "0").verdict == "unknown"
    dead = bp.Problem(bp.Network(1, 1, activation="relu"), {"w1": -1, "b1": -1}, [1], [1])
    assert bp.diagnose(dead, "dE/dw1", "0").verdict == "correct"
    assert bp.diagnose(dead, "dE/dw1", "0.5").verdict in ("misconception", "unknown")


def test_a_batch_asks_for_a_sample_or_a_mean() -> None:
    network = bp.Network(2, 2, 1)
    parameters = {name: 0.1 * n for n, name in enumerate(network.parameters, 1)}
    batch = bp.Problem(network, parameters, [[0, 1], [1, 0], [1, 1]], [[1], [1], [0]])
    exact = bp.evaluate(batch)["dE/dw1"]
    assert bp.diagnose(batch, "dE/dw1", exact).verdict == "correct"
    assert bp.diagnose(batch, "dE/dw1", 3 * exact).misconceptions[0].name == "takes the sum instead of the mean"
    assert bp.diagnose(batch, "E_total after 1 update", bp.evaluate(batch.updated())["E_total"]).verdict == "correct"
    with pytest.raises(bp.BpkitError, match=r"problem\.sample\(0\)"):
        bp.diagnose(batch, "net_h1", 0.1)


def test_a_learners_own_activation() -> None:
    swish = bp.Activation("swish", Z / (1 + sp.exp(-Z)))
    network = bp.Network(2, 2, 1, activation=[swish, "identity"])
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.3), [0.4, 0.7], [0.2])
    net = 0.3 * 0.4 + 0.3 * 0.7 + 0.3
    out = net * sigmoid(net)
    raw = 2 * 0.3 * out + 0.3 - 0.2  # forgets the hidden slope
    assert bp.diagnose(problem, "dE/dw1", f"{raw * 0.3 * 0.4:.8f}").misconceptions[0].name == "forgets the hidden slope"


# The catalogue


NETWORKS = [
    bp.Network(1, 1),
    bp.Network(2, 2, 2),
    bp.Network(3, 4, 2, bias="neuron", activation=["relu", "tanh"]),
    bp.Network(2, 3, 2, 3, activation=["tanh", "softplus", "softmax"], loss="cross_entropy"),
    bp.Network(2, 2, 1, loss="binary_cross_entropy", bias="none"),
    bp.Network(2, 2, 2, 2, 2, loss="mean_squared_error", activation="leaky_relu"),
    ARTICLE.network,
]


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_every_misconception_rewrites_lines_that_exist_and_can_be_computed(network: bp.Network) -> None:
    known = {step.name for step in bp.derive(network)}
    rng = np.random.default_rng(1)
    parameters = {name: float(rng.uniform(-1, 1)) for name in network.parameters}
    problem = bp.Problem(
        network, parameters, rng.uniform(0, 1, len(network.inputs)), rng.uniform(0.1, 0.9, len(network.outputs))
    )
    for one in catalogue(network):
        assert set(one.edits) <= known
        assert [step.name for step in one.applied(bp.derive(network))] == [step.name for step in bp.derive(network)]
    for quantity in (
        "E_total",
        f"dE/d{network.parameters[0]}",
        f"{network.parameters[0]}_new",
        "E_total after 2 updates",
    ):
        assert wrong_values(problem, quantity)


def test_names_are_stable_words() -> None:
    names = {one.name for network in NETWORKS for one in catalogue(network)}
    parameters = {name for network in NETWORKS for name in network.parameters}
    for name in names:
        assert not any(sign.isdigit() for sign in name)
        assert not parameters & set(name.split())
    assert "uses the already updated weights" in names


def test_a_mistake_that_equals_the_truth_is_no_finding() -> None:
    one_path = [m for m in wrong_values(ARTICLE, "dE/dw5") if m.name == "follows only one path"]
    assert not one_path  # w5 has a single path
    assert [m for m in wrong_values(ARTICLE, "dE/dw1") if m.name == "follows only one path"]


def test_saturated_neurons_keep_their_digits() -> None:
    """The cancelled forms stay where the mistake leaves them alone, and give way where it does not."""
    problem = bp.Problem(bp.Network(1, 1, loss="binary_cross_entropy"), {"w1": 40.0, "b1": 0.0}, [1], [0.25])
    assert bp.diagnose(problem, "dE/dw1", "-0.75").verdict != "correct"
    assert bp.diagnose(problem, "dE/dw1", "0.75").verdict == "correct"
    assert bp.diagnose(problem, "w1_new", f"{40 + 0.5 * 0.75}").misconceptions[0].name == "adds the gradient"


def test_what_rests_on_a_wrong_line_is_computed_as_it_is_read() -> None:
    """Spellings for computers, p - y or a slope from net, hold only where the lines that they rest on are true."""
    bernoulli, squared = bp.Network(1, 1, loss="binary_cross_entropy"), bp.Network(1, 1)
    out, wrong = sigmoid(2.0), sigmoid(5.0)
    twice = sigmoid(out)
    for network, net, value, name in (
        (bernoulli, 2.0, 0.25 - out, "swaps the sign of the error"),
        (bernoulli, 2.0, (out - 0.25) / (1 - out), "takes a part of the slope"),
        (bernoulli, 2.0, -(0.25 / out) * out * (1 - out), "leaves out the second half of the cross-entropy"),
        (bernoulli, 2.0, twice - 0.25, "applies the activation twice"),
        (squared, -5.0, (wrong - 0.25) * wrong * (1 - wrong), "loses the minus in the exponent"),
    ):
        problem = bp.Problem(network, {"w1": net, "b1": 0.0}, [1], [0.25])
        found = bp.diagnose(problem, "dE/dw1", f"{value:.9f}")
        assert name in [one.name for one in found.misconceptions], (name, found)


# Words


def test_text_and_html_say_the_same() -> None:
    for found in (
        bp.diagnose(ARTICLE, "w1_new", "0.2503436617"),
        bp.diagnose(ARTICLE, "w1_new", "0.2496563383"),
        bp.diagnose(ARTICLE, "dE/dw5", "0.123456"),
    ):
        html = found._repr_html_()
        assert found.message in html
        assert found.message in repr(found)
        for one in found.misconceptions[1:]:
            assert one.sentence in html
            assert one.sentence in repr(found)
        assert "np.float64" not in repr(found) + repr(found.misconceptions)


def test_diagnoses_are_frozen_and_repeatable() -> None:
    first = bp.diagnose(ARTICLE, "w1_new", "0.249312677")
    assert repr(first) == repr(bp.diagnose(ARTICLE, "w1_new", "0.249312677"))
    with pytest.raises(AttributeError):
        first.verdict = "correct"  # type: ignore[misc]


def test_a_derivative_that_vanishes_by_a_mistake() -> None:
    """The deltas of softmax with cross-entropy add up to nothing: without the weights no error goes back."""
    network = bp.Network(2, 2, 2, activation=["tanh", "softmax"], loss="cross_entropy")
    parameters = {name: 0.1 * n - 0.4 for n, name in enumerate(network.parameters, 1)}
    problem = bp.Problem(network, parameters, [0.3, 0.7], [0.2, 0.8])
    for value in ("0", "0.0", 0, 5.5e-18):
        found = bp.diagnose(problem, "dE/dw1", value)
        where = {one.name: one.step.name for one in found.misconceptions}
        # the line that is written wrongly, not the delta before it, which computers then need another spelling for
        assert where["leaves out the weight on a path"] == "dE_total/dout_h1"


def test_zeros_behind_the_point_are_digits() -> None:
    assert bp.diagnose(ARTICLE, "dE/dw1", "0.00").verdict == "few_digits"
    assert bp.diagnose(ARTICLE, "dE/dw1", "0.0000").verdict not in ("correct", "few_digits")


@pytest.mark.parametrize(("rate", "updates"), [(0.5, 1), (0.5, 2), (3.0, 1), (3.0, 3)])
def test_a_number_of_another_run_is_said_to_be_one(rate: float, updates: int) -> None:
    """Of a usual learning rate, or of one update more or less: said before a pair of mistakes that gives it too."""
    asked = ARTICLE.replace(learning_rate=3)
    loss = bp.evaluate(ARTICLE.replace(learning_rate=rate).updated(updates))["E_total"]
    found = bp.diagnose(asked, "E_total after 2 updates", f"{loss:.7f}")
    assert (found.verdict, found.misconceptions) == ("unknown", ())
    made = f"after {updates} update{'s' * (updates > 1)}"
    assert found.message.startswith(f"Not right. You get this {made}")
    assert (f"with a learning rate of {rate:g}" in found.message) == (rate != 3)


def test_the_six_digits_of_a_page_are_enough_on_the_way() -> None:
    problem = bp.examples.article.problem
    shown = bp.diagnose(problem, "dE/dw6", "0.136527*0.632045")
    assert shown.message == "Right, up to rounding: the numbers on the way were rounded to 6 significant digits."
    assert bp.diagnose(problem, "dE/dw6", "0.1365*0.632").message.endswith("Keep more digits.")


@pytest.mark.parametrize(
    ("quantity", "typed", "said"),
    [
        ("out_o1", "0.73158753", "use w₇ instead of w₆; w₇ leads from h1 to o2, and w₆ leads from h2 to o1. "),
        ("net_h1", "0.531", "use w₂ instead of w₄; w₂ leads from x₂ to h2, and w₄ leads from x₂ to h1. "),
        ("out_o1", "0.69964255", "swap w₄ and w₂; w₄ leads from x₂ to h1, and w₂ leads from x₂ to h2. "),
        ("dE/dw1", "0.00092857307", "use w₆ instead of w₇; w₆ leads from h2 to o1, and w₇ leads from h1 to o2. "),
        ("dE/dw3", "0.000729", "use w₅ instead of w₆; w₅ leads from h1 to o1, and w₆ leads from h2 to o1. "),
    ],
)
def test_one_weight_for_another_is_told_by_where_they_lead(quantity: str, typed: str, said: str) -> None:
    """Whatever the rule that found it, transposed weights too: nobody has to know rows and columns."""
    message = bp.diagnose(bp.examples.article.problem, quantity, typed).message
    assert f"you get {typed} if you {said}Look at line" in message


def test_the_weights_of_a_worked_example_are_known_again() -> None:
    ripe = bp.examples.article.problem.replace(targets=[0.95, 0.05])
    found = bp.diagnose(ripe, "dE/dw3", "(-0.0526705*0.35+0.133084*0.45)*0.632045*(1-0.632045)*0.1")
    assert "the weights of other paths on the way back (w₅ and w₇ instead of w₆ and w₈)" in found.message


def test_a_number_from_before_a_change_is_known_again_where_it_was_worked_out_with_six_digits() -> None:
    green = bp.examples.article.problem
    app = bp.apps.ask(green.replace(targets=[0.95, 0.05]), "dE/dw3", before=green)
    for typed in ("0.00025256", "(0.136527*0.2-0.0411137*0.4)*0.632045*0.367955*0.1"):
        app.set(number=typed)
        assert "is ∂E/∂w₃ before the change" in app.tells()["message"], typed


def test_a_formula_that_agrees_to_four_digits_need_not_keep_more() -> None:
    """Its numbers were rounded to as many digits as the page asks for."""
    tomato = bp.examples.article.problem.replace(x1=0.6, x2=0.8)
    found = bp.diagnose(tomato, "out_o1", "1/(1+e^(-(0.35*0.6726+0.2*0.7077+0.5)))")
    assert (found.verdict, found.message) == ("rounded", "Right, up to rounding.")
    rough = bp.diagnose(tomato, "out_o1", "1/(1+e^(-(0.35*0.672+0.2*0.707+0.5)))")
    assert rough.message.endswith("Keep more digits.")


def test_a_far_fetched_mistake_is_not_told_beside_a_likely_one_and_no_line_by_number_alone() -> None:
    problem = bp.examples.article.problem
    found = bp.diagnose(problem, "dE/dw6", "0.0851429")
    assert [one.name for one in found.misconceptions] == [
        "takes the neighbour's derivative",
        "takes a neighbour's output",
    ]
    assert "another parameter (w₅); start the chain" in found.message
    assert "swap" not in found.message
    two = bp.diagnose(problem, "w6_new", "0.113709")
    assert "or if you double the slope of the loss (in ∂E(o1)/∂out(o1))" in two.message
    assert "line" not in two.message


@pytest.mark.parametrize(
    ("quantity", "typed", "name"),
    [
        ("w6_new", "0.2-0.0862", "forgets the learning rate"),
        ("dE/dw6", "0.623634*0.6495*0.2102", "takes the neighbour's derivative"),
        ("dE/dw3", "0.136527*0.2*0.2326*0.1", "follows only one path"),
        ("dE/dw3", "(0.136527*0.2+0.0411137*0.4)*0.2326*0.1", "loses the sign of a path"),
        ("dE/dw3", "(0.136527*0.2-0.0411137*0.4)*0.632*0.1", "takes a part of the slope"),
    ],
)
def test_a_mistake_is_named_where_the_numbers_in_its_formula_were_rounded(quantity: str, typed: str, name: str) -> None:
    """To the four digits that a picture shows, or fewer; and then it is no sure name."""
    found = bp.diagnose(bp.examples.article.problem, quantity, typed)
    assert name in {one.name for one in found.misconceptions}, found
    assert not found.sure
    assert "Type more digits" in found.message or len(found.misconceptions) == 1
    exact = bp.diagnose(bp.examples.article.problem, quantity, f"{eval(typed):.12g}")
    assert not exact.misconceptions


@pytest.mark.parametrize(
    ("typed", "name", "where"),
    [
        ("0.00687323-0.00252564", "loses the sign of a path", "through h2"),
        ("(0.00687323+0.00252564)*0.1", "multiplies the bias derivative by the input", "x1"),
    ],
)
def test_slips_with_the_derivative_of_a_bias_that_several_neurons_share(typed: str, name: str, where: str) -> None:
    [one] = bp.diagnose(bp.examples.article.problem, "dE/db1", typed).misconceptions
    assert (one.name, one.detail) == (name, where)


def test_a_right_formula_of_rounded_numbers_is_right_up_to_rounding() -> None:
    asked, loose = bp.examples.article.problem, "0.623*0.6495*0.2108"
    exact = bp.evaluate(asked)["dE/dw6"]
    assert eval(loose) == pytest.approx(exact, rel=0.02)
    for digits in (4, 5):
        out, slope, h2 = (
            f"{bp.evaluate(asked)[name]:.{digits}g}" for name in ("dE/dout_o1", "dout_o1/dnet_o1", "out_h2")
        )
        assert bp.diagnose(asked, "dE/dw6", f"{out}*{slope}*{h2}").verdict in ("correct", "rounded")
    assert bp.diagnose(asked, "dE/dw6", "0.12*0.3456*0.7").verdict == "unknown"


def test_no_more_digits_are_asked_of_a_number_that_has_none() -> None:
    """Adam's step is the learning rate but for the last digits, and those a page does not show."""
    network = bp.Network(2, 1, activation="identity", bias="none")
    problem = bp.Problem(network, {"w1": -0.5, "w2": -2}, [2, 0.3], [2.6], 0.47, update=bp.updates.Adam())
    found = bp.diagnose(problem, "w2_new", "-2.47")
    assert found.message.startswith("Not right: you get −2.47 if you add the slope")
    assert "Type more digits" not in found.message
    assert "Type more digits" in bp.diagnose(problem, "w2_new", "-2.5").message
