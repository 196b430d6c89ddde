"""The one chain rule: from forward lines it writes slopes, sums over users and gradients, line by numbered line."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from bpkit.core.errors import BpkitError
from bpkit.core.expressions import ONE, names_in, product, total
from bpkit.core.lines import Line, Lines, Shortcut, Slope
from bpkit.core.quantities import Quantity, Role, derivative
from bpkit.core.shown import Shown
from bpkit.core.spelling import in_words
from bpkit.core.updates import STATE, UpdateRule, before, kept


@dataclass(frozen=True, repr=False)
class Step(Shown):
    """One numbered line: a quantity, what it equals, why, and the numbers of the lines that it uses.

    ``rhs`` is what people read; ``stable`` says the same in the spelling that is computed. ``cancelled`` is the short
    form that is left of ``rhs`` where slopes cancel (p - y), else None. ``names`` has the quantity of each name.
    """

    number: int
    quantity: Quantity
    rhs: sp.Expr
    reason: str
    stable: sp.Expr
    uses: tuple[int, ...] = ()
    cancelled: sp.Expr | None = None
    names: Mapping[str, Quantity] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """The name of the quantity on the left."""
        return self.quantity.name

    @property
    def role(self) -> Role:
        """Which kind of line it is."""
        return self.quantity.role

    @property
    def lhs(self) -> sp.Symbol:
        """The left side: the symbol with the quantity's name."""
        return self.quantity.symbol

    @property
    def shown(self) -> sp.Expr:
        """The right side in its shortest form.

        >>> import bpkit as bp
        >>> step = bp.derive(bp.Network(1, 1, loss="binary_cross_entropy"))["dE_o1/dnet_o1"]
        >>> step.rhs, step.shown
        (dE_o1/dout_o1*dout_o1/dnet_o1, out_o1 - y1)
        """
        return self.rhs if self.cancelled is None else self.cancelled


def behind(wanted: Iterable[str], lines: Mapping[str, Step], given: Container[str] = ()) -> set[str]:
    """The lines that some quantities rest on, their own among them, as far as they are not given.

    >>> import bpkit as bp
    >>> sorted(behind(["out_o1"], bp.derive(bp.Network(1, 1)).by_name))
    ['net_o1', 'out_o1']
    """
    found, waiting = set[str](), [*wanted]
    while waiting:
        name = waiting.pop()
        if name in lines and name not in found and name not in given:
            found.add(name)
            waiting += names_in(lines[name].rhs)
    return found


class _Writer:
    """Writes the way back of some forward lines; ``number_of`` finds the earlier lines that a right side uses."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.steps: list[Step] = []
        self.number_of: dict[str, int] = {}
        self.names = dict(lines.quantities)  # one for all steps, which grows with them
        self.written: dict[tuple[str, str], sp.Symbol] = {}  # of and by of each derivative
        self.loss = lines.total
        self.users: dict[str, list[Line]] = {name: [] for name in lines.quantities}  # those that reach the loss
        self.stage_of: dict[str, int] = {}  # the first stage that uses a quantity
        alive = {self.loss.name}
        for place, stage in reversed([*enumerate(lines.stages)]):
            for line in reversed(stage.lines):
                used = names_in(line.rhs)
                self.stage_of |= dict.fromkeys(used, place)
                if line.name in alive:
                    alive |= used
                    for name in used:
                        self.users[name].insert(0, line)
        # The loss is the sum of these: its derivative in each is 1, and no line says so.
        self.errors = {
            line.name: line.quantity
            for line in lines
            if self.users[line.name] == [self.loss] and self.slope(self.loss, line.quantity).rhs == ONE
        }
        self.reached = {name: {name} for name in self.errors}  # the errors that a quantity goes on to
        if any(stage.by_error for stage in lines.stages):
            for line in reversed([*lines]):
                for name in names_in(line.rhs):
                    self.reached.setdefault(name, set()).update(self.reached.get(line.name, ()))

    def write(self, quantity: Quantity, rhs: sp.Expr, reason: str, short: Shortcut | None = None) -> sp.Symbol:
        cancelled = short.cancelled if short else None
        seen = names_in(rhs) if cancelled is None else names_in(rhs) | names_in(cancelled)
        uses = tuple(sorted(self.number_of[name] for name in seen if name in self.number_of))
        number = self.number_of[quantity.name] = len(self.steps) + 1
        if quantity.of and quantity.by:
            self.written[quantity.of.name, quantity.by.name] = quantity.symbol
        self.names[quantity.name] = quantity
        stable = short.stable if short else rhs
        self.steps.append(Step(number, quantity, rhs, reason, stable, uses, cancelled, self.names))
        return quantity.symbol

    def forward(self) -> None:
        for line in self.lines:
            self.write(line.quantity, line.rhs, line.reason, Shortcut(line.stable))

    def backward(self) -> None:
        for place, stage in reversed([*enumerate(self.lines.stages)]):
            # A constant, such as the state before the first step, passes nothing on.
            lines = [line for line in stage.lines if line.rhs.free_symbols and line.name not in self.errors]
            row = [line.quantity for line in lines if line is not self.loss]
            for quantity in row if stage.slopes_first else ():
                self.slopes(quantity)
            for quantity in row:
                (self.error_by_error if stage.by_error else self.adjoint)(quantity)
            for name, parameter in self.lines.parameters.items():
                if self.stage_of[name] == place:
                    self.adjoint(parameter, Role.GRADIENT)

    def inputs(self) -> None:
        """Write the derivatives with respect to the inputs."""
        for quantity in self.lines.quantities.values():
            if quantity.tag == "input":
                self.adjoint(quantity)

    def slope(self, line: Line, used: Quantity) -> Slope:
        if own := line.slopes.get(used.name):
            return own
        return Slope(sp.diff(line.rhs, used.symbol), f"slope of {line.name} in {used.name}")

    def slopes(self, used: Quantity) -> list[Line]:
        """The lines that use a quantity, their slopes in it written."""
        for line in self.users[used.name]:
            if (line.name, used.name) not in self.written:
                rhs, reason, stable = self.slope(line, used)
                short = Shortcut(rhs if stable is None else stable)
                self.write(derivative(line.quantity, used, Role.SLOPE), rhs, reason, short)
        return self.users[used.name]

    def term(self, of: Quantity, line: Line, used: Quantity) -> sp.Expr:
        """One path: the derivative in a user, times the user's slope."""
        slope = self.written[line.name, used.name]
        if line.quantity is of or (of is self.loss.quantity and line.name in self.errors):
            return slope
        return product(self.written[of.name, line.name], slope)

    def error_by_error(self, used: Quantity) -> None:
        """One line for each error that a quantity reaches, then their sum."""
        if not self.users[used.name]:
            self.adjoint(used)
            return
        parts, users = [], self.slopes(used)
        errors = [error for name, error in self.errors.items() if name in self.reached[used.name]]
        for error in errors:
            paths = [line for line in users if error.name in self.reached[line.name]]
            of = derivative(error, used, Role.ADJOINT)
            if [line.quantity for line in paths] != [error]:  # else the slope of the error is that very line
                rhs = total(*(self.term(error, line, used) for line in paths))
                why = f"chain rule: the error of {error.neuron} through {in_words([line.name for line in paths])}"
                self.write(of, rhs, why, self.lines.shortcuts.get(of.name))
            parts.append(of.symbol)
        if len(errors) != 1:
            why = f"{used.name} reaches the loss through {_places(users)}"
        elif users[0].quantity is errors[0]:
            why = f"only {errors[0].name} contains {used.name}"
        else:
            why = f"only {errors[0].name} depends on {used.name}{_delta(used, '; this is ')}"
        self.write(derivative(self.loss.quantity, used, Role.ADJOINT), total(*parts), why)

    def adjoint(self, used: Quantity, role: Role = Role.ADJOINT) -> None:
        """The derivative of the loss: one term for each line that uses the quantity."""
        of, users = derivative(self.loss.quantity, used, role), self.slopes(used)
        short = self.shortcut(of, used, users)
        if not users:
            why = f"{used.name} does not reach the loss"
        elif role is Role.GRADIENT and users[1:]:
            each = "neuron that it feeds" if all(line.quantity.tag == "net" for line in users) else "line that uses it"
            why = f"chain rule for {used.name}, one term for each {each}"
        elif role is Role.GRADIENT:
            why = f"chain rule for {used.name}, through {users[0].name}"
        elif users[1:]:
            why = f"{used.name} reaches the loss through {_places(users)}"
        else:
            why = f"chain rule: the loss through {users[0].name}{_delta(used, ', ')}"
        why += f"; {short.because}" if short and short.because else ""
        terms = [self.term(self.loss.quantity, line, used) for line in users]
        self.write(of, total(*terms) if terms else sp.S.Zero, why, short)

    def shortcut(self, of: Quantity, used: Quantity, users: list[Line]) -> Shortcut | None:
        """What is left where loss and activation cancel; an output that goes on to other lines brings their share."""
        if not (short := self.lines.shortcuts.get(of.name)):
            return None
        beside = [(out, line) for out in users for line in self.users[out.name] if line.name not in self.errors]
        if not beside:
            return short
        shares = (
            product(self.term(self.loss.quantity, line, out.quantity), self.written[out.name, used.name])
            for out, line in beside
        )
        return Shortcut(total(short.stable, *shares))

    def update(self, rule: UpdateRule, trained: Iterable[str]) -> None:
        trained = set(trained)
        written = [*rule.before()] if trained else []
        for name, parameter in self.lines.parameters.items():
            slope = self.written[self.loss.name, name]
            written += rule.lines(parameter, slope) if name in trained else kept(parameter)
        own = {*rule.constants, *(quantity.name for quantity, *_ in written)}
        if twice := sorted(own & self.lines.quantities.keys()):
            raise BpkitError(
                f"update: expected names that {type(rule).__name__} does not use itself, "
                f"got a weight called {twice[0]!r}; give it another with weight_names"
            )
        constants = [Quantity(name, spelled=name, tag="constant") for name in ("learning_rate", *rule.constants)]
        olds = [before(quantity) for quantity, *_ in written if quantity.tag == STATE]
        self.names.update({quantity.name: quantity for quantity in (*constants, *olds)})
        for line in written:
            self.write(*line)


def _delta(quantity: Quantity, between: str) -> str:
    """The delta in words, where a quantity is a net input; else nothing.

    >>> _delta(Quantity("net", "o", (1,), tag="net"), ", "), _delta(Quantity("out", "h", (1,), tag="out"), ", ")
    (', the delta of o1', '')
    """
    return f"{between}the delta of {quantity.neuron}" if quantity.tag == "net" else ""


def _places(users: list[Line]) -> str:
    """What a quantity goes on through: neurons where they have names."""
    tags, many = {line.quantity.tag for line in users}, len(users) > 3
    if tags == {"net"}:
        return "every neuron after it" if many else in_words([line.quantity.neuron for line in users])
    names = [line.quantity.neuron if line.quantity.tag == "net" else line.name for line in users]
    shown = f"{', '.join(names[:3])} and {len(names) - 3} more" if many else in_words(names)
    every = f"all {len(names)}" if users[2:] else "both"
    return f"{every} outputs: {shown}" if tags == {"out"} else shown


def backpropagated(lines: Lines, rule: UpdateRule, trained: Iterable[str]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """All lines of a model, numbered: forward, backward, update; then derivatives with respect to inputs.

    Errors: ``BpkitError`` for a parameter that no line uses.
    """
    writer = _Writer(lines)
    if unused := [name for name in lines.parameters if name not in writer.stage_of]:
        raise BpkitError(f"derive: expected each parameter to be used, got {unused[0]!r}, which no line holds; drop it")
    writer.forward()
    writer.backward()
    writer.update(rule, trained)
    end = len(writer.steps)
    writer.inputs()
    return tuple(writer.steps[:end]), tuple(writer.steps[end:])
