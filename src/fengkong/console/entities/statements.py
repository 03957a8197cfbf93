"""The SQL that fills the index: the same for SQLite and PostgreSQL, harmless when run again."""

from __future__ import annotations

from typing import Final

ENTITIES: Final = (
    "INSERT INTO entities_entity (key, kind, blind) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)
SEEN: Final = (
    "INSERT INTO entities_seen (entity, occurred_s, sequence, field) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
LINKS: Final = """
    INSERT INTO entities_link (subject, entity, field, first_h, newest_h)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (subject, entity, field) DO UPDATE SET
        first_h = CASE WHEN excluded.first_h < entities_link.first_h
            THEN excluded.first_h ELSE entities_link.first_h END,
        newest_h = CASE WHEN excluded.newest_h > entities_link.newest_h
            THEN excluded.newest_h ELSE entities_link.newest_h END
    WHERE excluded.first_h < entities_link.first_h OR excluded.newest_h > entities_link.newest_h
"""
"""Most links are there already and no newer by an hour: those rows are only read."""
FLOWS: Final = (
    "INSERT INTO entities_flow (payer, occurred_s, sequence, payee, amount_minor, currency)"
    " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
FORGET_SEEN: Final = (
    "DELETE FROM entities_seen WHERE entity = %s AND occurred_s = %s AND sequence = %s"
)
FORGET_FLOWS: Final = (
    "DELETE FROM entities_flow WHERE payer = %s AND occurred_s = %s AND sequence = %s"
)
