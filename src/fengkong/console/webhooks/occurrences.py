"""Every kind of thing that is told by webhook: its name, title and what its data hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

TEXT: Final = {"type": "string"}
MOMENT: Final = {"type": "string", "format": "date-time"}
WHOLE: Final = {"type": "integer"}
TRUTH: Final = {"type": "boolean"}
NUMBER_OR_NONE: Final = {"type": ["number", "null"]}
WHOLE_OR_NONE: Final = {"type": ["integer", "null"]}
TEXT_OR_NONE: Final = {"type": ["string", "null"]}
TEXTS: Final = {"type": "array", "items": TEXT}


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the data: its JSON Schema and what it means."""

    schema: Mapping[str, Any]
    title: Words
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A kind of thing that happens; `parts` are the members of its data."""

    title: Words
    parts: Mapping[str, Part]

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON Schema (2020-12) of a whole message of this kind."""
        data = {
            "type": "object",
            "properties": {
                key: {**part.schema, "description": str(part.title)}
                for key, part in self.parts.items()
            },
            "required": [key for key, part in self.parts.items() if not part.optional],
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "title": str(self.title),
            "properties": {"type": {"const": name}, "timestamp": MOMENT, "data": data},
            "required": ["type", "timestamp", "data"],
            "additionalProperties": False,
        }


DECISION: Final = "decision.made"
ACTIVATED: Final = "policy.activated"
OPENED: Final = "proposal.opened"
DECIDED: Final = "proposal.decided"
LIST_CHANGED: Final = "list.changed"
JOB_FAILED: Final = "job.failed"
APPEAL_RECEIVED: Final = "appeal.received"
APPEAL_ANSWERED: Final = "appeal.answered"
DISABLED: Final = "webhook.disabled"
PING: Final = "webhook.ping"

OCCURRENCES: Final[dict[str, Occurrence]] = {
    DECISION: Occurrence(
        _("A decision was made"),
        {
            "sequence": Part(WHOLE, _("Place in the journal")),
            "event_id": Part(TEXT, _("The event's id")),
            "event_type": Part(TEXT, _("The event's type")),
            "subject": Part(TEXT, _("Blind index of whom it is about, in hexadecimal")),
            "occurred_at": Part(MOMENT, _("When it occurred")),
            "outcome": Part(TEXT, _("Outcome")),
            "points": Part({"type": "number"}, _("Points")),
            "probability": Part(NUMBER_OR_NONE, _("Probability of the policy's first model")),
            "amount_minor": Part(WHOLE_OR_NONE, _("Amount in minor units")),
            "currency": Part(TEXT, _("Currency")),
            "rules": Part(TEXTS, _("Rules that hit")),
            "policy": Part(TEXT, _("Policy")),
            "policy_version": Part(WHOLE, _("Version of the policy")),
            "degraded": Part(TRUTH, _("Whether it was decided without something")),
            "late": Part(TRUTH, _("Whether the event came late")),
            "by_canary": Part(
                TRUTH, _("Whether a policy answered that has a share of the traffic")
            ),
            "event": Part(
                {"type": ["object", "null"]},
                _("The event in the clear; only where that was approved, null once erased"),
                optional=True,
            ),
        },
    ),
    ACTIVATED: Occurrence(
        _("A policy got its part, or lost it"),
        {
            "sequence": Part(WHOLE, _("Place in the journal")),
            "role": Part({"enum": ["live", "shadow", "canary"]}, _("Its part")),
            "cause": Part(TEXT, _("Why: published, promoted, rolled_back, ended and such")),
            "policy": Part(TEXT, _("Policy; empty where the shadow or canary ended")),
            "policy_version": Part(WHOLE_OR_NONE, _("Version of the policy")),
            "policy_hash": Part(TEXT, _("Hash of the policy")),
            "share": Part(NUMBER_OR_NONE, _("A canary's share of the traffic, at most a half")),
            "by": Part(TEXT, _("The entity that is dealt out; empty for subjects")),
        },
    ),
    OPENED: Occurrence(
        _("A proposal waits for approval"),
        {
            "proposal": Part(WHOLE, _("Number of the proposal")),
            "kind": Part(TEXT, _("What is proposed")),
            "target": Part(TEXT, _("Of what")),
            "proposed_by": Part(TEXT, _("Proposed by")),
        },
    ),
    DECIDED: Occurrence(
        _("A proposal was approved, rejected, taken back, or ran out"),
        {
            "proposal": Part(WHOLE, _("Number of the proposal")),
            "kind": Part(TEXT, _("What is proposed")),
            "target": Part(TEXT, _("Of what")),
            "state": Part(
                {"enum": ["approved", "rejected", "withdrawn", "expired"]}, _("What became of it")
            ),
            "proposed_by": Part(TEXT, _("Proposed by")),
            "decided_by": Part(TEXT_OR_NONE, _("Decided by")),
        },
    ),
    LIST_CHANGED: Occurrence(
        _("A value was listed, or taken off a list"),
        {
            "sequence": Part(WHOLE, _("Place in the journal")),
            "list": Part(TEXT, _("List")),
            "entity": Part(TEXT, _("What is listed: a card, a device, ...")),
            "operation": Part({"enum": ["add", "remove"]}, _("Listed or taken off")),
            "value": Part(TEXT, _("The value, masked")),
            "author": Part(TEXT, _("Author")),
            "expires_at": Part({**MOMENT, "type": ["string", "null"]}, _("When it ends")),
        },
    ),
    JOB_FAILED: Occurrence(
        _("A job of the console was given up"),
        {
            "job": Part(WHOLE, _("Number of the job")),
            "kind": Part(TEXT, _("Kind of job")),
            "attempts": Part(WHOLE, _("Attempts")),
        },
    ),
    APPEAL_RECEIVED: Occurrence(
        _("A customer appealed against a decision"),
        {
            "reference": Part(TEXT, _("Reference of the appeal")),
            "sequence": Part(WHOLE, _("Place in the journal")),
            "event_id": Part(TEXT, _("The event's id")),
            "language": Part({"enum": ["zh", "en"]}, _("Language of the customer")),
            "due_at": Part(MOMENT, _("When it is to be answered")),
        },
    ),
    APPEAL_ANSWERED: Occurrence(
        _("An appeal was answered"),
        {
            "reference": Part(TEXT, _("Reference of the appeal")),
            "sequence": Part(WHOLE, _("Place in the journal")),
            "event_id": Part(TEXT, _("The event's id")),
            "language": Part({"enum": ["zh", "en"]}, _("Language of the customer")),
            "result": Part({"enum": ["upheld", "changed", "explained"]}, _("What a person found")),
            "wording": Part(
                {
                    "type": "object",
                    "properties": {"title": TEXT, "text": TEXT, "next": TEXT},
                    "required": ["title", "text", "next"],
                    "additionalProperties": False,
                },
                _("What the customer is told"),
            ),
        },
    ),
    DISABLED: Occurrence(
        _("A webhook was disabled after failures"),
        {
            "endpoint": Part(WHOLE, _("Number of the endpoint")),
            "name": Part(TEXT, _("Name of the endpoint")),
            "reason": Part({"enum": ["gone", "failing"]}, _("Why it was disabled")),
        },
    ),
    PING: Occurrence(
        _("A test"),
        {"endpoint": Part(WHOLE, _("Number of the endpoint"))},
    ),
}
"""Every kind by its name."""

CHOSEN: Final = tuple(name for name in OCCURRENCES if name != PING)
"""Those that an endpoint can ask for."""
