"""What many moves of a slider leave in the memory of a kernel: nothing that grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel
from measurements import Table

MOVES = 10_000
WARM = 1000  # caches fill, and the allocator takes what it needs
GROWTH = 8  # MB; what leaves 1 kB behind at each move grows by 10

# In a kernel: an app, and moves of its slider as they come from the page.
SETUP = """import gc
import bpkit as bp
app = bp.apps.{app}(bp.examples.article)
def move(times):
    for at in range(times):
        values = {{**app.values, {control!r}: 0.3 + 0.01 * (at % 101)}}
        app.set_state({{"moved": {{"version": 0, "values": values}}}})
        app.state
    gc.collect()
def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
move({warm})"""


@contextmanager
def kernel() -> Iterator[Callable[[str], str]]:
    """A kernel whose messages are all read; gives what code prints."""
    manager, client = start_new_kernel()

    def run(code: str) -> str:
        printed: list[str] = []
        hear = lambda message: printed.append(message["content"].get("text", ""))
        reply = client.execute_interactive(code, timeout=1800, output_hook=hear)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say how large a process is")
@pytest.mark.parametrize(("app", "control"), [("forward", "w1"), ("training", "w1"), ("surface", "rate")])
def test_ten_thousand_moves_of_a_slider_leave_nothing_behind(app: str, control: str, table: Table) -> None:
    with kernel() as run:
        run(SETUP.format(app=app, control=control, warm=WARM))
        before = float(run("print(memory())"))
        run(f"move({MOVES})")
        grown = float(run("print(memory())")) - before
    table.row(f"growth of a kernel over {MOVES} moves of a slider", grown, unit=" MB", most=GROWTH,
              figures=f"{app}, {before:.0f} MB before")  # fmt: skip
