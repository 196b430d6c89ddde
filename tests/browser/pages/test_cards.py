"""Questions of the bank as cards of a page without a kernel: picture, hints, what was read, and where one left."""

from __future__ import annotations

from itertools import cycle, product

import pytest
from playwright.sync_api import Locator, expect
from saved_pages import Open
from thorough import THOROUGH

import bpkit as bp
from bpkit.exercises.questions.parts import ExactPart, NumberPart

LAB = 850  # pixels that JupyterLab leaves of 1366 beside its side bar
TALL = 600  # and of 768 below its menus
FITTING = (
    "net-and-out loss output-weight output-update hidden-weight hidden-update hidden-paths sign-first bias-gradient"
).split()
LEVELS = ("medium", "easy")
CARDS = [*product(FITTING, LEVELS)] if THOROUGH else [*zip(FITTING, cycle(LEVELS))]


def opened_card(
    opened: Open, id: str, seed: int = 1, difficulty: str = "easy"
) -> tuple[Locator, bp.exercises.Exercise]:
    ask = bp.exercises.ask(id, seed=seed, difficulty=difficulty)
    app = opened(ask, LAB)
    app.locator(".bpkit-part").first.wait_for()
    return app, ask.state.exercise


def answer(app: Locator, letter: str, typed: str) -> Locator:
    """The verdict on an answer."""
    box = app.get_by_label(f"Answer {letter}")
    box.fill(typed)
    box.press("Enter")
    return app.locator(".bpkit-part").nth("abcdefgh".index(letter)).get_by_role("status")


@pytest.mark.parametrize(("id", "difficulty"), CARDS)
def test_picture_and_answers_fit_beside_each_other(opened: Open, id: str, difficulty: str) -> None:
    app, exercise = opened_card(opened, id, difficulty=difficulty)
    picture, parts = app.locator(".bpkit-card-picture > svg"), app.locator(".bpkit-parts")
    drawn, answers, card = (one.bounding_box() for one in (picture, parts, app))
    assert drawn
    assert answers
    assert card
    assert drawn["width"] <= 620
    assert drawn["x"] + drawn["width"] <= answers["x"] or drawn["y"] + drawn["height"] <= answers["y"]
    assert card["height"] <= TALL
    assert app.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    label = picture.get_attribute("aria-label") or ""
    assert all(f"{name} = {value:g}" in label for name, value in exercise.problem.parameters.items())


@pytest.mark.parametrize("width", [375, 360])
def test_a_formula_is_no_wider_than_its_card_on_a_phone(opened: Open, width: int) -> None:
    app = opened(bp.exercises.ask("count-uses", seed=4), width)
    formula = app.locator(".bpkit-given math").first
    expect(formula).to_be_visible()
    ends = "node => node.getBoundingClientRect().right"
    assert formula.evaluate(ends) <= app.evaluate(ends)


def test_the_picture_has_the_colours_of_the_page(opened: Open) -> None:
    app, _ = opened_card(opened, "hidden-weight")
    ground, name = app.locator(".bpkit-card-picture svg > rect").first, app.locator(".bpkit-card-picture text").first
    seen = []
    for scheme in ("light", "dark"):
        app.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        seen.append([one.evaluate("(node) => getComputedStyle(node).fill") for one in (ground, name)])
    app.page.emulate_media(color_scheme="light")
    assert seen == [["rgb(255, 255, 255)", "rgb(31, 35, 40)"], ["rgb(20, 24, 29)", "rgb(230, 237, 243)"]]


def test_a_formula_is_read_and_said_and_a_digit_missing_is_no_mistake(opened: Open) -> None:
    app, exercise = opened_card(opened, "net-and-out", 2)
    net = exercise.content.parts[0]
    assert isinstance(net, NumberPart)
    values = exercise.problem.givens
    formula = f"{values['w2']:g}*{values['x1']:g} + {values['b1']:g}"
    expect(answer(app, "a", formula)).to_have_text(f"✓ Right. I read it as {net.right:g}.")
    out = exercise.content.parts[1]
    assert isinstance(out, NumberPart)
    said = answer(app, "b", f"{out.right:.3f}")
    expect(said).to_have_text("≈ So far right; one more digit, please.")
    mark = "(node) => getComputedStyle(node).borderLeftColor"
    colours = {said.evaluate(mark)}
    colours.add(answer(app, "b", f"{out.right:.4f}").evaluate(mark))
    expect(said).to_have_text("✓ Right.")
    colours.add(answer(app, "b", "0.1234").evaluate(mark))
    expect(said).to_contain_text("✗ Not right")
    assert len(colours) == 3  # neither that of right nor that of wrong
    height = "(node) => node.getBoundingClientRect().height"
    expect(answer(app, "b", "")).to_have_text(out.judge("").message)
    room = app.evaluate(height)
    for typed in ["1", f"{out.right:.2f}", "1/2", f"{out.right!r}*1", ""]:
        found = out.judge(typed)
        answer(app, "b", typed)
        expect(said).to_contain_text(found.message)
        assert typed == "1/2" or app.evaluate(height) == room  # one or two lines: nothing below moves


def test_hints_that_would_tell_an_earlier_part_wait_for_it(opened: Open) -> None:
    app, exercise = opened_card(opened, "which-slip", 13)
    line = exercise.content.parts[0].answer
    hint, list_ = app.get_by_role("button", name="Hint").last, app.locator(".bpkit-hints").last
    check = app.get_by_role("button", name="Check")
    app.locator("select").first.select_option(str(line % 3 + 1))
    check.click()
    answer(app, "b", "0.5")
    expect(hint).to_be_disabled()
    expect(list_).to_have_attribute("data-over", "Settle a) first. Then there is a hint here.")
    app.locator("select").first.select_option(str(line))
    check.click()
    expect(hint).to_be_enabled()
    expect(list_).to_be_hidden()


def test_hints_come_one_by_one_and_the_solution_marks_the_line(opened: Open) -> None:
    app, exercise = opened_card(opened, "hidden-weight", 6)
    part = exercise.content.parts[0]
    assert isinstance(part, NumberPart)
    hint, hints = app.get_by_role("button", name="Hint"), app.locator(".bpkit-hints li")
    for typed in ("", "rubbish"):
        answer(app, "a", typed)
        expect(hint).to_be_disabled()
        expect(hint).to_have_text("Hint (after a try)")
        expect(hint).to_have_attribute("title", "Opens once an answer of yours is wrong")
    forgot = next(wrong for wrong in part.wrong if wrong.name == "forgets the hidden slope")
    found = part.judge(part.shown(forgot.answer))
    answer(app, "a", part.shown(forgot.answer))
    expect(hint).to_be_enabled()
    expect(hint).to_have_text("Hint")
    count = 0
    while hint.is_enabled():
        hint.click()
        count += 1
        expect(hints).to_have_count(count)
    assert count > 2
    expect(hints.first).to_contain_text(f"Line ({found.line}): ")
    assert f"{part.right:.6g}" not in app.locator(".bpkit-hints").inner_text()
    over = app.locator(".bpkit-hints").evaluate("(node) => getComputedStyle(node, '::after').content")
    assert "No more hints" in over
    app.get_by_role("button", name="Worked solution").click()
    marked = app.locator("tr.bpkit-left")
    expect(marked).to_have_count(1)
    expect(marked.locator("td").first).to_have_text(f"({found.line})")
    expect(marked).to_contain_text("Your answer goes wrong in this line.")
    answer(app, "a", part.shown())
    expect(marked).to_have_count(0)
    expect(hints).to_have_count(count)
    app.get_by_role("button", name="New numbers").click()
    expect(hints).to_have_count(0)
    expect(hint).to_be_disabled()


def test_new_numbers_keep_the_network_on_the_page(opened: Open) -> None:
    app, _ = opened_card(opened, "output-weight", 1, "hard")
    picture, seen = app.locator(".bpkit-card-picture > svg"), []
    for _ in range(3):
        seen.append(picture.get_attribute("aria-label") or "")
        app.get_by_role("button", name="New numbers").click()
    assert len(set(seen)) == 3
    assert len({one.partition(".")[0] for one in seen}) == 1


def test_long_options_are_all_seen_and_chosen_by_keys(opened: Open) -> None:
    app, exercise = opened_card(opened, "zero-factor", 1)
    part = exercise.content.parts[0]
    group = app.get_by_role("radiogroup", name="Answer a")
    expect(group.get_by_role("radio")).to_have_count(len(part.options))
    right = group.get_by_label(str(part.answer), exact=True)
    right.focus()
    app.page.keyboard.press("Space")
    app.get_by_role("button", name="Check").press("Enter")
    expect(app.locator(".bpkit-part").first.get_by_role("status")).to_contain_text("✓")


@pytest.mark.parametrize("id", ["what-changes", "sign-first"])  # options that are all seen, and a list beside a box
def test_a_choice_is_judged_when_check_is_pressed_and_not_before(opened: Open, id: str) -> None:
    app, exercise = opened_card(opened, id)
    part = exercise.content.parts[0]
    assert isinstance(part, ExactPart)
    wrong = next(one for one in part.options if one != part.answer)
    check, said = app.get_by_role("button", name="Check"), app.locator(".bpkit-part").first.get_by_role("status")

    def choose(option: str) -> None:
        field = app.get_by_label("Answer a")
        if field.evaluate("(node) => node.tagName") == "SELECT":
            field.select_option(option)
        else:
            field.get_by_label(option, exact=True).check()

    choose(wrong)
    expect(said).to_have_text("Press Check.")
    if id == "sign-first":
        box = app.get_by_label("Answer b")
        box.fill("77")
        box.press("Tab")  # leaves the box, and enters nothing else
        expect(app.locator(".bpkit-part").nth(1).get_by_role("status")).to_contain_text("✗ Not right")
        expect(said).to_have_text("Press Check.")
        assert app.get_by_label("Answer a").input_value() == wrong
        box.press("Enter")
    else:
        check.click()
    expect(said).to_contain_text("✗ Not right")
    choose(str(part.answer))
    expect(said).to_have_text("Press Check.")  # what was said of another choice is gone
    check.click()
    expect(said).to_have_text("✓ Right.")
