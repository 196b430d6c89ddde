"""How often the detective names a mistake: ``python tests/accuracy.py [--items N]`` prints a table for each question.

The numbers come from ``kinds``, so from plain NumPy programs; the detective is asked through ``bp.diagnose`` alone.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from kinds import KINDS, TITLES, Item, controls, items, random_numbers_near, right_answers
from public_cases import CASES, Case

import bpkit as bp
from bpkit.mistakes.verdict import Diagnosis

FIRST = 4
RIGHT = ("correct", "rounded")


@dataclass(frozen=True)
class Answer:
    """An item with what the detective said."""

    item: Item
    said: Diagnosis

    @property
    def texts(self) -> list[str]:
        """Name and sentence of each of the first explanations."""
        return [f"{m.name}; {m.sentence}" for m in self.said.misconceptions[:FIRST]]

    @property
    def named(self) -> bool:
        item, texts = self.item, self.texts
        if self.said.verdict not in item.verdicts or (item.said and not met(item.said, self.said.message)):
            return False
        if any(re.search(word, self.said.message) for word in item.never if not item.first):
            return False
        if not item.names:
            return True
        if self.said.verdict != "misconception":
            return met(item.names, "; ".join((*texts, self.said.message)))
        if item.both:
            return any(all(met((name,), text) for name in item.names) for text in texts)
        good = [text for text in texts if met(item.names, text) and not met(item.never, text.partition(";")[0])]
        return bool(good) and (not item.first or good[0] == texts[0])

    @property
    def sure(self) -> bool:
        return self.said.verdict == "misconception" and self.said.sure

    @property
    def sure_and_wrong(self) -> bool:
        """A name without doubt that is not the mistake, or one of two that the number fits alike."""
        item = self.item
        if not self.sure or item.unsure or not item.names:
            return self.sure
        if item.both:
            return not self.named
        found = any(met(item.names, text) for text in self.texts)
        return not found or not all(any(met((word,), text) for text in self.texts) for word in item.beside)

    @property
    def called_right(self) -> bool:
        return self.said.verdict in RIGHT and self.said.verdict not in self.item.verdicts

    @property
    def blamed(self) -> bool:
        return self.said.verdict == "misconception"

    @property
    def line(self) -> str:
        """The item and the diagnosis, for a reader."""
        item, said = self.item, self.said
        names = ", ".join(m.name for m in said.misconceptions[:FIRST])
        given = f", given {item.given}" if item.given else ""
        return (
            f"[{item.kind}: {item.slip}] {item.quantity} = {item.number}{given} (exact {said.exact:.10g}) -> "
            f"{said.verdict}{' sure' if self.sure else ''}: {names or said.message}\n    {spelled(item.problem)}"
        )


def met(words: Iterable[str], text: str) -> bool:
    return any(re.search(word, text, re.IGNORECASE) for word in words)


def spelled(problem: bp.Problem) -> str:
    """The call that makes a problem."""
    n = problem.network
    names = [a.name for a in n.activations]
    parameters = ", ".join(f"{name}={value:.12g}" for name, value in problem.parameters.items())
    more = "" if problem.train_biases else ", train_biases=False"
    more += "" if problem.batch == "mean" else f", batch={problem.batch!r}"
    more += "" if type(problem.update) is bp.updates.GradientDescent else f", update=bp.updates.{problem.update!r}"
    return (
        f"P(N{n.sizes}.., activation={names}, loss={n.loss.name!r}, bias={n.bias!r}), dict({parameters}), "
        f"{problem.inputs.tolist()}, {problem.targets.tolist()}, {problem.learning_rate:g}{more})"
    ).replace(")..", "", 1)


def asked(each: Iterable[Item]) -> list[Answer]:
    """What the detective says of each item."""
    found = []
    for item in each:
        with np.errstate(all="ignore"):
            found.append(Answer(item, bp.diagnose(item.problem, item.quantity, item.number, item.given)))
    return found


def share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values) if values else float("nan")


def as_item(case: Case) -> Item:
    """A number that was met, as an item: its words are plain, and ``every`` word counts where the name is sure."""
    words, said = tuple(map(re.escape, case.names)), tuple(map(re.escape, case.said))
    return Item(
        case.kind,
        case.source,
        case.problem,
        case.quantity,
        case.number,
        dict(case.given),
        words,
        case.verdicts,
        both=case.together,
        beside=words if case.every else (),
        said=said,
        unsure=not case.sure,
        first=case.first,
        never=tuple(map(re.escape, case.never)) if case.first else (),
    )


def percent(flags: Iterable[bool]) -> str:
    return f"{100 * share(flags):.1f} %"


def planted(answers: Iterable[Answer], digits: int = 6) -> list[Answer]:
    """Those that plant a mistake and show it in at least so many digits."""
    return [a for a in answers if a.item.names and "misconception" in a.item.verdicts and a.item.digits >= digits]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def kind_row(title: str, answers: list[Answer]) -> list[object]:
    """Precision: of the sure names those that are the mistake. Recall: of the items those that are named."""
    sure = [a for a in answers if a.sure]
    wrong = sum(a.sure_and_wrong for a in sure)
    precision = percent(not a.sure_and_wrong for a in sure) if sure else "–"
    named = sum(a.named for a in answers)
    right = sum(a.called_right for a in answers)
    return [title, len(answers), named, len(sure) - wrong, wrong, right, precision, percent(a.named for a in answers)]


HEAD = ["kind", "asked", "named", "sure and right", "sure and wrong", "called right", "precision", "recall"]


def report(count: int, seed: int, tell: bool) -> str:
    """The tables in Markdown; with every item that went wrong beneath, if ``tell``."""
    kinds = {kind: asked(items(kind, count, seed)) for kind in KINDS}
    every = [a for answers in kinds.values() for a in answers]
    rows = [kind_row(f"{kind}. {TITLES[kind]}", answers) for kind, answers in kinds.items()]
    rows += [kind_row("all", every), kind_row("planted, six digits or more", planted(every))]
    right = asked(right_answers(4 * count, seed))
    by_how: dict[str, list[Answer]] = {}
    for a in right:
        how = re.sub(r", h = .*|^\d+ ", "", a.item.slip)
        by_how.setdefault(how, []).append(a)
    of_right = [
        [how, len(found), sum(a.blamed for a in found), sum(a.said.verdict == "unknown" for a in found)]
        for how, found in sorted(by_how.items())
    ]
    near = asked(random_numbers_near(8 * count, seed))
    of_random = []
    for digits in (4, 5, 6):
        for given in (False, True):
            some = [a for a in near if a.item.digits == digits and bool(a.item.given) == given]
            sure, names = percent(a.sure for a in some), percent(a.blamed for a in some)
            of_random.append([digits, "yes" if given else "no", len(some), sure, names])
    of_random.append(["all", "", len(near), percent(a.sure for a in near), percent(a.blamed for a in near)])
    odd = asked(controls(4 * count, seed))
    verdicts = [sum(a.sure for a in odd), sum(a.blamed and not a.sure for a in odd)]
    other = [sum(a.said.verdict == v for a in odd) for v in ("unknown", *RIGHT)]
    public: dict[str, list[Answer]] = {}
    for a in asked(map(as_item, CASES)):
        public.setdefault(a.item.kind.split()[0].rstrip(":."), []).append(a)
    met_rows = [kind_row(f"public cases, {kind}", found) for kind, found in public.items()]
    met_rows.append(kind_row("public cases, all", [a for found in public.values() for a in found]))
    parts = [
        table(HEAD, rows),
        table(HEAD, met_rows),
        table(["right answers", "asked", "blamed", "unknown"], of_right),
        table(["digits of a random number", "given", "asked", "sure name", "any name"], of_random),
        table(
            ["mistakes that are not made", "sure", "unsure", "unknown", "correct", "rounded"],
            [[len(odd), *verdicts, *other]],
        ),
    ]
    if tell:
        every += [a for found in public.values() for a in found]
        bad = [a for a in every if a.sure_and_wrong or a.called_right] + [
            a for a in right if a.said.verdict not in a.item.verdicts
        ]
        bad += [a for a in (*near, *odd) if a.sure]
        parts += ["Wrong:", *(a.line for a in bad), "Not named:", *(a.line for a in every if not a.named)]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=60, help="items of each kind")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other networks")
    parser.add_argument("--tell", action="store_true", help="list every item that went wrong")
    given = parser.parse_args()
    print(report(given.items, given.seed, given.tell))


if __name__ == "__main__":
    main()
