"""Several people at once on one machine: JupyterHub with the configuration in `.deploy/jupyterhub`, and nbgrader."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import nbformat
import pytest
from live_lab import NOTEBOOKS
from playwright.sync_api import Page
from thorough import THOROUGH

CONFIG = Path(__file__).parents[2] / ".deploy" / "jupyterhub" / "jupyterhub_config.py"
PROXY = "configurable-http-proxy"
LESSONS = {"ann": "06_hidden_weights.ipynb", "ben": "07_training.ipynb", "cam": "10_matrices_and_data.ipynb"}
PASSWORD = "three in a row"

pytestmark = [
    pytest.mark.skipif(not THOROUGH, reason="starts a JupyterHub: set BPKIT_THOROUGH=1"),
    pytest.mark.skipif(
        not (importlib.util.find_spec("jupyterhub") and importlib.util.find_spec("nbgrader")),
        reason='jupyterhub or nbgrader is missing: pip install -e ".[hub]"',
    ),
    pytest.mark.skipif(shutil.which(PROXY) is None, reason=f"{PROXY} is missing: npm install -g {PROXY}"),
]


@dataclass(frozen=True)
class Hub:
    """The running hub, asked as a program does."""

    url: str
    token: str
    folder: Path

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, kind: str = "application/json") -> Any:
        headers = {"Authorization": f"token {self.token}", "Content-Type": kind}
        with urlopen(Request(self.url + path, body, headers, method=method), timeout=120) as answer:
            text = answer.read().decode()
            return json.loads(text) if text.startswith(("{", "[")) else text

    def up(self) -> bool:
        try:
            return bool(self.ask("/hub/api/")["version"])
        except (HTTPError, URLError, ConnectionError):
            return False


def free_ports(count: int) -> int:
    """The first of so many ports in a row that are free."""
    for first in range(18_000, 60_000, 10):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for offset, one in enumerate(sockets):
                one.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
        return first
    raise AssertionError("no free ports")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    port = free_ports(3)
    hub = Hub(f"http://127.0.0.1:{port}", uuid.uuid4().hex, folder)
    own = {
        "BPKIT_HUB": str(folder),
        "BPKIT_HUB_PORT": str(port),
        "BPKIT_HUB_PASSWORD": PASSWORD,
        "BPKIT_HUB_USERS": " ".join(LESSONS),
        "BPKIT_HUB_TOKEN": hub.token,
    }
    # What the suite sets for its own kernels would be handed on to the users' servers.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "IPYTHON"))}
    log = folder / "hub.log"
    command = [sys.executable, "-m", "jupyterhub", "-f", str(CONFIG)]
    with (
        log.open("w") as output,
        subprocess.Popen(command, cwd=folder, env=inherited | own, stdout=output, stderr=output) as process,
    ):
        try:
            deadline = time.monotonic() + 60
            while not hub.up():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield hub
        finally:
            process.terminate()  # it ends the users' servers and the proxy
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def servers(hub: Hub) -> Hub:
    """The hub with a server for each of the three, started at the same time."""
    for user in LESSONS:
        hub.ask(f"/hub/api/users/{user}/server", "POST", b"")
    deadline = time.monotonic() + 120
    while not all(hub.ask(f"/hub/api/users/{user}")["servers"].get("", {}).get("ready") for user in LESSONS):
        assert time.monotonic() < deadline, (hub.folder / "hub.log").read_text()
        time.sleep(0.2)
    return hub


def message_in(frame: str | bytes) -> Any:
    """The message of a frame; pictures follow it as buffers, with their offsets in front of it."""
    if isinstance(frame, str):
        return json.loads(frame)
    start, end = (int.from_bytes(frame[i : i + 4], "big") for i in (4, 8))
    return json.loads(frame[start : end if int.from_bytes(frame[:4], "big") > 1 else None])


def run_lesson(hub: Hub, user: str, together: Barrier) -> tuple[list[str], float, float]:
    """Run all cells of a user's lesson in the user's own kernel; gives what went wrong, and from when to when."""
    import websocket

    path = f"notebooks/{LESSONS[user]}"
    session = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    kernel = hub.ask(f"/user/{user}/api/sessions", "POST", json.dumps(session).encode())["kernel"]["id"]
    address = f"{hub.url}/user/{user}/api/kernels/{kernel}/channels".replace("http://", "ws://")
    channel = websocket.create_connection(address, timeout=120, header=[f"Authorization: token {hub.token}"])
    notebook = nbformat.read(hub.folder / "users" / user / path, as_version=4)
    together.wait(timeout=60)
    start, wrong, ran = time.monotonic(), [], 0
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        message = uuid.uuid4().hex
        header = {"msg_id": message, "msg_type": "execute_request", "session": user, "username": user, "version": "5.3"}
        content = {"code": cell.source, "silent": False, "store_history": True, "allow_stdin": False}
        sent = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        channel.send(json.dumps(sent))
        while True:
            heard = message_in(channel.recv())
            if heard["parent_header"].get("msg_id") != message:
                continue
            if heard["msg_type"] == "error":
                wrong.append(f"{user}: {heard['content']['evalue']}")
            if heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
                break
        ran += 1
    channel.close()
    assert ran > 5
    return wrong, start, time.monotonic()


def test_three_people_run_their_lessons_at_the_same_time(servers: Hub) -> None:
    together = Barrier(len(LESSONS))
    with ThreadPoolExecutor(len(LESSONS)) as pool:
        done = list(pool.map(lambda user: run_lesson(servers, user, together), LESSONS))
    assert [wrong for wrong, _, _ in done] == [[], [], []]
    assert max(start for _, start, _ in done) < min(end for _, _, end in done)


def test_what_a_person_changed_is_still_there_after_the_next_start(servers: Hub) -> None:
    mine = servers.folder / "users" / "cam" / "notebooks" / "00_start_here.ipynb"
    mine.write_text("changed")
    servers.ask("/hub/api/users/cam/server", "DELETE")
    servers.ask("/hub/api/users/cam/server", "POST", b"")
    assert mine.read_text() == "changed"
    shutil.copyfile(NOTEBOOKS / mine.name, mine)


def test_nbgrader_is_there_for_each_and_collects_what_they_submit(servers: Hub) -> None:
    """An assignment that lies in the exchange is fetched and submitted by each person's own server."""
    exchange = servers.folder / "exchange" / "bpkit"
    (exchange / "outbound" / "sheet").mkdir(parents=True)
    (exchange / "inbound").mkdir(mode=0o733)
    shutil.copyfile(NOTEBOOKS / "00_start_here.ipynb", exchange / "outbound" / "sheet" / "sheet.ipynb")
    asked = urlencode({"course_id": "bpkit", "assignment_id": "sheet"}).encode()
    kind = "application/x-www-form-urlencoded"
    for user in ("ann", "ben"):
        assert "@jupyter/nbgrader" in servers.ask(f"/user/{user}/lab")
        for action in ("fetch", "submit"):
            answer = servers.ask(f"/user/{user}/assignments/{action}", "POST", asked, kind)
            assert answer["success"], answer
        assert (servers.folder / "users" / user / "sheet" / "sheet.ipynb").is_file()
    # Filed under the system's user, who is one and the same with this spawner: so SERVING.md says what to replace.
    assert len(list((exchange / "inbound").iterdir())) == 2


def test_a_person_logs_in_and_is_at_the_first_lesson(servers: Hub, page: Page) -> None:
    page.goto(f"{servers.url}/hub/login")
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/user/ann/lab/tree/notebooks/00_start_here.ipynb")
    page.get_by_role("heading", name="00 · Start here").wait_for()


def test_a_stranger_and_a_wrong_password_are_turned_away(servers: Hub, page: Page) -> None:
    page.context.clear_cookies()
    for user, password in (("ann", "a wrong password"), ("eve", PASSWORD)):
        page.goto(f"{servers.url}/hub/login")
        page.get_by_label("Username").fill(user)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
        assert "/hub/login" in page.url
    page.context.clear_cookies()
