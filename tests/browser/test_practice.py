"""Practice without end in a real notebook: by keys alone, kept from one kernel to the next, in both themes."""

from __future__ import annotations

import json
import re

from live_lab import Lab
from playwright.sync_api import expect

import bpkit as bp
from bpkit.exercises.questions.parts import NumberPart

WRONG = "forgets the output slope"


def test_practice_goes_on_by_keys_alone_and_keeps_mistakes_until_they_are_gone(lab: Lab) -> None:
    first = f'import os\nos.environ["BPKIT_PROGRESS"] = "{lab.folder / "progress.json"}"\nimport bpkit as bp'
    kept = lab.folder / "practice.jsonl"
    twin = bp.exercises.practice("output layer")  # draws what the notebook draws
    with lab.cells(first, 'app = bp.exercises.practice("output layer")\napp', name="practice") as notebook:
        app, page = notebook.element.locator(".bpkit-app"), notebook.page
        expect(app).to_contain_text("A new topic: output layer.")
        for count in range(3):
            part = twin.state.exercise.content.parts[0]
            assert isinstance(part, NumberPart)
            wrong = next(one for one in part.wrong if one.name == WRONG)
            text = f"{wrong.answer:.6g}" if not count else part.shown()
            expect(app.get_by_text(twin.title, exact=True)).to_be_visible()
            app.get_by_label("Answer a").focus()
            page.keyboard.type(text)
            page.keyboard.press("Enter")
            expect(
                app.get_by_text("leave out the slope of the output" if not count else "All correct.").first
            ).to_be_visible()
            twin.answer(a=text)
            twin.again()
            app.get_by_role("button", name="Next question").focus()
            page.keyboard.press("Enter")
            expect(app.get_by_label("Answer a")).to_be_focused()  # to be answered at once
            expect(app.get_by_label("Answer a")).to_have_value("")
            if count == 1:  # right once: it may come back, and after the next right answer it is gone
                app.get_by_text("Mistakes that come back").click()
                assert app.get_by_role("listitem").all_inner_texts() == ["to leave out the slope of the output"]
                for theme in lab.themes():
                    assert lab.serious() == [], theme
        expect(app).to_contain_text("2 of 3 right at the first answer.")
        expect(app.get_by_text("Mistakes that come back")).to_be_hidden()
        assert [json.loads(line)["verdict"] for line in kept.read_text().splitlines()] == [
            "misconception",
            "correct",
            "correct",
        ]
        topic = app.get_by_label("topic")
        topic.focus()
        topic.select_option("pictures")
        expect(app).to_contain_text("A new topic: pictures.")
        expect(topic).to_be_focused()
        expect(app.locator(".bpkit-card-picture svg")).to_be_visible()
        topic.select_option("output layer")
        expect(app.get_by_text(twin.title, exact=True)).to_be_visible()
        assert notebook.problems() == []
        # Another day is another kernel: it goes on where the learner stopped.
        lab.js("() => panel.sessionContext.session.kernel.restart()")
        notebook.run()
        expect(app.get_by_text(twin.title, exact=True)).to_be_visible()
        expect(app.locator(".bpkit-why")).to_have_text(re.compile(re.escape(twin.told["why"])))
