"""Backpropagation over numbers of mpmath, by a program of the tests' own: for numbers too far apart for differences.

Never by ``mp.fsum``, which writes out all the digits between the largest number and the smallest.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import neg, pos
from typing import Any

import mpmath as mp
from oracle import MP, MP_SLOPE, Case, mp_error_slope, mp_values, parameter_names

SHARE = {"half_squared_error": 1, "squared_error": 2}


def mp_backward(case: Case, sizes: bool = False) -> dict[str, Any]:
    """Every derivative by a parameter, the mean over the samples, at the digits that are set outside.

    ``sizes`` adds up the sizes of all terms, as if none cancelled: rounding leaves a share of that.
    """
    rows = range(len(case.inputs))
    found = [_sample(case, row, sizes) for row in rows]
    return {name: sum(one[name] for one in found) / len(rows) for name in parameter_names(case)}


def _sample(case: Case, row: int, sizes: bool) -> dict[str, Any]:
    signed, numbers = (abs if sizes else pos), case.parameters
    values = mp_values(case, numbers, row)
    nets = [[values[f"net_{name}"] for name in layer] for layer in case.layers[1:]]
    signals = [[mp.mpf(x) for x in case.inputs[row]]]
    signals += [[values[f"out_{name}"] for name in layer] for layer in case.layers[1:]]
    delta = _last(case, nets[-1], signals[-1], [mp.mpf(y) for y in case.targets[row]], sizes)
    gradient = dict.fromkeys(parameter_names(case), mp.mpf(0))
    for depth in range(len(case.wiring) - 1, -1, -1):
        before = [mp.mpf(0) for _ in signals[depth]]
        for (weights, biases), one in zip(case.wiring[depth], delta, strict=True):
            for source, weight in enumerate(weights):
                gradient[weight] += one * signed(signals[depth][source])
                before[source] += one * signed(mp.mpf(numbers[weight]))
            for bias in biases:
                gradient[bias] += one
        if depth:
            slope = MP_SLOPE[case.activations[depth - 1]]
            delta = [total * slope(net) for total, net in zip(before, nets[depth - 1], strict=True)]
    return gradient


def _last(case: Case, nets: Sequence[Any], outs: Sequence[Any], ys: Sequence[Any], sizes: bool) -> list[Any]:
    """The slopes of the loss in the last net inputs; 1 - out is never computed, as it would cancel."""
    last, shares = case.activations[-1], {**SHARE, "mean_squared_error": mp.mpf(2) / len(outs)}
    signed, minus = (abs, abs) if sizes else (pos, neg)
    if last == "sigmoid" and case.loss == "binary_cross_entropy":
        return [(1 - y) * out + minus(y * MP["sigmoid"](-net)) for net, out, y in zip(nets, outs, ys, strict=True)]
    if share := shares.get(case.loss):
        by_row = [share * (signed(out) + minus(y)) for out, y in zip(outs, ys, strict=True)]
    elif "cross_entropy" not in case.loss:  # a row that has no formula here
        slopes = [mp_error_slope(case.loss, y, out, len(outs)) for out, y in zip(outs, ys, strict=True)]
        by_row = [abs(out) + abs(y) for out, y in zip(outs, ys, strict=True)] if sizes else slopes
    if last != "softmax":
        return [slope * MP_SLOPE[last](net) for slope, net in zip(by_row, nets, strict=True)]
    rest = [sum(out for j, out in enumerate(outs) if j != k) for k in range(len(outs))]
    if case.loss == "binary_cross_entropy":
        by_out = [(1 - y) / more + minus(y / out) for out, more, y in zip(outs, rest, ys, strict=True)]
    elif case.loss == "cross_entropy":
        by_out = [minus(y / out) for out, y in zip(outs, ys, strict=True)]
    else:
        by_out = by_row
    moved = [slope * out for slope, out in zip(by_out, outs, strict=True)]
    return [
        out * (slope * more + minus(sum(one for j, one in enumerate(moved) if j != k)))
        for k, (out, slope, more) in enumerate(zip(outs, by_out, rest, strict=True))
    ]
