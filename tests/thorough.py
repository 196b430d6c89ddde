"""How much a test run proves: little where somebody waits for it, more in CI, all of it with ``BPKIT_THOROUGH=1``.

CI opens every lesson, moves every slider, and draws a part of the random examples; drawing them all, installing,
serving and restarting take their time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

THOROUGH = bool(os.environ.get("BPKIT_THOROUGH"))
EVERYTHING = bool(THOROUGH or os.environ.get("CI"))
PART = 30  # CI draws one of so many


def many(usual: int, thorough: int) -> int:
    """A number of random examples, learners, seeds."""
    return thorough if THOROUGH else max(usual, thorough // PART) if EVERYTHING else usual


def examples(usual: int, thorough: int) -> Any:
    """So many random examples for a property: the decorator in place of hypothesis' own ``settings``."""
    return settings(max_examples=many(usual, thorough))
