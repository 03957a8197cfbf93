"""The inputs of a condition's form: what a browser sends, as rows and groups, and back.

Names say the place: ``f.join``, ``f.0.subject``, ``f.0.operator``, ``f.0.limit``, ``f.1.join``,
``f.1.0.subject`` ... A button named ``do`` changes the form: ``add:PLACE``, ``group:PLACE``,
``remove:PLACE``; without scripts each is a trip to the server.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from fengkong.console.governance.condition_form import (
    DEPTH_MAX,
    ROWS_MAX,
    WITHOUT_LIMIT,
    Group,
    Join,
    Operator,
    Row,
    written_limit,
    written_words,
)

ROOT: Final = "f"


def group_of(sent: Mapping[str, str], *, kinds: Mapping[str, str], names: Collection[str]) -> Group:
    """The group that a form sent; `kinds` are those of values, `names` all that may be named."""
    return _group(sent, ROOT, kinds=kinds, names=names, depth=0)


def _group(
    sent: Mapping[str, str],
    place: str,
    *,
    kinds: Mapping[str, str],
    names: Collection[str],
    depth: int,
) -> Group:
    join = Join.ANY if sent.get(f"{place}.join") == Join.ANY.value else Join.ALL
    parts: list[Row | Group] = []
    for number in range(ROWS_MAX):
        inner = f"{place}.{number}"
        if f"{inner}.subject" in sent:
            parts.append(_row(sent, inner, kinds=kinds, names=names))
        elif f"{inner}.join" in sent and depth < DEPTH_MAX:
            parts.append(_group(sent, inner, kinds=kinds, names=names, depth=depth + 1))
    return Group(join, tuple(parts))


def _row(
    sent: Mapping[str, str], place: str, *, kinds: Mapping[str, str], names: Collection[str]
) -> Row:
    subject = sent.get(f"{place}.subject", "").strip()
    try:
        operator = Operator(sent.get(f"{place}.operator", ""))
    except ValueError:
        operator = Operator.ABOVE
    limit = sent.get(f"{place}.limit", "")
    textual = kinds.get(subject, "text") == "text"
    if operator in WITHOUT_LIMIT:
        return Row(subject, operator)
    if operator in (Operator.IN, Operator.NOT_IN) and limit.strip() not in names:
        return Row(subject, operator, written_words(limit, textual=textual))
    return Row(subject, operator, written_limit(limit, names=names, textual=textual))


def changed(group: Group, wish: str) -> Group:
    """The form after one of its buttons."""
    verb, _, place = wish.partition(":")
    path = [int(one) for one in place.split(".")[1:] if one.isdigit()]
    if verb == "remove" and path:
        return _at(group, path[:-1], lambda one: _without(one, path[-1]))
    if verb == "add":
        return _at(group, path, lambda one: _with(one, Row("", Operator.ABOVE)))
    if verb == "group" and len(path) < DEPTH_MAX - 1:
        turned = Join.ANY if group.join is Join.ALL else Join.ALL
        new = Group(turned, (Row("", Operator.ABOVE), Row("", Operator.ABOVE)))
        return _at(group, path, lambda one: _with(one, new))
    return group


def _at(group: Group, path: list[int], change: Any) -> Group:
    if not path:
        made: Group = change(group)
        return made
    parts = list(group.parts)
    if path[0] < len(parts) and isinstance(inner := parts[path[0]], Group):
        parts[path[0]] = _at(inner, path[1:], change)
    return Group(group.join, tuple(parts))


def _with(group: Group, part: Row | Group) -> Group:
    return Group(group.join, (*group.parts, part))


def _without(group: Group, place: int) -> Group:
    kept = tuple(part for number, part in enumerate(group.parts) if number != place)
    return Group(group.join, kept)


def shown(group: Group, place: str = ROOT) -> dict[str, Any]:
    """The form as a template shows it: every part with the place that its inputs are named by."""
    parts = []
    for number, part in enumerate(group.parts):
        inner = f"{place}.{number}"
        if isinstance(part, Group):
            parts.append(shown(part, inner))
        else:
            bare = part.operator in WITHOUT_LIMIT
            parts.append({"place": inner, "row": part, "bare": bare})
    return {"place": place, "join": group.join.value, "parts": parts}
