"""Worked examples as data: the article that the lessons follow, Matt Mazur's well-known one, and small data sets."""

from bpkit.examples.article import article
from bpkit.examples.data import data_set
from bpkit.examples.mazur import mazur

__all__ = ["article", "data_set", "mazur"]
