"""Random streams: one for each seed, learner and question, so that adding a question changes no other."""

from __future__ import annotations

import hashlib

import numpy as np


def digest(*words: object) -> bytes:
    """32 bytes that depend only on the words; never ``hash()``, which differs from process to process.

    >>> len(digest("loss", 7)), digest("loss", 7) == digest("loss", 8)
    (32, False)
    """
    return hashlib.sha256("\x1f".join(map(str, words)).encode("utf-8", "surrogatepass")).digest()


def stream(seed: int, learner: str, question: str, redraw: int = 0) -> np.random.Generator:
    """The random numbers of one question of one learner; ``redraw`` gives the next ones where two learners met.

    >>> bool(stream(7, "Ada", "loss").random() == stream(7, "Bo", "loss").random())
    False
    """
    return np.random.default_rng(int.from_bytes(digest("question", seed, learner, question, redraw)[:16], "big"))


def learner_seed(seed: int, learner: str) -> int:
    """A seed of a learner's own, ten digits at most, for the table of seeds.

    >>> learner_seed(7, "Ada Ash"), learner_seed(7, "Bo")
    (220487216, 4002217823)
    """
    return int.from_bytes(digest("learner", seed, learner)[:4], "big")
