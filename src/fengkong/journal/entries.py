"""One entry of the journal: the leaf that the ledger proves, and the payload that it commits to.

The leaf holds no personal data, so that it can be published for ever; the payload is sealed under
the key of its subject, so that it can be forgotten. The leaf carries the digest of the payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np

from fengkong.core.hashing import hash_text, hash_texts

Kind = Literal["decision", "event", "policy", "erasure", "security"]

LEAF_BYTES_MAX: Final = 65_535
"""A tile of entries gives each leaf's length in two bytes."""
FIRST_PREVIOUS: Final = "0" * 64
"""What the first entry names as the hash of the entry before it."""
_FEW: Final = 8
_SIGN_BIT: Final = 1 << 63


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is proven of an entry; its fields stand in the order of their names, as in its bytes.

    `at` is when it was recorded (microseconds), `payload` the SHA-256 of the stored payload,
    `policy` the hash of the policy that answered, `previous` the leaf hash of the entry before,
    `received` the keyed digest of the event's bytes as they came, `shadow` the outcome of the other
    policy (shadow or canary, or live where the canary answered) where it differs, `subject` the
    blind index of whom it is about. Digests are lower-case hexadecimal.
    """

    at: int
    degraded: bool
    event: str | None
    kind: Kind
    late: bool
    outcome: str | None
    payload: str
    policy: str | None
    previous: str
    received: str | None
    sequence: int
    shadow: str | None
    subject: str | None


class Entry(NamedTuple):
    """A row of the journal. `event_hash` finds it by its event's id; 0 where there is none."""

    sequence: int
    event_hash: int
    leaf: bytes
    payload: bytes


encode_leaf: Final = msgspec.json.Encoder().encode
"""The canonical bytes of a leaf: compact JSON, keys sorted, absent values null."""
decode_leaf: Final = msgspec.json.Decoder(Leaf).decode
"""The leaf of its canonical bytes; one of `UNREADABLE` where they are anything else."""
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)
"""What `decode_leaf` raises."""


def event_hashes(event_ids: Sequence[str]) -> list[int]:
    """`event_hash` of many ids."""
    if len(event_ids) < _FEW:
        return [event_hash(event_id) for event_id in event_ids]
    found: list[int] = hash_texts(event_ids)[:, 0].view(np.int64).tolist()
    return found


def event_hash(event_id: str) -> int:
    """The signed 64 bits by which an event's entry is looked up; not unique, so compare the id."""
    low = hash_text(event_id)[0]
    return low - 2 * _SIGN_BIT if low & _SIGN_BIT else low
