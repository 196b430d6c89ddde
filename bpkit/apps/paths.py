"""The chain app under another name: it opens with the first parameter, all of whose paths light up and add up."""

from __future__ import annotations

from bpkit.apps.chain import Chain


class PathView(Chain):
    """Choose a weight or bias: its paths light up, one or all, and their products add up to its derivative."""

    name = "paths"

    @property
    def _first(self) -> str:
        return self.problem.network.parameters[0]
