"""Binder's plan, step by step, as far as a machine without Docker and without conda's channels can follow it.

What differs from Binder: what its base holds and what the pins add are wheels in a virtual environment, of the same
versions, not conda packages.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from test_packaging import ROOT, binder_base, conda_pins
from thorough import THOROUGH

from bpkit.cli import PROMPT

FIRST_LESSON = "lab/tree/notebooks/00_start_here.ipynb"
GUARANTEED = 450  # MB: what mybinder.org promises to each person
pytestmark = pytest.mark.skipif(not THOROUGH, reason="installs an environment anew: set BPKIT_THOROUGH=1")

# Runs in Binder's environment: one lesson, and how much memory its kernel took at most.
RUN = """
import resource, sys, nbformat
from nbconvert.preprocessors import ExecutePreprocessor
for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=4)
    ExecutePreprocessor(timeout=120).preprocess(notebook, {"metadata": {"path": "."}})
    print(path, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


@dataclass(frozen=True)
class Image:
    """What Binder would build: the repository's copy, and the commands of the new environment."""

    repository: Path
    environment: Path
    command: tuple[str, ...]

    @property
    def variables(self) -> dict[str, str]:
        own = {"PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}", "HOME": str(self.environment.parent)}
        own["NB_PYTHON_PREFIX"] = str(self.environment)
        for name in ("CONFIG", "DATA", "RUNTIME"):
            own[f"JUPYTER_{name}_DIR"] = str(self.environment.parent / name.lower())
        return os.environ | own

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.repository, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def serve(self) -> tuple[float, int]:
        """Start the server as Binder does; gives the seconds until it shows the first lesson's page, and its MB."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [*self.command, f"--port={port}", "--no-browser", "--allow-root", "--IdentityProvider.token="]
        log, start = self.environment.parent / "server.log", time.monotonic()
        with (
            log.open("w") as output,
            subprocess.Popen(command, cwd=self.repository, env=self.variables, stdout=output, stderr=output) as process,
        ):
            try:
                while not shows(f"http://127.0.0.1:{port}/{FIRST_LESSON}"):
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < start + 120, log.read_text()
                    time.sleep(0.05)
                seconds = time.monotonic() - start
                # The system's own count of this process; that of `resource` begins with the size of its parent.
                [peak] = re.findall(r"^VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
                return seconds, int(peak) // 1024
            finally:
                process.terminate()


def shows(address: str) -> bool:
    try:
        with urlopen(address, timeout=60) as answer:
            return b"jupyter-config-data" in answer.read()
    except URLError:
        return False


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    pytest.importorskip("repo2docker")
    folder = tmp_path_factory.mktemp("binder")
    repository = folder / "repository"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(repository)], check=True)
    dockerfile = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--user-id=1000", "--user-name=jovyan", "."],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    steps = re.findall(r'--file "(binder/environment.yml)"|^RUN \./(binder/postBuild)$', dockerfile, re.MULTILINE)
    assert ["".join(step) for step in steps] == ["binder/environment.yml", "binder/postBuild"]
    [command] = re.findall(r"^CMD (.+)$", dockerfile, re.MULTILINE)
    own = tuple(part.replace("0.0.0.0", "127.0.0.1") for part in json.loads(command))  # for this machine alone
    image = Image(repository, folder / "environment", own)
    subprocess.run([sys.executable, "-m", "venv", str(image.environment)], check=True)
    pins = conda_pins("binder/environment.yml")
    assert sys.version_info[:2] >= tuple(map(int, pins.pop("python").split(".")))
    base = binder_base()
    pins |= {name: base[name] for name, version in pins.items() if version.endswith("*")}
    pins["notebook"] = base["notebook"]  # whose server it starts
    image.run("pip", "install", "-q", *(f"{name}=={version}" for name, version in pins.items()))
    image.run("./binder/postBuild")
    return image


def test_the_kit_is_there_and_everything_fits_together(image: Image) -> None:
    assert "No broken requirements" in image.run("pip", "check")
    where = image.run("python", "-P", "-c", "import bpkit; print(bpkit.__file__)")
    assert Path(where.strip()).is_relative_to(image.environment)


def test_the_server_sends_a_kernels_messages_at_once(image: Image) -> None:
    settings = json.loads(image.run("jupyter", "server", "--show-config-json"))["ServerApp"]
    assert f"--ServerApp.kernel_websocket_connection_class={settings['kernel_websocket_connection_class']}" == PROMPT


def test_every_lesson_runs_within_what_binder_guarantees(
    image: Image, record_property: Callable[[str, object], None]
) -> None:
    """A kernel at its most, beside the server that serves it."""
    lessons = sorted(str(path.relative_to(image.repository)) for path in image.repository.glob("notebooks/*.ipynb"))
    peaks = [line.rsplit(" ", 1) for line in image.run("python", "-c", RUN, *lessons).splitlines()]
    assert [path for path, _ in peaks] == lessons
    largest = int(peaks[-1][1])  # of all the children so far
    seconds, server = image.serve()
    took = f"{seconds:.1f} s to the first lesson's page, server {server} MB, a lesson's kernel {largest} MB at most"
    record_property("measured", f"in Binder's environment {took}")
    assert largest + server < GUARANTEED
