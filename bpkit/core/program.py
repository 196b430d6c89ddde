"""The Python that lines become, and the one place where it is compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.code import code, identifier
from bpkit.core.expressions import OUT, K, Y, Z, names_in, symbol
from bpkit.core.functions import Activation, Own, as_cases, computable
from bpkit.core.quantities import Role
from bpkit.core.runtime import called, imports


def averaged(step: Step) -> bool:
    """Is it one number for a whole batch: the loss, a parameter's derivative, or what an update makes?

    >>> import bpkit as bp
    >>> [step.name for step in bp.derive(bp.Network(1, 1)) if averaged(step)]
    ['E_total', 'dE_total/dw1', 'dE_total/db1', 'w1_new', 'b1_new']
    """
    return step.role in (Role.GRADIENT, Role.UPDATE) or step.quantity.tag == "total"


def header(names: Iterable[str], functions: Iterable[Own], arrays: bool) -> list[str]:
    """The imports and the functions of people's own that code with these names needs.

    >>> header(["exp"], [], arrays=False)
    ['from math import exp']
    """
    names, definitions = set(names), []
    for name, symbols, expr in {one[0]: one for own in functions for one in own.definitions}.values():
        if name in names:
            text = f"def {name}({', '.join(map(str, symbols))}):\n    return {code(expr, arrays)}"
            definitions += ["", "@guarded", *text.split("\n")]
            names |= called(text) | {"guarded"}
    return [*imports(names, arrays), *definitions]


def compiled(
    name: str,
    arguments: Iterable[str],
    body: Iterable[str],
    functions: Iterable[Own] = (),
    arrays: bool = False,
    **helpers: Any,
) -> Callable[..., Any]:
    """One function from lines of Python that the kit itself wrote; every name in them is checked before."""
    main = compile(function_text(name, arguments, body), "<bpkit derivation>", "exec")
    first = compile("\n".join(header(called(main), functions, arrays)), "<bpkit imports>", "exec")
    module = dict(helpers)
    for part in (first, main):
        exec(part, module)
    run: Callable[..., Any] = module[name]
    return run


def function_text(name: str, arguments: Iterable[str], body: Iterable[str]) -> str:
    r"""The text of one function.

    >>> function_text("double", ["x"], ["return 2*x"])
    'def double(x):\n    return 2*x\n'
    """
    return "\n".join([f"def {name}({', '.join(arguments)}):", *(f"    {line}" for line in body), ""])


@lru_cache(maxsize=64)
def on_arrays(own: Own) -> Callable[..., Any]:
    """An activation by itself, of net inputs, or a loss, of outputs, targets and the number of outputs: on arrays.

    >>> import bpkit as bp, numpy as np
    >>> on_arrays(bp.Network(1, 1, activation="relu").activations[0])(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    symbols = (Z,) if isinstance(own, Activation) else (OUT, Y, K)
    return compiled("run", map(str, symbols), [f"return {code(computable(own.expr), True)}"], arrays=True)


def needed(steps: Sequence[Step], targets: Iterable[str]) -> list[Step]:
    """Only the steps that the targets are computed from, in order.

    >>> import bpkit as bp
    >>> [step.name for step in needed(bp.derive(bp.Network(1, 1)).steps, ["out_o1"])]
    ['net_o1', 'out_o1']
    """
    wanted, kept = set(targets), []
    for step in reversed(steps):
        if step.name in wanted:
            kept.append(step)
            wanted |= names_in(step.stable)
    return kept[::-1]


def inlined(steps: Sequence[Step]) -> list[tuple[Step, sp.Expr]]:
    """The steps with mere names and numbers (dnet_o1/dw5 = out_h1) put into the lines that use them.

    >>> import bpkit as bp
    >>> [expr for step, expr in inlined(bp.derive(bp.Network(1, 1)).steps) if step.name == "dE_total/dw1"]
    [dE_o1/dnet_o1*x1]
    """
    known: dict[sp.Expr, sp.Expr] = {}
    lines = []
    for step in steps:
        expr = step.stable.xreplace(known)
        if (expr.is_Symbol or expr.is_Number) and not averaged(step):
            known[step.lhs] = expr
        else:
            lines.append((step, expr))
    return lines


@dataclass(frozen=True, eq=False)
class Program:
    """What lines compute, as functions: each is compiled when it is first asked for, and by itself.

    ``givens`` are the names that it starts from, in order, ``data`` those of one sample; ``new`` maps a line to the
    given number that it replaces in the next update, ``recorded`` names what training records beside the loss. With
    ``arrays`` a function computes on a whole batch: ``settle__`` makes one number of the samples'.
    """

    steps: tuple[Step, ...]
    givens: tuple[str, ...]
    data: tuple[str, ...]
    functions: tuple[Own, ...]
    new: Mapping[str, str]
    recorded: tuple[str, ...]
    title: str = ""
    _made: dict[tuple[str, bool], Callable[..., Any]] = field(default_factory=dict)

    def function(self, name: str, arrays: bool = False) -> Callable[..., Any]:
        """``evaluate`` all lines, only the ``loss``, all ``given`` some, ``train``, or train on ``each`` sample."""
        key = (name, arrays)
        if key not in self._made:
            arguments, body = getattr(self, f"_{name}")(arrays)
            self._made[key] = compiled(name, arguments, body, self.functions, arrays)
        return self._made[key]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What its lines compute, in order.

        >>> import bpkit as bp
        >>> bp.derive(bp.Network(1, 1)).program.names[:3]
        ('net_o1', 'out_o1', 'E_o1')
        """
        return tuple(step.name for step in self.steps)

    @property
    def source(self) -> str:
        """The module that evaluates and trains: its functions hold the lines of the derivation."""
        parts = (function_text(name, *getattr(self, f"_{name}")(False)) for name in ("evaluate", "loss", "train"))
        text = "\n".join(parts)
        return "\n".join([self.title, *header(called(text), self.functions, False), "", text])

    @property
    def _all(self) -> str:
        return f"return ({', '.join(map(identifier, self.names))},)"

    def _evaluate(self, arrays: bool) -> tuple[list[str], list[str]]:
        lines = [_assigned(step, step.stable, arrays, step.name) for step in self.steps]
        return [*self.givens, *_settled(arrays)], [*lines, self._all]

    def _loss(self, arrays: bool) -> tuple[list[str], list[str]]:
        lines = needed(self.steps, ["E_total"])
        body = (f"{identifier(one.name)} = {code(one.stable, arrays)}  # ({one.number})" for one in lines)
        return [*self.givens], [*body, "return E_total"]

    def _given(self, arrays: bool) -> tuple[list[str], list[str]]:
        """All lines with some quantities handed in: where ``handed__`` holds one, its line is not run."""
        body = []
        for step in self.steps:
            own = identifier(step.name)
            # As it is read: the stable spelling takes 1 - out from net where out is near 1, and a wrong out may be.
            same = names_in(step.stable) == names_in(step.rhs)
            text = code(step.stable if same else as_cases(step.rhs) if arrays else step.rhs, arrays)
            body += [f"{own} = handed__.get({step.name!r})", f"if {own} is None:", f"    {own} = {text}"]
        return [*self.givens, "handed__"], [*body, self._all]

    def _train(self, arrays: bool) -> tuple[list[str], list[str]]:
        rows = inlined(needed(self.steps, ["E_total", *self.new]))
        loss = next(i for i, (step, _) in enumerate(rows) if step.name == "E_total") + 1
        # Updates come last and use no old value but their own, so that a new value takes the old one's place at once:
        # a parameter's under the old name, what a rule remembers under its own (m_w1, for m_w1_old in the next round).
        names: dict[str, str] = {}
        first = []
        for step, _ in rows[loss:]:
            if (old := self.new.get(step.name)) and step.quantity.mark:
                names[step.name] = old
            elif old:
                names[old] = step.name
                first.append(f"{identifier(step.name)} = {old}")
        renamed = {symbol(name): symbol(other) for name, other in names.items()}
        body = [
            "    " + _assigned(step, expr.xreplace(renamed), arrays, names.get(step.name, step.name))
            for step, expr in rows
        ]
        record = ", ".join([*(identifier(names.get(name, name)) for name in self.recorded), "E_total"])
        body[loss:loss] = [f"    record(pack({record}))", "    if not left or not E_total < inf:", "        break"]
        loop = [*first, "for left in range(steps, -1, -1):", *body]
        return [*self.givens, *_settled(arrays), "steps", "record", "pack"], loop

    def _each(self, arrays: bool) -> tuple[list[str], list[str]]:
        """The same with another sample in each update."""
        arguments, body = self._train(arrays)
        start = body.index("for left in range(steps, -1, -1):") + 1
        body.insert(start, f"    {', '.join(self.data)}, = next(samples__)")
        return ["samples__", *(name for name in arguments if name not in self.data)], body


def _assigned(step: Step, expr: sp.Expr, arrays: bool, name: str) -> str:
    """A line; on a batch the loss and the gradients are settled before an update uses them."""
    text = code(expr, arrays)
    if arrays and averaged(step) and step.role is not Role.UPDATE:
        text = f"settle__({text})"
    return f"{identifier(name)} = {text}  # ({step.number})"


def _settled(arrays: bool) -> list[str]:
    return ["settle__"] if arrays else []
