"""A process that rotates master keys over and over, to be killed; and its store on a real disk."""

import sys
from collections.abc import Sequence
from pathlib import Path

import apsw

from fengkong.protection.masters import FileMasters
from fengkong.protection.rotation import is_finished, rotate
from fengkong.protection.subject_keys import SubjectKey

SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;
CREATE TABLE IF NOT EXISTS keys (subject BLOB PRIMARY KEY, key_id BLOB, master_id TEXT,
  wrapped BLOB, created_at INTEGER, destroyed_at INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB);
"""
COLUMNS = "subject, key_id, master_id, wrapped, created_at, destroyed_at"


class DiskKeyStore:
    """A KeyStore in an SQLite file."""

    def __init__(self, path: Path) -> None:
        self.connection = apsw.Connection(str(path))
        self.connection.set_busy_timeout(10_000)
        self.connection.execute(SCHEMA).fetchall()

    def add(self, keys: Sequence[SubjectKey]) -> None:
        rows = [
            (k.subject, k.key_id, k.master_id, k.wrapped, k.created_at, k.destroyed_at)
            for k in keys
        ]
        with self.connection:
            self.connection.executemany(
                "INSERT INTO keys VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING", rows
            )

    def subject_key(self, subject: bytes) -> SubjectKey | None:
        found = self._keys("WHERE subject = ?", subject)
        return found[0] if found else None

    def subject_keys(self, *, not_under: str, limit: int) -> list[SubjectKey]:
        return self._keys("WHERE wrapped IS NOT NULL AND master_id <> ? LIMIT ?", not_under, limit)

    def rewrap(self, keys: Sequence[SubjectKey]) -> None:
        with self.connection:
            self.connection.executemany(
                "UPDATE keys SET master_id = ?, wrapped = ? "
                "WHERE subject = ? AND key_id = ? AND wrapped IS NOT NULL",
                [(k.master_id, k.wrapped, k.subject, k.key_id) for k in keys],
            )

    def destroy(self, subject: bytes, *, at: int) -> bool:
        self.connection.execute(
            "UPDATE keys SET wrapped = NULL, destroyed_at = ? "
            "WHERE subject = ? AND wrapped IS NOT NULL",
            (at, subject),
        )
        return self.connection.changes() == 1

    def secret(self, name: str) -> bytes | None:
        return self.connection.execute("SELECT value FROM secrets WHERE name = ?", (name,)).get

    def put_secret(self, name: str, value: bytes) -> None:
        self.connection.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?)", (name, value))

    def close(self) -> None:
        self.connection.close()

    def _keys(self, where: str, *values: object) -> list[SubjectKey]:
        rows = self.connection.execute(f"SELECT {COLUMNS} FROM keys {where}", values)
        return [
            SubjectKey(
                subject=subject,
                key_id=key_id,
                master_id=master_id,
                wrapped=wrapped,
                created_at=created_at,
                destroyed_at=destroyed_at,
            )
            for subject, key_id, master_id, wrapped, created_at, destroyed_at in rows
        ]


def main(folder: Path, journal_id: bytes) -> None:
    """Rotate until killed; one line before and after each rotation."""
    store = DiskKeyStore(folder / "keys.db")
    masters = FileMasters(folder / "keys" / "master.json")
    print("ready", flush=True)
    while True:
        if is_finished(store, masters=masters):
            masters.add(now=0)
        rotate(store, masters=masters, journal_id=journal_id)
        print("rotated", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
