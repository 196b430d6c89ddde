"""How much a test run proves: little where somebody waits for it, more in CI, all of it with ``BPKIT_THOROUGH=1``.

By default the tests that ``long.txt`` names are left out, and of the others' cases the first and the last are taken; a
file or a folder within the tests that is named on the command line runs whole. CI takes every test and every case,
opens every lesson, moves every slider, and draws a part of the random examples; drawing them all, installing, serving
and restarting take their time.

CI begins with what takes longest. ``python tests/thorough.py junit.xml`` writes the list anew, from what
``CI=1 python -m pytest --junitxml=junit.xml`` has measured.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import settings

THOROUGH = bool(os.environ.get("BPKIT_THOROUGH"))
EVERYTHING = bool(THOROUGH or os.environ.get("CI"))
PART = 60  # CI draws one of so many
LIST = Path(__file__).with_name("long.txt")
LONG = {name: float(seconds) for seconds, name in map(str.split, LIST.read_text(encoding="utf-8").splitlines())}
MOST = 1.5  # seconds for the first case and the last
# Long, and never left out: a lesson and two apps in a real JupyterLab, and answers in nbgrader.
KEPT = (
    "tests/browser/test_lessons.py::test_a_lesson_runs_by_keyboard_alone_and_is_drawn",
    "tests/browser/test_live.py::test_what_a_person_moves_the_kernel_knows",
    "tests/exercises/test_one_verdict.py::test_a_form_gets_one_verdict_everywhere",
)

# For what is long because of all that it shares with the other tests of its file.
in_ci = pytest.mark.skipif(not EVERYTHING, reason="takes long: in CI, or with BPKIT_THOROUGH=1")


def many(usual: int, thorough: int) -> int:
    """A number of random examples, learners, seeds."""
    return thorough if THOROUGH else max(usual, thorough // PART) if EVERYTHING else usual


def examples(usual: int, thorough: int) -> Any:
    """So many random examples for a property: the decorator in place of hypothesis' own ``settings``."""
    return settings(max_examples=many(usual, thorough))


def test_of(nodeid: str) -> str:
    """The test that something is a case of."""
    return nodeid.partition("[")[0]


def quick(nodeids: Iterable[str]) -> set[str]:
    """What the default run takes: the cells of all notebooks, and a little of the tests."""
    cases: dict[str, list[str]] = defaultdict(list)
    for nodeid in nodeids:
        cases[test_of(nodeid)].append(nodeid)
    return {one for name, found in cases.items() if name not in LONG for one in (found[0], found[-1])}


def main(report: str) -> None:
    seconds: dict[str, list[float]] = defaultdict(list)
    for case in ElementTree.parse(report).iter("testcase"):
        *folders, module = case.attrib["classname"].split(".")
        inside = [folders.pop(), module] if module[0].isupper() else [module]
        name = "::".join([*("/".join([*folders, inside[0] + ".py"]),), *inside[1:], test_of(case.attrib["name"])])
        seconds[name].append(float(case.attrib["time"]))
    tests = {name: each for name, each in seconds.items() if name.startswith("tests/") and name not in KEPT}
    found = {name: sum(each) for name, each in tests.items() if each[0] + (len(each) > 1) * each[-1] > MOST}
    lines = [f"{found[name]:6.1f} {name}\n" for name in sorted(found, key=lambda one: -found[one])]
    LIST.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
