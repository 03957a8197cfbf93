"""Made decisions for the tests of alerts, taken in as the tail does it."""

from typing import Any

from tests.console.journaled.test_intake import NOON, decided, entries

from fengkong.console.alerts.models import Alert, AlertDecision
from fengkong.console.journaled.intake import take_in
from fengkong.console.journaled.seen import SeenDecision

SECOND = 1_000_000
HOUR = 3_600 * SECOND


def reviewed(sequence: int, **fields: Any) -> SeenDecision:
    """A decision that is worth an alert, an hour after the one before."""
    made = {
        "outcome": "review",
        "rules": ("mule.collects",),
        "subject": f"{7:032x}",
        "recorded_at": NOON + sequence * HOUR,
    }
    return decided(sequence, **(made | fields))


def read(*decisions: SeenDecision, size: int = 1_000, after: int = 0, **more: Any) -> None:
    """Take decisions in, in batches of a size."""
    for start in range(0, len(decisions), size):
        batch = decisions[start : start + size]
        take_in(entries(*batch, after=after, **more))
        after = max(after + 1, *(one.sequence for one in batch))


def standing() -> list[dict[str, Any]]:
    """Everything that is made of decisions, in order."""
    desk = {"closing_id", "claimed_by_id"}
    rows = Alert.objects.order_by("first_sequence", "id").values()
    alerts = [{k: v for k, v in row.items() if k not in desk} for row in rows]
    joined = list(AlertDecision.objects.order_by("sequence").values())
    return [*alerts, *joined]
