"""How much a test run proves: little where somebody waits for it, all of it in CI or with ``BPKIT_THOROUGH=1``."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

THOROUGH = bool(os.environ.get("CI") or os.environ.get("BPKIT_THOROUGH"))


def examples(default: int, thorough: int) -> Any:
    """So many random examples for a property: the decorator in place of hypothesis' own ``settings``."""
    return settings(max_examples=thorough if THOROUGH else default)
