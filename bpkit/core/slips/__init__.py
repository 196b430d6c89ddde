"""What goes wrong: each function finds the lines of a derivation that a mistake rewrites, and how.

They yield, for every shape that the mistake comes in, a word on where it happens and the edits by line.
"""
