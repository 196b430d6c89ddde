"""The README's first command, as somebody meets it who has nothing yet: new folder, new home, nothing downloaded."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page
from test_packaging import README, ROOT, guide
from thorough import THOROUGH

pytestmark = pytest.mark.skipif(not THOROUGH, reason="installs the kit anew: set BPKIT_THOROUGH=1")
UNITS = {"kB": 1e-3, "MB": 1.0}


def test_the_first_command_ends_in_the_first_lesson(
    tmp_path: Path, page: Page, record_property: Callable[[str, object], None]
) -> None:
    """And downloads about what its guide says."""
    home, log, shown = tmp_path / "home", tmp_path / "pip.log", tmp_path / "shown"
    home.mkdir()
    subprocess.run(["git", "clone", "-q", str(ROOT), str(tmp_path / "bpkit")], check=True)
    command = re.findall(r"^```shell\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[0].strip()
    # Where the tests run nobody looks at a browser that the command opens.
    command += " -- --no-browser --port=0"
    kept = ("PATH", "LANG", "PIP_", "SSL_", "REQUESTS_")  # a machine's way to its index, and nothing of the user's
    environment = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    start = time.monotonic()
    environment |= {"HOME": str(home), "PIP_LOG": str(log), "PIP_CACHE_DIR": str(home / "cache")}
    with (
        shown.open("w") as output,
        subprocess.Popen(
            ["bash", "-c", command],
            cwd=tmp_path / "bpkit",
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a process group, to be ended as one
        ) as process,
    ):
        try:
            deadline = start + 600
            while not (address := re.search(r"http://\S+token=\w+", shown.read_text())):
                assert process.poll() is None, shown.read_text()
                assert time.monotonic() < deadline, shown.read_text()
                time.sleep(0.5)
            page.goto(address[0])
            page.get_by_role("heading", name="00 · Start here").wait_for()
            # A Jupyter server that is asked to end while it starts a kernel may wait for ever.
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached")
            seconds = time.monotonic() - start
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline:  # the shell ends at once, JupyterLab when its kernels have
                    process.poll()  # so that it is counted out
                    os.killpg(process.pid, 0)
                    time.sleep(0.1)
                os.killpg(process.pid, signal.SIGKILL)
    wheels = set(re.findall(r"Downloading \S*?([^/\s]+\.whl) \(([0-9.]+) ([kM]B)\)", log.read_text()))
    size = sum(float(number) * UNITS[unit] for _, number, unit in wheels)
    record_property("measured", f"the first command {seconds:.0f} s to the first lesson, {size:.0f} MB downloaded")
    [said] = map(int, re.findall(r"The download is about (\d+) MB", guide("STARTING")))
    assert abs(size - said) < 0.2 * said, size
