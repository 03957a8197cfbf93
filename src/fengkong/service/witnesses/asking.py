"""Asking witnesses to cosign each checkpoint, beside everything else.

A witness that is away costs nothing but its signature; one that has seen more, or something else,
than this journal holds is an alarm.
"""

from __future__ import annotations

import asyncio
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from fengkong.core.errors import RiskError
from fengkong.journal.port import Reading, StoredCheckpoint
from fengkong.journal.second_place import OPENER
from fengkong.journal.stored_tree import stored_tiles
from fengkong.ledger.hashes import hash_named
from fengkong.ledger.notes import (
    WITNESS_KEY,
    Note,
    Signature,
    VerifierKey,
    open_checkpoint,
    parse_signature,
)
from fengkong.ledger.proofs import consistency_proof
from fengkong.ledger.witness import Submission
from fengkong.protection.guarded_files import read_guarded, replace_guarded
from fengkong.service.metrics import Metrics
from fengkong.service.witnesses.folder import InvalidWitnessError

TIMEOUT_S: Final = 3.0
ANSWER_BYTES_MAX: Final = 64 * 1024
_LOG: Final = logging.getLogger(__name__)


class WitnessError(RiskError):
    """A witness did not cosign a checkpoint."""

    code = "ledger.no_cosignature"
    hint = "If it is away, bring it back. If it refuses, its checkpoint and ours differ: find why."


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by its verifier key and the address in front of `/add-checkpoint`."""

    key: VerifierKey
    url: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The witness of a setting, ``VKEY URL``."""
        vkey, _, url = text.strip().partition(" ")
        if not url.startswith(("http://", "https://")):
            raise InvalidWitnessError("a witness is written as its verifier key and its address")
        key = VerifierKey.parse(vkey)
        if key.kind != WITNESS_KEY:
            raise InvalidWitnessError(f"{key.name} is the key of a log, not of a witness")
        return cls(key, url.strip().rstrip("/"))

    def cosignature(
        self, note: bytes, *, known: int, proof_from: Callable[[int], Sequence[bytes]]
    ) -> Signature:
        """Its signature under a checkpoint; asked once more where it knows another size.

        Raises WitnessError.
        """
        status, answer = self._post(Submission(known, tuple(proof_from(known)), note).render())
        if status == 409 and answer.strip().isdigit():
            seen = int(answer)
            status, answer = self._post(Submission(seen, tuple(proof_from(seen)), note).render())
        if status != 200:
            said = answer.decode(errors="replace").strip()[:200]
            raise WitnessError(f"{self.key.name} answers {status}: {said}")
        return self._checked(answer, note=Note.parse(note))

    def _checked(self, answer: bytes, *, note: Note) -> Signature:
        for line in answer.decode(errors="replace").splitlines():
            signature = parse_signature(line)
            if self.key.is_maker_of(signature):
                self.key.verify(note.text, signature)
                return signature
        raise WitnessError(f"{self.key.name} answers without its signature")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            f"{self.url}/add-checkpoint", data=body, headers={"Content-Type": "text/plain"}
        )
        try:
            with OPENER.open(request, timeout=TIMEOUT_S) as answer:
                return answer.status, answer.read(ANSWER_BYTES_MAX)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(ANSWER_BYTES_MAX)
        except OSError as error:
            reason = getattr(error, "reason", None) or error
            raise WitnessError(f"{self.key.name} cannot be reached: {reason}") from error


class Cosigning:
    """Has checkpoints cosigned, one after the other, and keeps the newest that was."""

    def __init__(
        self,
        witnesses: Sequence[Witness],
        *,
        reading: Reading,
        file: Path,
        verifier: VerifierKey,
        metrics: Metrics,
    ) -> None:
        self._witnesses = witnesses
        self._reading = reading
        self._file = file
        self._metrics = metrics
        self._known: dict[str, int] = {}
        self._newest = kept_note(file, verifier=verifier)
        self._wanted: StoredCheckpoint | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="witness")
        self._asking: asyncio.Future[None] | None = None

    def newest(self) -> StoredCheckpoint | None:
        """The newest checkpoint under which a witness has put its signature."""
        return self._newest

    def offer(self, checkpoint: StoredCheckpoint) -> None:
        """Have a checkpoint cosigned; while one is, only the newest waits."""
        self._wanted = checkpoint
        if self._asking is None and self._witnesses:
            wanted, self._wanted = self._wanted, None
            loop = asyncio.get_running_loop()
            self._asking = loop.run_in_executor(self._thread, self._ask_all, wanted)
            self._asking.add_done_callback(self._asked)

    async def finish(self) -> None:
        """Wait for what is under way."""
        while self._asking is not None:
            await asyncio.wait([self._asking])
            await asyncio.sleep(0)
        self._thread.shutdown(wait=True)

    def _asked(self, done: asyncio.Future[None]) -> None:
        self._asking = None
        if done.exception() is not None:
            _LOG.error("asking the witnesses failed: %r", done.exception())
        if self._wanted is not None:
            self.offer(self._wanted)

    def _ask_all(self, checkpoint: StoredCheckpoint) -> None:
        note = Note.parse(checkpoint.note)
        signatures: list[Signature] = []
        for witness in self._witnesses:
            try:
                signatures.append(self._ask(witness, checkpoint))
            except (RiskError, OSError) as error:
                _LOG.error("the checkpoint of %d is not cosigned: %s", checkpoint.size, error)
        self._metrics.witness_unavailable.set(int(len(signatures) < len(self._witnesses)))
        if signatures:
            cosigned = note.with_signatures(signatures).render()
            replace_guarded(self._file, cosigned)
            self._newest = StoredCheckpoint(checkpoint.size, cosigned)

    def _ask(self, witness: Witness, checkpoint: StoredCheckpoint) -> Signature:
        name = str(witness.key)

        def proof_from(old: int) -> Sequence[bytes]:
            if old > checkpoint.size:
                raise WitnessError(
                    f"{witness.key.name} has cosigned {old:,} entries of this ledger, "
                    f"and it has {checkpoint.size:,}: it was rolled back"
                )
            if not old:
                return ()
            return consistency_proof(
                old=old,
                new=checkpoint.size,
                reader=stored_tiles(self._reading, size=checkpoint.size),
                hashing=hash_named(self._reading.hash_name),
            )

        known = min(self._known.get(name, 0), checkpoint.size)
        found = witness.cosignature(checkpoint.note, known=known, proof_from=proof_from)
        self._known[name] = checkpoint.size
        return found


def kept_note(file: Path, *, verifier: VerifierKey) -> StoredCheckpoint | None:
    """The newest cosigned checkpoint of a data directory; None where there is none of this key."""
    try:
        content, _ = read_guarded(file)
        opened = open_checkpoint(content, keys=[verifier])
    except (OSError, RiskError):
        return None
    return StoredCheckpoint(opened.checkpoint.size, content)
