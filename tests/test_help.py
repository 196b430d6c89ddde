"""What a person reads inside Jupyter: bp.<tab>, one page of help(bp), and a page of each name's own."""

from __future__ import annotations

import inspect
import pkgutil
import pydoc
import re
import sys

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import bpkit as bp
from bpkit.core.functions import BUILT_IN
from bpkit.core.losses import LOSSES

NAMES = dir(bp)


def test_tab_shows_the_public_names_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell puts its own there
    shell = InteractiveShell()
    shell.user_ns["bp"] = bp
    with provisionalcompleter():
        shown = {completion.text for completion in shell.Completer.completions("bp.", 3)}
    assert shown == set(NAMES)
    assert len(NAMES) == 17


def test_a_star_brings_the_public_names_alone() -> None:
    """And the modules below, those that somebody has imported. An ``__all__`` would make the help long."""
    brought: dict[str, object] = {}
    exec("from bpkit import *", brought)
    modules = {module.name for module in pkgutil.iter_modules(bp.__path__)}
    assert set(NAMES) - modules <= set(brought) - {"__builtins__"} <= {*NAMES, *modules}


def test_names_can_be_imported_from_the_modules_among_them() -> None:
    from bpkit.blocks import Dense
    from bpkit.updates import Adam

    assert (Dense, Adam) == (bp.blocks.Dense, bp.updates.Adam)


def test_help_is_one_page_that_names_them_all() -> None:
    page = pydoc.plain(pydoc.render_doc(bp)).rstrip()
    assert len(page.splitlines()) <= 60
    listed = re.findall(r"^ {8}(\w+)  ", page, re.MULTILINE)
    assert sorted(set(listed) & set(NAMES)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_says_shapes_units_errors_and_source_and_shows_an_example(name: str) -> None:
    """That the example is true is tested with all other doctests, where the architecture is."""
    text = inspect.getdoc(getattr(bp, name)) or ""
    assert [word for word in ("Shapes", "nits: ", "Errors: ", "Source: ", "\n>>> ") if word not in text] == []


def test_a_networks_page_names_every_activation_and_every_loss() -> None:
    text = inspect.getdoc(bp.Network) or ""
    lists = re.findall(r"^(?:Activations|Losses): (.+)$", text, re.MULTILINE)
    named = [set(re.findall(r"[a-z_]+", line)) for line in lists]
    assert [names - listed for names, listed in zip((BUILT_IN.keys(), LOSSES.keys()), named)] == [set(), set()]


def test_the_guides_first_session_runs() -> None:
    session = (bp.__doc__ or "").split("A first session::\n", 1)[1].split("\nEverything", 1)[0]
    shown: dict[str, object] = {}
    exec(compile(inspect.cleandoc(session), "help", "exec"), shown)
    assert isinstance(shown["d"], type(bp.derive(bp.Network(1, 1))))
