"""An app in a notebook that is shown twice, loaded anew, restarted: it lasts, or says how to go on."""

from __future__ import annotations

from live_lab import Lab
from playwright.sync_api import expect

import bpkit as bp
from bpkit.apps.linked import ALIVE

from .test_live import ARTICLE, Shown


def test_two_places_of_one_app_show_the_same(lab: Lab) -> None:
    made = "app = bp.apps.forward(bp.examples.article)\napp"
    with lab.cells("import bpkit as bp", made, "app", name="two") as notebook:
        one, other = Shown("forward", notebook), Shown("forward", notebook, 1)
        other.element.wait_for()
        one.box("w1").fill("0.5")
        one.box("w1").press("Enter")
        expect(other.box("w1")).to_have_value("0.5")
        other.slider("w5").press("ArrowRight")
        expect(one.box("w5")).to_have_value("0.36")
        one.same()
        assert notebook.problems() == []


def test_it_outlives_its_kernel_and_a_page_loaded_anew(lab: Lab) -> None:
    """Loaded anew it is what it was; a restart leaves it alive; loaded anew then, it says how to go on."""
    with lab.cells("import bpkit as bp", "app = bp.apps.forward(bp.examples.article)\napp", name="outlive") as notebook:
        app = Shown("forward", notebook)
        app.box("w1").fill("0.5")
        app.box("w1").press("Enter")
        app.wait_for("w1", 0.5)
        lab.reload("outlive.ipynb")
        expect(app.box("w1")).to_have_value("0.5")
        app.slider("w1").press("ArrowRight")
        app.wait_for("w1", 0.51)
        lab.js("() => panel.sessionContext.session.kernel.restart()")
        app.slider("w1").press("ArrowRight")
        expect(app.box("w1")).to_have_value("0.52")
        values = bp.evaluate(ARTICLE.problem.replace(w1=0.52))
        expect(app.element).to_contain_text(f"{values['E_total']:.6g}")
        lab.reload("outlive.ipynb")
        expect(notebook.element.get_by_text(ALIVE)).to_be_visible()
        still = ".jp-RenderedImage img, .jp-RenderedSVG img, .jp-RenderedSVG svg"
        expect(notebook.element.locator(still).first).to_be_visible()
        assert notebook.element.get_by_text("Error displaying widget").count() == 0
        notebook.run()
        expect(app.box("w1")).to_have_value("0.25")
        app.same()


def test_answers_come_back_on_another_day(lab: Lab) -> None:
    """Another day is another kernel: what was committed to and what was typed is there, judged as it was."""
    first = f'import os\nos.environ["BPKIT_PROGRESS"] = "{lab.folder / "progress.json"}"\nimport bpkit as bp'
    asked = ('bp.apps.predict("toward-the-target")', 'bp.exercises.ask("output-weight", seed=4)')
    with lab.cells(first, *asked, name="days") as notebook:
        page = notebook.element
        page.get_by_role("radio", name="down").check()
        page.get_by_role("button", name="Commit").click()
        expect(page.get_by_text("You said down. It is up.")).to_be_visible()
        page.get_by_label("Answer a").fill("0.5")
        page.get_by_label("Answer a").press("Enter")
        expect(page.get_by_text("Not right").first).to_be_visible()
        notebook.settle()
        lab.js("() => panel.sessionContext.session.kernel.restart()")
        notebook.run()
        expect(page.get_by_text("You said down. It is up.")).to_be_visible()
        expect(page.get_by_role("button", name="Commit")).to_be_disabled()
        expect(page.get_by_label("Answer a")).to_have_value("0.5")
        expect(page.get_by_text("Not right").first).to_be_visible()


def test_pictures_are_dark_in_the_dark(lab: Lab) -> None:
    """In JupyterLab's dark theme a diagram takes its dark colours, and the pixels of a plot change light and dark."""
    plot = "bp.train(bp.examples.article.problem, 20).plot()"
    with lab.cells("import bpkit as bp", "bp.examples.article.problem.diagram()", plot, name="dark") as notebook:
        pictures = notebook.element.locator(".jp-OutputArea-output img")
        expect(pictures).to_have_count(2)
        drawn, pixels = pictures.all()
        for theme in lab.themes():
            assert drawn.evaluate("image => getComputedStyle(image).colorScheme") == theme
            assert ("invert" in pixels.evaluate("image => getComputedStyle(image).filter")) == (theme == "dark")
