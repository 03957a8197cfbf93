"""What the HTTP edge needs of the rest: the desk that answers, the keys, and the spent nonces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from fengkong.service.answers import Answer


class LedgerPages(Protocol):
    """The ledger as it is read over HTTP; every method answers 404 for what is not there yet."""

    def checkpoint(self) -> Awaitable[Answer]:
        """The latest signed checkpoint, a C2SP signed note."""

    def tile(self, *, level: int, index: int, width: int) -> Awaitable[Answer]:
        """Hashes of one tile; a width below 256 is a partial tile."""

    def bundle(self, *, index: int, width: int) -> Awaitable[Answer]:
        """Leaf data of the entries of one tile."""

    def inclusion(self, *, sequence: int, size: int) -> Awaitable[Answer]:
        """The proof that an entry is in the tree of a size."""

    def consistency(self, *, old: int, new: int) -> Awaitable[Answer]:
        """The proof that the tree of one size continues the other."""


class Desk(Protocol):
    """Answers requests that are authenticated and whole.

    Nothing of it blocks the event loop, and it raises only RiskError (best: it returns the
    problem's answer).
    """

    @property
    def overloaded(self) -> bool:
        """Whether the next event would be refused; asked before a request is read."""

    @property
    def ledger(self) -> LedgerPages:
        """The ledger's pages."""

    def submit(self, body: bytes, *, decided: bool) -> Awaitable[Answer]:
        """Decide one event, or only record it."""

    def take(self, body: bytes, *, decided: bool, reply: Callable[[Answer], None]) -> None:
        """The same, with a call instead of a wait; `reply` may come at once, and must not fail."""

    def submit_many(self, bodies: Sequence[bytes], *, decided: bool) -> Awaitable[list[Answer]]:
        """The same for many; answers in the order of the bodies."""

    def find(self, event_id: str) -> Awaitable[Answer]:
        """What was answered to the event of this id."""

    def explain(self, event_id: str) -> Awaitable[Answer]:
        """The decision derived again, and whether it equals what was recorded."""

    def publish(self, policy_text: str) -> Awaitable[Answer]:
        """Put a policy in force."""

    def shadow(self, policy_text: str | None) -> Awaitable[Answer]:
        """Run a policy beside the live one; None ends it."""

    def canary(
        self, policy_text: str | None, *, share: float = 0.0, by: str | None = None
    ) -> Awaitable[Answer]:
        """Have a policy answer for a share of the subjects, or of an entity; None ends it."""

    def promote(self) -> Awaitable[Answer]:
        """Put the policy that runs beside the live one in force."""

    def rollback(self) -> Awaitable[Answer]:
        """End the canary if there is one, else put the live policy before this one in force."""

    def policies(self) -> Awaitable[Answer]:
        """The policies that were in force, the live one and the one beside it."""

    def erase(self, subject: str) -> Awaitable[Answer]:
        """Destroy the key of a subject such as ``customer:C-1``; done when this answers 200."""

    def look_up(self, value: str) -> Awaitable[Answer]:
        """The entries that hold a value such as ``phone:13800138000``."""

    def ready(self) -> Answer:
        """200 while requests are taken, else 503."""

    def health(self) -> Answer:
        """200 while the process is alive."""

    def note_security(self, kind: str, key_id: str) -> None:
        """Have it ledgered that a replayed request or a foreign key was seen; bounded, at once."""


class ApiKey(Protocol):
    """A key that is valid now, and what it may do. `public_key` checks what its holder signs."""

    @property
    def id(self) -> str:
        """The public part of the key."""

    @property
    def scopes(self) -> frozenset[str]:
        """What it may do."""

    @property
    def rate_per_second(self) -> float:
        """Events a second, in the long run."""

    @property
    def burst(self) -> int:
        """Events at once."""

    @property
    def require_signature(self) -> bool:
        """Whether its secret must never travel: only signed requests are accepted."""

    @property
    def public_key(self) -> bytes:
        """32 bytes of an Ed25519 public key."""


class Keys(Protocol):
    """The API keys; unknown, wrong, expired and revoked ones look all the same."""

    def authenticate(self, text: str, now: int) -> ApiKey | None:
        """The key whose whole text this is; `now` in microseconds since 1970."""

    def signer(self, key_id: str, now: int) -> ApiKey | None:
        """The key of an id, to check a signature with."""

    def note_use(self, key_id: str, now: int) -> None:
        """A request signed with this key was let in."""


class Nonces(Protocol):
    """Which signatures were used already; remembers it through restarts and wrong clocks."""

    def spend(self, *, key_id: str, nonce: str, created: int, now: int) -> Awaitable[bool]:
        """Use a nonce, durably, before this returns; False where it was used or is out of time.

        `created` in seconds, `now` in microseconds, both since 1970.
        """
