"""Servers of notebooks other than JupyterLab, and what an app must do on their pages."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import nbformat
from playwright.sync_api import Locator, Page, expect

from bpkit.apps.linked import ALIVE

# Of what the kernel alone can judge: its cell, the box for an answer, one that is wrong and one that is right.
JUDGED = {
    "detective": ("bp.apps.detective(bp.examples.article)", "Your number", "0.5", "0.233453"),
    "question": ('bp.exercises.ask("net-and-out", seed=3)', "Answer a: net(h2)", "0.5", "0.236"),
}
PLACES = """() => [...document.querySelectorAll('bpkit-app')].flatMap(place => {
    const before = place.closest('.jp-OutputArea-child')?.previousElementSibling;
    const stays = place.hasAttribute('still') && before.checkVisibility();
    return [place.querySelector('.bpkit-app') ? [] : ['an empty place'], stays ? ['a still picture'] : []].flat();
})"""

# Where the kernel alone computes, the line to share is all that moves.
SHOWN = "app => app.innerText + app.querySelector('[aria-label=Share]').value"


@contextmanager
def serving(command: Sequence[str], asked: str, home: Path, own: Mapping[str, str]) -> Iterator[str]:
    """Start a server that takes ``--port``, on a free port of this machine; it is up when it answers what is asked."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", home / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen([*command, f"--port={port}"], env=os.environ | own, stdout=output, stderr=output) as process,
    ):
        try:
            deadline = time.monotonic() + 60
            while not answers(f"{url}/{asked}"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def answers(address: str) -> bool:
    """Be it with a refusal."""
    try:
        urlopen(address, timeout=1).close()
    except HTTPError:
        return True
    except (URLError, TimeoutError):
        return False
    return True


def write(path: Path, source: str) -> None:
    """A notebook of one cell."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cell = nbformat.v4.new_code_cell(f"import bpkit as bp\n{source}")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), path)


def ready(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".bpkit-app").first.wait_for()


def not_alive(page: Page) -> list[str]:
    """What says that a place has no app in it: the words for that, the place itself, a still picture that stays."""
    found: list[str] = page.evaluate(PLACES)
    return found + [ALIVE] * page.get_by_text(ALIVE).count()


def slid(app: Locator) -> None:
    """Move the first slider by a key, back if it is at its end: its box follows, and so does what the app shows."""
    app.get_by_label("Picture in words").check()
    slider = app.get_by_role("slider").first
    label = (slider.get_attribute("aria-label") or "").removesuffix(", slider")
    box = app.get_by_role("textbox", name=label, exact=True)
    number, words = box.input_value(), app.evaluate(SHOWN)
    slider.press("ArrowRight" if slider.evaluate("node => Number(node.value) < Number(node.max)") else "ArrowLeft")
    expect(box).not_to_have_value(number)
    app.page.wait_for_function(f"([app, words]) => ({SHOWN})(app) !== words", arg=[app.element_handle(), words])


def judged(app: Locator, box: str, wrong: str, right: str) -> None:
    """Type an answer that is wrong and one that is right: the kernel's verdicts come."""
    for answer, verdict in ((wrong, "✗ Not right"), (right, "✓ Right.")):
        app.get_by_label(box, exact=True).fill(answer)
        app.get_by_label(box, exact=True).press("Enter")
        expect(app.locator(".bpkit-verdict").first).to_contain_text(verdict)
