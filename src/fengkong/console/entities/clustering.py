"""Tables that SQLite keeps in the order of their primary key, without a second copy of it.

PostgreSQL has no such tables: there they are as any other. Django makes a table anew when SQLite
cannot change it in place and would lose the clause: let such a migration make it with this too.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations


class CreateClustered(migrations.CreateModel):
    """Creates a model's table ``WITHOUT ROWID`` on SQLite."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Create the table, then its indexes."""
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            statement, parameters = schema_editor.table_sql(model)
            schema_editor.execute(f"{statement} WITHOUT ROWID", parameters or None)
            for index in model._meta.indexes:  # noqa: SLF001 - Django's documented way
                schema_editor.add_index(model, index)
