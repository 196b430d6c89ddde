"""The kept app: its bars and stairs are those of the picture, for every network that its controls make."""

from __future__ import annotations

import pytest

import bpkit as bp
from bpkit.show.kept_picture import kept, lifetimes, waiting

MOONS = bp.examples.data_set("moons").problem(bp.Network(2, 8, 8, 1, bias="neuron"), seed=0)


@pytest.mark.parametrize(("points", "layers", "kind"), [(200, 2, "sigmoid"), (1, 1, "tanh"), (37, 3, "relu")])
def test_its_forms_have_the_lines_and_arrays_of_the_matrices(points: int, layers: int, kind: str) -> None:
    app = bp.apps.kept(MOONS)
    app.set(points=points, layers=layers, activation=kind)
    network = app.state.problem.network
    assert network.sizes == (2, *[8] * layers, 1)
    assert [one.name for one in network.activations] == [*[kind] * layers, "sigmoid"]
    lines, arrays = lifetimes(app.state.problem)
    form = app.spec["forms"][f"{layers} {kind}"]
    assert len(form["lines"]) == len(lines)
    assert [
        (one["name"], points, one["columns"], one["made"], one["last"], one["waits"]) for one in form["arrays"]
    ] == [(one.name, *one.shape, one.made, one.last, one.waits) for one in arrays]
    assert app.state.most == max(waiting(lines, arrays))
    assert app.words(app.state) == kept(app.state.problem).caption
    assert eval(app.share, {"bp": bp}) == network == eval(form["source"], {"bp": bp})


def test_a_network_without_hidden_layers_gets_some() -> None:
    app = bp.apps.kept(bp.Problem(bp.Network(2, 1), {"w1": 0.1, "w2": 0.2, "b1": 0.3}, [1.0, 2.0], [1.0]))
    assert app.state.problem.network.sizes == (2, 2, 1)
    assert app.points.value == 1
