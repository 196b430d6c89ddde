"""The page and the JupyterLab of the browser tests."""

from live_lab import lab, page  # noqa: F401  (fixtures)
