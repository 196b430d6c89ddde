"""Gradebooks as learning systems export them: one column filled in, all else as it was."""
