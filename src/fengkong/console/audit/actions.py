"""Every action that is recorded, and its words: each app adds its own when Django starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import acts

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

_ACTIONS: Final[dict[str, Words]] = {}
_TARGETS: Final[dict[str, Words]] = {}
_VERBS: Final[dict[str, Words]] = {
    "propose": _("Proposed: %(act)s"),
    "approve": _("Approved: %(act)s"),
    "reject": _("Rejected: %(act)s"),
    "withdraw": _("Took back: %(act)s"),
    "expire": _("Ran out: %(act)s"),
}
"""What can be recorded of every act under four eyes."""


def register_actions(
    actions: Mapping[str, Words], *, targets: Mapping[str, Words] | None = None
) -> None:
    """Make recorded actions known by their words, in the past tense, and kinds of targets."""
    for name, words in actions.items():
        assert name not in _ACTIONS, f"{name} is registered twice"
        _ACTIONS[name] = words
    _TARGETS.update(targets or {})


def known_actions() -> dict[str, Words]:
    """Every action that may be recorded, with its words; those of four eyes included."""
    found = dict(_ACTIONS)
    for kind, act in acts().items():
        for verb, words in _VERBS.items():
            found.setdefault(f"{verb}_{kind}", str(words) % {"act": act.title})
    return found


def known_targets() -> dict[str, Words]:
    """Every kind of target with its words."""
    return dict(_TARGETS)


def action_words(action: str) -> str:
    """The words of an action; its name where it has none."""
    return str(known_actions().get(action, action))


def target_words(target_kind: str) -> str:
    """The words of a kind of target; its name where it has none."""
    return str(_TARGETS.get(target_kind) or translation.gettext(target_kind))
