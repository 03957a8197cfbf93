"""A computed feature is called by what it is computed of, in both languages."""

from pathlib import Path

import pytest

from fengkong.core.bilingual import Bilingual
from fengkong.decisions.expression_words import LONGEST, expression_words
from fengkong.decisions.feature_titles import feature_title
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.rules.expressions import parse
from fengkong.rules.kinds import Kind
from fengkong.rules.scope import Scope

SCOPE = Scope(
    names={
        "amount": Kind.MONEY,
        "mean": Kind.MONEY,
        "count": Kind.NUMBER,
        "since": Kind.INSTANT,
        "occurred_at": Kind.INSTANT,
        "city": Kind.TEXT,
        "is_new": Kind.BOOLEAN,
        "grown": Kind.NUMBER,
    },
    currency="CNY",
)
TITLES = {
    "amount": Bilingual(zh="金额", en="Amount"),
    "mean": Bilingual(zh="平均值", en="Mean"),
    "count": Bilingual(zh="次数", en="Count"),
    "since": Bilingual(zh="注册时间", en="Since"),
    "occurred_at": Bilingual(zh="发生时间", en="Time"),
    "city": Bilingual(zh="城市", en="City"),
    "is_new": Bilingual(zh="新设备", en="New"),
    "grown": Bilingual(zh="金额 ÷ 平均值", en="Amount ÷ Mean"),
}
SAID = {
    "days_between(since, occurred_at)": ("从注册时间到发生时间的天数", "days from Since to Time"),
    "amount / mean": ("金额 ÷ 平均值", "Amount ÷ Mean"),
    "(amount - mean) / count": ("（金额 − 平均值） ÷ 次数", "(Amount − Mean) ÷ Count"),
    "amount > money(50)": ("金额 > 50", "Amount > 50"),
    "count * grown": ("次数 × （金额 ÷ 平均值）", "Count × (Amount ÷ Mean)"),
    "city in ['a', 'b'] and not is_new": (
        "城市属于 “a”、“b”，且并非新设备",
        "City is one of “a”, “b” and not New",
    ),
    "not (count > 2)": ("并非（次数 > 2）", "not (Count > 2)"),
    "is_missing(city) or count >= 3": ("缺少城市，或次数 ≥ 3", "City is missing or Count ≥ 3"),
    "default(count, 2) + 1": (
        "（次数（没有时取 2）） + 1",
        "(Count (2 where there is none)) + 1",
    ),
    "1 if is_new else 0": ("若新设备则为1，否则为0", "1 if New, else 0"),
    "max(count, 3)": ("次数、3 中最大者", "the greatest of Count, 3"),
    "contains(city, 'x')": ("城市包含 “x”", "City contains “x”"),
    "left(city, 2) == 'ab'": ("left(城市, 2) = “ab”", "left(City, 2) = “ab”"),
}
POLICIES = sorted(Path("src/fengkong/packs").glob("*/policy.yaml"))


def said(text: str) -> tuple[str, str] | None:
    found = expression_words(parse(text, scope=SCOPE), titles=TITLES.__getitem__, scale=SCOPE.scale)
    return None if found is None else (found.zh, found.en)


@pytest.mark.parametrize("text", SAID)
def test_an_expression_is_read_aloud(text: str) -> None:
    assert said(text) == SAID[text]


def test_what_is_longer_than_a_few_lines_is_no_title() -> None:
    cities = ", ".join(repr("x" * 20 + str(number)) for number in range(LONGEST // 20))
    assert said(f"city in [{cities}]") is None


def policy(path: Path) -> Policy:
    return load_policy(
        path.read_text(encoding="utf-8"), source=path.name, catalogue=shipped_catalogue()
    )


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name)
def test_every_computed_feature_that_is_shipped_has_a_chinese_title(path: Path) -> None:
    made = policy(path)
    for name in made.derived:
        title = feature_title(name, made)
        assert any("一" <= letter <= "鿿" for letter in title.zh), name
        assert name.replace("_", " ") != title.en
