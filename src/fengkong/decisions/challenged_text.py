"""A policy's text with a challenger put beside one of its models; the rest stays as it is written.

What decides is not touched: the model and version that the entry names are the same before and
after, and an entry that has a challenger already is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml

from fengkong.core.errors import RiskError


class ChallengerInPlaceError(RiskError):
    """A challenger was to be put where the policy names one already, or names no model."""

    code = "policy.no_place_for_challenger"
    hint = "Name a value under models: that has no challenger, or end the one it has."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengerEntry:
    """Which model takes which share (such as ``10%``) of the values of a field, as in a policy."""

    model: str
    version: str
    share: str
    by: str


def with_challenger(text: str, *, name: str, entry: ChallengerEntry) -> str:
    """The YAML text with a challenger of the model that gives the value `name`.

    Raises `ChallengerInPlaceError`. The text is one that `load_policy` takes.
    """
    node = _value(_value(yaml.compose(text, Loader=yaml.SafeLoader), "models"), name)
    if node is None:
        raise ChallengerInPlaceError(f"the policy has no model {name[:80]!r}")
    words = {key.value: value.value for key, value in node.value}
    if "challenger" in words:
        raise ChallengerInPlaceError(f"the model {name[:80]!r} has a challenger already")
    champion = {"model": words["model"], "version": words["version"]}
    challenger = {
        "model": entry.model,
        "version": entry.version,
        "share": entry.share,
        "by": entry.by,
    }
    told = json.dumps(champion | {"challenger": challenger}, ensure_ascii=False)
    return text[: node.start_mark.index] + told + text[_end(node) :]


def _value(node: Any, name: str) -> Any:
    """The node of a key of a mapping; None where there is none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _end(node: Any) -> int:
    """Where the text of a node ends: of a block, its last value's."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)
