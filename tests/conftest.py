"""What every test and every notebook's kernel needs before it starts."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# On a contributor's machine new examples are drawn each time; in CI a run must be repeatable.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the environment once; the workers of a parallel run, and all kernels, inherit it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    # The user's own configuration and start-up files could change what a notebook prints.
    home = Path(tempfile.mkdtemp(prefix="bpkit-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[variable] = str(home / variable.lower())
    # Building the font cache, on a machine's first import of matplotlib, writes a line to stderr, which a
    # strict comparison of a notebook's outputs would take for a change.
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True, capture_output=True)
