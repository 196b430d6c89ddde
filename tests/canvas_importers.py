"""What Canvas makes of an item of a QTI package: the answers that count in full, as its two importers read them.

Written down from their sources, which are public: ``gems/plugins/qti_exporter`` of ``instructure/canvas-lms`` for
classic quizzes, ``instructure/qti`` for new ones. Both take every condition of a numerical question for an answer
that counts in full; neither reads the score beside it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from decimal import Decimal

QTI = "{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}"
Accepts = Callable[[str], bool]
NUMERICAL, CHOICE, WORD = "numerical_question", "multiple_choice_question", "short_answer_question"


def kind(item: ET.Element) -> str:
    """The type of question that both go by."""
    for field in item.iter(f"{QTI}qtimetadatafield"):
        if field.findtext(f"{QTI}fieldlabel") == "question_type":
            return field.findtext(f"{QTI}fieldentry") or ""
    return ""


def choices(item: ET.Element) -> dict[str, str]:
    """The identifier of each choice, and its text."""
    return {label.get("ident") or "": "".join(label.itertext()).strip() for label in item.iter(f"{QTI}response_label")}


def classic(item: ET.Element) -> list[Accepts]:
    """The answers that a classic quiz takes: a typed number is rounded to four decimals on the page."""
    rules = list(item.iter(f"{QTI}respcondition"))
    if kind(item) == NUMERICAL:
        return [answer for rule in rules if (answer := _classic_number(rule))]
    if kind(item) == CHOICE:
        weights = dict.fromkeys(choices(item), False)
        for rule in rules:
            for test in rule.iter(f"{QTI}varequal"):  # the last condition about a choice counts
                weights[test.text or ""] = float(rule.findtext(f"{QTI}setvar") or 0) > 0
        return [_chosen(item, name) for name, right in weights.items() if right]
    return [_word(test.text or "") for test in item.iter(f"{QTI}varequal")]


def _classic_number(rule: ET.Element) -> Accepts | None:
    low, high = rule.findtext(f".//{QTI}vargte"), rule.findtext(f".//{QTI}varlte")
    if (either := rule.find(f".//{QTI}or")) is not None:
        assert rule.find(f".//{QTI}vargt") is None, "significant digits, which are compared cut off"
        exact = Decimal(either.findtext(f"{QTI}varequal") or "0")
        margin = Decimal(high) - exact if high else Decimal(0)
        return _between(exact - margin, exact + margin, 4)
    return _between(Decimal(low), Decimal(high), 4) if low and high else None


def new(item: ET.Element) -> list[Accepts]:
    """The answers that a new quiz takes: a typed number stays as it is."""
    rules = [rule for rule in item.iter(f"{QTI}respcondition") if rule.find(f"{QTI}setvar") is not None]
    tests = [test for rule in rules for test in rule.iter(f"{QTI}varequal")]
    if kind(item) == NUMERICAL:
        return [_new_number(rule) for rule in rules]
    return [_chosen(item, t.text or "") if kind(item) == CHOICE else _word(t.text or "") for t in tests]


def _new_number(rule: ET.Element) -> Accepts:
    exact, low, high = (rule.findtext(f".//{QTI}{test}") for test in ("varequal", "vargte", "varlte"))
    if low is None or high is None:
        raise AssertionError("an unsupported numeric type")
    if exact is None:
        return _between(Decimal(low), Decimal(high))
    if exact == low == high:
        return _between(Decimal(exact), Decimal(exact))
    assert exact not in (low, high), "an unsupported numeric type"
    margin = Decimal(exact) - Decimal(low)
    return _between(Decimal(exact) - margin, Decimal(exact) + margin)


def _between(low: Decimal, high: Decimal, decimals: int | None = None) -> Accepts:
    def accepts(typed: str) -> bool:
        kept = typed if decimals is None else f"{float(typed):.{decimals}f}"
        return low <= Decimal(kept) <= high

    return accepts


def _chosen(item: ET.Element, name: str) -> Accepts:
    return lambda typed: choices(item)[name] == typed


def _word(right: str) -> Accepts:
    return lambda typed: typed.strip().lower() == right.lower()
