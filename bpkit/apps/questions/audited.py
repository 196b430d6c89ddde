"""What the predictions of lesson 08 say about printed figures, printed sentences and a wrong number."""

from __future__ import annotations

from collections.abc import Mapping

from bpkit.apps.questions.prediction import Answer
from bpkit.core.expressions import names_in
from bpkit.core.numeric import evaluate
from bpkit.core.spelling import number_read
from bpkit.examples.article import article
from bpkit.examples.mazur import mazur
from bpkit.mistakes.variants import wrong_values

WHERE = (
    "in the first forward pass",
    "among the derivatives",
    "among the eight new weights",
    "in the outputs and the loss of the updated network",
)


def where_mazur_slips() -> tuple[Answer, str]:
    wrong = mazur.audit().wrong
    kinds = [("after " in one.figure, one.figure.endswith("_new"), "/" in one.figure, True) for one in wrong]
    [place] = {kind.index(True) for kind in kinds}
    return WHERE[3 - place], (
        "every step that the post explains holds, down to the new weights. The figures after an update must come from "
        "a program, and that did something else than the post explains"
    )


LATER = ("all three", "E and the new w₁", "E alone", "none of them")


def figures_that_hold() -> tuple[Answer, str]:
    *_, loss, weight, after = article.audit()
    held = [finding.holds for finding in (loss, weight, after)]
    return LATER[[[True] * 3, [True, True, False], [True, False, False], [False] * 3].index(held)], (
        "all three use the output of o1, which is wrong, so you cannot trust any of them. And each is off: E should be "
        f"{number_read(loss.exact)} and the new w₁ {number_read(weight.exact)}, and the loss after the update is too "
        f"{'small' if float(after.printed) < after.exact else 'large'}. Whether they have slips of their own as well "
        "is another question, and the detective has it next"
    )


SENTENCES = (
    "“w₅ is changed by adding learning rate times derivative”",
    "“E and w₅ have no direct relation”",
    "“The change with respect to w₁ is negative, so w₁ must be reduced”",
    "“net(o1) is the net input in h1”",
)


def true_sentence() -> tuple[Answer, str]:
    problem, lines = article.problem, article.problem.derivation
    numbers = evaluate(problem)
    added = problem.replace(w5=problem.parameters["w5"] + problem.learning_rate * numbers["dE_total/dw5"])
    truths = (
        evaluate(added)["E_total"] < numbers["E_total"],
        "w5" not in names_in(lines["E_total"].rhs),
        numbers["dE_total/dw1"] < 0,
        lines["net_o1"].quantity.neuron == "h1",
    )
    [place] = [place for place, true in enumerate(truths) if true]
    return SENTENCES[place], (
        "w₅ is in no formula for E. E depends on it through the net input and the output of o1, and that is why the "
        "article uses the chain rule next. The other three are wrong. Adding makes the loss grow, so you subtract; "
        "the article's own new w₁ is smaller, as it should be. w₁ must be reduced because its derivative "
        "is positive. And net(o1) belongs to o1: that is a slip of the pen"
    )


# What may be wrong with the student's number, and what the detective calls that.
SLIPS = {
    "the slope of the output is missing": "forgets the output slope",
    "the slope of the output is in it twice": "counts the output slope twice",
    "the output of h2 is missing": "leaves out the input factor",
    "the sign of the error is turned": "swaps the sign of the error",
}
DIVIDED = tuple(SLIPS)
DONE = "the output of h2 is missing"


def _quotients() -> Mapping[str, float]:
    """What each slip multiplies ∂E/∂w₈ by."""
    right = float(evaluate(article.problem)["dE_total/dw8"])
    wrong = {slip.name: number for slip, number in wrong_values(article.problem, "dE/dw8").items()}
    return {choice: wrong[name] / right for choice, name in SLIPS.items()}


def divided() -> tuple[Answer, str]:
    right, quotient = float(evaluate(article.problem)["dE_total/dw8"]), _quotients()[DONE]
    factor = number_read(1 / quotient)
    return DONE, (
        f"the right number is {number_read(right)}, and {number_read(quotient * right)} is {number_read(quotient, 4)} "
        f"times as large. That is 1 / {factor}, so the factor {factor} is missing, and this is the output of h2"
    )


def with_each_slip() -> Mapping[str, str]:
    """What is said of the quotient to those who chose another slip."""
    found = {choice: number_read(quotient, 4) for choice, quotient in _quotients().items()}
    slope = number_read(float(evaluate(article.problem)["dout_o2/dnet_o2"]))
    without, twice, _, turned = DIVIDED
    return {
        without: f"Then the quotient would be {found[without]}, that is 1 / {slope}.",
        twice: f"Then the quotient would be {found[twice]}, the slope itself.",
        turned: f"Then the quotient would be {found[turned]}: only the sign would change.",
    }
