"""Every misconception as it looks on a model. A new one is a function in one of these files, under its words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from types import MappingProxyType

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import Derivation, derive
from bpkit.core.folder import modules_in
from bpkit.core.problem import Problem
from bpkit.mistakes.misconceptions.rule import Procedure, Rule, Shows
from bpkit.mistakes.rewrite import Misconception

# Of one rank the rules of these files come first, in this order; those of any other file follow.
_ORDER = """update_slips memory_slips slope_slips loss_slips path_slips misplaced_slips forward_slips batch_slips
recurrence_slips sharing_slips convolution_slips attention_slips normalisation_slips residual_slips
embedding_slips""".split()
_KINDS = modules_in(__name__, first=_ORDER)
RULES = tuple(one for kind in _KINDS for one in vars(kind).values() if isinstance(one, Rule))
PROCEDURES = tuple(one for kind in _KINDS for one in vars(kind).values() if isinstance(one, Procedure))
Model = Architecture | Problem | Derivation


@lru_cache(maxsize=128)
def catalogue(model: Model) -> tuple[Misconception, ...]:
    """Every misconception as it looks on the lines of a model, the likeliest first.

    Those that come in several shapes stand once for each, under the same name.

    >>> import bpkit as bp
    >>> catalogue(bp.Network(1, 1))[0]
    Misconception('adds the gradient')
    """
    return catalogue(derive(model)) if not isinstance(model, Derivation) else tuple(_on(model, training=False))


@lru_cache(maxsize=128)
def catalogue_of_training(model: Model) -> tuple[Misconception, ...]:
    """The misconceptions that show only after updates."""
    return tuple(_on(model if isinstance(model, Derivation) else derive(model), training=True))


def named(d: Derivation, names: Collection[str]) -> list[Misconception]:
    """Those of both catalogues that have one of some names, and no work for the others."""
    return [*_on(d, False, names), *_on(d, True, names)]


def _on(d: Derivation, training: bool, names: Collection[str] | None = None) -> Iterator[Misconception]:
    rules = [rule for rule in sorted(RULES, key=lambda rule: rule.rank) if (rule.shows is Shows.TRAINING) == training]
    for rule in (one for one in rules if names is None or one.name in names):
        words, of = (rule.name, rule.you, rule.sentence), (rule.shows is Shows.ANSWER, rule.shows is Shows.BATCH)
        for detail, found in rule(d):
            if edits := {name: edit for name, edit in found.items() if name in d.by_name}:
                yield Misconception(*words, detail, MappingProxyType(edits), *of, rule.rank, rule.convention)
