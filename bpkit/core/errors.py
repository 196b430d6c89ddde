"""The one family of errors: what was expected, what came, what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches


class BpkitError(ValueError):
    """Anything that bpkit cannot do with what it was given, said in words a learner can act on.

    The text has one form: the object, what was expected, what came, what to do.

    Shapes and units: none. Errors: it is the one family of them, and a ``ValueError``.
    Source: the kit's own.

    >>> import bpkit as bp
    >>> bp.examples.data_set("xr")
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: data_set: expected a name, got 'xr'; did you mean 'xor'?
    """


def suggest(name: object, options: Iterable[str]) -> str:
    """Name the option that was probably meant, or list them all.

    The text follows the sentence that says what came.

    >>> suggest("tahn", ["relu", "tanh"]), suggest("swish", ["relu", "tanh"])
    ("; did you mean 'tanh'?", '; choose one of relu, tanh')
    """
    options = [str(option) for option in options]
    near = get_close_matches(str(name), options, n=3, cutoff=0.6)
    if near:
        return "; did you mean " + " or ".join(repr(option) for option in near) + "?"
    shown = listed(options[:12]) + (f" or one of {len(options) - 12} more" if len(options) > 12 else "")
    return f"; choose one of {shown}" if options else ""


def listed(names: Collection[str]) -> str:
    """The names in a row, with semicolons between them where one has a comma in it.

    >>> listed(["Ada Ash", "Eva Elm"]), listed(["Ash, Ada", "Elm, Eva"])
    ('Ada Ash, Eva Elm', 'Ash, Ada; Elm, Eva')
    """
    return ("; " if any("," in name for name in names) else ", ").join(names)


def chosen(what: str, given: object, options: Collection[str]) -> str:
    """The option given; an error that names them all where it is none of them.

    >>> chosen("layout", "x*W", ["x @ W", "W @ x"])
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: layout: expected 'x @ W' or 'W @ x', got 'x*W'; choose one of x @ W, W @ x
    """
    if isinstance(given, str) and given in options:
        return given
    *most, last = map(repr, options)
    raise BpkitError(f"{what}: expected {', '.join(most)} or {last}, got {given!r}{suggest(given, options)}")


def check_names(has: str, names: Iterable[object], options: Iterable[str]) -> None:
    """Refuse a name that is no option; ``has`` begins the sentence: ``parameters: this network has``.

    >>> check_names("parameters: this network has", ["w1", "w9"], ["w1", "b1"])
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: parameters: this network has no 'w9'; choose one of w1, b1
    """
    options = dict.fromkeys(options)
    for name in names:
        if name not in options:
            raise BpkitError(f"{has} no {name!r}{suggest(name, options)}")


def check_all(what: str, names: Collection[object], wanted: Collection[str], how: str = "") -> None:
    """Refuse names if some are missing; ``how`` says more about what is wanted.

    >>> check_all("parameters: expected a number", ["w1"], ["w1", "b1"])
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: parameters: expected a number for each of w1, b1; b1 is missing
    """
    missing = [name for name in wanted if name not in names]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise BpkitError(f"{what} for each of {', '.join(wanted)}; {', '.join(missing)} {are} missing{how}")
