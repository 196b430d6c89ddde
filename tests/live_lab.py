"""A real JupyterLab with settings of its own, and the one browser page that the tests drive it through."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, Playwright, expect, sync_playwright

from bpkit.cli import PROMPT

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # Every cell is on the page, not only those in sight, and it ends with the last.
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
}
# What JupyterLab itself writes to the browser's console, by a part of the message. What is not here fails a test.
KNOWN_CONSOLE_ERRORS: tuple[str, ...] = ()
# The page asks each new kernel for its widgets, also one that has not imported ipywidgets yet.
KNOWN_KERNEL_WORDS = ("No such comm",)

# How long a page may take to show what is expected: on a busy machine the usual 5 s would be a timed assertion.
PATIENCE = 60_000  # ms
expect.set_options(timeout=PATIENCE)

ABOUT_COLOURS = ("color-contrast", "link-in-text-block")  # axe-core's rules

# Without these the browser looks up its maker's hosts. As root, which containers are, there is no sandbox.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium(playwright: Playwright) -> str | None:
    """Find the system's Chromium or Chrome, else the one that Playwright may have installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    candidates = [*map(shutil.which, names), playwright.chromium.executable_path]
    return next((path for path in candidates if path and Path(path).exists()), None)


@contextmanager
def running_server(folder: Path, home: Path) -> Iterator[str]:
    """Serve a folder by JupyterLab; gives the address, with its token."""
    settings = home / "settings"
    for name, values in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with served([sys.executable, "-m", "jupyterlab", PROMPT], folder, home, JUPYTERLAB_SETTINGS_DIR=settings) as server:
        yield f"{server['url']}lab?token={server['token']}"


@contextmanager
def served(command: list[str], folder: Path, home: Path, **variables: Path) -> Iterator[dict[str, Any]]:
    """Start JupyterLab by a command that takes its options, on a free port of this machine, with a home of its own."""
    own = {
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "JUPYTER_PREFER_ENV_PATH": 1,
        **variables,
    }
    command = [*command, "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"]
    command += ["--expose-app-in-browser", f"--ServerApp.root_dir={folder}"]
    log = home / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command,
            env=os.environ | {name: str(value) for name, value in own.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            server = wait_for_server(process, home / "runtime", log)
            yield server
            # Asked to shut down, it ends its kernels too; a kill would leave them behind.
            headers = {"Authorization": f"token {server['token']}"}
            urlopen(Request(f"{server['url']}api/shutdown", method="POST", headers=headers)).close()
            process.wait(timeout=PATIENCE / 1000)
        finally:
            process.kill()


def wait_for_server(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> dict[str, Any]:
    """Read where the server listens from the file it writes, and wait until it answers."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        for path in runtime.glob(f"jpserver-{process.pid}.json"):
            try:
                server: dict[str, Any] = json.loads(path.read_text())
                urlopen(f"{server['url']}api/status?token={server['token']}", timeout=PATIENCE / 1000).close()
            except (json.JSONDecodeError, URLError):
                continue
            return server
        time.sleep(0.05)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


class Lab:
    """JupyterLab in one browser page; notebooks are opened, looked at and closed one after the other."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.errors: list[str] = []
        self.present = "light"
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught in the browser: {error.stack}"))

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(known in message.text for known in KNOWN_CONSOLE_ERRORS):
            self.errors.append(f"browser console: {message.text} {message.location}")

    def js(self, function: str, argument: Any = None) -> Any:
        """Call a function in the page and await it."""
        late = f"new Promise((_, fail) => setTimeout(() => fail(new Error('no answer')), {PATIENCE}))"
        return self.page.evaluate(f"argument => Promise.race([({function})(argument), {late}])", argument)

    def start(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_function("window.jupyterapp")
        self.js(
            """async () => {
                await jupyterapp.restored;
                jupyterapp.shell.mode = 'single-document';
                jupyterapp.shell.collapseLeft();
            }"""
        )

    def reload(self, path: str) -> None:
        """Load the page anew, as with F5, and look at a notebook that was saved; its kernel lives on."""
        self.js("() => jupyterapp.commands.execute('docmanager:save')")
        self.start(self.page.url)
        self.errors.clear()
        self.js(OPEN, path)

    def theme(self, name: str) -> None:
        """Change the theme; changed anew before its curtain is gone, JupyterLab would fail to take that away twice."""
        self.js("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[name])
        self.page.locator(f"body[data-jp-theme-name='{THEMES[name]}']").wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        self.present = name

    def themes(self) -> Iterator[str]:
        """Both, one after the other; the present one first, as a change takes its time."""
        first = self.present
        yield first
        [other] = THEMES.keys() - {first}
        self.theme(other)
        yield other

    def serious(self, context: Any = ".bpkit-app", whole: bool = False) -> list[tuple[str, str, list[str]]]:
        """What axe-core finds serious on a part of the page: rule, help, nodes.

        The dark theme changes colours alone, so the rules about those are all that it is asked for, unless it is alone.
        """
        brief = self.present == "dark" and not whole
        options = {"resultTypes": ["violations"], **({"runOnly": list(ABOUT_COLOURS)} if brief else {})}
        axe = Axe("") if self.page.evaluate("'axe' in window") else Axe()  # its script once is enough
        found = axe.run(self.page, context, options).response["violations"]
        return [
            (violation["id"], violation["help"], [node["html"][:300] for node in violation["nodes"]][:5])
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]

    @contextmanager
    def notebook(self, path: str) -> Iterator[Notebook]:
        """Open a notebook of the served folder with a kernel; at the end both are closed, without a question."""
        self.errors.clear()
        self.js(OPEN, path)
        try:
            yield Notebook(self)
        finally:
            self.js(CLOSE)

    @contextmanager
    def cells(self, *sources: str, name: str = "cells") -> Iterator[Notebook]:
        """Write a notebook of these cells, open it and run it."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # else JupyterLab asks for one
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), self.folder / f"{name}.ipynb")
        with self.notebook(f"{name}.ipynb") as notebook:
            notebook.run()
            yield notebook


class Notebook:
    """The open notebook: its outputs, its kernel and its picture."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.page = lab.page
        self.element = lab.page.locator(".jp-NotebookPanel")

    def run(self) -> None:
        """Run all cells and wait until the widgets stand: an app's parts come one by one."""
        self.lab.js("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        self._drawn()

    def run_by_keyboard(self) -> None:
        """The same by keys alone, cell by cell; the last one stays the active one."""
        self.page.keyboard.press("Escape")
        last = self.page.evaluate("panel.content.widgets.length") - 1
        for _ in range(last):
            self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_function("number => panel.content.activeCellIndex === number", arg=last)
        self.page.keyboard.press("Control+Enter")
        self._drawn()

    def show(self, source: str) -> None:
        """Run other source in the last cell, as if the notebook were opened for it; the kernel stays."""
        self.lab.errors.clear()
        self.lab.js(SHOW, source)
        self._drawn()

    def _drawn(self) -> None:
        """Wait until every cell has run, nothing was added for a while, and nothing is missing."""
        self.page.wait_for_function(DONE)
        deadline = time.monotonic() + PATIENCE / 1000
        parts = [-1, -2, -3]
        while (len(set(parts)) > 1 or self._outputs()) and time.monotonic() < deadline:
            self.page.wait_for_timeout(80)
            parts = [*parts[1:], self.page.evaluate(PARTS)]
        self.settle()

    def _outputs(self) -> list[str]:
        """What is wrong below the cells: errors, and widgets that are not drawn."""
        wrong: list[str] = self.page.evaluate(PROBLEMS)
        return wrong

    def problems(self) -> list[str]:
        """Say what went wrong since it was opened, in cells, in widgets, in the kernel out of sight, in the browser."""
        heard = [text for text in self.page.evaluate("heard") if not text.startswith(KNOWN_KERNEL_WORDS)]
        return [*self._outputs(), *heard, *self.lab.errors]

    def evaluate(self, expression: str) -> str:
        """Give the repr of an expression in the kernel."""
        reply = self.lab.js(EVALUATE, expression)
        if reply["status"] == "error":
            raise AssertionError(f"{expression}: {reply['ename']}: {reply['evalue']}")
        return str(reply["data"]["text/plain"])

    def settle(self) -> None:
        """Wait until the kernel has done all that the widgets asked for. It does so beside its cells, in a thread."""
        for _ in range(2):  # a widget keeps a change back while the one before is on its way
            self.page.wait_for_function("asked.size === 0")
            self.page.wait_for_timeout(30)
        self.page.wait_for_function("asked.size === 0")

    def screenshot(self, path: Path) -> None:
        """Take a picture of the whole notebook, as high as it is."""
        size = self.page.viewport_size
        assert size
        height = self.page.evaluate("panel.node.querySelector('.jp-WindowedPanel-outer').scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": min(int(height) + 100, 16_000)})
        self.page.evaluate("panel.node.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        self.page.wait_for_timeout(200)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.element.screenshot(path=path)
        self.page.set_viewport_size(size)


# What takes the focus in an app.
CONTROLS = "input:enabled, select:enabled, button:enabled, textarea:enabled, [role=slider]"


def has_focus(node: Locator) -> bool:
    return bool(node.evaluate("node => node === document.activeElement"))


def tab_through(controls: Locator) -> None:
    """Go by Tab alone from the first visible control to the last: each is reached, in order."""
    page = controls.page
    for number in range(1, controls.evaluate_all(SEEN)):
        for _ in range(24):  # what scrolls is a stop too, and what can be chosen in a picture
            page.keyboard.press("Tab")
            if page.evaluate("number => seen[number] === document.activeElement", number):
                break
        else:
            raise AssertionError(f"not reached: {page.evaluate('number => seen[number].outerHTML', number)}")


# Keeps those of some nodes that can be seen, goes to the first, and counts them.
SEEN = """nodes => {
    window.seen = nodes.filter(node => node.checkVisibility({visibilityProperty: true}) && node.offsetWidth);
    seen[0].focus();
    return seen.length;
}"""

# In the page. `panel` is the open notebook, `heard` what its kernel said outside its cells, where JupyterLab hides the
# exceptions of a widget's observers, and `asked` the messages of widgets that the kernel has not worked off.
OPEN = """async path => {
    window.panel = await jupyterapp.commands.execute('docmanager:open', {path});
    window.heard = [];
    await panel.context.ready;
    await panel.revealed;
    await panel.sessionContext.ready;
    const kernel = panel.sessionContext.session.kernel;
    await kernel.info;
    kernel.iopubMessage.connect((_, {header, content}) => {
        if (header.msg_type === 'error') heard.push(`kernel: ${content.ename}: ${content.evalue}`);
        if (header.msg_type === 'stream' && content.name === 'stderr') heard.push(content.text);
    });
    window.asked = new Set();
    kernel.anyMessage.connect((_, {msg, direction}) => {
        if (direction === 'send' && msg.header.msg_type === 'comm_msg') asked.add(msg.header.msg_id);
        if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
            asked.delete(msg.parent_header.msg_id);
    });
}"""

SHOW = """async source => {
    window.heard = [];
    const cell = panel.content.widgets.at(-1);
    cell.model.sharedModel.setSource(source);
    panel.content.activeCellIndex = panel.content.widgets.length - 1;
    await jupyterapp.commands.execute('notebook:run-cell');
}"""

CLOSE = """async () => {
    await panel.sessionContext.shutdown();
    panel.dispose();
}"""

EVALUATE = """async expression => {
    const kernel = panel.sessionContext.session.kernel;
    const user_expressions = {answer: expression};
    const future = kernel.requestExecute({code: '', silent: true, store_history: false, user_expressions});
    return (await future.done).content.user_expressions.answer;
}"""

# No cell waits or runs: its prompt would be a star.
DONE = """panel.sessionContext.session.kernel.status === 'idle'
    && [...panel.node.querySelectorAll('.jp-InputPrompt')].every(prompt => !prompt.textContent.includes('*'))"""

PARTS = "panel.node.querySelectorAll('.jp-OutputArea *').length"

PROBLEMS = """() => panel.content.widgets.filter(cell => cell.model.type === 'code').flatMap((cell, number) =>
    cell.outputArea.model.toJSON().flatMap((output, i) => {
        const place = `code cell ${number + 1}: `;
        if (output.output_type === 'error') return [place + output.ename + ': ' + output.evalue];
        if (output.name === 'stderr') return [place + 'stderr: ' + output.text];
        if (!output.data || !output.data['application/vnd.jupyter.widget-view+json']) return [];
        const node = cell.outputArea.widgets[i].node;
        const widget = node.querySelector('.jupyter-widgets, .widget-container');
        const wrong = node.innerText.match(/Loading widget|Error displaying widget|Failed to|model not found/);
        return widget && widget.clientHeight && !wrong ? [] : [place + 'a widget is not drawn: ' + node.innerText];
    }))"""


@contextmanager
def chromium(*options: str) -> Iterator[Page]:
    """A page of a headless Chromium; without a Chromium the tests are skipped.

    Playwright's event loop counts as running as long as it lives, so it must not outlive the tests of a folder.
    """
    with sync_playwright() as playwright:
        executable = find_chromium(playwright)
        if executable is None:
            pytest.skip("no Chromium found: install chromium or Chrome, or run `python -m playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=executable, args=[*CHROMIUM_OPTIONS, *options])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


@pytest.fixture(scope="package")
def page() -> Iterator[Page]:
    """One page for all tests of the folder."""
    with chromium() as page:
        yield page


@pytest.fixture(scope="package")
def lab(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab on a copy of the notebooks, with nothing of the user's."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copytree(NOTEBOOKS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
    with running_server(folder, tmp_path_factory.mktemp("home")) as url:
        lab = Lab(page, folder)
        lab.start(url)
        yield lab
