"""What the names of a policy mean, so that a model and a policy can be compared.

A *meaning* says by name what an input is and all that it builds on: windows with their clauses in
one order and their event types spelled out, expressions without their layout, and the parameters,
lists, currency and time zone that they read. Two policies that say the same differently have equal
meanings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.core.bilingual import Bilingual
from fengkong.core.instants import format_duration
from fengkong.decisions.feature_titles import (
    expression_title,
    field_title,
    link_title,
    window_title,
)
from fengkong.decisions.policy import ENVELOPE_KINDS, Policy, expression_kind
from fengkong.events.catalogue import Catalogue
from fengkong.events.spelling import did_you_mean
from fengkong.features.declarations import ALWAYS_BEFORE, WindowFeature
from fengkong.features.plan import result_kind
from fengkong.links.declarations import LinkFeature
from fengkong.links.state import LinkLimits
from fengkong.rules.expressions import Expression
from fengkong.rules.kinds import Kind
from fengkong.rules.scope import Scope
from fengkong.scoring.errors import ModelMismatchError
from fengkong.scoring.inputs import Input, InputKind

FIELD: Final = "field"
"""What stands for the declaration of a field of the event."""
_KINDS: Final = {
    Kind.NUMBER: InputKind.NUMBER,
    Kind.MONEY: InputKind.MONEY,
    Kind.BOOLEAN: InputKind.BOOLEAN,
    Kind.TEXT: InputKind.CATEGORY,
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a policy declares, complete or while it is being read."""

    events: tuple[str, ...]
    catalogue: Catalogue
    scope: Scope
    windows: Mapping[str, WindowFeature]
    links: Mapping[str, LinkFeature]
    link_limits: LinkLimits
    conditions: Mapping[str, Expression]
    derived: Mapping[str, Expression]

    @classmethod
    def of(cls, policy: Policy) -> Names:
        """The names of a policy."""
        return cls(
            events=policy.events,
            catalogue=policy.catalogue,
            scope=policy.scope,
            windows={window.name: window for window in policy.windows},
            links={link.name: link for link in policy.links},
            link_limits=policy.link_limits,
            conditions=policy.conditions,
            derived=policy.derived,
        )

    @property
    def fields(self) -> frozenset[str]:
        """Fields and names of the envelope that the decided events have."""
        types = [self.catalogue.types[name] for name in self.events]
        fields = {name for event in types for name in event.fields}
        told = {name for name in fields if not self.catalogue.fields[name].label}
        return frozenset(told | ENVELOPE_KINDS.keys())

    def kind(self, name: str) -> Kind | None:
        """The kind of a name's value; None for a name there is not, or without a value."""
        if name in self.windows:
            return expression_kind(result_kind(self.windows[name], fields=self.catalogue.fields))
        if name in self.links:
            return Kind.NUMBER
        if name in self.derived:
            return self.derived[name].kind
        if name not in self.fields:
            return None
        if name in ENVELOPE_KINDS:
            return ENVELOPE_KINDS[name]
        return expression_kind(self.catalogue.fields[name].kind)

    # -- meaning -----------------------------------------------------------------------------

    def meaning(self, name: str) -> dict[str, str]:
        """What a name means, and all that it builds on, by name."""
        found: dict[str, str] = {}
        pending = [name]
        while pending:
            one = pending.pop()
            if one in found:
                continue
            expression = self.derived.get(one)
            counted = self.windows.get(one) or self.links.get(one)
            if counted is not None:
                found[one] = self._counted(counted)
                expression = self.conditions[counted.where] if counted.where else None
            elif expression is not None:
                found[one] = expression.render()
            else:
                field = self.catalogue.fields.get(one)
                found[one] = f"{FIELD} {self.kind(one) if field is None else field.kind}"
            if expression is not None:
                pending += sorted(expression.names)
                found.update(self._context(expression))
        return dict(sorted(found.items()))

    def _counted(self, feature: WindowFeature | LinkFeature) -> str:
        """A window or a link in one spelling, its event types, bounds and delay said."""
        types = f"of {', '.join(sorted(feature.event_types or self.events))}"
        parts = (
            self._window(feature)
            if isinstance(feature, WindowFeature)
            else _link(feature, limits=self.link_limits)
        )
        parts.insert(1, types)
        parts += [f"default {feature.default!r}"] if feature.default is not None else []
        if feature.where is not None:
            parts.append(f"where {self.conditions[feature.where].render()}")
        return " ".join(parts)

    def _window(self, window: WindowFeature) -> list[str]:
        excluded = window.current_excluded or window.delayed or window.aggregate in ALWAYS_BEFORE
        parts = [
            f"{window.aggregate}({window.argument or ''})",
            f"over {', '.join(sorted(window.over))}",
        ]
        parts += [f"last {format_duration(window.last)}"] if window.last is not None else []
        parts += [f"delayed {format_duration(window.delayed)}"] if window.delayed else []
        parts += ["excluding current"] if excluded else []
        return parts

    def _context(self, expression: Expression) -> Iterator[tuple[str, str]]:
        """Parameters and lists that an expression reads, and what money and days mean to it."""
        scope = self.scope
        for name in expression.parameters:
            values = [[one.effective_from, one.value] for one in scope.parameters[name].values]
            yield f"parameter {name}", json.dumps(values, ensure_ascii=False)
        for name in expression.lists:
            yield f"list {name}", f"of {scope.lists[name].of}"
        kinds = {self.kind(name) for name in expression.names} | {expression.kind}
        if Kind.MONEY in kinds:
            yield "currency", scope.currency
        if Kind.INSTANT in kinds:
            yield "time zone", scope.time_zone

    # -- inputs ------------------------------------------------------------------------------

    def input(self, name: str, *, categories: Sequence[str] = ()) -> Input:
        """A name as a model's input; raises `ModelMismatchError` for one that can be none."""
        kind = self.kind(name)
        if kind is None:
            known = sorted({*self.windows, *self.links, *self.derived, *self.fields})
            message = f"there is no {name[:80]} among features and fields"
            raise ModelMismatchError(message + did_you_mean(name, known))
        if kind not in _KINDS:
            raise ModelMismatchError(f"{name} is an {kind}: a model takes an age or an hour of it")
        if kind is Kind.TEXT and not categories:
            categories = self._words(name)
        return Input(
            name=name,
            kind=_KINDS[kind],
            declaration=self._declared(name),
            meaning=self.meaning(name),
            unit=self.scope.currency if kind is Kind.MONEY else "",
            categories=tuple(categories) if kind is Kind.TEXT else (),
            title=self._title(name),
        )

    def _declared(self, name: str) -> str:
        if name in self.windows:
            return self.windows[name].text
        if name in self.links:
            return self.links[name].text
        return self.derived[name].source if name in self.derived else FIELD

    def _title(self, name: str) -> Bilingual:
        if name in self.windows:
            return window_title(self.windows[name], catalogue=self.catalogue)
        if name in self.links:
            return link_title(self.links[name], catalogue=self.catalogue)
        if name in self.derived:
            return expression_title(name)
        return field_title(name, catalogue=self.catalogue)

    def _words(self, name: str) -> tuple[str, ...]:
        """The words of a field that says which there are, or of a feature that keeps one."""
        window = self.windows.get(name)
        of = name if window is None else window.argument
        field = self.catalogue.fields.get(of or "")
        if field is None or field.values is None:
            raise ModelMismatchError(
                f"{name} is a text whose words are not known: say its categories"
            )
        return tuple(sorted(field.values))


def _link(link: LinkFeature, *, limits: LinkLimits) -> list[str]:
    """A link feature and its bounds, without its event types and what follows its window."""
    parts = [f"{link.measure}({link.argument or ''})", f"over {link.over}"]
    parts += [f"by {', '.join(sorted(link.by))}"] if link.by else []
    parts += [f"from {link.payer} to {link.payee}"] if link.payer is not None else []
    bounds = f"hubs {limits.hub_links} reaching {limits.linked_max}"
    return [*parts, f"last {format_duration(link.last)}", bounds]


def inputs_of(
    policy: Policy, names: Sequence[str], *, categories: Mapping[str, Sequence[str]] | None = None
) -> tuple[Input, ...]:
    """Features and fields of a policy as the inputs of a model that learns from it.

    `categories` are the words of texts whose field does not list them (such as those seen in the
    training, at most `scoring.inputs.CATEGORIES_MAX`). Raises `ModelMismatchError` for a name that
    does not exist (with the nearest one) or that no model can take, and for one that is itself
    computed from a model.
    """
    known = Names.of(policy)
    words = categories or {}
    return tuple(known.input(name, categories=words.get(name, ())) for name in names)


def mismatches(inputs: Sequence[Input], *, names: Names, models: frozenset[str]) -> list[str]:
    """What a policy lacks of a model's inputs, or means differently; none if it fits.

    `models` are names of values that models give: a model cannot be fed with another's.
    """
    found: list[str] = []
    for one in inputs:
        try:
            here = names.input(one.name, categories=one.categories)
        except ModelMismatchError as error:
            found.append(error.message)
            continue
        fed = sorted(here.meaning.keys() & models)
        if fed:
            found.append(f"{one.name} is computed from the model {fed[0]}")
        elif (here.kind, here.unit) != (one.kind, one.unit):
            was, now = f"{one.kind} {one.unit}".strip(), f"{here.kind} {here.unit}".strip()
            found.append(f"{one.name}: the model was trained on {was}, here it is {now}")
        elif dict(here.meaning) != dict(one.meaning):
            found.append(_difference(one, here))
    return found


def _difference(trained: Input, here: Input) -> str:
    """The first part in which two meanings differ."""
    parts = sorted(trained.meaning.keys() | here.meaning.keys(), key=lambda n: (n != here.name, n))
    for part in parts:
        was, now = trained.meaning.get(part, "nothing"), here.meaning.get(part, "nothing")
        if was != now:
            where = "" if part == here.name else f", in {part}"
            return f"{here.name}{where}: the model was trained on `{was}`, here it is `{now}`"
    return f"{here.name} differs"
