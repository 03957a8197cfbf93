"""What the desk refuses beyond what HTTP itself can refuse."""

from __future__ import annotations

from fengkong.service.refusals import ServiceError


class FutureEventError(ServiceError):
    """The event says that it happens later than now."""

    code = "service.future_event"
    hint = "Check the clock and the time zone of the sender."


class NotDecidedError(ServiceError):
    """Events of this type are not decided by the policy in force."""

    code = "service.not_decided"
    hint = "Send the event to /v1/events, or publish a policy that decides its type."


class InvalidSubjectError(ServiceError):
    """The subject is not written as entity and value."""

    code = "service.invalid_subject"
    hint = "Write the entity and its value with a colon, such as customer:C-1."


class UnknownSubjectError(ServiceError):
    """Nothing was recorded of this subject."""

    code = "service.unknown_subject"
    hint = "Check the entity and the value; events name the customer first, else account, card..."
    status = 404


class UnknownProofError(ServiceError):
    """The last checkpoint does not reach what is asked for."""

    code = "service.unknown_proof"
    hint = "Ask again after the next checkpoint, within ten seconds, or for an earlier entry."
    status = 404


class AssistantError(ServiceError):
    """The second process that does what takes long has ended."""

    code = "service.assistant_ended"
    hint = "Send the same request again."
    status = 503


class InvalidSnapshotError(ServiceError):
    """A snapshot is damaged, or belongs to another policy, journal or position."""

    code = "service.invalid_snapshot"
    hint = "Nothing to do: an older snapshot or the journal itself is used instead."
    status = 503


class NoPolicyError(ServiceError):
    """The journal is new, and no policy was named to decide with."""

    code = "service.no_policy"
    hint = "Start it with `fengkong serve --policy NAME`; `fengkong policy list` lists the shipped."


class CannotListenError(ServiceError):
    """The address and port cannot be listened on."""

    code = "service.cannot_listen"
    hint = "Choose another port with --port, or stop what uses this one."
