"""Which policy a drill's switches act on and its sandbox runs: a copy of the live one where it can.

Where the live policy decides nothing of what the attack does, the shipped policy that the script
names is taken instead; the run says which.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fengkong.console.drills.models import DrillRun
from fengkong.console.governance.actions import live_version
from fengkong.console.governance.policy_texts import policy_or_none, read_policy
from fengkong.console.incidents.switch_kinds import KINDS
from fengkong.decisions.policy import Policy
from fengkong.response.drill import Script

USUAL: Final = "transfers"


def choose_policy(script: Script) -> tuple[str, str]:
    """Name and text of the policy."""
    live = live_version()
    if live is not None and _fits(policy_or_none(live.text), script):
        return str(live), live.text
    name = USUAL if script.attack is None else script.attack.policy
    return f"{name} (shipped)", _shipped(name)


def _fits(policy: Policy | None, script: Script) -> bool:
    """Whether the policy decides something that the drill's switch is about."""
    if policy is None:
        return False
    switch = script.unattended.switch
    wanted = set(KINDS[switch].types) if switch is not None else set(policy.events)
    if script.attack is not None:
        wanted &= set(read_policy(_shipped(script.attack.policy)).events)
    return bool(wanted & set(policy.events))


def _shipped(name: str) -> str:
    assert "/" not in name, "a pack's name"
    return (files("fengkong") / "packs" / name / "policy.yaml").read_text(encoding="utf-8")


def policy_of_drill(drill: int) -> Policy:
    """The policy of a run."""
    return read_policy(DrillRun.objects.get(pk=drill).policy_text)
