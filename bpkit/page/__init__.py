"""Pages that live without a kernel: one ES module, its look, and how they are put into a page."""
