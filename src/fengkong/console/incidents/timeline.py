"""The timeline of an incident: it fills itself, because every act is told here and in the ledger.

An entry is never changed. The ledger keeps the digest of each, so that one that was altered in the
database is found (`altered_entries`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.recording import record
from fengkong.console.incidents.models import Incident, TimelineEntry

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator

TARGET: Final = "incident"

KINDS: Final[dict[str, Words]] = {
    "open_incident": _("Opened the incident"),
    "link_incident": _("Linked to it"),
    "classify_incident": _("Classified it"),
    "assess_incident": _("Wrote down the impact"),
    "move_incident": _("Changed the phase"),
    "assign_incident_role": _("Gave a part"),
    "add_incident_task": _("Added a task"),
    "take_incident_task": _("Took a task"),
    "finish_incident_task": _("Did a task"),
    "skip_incident_task": _("Skipped a task"),
    "escalate_incident_task": _("A task is overdue; the commander was told"),
    "decide_incident": _("Made a decision"),
    "note_incident": _("Wrote a note"),
    "start_incident_playbook": _("Started the playbook"),
    "refuse_incident_playbook": _("Said why no playbook fits"),
    "meet_exit_criterion": _("Met an exit criterion"),
    "start_incident_clock": _("A regulatory clock began"),
    "warn_incident_clock": _("A regulatory clock runs out soon"),
    "miss_incident_clock": _("A regulatory clock ran out WITHOUT a report"),
    "meet_incident_clock": _("Reported for a regulatory clock"),
    "waive_incident_clock": _("Said why a regulatory clock is not due"),
    "add_evidence": _("Kept evidence"),
    "take_evidence": _("Took out evidence"),
    "check_evidence": _("Checked evidence"),
    "hand_over_evidence": _("Handed over evidence"),
    "draft_communication": _("Drafted a communication"),
    "approve_communication": _("Approved a communication"),
    "send_communication": _("Marked a communication as sent"),
    "ask_switch": _("Asked for a stop-loss switch"),
    "set_switch": _("Approved a stop-loss switch"),
    "refuse_switch": _("A stop-loss switch was not set"),
    "switch_on": _("A stop-loss switch is on"),
    "end_switch": _("Ended a stop-loss switch"),
    "switch_off": _("A stop-loss switch is off"),
    "trouble_switch": _("A stop-loss switch could not be set yet"),
    "contain_incident": _("Asked for an action on the customers"),
    "answer_containing": _("An action on a customer was answered"),
    "add_incident_cause": _("Wrote down a cause"),
    "add_follow_up": _("Added an action of the review"),
    "finish_follow_up": _("Did an action of the review"),
    "drop_follow_up": _("Dropped an action of the review"),
    "remind_follow_up": _("An action of the review is overdue"),
    "start_drill": _("The drill began"),
    "inject_drill": _("Inject of the drill"),
    "attack_drill": _("The attack in the sandbox"),
    "end_drill": _("The drill ended"),
}
"""Everything that a timeline tells; the same words name the act in the ledger."""


def note(
    incident: Incident,
    kind: str,
    *,
    actor: Operator | str,
    facts: Mapping[str, Any] | None = None,
    text: str = "",
    key: str = "",
) -> TimelineEntry | None:
    """Add an entry, and record the act in the ledger; None where the key is there already.

    Within the transaction that does it. `facts` hold no personal data: the ledger keeps them, of
    `text` only the digest.
    """
    assert kind in KINDS, f"{kind} has no words"
    assert connection.in_atomic_block, f"{kind} is told outside of the transaction that does it"
    if key and TimelineEntry.objects.filter(incident=incident, key=key).exists():
        return None
    name = actor if isinstance(actor, str) else actor.username
    entry = TimelineEntry.objects.create(
        incident=incident, actor=name, kind=kind, facts=dict(facts or {}), text=text, key=key
    )
    record(
        actor,
        kind,
        target_kind=TARGET,
        target=str(incident.pk),
        detail={**(facts or {}), "entry": entry.pk, "digest": digest_of(entry)},
    )
    return entry


def digest_of(entry: TimelineEntry) -> str:
    """SHA-256 of what an entry says, when, and who did it."""
    told = {
        "incident": entry.incident_id,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "kind": entry.kind,
        "facts": entry.facts,
        "text": entry.text,
    }
    written = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def altered_entries(incident: Incident) -> list[int]:
    """The entries that are not as the ledger has them, and those that the ledger has and are gone.

    The ledger itself is verified elsewhere (`audit.verification`).
    """
    kept = {}
    found = AuditEntry.objects.filter(target_kind=TARGET, target=str(incident.pk))
    for audited in found.order_by("sequence"):
        detail = audited.detail
        if "digest" in detail and "entry" in detail:
            kept[int(detail["entry"])] = str(detail["digest"])
    held = {entry.pk: digest_of(entry) for entry in incident.timeline.all()}
    return sorted(pk for pk in kept.keys() | held.keys() if kept.get(pk) != held.get(pk))
