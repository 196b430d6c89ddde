"""The words of generated code and of the lesson's quantities, which no weight and no activation may be called."""

from __future__ import annotations

import keyword
import re

MATH = tuple("exp log log1p expm1 tanh cosh sinh sin cos tan asin acos atan asinh acosh atanh sqrt floor ceil".split())
CONSTANTS = ("pi", "e", "inf")
MATH_ONLY = ("erf", "erfc", "gamma")  # NumPy lacks them; core/runtime has them for arrays
OWN = tuple("softmax log_softmax log_odds xlogy xexp ratio guarded pick".split())  # core/runtime has them for both
MATRIX = tuple(f"matrix_{name}" for name in "softmax log_softmax log_odds others softmax_slope odds_slope".split())
BUILT_INS = ("abs", "len", "range", "record")  # what else the generated lines call

# Parameters and variables of generated functions and of Problem.replace, and words that would mislead a reader.
_WORDS = """array evaluate gradients inputs lambda learning_rate left loss math max min n_samples network np parameters
predict problem record self steps sum targets train train_biases where""".split()
_RESERVED = frozenset((*MATH, *MATH_ONLY, "inf", *OWN, *MATRIX, *BUILT_INS, *_WORDS))
_QUANTITY = re.compile(r"(net|out|E|d|b|dE|dout|dnet)_.*|[xyhob]\d+(_\d+)?|.*_new|.*__.*")
_OF_MATRICES = re.compile(r"(W|delta)_\d+|theta|rows|step|n|pi|e")


def is_word(name: object) -> bool:
    """Is it one plain word that Python accepts as a name?"""
    return isinstance(name, str) and bool(re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)) and not keyword.iskeyword(name)


def is_taken(name: str, function: bool = False) -> bool:
    """Does the name already mean something: for a weight, or for a ``function``, which matrices call as well?"""
    return name in _RESERVED or bool(_QUANTITY.fullmatch(name) or (function and _OF_MATRICES.fullmatch(name)))
