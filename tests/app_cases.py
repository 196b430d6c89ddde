"""What the tests of the apps share: which there are, what they are made of, independent numbers, plain text."""

from __future__ import annotations

import re
from typing import Any

from oracle import Case, array_gradients

import bpkit as bp
from bpkit.apps.live import Live

LIVE = [name for name in bp.apps.__all__ if issubclass(getattr(bp.apps, name), Live)]
ASKING = ("ask", "recalculate")  # they take answers: nothing in them slides, and nothing is reset
SLIDING = [name for name in LIVE if name not in ASKING and getattr(bp.apps, name).alone]
# What an app is made of, where that is not the article.
GIVEN = {"ask": "bp.examples.article, 'net_o1'", "attention": "bp.examples.attention", "boundary": "'moons'"}


def call(name: str) -> str:
    """The line that makes an app."""
    return f"bp.apps.{name}({GIVEN.get(name, 'bp.examples.article')})"


def opened(name: str) -> Any:
    return eval(call(name), {"bp": bp})


BY_HAND = Case(
    (2, 2, 2),
    ("sigmoid", "sigmoid"),
    "half_squared_error",
    "layer",
    ("w1", "w4", "w3", "w2", "w5", "w6", "w7", "w8"),  # as the article draws them
    {
        "w1": 0.25,
        "w2": 0.28,
        "w3": 0.35,
        "w4": 0.15,
        "w5": 0.35,
        "w6": 0.2,
        "w7": 0.45,
        "w8": 0.4,
        "b1": 0.45,
        "b2": 0.5,
    },
    ((0.1, 0.2),),
    ((0.05, 0.95),),
    True,
)


def slopes(case: Case) -> dict[str, float]:
    """By autograd, and by the names of the derivation: dE_total/dw1, dE_total/dnet_h1, .."""
    return {f"dE_total/d{name}": value for name, value in array_gradients(case).items()}


def plain(html: str) -> str:
    """The text of some HTML, a space behind each cell of a table."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.sub("</t[dh]>|</p>|</div>", " ", html)))
