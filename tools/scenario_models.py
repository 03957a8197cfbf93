"""Recall by attack scenario at one share of good traffic: rules, a model, both; links or none.

    fengkong simulate --scenario all --days 45 --customers 4000 --seed 102 --out HISTORY
    python tools/scenario_models.py HISTORY [HISTORY ...]

For each pack a model learns from the first days of each history and is judged on the last ones; the
tests of all histories are counted together. ``docs/reference/scenario-recall.md`` and its Chinese
twin are written, unless a shipped pack or scenario would be missing from them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fengkong.cli.sources import locate, read_policy
from fengkong.core.bilingual import LANGUAGES, Bilingual, Language
from fengkong.core.instants import DAY_US
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import Policy
from fengkong.evaluation.document import Block, Grid, Heading, Paragraph, markdown
from fengkong.evaluation.labels import TruthRequest, TruthSource
from fengkong.evaluation.lesson import Lesson
from fengkong.evaluation.training_plan import read_training
from fengkong.evaluation.training_policy import feature_policy
from fengkong.evaluation.training_table import TableRequest, TrainingTable, training_table
from fengkong.evaluation.training_windows import Window
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.readers import read_columns
from fengkong.scoring.separation import Floats, Ranking, Truths, limit_at
from fengkong.simulation.scenarios import shipped_scenarios

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
PACKS: Final = ("payments", "transfers", "account_protection", "loan_applications")
"""Packs whose events the simulator makes."""
ELSEWHERE: Final = {"card_payments": "model-card-payments", "card_geo": "packs"}
"""Packs of other data, and the page that has their figures."""
AMOUNTS: Final = ("amount", "loan_amount")
LINKS: Final[Mapping[str, Mapping[str, str]]] = {
    "payments": {
        "customer_component_size_30d": "component_size() of payment.initiated, login.attempted, "
        "customer.registered over customer by device, card, address last 30d",
        "customer_degree_7d": "degree() of payment.initiated, login.attempted, "
        "customer.registered over customer by device, ip last 7d",
        "merchant_degree_7d": "degree() of payment.initiated over merchant by device, card last 7d",
    },
}
"""What a model with links is given in packs whose rules use none."""
TRAIN_DAYS, DELAY_DAYS, TEST_DAYS = 24, 2, 19
SHARE: Final = 0.01
PLAN: Final = {
    "training": "scenarios",
    "version": 1,
    "title": {"zh": "场景", "en": "Scenarios"},
    "truth": {"from": "file", "delay": f"{DELAY_DAYS}d"},
    "least_frauds": 20,
    "model": {
        "kind": "trees",
        "rounds": 100,
        "parameters": {"num_leaves": 8, "min_child_samples": 20},
    },
}
TITLE: Final = Bilingual(zh="各攻击场景的召回率", en="Recall by attack scenario")
NOTE: Final = Bilingual(
    zh="{histories} 段模拟历史（种子 {seeds}，每段的评判期都遇上一次挤兑），"
    "各 {days} 天，所有场景都开启：前 {train} 天训练，"
    "标签延迟 {delay} 天，后 {test} 天评判，各段合计。"
    "每一列在每段历史中最多打扰 {share} 的正常事件："
    "规则按分数取阈值，模型按概率；两者合用时规则至多占一半，其余归模型。"
    "规则自己的处置（不设限额）见[规则包](packs.zh.md)。"
    "payments 的规则不用关联特征，它的“含关联特征”是模型另得的三个特征：{links}。",
    en="{histories} simulated histories (seeds {seeds}, each with a run on redemptions in its "
    "test) of {days} days, all scenarios switched on: a model learns from the first {train}, the "
    "truth is known {delay} days later, the last {test} are judged, all histories counted "
    "together. Each column flags at most {share} of the good events of a history: rules by their "
    "points, the model by its probability; together rules take at most half, the model what is "
    "left. What rules do by themselves, without such a limit, stands in "
    "[shipped packs](packs.md). The rules of payments use no links; its model with links is given "
    "three features more: {links}.",
)
COLUMNS: Final = Bilingual(
    zh="策略与场景|测试中的欺诈|仅规则|模型，无关联特征|模型，含关联特征|两者合用",
    en="Pack and scenario|Frauds in the test|Rules|Model without links|Model with links|Both",
)
STRESS: Final = Bilingual(zh="压力场景（不是欺诈）", en="Stress, and no fraud")
STRESS_NOTE: Final = Bilingual(
    zh="{names} 不是攻击：其中每个事件都是客户自己的，没有欺诈标签，也就没有召回率。"
    "下表是它的事件被打扰的比例，越低越好：挤兑发生时，风控不应把恐慌的客户当成骗子。上表把这些事件算作正常事件。",
    en="{names} is no attack: every event of it is the customer's own, there is no label of fraud "
    "and so no recall. The table says what share of its events is flagged; lower is better, since "
    "risk control must not take frightened customers for fraudsters in a run. In the table above "
    "they count as good events.",
)
STRESS_COLUMNS: Final = Bilingual(
    zh="策略与场景|测试中的事件|仅规则|模型，无关联特征|模型，含关联特征|两者合用",
    en="Pack and scenario|Events in the test|Rules|Model without links|Model with links|Both",
)
OTHERS: Final = Bilingual(zh="其他数据上的规则包", en="Packs of other data")
OTHERS_NOTE: Final = Bilingual(
    zh="`{pack}` 判断的是另一种数据（模拟平台没有它的字段与币种），结果见[{page}]({page}.zh.md)。",
    en="`{pack}` judges other data, whose fields and currency the simulated platform does not "
    "have; its figures stand in [{page}]({page}.md).",
)
MADE: Final = Bilingual(
    zh="<!-- 本页由 tools/scenario_models.py 生成，请勿手工修改。 -->",
    en="<!-- Made by tools/scenario_models.py; do not edit by hand. -->",
)


@dataclass(frozen=True, kw_only=True)
class Tested:
    """The test of one pack on some histories, row by row: the truth, and who is flagged by what.

    `scenarios` are names, "" for none; `flags` has one column each for rules, the model without
    links, that with links and both together.
    """

    pack: str
    fraud: Truths
    scenarios: NDArray[np.str_]
    flags: NDArray[np.bool_]

    def shares(self, chosen: Truths) -> list[str]:
        """The share of chosen rows that each column flags."""
        return [f"{one:.1%}" for one in self.flags[chosen].mean(axis=0)]


def flagged(numbers: Floats, *, fraud: Truths, share: float = SHARE) -> Truths:
    """Rows at or above the lowest number that flags at most a share of good rows."""
    limit = limit_at(Ranking.of(numbers, fraud=fraud), false_positive_rate=share)
    return numbers >= limit


def both(points: Floats, chances: Floats, *, fraud: Truths) -> Floats:
    """Numbers that put what rules flag (half the share at most) first, then the model's order."""
    first = flagged(points, fraud=fraud, share=SHARE / 2)
    return chances + first.astype(np.float64) * 2.0


@dataclass(frozen=True, kw_only=True)
class History:
    """A simulated history, read once."""

    events: list[EventColumns]
    truth: Path

    @classmethod
    def of(cls, folder: Path) -> History:
        """What ``fengkong simulate`` wrote into a folder."""
        events = list(read_columns([folder / "events.jsonl"]))
        return cls(events=events, truth=folder / "truth.parquet")


def tested(folders: Iterable[Path]) -> list[Tested]:
    """Every pack on the tests of all histories, each with models of its own."""
    parts: dict[str, list[Tested]] = {pack: [] for pack in PACKS}
    for folder in folders:
        history = History.of(folder)
        for pack, found in parts.items():
            found.append(tested_on(history, pack))
    return [
        Tested(
            pack=pack,
            fraud=np.concatenate([one.fraud for one in found]),
            scenarios=np.concatenate([one.scenarios for one in found]),
            flags=np.concatenate([one.flags for one in found]),
        )
        for pack, found in parts.items()
    ]


def tested_on(history: History, pack: str) -> Tested:
    """Train on a pack's features, with and without links, and flag the rows of the test."""
    policy = read_policy(pack)
    more = LINKS.get(pack, {})
    links = [one.name for one in policy.links]
    usable = [
        name
        for name in (*AMOUNTS, *policy.feature_names)
        if name not in links and policy.scope.names.get(name) in ("number", "money", "boolean")
    ]
    table, at, plain = model_of(plan_of(pack, usable), history)
    linked = model_of(plan_of(pack, [*usable, *links, *more], features=more), history)[2]
    points = points_of(policy, history.events)[at]
    fraud = table.fraud[at]
    columns = (points, plain, linked, both(points, linked, fraud=fraud))
    names = np.array([*table.scenario_names, ""])
    return Tested(
        pack=pack,
        fraud=fraud,
        scenarios=names[table.scenarios[at]],
        flags=np.column_stack([flagged(column, fraud=fraud) for column in columns]),
    )


def plan_of(pack: str, inputs: Sequence[str], *, features: Mapping[str, str] | None = None) -> str:
    """The training configuration that learns from inputs of a pack."""
    known = read_policy(pack).scope.names
    amount = next((name for name in AMOUNTS if name in known), AMOUNTS[0])
    judge = {"entity": "customer", "amount": amount}
    own = {"policy": pack, "inputs": inputs, "features": features or {}, "judge": judge}
    return msgspec.json.encode(PLAN | own).decode()


def model_of(
    configuration: str, history: History
) -> tuple[TrainingTable, NDArray[np.int64], Floats]:
    """The table of a history, the rows of its test and a model's probabilities of them."""
    plan, document = read_training(configuration, source="scenarios")
    source = locate(plan.policy, kind="policy")
    made = feature_policy(
        source.read_text(encoding="utf-8"), source=str(source), plan=plan, document=document,
        catalogue=shipped_catalogue(),
    )  # fmt: skip
    truth = TruthRequest(source=TruthSource.FILE, file=history.truth, delay=plan.delay)
    request = TableRequest(
        inputs=plan.inputs, entity=plan.judge.entity, amount=plan.judge.amount, delay=plan.delay,
        truth=truth,
    )  # fmt: skip
    table = training_table(made.policy, history.events, request=request)
    first = int(table.occurred_at.min())
    window = Window.of(
        since=first, length=TRAIN_DAYS * DAY_US, delay=plan.delay, test=TEST_DAYS * DAY_US,
        history=first,
    )  # fmt: skip
    lesson = Lesson(table=table, plan=plan)
    sample = lesson.sample(lesson.fit(window, {}), window)
    assert sample is not None, "the history is longer than its training"
    return table, sample.at, sample.probabilities


def points_of(policy: Policy, batches: Iterable[EventColumns]) -> Floats:
    """The points of every decided event, in order."""
    engine = Engine(policy)
    state = engine.new_state()
    return np.concatenate(
        [
            block.judged.points
            for columns in batches
            for block in engine.decide_columns(columns, state)
        ]
    )


def fraud_rows(one: Tested) -> Iterable[tuple[str, ...]]:
    """A row for the pack, and one for each scenario with frauds in the test."""
    groups = [(one.pack, one.fraud)]
    groups += [
        (f"· {name}", one.fraud & (one.scenarios == name))
        for name, scenario in shipped_scenarios().items()
        if scenario.is_fraud
    ]
    for name, chosen in groups:
        if chosen.any():
            yield (name, f"{int(chosen.sum()):,}", *one.shares(chosen))


def stress_rows(one: Tested) -> Iterable[tuple[str, ...]]:
    """A row for each stress with events in the test."""
    for name, scenario in shipped_scenarios().items():
        chosen = one.scenarios == name
        if not scenario.is_fraud and chosen.any():
            assert not one.fraud[chosen].any(), f"{name} has frauds and calls itself a stress"
            yield (f"{one.pack} · {name}", f"{int(chosen.sum()):,}", *one.shares(chosen))


def shipped_packs() -> list[str]:
    """The packs with a policy."""
    packs = files("fengkong") / "packs"
    return sorted(one.name for one in packs.iterdir() if (one / "policy.yaml").is_file())


def lacking(text: str) -> list[str]:
    """Shipped packs and scenarios that a page has no row or sentence for."""
    cells = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    rows = {name for cell in cells for name in cell.split("·")}
    named = {name.strip() for name in rows} | {
        name for name in ELSEWHERE if f"`{name}`" in text
    }  # fmt: skip
    return [name for name in (*shipped_packs(), *shipped_scenarios()) if name not in named]


def page(tests: Sequence[Tested], language: Language, *, seeds: Sequence[int]) -> str:
    """The page in a language; raises `SystemExit` where it would lack a pack or a scenario."""
    twin = "scenario-recall.md" if language == "zh" else "scenario-recall.zh.md"
    note = NOTE.of(language).format(
        histories=len(seeds),
        seeds=", ".join(map(str, seeds)),
        days=TRAIN_DAYS + DELAY_DAYS + TEST_DAYS,
        train=TRAIN_DAYS,
        delay=DELAY_DAYS,
        test=TEST_DAYS,
        share=f"{SHARE:.0%}",
        links="; ".join(f"`{name}: {told}`" for name, told in LINKS["payments"].items()),
    )
    stresses = [name for name, one in shipped_scenarios().items() if not one.is_fraud]
    blocks: list[Block] = [
        Heading(1, TITLE.of(language)),
        Paragraph(f"[{'English' if language == 'zh' else '中文'}]({twin})"),
        Paragraph(MADE.of(language)),
        Paragraph(note),
        Grid(_split(COLUMNS, language), tuple(row for one in tests for row in fraud_rows(one))),
        Heading(2, STRESS.of(language)),
        Paragraph(STRESS_NOTE.of(language).format(names=", ".join(stresses))),
        Grid(
            _split(STRESS_COLUMNS, language),
            tuple(row for one in tests for row in stress_rows(one)),
        ),
        Heading(2, OTHERS.of(language)),
        *(
            Paragraph(OTHERS_NOTE.of(language).format(pack=pack, page=where))
            for pack, where in ELSEWHERE.items()
        ),
    ]
    text = markdown(blocks)
    if found := lacking(text):
        raise SystemExit(f"nothing was written, the page would lack {', '.join(found)}")
    return text


def _split(columns: Bilingual, language: Language) -> tuple[str, ...]:
    return tuple(columns.of(language).split("|"))


def main() -> None:
    """Write both pages."""
    folders = [Path(one) for one in sys.argv[1:]]
    tests = tested(folders)
    seeds = [json.loads((folder / "summary.json").read_bytes())["seed"] for folder in folders]
    pages = {one: page(tests, one, seeds=seeds) for one in LANGUAGES}
    for language, text in pages.items():
        name = "scenario-recall.zh.md" if language == "zh" else "scenario-recall.md"
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
