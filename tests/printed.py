"""The answers of a key as somebody types them who reads ``key/answers.csv``."""

from __future__ import annotations

import csv

from bpkit.exercises.questions.parts import Part
from bpkit.exercises.sheets.files import csv_text


def as_printed(part: Part) -> str:
    """The literal: numbers, lists and pairs as they stand, everything else in quotes."""
    ((text,),) = csv.reader([csv_text([[part.printed]]).strip()])
    return text if text.lstrip("-")[:1].isdigit() or text[0] in "[(" else repr(text)
