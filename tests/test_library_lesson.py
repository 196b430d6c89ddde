"""Lesson 13: what PyTorch printed, a plain program gets as well; and what a library keeps, as the picture has it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

import bpkit as bp
from bpkit.core.quantities import Role
from bpkit.show.kept_picture import kept, lifetimes

CELLS = nbformat.read(
    Path(__file__).parents[1] / "notebooks" / "13_handing_over_to_a_library.ipynb", as_version=4
).cells


SAME = "".join(f"d{name}: the same to 10 digits\n" for name in ("W1", "b1", "W2", "b2"))


def printed(starts: str) -> str:
    """What is stored of the cell that begins with some text."""
    [cell] = [cell for cell in CELLS if cell.cell_type == "code" and cell.source.startswith(starts)]
    return "".join(output.get("text", "") for output in cell.outputs)


def source_of(starts: str) -> str:
    """The cell of code that begins with some text."""
    [source] = [cell.source for cell in CELLS if cell.cell_type == "code" and cell.source.startswith(starts)]
    return str(source)


def ran(*starts: str) -> dict[str, Any]:
    """The names that some cells leave."""
    names: dict[str, Any] = {}
    for one in starts:
        exec(source_of(one), names)
    return names


def prose() -> str:
    """All that is read and not run."""
    return "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")


def plain_losses(updates: int) -> list[float]:
    """A loop of plain NumPy, with weights as PyTorch lays them: a row for each neuron."""
    batch = bp.examples.data_set("moons").problem(bp.Network(2, 8, 1, bias="neuron"), seed=0, learning_rate=20)
    W1, b1, W2, b2 = (np.array(one) for one in batch.arrays("W @ x").values())
    x, y, found = batch.inputs, batch.targets, []
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    for _ in range(updates + 1):
        h = sigmoid(x @ W1.T + b1)
        out = sigmoid(h @ W2.T + b2)
        found.append(float(((out - y) ** 2).mean() / 2))
        back = (out - y) / len(x) * out * (1 - out)
        deeper = back @ W2 * h * (1 - h)
        W2, b2 = W2 - 20 * back.T @ h, b2 - 20 * back.sum(axis=0)
        W1, b1 = W1 - 20 * deeper.T @ x, b1 - 20 * deeper.sum(axis=0)
    return found


def test_the_recorded_output_of_pytorch_is_that_of_a_plain_program() -> None:
    losses = plain_losses(1000)
    expected = "".join(f"after {update} updates: loss {losses[update]:.6f}\n" for update in range(0, 1001, 200))
    [fold] = [found[1] for cell in CELLS if (found := re.search(r"```text\n(.*?)```", cell.source, re.DOTALL))]
    assert fold == expected
    assert printed("losses = bp.train") == expected
    assert printed("# is PyTorch installed?") == "PyTorch is installed.\n"
    assert printed("for update in range(1001 if torch") == expected


def test_pytorch_itself_prints_it_where_it_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    names: dict[str, Any] = {}
    for cell in CELLS:
        if cell.cell_type == "code" and ("torch" in cell.source or cell.source.startswith("import")):
            exec(cell.source, names)
    assert capsys.readouterr().out == "PyTorch is installed.\n" + printed("for update in range(1001 if torch")


def test_the_loop_needs_no_tricks_and_runs_without_pytorch(capsys: pytest.CaptureFixture[str]) -> None:
    sources = [cell.source for cell in CELLS if cell.cell_type == "code"]
    assert not re.search(r"__import__|find_spec|importlib", "\n".join(sources))
    loop = next(source for source in sources if "zero_grad" in source)
    shown = next(
        found[1] for cell in CELLS if (found := re.search(r"```python\n(import torch.*?)```", cell.source, re.DOTALL))
    )
    assert [line for line in loop.splitlines()[1:] if line not in shown.splitlines()] == []  # what stands there runs
    calls = re.findall(r"optimizer\.zero_grad\(\)|model\(x\)|loss\.backward\(\)|optimizer\.step\(\)", loop)
    assert calls == ["optimizer.zero_grad()", "model(x)", "loss.backward()", "optimizer.step()"]
    names: dict[str, Any] = {"torch": None}
    for source in sources:
        if "\nif torch:" in source or "optimizer.zero_grad" in source:
            exec(source, names)
    assert capsys.readouterr().out == ""


def test_the_page_claims_as_many_digits_as_it_compares() -> None:
    [compared] = [cell.source for cell in CELLS if "np.allclose" in cell.source]
    assert re.findall(r"rtol=(\S+?),", compared) == ["1e-10"]
    assert printed("for name, mine, its in") == SAME


def test_a_nudge_finds_the_library_s_derivatives_right_and_the_page_says_how_to_check_them_all() -> None:
    [cell] = [cell for cell in CELLS if cell.source.startswith("bp.check_gradient(")]
    assert "W2[7, 0]" in cell.outputs[0]["data"]["text/plain"]
    names = ran("import", "inputs, targets =", "W1, b1, W2, b2 =")
    [every] = re.findall(r"`gradient=(\[.*?\])` checks all 33", prose())
    for given, rows in ((cell.source.partition("gradient=")[2].rstrip(")"), 9), (every, 33)):
        found = bp.check_gradient(names["batch"], gradient=eval(given, names))
        assert found.passed
        assert len(found.rows) == rows


def test_what_a_forgotten_zero_grad_does_is_what_a_plain_program_gets() -> None:
    """Derivatives that are never cleared add up; the kit knows it as momentum whose old steps do not fade."""
    batch = bp.examples.data_set("moons").problem(bp.Network(2, 8, 1, bias="neuron"), seed=0, learning_rate=20)
    never_fades = batch.replace(update=bp.updates.Momentum(1 - 1e-9))
    uncleared, right = bp.train(never_fades, 200), bp.train(batch, 200).loss
    pattern = r"(\d+): loss (\S+) \(with zero_grad (\S+)\), largest weight (\d+)"
    shown = re.findall(pattern, printed("arrays, total ="))
    largest = [max(abs(uncleared[name][k]) for name in batch.parameters) for k in (0, 5, 10, 20, 50, 100, 200)]
    assert shown == [
        (f"{k}", f"{uncleared.loss[k]:.4f}", f"{right[k]:.4f}", f"{weight:.0f}")
        for k, weight in zip((0, 5, 10, 20, 50, 100, 200), largest)
    ]
    assert largest == sorted(largest)
    assert float(shown[-1][1]) < float(shown[-1][2])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_without_zero_grad_it_ends_as_the_page_says_when_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    names = ran("import", "inputs, targets =", "W1, b1, W2, b2 =", "losses =")
    capsys.readouterr()
    [(*changes, more)] = re.findall(r"write `(.*?)` instead of `(.*?)`, and put `(.*?)` after the 200", prose())
    source = source_of("arrays, total =").replace("100, 200)", f"100, 200, {more})")
    with pytest.warns(RuntimeWarning, match="overflow encountered"):
        exec(source.replace(*changes[::-1]), names)
    *_, before, last = capsys.readouterr().out.splitlines()
    assert before.startswith("400: loss 0.0")
    assert last.startswith("500: loss nan ")
    assert "Between 200 and 300 NumPy complains of an overflow" in prose()
    assert 200 < first_complaint(names) < 300


def first_complaint(names: dict[str, Any]) -> int:
    """The update of the program without zero_grad at which NumPy warns first; its loss still looks good there."""
    arrays: list[Any] = [names[name] for name in ("W1", "b1", "W2", "b2")]
    total: list[Any] = [0] * len(arrays)
    for update in range(300):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            loss, slopes = names["loss_of"](*arrays), names["backward"](*arrays)
        if found:
            assert loss < names["losses"][update]
            return update
        total = [t + g for t, g in zip(total, slopes)]
        arrays = [w - 20 * t for w, t in zip(arrays, total)]
    return 300


def test_the_two_losses_differ_by_the_number_of_outputs() -> None:
    assert printed("out, wanted =") == "mean_square / 2: 0.20\nour loss:        0.40\n"


@pytest.mark.parametrize(
    ("moved", "top"),
    [({"points": 100}, 1900), ({"layers": 3}, 3800 + 8 * 200), ({"activation": "relu"}, 3800 + 16 * 200)],
)
def test_what_is_kept_grows_as_the_fold_says(moved: dict[str, Any], top: int) -> None:
    *before, last = source_of("deeper =").splitlines()
    names: dict[str, Any] = {"bp": bp}
    exec("\n".join(before), names)
    app = eval(last, names)
    assert "Most at a time: 3,800 numbers" in app.words(app.state)
    app.set(**moved)
    assert f"Most at a time: {top:,} numbers" in app.words(app.state)
    assert app.note(app.state)[0] == f"At most {top:,} numbers wait at a time."
    assert f"{top:,}" in next(text for text in prose().split("</details>") if "half as many as the" in text)


def test_autograd_follows_another_activation_and_so_do_the_lines_once_they_are_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ran("import")
    compared = [source_of(start) for start in ("W1, b1, W2, b2 =", "out1 =", "for name, mine, its in")]
    [(tanh, inner)] = re.findall(r"`(np\.tanh\(.*?\))` instead of the inner `(sigmoid)\(", prose())
    passes = source_of("inputs, targets =")
    assert passes.count(tanh.replace("np.tanh", inner)) == 1
    exec(passes.replace(tanh.replace("np.tanh", inner), tanh), names)
    for source in compared:
        exec(source, names)
    assert capsys.readouterr().out == SAME.replace("the same to 10 digits", "different")
    [(first, slope)] = re.findall(r"The first, `(out1 = .*?)`, and `delta1`, where the slope becomes `(.*?)`", prose())
    line = compared[1].partition("\n")[0]
    own = compared[1].replace(line, first).replace("out1 * (1 - out1)", slope)
    for source in (compared[0], own, compared[2]):
        exec(source, names)
    assert capsys.readouterr().out == SAME


def test_the_table_has_every_line_of_the_loop_in_its_order() -> None:
    loop = next(
        found[1] for cell in CELLS if (found := re.search(r"```python\n(import torch.*?)```", cell.source, re.DOTALL))
    )
    [table] = [cell.source for cell in CELLS if "| you, in lesson 12 | PyTorch |" in cell.source]
    rows = [
        row.split("|")[2].strip(" `").replace("(..)", "(") for row in re.findall(r"^\|.*\|$", table, re.MULTILINE)[2:]
    ]
    made, setting, turning = [loop.index(row.partition(" /")[0]) for row in rows[:3]], rows[3:4], rows[4:]
    assert all(row in loop for row in [*setting, *(one.partition(" /")[0] for one in turning)])
    assert len(made) == 3
    places = [loop.index(row.partition(" /")[0]) for row in setting + turning if row != "model(x)"]
    assert places == sorted(places)
    layer = re.search(r"nn\.Linear\((\d), (\d)\)", "\n".join(rows))
    assert layer
    assert f"with shape ({layer[2]}, {layer[1]})" in table


def test_the_project_runs_as_it_is_told() -> None:
    from bpkit.apps.boundary import OwnBoundary

    calls = re.findall(r"`(spiral = .*?|bp\.apps\.boundary\(spiral.*?)`", prose())
    network = bp.Network(2, 8, 8, 1, activation=["tanh", "tanh", "sigmoid"], bias="neuron")

    def step(x: Any, y: Any, *arrays: Any) -> list[Any]:
        return list(arrays[:-1])

    names: dict[str, Any] = {"bp": bp, "network": network, "step": step}
    exec(calls[0], names)
    assert isinstance(eval(calls[1], names), OwnBoundary)


def test_ten_links_lead_further() -> None:
    [links] = [cell.source for cell in CELLS if "## Where to go next" in cell.source]
    links = links.partition("## Where to go next")[2].partition("\n## ")[0]
    assert len(re.findall(r"^- \[[^\]]+\]\(https?://[^)]+\): \S.*\.$", links, re.MULTILINE)) == 10


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (
            bp.Network(2, 8, 1, bias="neuron"),  # net_1 out_1 net_2 out_2 E | delta_2 dW_2 db_2 delta_1 dW_1 db_1
            {
                "out_0": (0, (1, 10), True),
                "net_1": (1, (2,), False),
                "out_1": (2, (3, 7, 9), True),
                "net_2": (3, (4,), False),
                "out_2": (4, (5, 6), True),
            },
        ),
        (
            bp.Network(3, 2, activation="identity", bias="neuron"),  # net_1 out_1 E | delta_1 dW_1 db_1
            {"out_0": (0, (1, 5), True), "net_1": (1, (2,), False), "out_1": (2, (3, 4), True)},
        ),
    ],
)
def test_an_array_is_kept_from_the_line_that_makes_it_to_the_last_that_uses_it(
    network: bp.Network, expected: dict[str, Any]
) -> None:
    inputs = np.ones((5, network.sizes[0]))
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.1), inputs, np.zeros((5, network.sizes[-1])))
    lines, arrays = lifetimes(problem)
    assert {one.name: (one.made, one.uses, one.waits) for one in arrays} == expected
    for one in arrays:
        assert one.shape == (5, network.sizes[int(one.name[-1])])
    assert all(line.role is not Role.UPDATE for line in lines)


def test_the_picture_of_what_is_kept_has_its_numbers() -> None:
    deeper = bp.examples.data_set("moons").problem(bp.Network(2, 8, 8, 1, bias="neuron"))
    picture = kept(deeper)
    assert "Most at a time: 3,800 numbers, at out₃; at the last line 0." in picture.caption
    assert "out_1 (200 × 8) from out₁ to δ₁" in picture.caption
    for text in ("3,800", "2,000", "∂E/∂W₃", "200 × 2", "200 × 1", "forward →"):
        assert f">{text}</text>" in picture.figure
    assert picture.png().startswith(b"\x89PNG")
    assert bp.apps.predict("numbers-kept").state.answer == 200 * (2 + 8 + 8 + 1)


def test_a_tanh_network_with_relu_keeps_what_its_slopes_need() -> None:
    network = bp.Network(2, 4, 3, 1, activation=["relu", "tanh", "sigmoid"], bias="neuron")
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1.0, 2.0], [1.0])
    waits = {one.name for one in lifetimes(problem)[1] if one.waits}
    assert {"out_0", "out_1", "out_2", "out_3"} <= waits


def test_networks_that_are_too_deep_for_the_picture_are_refused() -> None:
    network = bp.Network(*[2] * 9, bias="neuron")
    with pytest.raises(bp.BpkitError, match="take fewer layers"):
        kept(bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1.0, 2.0], [1.0, 0.0]))
