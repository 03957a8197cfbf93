"""The one policy beside the live one: a shadow that only judges, or a canary that has a share.

Which subjects a canary answers is a function of the subject, the canary's policy and the share
alone, so a subject stays on one side, a replay knows which, a greater share keeps whom a smaller
one had, and another canary deals anew. A subject is told by its blind index, which the leaf of
each entry shows: who answered can be checked without any key, and not be foretold without one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final, Self

from fengkong.events.event import Event
from fengkong.journal.history import Activation
from fengkong.journal.parts import CANARY, SHADOW, SHARE_MAX
from fengkong.protection.subjects import SUBJECT_ENTITIES
from fengkong.protection.vault import Vault
from fengkong.service.refusals import InvalidShareError
from fengkong.service.states.lanes import Lane

_UNIT: Final = 2.0**-53


@dataclass(frozen=True, kw_only=True)
class Share:
    """The part of the traffic that a canary answers.

    `of` is above 0 and at most `SHARE_MAX`; `by` the entity whose values are dealt out, None for
    the subjects of the events; `policy` the hash of the canary's policy.
    """

    of: float
    by: str | None
    policy: str

    @classmethod
    def asked(cls, of: float, *, by: str | None, policy: str) -> Self:
        """A share that somebody asks for; raises `InvalidShareError`."""
        if not 0.0 < of <= SHARE_MAX:
            raise InvalidShareError(f"a share of {of:g}", path="$.share")
        if by is not None and by not in SUBJECT_ENTITIES:
            known = ", ".join(SUBJECT_ENTITIES)
            raise InvalidShareError(f"{by[:80]!r} is not one of {known}", path="$.by")
        return cls(of=of, by=by, policy=policy)

    @classmethod
    def of_activation(cls, activation: Activation) -> Self:
        """The share that a canary was activated with."""
        assert activation.share is not None, "a canary has its share"
        return cls(of=activation.share, by=activation.by, policy=str(activation.hash))

    @cached_property
    def _salt(self) -> bytes:
        return sha256(f"canary\0{self.policy}".encode()).digest()

    def has(self, index: bytes) -> bool:
        """Whether the subject of a blind index (16 bytes) is in the share."""
        (word,) = struct.unpack("<Q", sha256(self._salt + index).digest()[:8])
        return float(word >> 11) * _UNIT < self.of

    def has_event(self, event: Event, *, subject: bytes, vault: Vault) -> bool:
        """Whether an event's subject, or its value of `by`, is; one without that value is not."""
        if self.by is None:
            return self.has(subject)
        value = event.values.get(self.by)
        return isinstance(value, str) and self.has(vault.token(entity=self.by, value=value))


@dataclass(slots=True)
class Rival:
    """The lane of the policy beside the live one; without a share it is a shadow.

    Where its windows have no room for an event it is `out_of_room`: just when that happens depends
    on what is counted together, and only the live policy's trouble is recorded. So it has had its
    last event then, and ends.
    """

    lane: Lane
    share: Share | None = None
    out_of_room: bool = False

    @classmethod
    def of(cls, lane: Lane, activation: Activation) -> Self:
        """The lane in the part that an activation gives it."""
        return cls(lane, Share.of_activation(activation) if activation.role == CANARY else None)

    @property
    def role(self) -> str:
        """What it is called where it was activated."""
        return SHADOW if self.share is None else CANARY

    def answers(self, event: Event, *, subject: bytes, vault: Vault) -> bool:
        """Whether an event that both policies could judge has this one's answer."""
        return self.share is not None and self.share.has_event(event, subject=subject, vault=vault)
