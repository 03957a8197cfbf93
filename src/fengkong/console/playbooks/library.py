"""The playbooks in use: the newest version that was approved, else the one that was shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import msgspec

from fengkong.console.playbooks.models import PlaybookVersion
from fengkong.response.playbook import Playbook, read_playbook, shipped_playbooks


@dataclass(frozen=True, slots=True)
class InUse:
    """A playbook in use; `version` is None for one that was shipped."""

    playbook: Playbook
    text: str
    version: PlaybookVersion | None

    @property
    def content(self) -> dict[str, Any]:
        """It as data, to be frozen into an incident."""
        return cast("dict[str, Any]", msgspec.to_builtins(self.playbook))


def in_use() -> dict[str, InUse]:
    """Every playbook in use, by name."""
    found = {
        name: InUse(playbook, text, None) for name, (playbook, text) in shipped_playbooks().items()
    }
    for version in PlaybookVersion.objects.filter(state=PlaybookVersion.State.IN_USE):
        made = read_playbook(version.text, str(version))
        found[version.name] = InUse(made, version.text, version)
    return dict(sorted(found.items()))
