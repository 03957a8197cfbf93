"""What every report of this room has in common: it is plain data, and names its policy."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from fengkong.decisions.policy import Policy


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Figures that can be shown, stored and compared."""

    def to_data(self) -> dict[str, Any]:
        """The same as plain data for JSON; what is not known is None."""
        return cast("dict[str, Any]", msgspec.to_builtins(self))


class PolicyStamp(Report, frozen=True, kw_only=True):
    """Which policy it was: its name and version, and the hash of its content."""

    name: str
    version: int
    hash: str


def stamp(policy: Policy) -> PolicyStamp:
    """The stamp of a policy."""
    return PolicyStamp(name=policy.name, version=policy.version, hash=policy.hash)
