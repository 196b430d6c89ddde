"""The forward app's half in the kernel; its page is compared with the engine in a browser."""

from __future__ import annotations

import bpkit as bp

ARTICLE = bp.examples.article


def test_controls_in_natural_order() -> None:
    app = bp.apps.forward(ARTICLE)
    assert list(app.setting) == "x1 x2 w1 w2 w3 w4 w5 w6 w7 w8 b1 b2 digits twin".split()


def test_the_words_follow() -> None:
    app = bp.apps.forward(ARTICLE)
    app.set(w1=-1.25, x2=0.7, b2=0.1)
    values = bp.evaluate(ARTICLE.problem.replace(w1=-1.25, x2=0.7, b2=0.1))
    for name in ("net_h1", "out_h2", "out_o1", "E_total"):
        assert f"{name} = {values[name]:.6g}" in repr(app)
    app.digits.value = 12
    assert f"E_total = {values['E_total']:.12g}" in repr(app)


def test_only_the_lines_of_the_forward_pass_are_shown() -> None:
    rows = bp.apps.forward(ARTICLE).spec["parts"]["lines"]["rows"]
    assert [row["number"] for row in rows] == list(range(1, 12))
    assert rows[4]["name"] == "net_o1"


def test_without_lines_there_is_the_picture_alone() -> None:
    assert [bp.apps.forward(ARTICLE, lines=one).spec["layout"]["rows"] for one in (True, False)] == [
        [["network"], ["lines"]],
        [["network"]],
    ]


def test_any_network() -> None:
    network = bp.Network(3, 4, 2, activation=["tanh", "softmax"], loss="cross_entropy", bias="neuron")
    problem = bp.Problem(network, {n: 0.1 * i for i, n in enumerate(network.parameters)}, [1, -1, 0.5], [1, 0])
    app = bp.apps.forward(problem)
    app.b_h3.value = -2.0
    expected = bp.evaluate(problem.replace(b_h3=-2.0))
    assert f"E_total = {expected['E_total']:.6g}" in repr(app)
    assert eval(app.share, {"bp": bp}) == problem.replace(b_h3=-2.0)


def test_huge_numbers_are_shown_not_raised() -> None:
    app = bp.apps.forward(bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [0]))
    app.set(w1=1e200, x1=1e200)
    assert "inf" in repr(app)


def test_networks_with_too_many_weights_for_sliders() -> None:
    network = bp.Network(2, 32, 32, 2)
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1, -1], [0, 1])
    app = bp.apps.forward(problem)
    assert list(app.setting) == "x1 x2 b1 b2 b3 digits twin".split()
    app.b3.value = -1.0
    assert f"E_total = {bp.evaluate(problem.replace(b3=-1.0))['E_total']:.6g}" in repr(app)


def test_what_was_moved_and_what_follows_from_it_is_lit() -> None:
    app = bp.apps.forward(ARTICLE)
    assert app.state.changed == ()
    app.w5.value = 0.9
    assert app.state.changed == ("w5", "net_o1", "out_o1", "E_o1", "E_total")
    assert "Lit: w5, net_o1, out_o1, E_o1, E_total." in repr(app)
    app.b1.value = 0.0
    assert set(app.state.changed) == {"w5", "b1", *(row["name"] for row in app.spec["parts"]["lines"]["rows"])}
    app.set(w5=0.35, b1=0.45)
    assert app.state.changed == ()
