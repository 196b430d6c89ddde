"""Work spread over processes if that saves time; they end when this one does."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from typing import Any

from bpkit.core.errors import BpkitError

Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]

FEW = 8  # items that are done before further processes have started
CHUNK = 4  # items at a time: who interrupts the work waits for so many


@contextmanager
def spread(jobs: int, count: int) -> Iterator[Spread]:
    """A ``map`` over so many items that runs on several processes if that saves time; results in order."""
    if jobs == 1 or count < FEW:
        yield map
        return
    # Started fresh, as a notebook's or a test's process may hold threads that a fork would leave behind.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin)

    def run(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        each = list(items)
        with _deaf():  # the processes start when the first work comes
            return pool.map(work, each, chunksize=max(1, min(CHUNK, len(each) // (4 * jobs))))

    try:
        yield run
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """What a worker does first: leave Ctrl-C to the process that it works for, and end when that process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nearly all that is alive stays; looking through it for garbage after every 700 objects takes a tenth of the time.
    gc.set_threshold(50_000)
    atexit.register(os._exit, 0)  # nothing is left to write, and to free every object takes a second
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])  # until it has ended, however that was
        os._exit(1)


@contextmanager
def _deaf() -> Iterator[None]:
    """What starts meanwhile does not hear Ctrl-C: no process that is still importing dies of it with a traceback."""
    usual = signal.getsignal(signal.SIGINT)
    with suppress(ValueError):  # outside of the main thread nothing can be set
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        with suppress(ValueError, TypeError):
            signal.signal(signal.SIGINT, usual)


def usable_jobs(jobs: int | None) -> int:
    """How many processes: those asked for, else the processors that this process may use.

    >>> usable_jobs(2), usable_jobs(None) >= 1
    (2, True)
    """
    if jobs is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs < 1:
        raise BpkitError(f"jobs: expected a number from 1, got {jobs}")
    return jobs
