"""Writes docs/reference/packs.md and packs.zh.md: what each shipped pack holds and how it does.

Run as `python tools/packs_report.py`; it takes some minutes. The packs of the platform are
measured on simulated months whose seeds are not the one they were tuned on; the card packs on the
public data sets, where `--data` names the folder that holds them (left out where it is absent).
The pages hold no dates and no times of the machine: the same code writes the same pages.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from pack_measurement import SIMULATED, Measurement, measure, pack_text, shipped_policy

from fengkong.core.instants import parse_instant
from fengkong.decisions.engine import Engine
from fengkong.events.mapping import load_mapping
from fengkong.events.readers import read_columns
from fengkong.simulation.platform import Simulation
from fengkong.simulation.scenarios import shipped_scenarios

ROOT = Path(__file__).resolve().parent.parent
PACKS = ("card_payments", "card_geo", *SIMULATED)
SEED_TUNED = 11
SEEDS = (101, 102)
DAYS = 40
SKIPPED = 7
CUSTOMERS = 5000
CARD_STARTS = {"card_payments": "2018-07-01T00:00:00Z", "card_geo": "2019-06-01T00:00:00Z"}
"""From when the card packs are measured; limits were tuned on what came before."""

TEXTS = {
    "zh": {
        "title": "# 随附策略包",
        "intro": (
            "本页由 `python tools/packs_report.py` 生成。策略包可直接使用，也可复制后修改；"
            "每个包都带有参数及其依据、名单、中英文原因和能通过的例子"
            "（`fengkong policy check 包名`）。"
        ),
        "method": (
            "平台类策略包在 {seeds} 两个种子的模拟月份上衡量（各 {days} 天、{customers} 名客户，"
            "全部场景，前 {skipped} 天只积累历史不计数），阈值是用种子 {tuned} 调的。"
            "“拦下”指结果不是放行；被拦下的事件仍留在事件流中。金额召回按事件金额计算。"
            "一个场景的相关规则，是命中其被拦事件二十分之一以上的规则；其精确率把任何场景的欺诈都算对。"
            "模拟不是现实：上线前请用"
            "自己的历史回放。"
        ),
        "overall": "| 正常事件 | 被拦的正常事件 | 精确率 | 欺诈事件 | 召回率 |",
        "scenario": "| 场景 | 欺诈事件 | 召回率 | 金额召回率 | 相关规则的精确率 |",
        "measured": "衡量结果",
        "blind": "看不见什么",
        "rules": "规则",
        "rules_head": "| 规则 | 结果 | 分值 | 条件 | F3 | 命中 | 其中欺诈 |",
        "features": "特征",
        "features_head": "| 特征 | 声明 |",
        "parameters": "参数",
        "parameters_head": "| 参数 | 自 | 值 | 依据 |",
        "lists": "名单",
        "lists_head": "| 名单 | 对象 | 含义 |",
        "unknown": "不能判断的规则：{unknown}。",
        "record": "只记录，不影响结果",
        "decides": "判断的事件：{events}。",
        "absent": "未衡量：没有公开数据集。",
        "cards": "衡量区间自 {start} 起，阈值用此前的数据调整。",
        "kind": "欺诈手法 {kind}",
        "fraud": "全部欺诈",
    },
    "en": {
        "title": "# Shipped packs",
        "intro": (
            "This page is made by `python tools/packs_report.py`. A pack can be used as it is, or "
            "copied and changed; each has parameters with references, lists, reasons in both "
            "languages, and examples that pass (`fengkong policy check PACK`)."
        ),
        "method": (
            "The packs of the platform are measured on the simulated months of the seeds {seeds} "
            "({days} days and {customers} customers each, all scenarios, the first {skipped} days "
            "only fill the history); limits were tuned on seed {tuned}. Stopped means any outcome "
            "but allow; what was stopped stays in the stream. Recall of money weighs events by "
            "their amount. The rules of a scenario are those that hit at least a twentieth of what "
            "was stopped of it; their precision counts frauds of any scenario. A simulation is not "
            "the world: replay your own history before you go live."
        ),
        "overall": "| Good events | Good events stopped | Precision | Frauds | Recall |",
        "scenario": "| Scenario | Frauds | Recall | Recall of money | Precision of its rules |",
        "measured": "Measured",
        "blind": "What it cannot see",
        "rules": "Rules",
        "rules_head": "| Rule | Outcome | Points | Condition | F3 | Hits | Of them fraud |",
        "features": "Features",
        "features_head": "| Feature | Declaration |",
        "parameters": "Parameters",
        "parameters_head": "| Parameter | From | Value | Reference |",
        "lists": "Lists",
        "lists_head": "| List | Of | Meaning |",
        "unknown": "A rule that cannot be known: {unknown}.",
        "record": "recorded, and nothing more",
        "decides": "Decides: {events}.",
        "absent": "Not measured: the public data set is absent.",
        "cards": "Measured from {start}; limits were tuned on what came before.",
        "kind": "Way of fraud {kind}",
        "fraud": "All fraud",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one page is made of: its language and the measurements by pack."""

    language: str
    measurements: dict[str, Measurement]

    def text(self, name: str) -> str:
        """A text of the page."""
        return TEXTS[self.language][name]

    def lines(self) -> list[str]:
        """The whole page."""
        method = self.text("method").format(
            seeds=", ".join(map(str, SEEDS)),
            days=DAYS,
            customers=CUSTOMERS,
            skipped=SKIPPED,
            tuned=SEED_TUNED,
        )
        lines = [self.text("title"), "", self.text("intro"), "", method]
        for pack in PACKS:
            lines += ["", *self.pack(pack)]
        return lines

    def pack(self, pack: str) -> list[str]:
        """The part about one pack."""
        data = yaml.safe_load(pack_text(pack))
        unknown = self.text("record") if data["unknown"] == "record" else data["unknown"]
        events = ", ".join(f"`{name}`" for name in data["events"])
        lines = [f"## {data['title'][self.language]} (`{pack}`)", ""]
        lines += [data["description"][self.language].strip(), ""]
        lines.append(self.text("decides").format(events=events))
        lines += [self.text("unknown").format(unknown=unknown), ""]
        lines += [f"### {pack}: {self.text('measured')}", "", *self.measured(pack), ""]
        spots = yaml.safe_load(pack_text(pack, file="blind_spots.yaml"))
        lines += [f"### {pack}: {self.text('blind')}", ""]
        lines += [f"- {' '.join(spot[self.language].split())}" for spot in spots]
        for part in ("rules", "features", "parameters", "lists"):
            rows = getattr(self, f"{part}_rows")(pack, data)
            lines += ["", f"### {pack}: {self.text(part)}", ""]
            lines += table(self.text(f"{part}_head"), rows)
        return lines

    def measured(self, pack: str) -> list[str]:
        """The figures of one pack."""
        measurement = self.measurements.get(pack)
        if measurement is None:
            return [self.text("absent")]
        lines = []
        if pack in CARD_STARTS:
            lines += [self.text("cards").format(start=CARD_STARTS[pack][:10]), ""]
        frauds = measurement.frauds
        overall = [
            f"{measurement.good.events:,}",
            percent(measurement.good.share, digits=2),
            percent(measurement.precision),
            f"{sum(count.events for count in frauds.values()):,}",
            percent(measurement.recall),
        ]
        rows = [
            [
                self.scenario(name),
                f"{count.events:,}",
                percent(count.share),
                percent(count.money_share) if count.money else "",
                percent(measurement.precision_of(name)) if count.stopped else "",
            ]
            for name, count in sorted(frauds.items())
        ]
        lines += table(self.text("overall"), [overall])
        return [*lines, "", *table(self.text("scenario"), rows)]

    def scenario(self, name: str) -> str:
        """A scenario as the reader knows it."""
        scenarios = shipped_scenarios()
        if name in scenarios:
            return f"{scenarios[name].title.of(self.language)} (`{name}`)"  # type: ignore[arg-type]
        return self.text("kind").format(kind=name) if name else self.text("fraud")

    def rules_rows(self, pack: str, data: dict[str, Any]) -> list[list[str]]:
        """A row for each rule."""
        measurement = self.measurements.get(pack)
        rows = []
        for rule in data["rules"]:
            hits = measurement.hits[rule["id"]] if measurement else 0
            frauds = measurement.fraud_hits[rule["id"]] if measurement else 0
            title = rule.get("title", rule["reason"])[self.language]
            rows.append(
                [
                    f"`{rule['id']}`<br>{title}",
                    rule.get("outcome", ""),
                    str(rule.get("points", "")),
                    code(rule["when"]),
                    ", ".join(rule.get("techniques", ())),
                    f"{hits:,}" if measurement else "",
                    percent(frauds / hits) if hits else "",
                ]
            )
        return rows

    def features_rows(self, _pack: str, data: dict[str, Any]) -> list[list[str]]:
        """A row for each feature."""
        return [[f"`{name}`", code(text)] for name, text in data["features"].items()]

    def parameters_rows(self, _pack: str, data: dict[str, Any]) -> list[list[str]]:
        """A row for each dated value."""
        rows = []
        for name, dates in data["parameters"].items():
            for day, content in dates.items():
                if day != "kind":
                    value = f"{content['value']:,}"
                    reference = " ".join(content["reference"][self.language].split())
                    rows.append([f"`{name}`", str(day), value, reference])
        return rows

    def lists_rows(self, _pack: str, data: dict[str, Any]) -> list[list[str]]:
        """A row for each list."""
        return [
            [f"`{name}`", f"`{content['of']}`", content["title"][self.language]]
            for name, content in data["lists"].items()
        ]


def percent(share: float, *, digits: int = 1) -> str:
    """A share as people read it."""
    return f"{share * 100:.{digits}f} %"


def code(text: str) -> str:
    """An expression in a cell of a table."""
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def table(head: str, rows: Iterable[Sequence[str]]) -> list[str]:
    """A table of Markdown."""
    rule = "|" + "---|" * (head.count("|") - 1)
    return [head, rule, *(f"| {' | '.join(row)} |" for row in rows)]


def measure_cards(pack: str, *, data: Path) -> Measurement | None:
    """A card pack on its public data set, by way of fraud where the data tell it; None without."""
    path = data / pack / "transactions.parquet"
    if not path.exists():
        return None
    kinds = _ways_of_fraud(path)
    mapping = load_mapping(pack_text(pack, file="mapping.yaml"), source=f"{pack}/mapping.yaml")
    policy = shipped_policy(pack)
    engine = Engine(policy)
    state = engine.new_state()
    start = parse_instant(CARD_STARTS[pack])
    measurement = Measurement(tuple(rule.id for rule in policy.rules))
    for columns in read_columns([path], mapping=mapping):
        fraud = np.asarray(columns.values["is_fraud"]) == 1.0
        money = np.asarray(columns.values["amount"]).astype(np.int64).tolist()
        scenarios = [
            kinds.get(identifier, "") if is_fraud else None
            for identifier, is_fraud in zip(columns.ids, fraud.tolist(), strict=True)
        ]
        for decisions in engine.decide_columns(columns, state):
            assert len(decisions) == len(columns), "card data hold nothing but payments"
            measurement.add(decisions, scenarios=scenarios, money=money, start=start)
    return measurement


def _ways_of_fraud(path: Path) -> dict[str, str]:
    """The way of fraud by event id, for a data set that tells it."""
    if "TX_FRAUD_SCENARIO" not in pl.scan_parquet(path).collect_schema().names():
        return {}
    frame = (
        pl.scan_parquet(path)
        .filter(pl.col("TX_FRAUD_SCENARIO") > 0)
        .select(
            pl.col("TRANSACTION_ID").cast(pl.String), pl.col("TX_FRAUD_SCENARIO").cast(pl.String)
        )
        .collect()
    )
    return dict(frame.iter_rows())


def all_measurements(*, data: Path) -> dict[str, Measurement]:
    """Everything the pages tell; minutes of work."""
    simulations = [
        Simulation(scenarios=("all",), seed=seed, days=DAYS, customers=CUSTOMERS) for seed in SEEDS
    ]
    policies = [shipped_policy(pack) for pack in SIMULATED]
    found = measure(policies, simulations=simulations, skip_days=SKIPPED)
    for pack in CARD_STARTS:
        measurement = measure_cards(pack, data=data)
        if measurement is not None:
            found[pack] = measurement
    return found


def write_pages(measurements: dict[str, Measurement], *, folder: Path) -> list[Path]:
    """Both pages, written; their paths."""
    paths = []
    for language, name in (("en", "packs.md"), ("zh", "packs.zh.md")):
        page = Page(language=language, measurements=measurements)
        path = folder / name
        path.write_text("\n".join(page.lines()).rstrip() + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Write the reference pages of the shipped packs.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reference")
    options = parser.parse_args(arguments)
    for path in write_pages(all_measurements(data=options.data), folder=options.out):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
