"""The arrows of the backward pass: they reach the parameters whose derivatives use a line, and no other."""

from __future__ import annotations

import pytest

import bpkit as bp
from bpkit.show.sharing_picture import BACK, sharing, users

ARTICLE = bp.examples.article.problem.network
OWN = bp.Network(3, 2, 2, 1, bias="neuron")


@pytest.mark.parametrize("network", [ARTICLE, OWN], ids=["article", "own"])
def test_users_are_those_whose_derivation_has_the_line(network: bp.Network) -> None:
    lines = bp.derive(network)
    for neuron in [one for layer in network.layers[1:] for one in layer]:
        named = f"dE_{neuron}/dnet_{neuron}" if neuron in network.outputs else f"dE_total/dnet_{neuron}"
        line = named if named in {step.name for step in lines} else f"dE_total/dnet_{neuron}"
        using = {
            name for name in network.parameters if line in {step.name for step in lines.toward(f"dE_total/d{name}")}
        }
        assert set(users(network, neuron)) == using, neuron


def test_an_arrow_for_each_way_back_and_words_for_both_kinds() -> None:
    drawing = sharing(ARTICLE, "o1")
    # From the loss, along w1 to w6, and from three neurons to their biases.
    assert str(drawing.figure).count("<polygon points=") == 1 + 6 + 3
    assert str(drawing.figure).count(f"stroke='{BACK}' stroke-width='3'") == 3
    assert repr(drawing).endswith("w₅, w₆, b₁, b₂. No arrow runs to w₇, w₈.")
    assert "No arrow" not in repr(sharing(OWN, "o1"))


@pytest.mark.parametrize("name", ["x1", "o3", "w5"])
def test_what_is_no_neuron_is_refused(name: str) -> None:
    with pytest.raises(bp.BpkitError, match="sharing: expected a neuron, got"):
        sharing(ARTICLE, name)
