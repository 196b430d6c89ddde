"""Random networks for hypothesis: small ones of every kind."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from oracle import Case, random_case
from rows import ACTIVATIONS, LOSSES, outputs_of

SIZES = st.one_of(
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    st.lists(st.integers(1, 2), min_size=5, max_size=8),
)
SAMPLES = st.integers(0, 4)  # 0: one sample, given as a plain list


@st.composite
def cases(
    draw: st.DrawFn,
    samples: st.SearchStrategy[int] = SAMPLES,
    spread: float = 1.0,
    sizes: st.SearchStrategy[list[int]] = SIZES,
) -> Case:
    """A network with numbers. Losses and output activations are drawn so that the loss is defined."""
    return _case(draw, draw(sizes), samples, spread)


def _case(draw: st.DrawFn, sizes: list[int], samples: st.SearchStrategy[int], spread: float) -> Case:
    activations = [draw(st.sampled_from(ACTIVATIONS)) for _ in sizes[1:]]
    loss = draw(st.sampled_from(LOSSES))
    activations[-1] = draw(st.sampled_from(outputs_of(loss)))
    bias = draw(st.sampled_from(["layer", "neuron", "none"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random_case(rng, sizes, activations, loss, bias, draw(samples), spread, draw(st.booleans()))
