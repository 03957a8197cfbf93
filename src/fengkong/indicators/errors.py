"""What can be wrong with an indicator or a source."""

from __future__ import annotations

from typing import ClassVar

from fengkong.core.errors import RiskError


class InvalidIndicatorError(RiskError):
    """An indicator file does not say what an indicator must say."""

    code = "indicator.invalid"
    hint = "Correct the indicator at the line named; docs/reference/indicators.md has examples."
    hint_zh: ClassVar[str] = "请改正所指行的指标；docs/reference/indicators.zh.md 有示例。"


class UnknownIndicatorError(RiskError):
    """There is no indicator, source or group of this name."""

    code = "indicator.unknown"
    hint = "`fengkong indicators list` shows every indicator with its group and source."
    hint_zh: ClassVar[str] = "fengkong indicators list 列出全部指标及其分组和数据源。"


class UnreadableSourceError(RiskError):
    """What a source delivered cannot be used: not there, not readable, or columns are missing."""

    code = "indicator.unreadable_source"
    hint = "Mend the file or the address; until then its indicators have no data."
    hint_zh: ClassVar[str] = "请修复文件或地址；在此之前相关指标为无数据。"
