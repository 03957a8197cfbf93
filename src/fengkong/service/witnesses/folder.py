"""What a witness remembers: its own key, and the newest checkpoint that it cosigned of each log.

A witness that forgets is none: what it has cosigned is durable before anyone sees the signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from os import urandom
from pathlib import Path
from typing import Final, Self

import msgspec

from fengkong.core.errors import RiskError
from fengkong.ledger.notes import Checkpoint, Cosigner, VerifierKey
from fengkong.ledger.witness import Cosigned, Refused, Submission, consider
from fengkong.protection.guarded_files import (
    create_guarded,
    locked,
    read_guarded,
    replace_guarded,
)

KEY: Final = "witness.key"
_SEED_BYTES: Final = 32


class InvalidWitnessError(RiskError):
    """The folder of a witness cannot be used, or a witness is not named as it must be."""

    code = "ledger.invalid_witness"
    hint = "Do what the message says; a witness never begins anew under a key it has used."


class _StoredKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of the key."""

    name: str
    seed: bytes


class WitnessFolder:
    """A witness with its memory; `log_keys` are the logs it knows, each by the name of its key."""

    def __init__(self, directory: Path, *, log_keys: Sequence[VerifierKey]) -> None:
        self._directory = directory
        self._log_keys = log_keys
        self.cosigner = _cosigner(directory)

    @classmethod
    def open(cls, directory: Path, *, name: str | None, log_keys: Sequence[VerifierKey]) -> Self:
        """The witness of a folder, made there under `name` if there is none."""
        if not (directory / KEY).exists():
            if name is None:
                raise InvalidWitnessError(f"{directory} holds no witness: name a new one")
            key = _StoredKey(name, urandom(_SEED_BYTES))
            Cosigner.of_seed(name=key.name, seed=key.seed)
            create_guarded(directory / KEY, msgspec.json.encode(key))
        return cls(directory, log_keys=log_keys)

    def answer(self, submission: Submission, *, at_s: int) -> Cosigned | Refused:
        """A cosignature, once the checkpoint is remembered; or the rule that forbids it."""
        origin = submission.note.partition(b"\n")[0].decode(errors="replace")
        keys = [key for key in self._log_keys if key.name == origin]
        path = self._directory / "known" / sha256(origin.encode()).hexdigest()
        with locked(path):
            found = consider(
                submission,
                known=_remembered(path),
                log_keys=keys,
                cosigner=self.cosigner,
                at_s=at_s,
            )
            if isinstance(found, Cosigned):
                replace_guarded(path, found.checkpoint.text().encode())
        return found

    def known_size(self, origin: str) -> int:
        """The size of the newest checkpoint that was cosigned of a log; 0 before the first."""
        known = _remembered(self._directory / "known" / sha256(origin.encode()).hexdigest())
        return 0 if known is None else known.size


def _remembered(path: Path) -> Checkpoint | None:
    try:
        content, _ = read_guarded(path)
    except FileNotFoundError:
        return None
    return Checkpoint.parse(content.decode(errors="replace"))


def _cosigner(directory: Path) -> Cosigner:
    try:
        key = msgspec.json.decode(read_guarded(directory / KEY)[0], type=_StoredKey)
        return Cosigner.of_seed(name=key.name, seed=key.seed)
    except (msgspec.MsgspecError, OSError) as error:
        raise InvalidWitnessError(f"{directory / KEY} is not the key of a witness") from error
