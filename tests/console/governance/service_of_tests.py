"""A service that keeps policies as the real one does, without a journal behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from versions import load

from fengkong.client.errors import UnreachableError, refusal
from fengkong.console.accounts.models import Operator, RoleGrant


class KeptService:
    """Live, shadow, canary and activations; `texts` by the sequence of their activation.

    `lose` makes the next change happen and its answer get lost; `down` answers nothing.
    """

    def __init__(self, text: str) -> None:
        self.texts: dict[int, str | None] = {}
        self.activations: list[dict[str, Any]] = []
        self.live: dict[str, Any] = {}
        self.shadowed: dict[str, Any] | None = None
        self.tried: dict[str, Any] | None = None
        self.lose = self.down = False
        self.calls: list[str] = []
        self._activate(text, role="live", cause="started")

    @contextmanager
    def client(self, **_: Any) -> Iterator["KeptService"]:
        yield self

    def text_at(self, sequence: int) -> str | None:
        return self.texts[sequence]

    def policies(self) -> dict[str, Any]:
        self._reached()
        return {
            "live": self.live,
            "shadow": self.shadowed,
            "canary": self.tried,
            "activations": [*self.activations],
        }

    def publish(self, text: str) -> dict[str, Any]:
        self.calls.append("publish")
        self._reached()
        return self._answered(self._activate(text, role="live", cause="published"))

    def shadow(self, text: str | None) -> dict[str, Any]:
        self.calls.append("shadow")
        self._reached()
        if text is None:
            self.shadowed = None
            return self._answered(self._note(role="shadow", cause="ended", text=None, named={}))
        return self._answered(self._activate(text, role="shadow", cause="published"))

    def canary(
        self, text: str | None, *, share: float = 0.0, by: str | None = None
    ) -> dict[str, Any]:
        self.calls.append("canary")
        self._reached()
        if text is None:
            self.tried = None
            return self._answered(self._note(role="canary", cause="ended", text=None, named={}))
        said = self._activate(text, role="canary", cause="published")
        assert self.tried is not None
        self.tried |= {"share": share, "by": by}
        said |= {"share": share, "by": by}
        return self._answered(said)

    def rollback(self) -> dict[str, Any]:
        self.calls.append("rollback")
        self._reached()
        earlier = [
            one["sequence"]
            for one in self.activations
            if one["role"] == "live" and one["hash"] != self.live["hash"]
        ]
        if not earlier:
            raise refusal(409, {"code": "service.nothing", "title": "none", "detail": "no other"})
        text = self.texts[earlier[-1]]
        assert text is not None
        return self._answered(self._activate(text, role="live", cause="rolled_back"))

    def _activate(self, text: str, *, role: str, cause: str) -> dict[str, Any]:
        policy = load(text)
        named = {"policy": policy.name, "version": policy.version, "hash": policy.hash}
        if role == "live":
            self.live, self.tried = named, None
        else:
            self.shadowed = named if role == "shadow" else None
            self.tried = named if role == "canary" else None
        return self._note(role=role, cause=cause, text=text, named=named)

    def _note(
        self, *, role: str, cause: str, text: str | None, named: dict[str, Any]
    ) -> dict[str, Any]:
        sequence = 10 * (len(self.activations) + 1)
        self.texts[sequence] = text
        bare = {"policy": None, "version": None, "hash": None}
        self.activations.append(
            {"sequence": sequence, "role": role, "cause": cause, **bare, **named}
        )
        return self.activations[-1]

    def _reached(self) -> None:
        if self.down:
            raise UnreachableError("127.0.0.1:8700 does not answer: ConnectionRefusedError")

    def _answered(self, said: dict[str, Any]) -> dict[str, Any]:
        if self.lose:
            self.lose = False
            raise UnreachableError("127.0.0.1:8700 does not answer: TimeoutError")
        return said


def operator(name: str, role: str) -> Operator:
    """An operator with one role."""
    made = Operator.objects.create_user(name)
    RoleGrant.objects.create(operator=made, role=role)
    return made
