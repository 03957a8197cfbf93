"""What can go wrong between a decision and its record, each with its next step."""

from __future__ import annotations

from fengkong.core.errors import RiskError


class StoreUnavailableError(RiskError):
    """The journal's store cannot be read or written just now; nothing unsaid was recorded."""

    code = "journal.unavailable"
    hint = (
        "Free disk space or bring the store back; the service goes on by itself, nothing is lost."
    )


class JournalInUseError(RiskError):
    """Another process writes to this journal; one writer owns the order."""

    code = "journal.in_use"
    hint = "Stop the other service first, or read from the journal instead of writing."


class UpkeepInUseError(RiskError):
    """A backup, an archive or a rotation of this journal is under way."""

    code = "journal.upkeep_in_use"
    hint = "Wait for it to end, and run the command again."


class DamagedJournalError(RiskError):
    """The journal's file or an entry of it is not what was written."""

    code = "journal.damaged"
    hint = "Keep the files as they are, and restore a backup that `fengkong backup check` passes."


class ConflictingEntryError(RiskError):
    """The journal already holds another entry, key or tile in the place of this one."""

    code = "journal.conflict"
    hint = "Two writers met, or the journal was replaced under the service: stop it and verify."


class UnsafeSqliteError(RiskError):
    """The SQLite library in use can damage a database in WAL mode."""

    code = "journal.unsafe_sqlite"
    hint = "Install the locked requirements: they bring SQLite 3.51.3 or later inside apsw."


class UnsafePostgresError(RiskError):
    """The PostgreSQL server is set up so that it may lose what it has acknowledged."""

    code = "journal.unsafe_postgres"
    hint = "Set fsync = on and synchronous_commit = on for this server, database and user."


class ForeignJournalError(RiskError):
    """The file or database is not a journal of this product, of this version or of this hash."""

    code = "journal.foreign"
    hint = "Check the data directory and the configured hash; nothing was changed."


class MissingJournalError(RiskError):
    """There is no journal where one was expected."""

    code = "journal.missing"
    hint = "Check the path of the data directory; `fengkong serve` makes a new journal."


class JournalExistsError(RiskError):
    """A journal stands already where a new one was to be made."""

    code = "journal.exists"
    hint = "Choose an empty place; an existing journal is never written over."
