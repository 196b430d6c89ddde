"""The page, the JupyterLab and the saved pages of the browser tests."""

from live_lab import lab, page  # noqa: F401  (fixtures)
from saved_pages import opened  # noqa: F401
