"""The command line: ``bpkit lab`` opens a lesson in JupyterLab."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

import click

from bpkit.cli.exercises import exercises
from bpkit.cli.lessons import course, find_lesson, notebooks, own_course
from bpkit.cli.mark import doctor, mark
from bpkit.cli.practice import practice
from bpkit.cli.terminal import Commands, bar
from bpkit.core.errors import BpkitError

WORKSPACE = "bpkit"
PROMPT = "--ServerApp.kernel_websocket_connection_class=bpkit.server.PromptConnection"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bpkit")
def main() -> None:
    """Backpropagation, taught in Jupyter. `bpkit lab` opens the first lesson, `bpkit COMMAND -h` explains a command."""


for command in (exercises, practice, mark, doctor):
    main.add_command(command)


@main.command(short_help="Open a lesson in JupyterLab.", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[LESSON] [-- OPTION ...]")
def lab(arguments: tuple[str, ...]) -> None:
    """Open a LESSON in JupyterLab: 00 (the default), 4, 04_forward_pass or training.

    Every OPTION goes to JupyterLab as it is: bpkit lab 04 -- --no-browser --port=9000
    """
    wanted, options = split_arguments(arguments)
    check_importable(["jupyterlab", "ipywidgets", "ipykernel", "matplotlib"])
    # Without this, a kernel installed for the user would come before this environment's own.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    check_kernel(kernel_command(), Path(sys.prefix))
    folder, news = own_course()
    for line in news:
        click.echo(line)
    lesson = find_lesson(wanted, notebooks(folder))
    from bpkit.server import close_side_bar, quiet  # takes a while, and only this command needs it

    quiet(os.environ)
    close_side_bar(WORKSPACE)
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if as_root:
        click.echo(
            "You are root, as in a container, so JupyterLab is started with --allow-root. "
            "For a browser outside the container add: -- --ip=0.0.0.0"
        )
    click.echo(f"Opening {lesson} in {folder}")
    run_jupyterlab(jupyterlab_arguments(folder, lesson, options, as_root=as_root))


@main.command(short_help="Write the course as static pages.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("site"), show_default=True)
@click.option("--repository", default="", metavar="OWNER/NAME", help="On GitHub; the pages then link to Binder.")
@click.option("--jobs", type=int, default=None, help="Processes; all processors if left out.")
def site(out: Path, repository: str, jobs: int | None) -> None:
    """Write the course as pages that need no kernel and no network, for any web server or a disk.

    Open index.html in the folder that --out names. Whatever needs a kernel becomes a still picture that says so.
    """
    check_importable(["nbconvert", "ipywidgets", "matplotlib"])
    from bpkit.site import build  # takes a while, and only this command needs it

    made = build(course(), out, repository, jobs, bar)
    click.echo(f"{len(made)} pages; open {made[0]}")


def split_arguments(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Take the lesson, the first argument unless that is an option, from what is JupyterLab's.

    >>> split_arguments(["4", "--port=9999"]), split_arguments(["--port=9999"])
    (('4', ['--port=9999']), ('00', ['--port=9999']))
    """
    if arguments and not arguments[0].startswith("-"):
        return arguments[0], list(arguments[1:])
    return "00", list(arguments)


def check_importable(modules: Iterable[str]) -> None:
    """Refuse to start where a module is missing, and name the command that installs it.

    >>> check_importable(["json", "no_such_module"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bpkit.core.errors.BpkitError: environment: no_such_module expected, but ... cannot import it; run: ...
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise BpkitError(
            f"environment: {', '.join(missing)} expected, but {sys.executable} cannot import "
            f"{'it' if len(missing) == 1 else 'them'}; "
            f"run: {sys.executable} -m pip install {' '.join(missing)}"
        )


def kernel_command() -> str:
    """Say which Python the notebooks' kernel, python3, would run."""
    from jupyter_client.kernelspec import get_kernel_spec  # takes a while, and only this command needs it

    return str(get_kernel_spec("python3").argv[0])


def check_kernel(command: str, prefix: Path) -> None:
    """Refuse a kernel that runs another environment's Python, where bpkit is missing or another one."""
    python = Path(command)
    # Jupyter itself replaces a bare name, `python`, by the interpreter that it runs on. Only folders are
    # resolved: the interpreter of a virtual environment is a link that leads out of it.
    here = not python.is_absolute() or python.parent.resolve().is_relative_to(prefix.resolve())
    if not here:
        raise BpkitError(
            f"kernel: the Python of {prefix} expected, but the kernel python3 runs {command}; "
            f"run: {sys.executable} -m ipykernel install --sys-prefix"
        )


def jupyterlab_arguments(folder: Path, lesson: str, options: Sequence[str], *, as_root: bool) -> list[str]:
    """Write JupyterLab's arguments; an option of the user's replaces the kit's, as JupyterLab wants each once.

    >>> own = jupyterlab_arguments(Path(), "04_forward_pass.ipynb", ["--ServerApp.port_retries=0"], as_root=False)
    >>> [one for one in own if "retries" in one]
    ['--ServerApp.port_retries=0']
    """
    own = [
        f"--ServerApp.root_dir={folder}",
        # A workspace of its own: it neither restores nor disturbs what the user has open elsewhere. As the
        # default URL the lesson is also in the address that JupyterLab prints where there is no browser.
        f"--LabApp.default_url=/lab/workspaces/{WORKSPACE}/tree/{quote(lesson)}",
        "--ServerApp.port_retries=50",
        PROMPT,
        *(["--allow-root"] if as_root else []),
    ]
    given = {option.partition("=")[0] for option in options}
    return [*(option for option in own if option.partition("=")[0] not in given), *options]


def run_jupyterlab(arguments: list[str]) -> None:
    """Run JupyterLab in this process, so that Ctrl-C and signals reach it directly."""
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(arguments)
