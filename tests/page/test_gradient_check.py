"""What the page says of errors over h is what the kernel says of the same errors: in a real engine, over drawn ones."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from module_engine import engine

from bpkit.show.quotient_picture import DECADE, NAMES, STEPS, TEXTS, Errors, errors_words, size

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def called(name: str, *arguments: Any) -> Any:
    texts = map(json.dumps, arguments)  # NaN and Infinity are read as JavaScript
    return json.loads(engine().eval(f"JSON.stringify({name}({', '.join(texts)}))"))


def plain(text: str) -> str:
    """3.6e-09 for 3.6·10⁻⁹."""
    text = re.sub(r"(\d)·10([⁻⁰-⁹¹²³]+)", lambda f: f"{f[1]}e{int(f[2].translate(RAISED)):+03d}", text)
    return re.sub(r"\b10([⁻⁰-⁹¹²³]+)", lambda f: f"1e{int(f[1].translate(RAISED)):+03d}", text).translate(RAISED)


def drawn(seed: int) -> Errors:
    """A V with noise; sometimes flat, with holes, or with nothing to lose."""
    draw = np.random.default_rng(seed)
    curved = draw.choice([0.0, 0.01, 1.0])
    noise = 10 ** draw.uniform(-17, -13) / STEPS * np.exp(draw.normal(size=len(STEPS)))
    found = curved * STEPS ** draw.integers(1, 3) + noise
    found[draw.random(len(found)) < 0.05] = 0
    if seed % 5 == 1:
        found[: draw.integers(1, 30)] = np.nan
    if seed % 7 == 2:
        found[:] = 0 if seed % 2 else np.nan
    return Errors("w5", bool(seed % 2), float(draw.normal()), found)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("digits", [6, 12])
def test_the_words_of_the_page_are_the_kernel_s(seed: int, digits: int) -> None:
    found, draw = drawn(seed), np.random.default_rng(seed)
    h = float(10 ** draw.uniform(-13, 0))
    quotient = found.derived + float(draw.choice([0, 1e-11, -3e-5, 0.2, np.inf]))
    said = called("bestStep", STEPS.tolist(), found.errors.tolist(), DECADE)
    assert said["best"] == found.best
    if found.best is not None:
        assert said["flat"] == found.flat
        assert said["falls"] == found.falls or np.isnan(found.falls or 0)
        assert plain(called("sizeOf", found.best)) == size(found.best)
    numbers = {"derivative": "dE_total/dw5", "formula": NAMES[found.central], "derived": found.derived}
    numbers |= {**said, "falls": found.falls, "quotient": quotient, "h": h}  # JSON has no NaN
    ours, theirs = plain(called("errorWords", TEXTS, numbers, digits)), errors_words(found, h, quotient, digits)
    number = re.compile(r"(?<=h = )[\d.e-]+(?= gives)")  # the page has all the digits of h, the kernel six
    assert float(number.search(ours)[0]) == pytest.approx(h, rel=1e-5) if found.best else True  # type: ignore[index]
    assert number.sub("h", ours) == number.sub("h", theirs)
