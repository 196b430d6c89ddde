"""Sheets: who is in a class, which questions each learner has, the key, and files that are written safely."""
