"""The chain app under another name: it opens with the first parameter, all of whose paths light up and add up."""

from __future__ import annotations

from bpkit.apps.chain import MOST_PATHS, Chain


class PathView(Chain):
    """Choose a weight or bias: its paths light up, one or all, and their products add up to its derivative."""

    name = "paths"
    _rows = ("products", "sums", "factors", "update", "message")  # what is pressed stays below the picture
    _most_bars = MOST_PATHS

    @property
    def _first(self) -> str:
        return self.problem.network.parameters[0]
