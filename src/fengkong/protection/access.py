"""Who may ask: API keys in `access.db`, created and revoked by one process, checked by another.

Checking asks no database: the keys stand in memory, and a quarter of a second after the file
changed they are read again. Unknown, wrong, revoked and expired keys answer alike and cost alike.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from hmac import compare_digest
from pathlib import Path
from typing import Any, Final

from fengkong.core.instants import format_instant
from fengkong.protection.access_file import access_errors, one_commit, open_access_file
from fengkong.protection.api_keys import (
    ID_LENGTH,
    PREFIX,
    SCOPES,
    TEXT_LENGTH,
    ApiKey,
    IssuedKey,
    KeyTerms,
    issue,
    secret_hash,
)
from fengkong.protection.errors import InvalidTermsError, UnknownKeyError

POLL_US: Final = 250_000
_ID_AT: Final = len(PREFIX)
_ID_END: Final = _ID_AT + ID_LENGTH
_COLUMNS: Final = (
    "id, name, scopes, secret_hash, public_key, rate_per_second, burst, require_signature,"
    " created_at, expires_at, revoked_at"
)
_KEYS: Final = f"SELECT {_COLUMNS}, last_used_at FROM api_keys LEFT JOIN uses USING (id)"  # noqa: S608
_INSERT: Final = f"INSERT INTO api_keys ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608
_KNOWN: Final = "SELECT id FROM api_keys WHERE id = ?"
_REVOKE: Final = "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
_USED: Final = (
    "INSERT INTO uses VALUES (?, ?) ON CONFLICT DO UPDATE"
    " SET last_used_at = max(last_used_at, excluded.last_used_at)"
)
_COUNTER: Final = "SELECT value FROM counters WHERE name = ?"
_REVISE: Final = "UPDATE counters SET value = value + 1 WHERE name = 'revision'"
_ACCEPT: Final = "UPDATE counters SET value = value + 1 WHERE name = 'acceptances'"
_RAISE_LATEST: Final = (
    "UPDATE counters SET value = max(value, ?) WHERE name = 'latest'"
    " AND (SELECT value FROM counters WHERE name = 'acceptances') = ?"
)
_SET_LATEST: Final = "UPDATE counters SET value = ? WHERE name = 'latest'"


class Access:
    """The API keys of a data directory.

    All instants are given, in microseconds since 1970. What was expired once stays expired when
    the clock is stepped back, also after a restart: the latest instant seen is kept with `flush`,
    and only `accept_clock` lowers it. Methods that write may be called from another thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = open_access_file(path)
        self._writer = open_access_file(path)
        self._turn = threading.Lock()
        self._used: dict[str, int] = {}
        self._polled_at = 0
        self._version = self._revision = self._acceptances = -1
        self._latest = 0
        self._keys: dict[str, ApiKey] = {}
        # Compared with where there is no key; its secret was never kept, so nothing matches it.
        self._nobody = issue(KeyTerms(name="nobody", scopes=frozenset(SCOPES)), now=0).key
        with access_errors(path):
            self._read_again()

    def authenticate(self, text: str, now: int) -> ApiKey | None:
        """The key whose whole text this is; None, after the same work, for anything else."""
        now = self._instant(now)
        key_id = text[_ID_AT:_ID_END]
        key = self._keys.get(key_id) or self._nobody
        same = compare_digest(secret_hash(text[_ID_END + 1 :]), key.secret_hash)
        formed = len(text) == TEXT_LENGTH and text[:_ID_AT] == PREFIX and text[_ID_END] == "_"
        if not (key.is_valid(now) & same & formed):
            return None
        self._used[key_id] = now
        return key

    def signer(self, key_id: str, now: int) -> ApiKey | None:
        """The key of an id, to check a signature with; None where it is unknown or not valid.

        That is no use yet: call `note_use` once the signature was checked.
        """
        now = self._instant(now)
        key = self._keys.get(key_id)
        return key if key is not None and key.is_valid(now) else None

    def note_use(self, key_id: str, now: int) -> None:
        """A request signed with this key was let in."""
        self._used[key_id] = now

    def create(self, terms: KeyTerms, *, now: int) -> IssuedKey:
        """A new key, durable when this returns; its text is shown this once."""
        latest = max(self._latest, now)
        if terms.expires_at is not None and terms.expires_at <= latest:
            raise InvalidTermsError(
                f"it would expire before {format_instant(latest)}, the latest time seen here"
            )
        issued = issue(terms, now=now)
        key = issued.key
        row = (
            *(key.id, key.name, " ".join(sorted(key.scopes)), key.secret_hash, key.public_key),
            *(float(key.rate_per_second), key.burst, int(key.require_signature)),
            *(key.created_at, key.expires_at, key.revoked_at),
        )
        self._write((_INSERT, row), (_REVISE, ()))
        return issued

    def list(self) -> list[ApiKey]:
        """All keys, revoked and expired ones too, oldest first, as they are in the file now."""
        with access_errors(self._path):
            self._read_again()
        used = self._used
        keys = [
            replace(key, last_used_at=used.get(key.id, key.last_used_at))
            for key in self._keys.values()
        ]
        return sorted(keys, key=lambda key: (key.created_at, key.id))

    def revoke(self, key_id: str, *, now: int) -> None:
        """End a key; running services know within a second. Revoking twice changes nothing."""
        with access_errors(self._path), self._turn, one_commit(self._writer):
            if self._writer.execute(_KNOWN, (key_id,)).get is None:
                raise UnknownKeyError(f"no API key {key_id[:64]!r}")
            self._writer.execute(_REVOKE, (now, key_id))
            self._writer.execute(_REVISE)

    def flush(self) -> None:
        """Keep when keys were last used, and the latest instant seen; call it now and then.

        Raises AccessUnavailableError; then the next call keeps it all.
        """
        used, self._used = self._used, {}
        latest = (_RAISE_LATEST, (self._latest, self._acceptances))
        kept = False
        try:
            self._write(*((_USED, item) for item in used.items()), latest)
            kept = True
        finally:
            if not kept:
                self._used = used | self._used

    def accept_clock(self, *, now: int) -> None:
        """An operator says that the clock is right now and was ahead before.

        What expired only by that clock is valid again, here and in running services.
        """
        self._write((_SET_LATEST, (now,)), (_ACCEPT, ()), (_REVISE, ()))

    def close(self) -> None:
        """Give everything back; call `flush` before."""
        self._reader.close()
        self._writer.close()

    def _instant(self, now: int) -> int:
        """The latest instant seen, this one included; looks for changes when it is time to."""
        if not 0 <= now - self._polled_at < POLL_US:
            with access_errors(self._path):
                self._poll()
            self._polled_at = now
        self._latest = max(self._latest, now)
        return self._latest

    def _poll(self) -> None:
        version = self._reader.execute("PRAGMA data_version").get
        if version != self._version:
            self._version = version
            if self._reader.execute(_COUNTER, ("revision",)).get != self._revision:
                self._read_again()

    def _read_again(self) -> None:
        with self._reader:
            self._revision = self._reader.execute(_COUNTER, ("revision",)).get
            acceptances = self._reader.execute(_COUNTER, ("acceptances",)).get
            latest = self._reader.execute(_COUNTER, ("latest",)).get
            keys = [_key(row) for row in self._reader.execute(_KEYS)]
        self._keys = {key.id: key for key in keys}
        accepted = acceptances != self._acceptances
        self._acceptances = acceptances
        self._latest = latest if accepted else max(self._latest, latest)

    def _write(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        with access_errors(self._path), self._turn, one_commit(self._writer):
            for statement, values in statements:
                self._writer.execute(statement, values)


def _key(row: tuple[Any, ...]) -> ApiKey:
    return ApiKey(
        id=row[0],
        name=row[1],
        scopes=frozenset(row[2].split()),
        secret_hash=row[3],
        public_key=row[4],
        rate_per_second=row[5],
        burst=row[6],
        require_signature=bool(row[7]),
        created_at=row[8],
        expires_at=row[9],
        revoked_at=row[10],
        last_used_at=row[11],
    )
