"""Many moves of an app, in a page and in a kernel, and what they leave behind there."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page

from bpkit.apps.controls import Check, Choice, Number, Setting
from bpkit.apps.live import Live


def drawn(draw: np.random.Generator, one: Setting) -> Any:
    """A value of a control: on its slider, at an end of it, or typed beyond it."""
    if isinstance(one, Number):
        low, high, reach = one.low, one.high, one.high - one.low
        at = draw.choice([*draw.uniform(low, high, 2), low, high, draw.uniform(low - reach, high + reach)])
        return one.checked(float(10**at if one.log else at))
    if isinstance(one, Choice):
        return one.options[draw.integers(len(one.options))][1]
    return bool(draw.integers(2)) if isinstance(one, Check) else one.value


# In a page

# Events on all controls in turn: sliders, boxes, checks, choices, buttons. After each cycle the app is reset and the
# same controls, choices and whole numbers follow, so that whatever is made once is made in the first cycle; all other
# numbers are new ones, so that whatever is kept for each number grows. Every move is drawn. The clock runs ahead, so
# that a run that is spread over frames makes the least of it in each.
MOVES = """async ([from, to, cycle]) => {
    const {app} = document.querySelector('bpkit-app'), root = document.querySelector('.bpkit-app');
    const draws = (seed) => () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const fresh = draws(from + 11), clock = performance.now;
    let now = performance.now(), pick = draws(from + 7);
    performance.now = () => now += 50;
    const button = (text) => [...root.querySelectorAll('.bpkit-bar button')].find((one) => one.textContent === text);
    const event = (node, ...names) => names.forEach((name) => node.dispatchEvent(new Event(name, {bubbles: true})));
    const between = (low, high, whole) => low + (whole ? pick() : fresh()) * (high - low);
    const move = (node) => {
        if (node.tagName === 'BUTTON') return node.click();
        if (node.tagName === 'SELECT') {
            node.selectedIndex = Math.floor(pick() * node.options.length);
            return event(node, 'change');
        }
        if (node.type === 'checkbox') return node.click();
        const label = node.getAttribute('aria-label')?.replace(/, slider$/, '');
        const spec = Object.values(app.spec.controls).find((one) => one.label === label);
        if (!spec) {
            node.value = ['', '3', '4, 2', '16', '5, 5, 5'][Math.floor(pick() * 5)];
            return event(node, 'input', 'change');
        }
        if (node.type === 'range') {
            node.value = between(Number(node.min), Number(node.max), spec.whole);
            return event(node, 'input');
        }
        const reach = 0.2 * (spec.high - spec.low), value = between(spec.low - reach, spec.high + reach, spec.whole);
        node.value = String(spec.log ? 10 ** value : value);
        event(node, 'input', 'change');
    };
    for (let k = from; k < to; k++) {
        if (k % cycle === 0) {
            button('Reset').click();
            pick = draws(7);
        }
        const nodes = [...root.querySelectorAll('input:not([readonly]), select, button')]
            .filter((one) => !one.disabled && one !== button('Reset') && !one.closest('.bpkit-play, [hidden]'));
        move(nodes[Math.floor(pick() * nodes.length)]);
        if (app.stale) app.frame();
        if (k % 20 === 19) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    }
    performance.now = clock;
    button('Reset').click();
    await new Promise((done) => setTimeout(done, 300));  // what is still being computed is shown
    // Of what is computed the last few of each kind are kept, and some are large.
    const most = Math.max(0, ...[...app.memory.values()].map((one) => one.size));
    app.memory.clear();
    return most;
}"""


KEPT = 8  # at most, of what was computed before
TICKS = 20  # nodes: on other numbers an axis has some ticks more


@dataclass(frozen=True)
class Size:
    """What a page holds."""

    nodes: int
    listeners: int
    heap: float  # MB


def size(session: CDPSession) -> Size:
    """After everything that nobody needs is thrown away."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    told: dict[str, Any] = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return Size(int(told["Nodes"]), int(told["JSEventListeners"]), told["JSHeapUsedSize"] / 1e6)


def sizes(page: Page, app: Live, path: Path, counts: list[int], cycle: int) -> list[Size]:
    """What the page of an app holds after so many moves."""
    app.save(path)
    page.goto(path.as_uri())
    page.locator(".bpkit-app").wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    found = []
    for before, after in pairwise([0, *counts]):
        assert page.evaluate(MOVES, [before, after, cycle]) <= KEPT
        found.append(size(session))
    session.detach()
    return found


# In a kernel


def held(app: Any, counts: list[int], cycle: int) -> list[int]:
    """How many blocks of memory there are after so many moves of one control each: a number, a list, a text takes one.

    The moves go in cycles as in a page, and each has its state.
    """
    gc.collect()
    gc.freeze()  # what was there before is not looked through again
    names = [name for name, one in app.setting.items() if one.kind != "held"]
    beginning, fresh, found = dict(app.values), np.random.default_rng(11), []
    for before, after in pairwise([0, *counts]):
        for k in range(before, after):
            if k % cycle == 0:
                app.set(**beginning)
                pick = np.random.default_rng(7)
            name = names[pick.integers(len(names))]
            one = app.setting[name]
            whole = not isinstance(one, Number) or one.whole
            app.set(**{name: drawn(pick if whole else fresh, one)})
            assert app.state is not None
        app.set(**beginning)
        gc.collect()
        found.append(sys.getallocatedblocks())
    return found
