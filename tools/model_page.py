"""The page of a trained model, in both languages: its card, further test weeks, what it cost.

    python tools/model_page.py MODEL --week OTHER --week OTHER --seconds 570 --memory-mb 1800

writes ``docs/reference/model-NAME.md`` and its Chinese twin from the folders that
``fengkong model train`` made. `--week` are trainings of the same configuration on other weeks, on
whose tests nothing was chosen; `--seconds` is processor time and `--memory-mb` the peak, as
``/usr/bin/time -v`` says them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from fengkong.core.bilingual import LANGUAGES, Bilingual, Language
from fengkong.evaluation.document import Block, Grid, Heading, Paragraph, markdown
from fengkong.evaluation.learning import TrainingReport
from fengkong.evaluation.model_folder import read_report
from fengkong.evaluation.model_judgement import HEADLINE
from fengkong.evaluation.model_report import card_blocks
from fengkong.evaluation.model_words import words

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE: Final = Bilingual(
    zh="<!-- 本页由 tools/model_page.py 生成，请勿手工修改。 -->",
    en="<!-- Made by tools/model_page.py; do not edit by hand. -->",
)
OTHER_LANGUAGE: Final[dict[Language, str]] = {"zh": "English", "en": "中文"}
WEEKS: Final = Bilingual(zh="所有测试周", en="All test weeks")
NOTE: Final = Bilingual(
    zh="验证周用于选择候选参数；测试周没有用于任何选择。每一周都只用该周之前已知的内容训练。",
    en="Candidates were chosen on the validation weeks, nothing on the others. Each week was "
    "trained on what was known before it.",
)
COST: Final = Bilingual(zh="训练的开销", en="What training takes")
TAKES: Final = Bilingual(
    zh="重放特征、比较候选参数、逐周验证、用 {rows} 行训练并评判，"
    "共用处理器时间 {seconds} 秒，内存峰值 {memory} MB。",
    en="Replaying the features, comparing candidates, validating week by week, training on {rows} "
    "rows and judging took {seconds} s of processor time and at most {memory} MB of memory.",
)


def main() -> None:
    """Write both pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--week", type=Path, action="append", default=[])
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--memory-mb", type=float, required=True)
    given = parser.parse_args()
    report = read_report(given.model)
    others = [read_report(folder) for folder in given.week]
    name = f"model-{report.training.replace('_', '-')}"
    for language in LANGUAGES:
        twin, own = (f"{name}.md", f"{name}.zh.md") if language == "zh" else (
            f"{name}.zh.md", f"{name}.md",
        )  # fmt: skip
        blocks = [*card_blocks(report, language=language), *weeks(report, others, language)]
        rows = f"{report.training_rows:,}"
        taken = {"seconds": f"{given.seconds:,.0f}", "memory": f"{given.memory_mb:,.0f}"}
        blocks.append(Heading(2, COST.of(language)))
        blocks.append(Paragraph(TAKES.of(language).format(rows=rows, **taken)))
        title, rest = markdown(blocks).split("\n\n", 1)
        link = f"[{OTHER_LANGUAGE[language]}]({twin})"
        page = f"{title}\n\n{link}\n\n{MADE.of(language)}\n\n{rest}"
        (FOLDER / own).write_text(page, encoding="utf-8")


def weeks(
    report: TrainingReport, others: Sequence[TrainingReport], language: Language
) -> list[Block]:
    """Every week that was judged, by its first day, with mean and spread."""
    found = [(one.window["test_from"], "validation", one.figures) for one in report.validation]
    found += [
        (one.window["test_from"], "test", one.test)
        for one in (report, *others)
        if one.test is not None
    ]
    rows = [
        (
            start[:10],
            words(f"week.{role}", language),
            f"{figures.frauds:,}",
            *(f"{getattr(figures, name).value:.3f}" for name in HEADLINE),
            "–" if figures.perfect_entity_precision is None
            else f"{figures.perfect_entity_precision:.3f}",
        )
        for start, role, figures in sorted(found, key=lambda week: week[0])
    ]  # fmt: skip
    values = {
        name: np.array([getattr(figures, name).value for _, _, figures in found])
        for name in HEADLINE
    }
    means = [f"{one.mean():.3f} ± {one.std(ddof=1):.3f}" for one in values.values()]
    rows.append((words("week.mean", language), "", "", *means, ""))
    top = found[0][2].top
    columns = (
        words("column.week", language),
        words("column.role", language),
        words("column.frauds", language),
        *(words(f"figure.{name}", language, top=top) for name in HEADLINE),
        words("figure.perfect", language, top=top),
    )
    return [
        Heading(2, WEEKS.of(language)),
        Paragraph(NOTE.of(language)),
        Grid(columns, tuple(rows)),
    ]


if __name__ == "__main__":
    main()
