"""Work spread over processes, where that is worth its while."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from bpkit.core.errors import BpkitError

Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


@contextmanager
def spread(jobs: int, count: int) -> Iterator[Spread]:
    """A ``map`` over so many items that runs on several processes where that is worth its while; results in order."""
    if jobs == 1 or count < 8:
        yield map
        return
    chunk = min(16, 1 + count // (4 * jobs))
    # Started fresh, as a notebook's or a test's process may hold threads that a fork would leave behind.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        yield lambda work, items: pool.map(work, items, chunksize=chunk)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def usable_jobs(jobs: int | None) -> int:
    """How many processes: those asked for, else the processors that this process may use."""
    if jobs is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs < 1:
        raise BpkitError(f"jobs: expected a number from 1, got {jobs}")
    return jobs
