"""What the names and rules of a policy mean, so that those of two policies can be compared.

Two expressions are the same only if they are the same object; two *meanings* are equal when the
same event and history give the same value: same tree, same parameters with the same dates, and
names that mean the same in turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any, Final

from fengkong.decisions.layout import Layout, rule_name
from fengkong.decisions.policy import Rule
from fengkong.rules.calendars import WorkingCalendar
from fengkong.rules.expressions import Expression
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import Node

_NODES: Final = Node.__args__


class Meanings:
    """The meanings of one policy, worked out when they are asked for."""

    def __init__(self, layout: Layout) -> None:
        self._policy = layout.policy
        self._named = layout.named
        self._windows = {one.name: one for one in self._policy.windows}
        self._links = {one.name: one for one in self._policy.links}
        self._known: dict[str, str] = {}
        self._nodes: dict[int, str] = {}

    @cached_property
    def world(self) -> str:
        """What all counting depends on: events, money, time, limits."""
        policy = self._policy
        return _digest(
            sorted(policy.events),
            policy.scope.currency,
            policy.scope.time_zone,
            sorted((name, repr(rate)) for name, rate in policy.rates.items()),
            policy.limits,
            policy.link_limits,
        )

    def of_condition(self, rule: Rule) -> str:
        """Meaning of a rule's condition and the event types it applies to, not of what follows."""
        when = self._named[rule_name(rule)]
        return _digest(self.world, sorted(rule.types), self.of_expression(when))

    def of_expression(self, expression: Expression) -> str:
        """Meaning of an expression with everything that it reads."""
        names = [self.of_name(name) for name in sorted(expression.names)]
        return _digest(self._of_node(expression.node), names)

    def of_name(self, name: str) -> str:
        """Meaning of a field, feature, model or earlier expression."""
        if name not in self._known:
            self._known[name] = self._worked_out(name)
        return self._known[name]

    def _worked_out(self, name: str) -> str:
        if name in self._windows:
            return _digest("window", self.world, self._counted(self._windows[name]))
        if name in self._links:
            return _digest("link", self.world, self._counted(self._links[name]))
        if name in self._named:
            return _digest("named", self.of_expression(self._named[name]))
        if name in self._policy.models or name.split(".", maxsplit=1)[0] in self._policy.models:
            return self._of_model(name)
        return _digest("field", name, self._policy.scope.currency)

    def _counted(self, feature: Any) -> list[object]:
        """A declaration with its condition instead of that condition's name."""
        said: list[object] = []
        for field in fields(feature):
            if not field.compare:
                continue
            value = getattr(feature, field.name)
            if isinstance(value, str) and value in self._policy.conditions:
                value = self.of_expression(self._policy.conditions[value])
            said.append((field.name, repr(value)))
        return said

    def _of_model(self, name: str) -> str:
        """A model may be fed with any feature, so it depends on all of them."""
        policy = self._policy
        fed = [*self._windows, *self._links, *policy.derived]
        stamps = sorted((one, model.hash) for one, model in policy.models.items())
        rivals = sorted((o, c.model.hash, c.share, c.by) for o, c in policy.challengers.items())
        return _digest("model", name, stamps, rivals, sorted(self.of_name(one) for one in fed))

    def _of_node(self, node: Any) -> str:
        known = self._nodes.get(id(node))
        if known is None:
            parts = [self._part(getattr(node, field.name)) for field in fields(node)]
            known = self._nodes[id(node)] = _digest(type(node).__name__, parts)
        return known

    def _part(self, value: object) -> object:
        if isinstance(value, _NODES):
            return self._of_node(value)
        if isinstance(value, tuple):
            return [self._part(one) for one in value]
        if isinstance(value, WorkingCalendar):
            return type(value).__name__  # there is one, shipped with the program
        if isinstance(value, Kind) or not is_dataclass(value):
            return repr(value)
        return repr(value)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()


def known_alike(mine: Meanings, other: Meanings, names: Iterable[str]) -> frozenset[str]:
    """Those of some names that mean the same in both."""
    return frozenset(name for name in names if mine.of_name(name) == other.of_name(name))
