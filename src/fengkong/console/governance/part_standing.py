"""What became of the change of a parameter or model: whether it holds, made again, taken back.

A version of a part is retired once another version is live, while what it changed may still hold:
later versions are made of it. So it is asked of the live policy itself.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction

from fengkong.console.governance import parts
from fengkong.console.governance.actions import abandon_version, live_version
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.governance.part_text import (
    DatedChange,
    ModelUse,
    UnknownPartError,
    with_value_of,
)
from fengkong.console.governance.policy_texts import policy_or_none, read_policy
from fengkong.console.governance.states import Step, allowed

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.decisions.policy import Policy

Part = PolicyVersion.Part


def holds(version: PolicyVersion) -> bool:
    """Whether the live policy has what a version of a parameter or model changes."""
    live = live_version()
    if live is None or version.base is None or version.part == Part.POLICY:
        return False
    own, base, now = (policy_or_none(one.text) for one in (version, version.base, live))
    if own is None or base is None or now is None:
        return False
    told = [_told(one, version.change or {}) for one in (own, base, now)]
    changed = {key for key in {**told[0], **told[1]} if told[0].get(key) != told[1].get(key)}
    return all(told[2].get(key) == told[0].get(key) for key in changed)


def is_of_another_live(version: PolicyVersion) -> bool:
    """Whether a version of a part, not yet run, was made of a policy that is not live any more."""
    live = live_version()
    waits = allowed(version.standing, Step.ABANDON)
    if live is None or version.base is None or version.part == Part.POLICY or not waits:
        return False
    return version.base.hash != live.hash


def may_be_taken_back(version: PolicyVersion) -> bool:
    """Whether the change of a version that is live no more still holds."""
    was_live = version.was_live_at is not None and version.state == PolicyVersion.State.RETIRED
    return was_live and holds(version)


@transaction.atomic
def make_again(operator: Operator, version: PolicyVersion) -> PolicyVersion:
    """A draft of the same change of the policy that is live now; the version before is given up.

    Raises `UnknownPartError` and what making the change raises.
    """
    if not is_of_another_live(version):
        raise UnknownPartError(f"{version} is of the live policy, or ran already")
    draft = parts.begin_part(operator, _same_change(version))
    abandon_version(operator, version.pk, reason=str(draft))
    return draft


def taken_back(version: PolicyVersion) -> parts.PartChange:
    """The change of the live policy that takes back what a version changed; all else stays.

    Raises `UnknownPartError` where that does not hold any more.
    """
    if not may_be_taken_back(version):
        raise UnknownPartError(f"what {version} changed is not in the live policy")
    assert version.base is not None, "what holds has a base"
    live, content = parts.live_base(), dict(version.change or {})
    if version.part == Part.MODEL:
        used_as = str(content["used_as"])
        before = read_policy(version.base.text)
        use = ModelUse(
            used_as=used_as,
            champion=before.models[used_as],
            challenger=before.challengers.get(used_as),
        )
        return parts.change_of_use(live, use, how="taken back")
    name, since = str(content["parameter"]), date.fromisoformat(str(content["since"]))
    text = with_value_of(live.text, version.base.text, parameter=name, since=since)
    return parts.PartChange(
        part=Part.PARAMETER.value,
        text=text,
        said=f"{name} {since}: {content['value']} taken back ({version})",
        content=content | {"taken_back": version.pk},
        base=live,
    )


def _same_change(version: PolicyVersion) -> parts.PartChange:
    content = version.change or {}
    if content.get("taken_back"):
        return taken_back(PolicyVersion.objects.get(pk=content["taken_back"]))
    if version.part == Part.PARAMETER:
        asked = DatedChange(
            parameter=str(content["parameter"]),
            since=date.fromisoformat(str(content["since"])),
            value=str(content["value"]),
            reference=str(content["reference"]),
        )
        return parts.dated_change(asked)
    own, used_as = read_policy(version.text), str(content["used_as"])
    use = ModelUse(
        used_as=used_as,
        champion=own.models[used_as],
        challenger=own.challengers.get(used_as),
    )
    return parts.change_of_use(parts.live_base(), use, how=str(content["how"]))


def _told(policy: Policy, change: dict[str, Any]) -> dict[object, object]:
    """What a policy says of the parameter or model that a change is about."""
    parameter = policy.scope.parameters.get(str(change.get("parameter")))
    if parameter is not None:
        return {one.effective_from: one.value for one in parameter.values}
    used_as = str(change.get("used_as"))
    if used_as not in policy.models:
        return {}
    rival = policy.challengers.get(used_as)
    dealt = None if rival is None else (rival.model.hash, rival.share, rival.by)
    return {"champion": policy.models[used_as].hash, "challenger": dealt}
