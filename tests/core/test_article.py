"""The article's network: every figure at 40 digits by a plain program, and the table of exact figures."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest

import bpkit as bp

# The exact figures, as published with the notes on the article, computed at 40 digits.
EXACT = """
net_h1 0.505
net_h2 0.541
out_h1 0.623633628298226
out_h2 0.632045012544365
net_o1 0.844680772413252
net_o2 1.03345313775195
out_o1 0.699450124024558
out_o2 0.737584810707122
E_total 0.233452838118922
w1_new 0.249656338334619
dE_total/dout_o1 0.649450124024558
dout_o1/dnet_o1 0.210219648026588
dE_total/dnet_o1 0.136527176483267
dE_total/dnet_o2 -0.0411136943601528
dE_o1/dout_h1 0.0477845117691434
dE_o2/dout_h1 -0.0185011624620688
dE_total/dout_h1 0.0292833493070746
dE_total/dout_h2 0.0108599575525922
dout_h1/dnet_h1 0.234714725953816
E_o1 0.210892731797757
E_o2 0.0225601063211647
dE/dw1 0.000687323330761988
dE/dw5 0.0851429384315719
w5_new 0.307428530784214
dE/dw2 0.000505127282697446
w2_new 0.279747436358651
dE/dw6 0.0862913209730131
w6_new 0.156854339513493
dE/dw3 0.000252563641348723
w3_new 0.349873718179326
dE/dw7 -0.0256398823865664
w7_new 0.462819941193283
dE/dw4 0.00137464666152398
w4_new 0.149312676669238
dE/dw8 -0.025985705467608
w8_new 0.412992852733804
"""
LOSS_AFTER = {1: 0.225432634370409, 10: 0.156130855356, 19: 0.102895459876, 20: 0.0982564332442,
              100: 0.0114816172903, 1000: 0.000120368720413}  # fmt: skip
VERDICTS = {
    "net_h1": "holds",
    "net_h2": "holds",
    "out_h1": "holds, cut off where it should be rounded",
    "out_h2": "holds",
    "net_o1": "wrong",
    "net_o2": "holds, from numbers kept to 6 decimals",
    "out_o1": "follows from net_o1 as printed",
    "out_o2": "wrong",
    "E_total": "follows from out_o1 and out_o2 as printed",
    "w1_new": "wrong",
    "E_total after 1 update": "wrong",
}
PROBLEM = bp.examples.article.problem


def plain(text: str) -> Any:
    """The number that a decimal string writes, not the float next to it."""
    return mp.mpf(text)


class PlainProgram:
    """The article by hand at 50 digits: the forward pass, its derivatives, and updates, line by line."""

    def __init__(self, biases: str = "frozen") -> None:
        self.biases, self.rate = biases, plain("0.5")
        self.w = dict(zip("12345678", map(plain, "0.25 0.28 0.35 0.15 0.35 0.20 0.45 0.40".split()), strict=True))
        self.b = {"h1": plain("0.45"), "h2": plain("0.45"), "o1": plain("0.5"), "o2": plain("0.5")}

    def values(self) -> dict[str, Any]:
        w, b = self.w, self.b
        x1, x2, y1, y2 = map(plain, ("0.1", "0.2", "0.05", "0.95"))
        squash = lambda z: 1 / (1 + mp.exp(-z))
        v: dict[str, Any] = {}
        v["net_h1"] = w["1"] * x1 + w["4"] * x2 + b["h1"]
        v["net_h2"] = w["3"] * x1 + w["2"] * x2 + b["h2"]
        v["out_h1"], v["out_h2"] = squash(v["net_h1"]), squash(v["net_h2"])
        v["net_o1"] = w["5"] * v["out_h1"] + w["6"] * v["out_h2"] + b["o1"]
        v["net_o2"] = w["7"] * v["out_h1"] + w["8"] * v["out_h2"] + b["o2"]
        v["out_o1"], v["out_o2"] = squash(v["net_o1"]), squash(v["net_o2"])
        v["E_o1"], v["E_o2"] = (y1 - v["out_o1"]) ** 2 / 2, (y2 - v["out_o2"]) ** 2 / 2
        v["E_total"] = v["E_o1"] + v["E_o2"]
        for k, y in (("o1", y1), ("o2", y2)):
            v[f"dE_total/dout_{k}"] = v[f"out_{k}"] - y
            v[f"dout_{k}/dnet_{k}"] = v[f"out_{k}"] * (1 - v[f"out_{k}"])
            v[f"dE_total/dnet_{k}"] = v[f"dE_total/dout_{k}"] * v[f"dout_{k}/dnet_{k}"]
        v["dE_o1/dout_h1"], v["dE_o1/dout_h2"] = (v["dE_total/dnet_o1"] * w[n] for n in "56")
        v["dE_o2/dout_h1"], v["dE_o2/dout_h2"] = (v["dE_total/dnet_o2"] * w[n] for n in "78")
        for h in ("h1", "h2"):
            v[f"dE_total/dout_{h}"] = v[f"dE_o1/dout_{h}"] + v[f"dE_o2/dout_{h}"]
            v[f"dout_{h}/dnet_{h}"] = v[f"out_{h}"] * (1 - v[f"out_{h}"])
            v[f"dE_total/dnet_{h}"] = v[f"dE_total/dout_{h}"] * v[f"dout_{h}/dnet_{h}"]
        sources = {"1": ("h1", x1), "4": ("h1", x2), "3": ("h2", x1), "2": ("h2", x2)}
        for number, neuron, h in (("5", "o1", "h1"), ("6", "o1", "h2"), ("7", "o2", "h1"), ("8", "o2", "h2")):
            sources[number] = neuron, v[f"out_{h}"]
        for number, (neuron, signal) in sources.items():
            v[f"dE/dw{number}"] = v[f"dE_total/dnet_{neuron}"] * signal
            v[f"w{number}_new"] = w[number] - self.rate * v[f"dE/dw{number}"]
        return v

    def update(self) -> None:
        v = self.values()
        self.w = {number: v[f"w{number}_new"] for number in self.w}
        delta = {neuron: v[f"dE_total/dnet_{neuron}"] for neuron in self.b}
        if self.biases == "layer":
            delta = {n: sum(d for m, d in delta.items() if m[0] == n[0]) for n in delta}
        if self.biases != "frozen":
            self.b = {neuron: bias - self.rate * delta[neuron] for neuron, bias in self.b.items()}


@pytest.fixture(scope="module")
def values() -> bp.core.numeric.Values:
    return bp.evaluate(PROBLEM)


@pytest.mark.parametrize(("name", "figure"), [line.split() for line in EXACT.split("\n") if line])
def test_every_exact_figure(values: Any, name: str, figure: str) -> None:
    assert values[name] == pytest.approx(float(figure), rel=1e-12, abs=0)


def test_the_plain_program_agrees_to_the_last_digits(values: Any) -> None:
    with mp.workdps(50):
        theirs = PlainProgram().values()
        assert len(theirs) > 40
        for name, exact in theirs.items():
            assert abs(values[name] - exact) <= 2e-15 * abs(exact), name


@pytest.mark.parametrize("updates", LOSS_AFTER)
def test_the_loss_after_so_many_updates(updates: int) -> None:
    trace = bp.train(PROBLEM, updates)
    assert trace.loss[-1] == pytest.approx(LOSS_AFTER[updates], rel=1e-11 if updates > 1 else 1e-12, abs=0)
    with mp.workdps(40):
        program = PlainProgram()
        for _ in range(updates):
            program.update()
        exact = program.values()
    assert abs(trace.loss[-1] - exact["E_total"]) <= 1e-12 * exact["E_total"]
    for number, weight in program.w.items():
        assert abs(trace[f"w{number}"][-1] - weight) <= 1e-12 * abs(weight)


def test_twenty_updates_are_the_first_below_a_tenth() -> None:
    loss = bp.train(PROBLEM, 30).loss
    assert next(update for update in range(31) if loss[update] < 0.1) == 20


@pytest.mark.parametrize(
    ("biases", "figure"),
    [("frozen", 0.225432634370409), ("neuron", 0.21524065563943), ("layer", 0.220848526909771)],
)
def test_the_three_ways_with_biases(biases: str, figure: float) -> None:
    problem = PROBLEM
    if biases == "neuron":
        network = bp.Network(2, 2, 2, bias="neuron", weight_names=PROBLEM.network.renamed)
        weights = {name: PROBLEM.parameters[name] for name in PROBLEM.network.weights}
        each = {"b_h1": 0.45, "b_h2": 0.45, "b_o1": 0.5, "b_o2": 0.5}
        problem = bp.Problem(network, {**weights, **each}, PROBLEM.inputs, PROBLEM.targets)
    problem = problem.replace(train_biases=biases != "frozen")
    with mp.workdps(40):
        program = PlainProgram(biases)
        program.update()
        exact = program.values()["E_total"]
    for loss in (bp.train(problem, 1).loss[1], bp.evaluate(problem.updated())["E_total"]):
        assert loss == pytest.approx(figure, rel=1e-12, abs=0)
        assert abs(loss - exact) <= 1e-14


def test_the_wiring_is_the_articles() -> None:
    weights = PROBLEM.network.weights
    assert list(weights) == [f"w{n}" for n in range(1, 9)]
    assert [weights[f"w{n}"] for n in (1, 4, 3, 2)] == [("x1", "h1"), ("x2", "h1"), ("x1", "h2"), ("x2", "h2")]
    assert [weights[f"w{n}"] for n in (5, 6, 7, 8)] == [("h1", "o1"), ("h2", "o1"), ("h1", "o2"), ("h2", "o2")]


def test_the_audit_computes_each_verdict() -> None:
    audit = bp.examples.article.audit()
    found = {f.figure: "wrong" if f.verdict.startswith(("wrong", "nearly right")) else f.verdict for f in audit}
    assert found == VERDICTS
    exact = dict(line.split() for line in EXACT.split("\n") if line) | {"E_total after 1 update": LOSS_AFTER[1]}
    for finding in audit:
        assert finding.exact == pytest.approx(float(exact[finding.figure]), rel=1e-12)
        assert finding.printed == bp.examples.article.published[finding.figure]
    assert not audit["net_o1"].holds
    with pytest.raises(bp.BpkitError, match=r"net_o1.*got 'net_o9'"):
        audit["net_o9"]


def test_an_audit_of_right_figures_finds_nothing() -> None:
    """The checker can say yes, too: the exact figures printed to seven digits all hold."""
    from dataclasses import replace

    published = {name: f"{bp.examples.article.exact(name):.7f}" for name in VERDICTS}
    audit = replace(bp.examples.article, published=published).audit()
    assert all(finding.holds for finding in audit)
