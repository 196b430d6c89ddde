"""The words of a review: what a line makes, what is wrong with it, which parts are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType

import numpy as np

from bpkit.core.derivation import Derivation
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.core.spelling import typeset
from bpkit.mistakes.programs.alone import Alone
from bpkit.mistakes.programs.hypotheses import Hypothesis
from bpkit.mistakes.programs.outcome import GRADIENTS, LOSS, OUTPUTS, PARAMETERS, Part
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.running import Run
from bpkit.mistakes.programs.shape_errors import clash_at
from bpkit.mistakes.programs.source import Gap, first_line, loop_at, quoted
from bpkit.mistakes.programs.trials import sizes_text
from bpkit.mistakes.programs.ways_to_call import Attempt, shapes_of

PARTS = {OUTPUTS: "the outputs", LOSS: "the loss"}
MOST = 12  # arrays whose shapes are listed


@dataclass(frozen=True, repr=False)
class Bug:
    """A mistake in a program: its stable ``name``, what ``you`` do, a ``sentence`` on why it is one, and where.

    ``line`` is its number in the learner's file, as a traceback counts (0 where none shows it), ``code`` its text,
    ``quantity`` what that line makes in the derivation, ``should`` what belongs there, ``function`` the one that the
    line is in, where another is under review.
    """

    name: str
    you: str
    sentence: str
    line: int
    code: str
    quantity: str = ""
    detail: str = ""
    should: Place | None = None
    function: str = ""

    @property
    def expected(self) -> str:
        """The name of what belongs there."""
        return self.should.name if self.should else ""

    def __repr__(self) -> str:
        where = f" in line {self.line}" if self.line else ""
        return f"Bug({self.name!r}{where})"


def part_words(parts: Iterable[Part]) -> str:
    """Parts in a sentence: dW1, db1 and the loss.

    >>> part_words([Part(GRADIENTS, "W1"), Part(GRADIENTS, "b1"), Part(LOSS)])
    'dW1, db1 and the loss'
    """
    words = [PARTS.get(part.kind, part.name) for part in parts]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def line_of(line: int, code: str, function: str = "") -> str:
    """The line, as a sentence begins with it, and the function that it is in, where one is given.

    >>> line_of(3, "d = out - y"), line_of(0, "")
    ('Line 3, `d = out - y`', 'Your function')
    """
    at = f"Line {line}{f' of `{function}`' if function else ''}"
    return f"{at}, `{code}`" if code else at if line else "Your function"


def elsewhere(code: CodeType | None, run: Run) -> str:
    """The name of the function that a line is in, where that is not the one under review."""
    main = run.given[0].code if run.given else None
    return code.co_name if code and main and code is not main and code.co_name.isidentifier() else ""


def message_of(
    bug: Bug,
    hypothesis: Hypothesis,
    right: Mapping[Part, bool],
    true: Place | None,
    d: Derivation,
    made: bool = True,
    times: str = "",
    more: str = "",
) -> str:
    """The line, what it ``made`` or else should have made, what you do there, and which parts are wrong for that.

    ``times`` are words for a factor in front of what it made, ``more`` is what else is said of the line.
    """
    verb = "is" if made else "should be"
    is_that = f": this {verb} {times}{true.shown}{true.of_layer(d)}. You" if true else ": you"
    if not bug.line:
        is_that = ": you"
    detail = f" ({hypothesis.detail})" if hypothesis.detail else ""
    said = typeset(f"{hypothesis.you}{detail}; {hypothesis.sentence}.", d.quantities)
    told = f"{line_of(bug.line, bug.code, bug.function)}{is_that} {said}"
    return " ".join(filter(None, (told, more, standing(right))))


def standing(right: Mapping[Part, bool]) -> str:
    """Which parts are wrong and which are right.

    >>> standing({Part(GRADIENTS, "W1"): False, Part(GRADIENTS, "b1"): True})
    'So dW1 is wrong; db1 is right.'
    """
    bad, good = ([part for part, ok in right.items() if ok is kind] for kind in (False, True))
    if not bad:
        return ""
    said = f"So {part_words(bad)} {_are(bad)} wrong"
    return f"{said}; {part_words(good)} {_are(good)} right." if good else f"{said}."


def _are(parts: Sequence[Part]) -> str:
    return "are" if len(parts) > 1 or parts[0].kind == OUTPUTS else "is"


def unknown_message(
    right: Mapping[Part, bool],
    line: int,
    code: str,
    failing: Sequence[tuple[int, ...]],
    passing: Sequence[tuple[int, ...]],
    function: str = "",
) -> str:
    """What is right, what is wrong, where to look, and at which sizes it fails; ``function`` is that of the line, where
    another is under review.
    """
    bad, good = ([part for part, ok in right.items() if ok is kind] for kind in (False, True))
    said = [f"{part_words(bad).capitalize() if bad[0].kind in PARTS else part_words(bad)} {_are(bad)} wrong"]
    if good:
        said[0] += f", {part_words(good)} {_are(good)} right"
    said[0] += ", and I do not recognise the mistake."
    if line:
        at = line_of(line, code, function).removeprefix("L")
        said.append(f"The first array that is none of the derivation's is made in l{at}. Look there first.")
        said.append("There may be more than one mistake.")
    if not all(failing):
        said.append(f"It fails for {len(failing)} of the {len(failing) + len(passing)} sets of numbers that I drew.")
    elif passing:
        said.append(f"It fails for {sizes_text(failing)} and not for {sizes_text(passing)}.")
    else:
        said.append(f"It fails for all sizes that I tried: {sizes_text(failing)}.")
    return " ".join(said)


def first_message(
    bug: Bug, found: Alone, true: Place | None, right: Mapping[Part, bool], d: Derivation, also: str = ""
) -> str:
    """The first of several mistakes, with what its line made or should have made, and what is known of another."""
    said = message_of(bug, found.hypothesis, {}, true or found.place, d, true is not None)
    bad = [part for part, ok in right.items() if not ok]
    more = f"That alone does not explain {part_words(bad)}: there is another mistake."
    last = f"Correct {f'line {bug.line}' if also else 'this line'} first, and I can judge the rest."
    return " ".join(filter(None, (said, more, also, last)))


def gaps_message(gaps: Sequence[Gap], name: str, begun: bool) -> str:
    """Where a program still has gaps, and what to do about them.

    >>> gaps_message([Gap("forward", 2, "out = ...")], "forward", begun=False)
    'Line 2 still has a gap: `out = ...`. Write your answer where the three dots are, and run the cell again.'
    """
    first = gaps[0]
    there = f"Line {first.line}{f' of `{first.function}`' if first.function != name else ''}"
    rest = sum(gap.function == first.function for gap in gaps) - 1
    said = f"{there} still has a gap: `{first.code}`."
    if first.function != name:
        said += f" Your function calls `{first.function}`, so fill that one first."
        return f"{said} Then run its cell and this one again."
    if begun:
        said += " Beside the other lines you see what they make so far."
    if rest:
        said += f" {rest} more {'line has one' if rest == 1 else 'lines have one'}."
    return f"{said} Write your answer where the three dots are, and run the cell again."


def nothing_message(
    line: int,
    code: str,
    came: Sequence[int],
    place: Place,
    wanted: Sequence[int],
    function: str = "",
    made: Place | None = None,
) -> str:
    """A line that makes no array of the derivation, or has ``made`` another one, and what is expected there, with its
    shape.
    """
    what = "the delta" if place.role is Role.ADJOINT else "the net inputs" if place.tag == "net" else "the outputs"
    layer = f"{what} of layer {place.block}"
    shapes = f"with the shape {tuple(wanted)}; you have {tuple(came)}" if [*came] != [*wanted] else "a number per point"
    at = line_of(line, code, function)
    is_it = f": this is {made.shown}." if made else ", makes no array of the derivation."
    return f"{at}{is_it} Expected here: {place.shown}, {layer}, {shapes}."


def broken(attempt: Attempt, seconds: float) -> tuple[str, int, str]:
    """What to say about a program that stopped, never ends or gives nothing that can be read: words, line, code."""
    run = attempt.run
    line, code = code_at(*stopped_at(run))
    at = line_of(line, code, elsewhere(stopped_at(run)[0], run))
    if run.endless:
        said = f"{at}: your program had not ended after {seconds:g} seconds. Does a loop here never stop?"
        return said, line, code
    if run.error is not None:
        kind, text = type(run.error).__name__, str(run.error).partition("\n")[0][:200].rstrip(".")
        clash = clash_at(*stopped_at(run), run.shapes) if isinstance(run.error, ValueError) else None
        if "gufunc" in text:  # NumPy's own words for it
            text = "the shapes in a matrix product do not fit"
        said = f"{at}: your program stopped with {kind}{f': {text}' if text else ''}."
        if clash:
            said = f"{at}: your program stops here, as the shapes do not fit. {clash.words}"
        shapes = _shapes_there(attempt) if isinstance(run.error, ValueError | IndexError | TypeError) else ""
        return " ".join(filter(None, (said, "" if clash else _advice(run.error), shapes))), line, code
    line, code = first_line(run.main, run.end), quoted(run.main, run.end)
    if run.result is None:
        said = "returned nothing. End it with a return, such as return dW1, db1, dW2, db2."
        return (
            f"{line_of(line, code)}: your function ends here and {said}" if line else f"Your function {said}",
            line,
            code,
        )
    wanted = (attempt.problem.n_samples, *attempt.problem.network.output_shape)
    if isinstance(run.result, np.ndarray) and attempt.said == OUTPUTS:
        came = run.result.shape
        return f"{line_of(line, code)}: this has the shape {came}, and the outputs have {wanted}.", line, code
    kind = type(run.result).__name__
    if attempt.said in (GRADIENTS, PARAMETERS):
        names = [Part(attempt.said, key).name for key in shapes_of(attempt.problem)]
        count = f"{attempt.count} array{'s' * (attempt.count != 1)}" if attempt.count else f"a {kind}"
        said = f"{line_of(line, code)}: you return {count}. Return all {len(names)}: {', '.join(names)}."
        return said, line, code
    said = (
        f"{line_of(line, code)}: I cannot read what your function returned, a {kind}. Return the gradients, one for "
        "each parameter, or say "
        'what it returns: add returns="gradients", "parameters", "outputs" or "loss".'
    )
    return said, line, code


def stopped_at(run: Run) -> tuple[CodeType | None, int]:
    """Where a program stopped: the last line of the learner's, the loop that never ends, the call that comes back."""
    if not run.trail:
        return None, 0
    line, code = run.trail[-1]
    if run.endless:
        loops = [(one, loop) for at, one in run.trail if (loop := loop_at(one, at))]
        return loops[0] if loops else (code, line)
    if isinstance(run.error, RecursionError):
        line, code = Counter(run.trail).most_common(1)[0][0]
    return code, line


def _shapes_there(attempt: Attempt) -> str:
    """The shapes of the arrays where the program stopped; of those that it got where it had none of its own."""
    x, y = attempt.how.data(attempt.problem)
    given = {"x": x, "y": y, **attempt.how.parameters(attempt.problem)}
    shapes = {name: np.shape(value) for name, value in given.items()}
    there = {name: shape for name, shape in attempt.run.shapes.items() if shape}
    if {*there} & {*shapes}:
        return f"The shapes there: {', '.join(f'{name} {shape}' for name, shape in [*there.items()][:MOST])}."
    return f"I called it with {', '.join(f'{name} {shape}' for name, shape in shapes.items())}."


def _advice(error: BaseException) -> str:
    """What to do about the commonest errors."""
    text = str(error)
    if isinstance(error, ValueError) and ("matmul" in text or "not aligned" in text):
        return (
            "The columns of the first array must be as many as the rows of the second. Do you need another array, "
            "another order, .T, or * for number by number?"
        )
    if isinstance(error, ValueError) and "broadcast" in text:
        return "Print the .shape of both arrays: they must agree, or one of them must be 1."
    if isinstance(error, IndexError) and "integer" in text:
        return "Here y has a number for each class in each row: write y.argmax(axis=1) where you need the class itself."
    if isinstance(error, NameError):
        return "Is it spelt as it was above?"
    if isinstance(error, RecursionError):
        return "The function calls itself without an end."
    return ""


def misfit(attempt: Attempt, part: Part) -> str:
    """A part whose shape its parameter does not have."""
    assert attempt.outcome is not None
    return wrong_shape(attempt, part, attempt.outcome.parts[part])


def wrong_shape(attempt: Attempt, part: Part, value: Array) -> str:
    """What is said of an array that has not the shape of its parameter."""
    came, wanted = np.shape(value), shapes_of(attempt.problem)[part.key]
    if attempt.how.layout == "W @ x" and part.key not in attempt.problem.network.upright:
        wanted = wanted[::-1]
    return f"{part.name} has the shape {came}, and its parameter {wanted}."


def code_at(code: CodeType | None, line: int) -> tuple[int, str]:
    """Number and text of the statement at a line.

    >>> def forward(x, W1):
    ...     return x @ W1
    >>> code_at(forward.__code__, 2)
    (2, 'return x @ W1')
    """
    return first_line(code, line), quoted(code, line)
