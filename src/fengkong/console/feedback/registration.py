"""What the loop tells the other parts of the console when Django starts."""

from __future__ import annotations

from fengkong.console.audit.guard import unrecorded
from fengkong.console.feedback.truths import forget_truths, take_truths
from fengkong.console.journaled.intake import also_forgotten_by, also_taken_by


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(take_truths)
    also_forgotten_by(forget_truths)
    counted = "counted from the journal and from closed alerts; counted again at need"
    names = ("segment", "placed", "daytally", "fraudtally", "ruleday", "modelday", "labelled")
    desk = ("alertend", "arrival", "mark")
    unrecorded({f"feedback_{name}": counted for name in (*names, *desk)})
