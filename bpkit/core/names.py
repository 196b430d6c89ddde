"""The words of generated code and of the lesson's quantities, which no weight and no function of one's own may be."""

from __future__ import annotations

import keyword

from bpkit.core.runtime import KNOWN

# Parameters and variables of generated functions and of Problem.replace, and words that would mislead a reader.
_WORDS = """array batch evaluate given gradients handed__ inputs lambda learning_rate left len loss next np network
n_samples pack parameters predict problem range record samples__ self settle__ state steps sum targets train
train_biases update""".split()
_RESERVED = KNOWN - {"pi", "e"} | {*_WORDS}
_OF_MATRICES = frozenset("theta rows step n pi e".split())  # matrices call functions beside these
_LETTERS = frozenset("net out E d b dE dout dnet".split())


def is_word(name: object) -> bool:
    """Is it one plain word that Python accepts as a name?

    >>> is_word("w_1"), is_word("2w"), is_word("lambda")
    (True, False, False)
    """
    return (
        isinstance(name, str)
        and name.isascii()
        and name.isidentifier()
        and name[0] != "_"
        and not keyword.iskeyword(name)
    )


def is_taken(name: str, function: bool = False) -> bool:
    """Does the name already mean something: for a weight, or for a ``function``, which matrices call as well?

    >>> is_taken("net_h1"), is_taken("theta"), is_taken("theta", function=True)
    (True, False, True)
    """
    head, _, tail = name.partition("_")
    quantity = (tail and head in _LETTERS) or name.endswith(("_new", "_old")) or "__" in name
    neuron = head[:1] in set("xyhob") and head[1:].isdigit() and (not tail or tail.isdigit())
    matrix = head in ("W", "delta") and tail.isdigit()
    return bool(name in _RESERVED or quantity or neuron or (function and (matrix or name in _OF_MATRICES)))
