"""Families: lines of one shape read as one line with an index, and filled in again here by a program of the test's own.

``tree`` turns an expression into plain nested tuples; of a family's line it writes sums and rows out and puts the
quantities' names back, so that both sides can be compared to the last sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product as grid
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from models import MODELS, NETWORKS, attention, recurrent
from oracle import Case
from rows import DECAYING
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core import families
from bpkit.core.chain_rule import Step, backpropagated
from bpkit.core.expressions import product
from bpkit.core.families import Family, folded
from bpkit.core.lines import Lines
from bpkit.core.quantities import Quantity

ARTICLE = bp.examples.article.problem
Quantities = Mapping[str, Quantity]


def of_model(lines: Lines) -> tuple[tuple[Step, ...], Quantities]:
    steps, _ = backpropagated(lines, bp.updates.GradientDescent(), lines.parameters)
    rate = {"learning_rate": Quantity("learning_rate", tag="rate")}
    return steps, {**lines.quantities, **rate, **{step.name: step.quantity for step in steps}}


# Filled in again

Tree = Any


def tree(expr: sp.Expr | None, names: Mapping[Any, str], values: Mapping[str, int]) -> Tree:
    """Nested tuples: the names of quantities, numbers as they are, and sums written out."""
    if expr is None:
        return None
    if isinstance(expr, sp.Indexed):
        return names[str(expr.base), tuple(number(index, values) for index in expr.indices)]
    if isinstance(expr, sp.Sum):
        return joined("Add", written_out(expr, names, values))
    if expr.is_Symbol:
        return expr.name
    if not expr.args:
        return str(expr)
    parts: list[Tree] = []
    for arg in expr.args:
        row = type(arg).__name__ == "Row" or (isinstance(arg, sp.Sum) and expr.is_Add)
        parts += written_out(arg, names, values) if row else [tree(arg, names, values)]
    return joined(type(expr).__name__, parts)


def number(index: sp.Expr, values: Mapping[str, int]) -> int:
    """The value of an index such as t + 1."""
    return int(index.xreplace({letter: sp.Integer(values[letter.name]) for letter in index.free_symbols}))


def joined(head: str, parts: list[Tree]) -> Tree:
    if head in ("Add", "Mul", "Max", "Min") and len(parts) == 1:
        return parts[0]
    return (head, *(sorted(parts, key=repr) if head in ("Max", "Min") else parts))


def written_out(expr: sp.Expr, names: Mapping[Any, str], values: Mapping[str, int]) -> list[Tree]:
    """The terms of a sum, the first letter turning fastest, as SymPy has it."""
    term, *limits = expr.args
    limits = limits[::-1]
    letters = [str(letter) for letter, _, _ in limits]
    ranges = [range(number(low, values), number(high, values) + 1) for _, low, high in limits]
    return [tree(term, names, {**values, **dict(zip(letters, found, strict=True))}) for found in grid(*ranges)]


def letters_of(family: Family, step: Step) -> dict[str, int]:
    """The value of each letter on the left in one of its lines."""
    places = family.lhs.indices if isinstance(family.lhs, sp.Indexed) else ()
    rows = [*zip(places, step.quantity.indices, strict=True)] if places else []
    found = {place.name: value for place, value in rows if place.is_Symbol}
    assert all(number(place, found) == value for place, value in rows)
    return found


def faults(families: Iterable[Family], quantities: Quantities) -> list[str]:
    """The lines that their family does not give back."""
    names = {(q.family, q.indices): name for name, q in quantities.items()}
    wrong = []
    for family in families:
        for step in family.steps:
            values = letters_of(family, step)
            for what in ("lhs", "rhs", "stable", "cancelled"):
                theirs = tree(getattr(step, what), {}, {})
                if tree(getattr(family, what), names, values) != theirs:
                    wrong.append(f"{what} of {step.name}")
    return wrong


def check(steps: tuple[Step, ...], quantities: Quantities) -> tuple[Family, ...]:
    """Each line stands in one family, in order, and its family gives it back."""
    families = folded(steps, quantities)
    placed = [step.number for family in families for step in family.steps]
    assert sorted(placed) == [step.number for step in steps]
    firsts = [family.steps[0].number for family in families]
    assert firsts == sorted(firsts)
    for family in families:
        numbers = [step.number for step in family.steps]
        assert numbers == sorted(numbers)
        assert len({step.quantity.family for step in family.steps}) == 1
        assert len({step.role for step in family.steps}) == 1
    assert faults(families, quantities) == []
    return families


@pytest.mark.parametrize("name", NETWORKS)
def test_every_line_of_a_network(name: str) -> None:
    derivation = bp.derive(NETWORKS[name])
    families = check(derivation.steps, derivation.quantities)
    assert [family.steps for family in derivation.families()] == [family.steps for family in families]
    assert len(families) < len(derivation) or max(NETWORKS[name].sizes) == 1


@pytest.mark.parametrize("rule", DECAYING.values(), ids=repr)
@pytest.mark.parametrize("train_biases", [True, False])
def test_every_line_of_an_update_rule(rule: Any, train_biases: bool) -> None:
    derivation = bp.derive(ARTICLE.replace(update=rule, train_biases=train_biases))
    families = check(derivation.steps, derivation.quantities)
    of_weights = [family for family in families if any(step.name == "w1_new" for step in family.steps)]
    assert [len(family.steps) for family in of_weights] == [4]  # the weights of the first layer together


@pytest.mark.parametrize("name", MODELS)
def test_every_line_of_a_model(name: str) -> None:
    families = check(*of_model(MODELS[name]()))
    assert any(len(family.steps) > 1 for family in families)


@examples(15, 200)
@given(cases(st.just(0)))
def test_every_line_of_a_random_network(case: Case) -> None:
    derivation = bp.derive(case.problem().network)
    check(derivation.steps, derivation.quantities)


def test_derivatives_by_the_inputs() -> None:
    derivation = bp.derive(bp.Network(3, 4, 2)).with_inputs
    families = check(derivation.steps, derivation.quantities)
    assert len([family for family in families if "/dx" in family.steps[0].name]) == 2


# How many


def count(*sizes: int, **more: Any) -> int:
    return len(bp.derive(bp.Network(*sizes, **more)).families())


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"bias": "neuron", "activation": "tanh"},
        {"bias": "none", "loss": "mean_squared_error"},
        {"activation": ["relu", "leaky_relu", "softmax"], "loss": "cross_entropy"},
        {"loss": "binary_cross_entropy"},
    ],
    ids=repr,
)
def test_families_do_not_grow_with_the_width(more: dict[str, Any]) -> None:
    """A wider layer, more inputs, more outputs: the same lines with an index."""
    shown = count(3, 4, 4, 3, **more)
    assert {count(*sizes, **more) for sizes in ((3, 7, 4, 3), (3, 4, 6, 3), (6, 4, 4, 3), (3, 4, 4, 5))} == {shown}
    assert shown < len(bp.derive(bp.Network(3, 4, 4, 3, **more))) / 4


def test_crossed_names_fold_as_straight_ones_do() -> None:
    """The article calls its weights w1, w4, w3, w2: an index counts neurons, no number in a name."""
    assert len(bp.derive(ARTICLE.network).families()) == count(2, 2, 2)
    own = {("x1", "h1"): "theta_3", ("x2", "h1"): "alpha", ("h2", "o1"): "u", ("h1", "o2"): "w1_left"}
    assert count(2, 2, 2, weight_names=own) == count(2, 2, 2)


def test_families_grow_with_the_layers() -> None:
    numbers = [count(*([3] * layers)) for layers in (4, 5, 6)]
    assert numbers[2] - numbers[1] == numbers[1] - numbers[0] > 0


@pytest.mark.parametrize("make", [lambda n: recurrent(n, 2), lambda n: attention(n, 2), lambda n: attention(2, n)])
def test_families_of_a_model_do_not_grow_with_its_length(make: Any) -> None:
    assert len(folded(*of_model(make(4)))) == len(folded(*of_model(make(6))))


def test_the_index_says_how_many_lines_there_are() -> None:
    for network in NETWORKS.values():
        for family in bp.derive(network).families():
            ranges = [high - low + 1 for low, high in [*family.index.values()][: family.free]]
            assert len(family.steps) == math.prod(ranges) - len(family.missing)


def test_a_derivative_that_is_raised_to_a_power_stands_in_brackets() -> None:
    lines = [*bp.derive(ARTICLE.replace(update=bp.updates.Adam(), train_biases=True)).families()]
    for by, below in (("W_1[i,j]", "W_{1}[i,j]"), ("b1", "b_{1}")):
        square = next(line for line in lines if str(line).startswith(f"v_{by} ="))
        assert f"(1 - beta2) · (dE_total/d{by})²" in str(square)
        slope = rf"\frac{{\partial E}}{{\partial {below}}}"
        assert rf"\cdot \left({slope}\right)^{{2}}" in square._repr_latex_()
        mean = next(line for line in lines if str(line).startswith(f"m_{by} ="))
        assert f"(1 - beta1) · dE_total/d{by}" in str(mean)
        assert rf"\cdot {slope}" in mean._repr_latex_()


@pytest.mark.parametrize("more", [{}, {"activation": ["tanh", "tanh", "softmax"], "loss": "cross_entropy"}], ids=repr)
def test_a_letter_counts_the_same_on_all_lines(more: dict[str, Any]) -> None:
    """Layers of different sizes: i for the inputs, j, k, l for the neurons of one layer after the other."""
    network = bp.Network(3, 4, 5, 6, **more)
    numbers = dict.fromkeys(network.parameters, 0.1)
    problem = bp.Problem(network, numbers, [1, 2, 3], [1, 0, 0, 0, 0, 0], update=bp.updates.Adam())
    counted: dict[str, set[tuple[int, int]]] = {}
    for family in bp.derive(problem).families():
        sums = [limits for expr in (family.rhs, family.stable) for one in expr.atoms(sp.Sum) for limits in one.limits]
        for letter, low, high in sums:
            assert family.index[letter.name] == (low, high)
        left = [place.name for place in getattr(family.lhs, "indices", ())]
        assert [*family.index][: family.free] == [*dict.fromkeys(left)]
        assert not set(left) & {letter.name for letter, *_ in sums}
        for letter, ends in family.index.items():
            counted.setdefault(letter, set()).add(ends)
    assert {letter: counted[letter] for letter in "ijkl"} == {
        "i": {(1, 3)},
        "j": {(1, 4)},
        "k": {(1, 5)},
        "l": {(1, 6)},
    }
    assert set(counted) <= {*"ijklm"}  # m beside l, where a line has two outputs


@pytest.mark.parametrize("sizes", [(1, 3, 2), (2, 1, 2), (2, 3, 1), (1, 1, 1), (1, 1, 2)])
@pytest.mark.parametrize("rule", [bp.updates.GradientDescent(), bp.updates.Adam()], ids=repr)
def test_a_layer_of_one_reads_as_any_other(sizes: tuple[int, ...], rule: Any) -> None:
    """w1 · x1 is a sum over the inputs, of which there is one."""

    def read(*sizes: int) -> list[str]:
        network = bp.Network(*sizes)
        numbers = dict.fromkeys(network.parameters, 0.1)
        problem = bp.Problem(network, numbers, [1] * sizes[0], [1] * sizes[-1], update=rule)
        return [str(family).split("   ")[0] for family in bp.derive(problem).families()]

    assert read(*sizes) == read(2, 3, 2)


def test_missing_lines_are_those_of_the_diagonal() -> None:
    """Softmax: a slope for each pair of outputs, of which the pairs of one have another shape."""
    families = bp.derive(NETWORKS["softmax"]).families()
    [off] = [f for f in families if any(step.name == "dout_o1/dnet_o2" for step in f.steps)]
    [on] = [f for f in families if any(step.name == "dout_o1/dnet_o1" for step in f.steps)]
    assert (len(off.steps), len(on.steps)) == (6, 3)
    assert [len(set(row.values())) for row in off.missing] == [1, 1, 1]
    assert on.missing == []


# Which index, and which letter: as a textbook writes these models

WRITTEN = {
    "recurrent": [
        "net[i,j] = p[i] · x[j] + Σ_k r[i,k] · h[k,j-1] + b[i]   for i = 1..2; j = 2..3   sum over k = 1..2",
        "o[j] = Σ_k q[k] · h[k,j] + c[1]   for j = 1..3   sum over k = 1..2",
        "dnet[i,j]/dh[k,j-1] = r[i,k]   for i, k = 1..2; j = 2..3",
        "dE_total/dh[i,3] = dE_total/do[3] · do[3]/dh[i,3]   for i = 1..2",
        "dE_total/dh[i,j] = dE_total/do[j] · do[j]/dh[i,j] + Σ_k dE_total/dnet[k,j+1] · dnet[k,j+1]/dh[i,j]"
        "   for i, j = 1..2   sum over k = 1..2",
        "dE_total/dr[i,j] = Σ_k dE_total/dnet[i,k] · dnet[i,k]/dr[i,j]   for i, j = 1..2   sum over k = 2..3",
    ],
    "recurrent, one unit": ["net[i,j] = p[1] · x[j] + r[i,1] · h[i,j-1] + b[1]   for i = 1; j = 2..6"],
    "convolution": [  # k is the kernel, and no letter
        "net[i] = Σ_j k[j] · x[i+j-1] + b[1]   for i = 1..4   sum over j = 1..3",
        "s[i] = max(a[2*i-1..2*i])   for i = 1..2",
        "dnet[i]/dk[j] = x[i+j-1]   for i = 1..4; j = 1..3",
        "dE_total/da[i] = dE_total/ds[2] · ds[2]/da[i]   for i = 3..4",
        "dE_total/dk[i] = Σ_j dE_total/dnet[j] · dnet[j]/dk[i]   for i = 1..3   sum over j = 1..4",
    ],
    "attention of three": [
        "s[i,j] = (Σ_l q[i,l] · k[j,l]) / √2   for i, j = 1..3   sum over l = 1..2",
        "a[i,j] = exp(s[i,j]) / (Σ_l exp(s[i,l]))   for i, j = 1..3   sum over l = 1..3",
        "E_total = Σ_i Σ_j E_o[i,j]   sum over i = 1..3; j = 1..2",
        "da[i,j]/ds[i,l] = -a[i,j] · a[i,l]   for i, j, l = 1..3; j ≠ l",
        "dE_total/dv[i,j] = Σ_l dE_total/do[l,j] · do[l,j]/dv[i,j]   for i = 1..3; j = 1..2   sum over l = 1..3",
    ],
    "layer norm": ["t[1] = (1/3) · (Σ_j c[j]²)   sum over j = 1..3", "n[j] = c[j] · r[1]   for j = 1..3"],
}


@pytest.mark.parametrize("name", WRITTEN)
def test_models_read_as_a_textbook_writes_them(name: str) -> None:
    text = [str(family) for family in folded(*of_model(MODELS[name]()))]
    assert [line for line in WRITTEN[name] if line not in text] == []


def test_the_name_of_a_quantity_is_no_letter() -> None:
    network = bp.Network(2, 2, 1, bias="none", weight_names={("x1", "h1"): "i", ("h2", "o1"): "k"})
    first, *_ = bp.derive(network).families()
    assert str(first) == "net_h[l] = Σ_j W_1[j,l] · x[j]   for l = 1..2   sum over j = 1..2"


def test_more_layers_than_letters() -> None:
    """The letters begin again, and on each line every one stands for one thing."""
    derivation = bp.derive(bp.Network(*[2] * 26))
    families = check(derivation.steps, derivation.quantities)
    nets = [str(family) for family in families if family.quantity.tag == "net" and not family.quantity.of]
    assert nets[0].startswith("net_h1[j] = Σ_i W_1[i,j] · x[i]")
    assert nets[20].startswith("net_h21[i] = Σ_z W_21[z,i] · out_h20[z]")  # x and y are names here
    assert nets[21].startswith("net_h22[j] = Σ_i W_22[i,j] · out_h21[i]")


# A line that differs


def swapped(step: Step, quantities: Quantities, rng: np.random.Generator) -> Step | None:
    """The line with one quantity replaced by another of its family, or None where there is none."""
    symbols = sorted((s for s in step.rhs.free_symbols if quantities[s.name].indices), key=str)
    for one in rng.permutation(np.array(symbols, dtype=object)):
        own = quantities[one.name]
        others = [n for n, q in quantities.items() if q.family == own.family and n != one.name]
        others = [name for name in others if sp.Symbol(name) not in step.rhs.free_symbols]
        if others:
            other = next(s for s in [sp.Symbol(others[rng.integers(len(others))])])
            return replace(step, rhs=step.rhs.xreplace({one: other}), stable=step.stable.xreplace({one: other}))
    return None


def changed(step: Step, quantities: Quantities, rng: np.random.Generator) -> Step:
    """The line with twice its right side."""
    return replace(step, rhs=product(sp.Integer(2), step.rhs), stable=product(sp.Integer(2), step.stable))


@pytest.mark.parametrize("change", [swapped, changed])
@pytest.mark.parametrize(
    "more", [{}, {"activation": ["tanh", "softmax"], "loss": "cross_entropy"}], ids=["", "softmax"]
)
def test_a_line_that_differs_is_not_folded_with_the_others(change: Any, more: dict[str, Any]) -> None:
    derivation = bp.derive(bp.Network(3, 4, 4, **more))
    rng, tried = np.random.default_rng(0), 0
    for family in derivation.families():
        if len(family.steps) < 3:
            continue
        # The last, as all the others have said by then what each index is.
        other = change(family.steps[-1], derivation.quantities, rng)
        if other is None:
            continue
        tried += 1
        steps = tuple(other if step.number == other.number else step for step in derivation)
        families = check(steps, derivation.quantities)
        [its] = [one for one in families if any(step.number == other.number for step in one.steps)]
        assert [step.number for step in its.steps] == [other.number], other
    assert tried > 10


def test_a_line_of_a_long_chain_that_differs() -> None:
    steps, quantities = of_model(recurrent(7, 1))
    whole = len(folded(steps, quantities))
    at = next(i for i, step in enumerate(steps) if step.name == "net1_5")
    w = next(s for s in steps[at].rhs.free_symbols if s.name == "h1_4")
    other = replace(steps[at], rhs=steps[at].rhs.xreplace({w: sp.Symbol("h1_3")}), stable=steps[at].rhs)
    families = check((*steps[:at], other, *steps[at + 1 :]), quantities)
    assert len(families) > whole
    [its] = [one for one in families if other in one.steps]
    assert len(its.steps) == 1


# Shown


@pytest.mark.parametrize("name", NETWORKS)
def test_families_show_themselves(name: str) -> None:
    for family in bp.derive(NETWORKS[name]).families():
        assert str(family)
        assert "0x" not in repr(family)
        assert family.reason


def test_a_fold_that_does_not_give_its_lines_back_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kit itself fills in again it compares: a wrong right side is seen, and its lines then stand alone."""
    derivation = bp.derive(bp.Network(2, 3, 2))
    folder = families._Folder(derivation.quantities)
    net = derivation.families()[0]
    assert folder.gives_back(net)
    assert not folder.gives_back(replace(net, rhs=net.rhs * 2))
    assert not folder.gives_back(replace(net, stable=net.stable + 1))
    assert not folder.gives_back(replace(net, steps=(*net.steps, derivation["net_o1"])))
    beyond = replace(net, rhs=net.rhs.xreplace({sp.Integer(2): sp.Integer(3)}))  # of two inputs
    assert str(beyond).endswith("i = 1..2")
    assert not folder.gives_back(beyond)
    monkeypatch.setattr(families._Folder, "gives_back", lambda self, family: False)
    alone = families.folded(derivation.steps, derivation.quantities)
    assert [family.rhs for family in alone] == [step.rhs for step in derivation]
