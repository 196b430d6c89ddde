"""Mistakes: reads what was typed, works out what known mistakes lead to, and says which it was."""
