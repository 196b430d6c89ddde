"""What all commands have in common on a terminal: how an error or Ctrl-C ends them, and a progress bar."""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click
from tqdm import tqdm

from bpkit.core.errors import BpkitError
from bpkit.show.in_terminal import WIDTH, fitting

STOPPED = "Stopped. Start the same command again: what is written stays, the rest follows."
INTERRUPTED = 130  # the exit code that shells expect after Ctrl-C


class Commands(click.Group):
    """Commands whose `BpkitError` ends as one line on the terminal, not as a traceback; so do a disk's refusals."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(f"\n{STOPPED}", err=True)
            ctx.exit(INTERRUPTED)
        except BpkitError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise  # `| head` has read enough, and click ends quietly
        except OSError as error:
            raise click.ClickException(_refused(error)) from error


def _refused(error: OSError) -> str:
    """What a disk says, with the file where it names one."""
    where = f"{error.filename}: " if error.filename else ""
    room = "; make room, or choose another folder" if error.errno == errno.ENOSPC else ""
    return f"{where}{error.strerror or error}{room}"


def say(*lines: str) -> None:
    """Print lines as the terminal can show them.

    >>> say("net = 0.844681", "out = 0.699450")
    net = 0.844681
    out = 0.699450
    """
    click.echo(fitting("\n".join(lines), getattr(sys.stdout, "encoding", None)))


def columns() -> int:
    """How wide a text may be.

    >>> columns() <= WIDTH
    True
    """
    return min(shutil.get_terminal_size().columns - 1, WIDTH)


def bar(work: Iterator[Any], total: int, what: str) -> Iterable[Any]:
    """A progress bar on the terminal, none where output goes to a file or the work is short.

    >>> list(bar(iter(["w1", "w2"]), 2, "weights"))
    ['w1', 'w2']
    """
    progress: Iterable[Any] = tqdm(work, total=total, desc=what, unit="", disable=None if total > 5 else True)
    return progress
