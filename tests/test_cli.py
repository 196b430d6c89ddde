"""The command line: `bpkit lab`, without and with a real JupyterLab."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyterlab.commands import get_workspaces_dir
from jupyterlab_server.workspaces_handler import WorkspacesManager, slugify
from traitlets import import_item

from bpkit import cli
from bpkit.cli.lessons import find_lesson
from bpkit.core.errors import BpkitError
from bpkit.server import close_side_bar

LESSONS = [
    "00_start_here.ipynb",
    "04_forward_pass.ipynb",
    "07_training.ipynb",
    "07_training-Copy1.ipynb",
    "07_training_mine.ipynb",
    "exercises/practice.ipynb",
    "instructors/regenerate_exercises.ipynb",
]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Collect the arguments that JupyterLab would be started with."""
    calls: list[list[str]] = []
    monkeypatch.setattr(cli, "run_jupyterlab", calls.append)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")  # what the command sets is undone after the test
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/elsewhere")
    return calls


def lab(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.main, ["lab", *arguments])
    return result.exit_code, result.output


def test_without_a_lesson_the_first_one_opens(started: list[list[str]]) -> None:
    assert lab()[0] == 0
    [arguments] = started
    assert "--LabApp.default_url=/lab/workspaces/bpkit/tree/00_start_here.ipynb" in arguments
    assert f"--ServerApp.root_dir={Path(__file__).parents[1] / 'notebooks'}" in arguments


@pytest.mark.parametrize("separator", [[], ["--"]])
def test_options_are_passed_on_after_the_kits_own(started: list[list[str]], separator: list[str]) -> None:
    assert lab("04", *separator, "--no-browser", "--port=9000")[0] == 0
    assert lab(*separator, "--port", "9000")[0] == 0
    assert "tree/04_forward_pass.ipynb" in " ".join(started[0])
    assert started[0][-2:] == ["--no-browser", "--port=9000"]
    assert "tree/00_start_here.ipynb" in " ".join(started[1])
    assert started[1][-2:] == ["--port", "9000"]


def test_an_option_that_the_kit_gives_too_is_given_once_and_is_the_user_s(started: list[list[str]]) -> None:
    """JupyterLab refuses to start where a folder is named twice."""
    lab("04", "--", "--ServerApp.root_dir=/mine", "--ServerApp.port_retries=0", "--allow-root")
    for name in ("--ServerApp.root_dir", "--ServerApp.port_retries", "--allow-root"):
        assert [option.partition("=")[0] for option in started[0]].count(name) == 1
    assert started[0][-3:] == ["--ServerApp.root_dir=/mine", "--ServerApp.port_retries=0", "--allow-root"]


def test_small_messages_of_a_kernel_go_out_at_once(started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    lab()
    (name,) = (option.partition("=")[2] for option in started[0] if "kernel_websocket_connection_class" in option)
    connection = import_item(name).__new__(import_item(name))
    connection.websocket_handler = Mock(spec=KernelWebsocketHandler)
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: "connected")
    assert connection.connect() == "connected"
    connection.websocket_handler.set_nodelay.assert_called_once_with(True)


def test_jupyterlab_asks_nothing_about_news_and_shows_no_side_bar(started: list[list[str]]) -> None:
    lab()
    before, folder = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert before == "/elsewhere"
    defaults = json.loads((Path(folder) / "labconfig" / "default_setting_overrides.json").read_text())
    assert defaults == {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
    assert layout("bpkit")["left"]["collapsed"] is True


def test_binder_starts_in_the_same_way(workspaces: Path, tmp_path: Path) -> None:
    """The lines behind those that install, run as Binder runs them."""
    root = Path(__file__).parents[1]
    _, _, own = (root / "binder" / "postBuild").read_text().partition("pip install --no-deps .\n")
    environment = {
        **os.environ,
        "NB_PYTHON_PREFIX": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
    }
    subprocess.run(["bash", "-euo", "pipefail", "-c", own], cwd=root, env=environment, check=True)
    copied = tmp_path / "etc/jupyter/labconfig/default_setting_overrides.json"
    assert json.loads(copied.read_text())["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert layout("default")["left"] == {"collapsed": True}


def layout(workspace: str) -> dict[str, Any]:
    """What JupyterLab reads of a workspace."""
    kept = WorkspacesManager(get_workspaces_dir()).load(workspace)
    found: dict[str, Any] = kept["data"]["layout-restorer:data"]
    return found


@pytest.fixture
def workspaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTERLAB_WORKSPACES_DIR", str(tmp_path / "workspaces"))
    return tmp_path / "workspaces"


def test_a_side_bar_that_was_left_open_is_closed_and_the_documents_stay(workspaces: Path) -> None:
    main = {"dock": {"type": "tab-area", "currentIndex": 0, "widgets": ["notebook:a.ipynb"]}}
    left = {"collapsed": False, "visible": True, "widgets": ["filebrowser"], "current": "filebrowser"}
    data = {"layout-restorer:data": {"main": main, "left": left}, "notebook:a.ipynb": {"data": {"path": "a.ipynb"}}}
    manager = WorkspacesManager(str(workspaces))
    manager.save("mine", json.dumps({"data": data, "metadata": {"id": "/mine"}}))
    close_side_bar("mine")
    data["layout-restorer:data"]["left"] = {"collapsed": True, "visible": True, "widgets": ["filebrowser"]}
    assert manager.load("mine")["data"] == data


@pytest.mark.parametrize("kept", ["{", "[]", '{"data": [], "metadata": {"id": "/mine"}}', '{"data": {}}'])
def test_a_workspace_that_cannot_be_read_hinders_nothing(workspaces: Path, kept: str) -> None:
    workspaces.mkdir()
    path = workspaces / f"{slugify('mine')}.jupyterlab-workspace"
    path.write_text(kept)
    close_side_bar("mine")
    assert path.read_text() == kept


def test_a_disk_that_takes_nothing_hinders_nothing(workspaces: Path) -> None:
    workspaces.write_text("a file, and no folder")
    close_side_bar("mine")


@pytest.mark.parametrize("uid", [0, 1000])
def test_root_is_allowed_with_a_word_about_it(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid, raising=False)
    code, output = lab()
    assert code == 0
    assert ("--allow-root" in started[0]) == ("root" in output) == (uid == 0)


@pytest.mark.parametrize("command", [[], ["exercises"]])
def test_the_list_of_commands_says_of_each_what_it_does_in_whole_words(command: list[str]) -> None:
    text = CliRunner().invoke(cli.main, [*command, "--help"]).output
    _, listed = text.split("Commands:\n")
    assert len(listed.splitlines()) >= 3
    assert [line for line in listed.splitlines() if not line.endswith(".") or line.endswith("...")] == []


def test_an_unknown_lesson_is_one_line_and_starts_nothing(started: list[list[str]]) -> None:
    code, output = lab("99")
    assert code == 1
    assert output.startswith("Error: lesson: ")
    assert "'99' came" in output
    assert "00_start_here" in output
    assert "Traceback" not in output
    assert started == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("0", "00_start_here.ipynb"),
        ("04", "04_forward_pass.ipynb"),
        ("4", "04_forward_pass.ipynb"),
        ("04_forward_pass", "04_forward_pass.ipynb"),
        ("notebooks/04_forward_pass.ipynb", "04_forward_pass.ipynb"),
        ("Forward pass", "04_forward_pass.ipynb"),
        ("forward", "04_forward_pass.ipynb"),
        ("04_foward_pas", "04_forward_pass.ipynb"),
        ("trainig", "07_training.ipynb"),
        ("7", "07_training.ipynb"),
        ("train", "07_training.ipynb"),
        ("training mine", "07_training_mine.ipynb"),
        ("regenerate-exercises", "instructors/regenerate_exercises.ipynb"),
        ("practice", "exercises/practice.ipynb"),
    ],
)
def test_a_lesson_is_found_by_number_name_part_or_near_name(wanted: str, found: str) -> None:
    assert find_lesson(wanted, LESSONS) == found


@pytest.mark.parametrize("wanted", ["12", "", "r", "softmax", "²"])
def test_what_names_no_single_lesson_is_refused(wanted: str) -> None:
    with pytest.raises(BpkitError, match="lesson: the number or name of one notebook expected"):
        find_lesson(wanted, LESSONS)


def test_a_missing_module_is_named_with_the_command_that_installs_it() -> None:
    cli.check_importable(["json"])
    with pytest.raises(BpkitError, match=r"cannot import them; run: .* -m pip install nosuch1 nosuch2$"):
        cli.check_importable(["json", "nosuch1", "nosuch2"])


def test_a_kernel_of_another_environment_is_refused(tmp_path: Path) -> None:
    cli.check_kernel(cli.kernel_command(), Path(sys.prefix))
    cli.check_kernel("python3", tmp_path)
    cli.check_kernel(str(tmp_path / "bin" / "python"), tmp_path)
    with pytest.raises(BpkitError, match="ipykernel install --sys-prefix"):
        cli.check_kernel(str(tmp_path / "other" / "bin" / "python"), tmp_path / "mine")


def test_jupyterlab_really_starts_at_the_lesson_on_a_free_port(tmp_path: Path) -> None:
    """A port that is taken is asked for, so that another has to be found."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "bpkit", "lab", "4", "--", "--no-browser", "--ip=127.0.0.1"]
        with subprocess.Popen(
            [*command, f"--port={port}"],
            env=os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                server = wait_for_server(process, tmp_path)
                lesson = "lab/workspaces/bpkit/tree/04_forward_pass.ipynb"
                assert server["port"] != port
                assert "JupyterLab" in request(server, lesson)
                assert json.loads(request(server, "api/contents/04_forward_pass.ipynb?content=0"))
                told = json.loads(request(server, "lab/api/settings/@jupyterlab/apputils-extension:notification"))
                assert told["schema"]["properties"]["fetchNews"]["default"] == "false"
                kept = json.loads(request(server, "lab/api/workspaces/bpkit"))["data"]
                assert kept["layout-restorer:data"]["left"]["collapsed"] is True
                request(server, "api/shutdown", method="POST")
                output, _ = process.communicate(timeout=60)
            finally:
                process.kill()
        assert process.returncode == 0
        assert f"/{lesson}?token=" in output


def wait_for_server(process: subprocess.Popen[str], runtime: Path) -> dict[str, str | int]:
    """Read where the server listens from the file it writes, and wait until it answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for path in runtime.glob(f"jpserver-{process.pid}.json"):
            try:
                server: dict[str, str | int] = json.loads(path.read_text())
                request(server, "api/status")
            except (json.JSONDecodeError, URLError):
                continue
            return server
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"JupyterLab did not start:\n{process.communicate()[0]}")


def request(server: dict[str, str | int], path: str, method: str = "GET") -> str:
    headers = {"Authorization": f"token {server['token']}"}
    url = f"http://127.0.0.1:{server['port']}/{path}"
    with urlopen(Request(url, method=method, headers=headers), timeout=60) as answer:
        text: str = answer.read().decode()
    return text
