"""Where everything in a graph's picture is: boxes in columns by their longest way, tokens and blocks in lanes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bpkit.core.architecture import Architecture
from bpkit.core.quantities import Quantity
from bpkit.show.graph import Box, Graph, graph
from bpkit.show.strokes import LETTER, Point

WIDE, PAIR = 88.0, 112.0  # of a box with one number, or with several
ROW, TALL = 16.0, 22.0  # of a box: what each number adds, and what it begins with
AIR, ABOVE, BELOW = 10.0, 18.0, 17.0  # between boxes; for a plate above one; for a derivative below it
AIRY = 26.0  # between boxes whose ways have plates
HEAVY = 8.0  # how much more a way keeps its height than a box does
LANE = 26.0  # between lanes
GAP, BUSY, MOST_WAYS = 54.0, 92.0, 10  # between columns, and where more ways than that cross
PASS = 9.0  # of a way that passes a column
MARGIN = 14.0
SIDE = 124.0  # beside the outputs, for targets and errors
FOOT = 46.0  # for the loss and how to read the picture
PLATE_HEIGHT, CELL = 16.0, 34.0  # of a plate, and of a cell of a table of parameters
MOST_PLATES, FEW = 14, 4  # plates on ways; more parameters stand in tables below; between two columns


@dataclass(frozen=True)
class Plate:
    """Where a parameter's name and number are: ``at`` is the middle, ``on`` the way or the boxes that it is for."""

    parameter: str
    at: Point
    room: float
    on: str = ""


@dataclass(frozen=True)
class Plan:
    """Positions in pixels: middles of boxes and half of their sizes, the points of ways, plates; the picture's size.

    ``sides`` is where the target and the error of an output stand, and whether that is below it.
    """

    width: float
    height: float
    boxes: Mapping[str, Point]
    half: Mapping[str, Point]
    ways: Mapping[str, tuple[Point, ...]]
    plates: tuple[Plate, ...]
    cells: tuple[Plate, ...]
    sides: Mapping[str, tuple[Point, bool]]
    columns: Mapping[str, int]
    behind: frozenset[str]  # the ways that boxes beside each other, as those of an image are, cover in part


def needed(box: Box) -> Point:
    """Half the width and half the height that a box needs; those above each other are all as wide as the widest.

    >>> needed(Box("E_total", ()))
    (44.0, 11.0)
    """
    rows = len(box.facts) or len(box.quantities)
    letters = max(map(len, (box.name, *box.facts))) * 7.2 + 16
    return max(PAIR if rows > 1 or box.facts else WIDE, letters) / 2, (TALL + ROW * rows) / 2


def columns(drawn: Graph) -> dict[str, int]:
    """The column of each box: by the longest way to it; what has no source is just before its first user."""
    users: dict[str, list[str]] = {name: [] for name in drawn.boxes}
    sources: dict[str, list[str]] = {name: [] for name in drawn.boxes}
    for way in drawn.ways.values():
        users[way.source].append(way.target)
        sources[way.target].append(way.source)
    found: dict[str, int] = {}

    def column(name: str) -> int:
        if name not in found:
            found[name] = 1 + max(map(column, sources[name]), default=-1)
        return found[name]

    for name in drawn.boxes:
        column(name)
    for name in drawn.boxes:
        if not sources[name] and users[name]:
            found[name] = min(found[one] for one in users[name]) - 1
    return found


def lanes(drawn: Graph, place: Mapping[str, int]) -> dict[str, int]:
    """The lane of each box: that of its token, or in a model that remembers, that of its blocks."""
    steps = _step_axes(one for box in drawn.boxes.values() for one in box.quantities)
    remembers = any(one.tag == "start" for box in drawn.boxes.values() for one in box.quantities)
    if drawn.overview:
        return dict.fromkeys(drawn.boxes, 0)
    if not remembers:
        return {name: _step(box.quantities[-1], steps) for name, box in drawn.boxes.items()}
    found: dict[str, int] = {}
    lane, last = 0, -1  # blocks side by side share a lane; one that goes along with another gets its own
    for number in dict.fromkeys(sorted(box.block for box in drawn.boxes.values())):
        here = [name for name, box in drawn.boxes.items() if box.block == number]
        if min(place[name] for name in here) <= last:
            lane -= 1
            last = -1
        last = max(last, *(place[name] for name in here))
        found |= dict.fromkeys(here, lane)
    return found


def _step_axes(quantities: Iterable[Quantity]) -> set[int]:
    """The axes that count steps: the first of two, in more than one block."""
    blocks: dict[int, set[int]] = {}
    for one in quantities:
        if len(one.axes) > 1:
            blocks.setdefault(one.axes[0], set()).add(one.block)
    return {axis for axis, numbers in blocks.items() if len(numbers) > 1}


def _step(quantity: Quantity, steps: set[int]) -> int:
    return quantity.index[0] if quantity.axes and quantity.axes[0] in steps else 0


@dataclass
class _Unit:
    """What is at one height of a column and a lane: boxes, or a way that passes (the name of its source).

    ``up`` and ``down`` are the room that it takes above and below its middle.
    """

    names: tuple[str, ...]
    up: float
    down: float
    y: float = 0.0
    passes: bool = False


class _Table:
    """The units of each lane and column while they find their heights."""

    def __init__(self, drawn: Graph, air: float) -> None:
        self.graph, self.column, self.air = drawn, columns(drawn), air
        self.lane = lanes(drawn, self.column)
        self.units: dict[tuple[int, int], list[_Unit]] = {}
        self.of: dict[str, _Unit] = {}
        self.passing: dict[tuple[str, int], _Unit] = {}
        self.order: dict[int, float] = {}  # among its neighbours, of what passes
        rows: dict[tuple[int, int, object], list[str]] = {}
        for name, row in _rows(drawn).items():
            rows.setdefault((self.lane[name], self.column[name], row), []).append(name)
        for (lane, column, _), names in rows.items():
            rooms = [self._room(one) for one in names]
            unit = _Unit(tuple(names), max(up for up, _ in rooms), max(down for _, down in rooms))
            self.units.setdefault((lane, column), []).append(unit)
            self.of |= dict.fromkeys(names, unit)
        self._settle()

    def _room(self, name: str) -> Point:
        """How much room a box takes up and down, with all that may be above and below it."""
        box = self.graph.boxes[name]
        tall = needed(box)[1]
        if box.facts:
            return tall, tall
        return tall + ABOVE * bool(self.graph.added[name]), tall + BELOW

    def _settle(self) -> None:
        order = sorted(self.units)
        for keys, near in ((order, self.graph.sources), (order[::-1], self._both), (order, self._both)):
            for key in keys:
                for unit in self.units[key]:
                    ys = [
                        self.of[one].y for name in unit.names for one in near(name) if self.lane[one] == self.lane[name]
                    ]
                    unit.y = sum(ys) / len(ys) if ys else unit.y
                _apart(self.units[key], self.air)
        for (lane, _), units in [*self.units.items()]:
            for place, unit in enumerate([*units]):
                end = (place == len(units) - 1) - (place == 0)  # what leaves at an end goes by on the outside
                for name in () if unit.passes else unit.names:
                    self._pass_by(lane, name, end * math.inf if end else unit.y + math.copysign(0.1, unit.y))
        for units in self.units.values():
            units.sort(key=lambda unit: (self.order.get(id(unit), unit.y), unit.y))
            _apart(units, self.air)

    def _pass_by(self, lane: int, name: str, order: float) -> None:
        """Keep room for the ways of a box in the columns that they pass."""
        farthest = max((self.column[one] for one in self.graph.users(name)), default=0)
        for column in range(self.column[name] + 1, farthest):
            unit = _Unit((name,), PASS / 2, PASS / 2, self.of[name].y, passes=True)
            self.passing[name, column], self.order[id(unit)] = unit, order
            self.units.setdefault((lane, column), []).append(unit)

    def _both(self, name: str) -> list[str]:
        return [*self.graph.sources(name), *self.graph.users(name)]

    def heights(self) -> None:
        """Put the lanes below each other: what was counted from a lane's middle is from the picture's top."""
        top = MARGIN
        for lane in sorted({lane for lane, _ in self.units}):
            units = [unit for (one, _), row in self.units.items() if one == lane for unit in row]
            least = min(unit.y - unit.up for unit in units)
            for unit in units:
                unit.y += top - least
            top = max(unit.y + unit.down for unit in units) + LANE
        self.bottom = top - LANE


def _rows(drawn: Graph) -> dict[str, object]:
    """What boxes side by side in a column have in common: the row of an image; else the box itself."""
    quantities = [one for box in drawn.boxes.values() for one in box.quantities]
    steps, remembers = _step_axes(quantities), any(one.tag == "start" for one in quantities)
    found: dict[str, object] = {}
    for name, box in drawn.boxes.items():
        last = box.quantities[-1]
        image = len(last.axes) == len(last.index) == 2 and last.axes[0] not in steps and not remembers
        found[name] = (box.block, last.letter, last.index[0]) if image and not drawn.overview else name
    return found


def _apart(units: Sequence[_Unit], air: float) -> None:
    """Move units of one column as little as keeps them apart and in order; what passes moves least."""
    offset, offsets = 0.0, []
    for before, unit in zip([None, *units], units):
        offset += before.down + air + unit.up if before else 0.0
        offsets.append(offset)
    groups: list[tuple[float, float, int]] = []  # of each: where its first would be, how heavy it is, how many
    for unit, offset in zip(units, offsets):
        groups.append((unit.y - offset, HEAVY if unit.passes else 1.0, 1))
        while len(groups) > 1 and groups[-2][0] >= groups[-1][0]:
            (a, n, many), (b, m, more) = groups[-2:]
            groups[-2:] = [((a * n + b * m) / (n + m), n + m, many + more)]
    starts = [start for start, _, count in groups for _ in range(count)]
    for unit, start, offset in zip(units, starts, offsets):
        unit.y = start + offset


@lru_cache(maxsize=32)
def plan(model: Architecture) -> Plan:
    """Place the picture of a model; where not all parameters find room on it, they are in tables below."""
    drawn = graph(model)
    many = sum(bool(way.parameter) for way in drawn.ways.values())
    if not drawn.overview and many <= MOST_PLATES:
        found = _planned(model, drawn, on_ways=True)
        if not any(_covered(one, found) for one in found.plates):
            return found
    return _planned(model, drawn, on_ways=False)


def _covered(plate: Plate, found: Plan) -> bool:
    """Does a plate share an area with another one, or with a box?"""
    (x, y), rooms = plate.at, (plate.room / 2, PLATE_HEIGHT / 2)
    if any(overlap(plate.at, plate.room, one.at, one.room) for one in found.plates if one is not plate):
        return True
    return any(
        abs(x - at[0]) < rooms[0] + found.half[name][0] and abs(y - at[1]) < rooms[1] + found.half[name][1]
        for name, at in found.boxes.items()
    )


def _planned(model: Architecture, drawn: Graph, on_ways: bool) -> Plan:
    table = _Table(drawn, AIRY if on_ways else AIR)
    table.heights()
    across = _across(table, on_ways)
    boxes: dict[str, Point] = {}
    halves: dict[str, Point] = {}
    for (_, column), units in table.units.items():
        for unit in units:
            left = sum(across[column]) / 2 - _wide(drawn, unit) / 2
            for name in () if unit.passes else unit.names:
                wide, tall = needed(drawn.boxes[name])
                boxes[name], halves[name] = (left + wide, unit.y), (wide, tall)
                if len(unit.names) == 1:
                    halves[name] = ((across[column][1] - across[column][0]) / 2, tall)
                left += 2 * wide + AIR
    ways = {key: tuple(_points(table, boxes, halves, across, *key_of)) for key, key_of in _ends(drawn).items()}
    plates = [*_on_ways(drawn, ways)] if on_ways else []
    plates += [*_above(drawn, boxes, halves)] if on_ways else []
    placed = {plate.parameter for plate in plates}
    right = max(x for _, x in across.values())
    sides = _sides(drawn, boxes, halves, table.column)
    width = right + MARGIN + (SIDE if not all(low for _, low in sides.values()) else 0.0)
    bottom = max(table.bottom, *(y + (20 if low else 10) for (_, y), low in sides.values()))
    cells = () if drawn.overview else tuple(_cells(model, placed, bottom + 30, max(width, 420.0)))
    if cells:
        bottom = max(one.at[1] for one in cells) + CELL / 2
        width = max(width, *(one.at[0] + one.room / 2 + MARGIN for one in cells))
    behind = frozenset(
        key for key, way in drawn.ways.items() if max(len(table.of[one].names) for one in (way.source, way.target)) > 1
    )
    return Plan(
        max(width, 420.0), bottom + FOOT, boxes, halves, ways, tuple(plates), cells, sides, table.column, behind
    )


def _ends(drawn: Graph) -> dict[str, tuple[str, str]]:
    return {key: (way.source, way.target) for key, way in drawn.ways.items()}


def _room(name: str) -> float:
    return LETTER * (len(name) + 8) + 8


def _wide(drawn: Graph, unit: _Unit) -> float:
    return sum(2 * needed(drawn.boxes[name])[0] + AIR for name in unit.names) - AIR if not unit.passes else 0.0


def _across(table: _Table, on_ways: bool) -> dict[int, Point]:
    """Left and right of each column."""
    found, x = dict[int, Point](), MARGIN
    last = max(table.column.values())
    for column in range(last + 1):
        units = [unit for (_, one), row in table.units.items() if one == column for unit in row]
        wide = max(_wide(table.graph, unit) for unit in units)
        found[column] = (x, x + wide)
        here = [way for way in table.graph.ways.values() if _crosses(table, way.source, way.target, column)]
        rooms = [_room(way.parameter) for way in here if way.parameter and on_ways]
        spread = 1.0 if len(rooms) <= FEW else 2.0  # where many plates stand, they take turns
        x += wide + max([GAP if len(here) <= MOST_WAYS else BUSY, *(spread * room + 34 for room in rooms)])
    return found


def _crosses(table: _Table, source: str, target: str, column: int) -> bool:
    return table.column[source] <= column < table.column[target]


def _points(
    table: _Table,
    boxes: Mapping[str, Point],
    halves: Mapping[str, Point],
    across: Mapping[int, Point],
    source: str,
    target: str,
) -> Iterator[Point]:
    """A way leaves a box at its right, passes the columns between level, and enters a box at its left."""
    (x1, y1), (x2, y2) = boxes[source], boxes[target]
    if max(len(table.of[one].names) for one in (source, target)) > 1:  # of an image, from middle to middle
        yield from (boxes[source], boxes[target])
        return
    yield x1 + halves[source][0], y1
    for column in range(table.column[source] + 1, table.column[target]):
        y = table.passing[source, column].y
        yield across[column][0] - 6, y
        yield across[column][1] + 6, y
    yield x2 - halves[target][0], y2


def _on_ways(drawn: Graph, ways: Mapping[str, tuple[Point, ...]]) -> list[Plate]:
    """A plate on the last stretch of each way with a parameter: each in turn where it hides least."""
    named = {key: way.parameter for key, way in drawn.ways.items() if way.parameter}
    room = {key: _room(name) for key, name in named.items()}
    spots = {key: list(_spots(ways[key][-2:], room[key])) for key in named}
    hides = {
        key: [
            sum(covers(spot, room[key], points) for other, points in ways.items() if other != key)
            for spot in spots[key]
        ]
        for key in named
    }
    taken: dict[str, Point] = {}
    for _ in range(4):
        for key in sorted(named, key=lambda key: abs(ways[key][-2][1] - ways[key][-1][1])):
            others = [(at, room[one]) for one, at in taken.items() if one != key]
            costs = [
                100 * sum(overlap(spot, room[key], *one) for one in others) + 40 * hidden
                for spot, hidden in zip(spots[key], hides[key])
            ]
            taken[key] = spots[key][costs.index(min(costs))]
    return [Plate(name, taken[key], room[key], key) for key, name in named.items()]


def _spots(ends: Sequence[Point], room: float) -> Iterator[Point]:
    """The places on a stretch where a plate covers neither box, from the middle outwards."""
    (x1, y1), (x2, y2) = ends
    for t in (0.5, *(0.5 + sign * step / 100 for step in range(2, 40, 2) for sign in (-1, 1))):
        if room / 2 <= t * (x2 - x1) <= x2 - x1 - room / 2:
            yield x1 + (x2 - x1) * t, y1 + (y2 - y1) * t


def overlap(one: Point, room: float, other: Point, wide: float) -> float:
    """The area that two plates share.

    >>> overlap((0, 0), 30, (10, 0), 30), overlap((0, 0), 30, (100, 0), 30)
    (320.0, 0.0)
    """
    across = (room + wide) / 2 - abs(one[0] - other[0])
    down = PLATE_HEIGHT - abs(one[1] - other[1])
    return across * down if across > 0 and down > 0 else 0.0


def covers(spot: Point, room: float, points: Sequence[Point]) -> bool:
    """Does a plate lie on a way?

    >>> covers((50, 0), 20, [(0, 0), (100, 0)]), covers((50, 60), 20, [(0, 0), (100, 0)])
    (True, False)
    """
    for (x1, y1), (x2, y2) in zip(points, points[1:]):
        low, high = max(x1, spot[0] - room / 2), min(x2, spot[0] + room / 2)
        if low < high:
            ys = [y1 + (y2 - y1) * (x - x1) / (x2 - x1) for x in (low, high)]
            if min(ys) < spot[1] + PLATE_HEIGHT / 2 and max(ys) > spot[1] - PLATE_HEIGHT / 2:
                return True
    return False


def _above(drawn: Graph, boxes: Mapping[str, Point], halves: Mapping[str, Point]) -> Iterator[Plate]:
    """Above a box the plates of a bias, or of a gain and a shift."""
    for name, parameters in drawn.added.items():
        wide, tall = halves[name]
        x, y = boxes[name]
        if 0 < len(parameters) <= 2:
            each = 2 * wide / len(parameters)
            for place, parameter in enumerate(parameters):
                at = (x - wide + each * (place + 0.5), y - tall - ABOVE / 2)
                yield Plate(parameter, at, each, name)


def _sides(
    drawn: Graph, boxes: Mapping[str, Point], halves: Mapping[str, Point], column: Mapping[str, int]
) -> dict[str, tuple[Point, bool]]:
    """Behind an output of the last column its target and error; below any other."""
    last, found = max(column.values()), {}
    for error, (name, _) in drawn.outputs.items():
        (x, y), (wide, tall) = boxes[name], halves[name]
        low = column[name] < last or bool(drawn.overview)
        found[error] = ((x - wide, y + tall + BELOW + 8), True) if low else ((x + wide + 12, y), False)
    return found


def _cells(model: Architecture, placed: set[str], top: float, width: float) -> Iterator[Plate]:
    """Below the picture the arrays whose parameters are not on it, each as a table, side by side."""
    x, y, deepest = MARGIN, top, top
    for names in model.tables.values():
        rows = names if names.ndim == 2 and min(names.shape) > 1 else names.reshape(1, -1)
        if placed.issuperset(rows.flat):
            continue
        room = max(map(_room, rows.flat))
        if x > MARGIN and x + room * rows.shape[1] > width:
            x, y = MARGIN, deepest + CELL + 8
        for i, row in enumerate(rows):
            for j, name in enumerate(row):
                yield Plate(name, (x + room * (j + 0.5), y + CELL * i), room - 4)
        deepest = max(deepest, y + CELL * (len(rows) - 1))
        x += room * rows.shape[1] + 22
