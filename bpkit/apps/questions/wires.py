"""What predictions say about which line leads where in the article's network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bpkit.apps.questions.prediction import Answer
from bpkit.core.derivation import derive
from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.spelling import PLAIN
from bpkit.examples.article import article

INTO = ("w₁ and w₂", "w₁ and w₃", "w₁ and w₄", "w₂ and w₃", "w₅ and w₇")


def _network() -> Network:
    return layered(article.problem.network, "questions")


def _ways(neuron: str, end: int) -> set[str]:
    """The weights that lead out of a neuron, or into it: its place is 0 or 1 of their ends."""
    network = _network()
    return {PLAIN(network.lines.quantities[name]) for name, ends in network.weights.items() if ends[end] == neuron}


def into_h1() -> tuple[Answer, str]:
    return next(one for one in INTO if set(one.split(" and ")) == _ways("h1", 1)), (
        "w₁ comes from x₁, and w₄ from x₂. The numbers of the weights do not say where a line leads, so look at the "
        "picture"
    )


def led_elsewhere() -> Mapping[str, str]:
    """What is said to those who follow other lines."""
    usual = Network(*_network().sizes)
    first = [PLAIN(usual.lines.quantities[name]) for name, ends in usual.weights.items() if ends[1] == "h1"]
    said = {
        " and ".join(first): "That is how most authors number them, and this picture is different.",
        " and ".join(sorted(_ways("h2", 1))): "Those two lead into h2.",
        " and ".join(sorted(_ways("h1", 0))): "Those two lead out of h1.",
        " and ".join(sorted(_ways("x1", 0))): "Those two lead out of x₁.",
    }
    return {one: said[one] for one in INTO if one in said}


SHARERS = (
    "those of w₅ and w₆ alone",
    "those of w₅, w₆ and b₂ alone",
    "all but those of w₇ and w₈",
    "all ten",
)
BEHIND = (
    "those of w₁ and w₂",
    "those of w₁ and w₄ alone",
    "those of w₁, w₄ and b₁",
    "those of w₅ and w₇",
    "those of w₁ to w₄ and b₁",
)


def _users(line: str, choices: Sequence[str]) -> str:
    """The choice that names the parameters whose derivatives use a line."""
    lines = derive(article.problem.network)
    every = {name: PLAIN(lines.quantities[name]) for name in lines.network.parameters}
    using = {
        spelled for name, spelled in every.items() if line in {step.name for step in lines.toward(f"dE_total/d{name}")}
    }

    def meant(choice: str) -> set[str]:
        named = set(re.findall("[wb][₀-₉]", choice.replace("w₁ to w₄", "w₁ w₂ w₃ w₄")))
        return {*every.values()} - named if choice.startswith("all") else named

    return next(one for one in choices if meant(one) == using)


def shared_factor() -> tuple[Answer, str]:
    return _users("dE_o1/dnet_o1", SHARERS), (
        "w₅, w₆ and b₂ lead into o1 themselves. w₁ to w₄ and b₁ change h1 and h2, and these reach the loss through o1 "
        "as well as through o2. The other two weights lead into o2 alone"
    )


def shared_behind() -> tuple[Answer, str]:
    return _users("dE_total/dnet_h1", BEHIND), (
        "these three are added up in h1, so each of them changes E through the net input of h1. w₂ and w₃ lead into "
        "h2, and the slopes of w₅ to w₈ and b₂ are found before the backward pass comes to h1"
    )


FOLLOWERS = (
    "the outputs of h1, o1 and o2",
    "the outputs of h2, o1 and o2",
    "the outputs of h1 and o1",
    "the outputs of h1, h2, o1 and o2",
)


def w4_turned() -> tuple[Answer, str]:
    problem = article.problem
    before, after = (evaluate(problem.replace(w4=w4)) for w4 in (0.15, 0.2))
    moved = {name for name in ("h1", "h2", "o1", "o2") if before[f"out_{name}"] != after[f"out_{name}"]}
    said = {one: frozenset(re.findall(r"[ho]\d", one)) for one in FOLLOWERS}
    return next(one for one in FOLLOWERS if said[one] == moved), (
        "w₄ leads from x₂ to h1, and from h1 lines lead to both outputs. No line leads from h1 to h2"
    )
