"""A learner's own program: runs it on drawn problems, follows its arrays, and names its bug with the line."""
