"""Worked examples as data: the article that the lessons follow, and Matt Mazur's well-known one."""

from bpkit.examples.article import article
from bpkit.examples.mazur import mazur

__all__ = ["article", "mazur"]
