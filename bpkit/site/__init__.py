"""The course as static pages: every lesson with its apps, predictions and questions alive, without a kernel.

``build(notebooks, out)`` is what ``bpkit site`` calls. The pages hold all they need, ask no server for anything and
open from a disk too. What a learner types is judged in the page, by what Python said of every number beforehand.

To read it: ``page/course.py`` reads the notebooks, ``notebook_run.py`` runs their cells, ``outputs.py`` and
``prose.py`` make HTML of them, ``build.py`` writes the pages.
"""

from bpkit.site.build import build

__all__ = ["build"]
