from django.db import migrations

from fengkong.console.audit.guarded_tables import install_guards, remove_guards


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(install_guards, remove_guards)]
