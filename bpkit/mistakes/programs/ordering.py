"""The order in which a program gives its arrays: right numbers in another order end up in the wrong parameters."""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType
from typing import NamedTuple

from bpkit.core.quantities import Role
from bpkit.mistakes.programs.arguments import Signature
from bpkit.mistakes.programs.following import Followed
from bpkit.mistakes.programs.outcome import GRADIENTS, PARAMETERS, Part, read_label
from bpkit.mistakes.programs.spellings import Spelling
from bpkit.mistakes.programs.telling import code_at, part_words
from bpkit.mistakes.programs.ways_to_call import Attempt, shapes_of


def wanted_order(signature: Signature, attempt: Attempt) -> tuple[str, ...]:
    """The order of the parameters, as the program takes them; () where their names decide."""
    shapes = shapes_of(attempt.problem)
    roles = tuple(role for _, role, _ in signature.roles if role in shapes)
    if set(roles) == set(shapes):
        return roles
    return tuple(shapes) if attempt.how.form == "list" and not {"weights", "biases"} & set(_roles(signature)) else ()


def _roles(signature: Signature) -> list[str]:
    return [role for _, role, _ in signature.roles]


def misordered(attempt: Attempt, signature: Signature) -> str:
    """What to say of right arrays that a program returns one after the other in another order; "" of all else."""
    outcome, run = attempt.outcome, attempt.run
    if outcome is None or outcome.kind not in (GRADIENTS, PARAMETERS) or len(outcome.order) < 2:
        return ""
    wanted = [key for key in wanted_order(signature, attempt) if key in outcome.order]
    if not wanted or [*outcome.order] == wanted:
        return ""
    return _said(run.main, run.end, "", outcome.kind, outcome.order, wanted)


class Elsewhere(NamedTuple):
    """What is said of the return of another function, and where that is."""

    said: str
    code: CodeType
    line: int


def misunpacked(attempt: Attempt, values: Sequence[Followed], spelling: Spelling) -> Elsewhere | None:
    """The same of a function that the program calls, where it takes one derivative for another because of that."""
    if not attempt.run.given:
        return None
    main = attempt.run.given[0].code
    here = [one for one in values if one.code is main and not one.seen.returned and one.seen.value.size > 1]
    taken = [(one, read_label(one.seen.name, spelling)) for one in here if _slope(one)]
    if not any(kind == GRADIENTS and key and key != _slope(one) for one, (key, kind) in taken):
        return None
    shapes = shapes_of(attempt.problem)
    back = [one for one in values if one.code is not main and one.seen.returned and _slope(one)]
    order = [_slope(one) for one in back if one.code is back[0].code]
    if sorted(order) != sorted(shapes) or order == [*shapes]:
        return None
    code, line = back[0].code, back[0].seen.line
    return Elsewhere(_said(code, line, f" of `{code.co_name}`", GRADIENTS, order, [*shapes]), code, line)


def _slope(one: Followed) -> str:
    """The parameters whose derivative a value is."""
    return one.true.place.key if one.true and one.true.place.role is Role.GRADIENT and one.true.factor == 1 else ""


def _said(main: CodeType | None, at: int, of: str, kind: str, order: Sequence[str], wanted: Sequence[str]) -> str:
    line, code = code_at(main, at)
    where = f"Line {line}{of}, `{code}`" if line else f"Your function{of}"
    first = next(right for came, right in zip(order, wanted) if came != right)
    names = part_words(Part(kind, key) for key in wanted)
    place = " first" if first == wanted[0] else f" after {Part(kind, wanted[[*wanted].index(first) - 1]).name}"
    return (
        f"{where}: the numbers are right, the order is not: return {Part(kind, first).name}{place}. "
        f"The order is that of the parameters: {names}."
    )
