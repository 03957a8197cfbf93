"""Parameters and models have versions of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds what a version is of, and what it changes."""

    dependencies = (("governance", "0002_servicechange_by"),)

    operations = (
        migrations.AddField(
            model_name="policyversion",
            name="part",
            field=models.CharField(
                choices=[
                    ("policy", "whole policy"),
                    ("parameter", "parameter"),
                    ("model", "model"),
                ],
                default="policy",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="change",
            field=models.JSONField(null=True),
        ),
    )
