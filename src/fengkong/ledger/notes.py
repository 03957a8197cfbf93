"""Signed notes, checkpoints and cosignatures, as C2SP signed-note, tlog-checkpoint, -cosignature.

- `Signer.of_seed(name=, seed=)` (32 secret bytes) or `Signer.parse(skey)` signs: `sign(text) ->
  Signature`, `sign_checkpoint(checkpoint) -> bytes` (the whole note), `verifier: VerifierKey`,
  `skey()` (the secret text).
- `Cosigner.of_seed(name=, seed=)` is a witness's key: `cosign(text, at_s=) -> Signature`.
- `VerifierKey.parse(vkey)` reads `name+id+base64`, log keys (0x01) and witness keys (0x04);
  `str(key)` writes it.
- `Note.parse(bytes) -> Note(text, signatures)`, `note.render() -> bytes`, `note.with_signatures`.
- `open_note(bytes, keys=) -> OpenedNote(note, signed_by)`: signatures of unknown keys are
  ignored, one that a known key did not make refuses the note, and so does a note without any
  known signature. `open_checkpoint(bytes, keys=, origin=) -> OpenedCheckpoint` reads what is
  inside too; it counts only if a log key (0x01) of that origin signed.
- `Checkpoint(origin=, size=, root=, extensions=())`: `text()`, `Checkpoint.parse(text)`,
  `hash_name`. `checkpoint_of(origin=, size=, root=, hash_name=)` adds the line `hash sm3` to
  checkpoints of SM3 logs, so that the function is visible; SHA-256 logs have no such line.

Everything malformed is a `MalformedNoteError`, `MalformedKeyError` or `MalformedCheckpointError`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fengkong.core.errors import RiskError
from fengkong.ledger.hashes import HASH_SIZE

NOTE_BYTES_MAX: Final = 1 << 20
SIGNATURES_MAX: Final = 64
TREE_SIZE_MAX: Final = (1 << 63) - 1
LOG_KEY: Final = 0x01
WITNESS_KEY: Final = 0x04
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_DASH: Final = "— "
_SKEY_START: Final = "PRIVATE+KEY+"
_HASH_LINE: Final = "hash "


class MalformedKeyError(RiskError):
    """A verifier key or signing key is not written as C2SP signed-note says."""

    code = "ledger.malformed_key"
    hint = "Copy the whole key: name+id+base64, on one line."


class MalformedNoteError(RiskError):
    """A signed note is not written as C2SP signed-note says."""

    code = "ledger.malformed_note"
    hint = "Fetch the note again, byte for byte."


class MalformedCheckpointError(RiskError):
    """A checkpoint is not written as C2SP tlog-checkpoint says."""

    code = "ledger.malformed_checkpoint"
    hint = "Fetch the checkpoint again; a checkpoint has origin, size and root, a line each."


class BadSignatureError(RiskError):
    """A signature carries the name and id of a known key, but that key did not make it."""

    code = "ledger.bad_signature"
    hint = "Treat the note as forged or damaged; fetch it from the log again and compare."


class UnsignedNoteError(RiskError):
    """No known key has signed the note."""

    code = "ledger.unsigned"
    hint = "Check that the key belongs to this log; without its signature nothing is proven."


class ForeignCheckpointError(RiskError):
    """A checkpoint speaks for another ledger than the one expected."""

    code = "ledger.foreign_checkpoint"
    hint = "Compare checkpoints of one ledger only; the first line names it."


def _decoded(text: str) -> bytes | None:
    """Standard base64 in its one canonical spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _is_name(name: str) -> bool:
    return bool(name) and not any(c.isspace() or c == "+" or c < " " for c in name)


def _checked_name(name: str) -> str:
    if not _is_name(name):
        raise MalformedKeyError(f"the key name {name!r} is empty or has a space, plus or control")
    return name


def key_id(*, name: str, kind: int, public: bytes) -> bytes:
    """The four bytes that, with the name, tell keys apart."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


class Signature(NamedTuple):
    """One signature line: who, and the bytes after the key id (for a witness: time, signature)."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """The line as a note carries it, newline included."""
        return f"{_DASH}{self.name} {_encoded(self.key_id + self.blob)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name that it signs under."""

    name: str
    kind: int
    public: bytes
    key_id: bytes

    @classmethod
    def of(cls, *, name: str, kind: int, public: bytes) -> Self:
        """The key of a name, its id computed."""
        identifier = key_id(name=_checked_name(name), kind=kind, public=public)
        return cls(name, kind, public, identifier)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A vkey line, `name+id+base64`; Ed25519 log keys and witness keys only."""
        parts = text.strip().split("+", 2)
        data = _decoded(parts[2]) if len(parts) == 3 else None
        if data is None or not _is_name(parts[0]):
            raise MalformedKeyError("a verifier key reads name+id+base64")
        if len(data) != 1 + _KEY_BYTES or data[0] not in {LOG_KEY, WITNESS_KEY}:
            raise MalformedKeyError("the verifier key is not an Ed25519 key of a log or a witness")
        key = cls.of(name=parts[0], kind=data[0], public=data[1:])
        if parts[1] != key.key_id.hex():
            raise MalformedKeyError(f"the key id is {key.key_id.hex()}, not {parts[1]!r}")
        return key

    def __str__(self) -> str:
        material = _encoded(bytes([self.kind]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def is_maker_of(self, signature: Signature) -> bool:
        """Whether the signature claims to be this key's: name and id are the same."""
        return signature.name == self.name and signature.key_id == self.key_id

    def verify(self, text: str, signature: Signature) -> None:
        """Raises `BadSignatureError` unless this key made the signature over the text."""
        blob, message = signature.blob, text.encode()
        if self.kind == WITNESS_KEY:
            at_s, blob = cosigned_at(signature), blob[8:]
            message = cosigned_message(text, at_s=at_s)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except (InvalidSignature, ValueError) as error:
            raise BadSignatureError(f"the signature of {self.name} does not fit") from error


def cosigned_at(signature: Signature) -> int:
    """The POSIX second at which a witness cosigned."""
    at_s = int.from_bytes(signature.blob[:8], "big")
    if len(signature.blob) != 8 + _SIGNATURE_BYTES or at_s > TREE_SIZE_MAX:
        raise BadSignatureError(f"the cosignature of {signature.name} is malformed")
    return at_s


def cosigned_message(text: str, *, at_s: int) -> bytes:
    """What a witness signs: a header, the time, and the whole text of the checkpoint."""
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """A log's signing key."""

    verifier: VerifierKey
    _seed: bytes = field(repr=False)
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def of_seed(cls, *, name: str, seed: bytes) -> Self:
        """The key of 32 secret bytes."""
        key, public = _pair(seed)
        return cls(VerifierKey.of(name=name, kind=LOG_KEY, public=public), seed, key)

    @classmethod
    def parse(cls, skey: str) -> Self:
        """A secret key as text: `PRIVATE+KEY+name+id+base64`."""
        text = skey.strip()
        parts = text.removeprefix(_SKEY_START).split("+", 2)
        data = _decoded(parts[2]) if len(parts) == 3 else None
        if not text.startswith(_SKEY_START) or data is None:
            raise MalformedKeyError("a signing key reads PRIVATE+KEY+name+id+base64")
        if len(data) != 1 + _KEY_BYTES or data[0] != LOG_KEY:
            raise MalformedKeyError("the signing key is not an Ed25519 key")
        signer = cls.of_seed(name=parts[0], seed=data[1:])
        if parts[1] != signer.verifier.key_id.hex():
            raise MalformedKeyError("the id of the signing key does not fit its name and secret")
        return signer

    def skey(self) -> str:
        """The secret key as text; keep it in a file that nobody else reads."""
        name, identifier = self.verifier.name, self.verifier.key_id.hex()
        return f"{_SKEY_START}{name}+{identifier}+{_encoded(bytes([LOG_KEY]) + self._seed)}"

    def sign(self, text: str) -> Signature:
        """The signature over a note's text."""
        return Signature(self.verifier.name, self.verifier.key_id, self._key.sign(text.encode()))

    def sign_checkpoint(self, checkpoint: Checkpoint) -> bytes:
        """The checkpoint as a note with this signature."""
        text = checkpoint.text()
        return Note(text, (self.sign(text),)).render()


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's signing key; it signs the time too."""

    verifier: VerifierKey
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def of_seed(cls, *, name: str, seed: bytes) -> Self:
        """The key of 32 secret bytes; never the bytes of another key, a log's or a witness's."""
        key, public = _pair(seed)
        return cls(VerifierKey.of(name=name, kind=WITNESS_KEY, public=public), key)

    def cosign(self, text: str, *, at_s: int) -> Signature:
        """The cosignature over a checkpoint's text as of a POSIX second."""
        assert 0 < at_s <= TREE_SIZE_MAX, "a cosignature carries its time"
        blob = at_s.to_bytes(8, "big") + self._key.sign(cosigned_message(text, at_s=at_s))
        return Signature(self.verifier.name, self.verifier.key_id, blob)


def _pair(seed: bytes) -> tuple[Ed25519PrivateKey, bytes]:
    if len(seed) != _KEY_BYTES:
        raise MalformedKeyError(f"an Ed25519 secret has {_KEY_BYTES} bytes, not {len(seed)}")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key, key.public_key().public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures under it, none of them verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """A note as it is stored or sent."""
        if len(raw) > NOTE_BYTES_MAX:
            raise MalformedNoteError(f"a note has at most {NOTE_BYTES_MAX} bytes")
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedNoteError("the note is not UTF-8") from error
        if any(c < " " and c != "\n" for c in whole):
            raise MalformedNoteError("the note has control characters")
        text, separator, tail = whole.rpartition("\n\n")
        if not separator or not tail.endswith("\n"):
            raise MalformedNoteError("a note is a text, an empty line, and signature lines")
        lines = tail[:-1].split("\n")
        if len(lines) > SIGNATURES_MAX:
            raise MalformedNoteError(f"a note has at most {SIGNATURES_MAX} signatures")
        return cls(text + "\n", tuple(parse_signature(line) for line in lines))

    def render(self) -> bytes:
        """The note as it is stored and sent."""
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode()

    def with_signatures(self, more: Iterable[Signature]) -> Self:
        """The note with signatures added, each line once."""
        return replace(self, signatures=tuple(dict.fromkeys((*self.signatures, *more))))


def parse_signature(line: str) -> Signature:
    """One signature line, without its newline."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    data = _decoded(encoded)
    if not line.startswith(_DASH) or not _is_name(name) or data is None or len(data) < 5:
        raise MalformedNoteError(f"not a signature line: {line[:80]!r}")
    return Signature(name, data[:4], data[4:])


class OpenedNote(NamedTuple):
    """A note and the known keys whose signatures hold, in the order of the note."""

    note: Note
    signed_by: tuple[VerifierKey, ...]


def open_note(raw: bytes, *, keys: Sequence[VerifierKey]) -> OpenedNote:
    """The note, once at least one known key has signed it and none is misused."""
    note = Note.parse(raw)
    signed_by: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        for key in keys:
            if key.is_maker_of(signature):
                key.verify(note.text, signature)
                signed_by[key] = None
    if not signed_by:
        names = ", ".join(sorted({signature.name for signature in note.signatures}))
        raise UnsignedNoteError(f"no known key has signed; the note is signed by {names}")
    return OpenedNote(note, tuple(signed_by))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a log: so many entries, this root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(line and all(c >= " " for c in line) for line in lines):
            raise MalformedCheckpointError("a line of the checkpoint is empty or has controls")
        if not 0 <= self.size <= TREE_SIZE_MAX:
            raise MalformedCheckpointError(f"a tree of {self.size} entries cannot be")
        if len(self.root) != HASH_SIZE:
            raise MalformedCheckpointError(f"a root has {HASH_SIZE} bytes, not {len(self.root)}")
        if sum(line.startswith(_HASH_LINE) for line in self.extensions) > 1:
            raise MalformedCheckpointError("the checkpoint names its hash function twice")

    @property
    def hash_name(self) -> str:
        """The name of the log's hash function: of the `hash` line, else sha256."""
        named = (line for line in self.extensions if line.startswith(_HASH_LINE))
        return next(named, _HASH_LINE + "sha256").removeprefix(_HASH_LINE)

    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), _encoded(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A checkpoint from the text of a note."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() != "":
            raise MalformedCheckpointError("a checkpoint has origin, size and root, a line each")
        origin, size, root = lines[:3]
        if not (size.isascii() and size.isdecimal() and str(int(size[:20])) == size):
            raise MalformedCheckpointError(f"not a tree size: {size[:40]!r}")
        decoded = _decoded(root)
        if decoded is None:
            raise MalformedCheckpointError("the root is not base64")
        return cls(origin=origin, size=int(size), root=decoded, extensions=tuple(lines[3:]))


def checkpoint_of(*, origin: str, size: int, root: bytes, hash_name: str) -> Checkpoint:
    """A log's checkpoint, with the line that names a hash function other than SHA-256."""
    extensions = () if hash_name == "sha256" else (_HASH_LINE + hash_name,)
    return Checkpoint(origin=origin, size=size, root=root, extensions=extensions)


class OpenedCheckpoint(NamedTuple):
    """A checkpoint that its log has signed, and every known key that signed it."""

    checkpoint: Checkpoint
    note: Note
    signed_by: tuple[VerifierKey, ...]


def open_checkpoint(
    raw: bytes, *, keys: Sequence[VerifierKey], origin: str | None = None
) -> OpenedCheckpoint:
    """The checkpoint in a note; its log's key must have signed, witnesses alone do not count."""
    note, signed_by = open_note(raw, keys=keys)
    checkpoint = Checkpoint.parse(note.text)
    if origin is not None and checkpoint.origin != origin:
        raise ForeignCheckpointError(f"the checkpoint is of {checkpoint.origin}, not of {origin}")
    if not any(key.kind == LOG_KEY and key.name == checkpoint.origin for key in signed_by):
        raise UnsignedNoteError(f"the log {checkpoint.origin} itself has not signed")
    return OpenedCheckpoint(checkpoint, note, signed_by)
