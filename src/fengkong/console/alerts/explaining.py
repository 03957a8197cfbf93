"""Why an alert is there, in plain words with the values that were seen, read from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.live.judgement import FieldSeen, Judgement, Trace
from fengkong.console.live.titles import policy_of
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError

READ_MAX: Final = 8
"""Decisions of an alert that are read for their reasons, the newest first."""


@dataclass(slots=True)
class Explained:
    """The rules that hit, each once with its newest sentence, and the newest event, masked."""

    hits: list[Trace] = field(default_factory=list)
    fields: Sequence[FieldSeen] = ()
    trouble: str = ""
    erased: bool = False


def explained(decisions: Sequence[Decision]) -> Explained:
    """The reasons of an alert whose decisions these are, the newest first."""
    found = Explained()
    known: set[str] = set()
    for number, decision in enumerate(decisions[:READ_MAX]):
        if number and set(decision.rules) <= known:
            continue
        try:
            judgement = _judgement(decision)
        except (RiskError, OSError) as error:
            found.trouble = told_error(error) if isinstance(error, RiskError) else str(error)
            return found
        if judgement is None:
            found.erased = True
            continue
        if not found.fields:
            found.fields = judgement.fields()
        for trace in judgement.traces():
            if trace.verdict == "hit" and trace.rule not in known:
                known.add(trace.rule)
                found.hits.append(trace)
    return found


def _judgement(decision: Decision) -> Judgement | None:
    entry = clear_entry(decision.sequence)
    if entry.decision is None or entry.event is None:
        return None
    return Judgement(entry.decision, event=entry.event, policy=policy_of(decision.policy_hash))
