"""`fengkong explain`: why one event was decided as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.text import Text

from fengkong.cli.histories import History
from fengkong.cli.language import current_language, text
from fengkong.cli.screen import OUTPUT, show_json
from fengkong.cli.sources import read_policy
from fengkong.evaluation.explanation import explain
from fengkong.evaluation.trace import Tone, trace_lines

_STYLES: Final = {
    Tone.TITLE: "bold",
    Tone.HEADING: "bold cyan",
    Tone.OUTCOME: "bold",
    Tone.HIT: "red",
    Tone.UNKNOWN: "yellow",
    Tone.QUIET: "dim",
}


def run(event_id: str, name: str, history: History, *, models: Path | None, as_json: bool) -> None:
    """Replay up to an event and print the trace of its decision."""
    policy = read_policy(name, models=models)
    with history.opened(text("explain.progress")) as read:
        explanation = explain(policy, read(), event_id)
    if as_json:
        show_json(explanation.to_data())
        return
    for line in trace_lines(explanation, language=current_language()):
        OUTPUT.print(Text(line.text, style=_STYLES.get(line.tone, "")), soft_wrap=True)
