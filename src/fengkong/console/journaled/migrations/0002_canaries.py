"""Whether a canary answered, of every decision there is; the tail takes shares from the journal."""

from itertools import zip_longest
from typing import Any

from django.db import migrations, models

from fengkong.journal import parts
from fengkong.journal.history import Activation as Recorded


def mark_answers(apps: Any, _editor: Any) -> None:
    """Mark the answers of canaries: those of their policy, while it had a share."""
    rows = list(apps.get_model("journaled", "Activation").objects.order_by("sequence"))
    decisions = apps.get_model("journaled", "Decision").objects
    live = rival = None
    for row, following in zip_longest(rows, rows[1:]):
        said = Recorded(role=row.role, cause=row.cause, hash=row.policy_hash or None)
        live, rival = parts.changed(said, live=live, rival=rival)
        if rival is None or rival.role != parts.CANARY:
            continue
        answered = decisions.filter(sequence__gt=row.sequence, policy_hash=rival.hash)
        if following is not None:
            answered = answered.filter(sequence__lt=following.sequence)
        answered.update(by_canary=True)


class Migration(migrations.Migration):
    dependencies = [("journaled", "0001_initial")]

    operations = [
        migrations.AddField("activation", "share", models.FloatField(null=True)),
        migrations.AddField(
            "activation",
            "by",
            models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField("decision", "by_canary", models.BooleanField(default=False)),
        migrations.RunPython(mark_answers, migrations.RunPython.noop),
        migrations.AddIndex(
            "decision",
            models.Index(
                fields=["occurred_at", "sequence"],
                condition=models.Q(("by_canary", True)),
                name="decisions_by_canary",
            ),
        ),
    ]
