"""The attention app's half in the kernel: its numbers against plain NumPy, its words, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import bpkit as bp
from bpkit import blocks
from bpkit.show.attention_picture import layout, numbers_of

EXAMPLE = bp.examples.attention
LESSON = EXAMPLE.problem.replace(targets=[[1, -1], [0.5, 0]])


def by_hand(arrays: dict[str, Any], x: Any, y: Any) -> dict[str, Any]:
    """One head of attention and its derivatives, in plain NumPy."""
    q, k, v = (x @ arrays[f"W{letter}1"] for letter in "qkv")
    scores = q @ k.T / np.sqrt(q.shape[1])
    powers = np.exp(scores)
    shares = powers / powers.sum(axis=1, keepdims=True)
    out = shares @ v
    d_out = out - y
    d_shares = d_out @ v.T
    d_scores = shares * (d_shares - (d_shares * shares).sum(axis=1, keepdims=True))
    d_q, d_k = d_scores @ k / np.sqrt(q.shape[1]), d_scores.T @ q / np.sqrt(q.shape[1])
    return {
        "q": q,
        "k": k,
        "v": v,
        "score": scores,
        "share": shares,
        "out": out,
        "E": 0.5 * (d_out**2).sum(),
        "dq": d_q,
        "dk": d_k,
        "dv": shares.T @ d_out,
        "dscore": d_scores,
        "dshare": d_shares,
        "dout": d_out,
    }


def test_a_question_about_a_key_looks_for_no_mistake_behind_what_it_gives() -> None:
    changed = LESSON.replace(x2_1=-0.5)
    values = bp.evaluate(changed)
    one, other = (float(values[f"dE/dscore_o{i}_2"]) * float(values[f"q_o{i}_2"]) for i in (1, 2))
    known = ["q_o1_2", "q_o2_2", "dE/dscore_o1_2", "dE/dscore_o2_2"]
    wrong = {"follow only one path": one / 2**0.5, "do not divide the scores by the root": one + other}
    for words, number in wrong.items():
        app = bp.apps.ask(changed, "dE/dk_o2_2", known=known)
        app.set(number=f"{number:.5f}")
        assert words in app.tells()["message"]
        assert " or if you" not in app.tells()["message"]
        assert app.tells()["message"] in str(app.without_kernel()["box"]["known"]).replace(
            "{typed}", f"{number:.5f}".replace("-", "−")
        )
    app.set(number=f"{(one + other) / 2**0.5:.5f}")
    assert app.tells()["message"] == "Right."


def test_a_query_that_fits_a_key_helps() -> None:
    """What lesson 16 has its reader try: without queries one word is right, with one that fits both are."""
    unasked = LESSON.replace(Wq1_1_1=0, Wq1_1_2=0, Wq1_2_1=0, Wq1_2_2=0)
    none, fits = (bp.evaluate(problem) for problem in (unasked, unasked.replace(Wq1_1_1=2)))
    assert [none["out_o2_1"], none["out_o2_2"]] == [0.5, 0]
    assert none["E_total"] > 0.5
    assert fits["E_total"] < 0.001
    assert fits["share_o1_1"] > 0.98
    assert fits["share_o2_1"] == 0.5


def test_the_lines_from_a_word_carry_the_names_of_their_weights_and_fade_with_their_word() -> None:
    labels = layout(LESSON).labels
    for letter in "qkv":
        named = [one for one in labels if one.text == f"W{letter}"]
        assert [one.of for one in named] == ([1, 2] if letter == "q" else [0, 0])
        boxes = [one for one in layout(LESSON).boxes if one.kind == letter]
        assert {one.y for one in named} == {one.y + 17 + (9 if letter == "v" else -9) for one in boxes}
    assert [one.of for one in labels if one.text == "softmax"] == [1, 2]


def test_the_number_before_a_change_is_known_again() -> None:
    before = EXAMPLE.problem
    old = f"{bp.evaluate(before)['share_o1_2']:.5f}"
    app = bp.apps.ask(before.replace(x2_1=-1), "share_o1_2", before=before)
    app.set(number=old)
    said = f"Not right: {old} is share(o1,2) before the change. Work it out with the new numbers."
    assert app.tells()["message"] == said
    assert app.without_kernel()["box"]["known"][0][1][-1] == ("misconception", said.replace(old, "{typed}"))
    app.set(number=f"{float(old):.2f}")
    assert "before the change" in app.tells()["message"]
    app = bp.apps.ask(before.replace(x2_1=-1), "share_o1_2")
    app.set(number=old)
    assert "before the change" not in app.tells()["message"]


def test_no_line_is_sent_to_that_the_change_left_as_it_was() -> None:
    before = EXAMPLE.problem
    for earlier, line in ((before, "(7) first: k(o2,1) ="), (None, "(1) first: q(o1,1) =")):
        app = bp.apps.ask(before.replace(x2_1=-0.5), "share_o1_2", before=earlier)
        app.set(number="1.5")
        assert f"Check line {line}" in app.tells()["message"]
        assert f"Check line {line}" in app.without_kernel()["box"]["unknown"]["near"]


def test_shares_of_a_row_add_up_as_they_are_said() -> None:
    app = bp.apps.attention(EXAMPLE)
    app.set(Wq1_2_1=3)
    said, _ = app.note(app.state)
    one = bp.evaluate(app.state.problem)["share_o1_1"]
    assert f"Word 1 takes {one:.3g} of word 1 and 1 − {one:.3g} of word 2." in said


def test_every_number_of_the_picture_is_that_of_a_plain_program() -> None:
    app = bp.apps.attention(EXAMPLE)
    app.set(x2_1=0.7, Wq1_2_1=1.5, Wv1_1_2=-0.5)
    problem = app.state.problem
    expected, values = by_hand(dict(problem.arrays()), problem.inputs, problem.targets), numbers_of(problem)
    seen = 0
    for box in layout(problem).boxes:
        if box.kind == "x":
            continue
        i, j = (int(one) - 1 for one in re.findall(r"(\d)_(\d)$", box.name)[0])
        assert values[box.name] == pytest.approx(expected[box.kind][i, j], rel=1e-9, abs=1e-12)
        assert values[str(box.back)] == pytest.approx(expected[f"d{box.kind}"][i, j], rel=1e-9, abs=1e-12)
        seen += 1
    assert seen == 2 * 2 * 6
    assert values["E_total"] == pytest.approx(expected["E"])
    share = expected["share"]
    said, warns = app.note(app.state)
    assert f"Word 1 takes {share[0, 0]:.3g} of word 1 and {share[0, 1]:.3g} of word 2." in said
    assert not warns
    assert f"Word 2 takes {share[1, 0]:.6g} of word 1" in repr(app)
    assert "derivative" not in repr(app)
    app.set(back=True)
    assert f"with respect to its query is {expected['dq'][0, 0]:.6g}, {expected['dq'][0, 1]:.6g}." in repr(app)


def test_what_comes_back_from_one_word_is_its_part_of_a_key_and_a_value() -> None:
    problem = EXAMPLE.problem.replace(x2_1=0.7, Wq1_2_1=1.5)
    known, values = by_hand(dict(problem.arrays()), problem.inputs, problem.targets), numbers_of(problem)
    for box in layout(problem).boxes:
        if box.kind not in ("k", "v"):
            assert box.parts == ()
            continue
        j, c = (int(one) - 1 for one in re.findall(r"(\d)_(\d)$", box.name)[0])
        assert box.of == 0
        for i, products in enumerate(box.parts):
            own = known["dscore"][i, j] * known["q"][i, c] / np.sqrt(2)
            own = own if box.kind == "k" else known["share"][i, j] * known["dout"][i, c]
            part = sum(np.prod([values[name] for name in factors]) for factors in products)
            assert part == pytest.approx(own, rel=1e-9, abs=1e-12)


def test_equal_values_leave_the_queries_without_a_derivative() -> None:
    """What lesson 16 predicts."""
    app = bp.apps.attention(LESSON)
    app.set(Wv1_1_1=0, Wv1_1_2=2)
    values = numbers_of(app.state.problem)
    assert values["v_o1_1"] == values["v_o2_1"]
    assert values["v_o1_2"] == values["v_o2_2"]
    assert [
        name for name in values if name.startswith(("dE_total/dq", "dE_total/dk")) and abs(values[name]) > 1e-15
    ] == []
    assert abs(values["dE_total/dv_o1_1"]) > 0.1


def test_it_opens_with_the_way_back_if_asked() -> None:
    assert "derivative" in repr(bp.apps.attention(EXAMPLE, back=True))


def test_ways_lead_to_the_mix_of_their_word() -> None:
    """Word 1 uses one query, two keys, four pairs of score and share, its shares, and two values."""
    placed = layout(EXAMPLE.problem)
    for word in (1, 2):
        own = [way for way in placed.ways if way.of == word]
        assert len(own) == 1 + 1 + 2 + 4 + 1 + 2
        low = max(box.y for box in placed.boxes if box.name.startswith(f"share_o{word}"))
        assert {way.to_y for way in own if way.bare} == {low}
    shares = [box for box in placed.boxes if box.kind == "share"]
    for way in placed.ways:  # no value runs behind a share
        if way.bare and way.y == way.to_y:
            assert all(not box.y <= way.y <= box.y + 34 for box in shares)


def test_boxes_do_not_lie_on_each_other() -> None:
    wide = bp.Problem(
        bp.Model((3, 3), blocks.Attention(3)),
        {name: np.eye(3) for name in ("Wq1", "Wk1", "Wv1")},
        inputs=np.eye(3).tolist(),
        targets=np.eye(3).tolist(),
    )
    for problem in (EXAMPLE.problem, wide):
        placed = layout(problem)
        spots = [(one.x, one.y) for one in placed.boxes]
        near = [
            (a, b) for k, a in enumerate(spots) for b in spots[:k] if abs(a[0] - b[0]) < 62 and abs(a[1] - b[1]) < 34
        ]
        assert near == []
        assert all(0 <= x <= placed.width - 62 and 0 <= y <= placed.height - 34 for x, y in spots)
        assert bp.apps.attention(problem).bundles()[0]["image/png"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (bp.examples.article, "attention app: expected a model of one Attention block, got Network"),
        (bp.examples.rnn, "attention app: expected a model of one Attention block, got Model"),
        (
            bp.Problem(
                bp.Model((4, 1), blocks.Attention(1)),
                {name: [[1.0]] for name in ("Wq1", "Wk1", "Wv1")},
                [[1.0]] * 4,
                [[1.0]] * 4,
            ),
            "attention app: expected at most 3 words of 3 numbers, got 4 of 1, 1 wide",
        ),
    ],
)
def test_what_is_no_small_head_is_refused(given: Any, words: str) -> None:
    with pytest.raises(bp.BpkitError, match=re.escape(words)):
        bp.apps.attention(given)
