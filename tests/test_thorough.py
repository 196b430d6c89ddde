"""What the default run takes of the tests."""

from __future__ import annotations

from pathlib import Path

from thorough import KEPT, LONG, quick

ROOT = Path(__file__).parents[1]


def test_what_is_left_out_and_what_is_kept_exists() -> None:
    for name in (*LONG, *KEPT):
        path, *_, function = name.split("::")
        assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8"), name
    assert not LONG.keys() & set(KEPT)


def test_of_each_test_the_first_case_and_the_last_are_taken_and_none_of_a_long_one() -> None:
    long = next(iter(LONG))
    cases = ["a.py::test_one", *(f"a.py::test_many[{i}]" for i in range(5)), long, f"{long}[1]"]
    assert quick(cases) == {"a.py::test_one", "a.py::test_many[0]", "a.py::test_many[4]"}
