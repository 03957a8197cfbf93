"""`fengkong replay` and `fengkong features`: a history in, decisions or features out."""

from __future__ import annotations

import time
from pathlib import Path

from fengkong.cli.histories import History
from fengkong.cli.language import current_language, text
from fengkong.cli.screen import ERRORS, OUTPUT, show_json, show_table
from fengkong.cli.sources import read_policy
from fengkong.decisions.decision import Decision
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import ALLOW, Policy
from fengkong.evaluation.feature_table import write_features
from fengkong.evaluation.replay import ReplaySummary, replay

_EXAMPLES = 3


def decide_history(
    name: str, history: History, *, models: Path | None, out: Path | None, as_json: bool
) -> None:
    """Replay a history by a policy; print the summary, and how fast it was on stderr."""
    policy = read_policy(name, models=models)
    started = time.perf_counter()
    examples = _Examples()
    with history.opened(text("replay.progress")) as read:
        summary = replay(policy, read(), out=out, on_block=examples.look)
    seconds = time.perf_counter() - started
    if as_json:
        show_json(summary.to_data())
    else:
        _show(summary, policy)
        examples.show()
    if summary.late:
        ERRORS.print(text("replay.late", count=f"{summary.late:,}"))
    rate = summary.decided / seconds if seconds else 0.0
    done = {"decided": f"{summary.decided:,}", "seconds": f"{seconds:.1f}", "rate": f"{rate:,.0f}"}
    ERRORS.print(text("replay.done", **done))
    if out is not None:
        ERRORS.print(text("replay.written", path=out))


class _Examples:
    """The first few events that were not allowed, to look at more closely."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def look(self, block: DecisionColumns) -> None:
        """Take examples from a block until there are enough."""
        if len(self.decisions) >= _EXAMPLES:
            return
        stopped = [i for i, outcome in enumerate(block.outcomes) if outcome != ALLOW]
        wanted = stopped[: _EXAMPLES - len(self.decisions)]
        self.decisions += [block.decision(i) for i in wanted]

    def show(self) -> None:
        """Print them."""
        if not self.decisions:
            return
        chinese = current_language() == "zh"
        rows = [
            [d.event_id, text(f"outcome.{d.outcome}"), d.reasons.zh if chinese else d.reasons.en]
            for d in self.decisions
        ]
        columns = [text("column.id"), text("column.outcome"), text("column.reason")]
        show_table(text("replay.examples"), columns, rows, left=3)


def _show(summary: ReplaySummary, policy: Policy) -> None:
    title = policy.title.of(current_language())
    OUTPUT.print(
        text("replay.title", title=title, name=policy.name, version=policy.version), style="bold"
    )
    if summary.first_at is not None:
        OUTPUT.print(f"{summary.first_at} – {summary.last_at}")
    decided = max(1, summary.decided)
    show_table(
        text("replay.outcomes"),
        [text("column.outcome"), text("column.decided"), text("column.share")],
        [
            [text(f"outcome.{outcome}"), count, f"{count / decided:.2%}"]
            for outcome, count in summary.outcomes.items()
        ],
    )
    if not summary.rules:
        return
    show_table(
        text("replay.rules"),
        [text("column.rule"), text("column.applied"), text("column.hits"), text("column.unknowns")],
        [[rule.rule, rule.applied, rule.hits, rule.unknowns] for rule in summary.rules],
    )


def feature_table(
    name: str, history: History, *, models: Path | None, out: Path, as_json: bool
) -> None:
    """Write the features of a history and say what was written."""
    policy = read_policy(name, models=models)
    with history.opened(text("features.progress")) as read:
        summary = write_features(policy, read(), out=out)
    if as_json:
        show_json(summary.to_data())
        return
    rows, features = f"{summary.rows:,}", len(summary.features)
    OUTPUT.print(text("features.done", events=rows, features=features, path=out))
