"""The variety app: which kinds of lines change, against what is known of each change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
import sympy as sp

import bpkit as bp
from bpkit.apps.variety import KINDS

SAME = {"net input", "hidden delta", "derivative", "update"}


@pytest.fixture(scope="module")
def app() -> Any:
    return bp.apps.variety()


def changed(app: Any, **values: Any) -> dict[str, str]:
    app.set(hidden=2, outputs=2, activation="sigmoid", pair="sigmoid half_squared_error")
    app.set(**values)
    return {words: cause for words, *_, cause in app.state.rows if cause}


def test_the_lesson_names_the_kinds_before_it_asks_how_many_change() -> None:
    path = next((Path(__file__).parents[1] / "notebooks").glob("09_*.ipynb"))
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    before = next(text for text, after in zip(cells, cells[1:]) if after == 'bp.apps.predict("lines-of-tanh")')
    named = [one for row in re.findall(r"^- .*?: (.*)$", before, re.MULTILINE) for one in row.split(", ")]
    assert named == [words for words, *_ in KINDS]


def test_nothing_changes_in_the_network_that_it_begins_with(app: Any) -> None:
    assert changed(app) == {}
    assert app.note(app.state)[0].startswith("All 14 kinds of lines are the same.")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"activation": "tanh"}, {"hidden output": "activation", "hidden slope": "activation"}),
        ({"hidden": 4}, {"next net input": "size"}),
        ({"outputs": 1}, {"loss": "size", "all paths back": "size"}),
        (
            {"pair": "sigmoid binary_cross_entropy"},
            dict.fromkeys(("error", "error's slope"), "output layer"),
        ),
        ({"pair": "tanh half_squared_error"}, dict.fromkeys(("output", "output's slope"), "output layer")),
    ],
)
def test_a_change_reaches_its_own_lines_and_no_others(app: Any, values: Any, found: dict[str, str]) -> None:
    assert changed(app, **values) == found


def test_some_lines_never_change(app: Any) -> None:
    for hidden in (1, 3):
        for pair in app.pair.options:
            found = changed(app, hidden=hidden, outputs=3, activation="relu", pair=pair)
            assert not SAME & found.keys()


def test_the_deltas_that_cancel(app: Any) -> None:
    changed(app, pair="sigmoid binary_cross_entropy")
    [text] = [new.text for words, _, new, _ in app.state.rows if words == "output's delta"]
    assert text.endswith("= out_o1 − y1")
    assert "output's delta" in changed(app, pair="softmax cross_entropy")  # now a sum over the outputs


def test_a_softmax_shares_among_two_at_least(app: Any) -> None:
    changed(app, outputs=1)
    assert "at least 2" not in app.note(app.state)[0]
    app.set(pair="softmax cross_entropy")
    assert app.outputs.value == 2
    assert app.note(app.state)[0].endswith("A softmax shares among outputs, so it needs at least 2.")


def test_lines_and_paths_are_counted(app: Any) -> None:
    changed(app, hidden=3, outputs=1, activation="relu")
    count = len(bp.derive(bp.Network(2, 3, 1, activation=["relu", "sigmoid"])))
    assert f"{count} lines instead of 67; w1 reaches the loss by 1 path." in app.note(app.state)[0]
    for key, lines in app.spec["counts"].items():
        hidden, outputs, kind, loss = key.split(" ")
        network = bp.Network(2, int(hidden), int(outputs), activation=["sigmoid", kind], loss=loss)
        assert len(bp.derive(network)) == lines
    assert len(eval(app.share, {"bp": bp})) == count


def test_a_function_of_one_s_own() -> None:
    z = sp.Symbol("z")
    app = bp.apps.variety(own=bp.Activation("swish", z / (1 + sp.exp(-z))))
    assert set(changed(app, activation="swish")) == {"hidden output", "hidden slope"}
    [slope] = [new for words, _, new, _ in app.state.rows if words == "hidden slope"]
    assert slope.text.endswith("= 1 / (1 + exp(−net_h1)) + net_h1 · exp(−net_h1) / (1 + exp(−net_h1))²")
    assert "<span class='bpkit-whole'>" in slope.symbols
    assert app.drawing(app.state).png().startswith(b"\x89PNG")


def test_what_it_cannot_show_is_refused() -> None:
    deep = bp.Network(2, 2, 2, 1)
    with pytest.raises(bp.BpkitError, match="expected one hidden layer"):
        bp.apps.variety(bp.Problem(deep, dict.fromkeys(deep.parameters, 0.1), [1, 2], [0]))
