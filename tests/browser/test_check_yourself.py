"""Questions of the bank as a learner answers them, by keys alone, and what axe says of it in both themes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_lab import Lab, Notebook
from playwright.sync_api import expect

import bpkit as bp

CALL = 'bp.exercises.ask("sign-first", seed=1)'
PREDICTIONS = """import time
way = bp.apps.predict("Which way?", ["up", "right", "down"], answer="down", because="The slope is positive.")
size = bp.apps.predict("How far?", answer=0.25)
size.observe(lambda change: time.sleep(0.5), "moved")  # as from a kernel that is far away
display(way, size)"""
ASK = 'bp.apps.ask(bp.examples.article, "net_o1")'


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Iterator[Notebook]:
    with lab.cells("import bpkit as bp", "", name="asked") as notebook:
        yield notebook


def test_a_question_is_answered_by_keys_alone(lab: Lab, notebook: Notebook) -> None:
    exercise = bp.exercises.ask("sign-first", seed=1).state.exercise
    right = exercise.content.parts[2]
    forgot = next(wrong for wrong in right.wrong if wrong.name == "forgets the output slope")
    notebook.show(f"app = {CALL}\napp")
    app, page = notebook.element.locator(".bpkit-app"), notebook.page
    assert app.locator("math").count() > 10  # the formulas are drawn by the browser itself
    solution = app.get_by_role("button", name="Worked solution")
    expect(solution).to_be_disabled()
    app.get_by_label("Answer a").focus()
    page.keyboard.press(str(exercise.content.parts[0].answer)[0])  # the list jumps to the word
    page.keyboard.press("Tab")
    page.keyboard.type(str(exercise.content.parts[1].answer))
    page.keyboard.press("Tab")
    page.keyboard.type(f"{forgot.answer:.4g}")
    page.keyboard.press("Enter")
    expect(app.get_by_text("leave out the slope of the output", exact=False)).to_be_visible()
    page.keyboard.press("Tab")  # to the hints, which are open after a wrong answer
    for count in (1, 2):
        page.keyboard.press("Enter")
        expect(app.locator(".bpkit-hints li")).to_have_count(count)
    expect(app.locator(".bpkit-hints li").first).to_contain_text("Line (10): ")
    solution.press("Enter")
    marked = app.locator("tr.bpkit-left")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("(10)")
    expect(marked).to_contain_text("Your answer goes wrong in this line.")
    for theme in lab.themes():
        assert lab.serious() == [], theme
    solution.press("Enter")
    app.get_by_label("Answer c").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(right.shown())
    page.keyboard.press("Enter")
    expect(app.get_by_text("All correct.")).to_be_visible()
    expect(solution).to_be_enabled()
    solution.press("Enter")
    expect(app.locator("table.lines tr").first).to_be_visible()
    app.get_by_role("button", name="New numbers").press("Enter")
    expect(app.get_by_text("No answer yet.")).to_have_count(3)
    expect(app.locator("table.lines")).to_be_hidden()
    for theme in lab.themes():
        assert lab.serious() == [], theme
    assert notebook.problems() == []


def test_a_prediction_is_committed_to_by_keys_alone(lab: Lab, notebook: Notebook) -> None:
    notebook.show(PREDICTIONS)
    page = notebook.page
    way, size = notebook.element.locator(".bpkit-app").all()
    way.get_by_role("radio").first.focus()
    for key in ("Space", "ArrowDown", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(way).to_contain_text("You said")
    expect(way).to_contain_text("The slope is positive.")
    expect(way.get_by_role("button", name="Commit")).to_be_disabled()
    size.get_by_role("button", name="Commit").focus()
    page.keyboard.press("Enter")
    expect(size).to_contain_text("needs a number first")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("0.5")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # at once: the kernel has not heard of the number yet
    expect(size).to_contain_text("2 times too large")
    for theme in lab.themes():
        assert lab.serious() == [], theme
    assert notebook.problems() == []


def test_a_box_is_judged_by_the_kernel_and_its_line_opens(notebook: Notebook) -> None:
    notebook.show(f"app = {ASK}\napp")
    app, page = notebook.element.locator(".bpkit-app"), notebook.page
    app.get_by_label("net(o1) =").focus()
    page.keyboard.type("0.79461")
    page.keyboard.press("Enter")
    found = bp.diagnose(bp.examples.article.problem, "net_o1", "0.79461")
    expect(app.get_by_role("status")).to_have_text(f"✗ {found.message}")
    expect(app.locator("table")).to_be_hidden()
    app.get_by_label("Show the line").check()
    expect(app.locator("table")).to_be_visible()
    app.get_by_label("Show the line").uncheck()
    expect(app.locator("table")).to_be_hidden()
    app.get_by_label("net(o1) =").fill(f"{bp.evaluate(bp.examples.article.problem)['net_o1']:.5f}")
    app.get_by_role("button", name="Check").click()
    expect(app.get_by_role("status")).to_have_text("✓ Right.")
    expect(app.locator("table")).to_be_visible()  # by itself
    assert notebook.problems() == []
