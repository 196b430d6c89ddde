"""How an instructor wants attempts and late work to count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

from bpkit.core.errors import BpkitError

ATTEMPTS = ("last", "best", "first")
COUNT, REFUSE = "count", "refuse"

_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d+)?) ?%")
_TAKEN_OFF = re.compile(r", (\S+) % of the points are taken off")
_SHOWN = {
    "last": "Of several attempts the last one counts.",
    "best": "Of several attempts the one with the most points counts.",
    "first": "Of several attempts the first one counts.",
}


@dataclass(frozen=True)
class Policy:
    """Which of several attempts counts, until when work is in time, and what happens to late work.

    ``due`` has a time zone; ``late`` is ``count``, ``refuse``, or a percentage such as ``20%`` that is taken off.
    """

    attempts: str = "last"
    due: datetime | None = None
    late: str = COUNT

    @property
    def off(self) -> float:
        """The share of the points that late work loses."""
        found = _PERCENT.fullmatch(self.late)
        return float(found[1].replace(",", ".")) / 100 if found else 0.0

    @property
    def refuses(self) -> bool:
        """True where late work earns nothing."""
        return self.late == REFUSE

    @property
    def sentences(self) -> tuple[str, ...]:
        """The policy in plain words, for the reports."""
        lines = [_SHOWN[self.attempts]]
        if self.due:
            lines.append(f"The work was due on {moment(self.due)}.")
        if self.due or self.late != COUNT:
            lines.append(self._about_late)
        if self.late != COUNT and not self.due:
            lines.append("There is no due date, so only work that Canvas calls LATE is late.")
        return tuple(lines)

    @property
    def _about_late(self) -> str:
        if self.refuses:
            return "Late work does not count."
        return f"Late work loses {100 * self.off:g} % of its points." if self.off else "Late work counts in full."


USUAL = Policy()


def taken_off(off: float) -> str:
    """What late work loses, as it stands behind how late it is.

    >>> taken_off(0.2), taken_off(0)
    (', 20 % of the points are taken off', '')
    """
    return f", {100 * off:g} % of the points are taken off" if off else ""


def told_late(lateness: str) -> str:
    """What late work costs, for the learner, from how late it is; empty where it is in time.

    >>> told_late("2 days late" + taken_off(0.2))
    'You handed this in late: 20 % of your points are taken off.'
    """
    if not lateness:
        return ""
    found = _TAKEN_OFF.search(lateness)
    return (
        f"You handed this in late: {found[1]} % of your points are taken off." if found else "You handed this in late."
    )


def make_policy(attempts: str = "last", due: str = "", late: str = COUNT) -> Policy:
    """A policy from what an instructor typed; raises ``BpkitError`` in words for what cannot be meant.

    >>> make_policy(late="20%").off
    0.2
    """
    if attempts not in ATTEMPTS:
        raise BpkitError(f"attempts: expected {', '.join(ATTEMPTS)}, got {attempts!r}; last is usual")
    policy = Policy(attempts, read_moment(due) if due.strip() else None, late.strip().lower() or COUNT)
    if policy.late not in (COUNT, REFUSE) and not 0 < policy.off <= 1:
        raise BpkitError(f"late: expected count, refuse or a percentage such as 20%, got {late!r}; count is usual")
    return policy


def read_moment(text: str) -> datetime:
    """A date or a date with a time; a date alone means the end of that day, and without a zone it is this machine's.

    >>> moment(read_moment("2026-12-01 18:00 UTC")), moment(read_moment("2026-12-01"))
    ('2026-12-01 18:00', '2026-12-01 23:59')
    """
    plain = re.sub(r"\s+(?=(?:[+-]\d\d:?\d\d|Z|UTC)$)", "", text.strip(), flags=re.IGNORECASE)
    plain = re.sub(r"UTC$", "Z", plain, flags=re.IGNORECASE)
    try:
        found = datetime.fromisoformat(plain)
        if re.fullmatch(r"\d{4}-?\d\d-?\d\d", plain):
            found = datetime.combine(found, time.max)
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError, OSError):
        raise BpkitError(f"due: expected a date such as 2026-12-01 18:00, got {text!r}; type it like that") from None


def moment(when: datetime) -> str:
    """A date and a time as reports show them, in its own zone.

    >>> moment(datetime(2026, 12, 1, 18))
    '2026-12-01 18:00'
    """
    return f"{when:%Y-%m-%d %H:%M}"
