"""Sealed personal data: every subject has a key, and erasing the subject is destroying it.

An envelope is ``version 1 | algorithm 1 | key id 8 | nonce 12 | ciphertext | tag 16``. Its
associated data are journal, sequence, subject and the first ten bytes, so that an envelope opens
only in the place it was sealed for.

A key made for a new subject lives in memory until the journal has stored it in the same commit as
the first entry that needs it: `drain_new_keys` hands it out, `settle` says that it is durable.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import urandom
from typing import BinaryIO, Final

import msgspec
from cryptography.exceptions import InvalidTag

from fengkong.events.event import Event
from fengkong.protection.aead import (
    ALGORITHMS,
    ALGORITHMS_BY_NUMBER,
    NONCE_BYTES,
    TAG_BYTES,
    Algorithm,
)
from fengkong.protection.errors import (
    ErasedSubjectError,
    TamperedEnvelopeError,
    TamperedKeyError,
)
from fengkong.protection.journal_secrets import JournalSecrets, load_secrets
from fengkong.protection.keyed_digest import KeyedDigest
from fengkong.protection.normal_forms import normal_form
from fengkong.protection.recent import Recent
from fengkong.protection.sealed_files import open_file, seal_file
from fengkong.protection.subject_keys import KEY_ID_BYTES, SUBJECT_BYTES, KeyStore, SubjectKey
from fengkong.protection.subjects import NOBODY, subject_of
from fengkong.protection.wrapping import MasterKeys, unwrap, wrap

INDEX_BYTES: Final = 16
JOURNAL_ID_BYTES: Final = 16
CACHED_SUBJECTS: Final = 65_536
_NONCES: Final = 64
"""Nonces asked of the kernel at once where many are needed."""

_VERSION: Final = 1
_PLAIN: Final = 0
_PLAIN_HEADER: Final = bytes((_VERSION, _PLAIN))
_HEADER_BYTES: Final = 2 + KEY_ID_BYTES
_BODY_AT: Final = _HEADER_BYTES + NONCE_BYTES
_OVERHEAD_BYTES: Final = _BODY_AT + TAG_BYTES
_PLACE_BYTES: Final = 16 * 1024
_associated = struct.Struct(">16sQ16s10s").pack


@dataclass(frozen=True, slots=True)
class _DataKey:
    """One subject's key, ready to use."""

    header: bytes
    encrypt: Callable[[bytes, bytes, bytes], bytes]
    decrypt: Callable[[bytes, bytes, bytes], bytes]
    decrypt_into: Callable[[bytes, bytes, bytes, memoryview], int]


class Vault:
    """Seals and opens the payloads of one journal.

    `store` keeps the wrapped keys, `masters` the keys that wrap them; `algorithm` is that of the
    keys made from now on, older keys keep their own.
    """

    def __init__(
        self,
        *,
        store: KeyStore,
        masters: MasterKeys,
        journal_id: bytes,
        algorithm: str = "aes-256-gcm",
    ) -> None:
        assert len(journal_id) == JOURNAL_ID_BYTES, "a journal id has 16 bytes"
        self._store = store
        self._masters = masters
        self._journal = journal_id
        self._algorithm: Algorithm = ALGORITHMS[algorithm]
        secrets = load_secrets(store, masters=masters, journal_id=journal_id)
        self._secrets: JournalSecrets = secrets
        self._index = KeyedDigest(secrets.index)
        self._digest = KeyedDigest(secrets.received)
        self._keys: Recent[bytes, _DataKey] = Recent(CACHED_SUBJECTS)
        self._indexes: Recent[str, bytes] = Recent(CACHED_SUBJECTS)
        self._customers: Recent[str, bytes] = Recent(CACHED_SUBJECTS)
        self._unsettled: dict[bytes, _DataKey] = {}
        self._fresh: list[SubjectKey] = []
        self._nobody = self.subject(NOBODY)

    def subject(self, text: str) -> bytes:
        """The blind index of a subject (see `subjects.subject_of`), 16 bytes."""
        index = self._indexes.get(text)
        if index is None:
            index = self._blind(b"subject\0" + text.encode())
            self._indexes.put(text, index)
        return index

    def subject_of(self, event: Event) -> bytes:
        """The blind index of whose data an event is; that of a customer is remembered."""
        customer = event.values.get("customer")
        if type(customer) is not str:
            return self.subject(subject_of(event))
        index = self._customers.get(customer)
        if index is None:
            index = self.subject(subject_of(event))
            self._customers.put(customer, index)
        return index

    def token(self, *, entity: str, value: str) -> bytes:
        """The blind index of a value, 16 bytes: one for all spellings of one phone or mailbox."""
        return self._blind(f"token\0{entity}\0{normal_form(value, entity=entity)}".encode())

    def received(self, body: bytes) -> bytes:
        """A keyed digest of bytes as received, 16 bytes: tells equal from changed, nothing more."""
        return self._digest.of(body)[:INDEX_BYTES]

    def ensure_key(self, subject: bytes) -> None:
        """Have the subject's key at hand, so that the next `seal` for it cannot fail.

        Raises what `seal` raises, and what the store and the masters raise.
        """
        if self._keys.get(subject) is None:
            self._key_for_sealing(subject)

    def check_key(self, subject: bytes) -> None:
        """Raise unless the subject's key is there and opens, or was destroyed on purpose."""
        with contextlib.suppress(ErasedSubjectError):
            if self._stored_key(subject) is None:
                raise TamperedKeyError(f"subject {subject.hex()} has no key any more")

    def seal(self, plaintext: bytes, *, subject: bytes, sequence: int) -> bytes:
        """The envelope of a payload; a new subject gets its key at once.

        Raises ErasedSubjectError for a subject that was erased.
        """
        key = self._keys.get(subject) or self._key_for_sealing(subject)
        header = key.header
        nonce = urandom(NONCE_BYTES)
        bound = _associated(self._journal, sequence, subject, header)
        return header + nonce + key.encrypt(nonce, plaintext, bound)

    def seal_many(
        self, plaintexts: Iterable[bytes], *, subjects: Iterable[bytes], first: int
    ) -> Iterator[bytes]:
        """The envelopes of payloads in order, from a sequence on, each as `seal` makes it."""
        journal, known = self._journal, self._keys.get
        dice, at = b"", 0
        for sequence, (plaintext, subject) in enumerate(
            zip(plaintexts, subjects, strict=True), first
        ):
            key = known(subject) or self._key_for_sealing(subject)
            header = key.header
            if at == len(dice):
                dice, at = urandom(_NONCES * NONCE_BYTES), 0
            nonce = dice[at : at + NONCE_BYTES]
            at += NONCE_BYTES
            bound = _associated(journal, sequence, subject, header)
            yield header + nonce + key.encrypt(nonce, plaintext, bound)

    def open(self, envelope: bytes, *, subject: bytes, sequence: int) -> bytes:
        """The payload of an envelope that was sealed for this subject and sequence.

        Raises ErasedSubjectError, or TamperedEnvelopeError for any other envelope.
        """
        key = self._keys.get(subject) or self._stored_key(subject)
        if key is None:
            raise TamperedEnvelopeError(f"entry {sequence}: its subject has no key")
        if len(envelope) < _BODY_AT + TAG_BYTES or envelope[:_HEADER_BYTES] != key.header:
            raise TamperedEnvelopeError(f"entry {sequence}: not an envelope of its subject's key")
        bound = _associated(self._journal, sequence, subject, key.header)
        try:
            return key.decrypt(envelope[_HEADER_BYTES:_BODY_AT], envelope[_BODY_AT:], bound)
        except InvalidTag:
            raise TamperedEnvelopeError(f"entry {sequence}: the envelope was altered") from None

    def open_many(self, envelopes: Iterable[tuple[bytes, str, int]]) -> Iterator[memoryview | None]:
        """The payloads of envelopes with their subjects, in hexadecimal, and sequences.

        As `open` gives each, and raises; None for a subject that was erased. A payload is there
        until the next one is asked for: all of them come to the same place, which stays at hand.
        """
        journal = self._journal
        known: dict[str, tuple[bytes, _DataKey] | None] = {}
        place = memoryview(bytearray(_PLACE_BYTES))
        for envelope, named, sequence in envelopes:
            try:
                found = known[named]
            except KeyError:
                if len(known) >= CACHED_SUBJECTS:
                    known.clear()
                found = known[named] = self._opening(named, sequence=sequence)
            if found is None:
                yield None
                continue
            subject, key = found
            header = key.header
            length = len(envelope) - _OVERHEAD_BYTES
            if length < 0 or envelope[:_HEADER_BYTES] != header:
                raise TamperedEnvelopeError(
                    f"entry {sequence}: not an envelope of its subject's key"
                )
            if length > len(place):
                place = memoryview(bytearray(2 * length))
            plain = place[:length]
            bound = _associated(journal, sequence, subject, header)
            nonce = envelope[_HEADER_BYTES:_BODY_AT]
            try:
                key.decrypt_into(nonce, envelope[_BODY_AT:], bound, plain)
            except InvalidTag:
                raise TamperedEnvelopeError(f"entry {sequence}: the envelope was altered") from None
            yield plain

    def _opening(self, named: str, *, sequence: int) -> tuple[bytes, _DataKey] | None:
        """A subject in hexadecimal with its key; None where it was erased."""
        subject = bytes.fromhex(named)
        try:
            key = self._keys.get(subject) or self._stored_key(subject)
        except ErasedSubjectError:
            return None
        if key is None:
            raise TamperedEnvelopeError(f"entry {sequence}: its subject has no key")
        return subject, key

    def seal_plain(self, payload: bytes) -> bytes:
        """A payload without personal data in an envelope of the same form, readable by anyone."""
        return _PLAIN_HEADER + payload

    def open_plain(self, envelope: bytes) -> bytes:
        """The payload of `seal_plain`; the leaf's digest, not a tag, guards it."""
        if envelope[:2] != _PLAIN_HEADER:
            raise TamperedEnvelopeError("not an envelope without personal data")
        return envelope[2:]

    def seal_file(self, source: BinaryIO, target: BinaryIO, *, context: str) -> None:
        """Write a sealed copy of a file, such as a snapshot; `context` says what it is."""
        seal_file(source, target, secret=self._secrets.files, bound=self._file_bound(context))

    def open_file(self, source: BinaryIO, target: BinaryIO, *, context: str) -> None:
        """Write the plain copy of a sealed file; raises TamperedFileError, maybe half-way."""
        open_file(source, target, secret=self._secrets.files, bound=self._file_bound(context))

    def drain_new_keys(self, *, at: int) -> list[SubjectKey]:
        """The keys made since the last call, to be stored in the commit that first uses them.

        `at` becomes their creation. They stay in memory until `settle`.
        """
        keys = [msgspec.structs.replace(key, created_at=at) for key in self._fresh]
        self._fresh.clear()
        return keys

    def settle(self, keys: Iterable[SubjectKey]) -> None:
        """These keys are durable now: they need not be kept in memory any longer."""
        for key in keys:
            self._unsettled.pop(key.subject, None)

    def take_back(self, keys: Iterable[SubjectKey]) -> None:
        """The commit of these keys was given up: the next `drain_new_keys` has them again."""
        self._fresh[:0] = keys

    def erase(self, subject: bytes, *, at: int) -> bool:
        """Destroy a subject's key; False where there was none to destroy.

        Afterwards nothing sealed for the subject opens, here or from the store.
        """
        assert subject not in self._unsettled, "a key is destroyed after its commit, not before"
        assert subject != self._nobody, "what names no one belongs to everyone"
        self.forget(subject)
        destroyed = self._store.destroy(subject, at=at)
        self.forget(subject)
        return destroyed

    def forget(self, subject: bytes) -> None:
        """Drop a subject's key from memory: another process destroyed it."""
        self._keys.forget(subject)

    def _blind(self, data: bytes) -> bytes:
        return self._index.of(data)[:INDEX_BYTES]

    def _file_bound(self, context: str) -> bytes:
        return self._journal + context.encode()

    def _key_for_sealing(self, subject: bytes) -> _DataKey:
        return self._stored_key(subject) or self._new_key(subject)

    def _stored_key(self, subject: bytes) -> _DataKey | None:
        """A key that is not at hand: still on its way to the store, in the store, or nowhere."""
        assert len(subject) == SUBJECT_BYTES, "a subject is a blind index of 16 bytes"
        key = self._unsettled.get(subject)
        if key is None:
            record = self._store.subject_key(subject)
            if record is None:
                return None
            key = self._unwrapped(record)
        self._keys.put(subject, key)
        return key

    def _unwrapped(self, record: SubjectKey) -> _DataKey:
        if record.wrapped is None:
            raise ErasedSubjectError(f"subject {record.subject.hex()} was erased")
        secret = unwrap(
            record.wrapped,
            master=self._masters.by_id(record.master_id),
            purpose=key_purpose(self._journal, record),
        )
        algorithm = ALGORITHMS_BY_NUMBER.get(secret[0])
        if algorithm is None or len(secret) != 1 + algorithm.key_bytes:
            raise TamperedKeyError(f"the key of subject {record.subject.hex()} has no known form")
        return _data_key(secret[1:], algorithm=algorithm, key_id=record.key_id)

    def _new_key(self, subject: bytes) -> _DataKey:
        algorithm = self._algorithm
        secret = urandom(algorithm.key_bytes)
        master = self._masters.current()
        record = SubjectKey(
            subject=subject,
            key_id=urandom(KEY_ID_BYTES),
            master_id=master.id,
            wrapped=None,
            created_at=0,
        )
        wrapped = wrap(
            bytes((algorithm.number,)) + secret,
            master=master,
            purpose=key_purpose(self._journal, record),
        )
        key = _data_key(secret, algorithm=algorithm, key_id=record.key_id)
        self._fresh.append(msgspec.structs.replace(record, wrapped=wrapped))
        self._unsettled[subject] = key
        self._keys.put(subject, key)
        return key


def key_purpose(journal_id: bytes, key: SubjectKey) -> bytes:
    """What a subject's key is bound to under its master: journal, subject and key id."""
    return b"subject key\0" + journal_id + key.subject + key.key_id


def _data_key(secret: bytes, *, algorithm: Algorithm, key_id: bytes) -> _DataKey:
    cipher = algorithm.cipher(secret)
    header = bytes((_VERSION, algorithm.number)) + key_id
    return _DataKey(header, cipher.encrypt, cipher.decrypt, cipher.decrypt_into)
