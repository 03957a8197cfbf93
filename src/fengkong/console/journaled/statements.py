"""The SQL that fills the read model: the same for SQLite and PostgreSQL.

Every statement may be run again with the same rows: what is there stays, the newer label wins. Only
the tallies add, and they stand in the transaction that moves the cursor.
"""

from __future__ import annotations

from typing import Final

DECISION_COLUMNS: Final = (
    *("sequence", "event_id", "event_type", "subject", "occurred_at", "recorded_at", "outcome"),
    *("points", "probability", "amount_minor", "currency", "policy", "policy_version"),
    *("policy_hash", "rules", "degraded", "late", "erased", "shadow_outcome", "by_canary"),
)


def _insert(table: str, columns: tuple[str, ...], conflict: str) -> str:
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) {conflict}"  # noqa: S608


DECISIONS: Final = _insert("journaled_decision", DECISION_COLUMNS, "ON CONFLICT DO NOTHING")
RULE_HITS: Final = _insert(
    "journaled_rulehit", ("rule", "occurred_at", "sequence"), "ON CONFLICT DO NOTHING"
)
_TALLIED: Final = (
    *("event_type", "policy", "policy_version", "outcome", "currency", "count", "amount_minor"),
)
_OUTCOME_KEY: Final = "grain, bucket, event_type, policy, policy_version, outcome, currency"
_RULE_KEY: Final = "grain, rule, bucket, event_type, policy, policy_version, outcome, currency"


def _adding(table: str, key: str) -> str:
    return (
        f"ON CONFLICT ({key}) DO UPDATE SET count = {table}.count + excluded.count,"
        f" amount_minor = {table}.amount_minor + excluded.amount_minor"
    )


OUTCOME_TALLIES: Final = _insert(
    "journaled_outcometally",
    ("grain", "bucket", *_TALLIED),
    _adding("journaled_outcometally", _OUTCOME_KEY),
)
RULE_TALLIES: Final = _insert(
    "journaled_ruletally",
    ("grain", "bucket", "rule", *_TALLIED),
    _adding("journaled_ruletally", _RULE_KEY),
)
LABELS: Final = _insert(
    "journaled_label",
    ("event_id", "is_fraud", "kind", "at", "sequence"),
    "ON CONFLICT (event_id) DO UPDATE SET is_fraud = excluded.is_fraud, kind = excluded.kind,"
    " at = excluded.at, sequence = excluded.sequence"
    " WHERE excluded.sequence > journaled_label.sequence",
)
ACTIVATIONS: Final = _insert(
    "journaled_activation",
    ("sequence", "role", "cause", "policy", "policy_version", "policy_hash", "at", "share", "by"),
    "ON CONFLICT DO NOTHING",
)
ERASURES: Final = _insert(
    "journaled_erasure", ("subject", "sequence", "at"), "ON CONFLICT DO NOTHING"
)
