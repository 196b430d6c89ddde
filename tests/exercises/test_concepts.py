"""The questions that need no arithmetic, against plain programs that read only what a learner reads, or the numbers."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from thorough import many

from bpkit.core.quantities import Role
from bpkit.exercises.questions import bank
from bpkit.exercises.questions.bank.choices import numbers
from bpkit.exercises.questions.cards import card
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.generation import generate, questions, restore
from bpkit.exercises.questions.parts import ExactPart
from bpkit.exercises.questions.words import maths
from bpkit.mistakes.misconceptions import PROCEDURES, RULES
from bpkit.page.in_page import in_page

LEVELS = ("easy", "medium", "hard")
SEEDS = many(10, 200)
IDS = [question.id for question in questions(("concepts",))]


@cache
def drawn(id: str) -> list[tuple[str, Exercise]]:
    return [(level, generate(id, seed=seed, difficulty=level)) for level in LEVELS for seed in range(SEEDS)]


def parts(id: str) -> list[tuple[str, Exercise, ExactPart]]:
    found = [(level, one, part) for level, one in drawn(id) for part in one.content.parts]
    assert all(isinstance(part, ExactPart) for _, _, part in found)
    return found  # type: ignore[return-value]


def latex_lines(exercise: Exercise) -> dict[int, tuple[str, str]]:
    """The numbered lines of a question's table, as its text has them."""
    rows = re.findall(r"^\| (\d+) \| \$(.*)\$ \|$", exercise.question, re.MULTILINE)
    return {int(number): tuple(formula.split(" = ", 1)) for number, formula in rows}  # type: ignore[misc]


def holds(right: str, quantity: str) -> bool:
    """Does a quantity stand in a right side, as itself and not inside a derivative?"""
    if not quantity.startswith(r"\frac{\partial"):
        braced = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
        right = re.sub(rf"\\frac(?=\{{\\partial){braced}{braced}", "", right)
    return quantity in right


def spelled_out(option: str) -> set[int]:
    """The numbers of lines that an option means: lines 4, 7 to 9 and 12."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", option):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def forward(
    data: dict[str, Any], parameters: dict[str, float] | None = None, inputs: list[float] | None = None
) -> dict[str, float]:
    """The forward pass of a network with half the squared error: weights in the order of their names."""
    values = dict(parameters or data["parameters"])
    sizes, kinds = data["sizes"], data["activation"]
    rules = {"sigmoid": lambda z: 1 / (1 + math.exp(-z)), "tanh": math.tanh, "relu": lambda z: max(z, 0.0)}
    rules["identity"] = lambda z: z
    signals, number, loss = list(inputs or data["inputs"]), 0, 0.0
    found: dict[str, float] = {}
    for layer, size in enumerate(sizes[1:], 1):
        place, outs = "o" if layer == len(sizes) - 1 else "h", []
        for neuron in range(1, size + 1):
            name = f"{place}{neuron}" if len(sizes) < 4 or place == "o" else f"h{layer}_{neuron}"
            net = values.get(f"b_{name}", values.get(f"b{layer}", 0.0) if data["bias"] == "layer" else 0.0)
            for signal in signals:
                number += 1
                net += values[f"w{number}"] * signal
            found[f"net_{name}"] = net
            found[f"out_{name}"] = rules[kinds[layer - 1]](net)
            outs.append(found[f"out_{name}"])
            if place == "o":
                found[f"E_{name}"] = (data["targets"][neuron - 1] - outs[-1]) ** 2 / 2
                loss += found[f"E_{name}"]
        signals = outs
    return {**found, "E_total": loss}


def nudged(data: dict[str, Any], inputs: list[float] | None = None) -> dict[str, float]:
    """All derivatives by central differences."""
    found, h = {}, 1e-5
    for name, value in data["parameters"].items():
        up, down = (forward(data, {**data["parameters"], name: value + step}, inputs)["E_total"] for step in (h, -h))
        found[name] = (up - down) / (2 * h)
    return found


# What all of them keep


@pytest.mark.parametrize("id", IDS)
def test_every_choice_is_right_or_explained(id: str) -> None:
    declared = bank.find_question(id).reveals
    for _, exercise, part in parts(id):
        read = [part.read(option) for option in part.options]
        assert len(set(read)) == len(read) != 1
        for option in part.options:
            said = part.judge(option)
            if said.verdict != "correct":
                assert said.verdict == "misconception", (exercise.task.data(), option)
                assert set(said.misconceptions) <= set(declared)
                assert len(said.message) < 240
        assert not part.options or sum(map(bool, map(part.judge, part.options))) == 1


@pytest.mark.parametrize("id", IDS)
def test_choices_are_shuffled_and_answers_differ(id: str) -> None:
    places: dict[tuple[str, int], Counter[int]] = {}
    answers: dict[int, Counter[str]] = {}
    for level, exercise in drawn(id):
        for number, part in enumerate(exercise.content.parts):
            assert isinstance(part, ExactPart)
            if len(part.options) > 2:
                place = part.options.index(str(part.answer))
                places.setdefault((level, number), Counter())[place] += 1
            answers.setdefault(number, Counter())[str(part.answer)] += 1
    assert all(len(where) > 1 for where in places.values())
    assert len(answers[0]) > 1


@pytest.mark.parametrize("id", IDS)
def test_nothing_that_is_shown_before_holds_the_answer(id: str) -> None:
    for _, exercise, part in parts(id):
        if len(str(part.answer)) > 4:
            assert str(part.answer) not in exercise.content.tell()
        hints = part.hints() if callable(part.hints) else part.hints
        assert hints or id == "what-costs"
        if part.reader == "word" and len(str(part.answer)) > 8:
            assert not any(str(part.answer) in hint for hint in hints)


@pytest.mark.parametrize("id", IDS)
def test_they_come_back_from_their_public_data(id: str) -> None:
    for level, exercise in drawn(id)[:: SEEDS // 3]:
        again = restore(json.loads(json.dumps(exercise.task.data())))
        assert again.question == exercise.question, level
        assert [part.answer for part in again.content.parts] == [part.answer for part in exercise.content.parts]
        assert exercise.solution._repr_markdown_() == again.solution._repr_markdown_()


@pytest.mark.parametrize("id", IDS)
def test_every_card_and_solution_can_be_shown(id: str) -> None:
    for _, exercise in drawn(id):
        shown = card(exercise)
        assert all(one["asks"] for one in shown["parts"])
        for text in (shown["given"], shown["data"], in_page(exercise.solution._repr_markdown_())):
            assert "$" not in text
            assert "\\" not in text
        assert len(re.sub("<[^>]*>", "", shown["given"])) < 900


# Each of them


def test_zero_factor_by_nudging() -> None:
    for _, exercise in drawn("zero-factor"):
        data, factor = exercise.task.data()["problems"][0], exercise.task.about["factor"]
        text, values = exercise.question, forward(data)
        chosen, stopped = (part.answer for part in exercise.content.parts)
        inputs = list(data["inputs"])
        parameters = dict(data["parameters"])
        if "equals its target" in text:
            data = {**data, "targets": [values["out_o1"]]}
            assert "error" in chosen
        elif net := re.search(r"Suppose that \$\\mathit\{net\}_\{(\w+)\} = (-?[\d.]+)\$", text):
            neuron, wanted = net[1], float(net[2])
            parameters[f"b_{neuron}"] += wanted - values[f"net_{neuron}"]
            assert chosen == f"the slope of the activation of {neuron}"
            why = re.search(r"There \$\S+\$ is almost \$(-?\d)\$, so its slope|stays 0", str(exercise.content.solve()))
            assert why
            end = forward({**data, "parameters": parameters})[f"out_{neuron}"]
            assert float(why[1] or 0) == pytest.approx(end, abs=0.01)
        elif zero := re.search(r"Suppose that \$x_\{(\d)\} = 0\$", text):
            inputs[int(zero[1]) - 1] = 0.0
            assert chosen == f"the input x{'₀₁₂₃'[int(zero[1])]}"
        else:
            name = re.search(r"Suppose that \$w_\{(\d)\} = 0\$", text)[1]  # type: ignore[index]
            parameters[f"w{name}"] = 0.0
            assert chosen == f"the weight w{'₀₁₂₃₄₅₆₇₈₉'[int(name)]}"
        after = nudged({**data, "parameters": parameters}, inputs)
        sizes = sorted(abs(after[name]) for name in after if name[0] == "w")
        assert sizes[stopped - 1] < 1e-4
        assert stopped == len(sizes) or sizes[stopped - 1] * 20 < sizes[stopped], (exercise.task.data(), factor, after)


def test_which_way_by_a_small_step() -> None:
    for _, exercise in drawn("which-way"):
        data, weight = exercise.task.data()["problems"][0], exercise.task.about["weight"]
        slope = nudged(data)[weight]
        assert bool("negative" in (p.answer for p in exercise.content.parts)) <= (slope < 0)
        new = {**data["parameters"], weight: data["parameters"][weight] - 0.01 * slope}
        old, now = forward(data), forward(data, new)
        for part in exercise.content.parts:
            asked = re.search(r"Does (?:the loss )?\$(?:\\mathit\{)?(\w+?)\}?(?:_\{(\w+)\})?\$ go", part.asks)
            assert asked or "positive or negative?" in part.asks
            if asked:
                name = {"w": f"w{asked[2]}", "E": "E_total"}.get(asked[1], f"{asked[1]}_{asked[2]}")
                moved = new[name] - data["parameters"][name] if asked[1] == "w" else now[name] - old[name]
                assert part.answer == ("up" if moved > 0 else "down"), (name, exercise.question)


def test_the_easy_way_speaks_of_one_weight_and_its_loss() -> None:
    """It is asked before neurons and the chain rule are known."""
    for level, exercise in drawn("which-way"):
        text = exercise.question + exercise.solution._repr_markdown_()
        said = [part.judge(one).message for part in exercise.content.parts for one in ("up", "down")]
        assert "total" not in text
        if level == "easy":
            assert exercise.task.network.sizes == (1, 1)
            assert not [
                word for word in ("{net}", "partial", "minus", "slope of the error") if word in text + str(said)
            ]


def test_what_stays_by_changing_the_weight() -> None:
    words = {"net": "the net input of {}", "out": "the output of {}", "E": "the error of {}"}
    for level, exercise in drawn("what-stays"):
        data, weight = exercise.task.data()["problems"][0], exercise.task.about["weight"]
        changed = {**data["parameters"], weight: data["parameters"][weight] + 0.3}
        if level == "hard":
            before, after = nudged(data), nudged({**data, "parameters": changed})
            low = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
            named = {option: re.sub(r"\((\w+)\)", r"_\1", option[4:]).translate(low) for option in options(exercise)}
            moves = {option for option, name in named.items() if abs(before[name] - after[name]) > 1e-9}
        else:
            old, new = forward(data), forward(data, changed)
            said = {name: words[name.partition("_")[0]].format(name.partition("_")[2]) for name in old}
            said["E_total"] = "the loss E"
            moves = {said[name] for name in old if old[name] != new[name]}
        stays, changes = exercise.content.parts
        assert isinstance(stays, ExactPart)
        assert isinstance(changes, ExactPart)
        assert [option for option in stays.options if option not in moves] == [stays.answer]
        assert [option for option in changes.options if option in moves] == [changes.answer]


def options(exercise: Exercise) -> set[str]:
    return {option for part in exercise.content.parts for option in getattr(part, "options", ())}


def test_what_follows_is_what_the_printed_lines_say() -> None:
    for _, exercise in drawn("what-follows"):
        lines, wrong = latex_lines(exercise), exercise.task.about["line"]
        assert f"slip in line {wrong}," in exercise.question
        spoiled = {wrong}
        for number, (_, right) in lines.items():
            if any(holds(right, lines[one][0]) for one in spoiled):
                spoiled.add(number)
        (part,) = exercise.content.parts
        assert spelled_out(str(part.answer)) == spoiled - {wrong}


def test_what_changes_is_what_is_known_of_each_change() -> None:
    net, out, slope = r"\mathit{net}_{%s}", r"\mathit{out}_{%s}", r"\frac{\partial %s}{\partial %s}"
    known = {
        "loss": {"E_{o1}", slope % ("E_{o1}", out % "o1")},
        "activation": {out % "o1", slope % (out % "o1", net % "o1")},
        "hidden activation": {out % "h1", slope % (out % "h1", net % "h1")},
        "hidden": {net % "o1"},
        "output": {"E", slope % ("E", out % "h1")},
    }
    for _, exercise in drawn("what-changes"):
        lines = latex_lines(exercise)
        (part,) = exercise.content.parts
        assert {lines[number][0] for number in spelled_out(str(part.answer))} == known[exercise.task.about["what"]]


@pytest.mark.parametrize("id", ["order-steps", "library-order"])
def test_every_order_but_one_is_a_named_mistake(id: str) -> None:
    for _, exercise in drawn(id)[:: max(1, SEEDS // 5)]:
        part = exercise.content.parts[0]
        letters = sorted(str(part.answer).split())
        assert " ".join(letters) != part.answer
        right = [order for order in permutations(letters) if part.judge(" ".join(order))]
        assert right == [tuple(str(part.answer).split())]
        said = Counter(part.judge("".join(order)).verdict for order in permutations(letters))
        assert said == {"correct": 1, "misconception": math.factorial(len(letters)) - 1}


def test_an_order_may_be_typed_in_many_ways() -> None:
    part = generate("order-steps", seed=1, difficulty="easy").content.parts[0]
    letters = str(part.answer).split()
    for typed in ("".join(letters), ", ".join(letters).lower(), " → ".join(letters), letters, tuple(letters)):
        assert part.judge(typed).verdict == "correct", typed
    for typed in ("A B", "A A B C D", "first A", 7, ["A"], "A B C D E F G"):
        said = part.judge(typed)
        assert said.verdict == "unreadable"
        assert "each of the letters A to E once" in said.message


def test_the_order_of_an_update_rests_on_the_printed_lines() -> None:
    """A line stands after those that compute what it contains, as far as these are among the lines."""
    for level, exercise in drawn("order-steps"):
        (part,) = exercise.content.parts
        text = dict(re.findall(r"^\| ([A-H]) \| (.*) \|$", exercise.question, re.MULTILINE))
        order = str(part.answer).split()
        assert f"- {order[0]} comes first" in exercise.solution._repr_markdown_()
        if level == "hard":
            first, *_, deltas, derivatives, update = (text[letter] for letter in order)
            assert first.startswith("Compute the outputs of h1")
            assert "weights that lead on" in deltas
            assert "derivatives" in derivatives
            assert "overwrites" in update
            early = [*order[:-3], order[-1], *order[-3:-1]]
            assert part.judge(" ".join(early)).misconceptions == ("uses the already updated weights",)
            continue
        if level == "medium":
            deltas, _, update = order[-3:]
            own, *onward = re.findall(r"w_\{\d+\}", text[update])
            assert own == maths(exercise.task.network, exercise.task.about["weight"]).strip("$")
            to_each = r" \+ ".join(rf"[^+]*E_{{o{k}}}[^+]*\\cdot {re.escape(one)}" for k, one in enumerate(onward, 1))
            assert re.search(rf"\\left\({to_each}\\right\)", text[deltas]), "a sum over both outputs"
            assert exercise.content.picture
            early = [*order[:-3], order[-1], *order[-3:-1]]
            assert part.judge(" ".join(early)).misconceptions == ("uses the already updated weights",)
        for place, letter in enumerate(order):
            later = [text[one].strip("$").partition(" = ")[0] for one in order[place + 1 :]]
            assert not any(one in text[letter].partition(" = ")[2] for one in later), exercise.question


def test_a_loop_without_a_line_by_a_plain_loop() -> None:
    lines = ["zero", "forward", "loss", "backward", "step"]
    for _, exercise in drawn("library-order"):
        loop = exercise.task.about["loop"]
        order, part = exercise.content.parts
        text = dict(re.findall(r"^\| ([A-E]) \| `(.*)` \|$", exercise.question, re.MULTILINE))
        heads = ("optimizer.zero_grad", "out = ", "loss = ", "loss.backward", "optimizer.step")
        assert all(text[letter].startswith(head) for letter, head in zip(str(order.answer).split(), heads, strict=True))

        def trained(lines: list[str]) -> list[float]:
            w, gradient, seen = 1.0, 0.0, []
            for line in lines * 3:
                if line == "zero":
                    gradient = 0.0
                elif line == "backward":
                    gradient += 2 * w - 0.5
                elif line == "step":
                    w -= 0.1 * gradient
                    seen.append(w)
            return seen or [1.0]

        right, found = trained(lines), trained(loop)
        wanted = "the weights never change" if set(found) == {1.0} else "each step uses the sum of all gradients so far"
        assert part.answer == ("it trains as before" if found == right else wanted)


def test_mean_or_sum_by_fractions() -> None:
    for level, exercise in drawn("mean-or-sum"):
        listed = re.search(r"w_\{1\}\$ are (.*?)\. The loss of the batch is the \*\*(\w+)\*\*", exercise.question)
        assert listed
        slopes, kind = list(map(float, re.findall(r"\$(-?[\d.]+)\$", listed[1]))), listed[2]
        whole = sum(slopes) / (len(slopes) if kind == "mean" else 1)
        first, second, *rest = (part.answer for part in exercise.content.parts)
        assert float(str(first).replace("−", "-")) == pytest.approx(whole)
        assert second == {"mean": "it stays the same", "sum": "it doubles"}[kind]
        assert bool(rest) == (level == "hard")
        assert ("learning rate" in exercise.question) == (level == "hard")
        for answer in rest:
            rate = float(re.search(r"\\eta = ([\d.]+)", exercise.question)[1])  # type: ignore[index]
            assert float(answer) == pytest.approx(rate / len(slopes) if kind == "mean" else rate * len(slopes))
        assert not any("-" in option for option in options(exercise))


def test_count_uses_by_the_words_of_the_question() -> None:
    for _, exercise in drawn("count-uses"):
        places, what, *weights = (part.answer for part in exercise.content.parts)
        if kernel := re.search(r"A kernel of (\d) weights moves along (\d) inputs", exercise.question):
            size, inputs = map(int, kernel.groups())
            assert places == inputs - size + 1
            assert weights in ([], [size])
        else:
            steps = re.search(r"a sequence of (\d) steps", exercise.question)
            assert places == int(steps[1])  # type: ignore[index]
            assert weights in ([], [2])
        assert what == "their sum"


def test_what_costs_by_counting() -> None:
    for level, exercise in drawn("what-costs"):
        sizes = list(map(int, re.search(r"A ([\d-]+) network", exercise.question)[1].split("-")))  # type: ignore[index]
        every = sum((before + 1) * after for before, after in zip(sizes, sizes[1:]))
        first, *rest = (part.answer for part in exercise.content.parts)
        assert first == (every + 1 if level == "hard" else 2 * every)
        assert ("nudged up once" in exercise.question) == (level == "hard")
        times = re.search(r"gets (\d+) times as many", exercise.question)
        if times:
            factor = int(times[1])
            assert list(map(int, rest)) == [factor**2, factor][: len(rest)]


def test_which_product_by_the_shapes_that_numpy_makes() -> None:
    for level, exercise in drawn("which-product"):
        said = re.search(r"layers of (.*?) neurons, .* \$n = (\d)\$", exercise.question)
        assert said
        sizes, n = list(map(int, re.findall(r"\d", said[1]))), int(said[2])
        arrays = {"x": np.ones((n, sizes[0]))}
        for layer, (before, after) in enumerate(zip(sizes, sizes[1:]), 1):
            arrays |= {f"out{layer}": np.ones((n, after)), f"delta{layer}": np.ones((n, after))}
            arrays |= {f"W{layer}": np.ones((before, after)), f"dW{layer}": np.ones((before, after))}
        product, shape, bias = exercise.content.parts
        assert isinstance(product, ExactPart)
        assert not any("`" in one.sentence for one in product.known)
        asked = re.search(r"`(\w+)`", product.asks)[1]  # type: ignore[index]
        assert (asked[0] == "dW1"[0]) == (level == "easy") or asked.startswith("delta")
        right = []
        for option in product.options:
            try:
                made = eval(option, dict(arrays))
            except ValueError:
                continue
            right += [option] * (made.shape == arrays[asked].shape)
        assert right == [product.answer]
        assert shape.answer == arrays[re.search(r"`(\w+)`", shape.asks)[1]].shape  # type: ignore[index]
        assert isinstance(shape, ExactPart)
        assert [one.answer for one in shape.known if "swap rows and columns" in one.said] == [shape.answer[::-1]]
        assert "comes from the loss of its own point alone" in bias.asks  # with deltas of the mean the sum is right
        layer = re.search(r"`db(\d)`", bias.asks)[1]  # type: ignore[index]
        delta = np.random.default_rng(1).normal(size=arrays[f"delta{layer}"].shape)
        ones = np.ones((1, n)) / n
        assert isinstance(bias, ExactPart)
        made = {option: np.array(eval(option, {f"delta{layer}": delta})) for option in bias.options}
        assert [option for option in made if np.array_equal(made[option].shape, (delta.shape[1],))] == [
            option for option in bias.options if "axis=0" in option
        ]
        assert np.allclose(made[bias.answer], (ones @ delta)[0])


def changed(words: str) -> float:
    """The factor in words such as "multiplied by 3/2" or "divided by 8"."""
    factor = Fraction(words.split()[-1])
    return float(1 / factor if "divided" in words else factor)


def test_a_library_s_loss_by_its_gradients_on_numbers() -> None:
    rng = np.random.default_rng(3)
    for level, exercise in drawn("library-loss"):
        said = re.search(r"has (\d) outputs\. .* (\d+) points", exercise.question)
        assert said
        outputs, points = map(int, said.groups())
        off = rng.normal(size=(points, outputs))
        ours = off / points  # of half the squares, added up over the outputs, their mean over the points
        reduced = 2 * off if 'reduction="sum"' in exercise.question else 2 * off / off.size
        library = reduced / 2 if "y) / 2`" in exercise.question else reduced
        factor = float((library / ours).mean())
        assert np.allclose(library, factor * ours)
        size, rate = (part.answer for part in exercise.content.parts)
        assert size.startswith("yours ")
        assert changed(size) == pytest.approx(factor)
        assert float(rate) * factor == pytest.approx(1.2)
        assert (level == "hard") == (factor > 1)


def test_starting_weights_by_drawing_some() -> None:
    rng = np.random.default_rng(5)
    for level, exercise in drawn("starting-weights"):
        n, layers = (int(re.search(said, exercise.question)[1]) for said in (r"n = (\d+)", r"through (\d+)"))  # type: ignore[index]
        relu = "ReLU" in exercise.question
        assert relu == (level == "hard")
        spread, size, past = exercise.content.parts
        nets = rng.normal(size=(400, n))
        signals = np.maximum(nets, 0) if relu else nets
        kept = []
        for option in spread.options:
            top, _, below = str(option).removeprefix("s = ").partition("/")
            s = float(top) / (math.sqrt(float(below[1:])) if below.startswith("√") else float(below or 1))
            now = (signals @ (s * rng.normal(size=(n, 100)))).std()
            kept += [option] * bool(abs(now - 1) < 0.15)
        assert kept == [spread.answer]
        times = {"twice": 2, "three times": 3, "four times": 4, "half": 0.5, "a third": 1 / 3, "a quarter": 0.25}
        start = re.search(r"start (.*?) as large", exercise.question)[1]  # type: ignore[index]
        assert changed(str(size.answer)) == pytest.approx(times.get(start, 0.2) ** layers)
        [said] = re.findall(r"f′\(x\) is (.*?)\. By", exercise.question)
        factors = [1 + float(one.replace("−", "-")) for one in re.split(", | and ", said)]
        assert min(factors) < 1 < max(factors)
        assert float(str(past.answer).removeprefix("by ")) == pytest.approx(math.prod(factors))


def steps(name: str, constants: list[float], rate: float, slope: float) -> list[float]:
    """How far the first two updates with one slope go, by the formulas of the papers."""
    v = s = 0.0
    found = []
    for t in (1, 2):
        if name == "Momentum":
            v = constants[0] * v + slope
            found.append(rate * v)
        elif name == "RMSProp":
            s = constants[0] * s + (1 - constants[0]) * slope**2
            found.append(rate * slope / math.sqrt(s))
        else:
            one, two = constants
            v, s = one * v + (1 - one) * slope, two * s + (1 - two) * slope**2
            found.append(rate * v / (1 - one**t) / math.sqrt(s / (1 - two**t)))
    return found


def test_first_step_by_the_papers_formulas() -> None:
    for _, exercise in drawn("first-step"):
        text = exercise.question
        slope = float(re.search(r"respect to \$w_\{1\}\$ is \$(-?[\d.]+)\$", text)[1])  # type: ignore[index]
        rate = float(re.search(r"\\eta = ([\d.]+)", text)[1])  # type: ignore[index]
        name = re.search(r"The update rule is (\w+)", text)[1]  # type: ignore[index]
        constants = [float(one) for one in re.findall(r"(?:beta|rho|beta_\{\d\}) = ([\d.]+)", text)]

        first, second = map(abs, steps(name, constants, rate, slope))
        answers = [part.answer for part in exercise.content.parts]
        assert float(answers[0]) == pytest.approx(first, rel=1e-3)
        longer = abs(steps(name, constants, rate, 10 * slope)[0]) / first
        assert answers[1] == {1: "as far as now", 10: "ten times as far"}[round(longer)]
        if len(answers) > 2:
            assert float(answers[2]) == pytest.approx(second / first, rel=1e-3)


def test_first_step_solves_with_the_numbers_of_the_question_alone() -> None:
    """Its last line is the length that was asked; the old weight, which the question leaves open, is in no line."""
    for _, exercise in drawn("first-step"):
        asked, *_ = exercise.content.parts
        _, lines, moved = exercise.solution.pieces
        assert f"= {asked.answer}$" in str(moved), moved
        assert {step.role for step in lines.lines} == {Role.UPDATE}  # type: ignore[union-attr]
        assert "w1_new" not in str(lines)
        assert "text{new}" not in str(moved)
        assert "cancels" not in str(exercise.content.parts[1].hints)  # of momentum's step nothing does


def test_a_mistake_of_the_catalogue_has_its_name_here_too() -> None:
    """Whoever adds the gradient, or does not clear it, is told so by the same name as where numbers are asked."""
    names = {one.name for one in (*RULES, *PROCEDURES)}
    shared = {id: names & set(bank.find_question(id).reveals) for id in IDS}
    assert {"adds the gradient", "swaps the sign of the error", "leaves out the input factor"} <= shared["which-way"]
    assert "uses the already updated weights" in shared["order-steps"]
    assert "does not set the gradient back to zero" in shared["library-order"]
    assert {"takes the sum instead of the mean", "keeps only the last sample's gradient"} <= shared["mean-or-sum"]
    assert "updates by plain gradient descent" in shared["first-step"]
    assert {"counts one use of a shared weight only"} <= shared["count-uses"]
    assert {"follows only one path", "uses the sigmoid's slope"} <= shared["what-changes"]


def test_numbers_of_lines_are_said_in_runs() -> None:
    rng = np.random.default_rng(3)
    assert numbers([4]) == "line 4"
    assert numbers({4, 7, 8, 9, 12}) == "lines 4, 7 to 9 and 12"
    for _ in range(200):
        some = {int(one) for one in rng.integers(1, 16, rng.integers(1, 10))}
        assert spelled_out(numbers(some)) == some


@pytest.mark.parametrize("id", ["mean-or-sum", "first-step"])
def test_numbers_to_choose_from_have_two_digits(id: str) -> None:
    """A longer one could be the answer to another question of the sheet."""
    for _, _, part in parts(id):
        if part.reader == "number":
            assert all(len(option.strip("−").replace(".", "").strip("0")) <= 2 for option in part.options), part.options
