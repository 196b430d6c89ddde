"""What all commands have in common on a terminal: how an error ends, and a progress bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click
from tqdm import tqdm

from bpkit.core.errors import BpkitError


class Commands(click.Group):
    """Commands whose `BpkitError` ends as one line on the terminal, not as a traceback; so do a disk's refusals."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BpkitError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(
                f"{error.filename}: {error.strerror}" if error.strerror else str(error)
            ) from error


def bar(work: Iterator[Any], total: int, what: str) -> Iterable[Any]:
    """A progress bar on the terminal, none where output goes to a file or the work is short."""
    progress: Iterable[Any] = tqdm(work, total=total, desc=what, unit="", disable=None if total > 5 else True)
    return progress
