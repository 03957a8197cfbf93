"""A canary may be dealt out by an entity other than the events' subjects."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the entity to what is asked of the service."""

    dependencies = (("governance", "0001_initial"),)

    operations = (
        migrations.AddField(
            model_name="servicechange",
            name="by",
            field=models.CharField(blank=True, max_length=40),
        ),
    )
