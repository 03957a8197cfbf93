"""The app of the audit ledger."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit ledger."""

    name = "fengkong.console.audit"
    label = "audit"
