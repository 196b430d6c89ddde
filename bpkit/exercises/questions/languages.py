"""The fixed words of a sheet, by language: one table; a language that is not in it has the English words."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

HOW = """\
{} For each answer:

1. Replace `None` with your answer: a number such as `0.5`, or what the question asks for. Write the value itself, on
   one line.
2. Run the cell, then the cell below it. `check` tells you at once whether your answer is right. If it knows the mistake
   behind your answer, it names it. You can try as often as you like.

Only the answer cells are marked. Use cells of your own for your working and your notes."""

HOW_GERMAN = """\
{} Für jede Antwort:

1. Ersetze `None` durch deine Antwort: eine Zahl wie `0.5` oder was die Aufgabe verlangt. Schreib den Wert selbst, in
   eine Zeile.
2. Führe die Zelle aus, dann die Zelle darunter. `check` sagt dir sofort, ob deine Antwort stimmt. Erkennt es den Fehler
   hinter deiner Antwort, so nennt es ihn (auf Englisch). Du kannst es beliebig oft versuchen.

Nur die Antwortzellen werden bewertet. Nimm eigene Zellen für deine Rechnungen und Notizen."""


@dataclass(frozen=True)
class Words:
    """What a sheet says by itself; ``{}`` stands for what differs from sheet to sheet."""

    exercises: str
    solutions: str
    learner: str
    point: str
    points: str
    size: str
    one: str  # the size of a sheet with one question
    how: str
    worked: str
    lines: str
    answer: str
    answers: str
    compute: str  # the last word before the quantities; empty where each of them is a sentence of its own
    asks: str  # a quantity, and to how many digits
    of_batch: str
    choose: str
    whole: str
    either: str
    by_hand: str
    no_solution: str
    months: str
    day: str

    def worth(self, points: float) -> str:
        """The points of a question with their noun."""
        return (self.point if points == 1 else self.points).format(f"{points:g}")

    def written(self, date: datetime.date) -> str:
        """A date, with its time if it has one."""
        month = self.months.split()[date.month - 1]
        time = f", {date:%H:%M}" if isinstance(date, datetime.datetime) else ""
        return self.day.format(date.day, month, date.year) + time


ENGLISH = Words(
    "Exercises",
    "Solutions",
    "For {}.",
    "{} point",
    "{} points",
    "This sheet has {} questions, worth {} in all.",
    "This sheet has 1 question, worth {}.",
    HOW,
    "For each question you find the lines that lead to the answer, then the answer as the sheet asks for it.",
    "The lines",
    "The answer",
    "The answers",
    "Compute:",
    "{}{}, to {} significant digits",
    " of the batch",
    "Choose one: {}.",
    "Give a whole number.",
    "or",
    "Your instructor marks this question: its answer is not in this notebook.",
    "Your instructor has the answer to this question.",
    "January February March April May June July August September October November December",
    "{} {} {}",
)
GERMAN = Words(
    "Aufgaben",
    "Lösungen",
    "Für {}.",
    "{} Punkt",
    "{} Punkte",
    "Dieses Blatt hat {} Aufgaben mit zusammen {}.",
    "Dieses Blatt hat 1 Aufgabe mit {}.",
    HOW_GERMAN,
    "Zu jeder Aufgabe stehen hier die Zeilen, die zur Antwort führen, dann die Antwort, wie das Blatt sie verlangt.",
    "Der Rechenweg",
    "Die Antwort",
    "Die Antworten",
    "",
    "Berechne {}{} auf {} signifikante Stellen.",
    " des Stapels",
    "Wähle eins: {}.",
    "Gib eine ganze Zahl an.",
    "oder",
    "Diese Aufgabe bewertet deine Lehrperson: Die Antwort steht nicht in diesem Notebook.",
    "Die Antwort auf diese Aufgabe hat deine Lehrperson.",
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "{}. {} {}",
)
LANGUAGES: Mapping[str, Words] = MappingProxyType({"en": ENGLISH, "de": GERMAN})


def english_words(language: str) -> str:
    """What stays English on a sheet in another language, for its instructor; empty for an English sheet.

    >>> english_words("de"), english_words("en-GB")
    ("What the bank's questions and the checks say stays in English, and so do formulas in words.", '')
    """
    words = words_of(language)
    if words is not ENGLISH:
        return "What the bank's questions and the checks say stays in English, and so do formulas in words."
    kit = "your own questions and titles are as you wrote them, all that the kit says is in English"
    return "" if language.partition("-")[0].lower() == "en" else f"The kit does not speak {language!r}: {kit}."


def words_of(language: str) -> Words:
    """The words of a language such as ``de`` or ``de-AT``; English where there are none.

    >>> words_of("de-AT").learner, words_of("fr").learner
    ('Für {}.', 'For {}.')
    """
    return LANGUAGES.get(language.partition("-")[0].lower(), ENGLISH)
