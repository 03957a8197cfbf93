"""Rules that may be put to sleep for one entity until a day: ``snooze: card``.

Such a rule has a list of its own, ``snoozed.`` and its id, of the named field. While a value is on
it the rule does not hit for that value; for everybody else, and where the field is missing, it is
as written. Who is on the list changes by events, so a replay sees it as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fengkong.core.bilingual import Bilingual
from fengkong.rules.expressions import Expression, expression_of
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import Colour, ListDeclaration
from fengkong.rules.nodes import IsMissing, Logic, Name, Negation, OnList

PREFIX: Final = "snoozed."


def snooze_list(rule_id: str, *, of: str) -> ListDeclaration:
    """The list of the values for which a rule sleeps."""
    title = Bilingual(zh=f"规则 {rule_id} 暂停名单", en=f"Rule {rule_id} sleeps for")
    return ListDeclaration(name=PREFIX + rule_id, of=of, title=title, colour=Colour.WHITE)


def snoozed_rule(list_name: str) -> str | None:
    """The rule that sleeps by a list; None for other lists."""
    return list_name.removeprefix(PREFIX) if list_name.startswith(PREFIX) else None


def snooze_lists(rules: object) -> dict[str, ListDeclaration]:
    """The lists of the rules of a document, by name; a faulty rule is told of elsewhere."""
    found = {}
    for data in rules if isinstance(rules, list) else ():
        if isinstance(data, Mapping):
            rule_id, field = data.get("id"), data.get("snooze")
            if isinstance(rule_id, str) and isinstance(field, str):
                declared = snooze_list(rule_id, of=field)
                found[declared.name] = declared
    return found


def with_snooze(when: Expression, *, rule_id: str, field: str) -> Expression:
    """The condition of a rule that sleeps for the values on its list."""
    name, subject = PREFIX + rule_id, Name(Kind.TEXT, field)
    asleep = OnList(subject, name, field)
    awake = Logic("or", (IsMissing(subject), Negation(asleep)))
    return expression_of(
        Logic("and", (when.node, awake)),
        source=when.source,
        origin=when.origin,
        text=when.text,
    )
