"""The module and its look as pages hold them: the same program in fewer bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from py_mini_racer import MiniRacer

from bpkit.page.module import inline, text_of

PIECE = re.compile(r"""//[^\n]*|/\*[\s\S]*?\*/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\w+|\s+|.""")
REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/\w*")
TEXT = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*")  # between backquotes and the formulas in them


def tokens(code: str) -> Iterator[str]:
    """What JavaScript reads of a text: everything but comments and room; a line end counts where one may matter."""
    at, before, braces = 0, "", [0]  # the open braces, in each text in backquotes that is being read
    while at < len(code):
        if code[at] == "`" or (code[at] == "}" and len(braces) > 1 and not braces[-1]):
            braces = [*braces, 0] if code[at] == "`" else braces
            found = TEXT.match(code, at + 1)
            assert found
            end = found.end() + (1 if code[found.end()] == "`" else 2)
            one, at = code[at:end], end
            if one.endswith("`"):
                braces = braces[:-1]
            yield one
            before = "a"
            continue
        sign = REGEX.match(code, at) if code[at] == "/" and code[at + 1] not in "/*" else None
        if sign and (before in (*"(,=:[!&|?{};+-*%<>~^", "", "return") or before.endswith("=>")):
            found = sign
        else:
            found = PIECE.match(code, at)
        assert found
        one, at = found[0], found.end()
        braces[-1] += (one == "{") - (one == "}")
        if one.strip() and not one.startswith(("//", "/*")):
            yield one
            before = one


@pytest.mark.parametrize("name", ["bpkit.js", "bpkit.css"])
def test_what_a_page_holds_is_the_same_program(name: str) -> None:
    whole, short = text_of(name), inline(name)
    assert list(tokens(short)) == list(tokens(whole))
    assert len(short.encode()) < {"bpkit.js": 0.735, "bpkit.css": 0.9}[name] * len(whole.encode())
    assert not re.search(r"^\s|^//", short, re.MULTILINE)


def test_a_line_that_is_left_ends_as_before() -> None:
    """A statement may end with its line: two lines become one after a bracket that opens and after a comma alone."""
    code = {line.strip() for line in text_of("bpkit.js").split("\n")}
    code |= {re.sub(r" +// .*$", "", line) for line in code}
    code = {line.replace(" ", "") for line in code}
    for line in inline("bpkit.js").split("\n"):
        text = line.replace(" ", "")
        ends = {0}  # where a line of the program may have ended
        for place in (*(found.end() for found in re.finditer("[{,]", text)), len(text)):
            if any(text[start:place] in code for start in ends):
                ends.add(place)
        assert len(text) in ends, line


def test_the_tokens_see_what_matters() -> None:
    nested = ["a", "=", "`x\n  ${", "b", "+", "`${", "c", "}`", "} // y`", ";"]
    assert list(tokens("a = `x\n  ${b + `${c}`} // y`; // z")) == nested
    assert list(tokens("a /b/ c; d = /['\"]\\//u")) == ["a", "/", "b", "/", "c", ";", "d", "=", "/['\"]\\//u"]


def test_it_is_a_program() -> None:
    MiniRacer().eval(re.sub(r"(?m)^export default\b[\s\S]*|^export\b", "", inline("bpkit.js")))
