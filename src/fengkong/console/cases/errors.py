"""What cannot be done to a case."""

from __future__ import annotations

from fengkong.core.errors import RiskError


class ClosedCaseError(RiskError):
    """The case is closed or was merged into another, so nothing is changed in it."""

    code = "console.closed_case"
    hint = "Open it again first, or work the case that it was merged into."


class NothingGatheredError(RiskError):
    """A case would be about nothing: no alert and no decision of those given is known."""

    code = "console.nothing_gathered"
    hint = "Choose alerts or decisions that are there."


class UnfitMergeError(RiskError):
    """Two cases cannot become one: they are the same, or one of them is not open."""

    code = "console.unfit_merge"
    hint = "Choose two open cases."


class UnfitSplitError(RiskError):
    """A split would leave one of both cases with nothing."""

    code = "console.unfit_split"
    hint = "Choose some of the case's decisions, not all of them."


class UnfitOwnerError(RiskError):
    """Who would get the case may not work cases."""

    code = "console.unfit_owner"
    hint = "Hand it to an operator who works cases."


class UnknownReasonError(RiskError):
    """The outcome or the reason code is none that there is."""

    code = "console.unknown_case_reason"
    hint = "Choose an outcome, and one of the reasons that belong to it."
