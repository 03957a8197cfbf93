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


class UnknownStepError(RiskError):
    """The checklist of the case has no such step."""

    code = "console.unknown_step"
    hint = "Open the case again: its checklist is that of the day when it was opened."


class UnfitFileError(RiskError):
    """A file is too large, empty, or of a type that is not taken in."""

    code = "console.unfit_file"
    hint = "PDF, PNG, JPEG, WebP and plain text are taken in, up to 10 MB each."


class InfectedFileError(RiskError):
    """The virus scanner found something in a file; the file was not kept."""

    code = "console.infected_file"
    hint = "Do not open it; tell those who look after security where it came from."


class UnscannedFileError(RiskError):
    """The virus scanner did not answer, so the file was not kept."""

    code = "console.unscanned_file"
    hint = "Try again in a moment; whoever runs the console sees whether virus_scanner is up."


class TooManyFilesError(RiskError):
    """A case holds as many files or notes as it may."""

    code = "console.too_many_case_files"
    hint = "Remove what is not needed; a case holds 100 files and 200 MB."


class ForgottenContentError(RiskError):
    """The note or file was removed, or forgotten with the person whom it is about."""

    code = "console.forgotten_content"
    hint = "It cannot be read any more; the case's history says when it went."


class EmptyNoteError(RiskError):
    """A note without text."""

    code = "console.empty_note"
    hint = "Write what you found, or what the next one must know."


class EscalatedCaseError(RiskError):
    """The case is part of an incident already."""

    code = "console.escalated_case"
    hint = "Work on that incident; link further cases to it there."
