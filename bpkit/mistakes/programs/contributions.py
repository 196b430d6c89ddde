"""The parts of a derivative that comes back along several ways: programs compute them one by one, and add them up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import names_in
from bpkit.core.quantities import Quantity, Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions.whereabouts import ends
from bpkit.mistakes.programs.expected import Expected
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.variants import rewriter_of

Way = tuple[int | str, ...]  # which users: their block, how many steps later they are, maybe their letter
Terms = dict[int, list[sp.Expr]]  # by the number of the line in its array


def contributions(expected: Expected, column: int) -> Iterator[tuple[Place, Array]]:
    """What comes back along each way, where there are several, in one of the ways of writing the lines."""
    d = expected.problem.derivation
    if d.network.layers:
        return
    changed = rewriter_of(d)(expected.ways[column])
    for place in expected.places.values():
        several = _several(d, place) if place.role is Role.ADJOINT and len(place.quantities) == 1 else ()
        written = _terms(d, place, changed) if several else {}
        for way in several:
            array = np.zeros((expected.samples, *place.lines.shape))
            for number, terms in written.get(way, {}).items():
                array.reshape(expected.samples, -1)[:, number] = sum(_value(expected, term, column) for term in terms)
            yield _part(place), array


@lru_cache(maxsize=256)
def _part(place: Place) -> Place:
    """The place of a part of a derivative."""
    return replace(place, part=True)


@lru_cache(maxsize=256)
def _several(d: Derivation, place: Place) -> tuple[Way, ...]:
    """The ways that an array comes back along, if there are several: each by itself, those to one block together."""
    ways = _terms(d, place, {})
    steps = {way[:2] for way in ways}
    if sum(len(way) > 2 for way in ways) < 2:
        return ()
    return tuple(way for way in ways if len(way) > 2 or len(steps) > 1)


def _terms(d: Derivation, place: Place, changed: Mapping[str, Step]) -> Mapping[Way, Terms]:
    """The terms of the lines of an array, way by way."""
    ways: dict[Way, Terms] = defaultdict(dict)
    for number, name in enumerate(place.lines.flat):
        rhs, own = changed.get(name, d.by_name[name]).rhs, ends(d.by_name[name])[1]
        for term in rhs.args if rhs.is_Add else [rhs]:
            back = [d.quantities[used] for used in sorted(names_in(term)) if used in d.quantities]
            back = [one for one in back if one.role is Role.ADJOINT]
            for way in _ways(own, ends_of(back[0])) if len(back) == 1 else ():
                ways[way].setdefault(number, []).append(term)
    return ways


def ends_of(derivative: Quantity) -> Quantity:
    """The quantity that a derivative is taken by.

    >>> import bpkit as bp
    >>> ends_of(bp.derive(bp.Network(1, 1))["dE/dw1"].quantity).name
    'w1'
    """
    return derivative.by or derivative


def _ways(own: Quantity, user: Quantity) -> tuple[Way, Way]:
    steps = own.axes[:1] == user.axes[:1] and len(own.index) > 0 and len(user.index) > 0
    later = user.index[0] - own.index[0] if steps and user.block == own.block else 0
    return (user.block, later), (user.block, later, user.letter)


def _value(expected: Expected, term: sp.Expr, column: int) -> Array:
    names = sorted(names_in(term))
    values = expected.values(names, column)
    if term.is_Mul and all(factor.is_Symbol for factor in term.args):
        return np.prod([values[names.index(factor.name)] for factor in term.args], axis=0)  # type: ignore[no-any-return]
    found = sp.lambdify([sp.Symbol(name) for name in names], term, "numpy")(*values)
    return np.broadcast_to(found, (expected.samples,))
