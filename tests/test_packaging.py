"""What a newcomer meets first: the ways to install, what Binder builds, and the promises of the README."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from bpkit.cli import PROMPT
from bpkit.cli.lessons import find_lesson, notebooks

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RANGES = {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])} | {
    "python": SpecifierSet(PROJECT["requires-python"])
}


def conda_pins(path: str) -> dict[str, str]:
    """Read ``name=version`` lines, under pip's names: conda has a leaner Matplotlib as ``-base``."""
    lines = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["dependencies"]
    pins = dict(line.split("=", 1) for line in lines if isinstance(line, str) and "=" in line)
    return {name.removesuffix("-base"): version for name, version in pins.items()}


def guide(name: str) -> str:
    """Return one of the pages that the README links to."""
    return (ROOT / ".github" / f"{name}.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return one section of the README."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


# Versions


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    """By the package, or by a lesson."""
    imported = set()
    for path in (ROOT / "bpkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    names = {name.lower() for name in imported - sys.stdlib_module_names - {"bpkit"}}
    declared = {name.replace("-", "_") for name in RANGES}
    assert names <= declared
    lessons = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb"))
    unused = {name for name in declared - names - {"python"} if not re.search(rf"(import|from) {name}\b", lessons)}
    assert unused == set()


def test_the_conda_environment_pins_each_dependency_within_its_range() -> None:
    pins = conda_pins("environment.yml")
    assert pins.keys() == RANGES.keys()
    for name, version in pins.items():
        assert version in RANGES[name], name


def test_the_conda_environment_installs_the_checkout_itself() -> None:
    assert {"pip": ["-e ."]} in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]


def test_binder_gets_the_same_versions() -> None:
    tested, binder = conda_pins("environment.yml"), conda_pins("binder/environment.yml")
    assert binder.keys() == tested.keys()
    for name, version in binder.items():
        assert Version(tested[name]) in SpecifierSet(f"=={version}"), name


def binder_base() -> dict[str, str]:
    """What Binder's base has installed before it reads the repository."""
    repo2docker = pytest.importorskip("repo2docker")
    locks = Path(repo2docker.__file__).parent / "buildpacks" / "conda"
    python = conda_pins("binder/environment.yml")["python"]
    lock = (locks / f"environment.py-{python}-linux-64.lock").read_text()
    return dict(re.findall(r"/([a-z_]+)(?:-core)?-([0-9.]+)-[^/]*\.conda", lock))


def test_what_binder_brings_along_is_recent_enough() -> None:
    """A pin like ``4.*`` keeps the version that Binder's base has, so that one must be in our range."""
    base = binder_base()
    loose = [name for name, version in conda_pins("binder/environment.yml").items() if version.endswith("*")]
    assert loose
    for name in loose:
        assert base[name] in RANGES[name], name


# Binder


@cache
def dockerfile() -> str:
    """Let repo2docker write the Dockerfile that Binder would build, which needs no Docker."""
    pytest.importorskip("repo2docker")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--user-id=1000", "--user-name=jovyan", "."]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_binder_uses_the_files_made_for_it() -> None:
    text = dockerfile()
    assert '--file "binder/environment.yml"' in text
    assert '--file "environment.yml"' not in text
    assert re.search(r"^RUN \./binder/postBuild$", text, re.MULTILINE)
    assert re.search(r"NB_PYTHON_PREFIX[ =]", text)  # where postBuild puts the server's settings


def test_binder_installs_the_dependencies_before_the_repository_arrives() -> None:
    """So that a commit which changes no dependency is built from the cache."""
    text = dockerfile()
    assert text.index("env update") < text.index("COPY --chown=1000:1000 src/ ${REPO_DIR}")


def test_post_build_installs_the_kit_and_stops_at_an_error() -> None:
    post_build = ROOT / "binder" / "postBuild"
    lines = post_build.read_text().splitlines()
    assert lines[0] == "#!/bin/bash"
    assert lines[2:4] == ["set -euo pipefail", "pip install --no-deps ."]
    (settings,) = re.findall(r"^echo '(.*)'", post_build.read_text(), re.MULTILINE)
    ((server, options),) = json.loads(settings).items()
    assert [f"--{server}.{name}={value}" for name, value in options.items()] == [PROMPT]
    assert os.name == "nt" or os.access(post_build, os.X_OK)


# The README


def test_two_commands_do_everything() -> None:
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    first, second = [text for kind, text in fences if kind in {"sh", "bash", "shell"}][:2]
    make = "python3 -m venv .venv && .venv/bin/python -m pip install -q -e "
    assert first == make + ". && .venv/bin/bpkit lab\n"
    assert second == make + '".[test]" && .venv/bin/python -m pytest\n'


def test_the_map_lists_exactly_the_lessons_that_exist() -> None:
    listed = re.findall(r"^\| \[.+?\]\((notebooks/\S+?\.ipynb)\)", section("For learners"), re.MULTILINE)
    lessons = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert listed == lessons


def test_the_floors_are_the_folders_of_the_package() -> None:
    floors = re.findall(r"^\| `bpkit/(\w+)/`", section("How it is built"), re.MULTILINE)
    assert sorted(floors) == sorted(path.parent.name for path in (ROOT / "bpkit").glob("*/__init__.py"))


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 200


PAGES = [Path("README.md"), *(path.relative_to(ROOT) for path in (ROOT / ".github").glob("*.md"))]
PAGES += [path.relative_to(ROOT) for path in (ROOT / "bpkit").rglob("README.md")]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_what_a_page_points_to_exists(page: Path) -> None:
    """The file, and the heading in it; ``../../`` leads from the README to what GitHub itself makes."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for target, heading in re.findall(r"\]\((?!https?://|\.\./\.\./)([^)#]*)(?:#([^)]+))?\)", text):
        file = ROOT / page.parent / target if target else ROOT / page
        assert file.is_file(), target
        headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        anchors = [re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings]
        assert not heading or heading in anchors, heading


def test_the_tests_that_the_pages_name_exist() -> None:
    pages = "".join(map(guide, ("PROMISES", "SECURITY", "ACCESSIBILITY", "CONTRIBUTING")))
    named = set(re.findall(r"`(?:tests/)?(?:\w+/)?(test_\w+)(?:\.py)?`", pages))
    assert len(named) > 15
    assert named <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}


def test_the_pictures_are_there_in_both_themes_and_small() -> None:
    pictures = re.findall(r'(?:srcset|src)="\.github/(\w+?)_(dark|light)\.(png|gif)"', README)
    kinds = (("derivation", "png"), ("training", "gif"), ("training", "png"))
    assert sorted(pictures) == sorted((name, theme, kind) for name, kind in kinds for theme in ("dark", "light"))
    for name, theme, kind in pictures:
        assert (ROOT / ".github" / f"{name}_{theme}.{kind}").stat().st_size < {"png": 100_000, "gif": 400_000}[kind]


def test_the_first_lines_of_python_run() -> None:
    [shown] = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    own: dict[str, object] = {}
    exec(compile(shown, "README.md", "exec"), own)
    [call, says] = re.findall(r"^(bp\.diagnose.+\))  # (.+)$", shown, re.MULTILINE)[0]
    assert says in eval(call, own).message
    pages = guide("NOTEBOOK")
    first, arrays, blocks, program = re.findall(r"^```python\n(.*?)^```$", pages, re.MULTILINE | re.DOTALL)
    assert len([line for line in first.splitlines() if line]) == 6  # the import, and five lines that use it
    own = {}
    exec(compile(first, "NOTEBOOK.md", "exec"), own)
    rng = np.random.default_rng(0)
    shapes = {"W1": (2, 3), "b1": (3,), "W2": (3, 1), "b2": (1,), "X": (5, 2), "Y": (5, 1)}
    own.update({f"{d}{name}": rng.random(shape) for name, shape in shapes.items() for d in ("", "d")})
    exec(compile(arrays, "NOTEBOOK.md", "exec"), own)
    exec(compile(blocks, "NOTEBOOK.md", "exec"), own)
    net = SimpleNamespace(W1=np.ones((2, 3)), b1=np.ones(3), W2=np.ones((3, 1)), b2=np.ones(1))
    net.train_step = lambda x, y: None
    own.update(np=np, sigmoid=lambda z: 1 / (1 + np.exp(-z)), train=lambda X, y, W1, b1, W2, b2: None, net=net)
    exec(compile(program, "<notebook>", "exec"), own)
    assert "bp.review(backward)  # Line 5, `delta1 = W2 @ delta2`" in program
    found = own["bp"].review(own["backward"])  # type: ignore[attr-defined]
    assert found.message.startswith("Line 5: this is ∂E/∂out₁ of the hidden layer. You leave out the slope")


def test_what_the_pages_install_and_run_is_declared() -> None:
    pages = README + "".join(map(guide, ("STARTING", "SERVING", "CONTRIBUTING")))
    extras = {name for names in re.findall(r'-e "\.\[(.+?)\]"', pages) for name in names.split(",")}
    assert extras == PROJECT["optional-dependencies"].keys()
    programs = set(re.findall(r"\.venv/bin/(\w[\w-]*)", pages))
    assert programs == {"python", "bpkit", "voila", "jupyterhub", "pre-commit"}


def test_the_lessons_that_the_pages_open_are_found() -> None:
    named = re.findall(r"\bbpkit lab (\w+)", README + guide("STARTING") + guide("INSTRUCTORS"))
    assert {"04", "regenerate", "mark"} <= set(named)
    for name in named:
        find_lesson(name, notebooks(ROOT / "notebooks"))


def test_every_comparison_says_where_it_was_read() -> None:
    _, own, *others = re.findall(r"^\| (?!-)(.+?) \|", section("Beside what people use today"), re.MULTILINE)
    assert own == "bpkit"
    assert len(others) == 12
    assert [row for row in others if "](https://" not in row] == []


def test_the_link_that_fetches_lessons_decodes_to_what_nbgitpuller_reads() -> None:
    """An address within an address within an address."""
    [link] = re.findall(r"https://mybinder\.org/\S*git-pull\S*", guide("SERVING"))
    [inner] = parse_qs(urlsplit(link).query)["urlpath"]
    pull = {name: values[0] for name, values in parse_qs(urlsplit(inner).query).items()}
    assert urlsplit(inner).path == "git-pull"
    assert pull == {
        "repo": "https://github.com/OWNER/LESSONS",
        "branch": "main",
        "urlpath": "lab/tree/LESSONS/notebooks/00_start_here.ipynb",
    }
    assert "nbgitpuller" in yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())["dependencies"]


# The version


def test_changes_citation_and_tag_carry_the_version() -> None:
    version = PROJECT["version"]
    changes = (ROOT / ".github" / "CHANGES.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)$", changes, re.MULTILINE)[0] == version
    assert str(yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]) == version
    if (ROOT / ".git").exists():  # a copy without history, as of a release's archive, has no tags
        tags = subprocess.run(
            ["git", "tag", "--points-at", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert [tag for tag in tags.stdout.split() if tag.startswith("v")] in ([], [f"v{version}"])


# What comes with a change


def test_the_hooks_and_the_workflow_call_what_exists() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    entries = [hook["entry"].split()[0] for repo in config["repos"] for hook in repo["hooks"]]
    assert entries
    for entry in entries:
        assert entry in {".venv/bin/ruff", ".venv/bin/python"}
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert ".ci/run" in commands
    assert any("BPKIT_THOROUGH=1" in command and "tests/deploy" in command for command in commands)  # else all skip
    for extra in ("lecture", "hub", "site"):
        assert any(extra in command for command in commands)
        assert extra in PROJECT["optional-dependencies"]
