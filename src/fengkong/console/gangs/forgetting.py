"""Whoever was erased is in no gang any more."""

from __future__ import annotations

from fengkong.console.entities.taking import key_of
from fengkong.console.gangs.models import Member
from fengkong.console.journaled.intake import erased_by
from fengkong.console.journaled.seen import SeenEntries


def forget_members(seen: SeenEntries) -> None:
    """Take out who was erased by some entries; the gang's figures follow when it is looked at."""
    keys = [key_of(bytes.fromhex(subject)) for subject in erased_by(seen)]
    if keys:
        Member.objects.filter(key__in=keys).delete()
