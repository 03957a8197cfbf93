"""What can go wrong with keys and with what they protect."""

from __future__ import annotations

from fengkong.core.errors import RiskError


class ErasedSubjectError(RiskError):
    """The key of this person was destroyed on request; what it protected is gone for good."""

    code = "protection.erased_subject"
    hint = "Nothing brings it back; the proofs of the ledger still verify without it."


class TamperedEnvelopeError(RiskError):
    """A sealed payload was altered, or belongs to another entry, subject or journal."""

    code = "protection.tampered_envelope"
    hint = "Run `fengkong journal verify` and restore the entry from a checked backup."


class TamperedKeyError(RiskError):
    """A wrapped key does not open under the master key it names."""

    code = "protection.tampered_key"
    hint = "Check that the master keys belong to this journal; restore the keys from a backup."


class TamperedFileError(RiskError):
    """A sealed file was altered, cut short, or belongs to another purpose or journal."""

    code = "protection.tampered_file"
    hint = "Use an older file of the same kind; the journal can rebuild a snapshot."


class UnknownMasterError(RiskError):
    """A key was wrapped by a master key that is not among those at hand."""

    code = "protection.unknown_master"
    hint = "Put the master key of this id back; it may be removed only when nothing is under it."


class InvalidMastersError(RiskError):
    """The master keys cannot be read."""

    code = "protection.invalid_masters"
    hint = "Restore the master keys from their backup; without them nothing sealed can be read."


class UnsafeFileError(RiskError):
    """A file of secrets can be read or changed by somebody else."""

    code = "protection.unsafe_file"
    hint = "Do what the message says, and replace the keys if somebody may have read them."


class KeyServiceError(RiskError):
    """The key service did not wrap or unwrap a master key."""

    code = "protection.key_service"
    hint = "Check that the key service is reachable and that this service may use its key."


class AccessUnavailableError(RiskError):
    """The file of API keys and nonces cannot be read or written just now."""

    code = "protection.access_unavailable"
    hint = "Free disk space or correct the permissions; nobody was let in meanwhile."


class ForeignAccessFileError(RiskError):
    """The file is not the API keys and nonces of this product and version."""

    code = "protection.foreign_access_file"
    hint = "Check the data directory; nothing was changed."


class UnknownKeyError(RiskError):
    """There is no API key of this id."""

    code = "protection.unknown_key"
    hint = "`fengkong key list` shows the ids."


class InvalidTermsError(RiskError):
    """An API key cannot be made with these terms."""

    code = "protection.invalid_terms"
    hint = "Correct the terms as the message says; no key was made."
