"""From typed trees to instructions: shared parts once, constants preloaded, registers reused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.rules import machine
from fengkong.rules.local_time import working_day_table, zone_table
from fengkong.rules.nodes import (
    Arithmetic,
    Choice,
    Comparison,
    Constant,
    Default,
    IsMissing,
    Logic,
    Name,
    Negation,
    Node,
    OneOf,
    OnList,
    ParameterValue,
    Quantity,
    TextFunction,
    TimeFunction,
)
from fengkong.rules.probes import Probe, cell, probe_for

Register = tuple[str, int]
"""A place not yet numbered: ``frame``, ``probe``, ``constant``, ``temporary`` or ``table``."""
Instruction = tuple[int, int, Register, Register, Register]
NONE: Final[Register] = ("frame", 0)

_ARITHMETIC: Final = {
    "add": machine.ADD,
    "subtract": machine.SUBTRACT,
    "multiply": machine.MULTIPLY,
    "divide": machine.DIVIDE,
    "floor_divide": machine.FLOOR_DIVIDE,
    "modulo": machine.MODULO,
    "power": machine.POWER,
}
_QUANTITIES: Final = {
    "negate": machine.NEGATE,
    "absolute": machine.ABSOLUTE,
    "minimum": machine.MINIMUM,
    "maximum": machine.MAXIMUM,
    "round": machine.ROUND,
    "floor": machine.FLOOR,
    "ceiling": machine.CEILING,
    "root": machine.ROOT,
    "logarithm": machine.LOGARITHM,
    "exponential": machine.EXPONENTIAL,
}
_OF_DAYS: Final = {
    "weekday": machine.WEEKDAY,
    "day": machine.DAY,
    "month": machine.MONTH,
    "year": machine.YEAR,
}


@dataclass(frozen=True, slots=True)
class Image:
    """A compiled program: what the kernels read, and what must be filled before."""

    code: NDArray[np.uint64]
    constants: NDArray[np.float64]
    tables: NDArray[np.float64]
    probes: tuple[Probe, ...]
    registers: int
    constants_at: int


@dataclass(slots=True)
class Compiler:
    """Collects the instructions of a program."""

    frame: Mapping[str, int]
    code: list[Instruction] = field(default_factory=list)
    known: dict[object, Register] = field(default_factory=dict)
    constants: list[float] = field(default_factory=list)
    tables: list[float] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    named: dict[str, Register] = field(default_factory=dict)
    results: list[Register] = field(default_factory=list)
    done: dict[int, Register] = field(default_factory=dict)
    temporaries: int = 0

    def add(self, name: str, node: Node) -> None:
        """Compile one expression; later ones may use its name."""
        register = self.place(node)
        self.results.append(register)
        self.named[name] = register

    def emit(self, operation: int, a: Register, b: Register = NONE, c: Register = NONE) -> Register:
        """The register of an operation, which is done once however often it is written."""
        key = (operation, a, b, c)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = ("temporary", self.temporaries)
            self.code.append((operation, self.temporaries, a, b, c))
            self.temporaries += 1
        return found

    def constant(self, value: float) -> Register:
        """The register of a constant; 0.0 and -0.0 are two."""
        return self.block((value,))

    def block(self, values: tuple[float, ...]) -> Register:
        """The first of neighbouring registers with these constants."""
        key = ("block", *(value.hex() for value in values))
        if key not in self.known:
            self.known[key] = ("constant", len(self.constants))
            self.constants.extend(values)
        return self.known[key]

    def table(self, name: object, values: tuple[float, ...]) -> Register:
        """The position of a table, which stands once however often it is read."""
        key = ("table", name)
        if key not in self.known:
            self.known[key] = ("table", len(self.tables))
            self.tables.extend(values)
        return self.known[key]

    def probe(self, node: Node) -> Register:
        """The cell that a probe fills; equal parts share one."""
        key = ("probe", shape(node))
        if key not in self.known:
            self.known[key] = ("probe", len(self.probes))
            self.probes.append(probe_for(node))
        return self.known[key]

    def place(self, node: Node) -> Register:
        """The register that holds the value of a part."""
        found = self.done.get(id(node))
        if found is None:
            found = self.done[id(node)] = self._place(node)
        return found

    def _place(self, node: Node) -> Register:
        match node:
            case Constant():
                return self.constant(cell(node.value))
            case Name(name=name):
                earlier = self.named.get(name)
                return ("frame", self.frame[name]) if earlier is None else earlier
            case ParameterValue() | OnList() | TextFunction():
                return self.probe(node)
            case Arithmetic():
                left, right = self.place(node.left), self.place(node.right)
                return self.emit(_ARITHMETIC[node.operator], left, right)
            case Comparison():
                return self._compare(node)
            case Logic():
                operation = machine.AND if node.operator == "and" else machine.OR
                return self._folded(operation, node.operands)
            case Negation():
                return self.emit(machine.NOT, self.place(node.operand))
            case Choice():
                condition = self.place(node.condition)
                then, other = self.place(node.then), self.place(node.other)
                return self.emit(machine.CHOOSE, condition, then, other)
            case OneOf():
                values = self.block(tuple(cell(item.value) for item in node.values))
                count = ("count", len(node.values))
                return self.emit(machine.ONE_OF, self.place(node.subject), values, count)
            case Quantity():
                operation = _QUANTITIES[node.function]
                if len(node.arguments) == 1:
                    return self.emit(operation, self.place(node.arguments[0]))
                return self._folded(operation, node.arguments)
            case TimeFunction():
                return self._time(node)
            case IsMissing():
                return self.emit(machine.IS_MISSING, self.place(node.operand))
            case Default():
                value, other = self.place(node.operand), self.place(node.otherwise)
                return self.emit(machine.DEFAULT, value, other)

    def _folded(self, operation: int, parts: Sequence[Node]) -> Register:
        """An operation of many parts as a chain of two."""
        result = self.place(parts[0])
        for part in parts[1:]:
            result = self.emit(operation, result, self.place(part))
        return result

    def _compare(self, node: Comparison) -> Register:
        left, right = self.place(node.left), self.place(node.right)
        match node.operator:
            case ">":
                return self.emit(machine.GREATER, left, right)
            case ">=":
                return self.emit(machine.GREATER_EQUAL, left, right)
            case "<":
                return self.emit(machine.GREATER, right, left)
            case "<=":
                return self.emit(machine.GREATER_EQUAL, right, left)
            case "==":
                return self.emit(machine.EQUAL, left, right)
            case _:
                return self.emit(machine.NOT_EQUAL, left, right)

    def _time(self, node: TimeFunction) -> Register:
        instants = [self.place(part) for part in node.arguments]
        if node.function in ("hours_between", "seconds_between"):
            first, last = (self.emit(machine.IN_RANGE, instant) for instant in instants)
            size = 3_600_000_000.0 if node.function == "hours_between" else 1_000_000.0
            between = self.emit(machine.SUBTRACT, last, first)
            return self.emit(machine.DIVIDE, between, self.constant(size))
        zone = zone_table(node.zone)
        table, count = self.table(node.zone, zone), ("count", len(zone) // 2)
        local = [self.emit(machine.LOCAL_TIME, instant, table, count) for instant in instants]
        if node.function in ("hour", "minute"):
            operation = machine.HOUR if node.function == "hour" else machine.MINUTE
            return self.emit(operation, local[0])
        days = [self.emit(machine.DAY_NUMBER, part) for part in local]
        if node.function in _OF_DAYS:
            return self.emit(_OF_DAYS[node.function], days[0])
        if node.function == "is_weekend":
            weekday = self.emit(machine.WEEKDAY, days[0])
            return self.emit(machine.GREATER_EQUAL, weekday, self.constant(6.0))
        if node.function == "days_between":
            return self.emit(machine.SUBTRACT, days[1], days[0])
        if node.function == "is_working_day":
            before = self.emit(machine.SUBTRACT, days[0], self.constant(1.0))
            days = [before, days[0]]
        worked = working_day_table(node.calendar)
        table, count = self.table(node.calendar, worked), ("count", len(worked))
        first, last = (self.emit(machine.WORKING_DAYS, day, table, count) for day in days)
        return self.emit(machine.SUBTRACT, last, first)

    def finish(self) -> Image:
        """Number all registers and write the code."""
        width = len(self.frame) + len(self.probes)
        # One register more than there are constants, so that no position is out of range.
        results_at = width + len(self.constants) + 1
        bases = {"frame": 0, "probe": len(self.frame), "constant": width, "table": 0, "count": 0}
        slots = self._result_slots()
        numbers, count = self._allocate(slots, first=results_at + len(self.results))
        places = {temporary: results_at + slots[temporary] for temporary in slots} | numbers

        def numbered(register: Register) -> int:
            space, index = register
            return places[index] if space == "temporary" else bases[space] + index

        rows = [(width, results_at, len(self.results), count, 0)]
        rows += [
            (operation, places[target], numbered(a), numbered(b), numbered(c))
            for operation, target, a, b, c in self.code
        ]
        for slot, register in enumerate(self.results):
            if register[0] != "temporary" or slots.get(register[1]) != slot:
                rows.append((machine.MOVE, results_at + slot, numbered(register), 0, 0))
        return Image(
            code=np.array(rows, dtype=np.uint64),
            constants=np.array(self.constants, dtype=np.float64),
            tables=np.array(self.tables or [0.0], dtype=np.float64),
            probes=tuple(self.probes),
            registers=count,
            constants_at=width,
        )

    def _result_slots(self) -> dict[int, int]:
        """Temporaries that are computed straight into the slot of their result."""
        slots: dict[int, int] = {}
        for slot, (space, index) in enumerate(self.results):
            if space == "temporary" and index not in slots:
                slots[index] = slot
        return slots

    def _allocate(self, slots: Mapping[int, int], *, first: int) -> tuple[dict[int, int], int]:
        """Registers for the other temporaries, used again after their last reader."""
        last_use: dict[int, int] = {}
        for position, (_, target, *operands) in enumerate(self.code):
            last_use[target] = position
            last_use.update({index: position for space, index in operands if space == "temporary"})
        expiring: dict[int, list[int]] = {}
        for temporary, position in last_use.items():
            if temporary not in slots:
                expiring.setdefault(position, []).append(temporary)
        numbers: dict[int, int] = {}
        free: list[int] = []
        count = first
        for position, (_, target, *_) in enumerate(self.code):
            if target not in slots:
                if not free:
                    free.append(count)
                    count += 1
                numbers[target] = free.pop()
            free.extend(numbers[temporary] for temporary in expiring.get(position, ()))
        return numbers, count


def shape(node: Node) -> object:
    """What a probed part looks at, so that equal parts share a probe."""
    match node:
        case Constant(kind=kind, value=value):
            return (kind, value)
        case Name(name=name):
            return ("name", name)
        case ParameterValue(parameter=parameter, scale=scale):
            return ("parameter", parameter.name, scale)
        case OnList(subject=subject, list=name):
            return ("list", name, shape(subject))
        case TextFunction(function=function, arguments=arguments, options=options):
            return (function, options, *(shape(part) for part in arguments))
        case Default(operand=operand, otherwise=otherwise):
            return ("default", shape(operand), shape(otherwise))
        case _:
            raise AssertionError(f"{type(node).__name__} is no part of a probe")
