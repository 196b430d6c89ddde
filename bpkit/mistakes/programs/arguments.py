"""How a learner's function is called: which of its arguments is the input, the target, a parameter or the rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.core.runtime import Array
from bpkit.mistakes.programs.source import strings_in
from bpkit.mistakes.programs.spellings import (
    INPUTS,
    OWN,
    TARGETS,
    Layered,
    Named,
    Spelling,
    parameters_of,
    plain,
    spelling_of,
)

RATES = frozenset("lr rate eta learningrate alpha stepsize lrate".split())
ONCE = frozenset("epochs epoch iterations iters niter steps nsteps nepochs numiterations maxiter".split())
COUNTS = frozenset("n m nsamples batchsize msamples size".split())
ALL = frozenset("params parameters p param theta thetas net network model parameter ps".split())
# What an update rule remembers, and the number of its update.
STATES = frozenset(
    "m v s u r mom moms momentum moment moments velocity velocities vel cache square squares state".split()
)
STATES |= frozenset("m1 m2 ms vs moment1 moment2 firstmoment secondmoment mt vt".split())
TIMES = frozenset("t step it iteration k".split())
STARTS = frozenset("h0 hprev hinit hstart hlast hiddenprev prevh state0 c0 cprev cinit cstart prevc".split())
ROLES = {"x": INPUTS, "y": TARGETS, "rate": RATES, "once": ONCE, "count": COUNTS, "all": ALL, "start": STARTS}
WEIGHTS = frozenset("weights w ws weight weightmatrices".split())
BIASES = frozenset("biases b bs bias biasvectors".split())
# What a program computes itself, and what no problem of the kit has.
FOREIGN = frozenset(
    "cache caches memory grads grad gradients minibatch batch data_set reg lambd lam lambda_ keepprob".split()
)
HOW = "write for example def backward(x, y, W1, b1, W2, b2)"


@dataclass(frozen=True)
class Convention:
    """One way in which a function may take its numbers: the layout, how many weight matrices, list or dict.

    ``upright`` gives one sample as a column (a row for x @ W), as a batch of one. ``across`` gives rows although the
    weights lie as for W @ x, as in x @ W.T; ``flat`` gives biases as rows, (1, m), and ``tall`` as columns, (m, 1).
    """

    layout: str
    layers: int
    form: str  # of parameters in one argument: "list", "dict", "arrays"
    batch: str | None
    upright: bool = False
    across: bool = False
    flat: bool = False
    tall: bool = False
    time: int = 1  # the number of the update

    @property
    def columns(self) -> bool:
        """Are samples columns, and biases too?"""
        return self.layout == "W @ x" and not self.across and (self.batch is not None or self.upright)

    def data(self, problem: Problem) -> tuple[Array, Array]:
        """Inputs and targets: rows for x @ W, columns for W @ x."""
        x, y = np.array(problem.inputs), np.array(problem.targets)
        if self.upright:
            x, y = x[None], y[None]
        if problem.network.vocabulary:
            x = x.astype(int)  # tokens
        return (_column(x), _column(y)) if self.columns else (x, y)

    def parameters(self, problem: Problem) -> dict[str, Array]:
        """The arrays W1, b1, .. of a problem, in this layout."""
        arrays = problem.arrays(self.layout)
        tall = self.columns or self.tall
        if not tall and not self.flat:
            return arrays
        rows = {key for key, one in parameters_of(problem.network).items() if one.tag != "weight"}
        turned = {
            key: one[:, None] if tall else one[None] for key, one in arrays.items() if key in rows and one.ndim == 1
        }
        return {key: turned.get(key, value) for key, value in arrays.items()}


def _column(rows: Array) -> Array:
    """Samples as columns; those that are tables stay as they are."""
    return rows.T.copy() if rows.ndim < 3 else rows


@dataclass(frozen=True)
class Signature:
    """The arguments of a function that have no default or that a review fills, by their roles, in order."""

    roles: tuple[tuple[str, str, bool], ...]  # name, role, whether it goes by keyword
    words: tuple[str, ...] = ()  # that its text has as strings, such as the keys of a dict

    @property
    def layers(self) -> int | None:
        """The number of weight matrices, where the arguments name them one by one."""
        found = {role for _, role, _ in self.roles if role.startswith("W")}
        return len(found) or None

    @property
    def biased(self) -> bool:
        """Does the function take biases, by name or in a list of layers?"""
        return self.layers is None or self.names_biases

    @property
    def names_biases(self) -> bool:
        """Has it an argument for a bias?"""
        return any(role.startswith("b") for _, role, _ in self.roles)

    @property
    def packed(self) -> bool:
        """Do parameters come in one argument, as a list or a dict?"""
        return any(role in ("all", "weights", "biases") for _, role, _ in self.roles)

    @property
    def forms(self) -> tuple[str, ...]:
        """In which forms parameters may come in one argument: W and b by themselves may be those of a single layer."""
        names = {name for name, role, _ in self.roles if role in ("weights", "biases")}
        packed = ("list", "dict") if self.packed else ("list",)
        return ("arrays", *packed) if names and all(len(name) == 1 for name in names) else packed

    @property
    def rate(self) -> bool:
        """Does it take a learning rate?"""
        return any(role == "rate" for _, role, _ in self.roles)

    @property
    def counts_updates(self) -> bool:
        """Does it take the number of the update?"""
        return any(role == "time" for _, role, _ in self.roles)

    @property
    def takes_targets(self) -> bool:
        return any(role == "y" for _, role, _ in self.roles)

    def arguments(
        self, problem: Problem, how: Convention, holder: object = None
    ) -> tuple[list[Any], dict[str, Any], dict[str, Array]]:
        """What to call the function with, and the parameters' arrays among it; ``holder`` is the object that has them
        instead.
        """
        x, y = how.data(problem)
        arrays = how.parameters(problem)
        known = {"x": x, "y": y, "rate": problem.learning_rate, "once": 1, "count": problem.n_samples, **arrays}
        known["time"] = how.time
        known["start"] = np.zeros(
            sum(one.tag == "start" and one.letter == "out" for one in problem.network.lines.quantities.values())
        )
        spelling = spelling_of(problem.network)
        known["all"] = self._packed(arrays, how.form, spelling) if holder is None else holder
        zeros = {key: np.zeros_like(one) for key, one in arrays.items()}
        known |= {f"state {key}": one for key, one in zeros.items()}
        tags = {key: one.tag for key, one in parameters_of(problem.network).items()}
        for role, tag in (("weights", "weight"), ("biases", "bias")):
            known[role] = self._packed(
                {key: one for key, one in arrays.items() if tags[key] == tag}, how.form, spelling
            )
        given = []
        for name, role, keyword in self.roles:
            own = {key: one.copy() for key, one in zeros.items()} if role == "state" else {}
            given.append((name, self._packed(own, how.form, spelling) if own else known[role], keyword))
        return [v for _, v, keyword in given if not keyword], {n: v for n, v, keyword in given if keyword}, arrays

    def _packed(self, arrays: Mapping[str, Array], form: str, spelling: Spelling) -> Any:
        if form == "arrays":
            return next(iter(arrays.values()), None)
        return Named(arrays, spelling, self.words) if form == "dict" else list(arrays.values())


def read_signature(
    function: Callable[..., Any],
    on: object,
    keys: Sequence[str],
    spelling: Spelling,
    returns: str | None = None,
    remembers: bool = False,
) -> Signature:
    """The roles of a function's arguments: by name, and what has no known name by its place, that of ``keys``.

    ``remembers`` says that its update rule has a state, which may be among them.

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
    states = _states([one.name for one in wanted], keys, spelling) if remembers else {}
    counted = spelling.keys(one.name for one in wanted if one.name not in states) | states
    layered = isinstance(spelling, Layered)
    roles = {one.name: role for one in wanted if (role := counted.get(one.name) or _role(one.name, wanted, layered))}
    letters = [name for name, role in roles.items() if role in ("weights", "biases") and len(name) == 1]
    unnamed = [one for one in wanted if one.name not in roles and one.default is one.empty]
    if len(unnamed) > 1:  # W, b, V, c: one array after the other
        roles = {name: role for name, role in roles.items() if name not in letters}
    needed = [one for one in wanted if one.name in roles or one.default is one.empty]
    free = _free(roles, keys, on is not None, layered)
    for one in needed:
        if one.name not in roles:
            if (word := plain(one.name)) in FOREIGN or (word[-1:].isdigit() and word.rstrip("0123456789") in OWN):
                raise BpkitError(
                    f"review: expected a function of inputs, targets and parameters, got one that wants {one.name!r}; "
                    "wrap the way forward and the way back in one function, such as def step(x, y, W1, b1, W2, b2)"
                )
            role = next(free, "")
            if not role:
                order = ", ".join(["x", "y", *keys, "lr"])
                raise BpkitError(
                    f"review: expected arguments that I know by name or by their place ({order}), "
                    f"got {one.name!r}, of which I cannot tell what it is; rename it, or give it a default"
                )
            roles[one.name] = role
    given = [(one.name, roles[one.name], one.kind is one.KEYWORD_ONLY) for one in needed]
    if any(one.kind is one.VAR_POSITIONAL for one in found):  # def f(*arguments) gets all that has no name
        rest = (role for role in _free(roles, keys, on is not None, layered) if role != "rate")
        given += [("", role, False) for role in rest if role != "y" or returns != "outputs"]
    if not any(role == "x" for _, role, _ in given):
        raise BpkitError(
            f"review: expected a function that takes inputs and targets, as I draw them, got one that takes none; {HOW}"
        )
    return Signature(tuple(given), strings_in(function))


def _states(names: list[str], keys: Sequence[str], spelling: Spelling) -> dict[str, str]:
    """The arguments that an update rule remembers: m and v, mW1 and vW1, the number t of the update."""
    words, found = {plain(name) for name in names}, dict[str, str]()
    for name in names:
        word = plain(name)
        if word in STATES:
            found[name] = "state"
        elif word in TIMES and (word != "t" or words & (TARGETS - {"t"})):
            found[name] = "time"
        elif word[:1] in ("m", "v", "s") and (key := spelling.key(word[1:])) in keys:
            found[name] = f"state {key}"
    return found


def _role(name: str, among: list[inspect.Parameter], layered: bool) -> str:
    word, words = plain(name), {plain(one.name) for one in among}
    if (word in ("w", "b") and not {"w", "b"} <= words) or (word in ("d", "t") and not words & INPUTS):
        return ""  # a letter says little by itself
    if not layered:
        return next((role for role, names in ROLES.items() if word in names), "all" if word == "weights" else "")
    if word in WEIGHTS:
        return "weights" if words & BIASES or word in ("w", "ws") else "all"
    if word in BIASES:
        return "biases"
    return next((role for role, names in ROLES.items() if word in names), "")


def _free(roles: Mapping[str, str], keys: Sequence[str], on: bool, layered: bool) -> Iterator[str]:
    """The roles that names have not taken, in the order in which arguments come."""
    others = ("x", "y", "rate", "once", "count", "start", "state", "time")
    named = {role for role in roles.values() if role not in others and not role.startswith("state ")}
    # Of a network, parameters that are told by their names are all that there are.
    packed = on or "all" in named or (named and layered)
    rest = [] if packed else keys
    return (role for role in ("x", "y", *rest, "rate") if role not in roles.values())
