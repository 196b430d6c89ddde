"""The ES module that draws every app, and its look, as text."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=2)
def text_of(name: str) -> str:
    """One of the page's own files: ``bpkit.js`` or ``bpkit.css``."""
    return files("bpkit.page").joinpath(name).read_text(encoding="utf-8")
