"""The register machine: one kernel for one row, one for many rows, both with the same meaning.

A program is a uint64 array of instructions ``(operation, target, a, b, c)`` over float64
registers laid out as ``frame cells | constants | results | temporaries``. NaN is missing; no
register ever holds an infinity. The kernels live in this one module, because numba's cache goes
stale when a kernel is inlined from another. Nothing is compiled per policy.

The first row of the code is its header: ``(width, results, result count, tables, 0)``, where
`tables` is the position at which the tables (time zones, working days) follow the registers of
the one-row kernel.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import-untyped"

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit

from fengkong.core.instants import INSTANT_MAX, INSTANT_MIN

CHUNK: Final = 256

(
    GREATER,
    GREATER_EQUAL,
    EQUAL,
    NOT_EQUAL,
    AND,
    OR,
    NOT,
    ONE_OF,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MOVE,
    IS_MISSING,
    DEFAULT,
    CHOOSE,
    NEGATE,
    ABSOLUTE,
    MINIMUM,
    MAXIMUM,
    FLOOR_DIVIDE,
    MODULO,
    POWER,
    ROUND,
    FLOOR,
    CEILING,
    ROOT,
    LOGARITHM,
    EXPONENTIAL,
    LOCAL_TIME,
    DAY_NUMBER,
    HOUR,
    MINUTE,
    WEEKDAY,
    YEAR,
    MONTH,
    DAY,
    WORKING_DAYS,
    IN_RANGE,
) = range(39)

_DAY: Final = 86_400_000_000.0
_HOUR: Final = 3_600_000_000.0
_MINUTE: Final = 60_000_000.0
_FIRST: Final = float(INSTANT_MIN)
_END: Final = float(INSTANT_MAX)
TABLE_FIRST_DAY: Final = 10957 - 2
"""1999-12-30 as a number of days since 1970: two days before the first instant, because a zone may
be behind UTC and because a day is compared with the day before it."""


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _known(x):
    """The value, or missing when it left the numbers."""
    return x if math.isfinite(x) else np.nan


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _truth(a, b, result):
    return np.nan if (a != a) | (b != b) else (1.0 if result else 0.0)


# Without branches: a wrongly predicted one costs more than the whole instruction.
@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _and(a, b):
    return 0.0 if (a == 0.0) | (b == 0.0) else a * b


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _or(a, b):
    return 1.0 if (a == 1.0) | (b == 1.0) else a + b


@njit(cache=True, nogil=True, error_model="numpy")
def _modulo(a, b):
    """Python's float remainder: the sign of the divisor, and its signed zero."""
    if math.isnan(a) or math.isnan(b) or b == 0.0:
        return np.nan
    remainder = np.fmod(a, b)
    if remainder != 0.0:
        if (b < 0.0) != (remainder < 0.0):
            remainder += b
        return remainder
    return math.copysign(0.0, b)


@njit(cache=True, nogil=True, error_model="numpy")
def _floor_divide(a, b):
    """Python's floor division of floats."""
    if math.isnan(a) or math.isnan(b) or b == 0.0:
        return np.nan
    remainder = np.fmod(a, b)
    quotient = (a - remainder) / b
    if remainder != 0.0 and (b < 0.0) != (remainder < 0.0):
        quotient -= 1.0
    if quotient == 0.0:
        return math.copysign(0.0, a / b)
    floored = np.floor(quotient)
    if quotient - floored > 0.5:
        floored += 1.0
    return floored if math.isfinite(floored) else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _power(a, b):
    if math.isnan(a) or math.isnan(b):
        return np.nan
    return _known(math.pow(a, b))


@njit(cache=True, nogil=True, error_model="numpy")
def _logarithm(a):
    return math.log(a) if a > 0.0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _exponential(a):
    return _known(math.exp(a))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _in_range(a):
    return a if (a >= _FIRST and a < _END) else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _local_time(a, tables, first, count):
    """Local microseconds: the table holds `count` starts of offsets, then `count` offsets."""
    if not (a >= _FIRST and a < _END):
        return np.nan
    low = np.int64(first)
    high = low + np.int64(count)
    while high - low > 1:
        middle = (low + high) // 2
        if tables[middle] <= a:
            low = middle
        else:
            high = middle
    return a + tables[low + np.int64(count)]


@njit(cache=True, nogil=True, error_model="numpy")
def _civil(days, part):
    """Year, month or day (part 0, 1, 2) of a day number, by Hinnant's algorithm."""
    if math.isnan(days):
        return np.nan
    z = np.int64(days) + 719468
    era = z // 146097
    day_of_era = z - era * 146097
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    if part == 2:
        return np.float64(day_of_year - (153 * shifted + 2) // 5 + 1)
    month = shifted + 3 if shifted < 10 else shifted - 9
    if part == 1:
        return np.float64(month)
    return np.float64(year_of_era + era * 400 + (1 if month <= 2 else 0))


@njit(cache=True, nogil=True, error_model="numpy")
def _working_days(days, tables, first, count):
    """Working days up to and including a day, from the table of their running count."""
    position = days - TABLE_FIRST_DAY
    if not (position >= 0.0 and position < count):
        return np.nan
    return tables[np.int64(first) + np.int64(position)]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _weekday(days):
    return (days + 3.0) - np.floor((days + 3.0) / 7.0) * 7.0 + 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def run_row(row, registers, code, results):
    """One row: the frame cells in, the results out. `registers` is 1-D and ends in the tables."""
    width = code[0, 0]
    first = code[0, 1]
    tables = code[0, 3]
    for i in range(width):
        registers[i] = _known(row[i])
    for step in range(1, code.shape[0]):
        op = code[step, 0]
        target = code[step, 1]
        a = registers[code[step, 2]]
        bi = code[step, 3]
        b = registers[bi]
        if op == GREATER:
            value = _truth(a, b, a > b)
        elif op == GREATER_EQUAL:
            value = _truth(a, b, a >= b)
        elif op == EQUAL:
            value = _truth(a, b, a == b)
        elif op == NOT_EQUAL:
            value = _truth(a, b, a != b)
        elif op == AND:
            value = _and(a, b)
        elif op == OR:
            value = _or(a, b)
        elif op == NOT:
            value = 1.0 - a
        elif op == ONE_OF:
            value = np.nan if math.isnan(a) else 0.0
            for j in range(bi, bi + code[step, 4]):
                if registers[j] == a:
                    value = 1.0
                    break
        elif op == ADD:
            value = _known(a + b)
        elif op == SUBTRACT:
            value = _known(a - b)
        elif op == MULTIPLY:
            value = _known(a * b)
        elif op == DIVIDE:
            value = _known(a / b)
        elif op == MOVE:
            value = a
        elif op == IS_MISSING:
            value = 1.0 if math.isnan(a) else 0.0
        elif op == DEFAULT:
            value = b if math.isnan(a) else a
        elif op == CHOOSE:
            value = np.nan
            if a == 1.0:
                value = b
            elif a == 0.0:
                value = registers[code[step, 4]]
        elif op == NEGATE:
            value = -a
        elif op == ABSOLUTE:
            value = abs(a)
        elif op == MINIMUM:
            value = np.nan if (math.isnan(a) or math.isnan(b)) else (b if b < a else a)
        elif op == MAXIMUM:
            value = np.nan if (math.isnan(a) or math.isnan(b)) else (b if b > a else a)
        elif op == FLOOR_DIVIDE:
            value = _floor_divide(a, b)
        elif op == MODULO:
            value = _modulo(a, b)
        elif op == POWER:
            value = _power(a, b)
        elif op == ROUND:
            value = np.rint(a) + 0.0
        elif op == FLOOR:
            value = np.floor(a) + 0.0
        elif op == CEILING:
            value = np.ceil(a) + 0.0
        elif op == ROOT:
            value = math.sqrt(a) if a >= 0.0 else np.nan
        elif op == LOGARITHM:
            value = _logarithm(a)
        elif op == EXPONENTIAL:
            value = _exponential(a)
        elif op == LOCAL_TIME:
            value = _local_time(a, registers, tables + bi, code[step, 4])
        elif op == DAY_NUMBER:
            value = np.floor(a / _DAY)
        elif op == HOUR:
            value = np.floor((a - np.floor(a / _DAY) * _DAY) / _HOUR)
        elif op == MINUTE:
            value = np.floor((a - np.floor(a / _HOUR) * _HOUR) / _MINUTE)
        elif op == WEEKDAY:
            value = _weekday(a)
        elif op == YEAR:
            value = _civil(a, 0)
        elif op == MONTH:
            value = _civil(a, 1)
        elif op == DAY:
            value = _civil(a, 2)
        elif op == WORKING_DAYS:
            value = _working_days(a, registers, tables + bi, code[step, 4])
        else:
            value = _in_range(a)
        registers[target] = value
    for i in range(code[0, 2]):
        results[i] = registers[first + i]


@njit(cache=True, nogil=True, error_model="numpy")
def run_rows(rows, registers, code, results):
    """Row after row with the one-row kernel."""
    for i in range(rows.shape[0]):
        run_row(rows[i], registers, code, results[i])


@njit(cache=True, nogil=True, error_model="numpy")
def run_columns(rows, registers, tables, code, results):
    """Chunks of rows, one instruction at a time over a chunk. `registers` is (count, CHUNK)."""
    for start in range(0, rows.shape[0], CHUNK):
        n = min(CHUNK, rows.shape[0] - start)
        for i in range(n):
            for j in range(code[0, 0]):
                registers[j, i] = _known(rows[start + i, j])
        for step in range(1, code.shape[0]):
            _run_step(registers, tables, code[step], n)
        for i in range(n):
            for j in range(code[0, 2]):
                results[start + i, j] = registers[code[0, 1] + j, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _run_step(registers, tables, step, n):
    """One instruction over the `n` rows of a chunk."""
    op = step[0]
    target = registers[step[1]]
    a = registers[step[2]]
    in_tables = op == LOCAL_TIME or op == WORKING_DAYS
    b = registers[0 if in_tables else step[3]]
    if op == GREATER:
        for i in range(n):
            target[i] = _truth(a[i], b[i], a[i] > b[i])
    elif op == GREATER_EQUAL:
        for i in range(n):
            target[i] = _truth(a[i], b[i], a[i] >= b[i])
    elif op == EQUAL:
        for i in range(n):
            target[i] = _truth(a[i], b[i], a[i] == b[i])
    elif op == NOT_EQUAL:
        for i in range(n):
            target[i] = _truth(a[i], b[i], a[i] != b[i])
    elif op == AND:
        for i in range(n):
            target[i] = _and(a[i], b[i])
    elif op == OR:
        for i in range(n):
            target[i] = _or(a[i], b[i])
    elif op == NOT:
        for i in range(n):
            target[i] = 1.0 - a[i]
    elif op == ONE_OF:
        for i in range(n):
            value = np.nan if math.isnan(a[i]) else 0.0
            for j in range(step[3], step[3] + step[4]):
                if registers[j, i] == a[i]:
                    value = 1.0
            target[i] = value
    elif op == ADD:
        for i in range(n):
            target[i] = _known(a[i] + b[i])
    elif op == SUBTRACT:
        for i in range(n):
            target[i] = _known(a[i] - b[i])
    elif op == MULTIPLY:
        for i in range(n):
            target[i] = _known(a[i] * b[i])
    elif op == DIVIDE:
        for i in range(n):
            target[i] = _known(a[i] / b[i])
    elif op == MOVE:
        for i in range(n):
            target[i] = a[i]
    elif op == IS_MISSING:
        for i in range(n):
            target[i] = 1.0 if math.isnan(a[i]) else 0.0
    elif op == DEFAULT:
        for i in range(n):
            target[i] = b[i] if math.isnan(a[i]) else a[i]
    elif op == CHOOSE:
        c = registers[step[4]]
        for i in range(n):
            target[i] = b[i] if a[i] == 1.0 else (c[i] if a[i] == 0.0 else np.nan)
    elif op == NEGATE:
        for i in range(n):
            target[i] = -a[i]
    elif op == ABSOLUTE:
        for i in range(n):
            target[i] = abs(a[i])
    elif op == MINIMUM:
        for i in range(n):
            missing = math.isnan(a[i]) or math.isnan(b[i])
            target[i] = np.nan if missing else (b[i] if b[i] < a[i] else a[i])
    elif op == MAXIMUM:
        for i in range(n):
            missing = math.isnan(a[i]) or math.isnan(b[i])
            target[i] = np.nan if missing else (b[i] if b[i] > a[i] else a[i])
    else:
        _run_rare_step(registers, tables, step, n)


@njit(cache=True, nogil=True, error_model="numpy")
def _run_rare_step(registers, tables, step, n):
    """The instructions that call a function for each row, where speed comes second."""
    op = step[0]
    target = registers[step[1]]
    a = registers[step[2]]
    in_tables = op == LOCAL_TIME or op == WORKING_DAYS
    b = registers[0 if in_tables else step[3]]
    for i in range(n):
        if op == FLOOR_DIVIDE:
            target[i] = _floor_divide(a[i], b[i])
        elif op == MODULO:
            target[i] = _modulo(a[i], b[i])
        elif op == POWER:
            target[i] = _power(a[i], b[i])
        elif op == ROUND:
            target[i] = np.rint(a[i]) + 0.0
        elif op == FLOOR:
            target[i] = np.floor(a[i]) + 0.0
        elif op == CEILING:
            target[i] = np.ceil(a[i]) + 0.0
        elif op == ROOT:
            target[i] = math.sqrt(a[i]) if a[i] >= 0.0 else np.nan
        elif op == LOGARITHM:
            target[i] = _logarithm(a[i])
        elif op == EXPONENTIAL:
            target[i] = _exponential(a[i])
        elif op == LOCAL_TIME:
            target[i] = _local_time(a[i], tables, step[3], step[4])
        elif op == DAY_NUMBER:
            target[i] = np.floor(a[i] / _DAY)
        elif op == HOUR:
            target[i] = np.floor((a[i] - np.floor(a[i] / _DAY) * _DAY) / _HOUR)
        elif op == MINUTE:
            target[i] = np.floor((a[i] - np.floor(a[i] / _HOUR) * _HOUR) / _MINUTE)
        elif op == WEEKDAY:
            target[i] = _weekday(a[i])
        elif op == YEAR:
            target[i] = _civil(a[i], 0)
        elif op == MONTH:
            target[i] = _civil(a[i], 1)
        elif op == DAY:
            target[i] = _civil(a[i], 2)
        elif op == WORKING_DAYS:
            target[i] = _working_days(a[i], tables, step[3], step[4])
        else:
            target[i] = _in_range(a[i])
