"""A step that gave a canary its share says which; those of before have it from what was asked."""

from typing import Any

from django.db import migrations, models


def keep_shares(apps: Any, _editor: Any) -> None:
    """The share of each canary that was begun: that of the newest change done until then."""
    changes = apps.get_model("governance", "ServiceChange").objects
    steps = apps.get_model("governance", "VersionStep").objects
    for step in steps.filter(step="start_canary", share=None):
        asked = changes.filter(
            version_id=step.version_id, kind="canary", state="done", asked_at__lte=step.at
        )
        found = asked.order_by("-asked_at").first()
        if found is not None:
            step.share, step.by = found.share, found.by
            step.save()


class Migration(migrations.Migration):
    """Adds share and entity to the steps of versions."""

    dependencies = (("governance", "0003_parts"),)

    operations = (
        migrations.AddField("versionstep", "share", models.FloatField(null=True)),
        migrations.AddField(
            "versionstep",
            "by",
            models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.RunPython(keep_shares, migrations.RunPython.noop),
    )
