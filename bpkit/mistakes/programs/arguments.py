"""How a learner's function is called: which of its arguments is the input, the target, a parameter or the rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.core.runtime import Array

INPUTS = frozenset("x xs input inputs data features sample samples xtrain a0 x0 xbatch".split())
TARGETS = frozenset("y ys t ts target targets label labels ytrain yt ytrue desired d truth ybatch expected".split())
RATES = frozenset("lr rate eta learningrate alpha stepsize lrate".split())
ONCE = frozenset("epochs epoch iterations iters niter steps nsteps nepochs numiterations maxiter".split())
COUNTS = frozenset("n m nsamples batchsize msamples size".split())
ALL = frozenset("params parameters p param theta thetas net network model parameter ps".split())
ROLES = {"x": INPUTS, "y": TARGETS, "rate": RATES, "once": ONCE, "count": COUNTS, "all": ALL}
WEIGHTS = frozenset("weights w ws weight weightmatrices".split())
BIASES = frozenset("biases b bs bias biasvectors".split())
LETTERS = {"w": "W", "weight": "W", "weights": "W", "theta": "W", "b": "b", "bias": "b", "biases": "b"}
# What a program computes itself, and what no problem of the kit has.
FOREIGN = frozenset(
    "cache caches memory grads grad gradients minibatch batch data_set reg lambd lam lambda_ keepprob".split()
)
OWN = frozenset("a z h l o s out net delta d da dz dw db layer hidden activation error".split())
HOW = "write for example def backward(x, y, W1, b1, W2, b2)"


def plain(name: str) -> str:
    """A name without its spelling: learning_rate and learningRate are one."""
    return name.replace("_", "").lower()


def numbered(name: str) -> str:
    """The parameter that a name with a number means: W1 of w1, W_1, weights1; "" of others."""
    word = plain(name)
    stem = word.rstrip("0123456789")
    return f"{LETTERS[stem]}{int(word[len(stem) :])}" if stem in LETTERS and stem != word else ""


def by_number(names: Iterable[str]) -> dict[str, str]:
    """The parameters that names with numbers mean, counted from 1: w1, W_2, syn0 and synapse_1."""
    found: dict[str, tuple[str, int]] = {}
    for name in names:
        word = plain(name)
        stem = word.rstrip("0123456789")
        if stem != word and (stem in LETTERS or not stem or stem not in OWN | INPUTS | TARGETS):
            found[name] = LETTERS.get(stem, "W"), int(word[len(stem) :])
    least = min((number for _, number in found.values()), default=1)
    return {name: f"{letter}{number + (least == 0)}" for name, (letter, number) in found.items()}


class Named(dict[str, Any]):
    """A dict of arrays that also knows them under other spellings: w1 for W1."""

    def __missing__(self, key: object) -> Any:
        if isinstance(key, str) and (known := numbered(key)) in self:
            return self[known]
        raise KeyError(key)


@dataclass(frozen=True)
class Convention:
    """One way in which a function may want its numbers: the layout, how many weight matrices, list or dict.

    ``upright`` gives one sample as a column (a row for x @ W), as a batch of one. ``across`` gives rows although the
    weights lie as for W @ x, as in x @ W.T; ``flat`` gives biases as rows, (1, m).
    """

    layout: str
    layers: int
    form: str  # of parameters in one argument: "list", "dict", "arrays"
    batch: str | None
    upright: bool = False
    across: bool = False
    flat: bool = False

    @property
    def columns(self) -> bool:
        """Are samples columns, and biases too?"""
        return self.layout == "W @ x" and not self.across and (self.batch is not None or self.upright)

    def data(self, problem: Problem) -> tuple[Array, Array]:
        """Inputs and targets: rows for x @ W, columns for W @ x."""
        x, y = np.array(problem.inputs), np.array(problem.targets)
        if self.upright:
            x, y = x[None], y[None]
        return (x.T.copy(), y.T.copy()) if self.columns else (x, y)

    def parameters(self, problem: Problem) -> dict[str, Array]:
        """The arrays W1, b1, .. of a problem, in this layout."""
        arrays = problem.arrays(self.layout)
        if not self.columns and not self.flat:
            return arrays
        turned = {
            key: value[:, None] if self.columns else value[None] for key, value in arrays.items() if value.ndim == 1
        }
        return {key: turned.get(key, value) for key, value in arrays.items()}


@dataclass(frozen=True)
class Signature:
    """The arguments of a function that have no default or that a review fills, by their roles, in order."""

    roles: tuple[tuple[str, str, bool], ...]  # name, role, whether it goes by keyword

    @property
    def layers(self) -> int | None:
        """The number of weight matrices, where the arguments name them one by one."""
        found = {role for _, role, _ in self.roles if role.startswith("W")}
        return len(found) or None

    @property
    def biased(self) -> bool:
        """Does it take biases?"""
        return self.layers is None or any(role.startswith("b") for _, role, _ in self.roles)

    @property
    def packed(self) -> bool:
        """Do parameters come in one argument, as a list or a dict?"""
        return any(role in ("all", "weights", "biases") for _, role, _ in self.roles)

    @property
    def forms(self) -> tuple[str, ...]:
        """In which forms parameters may come in one argument: W and b alone may be those of a single layer."""
        names = {name for name, role, _ in self.roles if role in ("weights", "biases")}
        packed = ("list", "dict") if self.packed else ("list",)
        return ("arrays", *packed) if names and all(len(name) == 1 for name in names) else packed

    @property
    def rate(self) -> bool:
        """Does it take a learning rate?"""
        return any(role == "rate" for _, role, _ in self.roles)

    def arguments(
        self, problem: Problem, how: Convention, holder: object = None
    ) -> tuple[list[Any], dict[str, Any], dict[str, Array]]:
        """What to call the function with, and the parameters' arrays among it; ``holder`` is the object that has them
        instead.
        """
        x, y = how.data(problem)
        arrays = how.parameters(problem)
        known = {"x": x, "y": y, "rate": problem.learning_rate, "once": 1, "count": problem.n_samples, **arrays}
        known["all"] = _packed(arrays, how.form) if holder is None else holder
        for role, letter in (("weights", "W"), ("biases", "b")):
            known[role] = _packed({key: one for key, one in arrays.items() if key[0] == letter}, how.form)
        given = [(name, known[role], keyword) for name, role, keyword in self.roles]
        return [v for _, v, keyword in given if not keyword], {n: v for n, v, keyword in given if keyword}, arrays


def _packed(arrays: Mapping[str, Array], form: str) -> Any:
    if form == "arrays":
        return next(iter(arrays.values()), None)
    return Named(arrays) if form == "dict" else list(arrays.values())


def read_signature(
    function: Callable[..., Any], on: object, layers: int | None, returns: str | None = None, biased: bool = True
) -> Signature:
    """The roles of a function's arguments: by name, and what has no known name by its place.

    Errors: ``BpkitError`` for what cannot be called, and for an argument whose role cannot be seen.
    """
    if not callable(function):
        raise BpkitError(
            f"review: expected a function, got {type(function).__name__}; give its name without brackets, "
            "review(backward) and not review(backward(..))"
        )
    try:
        found = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        raise BpkitError(f"review: expected a function written in Python, got {function!r}; {HOW}") from None
    wanted = [one for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    bound = getattr(function, "keywords", {})  # of a partial
    wanted = [one for one in wanted if one.name not in bound]
    counted = by_number(one.name for one in wanted)
    roles = {one.name: role for one in wanted if (role := counted.get(one.name) or _role(one.name, wanted))}
    letters = [name for name, role in roles.items() if role in ("weights", "biases") and len(name) == 1]
    unnamed = [one for one in wanted if one.name not in roles and one.default is one.empty]
    if len(unnamed) > 1:  # W, b, V, c: one array after the other
        roles = {name: role for name, role in roles.items() if name not in letters}
    needed = [one for one in wanted if one.name in roles or one.default is one.empty]
    free = _free(roles, layers or 2, on is not None, biased)
    for one in needed:
        if one.name not in roles:
            if (word := plain(one.name)) in FOREIGN or (word[-1:].isdigit() and word.rstrip("0123456789") in OWN):
                raise BpkitError(
                    f"review: expected a function of inputs, targets and parameters, got one that wants {one.name!r}; "
                    "wrap the way forward and the way back in one function, such as def step(x, y, W1, b1, W2, b2)"
                )
            role = next(free, "")
            if not role:
                raise BpkitError(
                    f"review: expected arguments that I know by name or by their place (x, y, W1, b1, W2, b2, lr), "
                    f"got {one.name!r}, of which I cannot tell what it is; rename it, or give it a default"
                )
            roles[one.name] = role
    given = [(one.name, roles[one.name], one.kind is one.KEYWORD_ONLY) for one in needed]
    if any(one.kind is one.VAR_POSITIONAL for one in found):  # def f(*arguments) gets all that has no name
        rest = (role for role in _free(roles, layers or 2, on is not None, biased) if role != "rate")
        given += [("", role, False) for role in rest if role != "y" or returns != "outputs"]
    if not any(role == "x" for _, role, _ in given):
        raise BpkitError(
            f"review: expected a function that takes inputs and targets, as I draw them, got one that takes none; {HOW}"
        )
    return Signature(tuple(given))


def _role(name: str, among: list[inspect.Parameter]) -> str:
    word, words = plain(name), {plain(one.name) for one in among}
    if (word in ("w", "b") and not {"w", "b"} <= words) or (word in ("d", "t") and not words & INPUTS):
        return ""  # a letter says little by itself
    if word in WEIGHTS:
        return "weights" if words & BIASES or word in ("w", "ws") else "all"
    if word in BIASES:
        return "biases"
    return next((role for role, names in ROLES.items() if word in names), "")


def _free(roles: Mapping[str, str], layers: int, on: bool, biased: bool) -> Iterator[str]:
    """The roles that names have not taken, in the order in which arguments come."""
    named = {role for role in roles.values() if role not in ("x", "y", "rate", "once", "count")}
    packed = on or named  # parameters that are told by their names are all that there are
    rest = [] if packed else [f"{letter}{k}" for k in range(1, layers + 1) for letter in ("Wb" if biased else "W")]
    return (role for role in ("x", "y", *rest, "rate") if role not in roles.values())
