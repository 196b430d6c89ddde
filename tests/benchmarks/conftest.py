"""The page and the JupyterLab of the measurement in a browser."""

from live_lab import lab, page  # noqa: F401  (fixtures)
