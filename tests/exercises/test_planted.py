"""A class whose mistakes are planted by plain programs that know nothing of the kit, and found again by marking."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from thorough import THOROUGH
from wrong_programs import PROGRAMS, Numbers, run

from bpkit.core.problem import Problem
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.whole_class import handed_in, marking, reports, settled, workers
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key

LEARNERS = 1000 if THOROUGH else 8
QUESTIONS = ("net-and-out", "loss", "bias-gradient", "output-weight", "output-update", "hidden-weight", "hidden-update")
BY_HAND = "network-by-hand"


def numbers_of(problem: Problem) -> Numbers:
    """The numbers of an exercise as the plain programs take them: matrices, and a vector of biases for each layer."""
    network, given = problem.network, dict(problem.parameters)
    W, b, k = [], [], 0
    for layer, (before, after) in enumerate(zip(network.sizes, network.sizes[1:]), 1):
        W.append(np.array([[given[f"w{k + i * before + j + 1}"] for j in range(before)] for i in range(after)]))
        k += before * after
        names = network.layers[layer]
        kinds = {"layer": [f"b{layer}"] * after, "neuron": [f"b_{name}" for name in names], "none": ["-"] * after}
        b.append(np.array([given.get(name, 0.0) for name in kinds[network.bias]]))
    kinds = [one.name for one in network.activations]
    data = (W, b, problem.inputs, problem.targets, problem.learning_rate, problem.train_biases)
    return Numbers(list(network.sizes), kinds, network.loss.name, network.bias, *data)


def onward(g: dict[str, float], written: dict[str, float]) -> dict[str, float]:
    """The article's network, stage by stage on paper; what somebody has written is gone on with, right or wrong."""
    v = dict(g)

    def put(name: str, value: float) -> None:
        v[name] = written.get(name, value)

    def s(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    put("net_h1", g["w1"] * g["x1"] + g["w4"] * g["x2"] + g["b1"])
    put("net_h2", g["w3"] * g["x1"] + g["w2"] * g["x2"] + g["b1"])
    put("out_h1", s(v["net_h1"]))
    put("out_h2", s(v["net_h2"]))
    put("net_o1", g["w5"] * v["out_h1"] + g["w6"] * v["out_h2"] + g["b2"])
    put("net_o2", g["w7"] * v["out_h1"] + g["w8"] * v["out_h2"] + g["b2"])
    put("out_o1", s(v["net_o1"]))
    put("out_o2", s(v["net_o2"]))
    put("E_total", 0.5 * (g["y1"] - v["out_o1"]) ** 2 + 0.5 * (g["y2"] - v["out_o2"]) ** 2)
    for o, y in (("o1", "y1"), ("o2", "y2")):
        put(f"dE_total/dnet_{o}", (v[f"out_{o}"] - g[y]) * v[f"out_{o}"] * (1 - v[f"out_{o}"]))
    d1, d2 = v["dE_total/dnet_o1"], v["dE_total/dnet_o2"]
    put("dE_total/dnet_h1", (d1 * g["w5"] + d2 * g["w7"]) * v["out_h1"] * (1 - v["out_h1"]))
    put("dE_total/dnet_h2", (d1 * g["w6"] + d2 * g["w8"]) * v["out_h2"] * (1 - v["out_h2"]))
    ends = {"w1": ("h1", "x1"), "w4": ("h1", "x2"), "w3": ("h2", "x1"), "w2": ("h2", "x2")}
    ends |= {"w5": ("o1", "out_h1"), "w6": ("o1", "out_h2"), "w7": ("o2", "out_h1"), "w8": ("o2", "out_h2")}
    for weight, (neuron, source) in ends.items():
        put(f"dE_total/d{weight}", v[f"dE_total/dnet_{neuron}"] * v[source])
        put(f"{weight}_new", g[weight] - g["learning_rate"] * v[f"dE_total/d{weight}"])
    return v


def typed(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def reads_as(given: float, exact: float) -> bool:
    """Is it the exact number rounded to the digits that are written?"""
    return given == typed(exact, len(repr(given).lstrip("-0.").replace(".", "")))


def by_program(exercise: Any, keys: dict[str, str], rng: np.random.Generator) -> dict[str, tuple[float, str]]:
    """Answers of somebody who makes one mistake throughout, or none: for each key the number and what is expected.

    Expected is the verdict, or the name of a misconception.
    """
    numbers = numbers_of(exercise.problem)
    right = run(numbers)
    switches = [switch for switch, name in PROGRAMS.items() if name in exercise.declared]
    switch = switches[int(rng.integers(len(switches)))] if rng.random() < 0.5 else ""
    made = run(numbers, switch) if switch else right
    # A number's zeros are lost in a notebook: 0.9000 is 0.9, to which the right answer may round as well.
    if any(reads_as(typed(made[part.quantity], part.digits), right[part.quantity]) for part in exercise.parts.values()):
        made = right
    found, before = {}, False
    for letter, part in exercise.parts.items():
        value, exact = made[part.quantity], right[part.quantity]
        off = abs(value - exact) > 1e-9 * abs(exact)
        # The output that follows from a wrong net input is right, given that.
        expected = ("carried" if before else PROGRAMS[switch]) if off else "correct"
        before |= off
        found[keys[letter]] = (typed(value, part.digits), expected)
    return found


def by_hand(exercise: Any, keys: dict[str, str], rng: np.random.Generator) -> dict[str, tuple[float, str]]:
    """Answers of somebody who goes astray at one or two places and goes on with what is written there."""
    givens = exercise.problem.givens
    right, slips = onward(givens, {}), {}
    asked = {part.quantity: part for part in exercise.parts.values()}
    for _ in range(int(rng.integers(0, 3))):
        name = list(asked)[int(rng.integers(len(asked)))]
        slips[name] = typed(right[name] * float(rng.choice([0.6, 0.8, 1.25, 1.5, -1.2])), asked[name].digits)
    written = onward(givens, slips)
    found = {}
    for letter, part in exercise.parts.items():
        value = typed(written[part.quantity], part.digits)
        if part.quantity in slips:
            expected = "wrong"
        elif abs(written[part.quantity] - right[part.quantity]) <= 1e-12:
            expected = "correct"
        else:  # so little off that it is still right, or right given what is written
            expected = "carried" if abs(value - right[part.quantity]) > 2 * part.slack + part.tolerance else "accepted"
        found[keys[letter]] = (value, expected)
    return found


def test_every_planted_mistake_comes_back_under_its_name(tmp_path: Path) -> None:
    made = plan(LEARNERS, seed=11, questions=(*QUESTIONS, BY_HAND))
    produce(made, tmp_path, 11, ["learner"], jobs=2 if THOROUGH else 1)
    key = read_key(tmp_path / "key")
    planted: dict[str, dict[str, tuple[float, str]]] = {}
    for seat in made.seats:
        sheet, rng = key.sheet(seat.slug), np.random.default_rng(seat.seed)
        answers: dict[str, tuple[float, str]] = {}
        for number, exercise in enumerate(sheet, 1):
            keys = {letter: name for name, (place, letter) in sheet.places.items() if place == number}
            answers |= (by_hand if exercise.id == BY_HAND else by_program)(exercise, keys, rng)
        planted[seat.slug] = answers
        path = tmp_path / f"learners/{seat.slug}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            about = cell["metadata"]["bpkit"]
            if about.get("kind") == "answer":
                cell["source"] = f'answers["{about["key"]}"] = {answers[about["key"]][0]!r}'
        path.write_text(json.dumps(notebook), encoding="utf-8")
    given = handed_in(tmp_path / "learners", tmp_path / "key", tmp_path / "marked")
    with workers(given, 2 if THOROUGH else 1) as run:
        results = list(marking(given, run))
    assert [marked.slug for marked in results] == sorted(planted)
    counted: Counter[str] = Counter()
    for marked in results:
        assert not marked.problem
        assert not marked.remarks
        for mark in marked.marks:
            value, expected = planted[marked.slug][mark.key]
            said, where = mark.feedback, (marked.slug, mark, value, expected)
            counted[expected if expected in ("correct", "carried", "wrong", "accepted") else "named"] += 1
            assert mark.points == mark.worth * said.accepted, where
            trivial = any(answer in (0.0, 1.0, -1.0) for answer, _ in planted[marked.slug].values())
            match expected:
                case "carried" if trivial and said.verdict == "unknown":
                    assert "nothing to compute" in said.message, where
                case "correct" | "carried":
                    assert said.verdict == expected, where
                case "accepted":
                    assert said, where
                case "wrong":
                    assert not said, where
                case name:
                    assert not said, where
                    assert name in said.misconceptions, where
    assert counted["named"] > LEARNERS
    assert counted["carried"] > LEARNERS
    assert counted["wrong"] > LEARNERS // 2
    rows = {
        row["file"]: row for row in csv.DictReader(io.StringIO(dict(reports(settled(results, given)))["marks.csv"]))
    }
    assert len(rows) == LEARNERS
    earned = sum(float(row["points"]) for row in rows.values())
    assert earned == sum(mark.feedback.accepted for marked in results for mark in marked.marks)
