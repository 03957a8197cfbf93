"""What can be wrong with an expression, a table, a scorecard, a list or a parameter."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import ClassVar

from fengkong.core.errors import FaultsError, RiskError


class ExpressionSyntaxError(RiskError):
    """A text is not an expression."""

    code = "rule.syntax"
    hint = 'Write one expression such as: amount > 5000 and channel == "app".'
    hint_zh: ClassVar[str] = '请写一个表达式,例如:amount > 5000 and channel == "app"。'


class RefusedSyntaxError(RiskError):
    """An expression uses a part of Python that the language does not have."""

    code = "rule.refused"
    hint = "The language reference lists every operator and function there is."
    hint_zh: ClassVar[str] = "语言参考列出了全部运算符和函数。"


class ExpressionTooLargeError(RiskError):
    """An expression is longer, deeper or larger than any rule needs to be."""

    code = "rule.too_large"
    hint = "Split it into named features or several rules."
    hint_zh: ClassVar[str] = "请拆分为多个特征或多条规则。"


class UnknownNameError(RiskError):
    """A name, parameter, list or function does not exist."""

    code = "rule.unknown_name"
    hint = "Use a declared field, feature, parameter or list."
    hint_zh: ClassVar[str] = "请使用已声明的字段、特征、参数或名单。"


class KindMismatchError(RiskError):
    """An operator or function is given a kind of value it cannot take."""

    code = "rule.kind_mismatch"
    hint = "Compare and combine values of the same kind; number(x) turns money into a number."
    hint_zh: ClassVar[str] = "只能比较和运算同类的值;number(x) 可把金额转为数值。"


class InvalidCallError(RiskError):
    """A function is called with the wrong number or form of arguments."""

    code = "rule.invalid_call"
    hint = "See the function in the language reference."
    hint_zh: ClassVar[str] = "请查看语言参考中的函数说明。"


class InvalidPatternError(RiskError):
    """A regular expression is not RE2 or is too large."""

    code = "rule.invalid_pattern"
    hint = "RE2 has no backreferences and no look-around; that is what keeps it linear in time."
    hint_zh: ClassVar[str] = "RE2 不支持反向引用和环视,因此匹配时间始终是线性的。"


class InvalidParameterError(RiskError):
    """A dated parameter is not as it must be."""

    code = "parameter.invalid"
    hint = "Give each date a value and a reference."
    hint_zh: ClassVar[str] = "每个日期都要给出取值和依据。"


class InvalidListError(RiskError):
    """A list, an entry or a change of one is not as it must be."""

    code = "list.invalid"
    hint = "Every entry needs a value, a reason and an author, and may have a start and an expiry."
    hint_zh: ClassVar[str] = "每个条目都要有取值、原因和操作人,可以有生效和失效时间。"


class InvalidTableError(RiskError):
    """A decision table is not as it must be."""

    code = "table.invalid"
    hint = "Give inputs, and rows with one cell per input."
    hint_zh: ClassVar[str] = "请给出输入列,并为每行的每个输入写一个单元格。"


class UnreachableRowError(RiskError):
    """A row of a decision table can never be hit, because earlier rows take all its cases."""

    code = "table.unreachable_row"
    hint = "Move the row up, narrow the rows before it, or delete it."
    hint_zh: ClassVar[str] = "请把该行上移、收窄前面的行,或删除该行。"


class OverlappingRowsError(RiskError):
    """Two rows of a table whose rows must exclude each other have a case in common."""

    code = "table.overlapping_rows"
    hint = "Narrow one of the rows, or declare hit: first."
    hint_zh: ClassVar[str] = "请收窄其中一行,或声明 hit: first。"


class InvalidScorecardError(RiskError):
    """A scorecard is not as it must be."""

    code = "scorecard.invalid"
    hint = "The bins of a characteristic cover every value once, and one bin is for missing."
    hint_zh: ClassVar[str] = "每个特征的分箱必须恰好覆盖所有取值,并包含缺失箱。"


class InvalidReasonError(RiskError):
    """A reason template names something that does not exist or is not closed."""

    code = "reason.invalid"
    hint = "Write placeholders as {name}; write {{ and }} for braces."
    hint_zh: ClassVar[str] = "占位符写作 {名称};花括号本身写作 {{ 和 }}。"


class InvalidCalendarError(RiskError):
    """A working-day calendar is not as it must be."""

    code = "calendar.invalid"
    hint = "Give each year its reference, its holidays and its make-up working days."
    hint_zh: ClassVar[str] = "每年都要给出依据、放假日和调休上班日。"


def raise_all(errors: Sequence[RiskError]) -> None:
    """Nothing without errors; the error itself if it is one; all of them together otherwise."""
    if not errors:
        return
    faults = [
        fault
        for error in errors
        for fault in (error.faults if isinstance(error, FaultsError) else (error.fault(),))
    ]
    if len(errors) == 1:
        raise errors[0]
    raise FaultsError(faults)


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean x?`` with the nearest known name, or nothing."""
    matches = difflib.get_close_matches(name[:80], list(known), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]}?" if matches else ""


def listed(names: Iterable[str], *, limit: int = 12) -> str:
    """Some known names, for an error message."""
    ordered = sorted(names)
    more = f", and {len(ordered) - limit} more" if len(ordered) > limit else ""
    return ", ".join(ordered[:limit]) + more
