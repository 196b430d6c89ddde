"""Exercises: drawn from a seed, checked by meaning, marked with the mistake's name."""

from bpkit.exercises.generation import generate, questions, restore

__all__ = ["generate", "questions", "restore"]
