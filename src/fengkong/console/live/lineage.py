"""Where a feature comes from and who reads it: events, entities, fields, window, rules, models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fengkong.console.live.titles import feature_titles
from fengkong.console.shell.spoken import event_title, field_title, said
from fengkong.core.instants import format_duration
from fengkong.decisions.policy import Policy
from fengkong.evaluation.declared import declaration, link_declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A feature as its screen shows it; it `reads` other features, `rules` and `models` read it."""

    name: str
    title: str
    kind: str
    declared: str
    events: Sequence[str]
    entities: Sequence[str]
    fields: Sequence[str]
    window: str
    delayed: str
    default: str
    reads: Sequence[str]
    rules: Sequence[str]
    models: Sequence[str]


def lineages(policy: Policy) -> list[Lineage]:
    """All features of a policy in declared order."""
    return list(_lineages(policy))


def _lineages(policy: Policy) -> Iterator[Lineage]:
    titles = feature_titles(policy)
    for window in policy.windows:
        yield Lineage(
            name=window.name,
            title=titles[window.name],
            kind=_("window"),
            declared=declaration(window, policy=policy),
            events=_events(window.event_types or policy.events),
            entities=_fields(window.over),
            fields=_fields([window.argument] if window.argument else []),
            window=_("all time") if window.last is None else spoken_length(window.last),
            delayed=spoken_length(window.delayed) if window.delayed else "",
            default="" if window.default is None else f"{window.default:g}",
            reads=(),
            **_readers(policy, window.name),
        )
    for link in policy.links:
        yield Lineage(
            name=link.name,
            title=titles[link.name],
            kind=_("link"),
            declared=link_declaration(link, policy=policy),
            events=_events(link.event_types or policy.events),
            entities=_fields(link.entities),
            fields=_fields([link.argument] if link.argument else []),
            window=spoken_length(link.last),
            delayed="",
            default="" if link.default is None else f"{link.default:g}",
            reads=(),
            **_readers(policy, link.name),
        )
    for name, expression in policy.derived.items():
        yield Lineage(
            name=name,
            title=titles[name],
            kind=_("derived"),
            declared=expression.render(),
            events=(),
            entities=(),
            fields=_fields(sorted(expression.names & policy.catalogue.fields.keys())),
            window="",
            delayed="",
            default="",
            reads=sorted(expression.names & titles.keys()),
            **_readers(policy, name),
        )


def spoken_length(microseconds: int) -> str:
    """How long a window is, in the reader's language: 30 days, 24 hours."""
    text = format_duration(microseconds)
    count, unit = int(text[:-1]), text[-1]
    words = {
        "s": ngettext("%(count)s second", "%(count)s seconds", count),
        "m": ngettext("%(count)s minute", "%(count)s minutes", count),
        "h": ngettext("%(count)s hour", "%(count)s hours", count),
        "d": ngettext("%(count)s day", "%(count)s days", count),
    }
    return words[unit] % {"count": count}


def _events(names: Iterable[str]) -> list[str]:
    return [event_title(name) for name in names]


def _fields(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(field_title(name) for name in names))


def _readers(policy: Policy, name: str) -> dict[str, list[str]]:
    """The rules and models that read a feature, themselves or through derived ones."""
    reading = {name}
    for derived, expression in policy.derived.items():  # declared in the order of their use
        if expression.names & reading:
            reading.add(derived)
    models = {
        key: said(model.about.title)
        for key, model in policy.models.items()
        if reading & {one.name for one in model.inputs}
    }
    rules = [rule.id for rule in policy.rules if rule.when.names & (reading | models.keys())]
    return {"rules": rules, "models": list(models.values())}
