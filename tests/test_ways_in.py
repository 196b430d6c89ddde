"""The ways in for a contributor: the form of an issue, the READMEs beside the code, the examples in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FORMS = sorted(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml"))
READMES = sorted(ROOT.glob("bpkit/**/README.md"))
FLOORS = ("core", "mistakes", "page", "show", "apps", "exercises", "site", "cli")
SHORT = 12  # lines, the docstring aside
MOST = 0.5  # of them
# GitHub's schema for forms: which keys there may be, and which attributes a field of each type may have.
TOP = {"name", "description", "body", "title", "labels", "assignees", "projects", "type"}
ATTRIBUTES = {
    "markdown": {"value"},
    "input": {"label", "description", "placeholder", "value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
    "dropdown": {"label", "description", "multiple", "options", "default"},
    "checkboxes": {"label", "description", "options"},
}


def form(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def fields(path: Path) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in form(path)["body"] if one["type"] != "markdown"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_is_one_that_github_shows(path: Path) -> None:
    found = form(path)
    assert {"name", "description", "body"} <= set(found) <= TOP
    for one in found["body"]:
        assert set(one) <= {"type", "id", "attributes", "validations"}
        assert set(one["attributes"]) <= ATTRIBUTES[one["type"]]
        assert set(one.get("validations", {})) <= {"required"}
        if one["type"] == "markdown":
            assert set(one) == {"type", "attributes"}
            assert one["attributes"]["value"]
        else:
            assert re.fullmatch(r"[\w-]+", one["id"])
            assert one["attributes"]["label"]
        for option in one["attributes"].get("options", ()) if one["type"] == "checkboxes" else ():
            assert {"label"} <= set(option) <= {"label", "required"}
    asked = [one for one in found["body"] if one["type"] != "markdown"]
    for told in ([one["id"] for one in asked], [one["attributes"]["label"] for one in asked]):
        assert len(set(told)) == len(told) > 0  # GitHub refuses a form in which two are alike


def test_a_misconception_is_proposed_with_all_that_a_rule_needs() -> None:
    (path,) = (one for one in FORMS if one.name == "misconception.yml")
    assert form(path)["name"] == "Propose a misconception"
    asked = fields(path)
    required = {id for id, one in asked.items() if one.get("validations", {}).get("required")}
    assert required == {"link", "network", "wrong", "right", "you"}
    assert asked["link"]["attributes"]["placeholder"] == "https://"
    assert asked["you"]["attributes"]["placeholder"].startswith("You ")
    assert any(option.get("required") for option in asked["checks"]["attributes"]["options"])


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_a_readme_beside_the_code_names_files_that_are_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = [one.as_posix() for folder in ("bpkit", "tests") for one in (ROOT / folder).rglob("*")]
    for name in re.findall(r"`([\w./]+(?:\.py|\.js|\.css|\.md|/))`", text):
        end = f"/{name.removeprefix('../').rstrip('/')}"
        assert any(one.endswith(end) for one in known), name
    assert len(text.splitlines()) <= 40  # read in a sitting


@pytest.mark.parametrize("folder", ["page", "mistakes"])
def test_a_readme_names_every_file_of_its_folder(folder: str) -> None:
    text = (ROOT / "bpkit" / folder / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / "bpkit" / folder).iterdir() if path.suffix in (".py", ".js", ".css")}
    assert {name for name in files - {"__init__.py"} if f"`{name}`" not in text} == set()


def short_functions(floor: str) -> Iterator[ast.FunctionDef]:
    """The public functions of a floor's modules that take something and are read at a glance."""
    for path in sorted((ROOT / "bpkit" / floor).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and ast.unparse(node.args):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if told := ast.get_docstring(node, clean=False):
                    lines -= len(told.splitlines())
                if lines <= SHORT:
                    yield node


@pytest.mark.parametrize("floor", FLOORS)
def test_most_short_functions_show_an_example(floor: str) -> None:
    """That they are true is tested where the architecture is."""
    shown = {node: ">>>" in (ast.get_docstring(node) or "") for node in short_functions(floor)}
    assert sum(shown.values()) > MOST * len(shown), [node.name for node, has in shown.items() if not has]
