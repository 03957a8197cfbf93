"""Roles by duty and what each may do. The three administrators are kept apart.

System, audit and security administration are three duties that no one person holds together
(GB/T 22239-2019, level three, 8.1.4 and 8.1.10). To take over somebody's account takes two of them:
the system administrator hands out links for new passwords, the security administrator resets
factors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Role:
    """A duty; `days_max` bounds for how long it may be given, None is without bound."""

    title: Words
    permissions: frozenset[str]
    apart_from: frozenset[str] = frozenset()
    days_max: int | None = None


PERMISSIONS: Final[dict[str, Words]] = {
    "now.view": _("See what happens now"),
    "decisions.view": _("See decisions"),
    "decisions.replay": _("Derive a decision again"),
    "policies.view": _("See policies"),
    "policies.edit": _("Write and propose policies"),
    "policies.approve": _("Approve policies"),
    "policies.activate": _("Put approved policies in force and roll back"),
    "models.view": _("See models"),
    "cases.view": _("See cases"),
    "cases.work": _("Work cases"),
    "appeals.view": _("See appeals of customers"),
    "appeals.take": _("Write down an appeal, and give the core system a wording"),
    "appeals.work": _("Work and answer appeals"),
    "customers.confirm": _("Ask a customer whether it was them"),
    "entities.view": _("Look at customers, accounts and devices, and who is linked with whom"),
    "lists.view": _("See lists"),
    "lists.edit": _("Change lists"),
    "lists.release": _("Release what is frozen or listed"),
    "personal.reveal": _("Reveal personal data, with a reason"),
    "personal.export": _("Ask for an export of personal data"),
    "personal.approve": _("Approve exports and erasure"),
    "personal.erase": _("Ask for the erasure of a person's data"),
    "audit.view": _("See the audit ledger"),
    "audit.verify": _("Verify the audit ledger"),
    "operators.view": _("See operators"),
    "operators.invite": _("Invite operators and hand out new enrolment links"),
    "operators.edit": _("Lock and release operators"),
    "factors.reset": _("Reset the factors of an operator"),
    "sessions.end": _("End the sessions of an operator"),
    "roles.propose": _("Propose a change of role"),
    "roles.approve": _("Approve a change of role"),
    "system.view": _("See the health of the system"),
    "system.edit": _("Change settings, tokens and webhooks"),
    "insiders.view": _("See alerts about staff"),
    "insiders.close": _("Close alerts about staff"),
    "alerts.view": _("See alerts and their queue"),
    "alerts.work": _("Claim, snooze and close alerts"),
    "alerts.organise": _("Say how alerts are made, and who is in which team"),
    "actions.view": _("See actions on customers"),
    "actions.ask": _("Have customers frozen, delayed, asked or limited"),
    "actions.approve": _("Approve dangerous actions on customers"),
    "incidents.view": _("See incidents, playbooks and drills"),
    "incidents.work": _("Open incidents and work on them, ask for switches"),
    "incidents.command": _("Command incidents: phases, decisions, roles, clocks"),
    "switches.approve": _("Approve stop-loss switches and their end"),
    "playbooks.edit": _("Write and propose playbooks"),
    "playbooks.approve": _("Approve playbooks"),
    "drills.run": _("Schedule and run drills"),
    "indicators.view": _("See indicators, warnings and their sources"),
    "indicators.edit": _("Propose thresholds and have indicators computed again"),
    "indicators.approve": _("Approve thresholds of indicators"),
    "warnings.work": _("Note something on indicators"),
    "notices.view": _("See notices and who is on duty"),
    "notices.acknowledge": _("Acknowledge and silence notices"),
    "notices.route": _("Say who is on duty and who is told what"),
    "feedback.view": _("See figures of rules, typologies, analysts and models"),
    "feedback.organise": _("Say what is judged twice and what an hour costs"),
    "sampling.work": _("Judge closed alerts a second time, blind"),
    "reports.view": _("See dashboards and reports, and take them as files"),
}
"""Every permission and what it lets one do."""

_READ: Final = frozenset(
    {"now.view", "decisions.view", "policies.view", "models.view", "lists.view"}
)
_CASES: Final = frozenset({"cases.view", "appeals.view"})
_ALERTS: Final = frozenset({"alerts.view", "actions.view"})
_AT_ALERTS: Final = _ALERTS | {"alerts.work", "actions.ask"}
ADMINISTRATORS: Final = frozenset({"system_admin", "audit_admin", "security_admin"})


def _administrator(name: str, title: Words, permissions: set[str]) -> Role:
    return Role(title, frozenset(permissions), apart_from=ADMINISTRATORS - {name})


_ROLES: Final[dict[str, Role]] = {
    "system_admin": _administrator(
        "system_admin",
        _("System administrator"),
        {
            *("system.view", "system.edit", "operators.view", "operators.invite"),
            *("operators.edit", "roles.propose"),
        },
    ),
    "audit_admin": _administrator(
        "audit_admin",
        _("Audit administrator"),
        {"audit.view", "audit.verify", "operators.view", "insiders.view"},
    ),
    "security_admin": _administrator(
        "security_admin",
        _("Security administrator"),
        {
            *("operators.view", "operators.edit", "roles.propose", "roles.approve"),
            *("factors.reset", "sessions.end"),
            *("insiders.view", "insiders.close", "system.view"),
        },
    ),
    "analyst": Role(
        _("Risk analyst"),
        _READ
        | {"entities.view"}
        | _AT_ALERTS
        | _CASES
        | {"policies.edit", "lists.edit", "personal.reveal", "decisions.replay"}
        | {"cases.work", "appeals.take", "appeals.work", "customers.confirm"},
    ),
    "senior_analyst": Role(
        _("Senior risk analyst"),
        _READ
        | {"entities.view"}
        | _AT_ALERTS
        | {"alerts.organise", "actions.approve"}
        | _CASES
        | {
            *("policies.edit", "policies.approve", "policies.activate", "lists.edit"),
            *("lists.release", "personal.reveal", "decisions.replay"),
            *("cases.work", "appeals.take", "appeals.work", "customers.confirm"),
        },
    ),
    "credit_officer": Role(
        _("Credit officer"),
        _READ
        | {"entities.view"}
        | _AT_ALERTS
        | _CASES
        | {"lists.edit", "personal.reveal", "decisions.replay"}
        | {"appeals.take", "appeals.work"},
    ),
    "compliance_officer": Role(
        _("Compliance officer"),
        _READ
        | {"entities.view"}
        | _ALERTS
        | _CASES
        | {
            *("policies.approve", "personal.reveal", "personal.export", "personal.approve"),
            *("personal.erase", "audit.view", "audit.verify", "decisions.replay"),
            *("lists.release", "operators.view"),
        },
    ),
    "incident_commander": Role(
        _("Incident commander"),
        _READ
        | {"entities.view"}
        | _ALERTS
        | {"actions.ask", "actions.approve"}
        | _CASES
        | {"policies.activate", "lists.edit", "lists.release", "system.view"},
    ),
    "executive": Role(_("Executive (read only)"), _READ | _ALERTS | _CASES | {"system.view"}),
    "regulator": Role(
        _("Regulator (read only, for a limited time)"),
        _READ
        | {"entities.view"}
        | _ALERTS
        | _CASES
        | {"audit.view", "audit.verify", "decisions.replay"},
        days_max=90,
    ),
}
_DESK: Final = ("analyst", "senior_analyst", "credit_officer", "compliance_officer")
_GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "indicators.view": (*_DESK, "incident_commander", "executive", "regulator"),
    "indicators.edit": ("senior_analyst", "credit_officer", "incident_commander"),
    "indicators.approve": ("senior_analyst", "compliance_officer", "incident_commander"),
    "warnings.work": (*_DESK, "incident_commander"),
    "notices.view": (*_DESK, "incident_commander", "executive", "regulator"),
    "notices.acknowledge": (*_DESK, "incident_commander"),
    "notices.route": ("incident_commander",),
    "incidents.view": (*_DESK, "incident_commander", "executive", "regulator"),
    "incidents.work": (*_DESK, "incident_commander"),
    "incidents.command": ("senior_analyst", "incident_commander"),
    "switches.approve": ("senior_analyst", "compliance_officer", "incident_commander"),
    "playbooks.edit": ("senior_analyst", "incident_commander"),
    "playbooks.approve": ("compliance_officer", "incident_commander"),
    "drills.run": ("incident_commander",),
    "feedback.view": ("senior_analyst", "compliance_officer", "incident_commander", "executive"),
    "feedback.organise": ("senior_analyst",),
    "sampling.work": ("analyst", "senior_analyst", "credit_officer"),
    "reports.view": (*_DESK, "incident_commander", "executive", "regulator"),
}
"""Permissions of parts of the desk, and the roles that have them beside their own."""


def _complete(name: str, role: Role) -> Role:
    given = {permission for permission, roles in _GIVEN.items() if name in roles}
    return replace(role, permissions=role.permissions | given)


ROLES: Final[dict[str, Role]] = {name: _complete(name, role) for name, role in _ROLES.items()}
"""Every role."""


def permissions_of(roles: set[str]) -> frozenset[str]:
    """What these roles may do together."""
    found = [ROLES[role].permissions for role in roles if role in ROLES]
    return frozenset[str]().union(*found)


def roles_in_conflict(roles: set[str]) -> set[str]:
    """Those of these roles that one person may not hold together."""
    return {role for role in roles if role in ROLES and ROLES[role].apart_from & roles}
