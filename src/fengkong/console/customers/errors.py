"""What cannot be done on the customer's side."""

from __future__ import annotations

from fengkong.console.approvals.own_hands import OwnHands
from fengkong.core.errors import RiskError


class UnknownDecisionError(RiskError):
    """No decision of this event is known, or its outcome was let pass and needs no words."""

    code = "customers.unknown_decision"
    hint = "Check the event's id; the read model may be some seconds behind the journal."


class SameHandsError(OwnHands, RiskError):
    """Who had a part in the first decision may not review it."""

    code = "customers.same_hands"
    hint = "Leave the appeal to a colleague who had no part in the first decision."


class AnsweredAppealError(RiskError):
    """The appeal was answered or taken back before."""

    code = "customers.answered_appeal"
    hint = "Open the appeal to see what was answered; a new request is a new appeal."


class ConflictingAppealError(RiskError):
    """The reference was used for an appeal about another event."""

    code = "customers.conflicting_appeal"
    hint = "Give every appeal a reference of its own; the same one again is the same appeal."


class UnfitAnswerError(RiskError):
    """An answer without an outcome, or without what was found."""

    code = "customers.unfit_answer"
    hint = "Choose an outcome and write down what the review found."


class ExtendedAppealError(RiskError):
    """The time of the appeal was extended before, or cannot be."""

    code = "customers.extended_appeal"
    hint = "Answer it; a deadline is extended once, and never beyond the longest time allowed."


class UnfitConfirmationError(RiskError):
    """A customer cannot be asked about this: unknown, erased, or already asked."""

    code = "customers.unfit_confirmation"
    hint = "Wait for the answer of the link that is open, or take it back first."


class ClosedConfirmationError(RiskError):
    """The link was used, has expired, is locked, or was taken back."""

    code = "customers.closed_confirmation"
    hint = "Ask again with a new link."
