"""Recall by attack scenario at one share of good traffic: rules, a model, both; links or none.

    python tools/scenario_models.py HISTORY

HISTORY is what ``fengkong simulate`` wrote, thirty days at least. For each pack a model learns from
the first half and is judged on the last third; ``docs/reference/scenario-recall.md`` and its
Chinese twin are written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
PACKS: Final = ("payments", "transfers", "account_protection")
SHARE: Final = 0.01
PLAN: Final = """
training: scenarios
version: 1
title: {{zh: 场景, en: Scenarios}}
policy: {pack}
inputs: [{inputs}]
truth: {{from: file, delay: 2d}}
least_frauds: 20
model: {{kind: trees, rounds: 100, parameters: {{num_leaves: 8, min_child_samples: 20}}}}
"""
TITLE: Final = Bilingual(zh="各攻击场景的召回率", en="Recall by attack scenario")
NOTE: Final = Bilingual(
    zh="模拟历史 30 天：前 {train} 天训练，标签延迟 2 天，后 {test} 天评判。"
    "每一列最多打扰 {share} 的正常事件：规则按分数取阈值，模型按概率；"
    "两者合用时规则至多占一半，其余归模型。“–”表示该策略没有关联特征。",
    en="Thirty simulated days: a model learns from the first {train}, the truth is known 2 days "
    "later, the last {test} are judged. Each column flags at most {share} of good events: rules by "
    "their points, the model by its probability; together rules take at most half, the model what "
    "is left. A dash: the pack has no links.",
)
COLUMNS: Final = Bilingual(
    zh="策略与场景|欺诈|仅规则|模型，无关联特征|模型，含关联特征|两者合用",
    en="Pack and scenario|Frauds|Rules|Model without links|Model with links|Both",
)
MADE: Final = Bilingual(
    zh="<!-- 本页由 tools/scenario_models.py 生成，请勿手工修改。 -->",
    en="<!-- Made by tools/scenario_models.py; do not edit by hand. -->",
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One pack on the test: what rules and models say of each row, and the truth."""

    pack: str
    table: TrainingTable
    at: NDArray[np.int64]
    points: Floats
    plain: Floats
    linked: Floats | None

    def recall(self, numbers: Floats, chosen: Truths) -> float:
        """The share of chosen frauds that are flagged at the share of good rows."""
        return float(flagged(numbers, fraud=self.table.fraud[self.at])[chosen].mean())


def flagged(numbers: Floats, *, fraud: Truths, share: float = SHARE) -> Truths:
    """Rows at or above the lowest number that flags at most a share of good rows."""
    limit = limit_at(Ranking.of(numbers, fraud=fraud), false_positive_rate=share)
    return numbers >= limit


def both(points: Floats, chances: Floats, *, fraud: Truths) -> Floats:
    """Numbers that put what rules flag (half the share at most) first, then the model's order."""
    first = flagged(points, fraud=fraud, share=SHARE / 2)
    return chances + first.astype(np.float64) * 2.0


def judged(pack: str, history: Path) -> Judged:
    """Train on a pack's features and gather what is said of the test."""
    policy = read_policy(pack)
    links = [one.name for one in policy.links]
    features = [name for name in policy.feature_names if name not in links]
    usable = [
        name for name in features if policy.scope.names[name] in ("number", "money", "boolean")
    ]
    names = ["amount"] if "amount" in policy.scope.names else []
    table, at, plain = model_of(pack, [*names, *usable], history)
    linked = model_of(pack, [*names, *usable, *links], history)[2] if links else None
    return Judged(
        pack=pack, table=table, at=at, points=points_of(policy, read(history))[at], plain=plain,
        linked=linked,
    )  # fmt: skip


def model_of(
    pack: str, inputs: Sequence[str], history: Path
) -> tuple[TrainingTable, NDArray[np.int64], Floats]:
    """The table of a history, the rows of its test and a model's probabilities of them."""
    plan, document = read_training(
        PLAN.format(pack=pack, inputs=", ".join(inputs)), source="scenarios"
    )
    source = locate(pack, kind="policy")
    made = feature_policy(
        source.read_text(encoding="utf-8"), source=str(source), plan=plan, document=document,
        catalogue=shipped_catalogue(),
    )  # fmt: skip
    truth = TruthRequest(source=TruthSource.FILE, file=history / "truth.parquet", delay=plan.delay)
    request = TableRequest(
        inputs=plan.inputs, entity="customer", amount="amount", delay=plan.delay, truth=truth
    )
    table = training_table(made.policy, read(history), request=request)
    first = int(table.occurred_at.min())
    window = Window.of(
        since=first, length=16 * DAY_US, delay=plan.delay, test=12 * DAY_US, history=first
    )
    lesson = Lesson(table=table, plan=plan)
    sample = lesson.sample(lesson.fit(window, {}), window)
    assert sample is not None, "thirty days have a test"
    return table, sample.at, sample.probabilities


def read(history: Path) -> Iterable[EventColumns]:
    """The events of a simulated history."""
    return read_columns([history / "events.jsonl"])


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


def rows_of(one: Judged) -> Iterable[tuple[str, ...]]:
    """A row for the pack, and one for each scenario with frauds in the test."""
    fraud = one.table.fraud[one.at]
    names = one.table.scenario_names
    best = one.plain if one.linked is None else one.linked
    columns = (one.points, one.plain, one.linked, both(one.points, best, fraud=fraud))
    scenarios = one.table.scenarios[one.at]
    groups = [(one.pack, fraud)]
    groups += [(f"· {name}", fraud & (scenarios == names.index(name))) for name in sorted(names)]
    for name, chosen in groups:
        if chosen.any():
            cells = ("–" if c is None else f"{one.recall(c, chosen):.1%}" for c in columns)
            yield (name, f"{int(chosen.sum()):,}", *cells)


def page(judgements: Sequence[Judged], language: Language) -> str:
    """The page in a language."""
    twin = "scenario-recall.md" if language == "zh" else "scenario-recall.zh.md"
    note = NOTE.of(language).format(train=16, test=12, share=f"{SHARE:.0%}")
    rows = tuple(row for one in judgements for row in rows_of(one))
    blocks: list[Block] = [
        Heading(1, TITLE.of(language)),
        Paragraph(f"[{'English' if language == 'zh' else '中文'}]({twin})"),
        Paragraph(MADE.of(language)),
        Paragraph(note),
        Grid(tuple(COLUMNS.of(language).split("|")), rows),
    ]
    return markdown(blocks)


def main() -> None:
    """Write both pages."""
    history = Path(sys.argv[1])
    judgements = [judged(pack, history) for pack in PACKS]
    for language in LANGUAGES:
        name = "scenario-recall.zh.md" if language == "zh" else "scenario-recall.md"
        (FOLDER / name).write_text(page(judgements, language), encoding="utf-8")


if __name__ == "__main__":
    main()
