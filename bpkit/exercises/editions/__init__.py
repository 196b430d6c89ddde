"""Editions of a sheet, all from one source: notebooks, pages, and files for learning systems."""
