"""Binder's plan, step by step, as far as a machine without Docker and without conda's channels can follow it.

What differs from Binder: the pins come as wheels into a virtual environment, not as conda packages into Binder's base.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_packaging import ROOT, conda_pins
from thorough import THOROUGH

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

# What the kernel of the system reports for a process by itself; `resource` begins with the size of its parent.
SERVER = """
import jupyterlab.labapp
lines = dict(line.split(":") for line in open("/proc/self/status"))
print(int(lines["VmHWM"].split()[0]) // 1024)
"""


@dataclass(frozen=True)
class Image:
    """What Binder would build: the repository's copy, and the commands of the new environment."""

    repository: Path
    environment: Path

    def run(self, *command: str) -> str:
        own = {"PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}", "HOME": str(self.environment.parent)}
        for name in ("CONFIG", "DATA", "RUNTIME"):
            own[f"JUPYTER_{name}_DIR"] = str(self.environment.parent / name.lower())
        done = subprocess.run(
            command, cwd=self.repository, env=os.environ | own, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    pytest.importorskip("repo2docker")
    folder = tmp_path_factory.mktemp("binder")
    image = Image(folder / "repository", folder / "environment")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(image.repository)], check=True)
    dockerfile = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--user-id=1000", "--user-name=jovyan", "."],
        cwd=image.repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    steps = re.findall(r'--file "(binder/environment.yml)"|^RUN \./(binder/postBuild)$', dockerfile, re.MULTILINE)
    assert ["".join(step) for step in steps] == ["binder/environment.yml", "binder/postBuild"]
    subprocess.run([sys.executable, "-m", "venv", str(image.environment)], check=True)
    pins = conda_pins("binder/environment.yml")
    assert sys.version_info[:2] >= tuple(map(int, pins.pop("python").split(".")))
    image.run("pip", "install", "-q", *(f"{name}=={version}" for name, version in pins.items()))
    image.run("./binder/postBuild")
    return image


def test_the_kit_is_there_and_everything_fits_together(image: Image) -> None:
    assert "No broken requirements" in image.run("pip", "check")
    where = image.run("python", "-P", "-c", "import bpkit; print(bpkit.__file__)")
    assert Path(where.strip()).is_relative_to(image.environment)


def test_every_lesson_runs_within_what_binder_guarantees(
    image: Image, record_property: Callable[[str, object], None]
) -> None:
    """A kernel at its most, beside the server that serves it."""
    lessons = sorted(str(path.relative_to(image.repository)) for path in image.repository.glob("notebooks/*.ipynb"))
    peaks = [line.rsplit(" ", 1) for line in image.run("python", "-c", RUN, *lessons).splitlines()]
    assert [path for path, _ in peaks] == lessons
    largest = int(peaks[-1][1])  # of all the children so far
    server = int(image.run("python", "-c", SERVER))
    record_property("memory", f"kernel {largest} MB, server's modules {server} MB")
    assert largest + server < GUARANTEED
