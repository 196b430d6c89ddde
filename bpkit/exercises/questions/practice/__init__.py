"""Practice without end: which question comes next, what was answered before, and a page for it."""
