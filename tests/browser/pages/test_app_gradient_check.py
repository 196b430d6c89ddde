"""The gradient check as a saved page, with no kernel and no network: its numbers against the engine."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import NODES, Open, enter, slide, where

import bpkit as bp
from bpkit.core.numerical_gradient import difference_quotient
from bpkit.show.quotient_picture import BEST

ARTICLE = bp.examples.article
MOONS = bp.examples.data_set("moons", samples=20).problem(bp.Network(2, 3, 1, activation=["tanh", "sigmoid"]))
SPELLED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "01234567890123456789--")


def plain(text: str) -> str:
    """A text of the page as the kernel writes it: 3.6e-09 for 3.6·10⁻⁹, dE_total/dw5 for ∂E/∂w₅."""
    text = text.translate(LOW).replace("∂E/∂", "dE_total/d")
    text = re.sub(r"(\d)·10(-?)(\d+)", lambda found: f"{found[1]}e{found[2]}{int(found[3]):02d}", text)
    return re.sub(r"\b10-(\d+)", lambda found: f"1e-{int(found[1]):02d}", text)


def same(text: str) -> str:
    """Words to compare: where the error is smallest is decided by rounding, and may be decided otherwise."""
    return re.sub(r"(?<=about )\S+(?= for)|(?<=h = )[\d.e-]+(?=;)", "*", plain(text))


def unfolded(app: Locator) -> Locator:
    """The app with the sliders of its weights and biases in sight."""
    expect(app.get_by_label("w1", exact=True)).to_be_hidden()
    app.get_by_text("Weights and biases", exact=True).click()
    return app


def rows(app: Locator) -> list[list[str]]:
    return [
        [plain(cell) for cell in row.locator("th, td").all_inner_texts()]
        for row in app.locator(".bpkit-texts tbody tr").all()
    ]


@pytest.mark.parametrize(
    ("problem", "moved"),
    [
        (ARTICLE.problem, {"w5": 0.4, "b1": -1.5}),
        (MOONS, {"w7": 1.25, "b2": 0.5}),
        (MOONS.replace(batch="sum"), {"w1": -2}),
        (bp.Problem(bp.Network(2, 9, 1), dict.fromkeys(bp.Network(2, 9, 1).parameters, 0.1), [1, 2], [0]), {"w20": 3}),
    ],
    ids=["article", "moons", "sum", "many"],
)
@pytest.mark.parametrize("central", [True, False])
def test_every_derivative_stands_beside_what_is_measured(
    opened: Open, problem: bp.Problem, moved: dict[str, float], central: bool
) -> None:
    app = unfolded(opened(bp.apps.gradient_check(problem)))
    for name, value in moved.items():
        enter(app, name, value)
    app.get_by_role("combobox", name="quotient").select_option(index=0 if central else 1)
    name, here = next(iter(moved)), problem.replace(**moved)
    app.get_by_role("combobox", name="parameter").select_option(label=name.translate(SPELLED))
    for h in (0.1, 0.003):
        enter(app, "h", h)
        expect(app.get_by_text(f"Derived and measured with h = {h}")).to_be_visible()
        found = rows(app)
        assert len(found) == min(12, len(problem.parameters))
        assert [head for head, *_ in found if "←" in head] == [f"dE_total/d{name} ←"]
        for head, derived, measured, error in found:
            parameter = head.removeprefix("dE_total/d").removesuffix(" ←")
            exact = bp.evaluate(here)[f"dE/d{parameter}"]
            quotient = difference_quotient(here, parameter, h, central)[0]
            assert float(derived) == pytest.approx(exact, rel=1e-7, abs=1e-14)
            assert float(measured) == pytest.approx(quotient, rel=1e-7, abs=1e-11)
            if "about" not in error:
                assert float(error) == pytest.approx(abs(quotient - exact), rel=0.06, abs=1e-11)


@pytest.mark.parametrize("problem", [ARTICLE.problem, MOONS], ids=["article", "moons"])
def test_words_and_note_are_the_kernel_s(opened: Open, problem: bp.Problem) -> None:
    twin = bp.apps.gradient_check(problem)
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    for h, central, name in [(1e-3, True, "w5"), (0.1, False, "w5"), (1, True, "b1"), (0.01, True, "w3")]:
        enter(app, "h", h)
        app.get_by_role("combobox", name="quotient").select_option(index=0 if central else 1)
        app.get_by_role("combobox", name="parameter").select_option(label=name.translate(SPELLED))
        twin.set(h=h, formula=central, parameter=name)
        kind = "central" if central else "one-sided"
        asked = re.compile(f"^∂E/∂{name[0]}{'₀₁₂₃₄₅'[int(name[1])]} = [^;]*; the {kind} .*h = {h} gives")
        expect(app.locator(".bpkit-words")).to_have_text(asked)
        assert same(app.locator(".bpkit-words").inner_text()) == same(twin.words(twin.state))
        assert same(app.locator(".bpkit-message").inner_text()) == same(twin.note(twin.state)[0])


def test_the_errors_make_a_v_and_a_formula_keeps_its_colour(opened: Open, page: Page) -> None:
    twin = bp.apps.gradient_check(ARTICLE)
    app, looks = opened(twin), []
    for central in (True, False):
        app.get_by_role("combobox", name="quotient").select_option(index=0 if central else 1)
        twin.formula.value = central
        expect(app.locator(".bpkit-message")).to_contain_text("central" if central else "one-sided")
        labels = app.locator(".bpkit-curve-label")
        expect(labels.get_by_text(BEST)).to_be_visible()
        color = "node => getComputedStyle(node).fill"
        looks.append([labels.get_by_text(name, exact=True).evaluate(color) for name in ("central", "one-sided")])
        found = re.search(r"best h is about (\S+) for", plain(app.locator(".bpkit-message").inner_text()))
        best, other = float(found[1]), twin._pair(twin.state)[0].best  # type: ignore[index]
        assert abs(np.log10(best / other)) <= 1.01
    assert looks[0] == looks[1]
    assert looks[0][0] != looks[0][1]
    assert page.locator(".bpkit-curve-star").count() == 1


def test_a_flat_loss_and_one_that_is_not_finite_are_said(opened: Open) -> None:
    dead = bp.Problem(bp.Network(1, 1, activation="relu"), {"w1": -1, "b1": 0}, [1], [3])
    app = opened(bp.apps.gradient_check(dead))
    expect(app.locator(".bpkit-message")).to_have_text(
        "The loss is flat here: changing w₁ does not change it, whatever h is, as the derivative says."
    )
    expect(app.locator(".bpkit-curve-star").locator("visible=true")).to_have_count(0)
    line = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3])
    app = unfolded(opened(bp.apps.gradient_check(line)))
    app.get_by_label("Picture in words").check()
    expect(app.locator(".bpkit-words")).to_contain_text("Even a large h is good here")
    enter(app, "w1", 1e200)
    expect(app.get_by_role("alert").and_(app.locator(".bpkit-message"))).to_contain_text("The loss is not finite here")
    expect(app.locator(".bpkit-words")).to_contain_text("no h gives a finite difference quotient")
    app.get_by_role("button", name="Reset").click()
    expect(app.locator(".bpkit-message")).to_contain_text("The expected best h")


def test_the_picture_chooses_h(opened: Open, page: Page) -> None:
    app = unfolded(opened(bp.apps.gradient_check(ARTICLE)))
    box = app.locator(".bpkit-curve-picture").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 100)
    expect(app.get_by_label("h", exact=True)).not_to_have_value("0.001")
    h = float(app.get_by_label("h", exact=True).input_value())
    assert 1e-8 < h < 1e-5
    expect(app.get_by_label("Share")).to_have_value("bp.examples.article.problem")
    enter(app, "w5", 0.4)
    expect(app.get_by_label("Share")).to_have_value("bp.examples.article.problem.replace(w5=0.4)")


@pytest.mark.parametrize("width", [900, 390])
def test_nothing_jumps_nothing_is_left_behind_and_all_is_in_sight(opened: Open, page: Page, width: int) -> None:
    app = unfolded(opened(bp.apps.gradient_check(ARTICLE), width))
    powers, kept = np.arange(-12, -0.9, 0.25), f"{NODES} + {where('.bpkit-texts')} + {where('.bpkit-bar')}"
    seen = set()
    for turn in range(3):
        slide(app.get_by_role("slider", name="h, slider"), powers)
        *_, last = slide(app.get_by_role("slider", name="w5, slider"), powers[::2] / 6, kept)
        if turn:
            seen.add(last)
    assert len(seen) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 900:
        assert app.bounding_box()["height"] <= 620  # type: ignore[index]


HIDDEN = """(texts) => {
  const lines = [...document.querySelectorAll(".bpkit-curve-inside .bpkit-curve-line")];
  const points = lines.filter((line) => line.getAttribute("d")).flatMap((line) => {
    const far = line.getTotalLength(), to = line.getScreenCTM();
    return Array.from({length: 2000}, (_, k) => line.getPointAtLength(far * k / 1999).matrixTransform(to));
  });
  const labels = [...document.querySelectorAll(".bpkit-curve-label")];
  const boxes = labels.filter((one) => texts.some((text) => one.textContent.includes(text)))
    .map((one) => one.getBoundingClientRect());
  const within = ({x, y}, box) => x > box.left && x < box.right && y > box.top + 3 && y < box.bottom - 3;
  return points.filter((point) => boxes.some((box) => within(point, box))).length;
}"""  # how many points of the curves lie behind labels


@pytest.mark.parametrize("central", [True, False])
def test_no_label_hides_a_curve_at_either_end(opened: Open, page: Page, central: bool) -> None:
    app = opened(bp.apps.gradient_check(ARTICLE))
    app.get_by_role("combobox", name="quotient").select_option(index=0 if central else 1)
    slider = app.get_by_role("slider", name="h, slider")
    for power in (-12, -11.75, -11.5, -11, -1):
        slider.fill(str(power))
        expect(app.get_by_text("Derived and measured with h = ")).to_contain_text("10" if power < -1 else "0.1")
        assert page.evaluate(HIDDEN, ["this h", "central", "one-sided"]) == 0, power
