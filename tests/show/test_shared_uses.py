"""Lines with an index by the names of their instances, and the picture of a kernel that turns around."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

import bpkit as bp
from bpkit import blocks
from bpkit.core.spelling import number_read
from bpkit.show.indexed import indexed
from bpkit.show.kernel_picture import kernel_picture
from bpkit.show.steps_back_picture import output_slopes, steps_back

RNN = bp.derive(bp.Model((3, 1), blocks.Recurrent(1)))


def row(size: int, length: int) -> bp.Problem:
    return bp.Problem(
        bp.Model(length, blocks.Conv1d(size)),
        {"k1": [0.5 + one for one in range(size)], "b1": 0.0},
        inputs=[0.1 * one for one in range(length)],
        targets=[0.0] * (length - size + 1),
    )


def test_lines_of_one_shape_are_shown_once() -> None:
    shown = indexed(RNN, "net_o1_1", "net_o2_1", "dE/dWx1_1_1")
    assert len(shown.families) == 2
    assert repr(shown).splitlines()[0].startswith("net_o[i,k] = Σ_j Wx1[j,k] · x[i,j]")
    latex = shown._repr_latex_()
    assert latex.count(r"\begin{align}") == latex.count(r"\end{align}") == 1
    assert latex.count("&=") == 2
    with pytest.raises(bp.BpkitError, match="dE_total/dWx"):
        indexed(RNN, "dE/dWx1_1_2")


def test_a_line_takes_the_letters_that_a_lesson_asks_for() -> None:
    """In their places, in the order of the line; a letter of a sum is none of those for which there is a line each."""
    attention = bp.derive(bp.Model((2, 3), blocks.Attention(2)))
    shown = indexed(attention, "score_o1_1 i j c", "dE/dscore_o1_1 i j m", "q_o1_1 i c a")
    score, back, query = repr(shown).splitlines()
    assert score == "score_o[i,j] = (Σ_c q_o[i,c] · k_o[j,c]) / √2   for i, j = 1..2   sum over c = 1..2"
    assert back.startswith("dE_total/dscore_o[i,j] = Σ_m dE_total/dshare_o[i,m] · dshare_o[i,m]/dscore_o[i,j]")
    assert query.endswith("for i, c = 1..2   sum over a = 1..3")
    first, *_, last = shown._repr_latex_().split(r"\\")
    assert first.endswith(r"\quad \text{for } i, j = 1, 2 ")
    assert r"\sum_{a=1}^{3}" in last
    for wrong in ("i", "i j c m", "i i c"):
        with pytest.raises(bp.BpkitError, match="indexed: expected 3 different letters"):
            indexed(attention, f"score_o1_1 {wrong}")


@pytest.mark.parametrize(("size", "length"), [(2, 4), (3, 5)])
def test_the_way_back_has_the_kernel_in_the_other_order(size: int, length: int) -> None:
    said = repr(kernel_picture(row(size, length)))
    for i in range(1, length + 1):
        [entry] = re.findall(rf"∂E/∂x{'₀₁₂₃₄₅'[i]} is ([^;.]+)", said)
        found = [("₁₂₃".index(weight) + 1, int(out)) for weight, out in re.findall(r"k(.) · δ of o(\d)", entry)]
        places = range(max(1, i - size + 1), min(i, length - size + 1) + 1)
        assert found == [(i - out + 1, out) for out in places]
        weights = [weight for weight, _ in found]
        assert weights == sorted(weights, reverse=True)


def test_only_one_convolution_is_drawn() -> None:
    with pytest.raises(bp.BpkitError, match="kernel_picture: expected a model of one Conv1d, got Model"):
        kernel_picture(bp.examples.convolution.problem)


def days(weight: float, count: int = 10, warm: float = 1.0) -> bp.Problem:
    start = {"Wx1": [[0.5]], "Wh1": [[weight]], "b1": [0.1 if warm == 1 else 0.0]}
    return bp.Problem(bp.Model((count, 1), blocks.Recurrent(1)), start, inputs=[[warm]] * count, targets=[0.9])


def test_the_way_back_through_the_days_is_drawn_with_the_numbers_of_the_lines() -> None:
    shown = {"half": days(0.5), "two": days(2), "cool": days(2, warm=0.001)}
    drawing = steps_back(shown, "day")
    for name, problem in shown.items():
        [told] = re.findall(rf"{name}: (.*?), so 9 days back it is (\S+) times as large", repr(drawing))
        values = bp.evaluate(problem)
        sizes = [abs(values[f"dE/dout_o{day}_1"]) for day in range(10, 0, -1)]
        assert told[0] == ", ".join(number_read(size, 3) for size in sizes)
        assert f"9 days back: × {told[1]}<" in str(drawing.figure)
    assert sizes == sorted(sizes), "it grows"
    assert len(re.findall("<circle", str(drawing.figure))) == 30


def test_the_lesson_s_words_about_the_days_hold() -> None:
    warm = bp.evaluate(days(2, 3).replace(x2_1=0.5))
    assert all(2 * warm[f"dout_o{day}_1/dnet_o{day}_1"] < 1 for day in (2, 3))
    half, two, cool = (output_slopes(one) for one in (days(0.5), days(2), days(2, warm=0.001)))
    assert 0.5e-6 < half[0] / half[-1] < 2e-6
    assert two[0] / two[-1] < half[0] / half[-1]
    assert 200 < cool[0] / cool[-1] < 900
    assert sum(1.8 < one / after < 2 for one, after in pairwise(cool)) > len(cool) / 2


def test_the_way_back_through_the_days_refuses_what_it_cannot_draw() -> None:
    with pytest.raises(bp.BpkitError, match="expected derivatives other than 0, which a logarithmic axis"):
        steps_back({"forgets": days(0)})
    with pytest.raises(bp.BpkitError, match="expected a model of one recurrent neuron over several steps"):
        steps_back({"row": row(2, 4)})
    with pytest.raises(bp.BpkitError, match="expected 1 to 3 problems, got 0"):
        steps_back({})


def test_a_reason_that_begins_with_a_letter_stands_apart_from_the_command_before_it() -> None:
    """As of Adam's means: what is typeset first is the name of one."""
    adam = bp.examples.adam_step.problem
    latex = bp.derive(adam).at(adam).pick(["mhat_w1", "w1_new"])._repr_latex_()
    assert r"{\small m_" in latex
    assert re.findall(r"\\small[A-Za-z]", latex) == []
