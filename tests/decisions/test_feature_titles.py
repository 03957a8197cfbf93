"""Features are called what a reader of each language would call them."""

import pytest

from fengkong.decisions.feature_titles import window_title
from fengkong.events.catalogue import shipped_catalogue
from fengkong.features.declarations import parse_feature


@pytest.mark.parametrize(
    ("declared", "zh", "en"),
    [
        ("count() over card last 30d", "近 30 天按银行卡统计的次数", "count by Card, last 30d"),
        ("count() over card last 1h", "近 1 小时按银行卡统计的次数", "count by Card, last 1h"),
        (
            "sum(amount) over card last 90s",
            "近 90 秒按银行卡统计的金额合计",
            "Amount: sum by Card, last 90s",
        ),
        (
            "count() over card last 2d delayed 10m",
            "近 2 天按银行卡统计的次数（延迟 10 分钟）",
            "count by Card, last 2d, delayed 10m",
        ),
    ],
)
def test_a_window_in_words(declared: str, zh: str, en: str) -> None:
    title = window_title(parse_feature(declared, name="n"), catalogue=shipped_catalogue())
    assert (title.zh, title.en) == (zh, en)
