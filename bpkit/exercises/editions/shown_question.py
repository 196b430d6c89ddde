"""What an edition shows and says of a question: its picture, what is given, and what is asked."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache

from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import Part
from bpkit.show.diagram import diagram
from bpkit.show.drawing import Drawing
from bpkit.show.strokes import labelled

NETWORK = "The network of this question with its numbers, which the table below it holds too."
FOLDED = "The same numbers in a table"
COMPUTE = "Compute:"
_network = lru_cache(maxsize=64)(diagram)


@lru_cache(maxsize=64)
def own(exercise: Exercise) -> Drawing | None:
    """The picture that a question has: what it asks about, or its network with the numbers that it needs.

    >>> import bpkit as bp
    >>> own(bp.exercises.generate("loss")).caption.split(".")[0]
    'The 1-2-1 network has sigmoid neurons, and its loss is half the squared error'
    """
    return exercise.content.picture() if exercise.content.picture else None


def beside(exercise: Exercise) -> Drawing | None:
    """That picture, or only the network; None if there is neither."""
    about = exercise.task.problems and exercise.content.drawn
    return own(exercise) or (_network(exercise.problem.network) if about else None)


def svg(drawing: Drawing) -> str:
    """A picture's SVG text; what a question shows has one.

    >>> import bpkit as bp
    >>> svg(own(bp.exercises.generate("loss")))[:4]
    '<svg'
    """
    return str(drawing.figure)


def address(drawing: Drawing) -> str:
    """A picture as an address that holds all of it but its words: where it is shown other words stand for it.

    >>> import bpkit as bp
    >>> address(beside(bp.exercises.generate("loss")))[:26]
    'data:image/svg+xml;base64,'
    """
    mute = svg(drawing).replace(labelled(drawing.caption), "")
    return f"data:image/svg+xml;base64,{b64encode(mute.encode()).decode()}"


def in_markdown(exercise: Exercise) -> str:
    """A question's picture in a notebook's text, which holds all of it, and its numbers in a fold; else nothing."""
    drawing = own(exercise)
    if drawing is None:
        return ""
    numbers = table(exercise)
    words = NETWORK if numbers else drawing.caption
    fold = f"<details>\n<summary>{FOLDED}</summary>\n\n{numbers}\n\n</details>\n\n" if numbers else ""
    return f"![{words}]({address(drawing)})\n\n{fold}"


def table(exercise: Exercise) -> str:
    """The numbers of a question's picture as a table; empty where its text has them.

    >>> import bpkit as bp
    >>> print(table(bp.exercises.generate("loss")).splitlines()[2])
    | $w_{1}$ | x₁ | h1 | $0.51$ |
    """
    content = exercise.content
    return content.table() if content.card and content.table else ""


def given(exercise: Exercise) -> str:
    """What a question gives in words: beside its picture only what that does not show.

    >>> import bpkit as bp
    >>> exercise = bp.exercises.generate("loss")
    >>> "w_{1}" in given(exercise), "w_{1}" in table(exercise)
    (False, True)
    """
    content = exercise.content
    return content.card() if content.card else exercise.text.removesuffix(COMPUTE).rstrip()


def asked(exercise: Exercise) -> str:
    """What a question asks, part by part.

    >>> import bpkit as bp
    >>> asked(bp.exercises.generate("loss"))
    'Compute $E$, to 4 significant digits.'
    """
    if len(exercise.parts) == 1 and computed(exercise):
        return asked_alone(exercise, exercise.content.parts[0])
    chosen = any(getattr(part, "options", ()) for part in exercise.content.parts)  # else no text is looked through
    parts = exercise.asked(f"{given(exercise)}\n\n{table(exercise)}" if chosen else "")
    return f"{COMPUTE}\n\n{parts}" if computed(exercise) else parts


def asked_alone(exercise: Exercise, part: Part) -> str:
    """What one part asks, as a sentence of its own.

    >>> import bpkit as bp
    >>> exercise = bp.exercises.generate("loss")
    >>> asked_alone(exercise, exercise.content.parts[0])
    'Compute $E$, to 4 significant digits.'
    """
    return f"Compute {part.asks}." if computed(exercise) else part.asks


def computed(exercise: Exercise) -> bool:
    """Does a question ask for quantities, with no more words than their names?

    >>> import bpkit as bp
    >>> computed(bp.exercises.generate("loss")), computed(bp.exercises.generate("sign-first"))
    (True, False)
    """
    return exercise.text.endswith(COMPUTE)


def told(exercise: Exercise) -> str:
    """What a question says without a picture in its text: its title, and all that is given.

    >>> import bpkit as bp
    >>> told(bp.exercises.generate("loss")).splitlines()[0]
    'The loss.'
    """
    return "\n\n".join(filter(None, (exercise.heading, table(exercise), given(exercise))))
