"""Random typed expressions and random rows, for the properties of the language."""

from __future__ import annotations

from hypothesis import strategies as st

from fengkong.core.instants import INSTANT_MAX, INSTANT_MIN
from fengkong.rules.kinds import Kind

NAMES = {
    "m1": Kind.MONEY,
    "m2": Kind.MONEY,
    "n1": Kind.NUMBER,
    "n2": Kind.NUMBER,
    "n3": Kind.NUMBER,
    "b1": Kind.BOOLEAN,
    "b2": Kind.BOOLEAN,
    "t1": Kind.TEXT,
    "t2": Kind.TEXT,
    "i1": Kind.INSTANT,
    "i2": Kind.INSTANT,
}
TEXTS = ("", "app", "APP", "web", "d1", "d2", "中国", "a@b.com", "  x ")
NUMBERS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.5,
    -3.5,
    7.0,
    100.0,
    1e-308,
    5e-324,
    1e15,
    -1e15,
    1e154,
    1e300,
)
ZONES = ("Asia/Shanghai", "UTC", "America/New_York", "Europe/London", "Asia/Kathmandu")


def _literal(numbers: tuple[float, ...] = NUMBERS) -> st.SearchStrategy[str]:
    return st.sampled_from([f"({x!r})" for x in numbers if abs(x) <= 1e15])


def _quantity(name: str, depth: int) -> st.SearchStrategy[str]:
    """Expressions of money (name m) or numbers (name n)."""
    names = st.sampled_from([key for key in NAMES if key.startswith(name)])
    if depth == 0:
        return names if name == "m" else st.one_of(names, names, _literal())
    same = _quantity(name, depth - 1)
    number = _quantity("n", depth - 1)
    options = [
        names,
        st.builds("({} {} {})".format, same, st.sampled_from("+-%"), same),
        st.builds("(-{})".format, same),
        st.builds("{}({})".format, st.sampled_from(["abs", "round", "floor", "ceil"]), same),
        st.builds("round({}, {})".format, same, st.sampled_from("0123")),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "default"]), same, same),
        st.builds("({} if {} else {})".format, same, boolean(depth - 1), same),
        st.builds("({} * {})".format, same, number),
        st.builds("({} / {})".format, same, number),
    ]
    if name == "m":
        options.append(st.builds("money({})".format, number))
        options.append(st.builds("({} + {})".format, same, number))
    else:
        options += [
            st.builds("({} // {})".format, same, same),
            st.builds(
                "({} ** {})".format,
                same,
                st.sampled_from(["2", "3", "0.5", "-1", "-2", "0", "1.7", "16"]),
            ),
            st.builds("{}({})".format, st.sampled_from(["sqrt", "log", "exp"]), same),
            st.builds("number({})".format, _quantity("m", depth - 1)),
            st.builds("number({})".format, boolean(depth - 1)),
            st.builds("({} / {})".format, _quantity("m", depth - 1), _quantity("m", depth - 1)),
            st.builds("length({})".format, text(depth - 1)),
            time_number(),
            st.sampled_from(["limits.cards", "limits.rate"]),
        ]
    return st.one_of(options)


def time_number() -> st.SearchStrategy[str]:
    instants = st.sampled_from(["i1", "i2"])
    zones = st.sampled_from([f'"{zone}"' for zone in ZONES])
    parts = st.sampled_from(["hour", "minute", "weekday", "day", "month", "year"])
    between = st.sampled_from(["days_between", "working_days_between"])
    exact = st.sampled_from(["hours_between", "seconds_between"])
    return st.one_of(
        st.builds("{}({}, {})".format, parts, instants, zones),
        st.builds("{}({}, {}, {})".format, between, instants, instants, zones),
        st.builds("{}({}, {})".format, exact, instants, instants),
    )


def text(depth: int) -> st.SearchStrategy[str]:
    base = st.one_of(
        st.sampled_from(["t1", "t2"]), st.sampled_from([f'"{value}"' for value in TEXTS])
    )
    if depth <= 0:
        return base
    inner = text(depth - 1)
    return st.one_of(
        base,
        st.builds("{}({})".format, st.sampled_from(["lower", "upper", "strip"]), inner),
        st.builds("left({}, 2)".format, inner),
        st.builds("right({}, 1)".format, inner),
        st.builds("concat({}, {})".format, inner, inner),
        st.builds("default({}, {})".format, inner, inner),
    )


def boolean(depth: int) -> st.SearchStrategy[str]:
    base = st.sampled_from(["b1", "b2", "True", "(t1 in blocked)", '(t2 not in ["app", "中国"])'])
    if depth <= 0:
        return base
    inner = boolean(depth - 1)
    order = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    money, number = _quantity("m", depth - 1), _quantity("n", depth - 1)
    day = st.sampled_from(["is_weekend", "is_working_day"])
    return st.one_of(
        base,
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("({} {} {})".format, money, order, money),
        st.builds("({} {} {})".format, money, order, number),
        st.builds("({} {} {})".format, number, order, number),
        st.builds("({} < {} <= {})".format, number, number, number),
        st.builds("({} == {})".format, text(depth - 1), text(depth - 1)),
        st.builds("({} != {})".format, inner, inner),
        st.builds("is_missing({})".format, st.one_of(money, number, inner, text(depth - 1))),
        st.builds("({} in [0, 1, -1, 2.5])".format, number),
        st.builds('matches({}, "^[a-z]+$")'.format, text(depth - 1)),
        st.builds("starts_with({}, {})".format, text(depth - 1), text(depth - 1)),
        st.builds(
            '{}({}, "{}")'.format, day, st.sampled_from(["i1", "i2"]), st.sampled_from(ZONES)
        ),
        st.builds("({} < {})".format, st.just("i1"), st.just("i2")),
    )


def expressions(depth: int = 3) -> st.SearchStrategy[str]:
    return st.one_of(boolean(depth), _quantity("n", depth), _quantity("m", depth))


def values() -> st.SearchStrategy[dict[str, object]]:
    """A row: any value may be missing, huge, tiny or negative."""
    numbers = st.one_of(st.sampled_from(NUMBERS), st.floats(), st.integers(-5, 5).map(float))
    money = st.one_of(st.integers(-(10**13), 10**13), st.integers(-500, 500))
    instants = st.one_of(
        st.integers(INSTANT_MIN, INSTANT_MAX - 1),
        st.sampled_from([INSTANT_MIN, INSTANT_MAX - 1, INSTANT_MIN - 1, INSTANT_MAX]),
    )
    kinds = {
        Kind.MONEY: money,
        Kind.NUMBER: numbers,
        Kind.BOOLEAN: st.booleans(),
        Kind.TEXT: st.sampled_from(TEXTS),
        Kind.INSTANT: instants,
    }
    return st.fixed_dictionaries(
        {name: st.one_of(st.none(), kinds[kind]) for name, kind in NAMES.items()}
    )
