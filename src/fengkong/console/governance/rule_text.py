"""One rule in the text of a policy: read, changed or added with everything around it as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from fengkong.core.errors import RiskError


class UnreadableRuleError(RiskError):
    """The text of a policy is not such that one rule in it can be changed."""

    code = "console.unreadable_rule"
    hint = "Edit the whole text; the rule can be edited by itself once the YAML is readable."


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as written; `line` is where it begins, from 1."""

    id: str
    when: str
    outcome: str
    points: str
    zh: str
    en: str
    line: int


def rules_of(text: str) -> list[RuleText]:
    """Every rule that has an id, as written; empty where the text cannot be read."""
    try:
        return [_rule(node) for node in _rule_nodes(text) if _scalar(node, "id")]
    except UnreadableRuleError:
        return []


def rule_of(text: str, rule: str) -> RuleText:
    """One rule as written; raises `UnreadableRuleError`."""
    return _rule(_found(text, rule))


def with_condition(text: str, rule: str, when: str) -> str:
    """The text with another condition in one rule; raises `UnreadableRuleError`."""
    found = _value(_found(text, rule), "when")
    if found is None:
        raise UnreadableRuleError(f"{rule} has no `when`")
    end = found.end_mark.index
    if getattr(found, "style", None) in ("|", ">"):  # its end is that of the lines below it
        end -= len(text[:end]) - len(text[:end].rstrip())
    return text[: found.start_mark.index] + scalar_text(when) + text[end:]


def with_rule(text: str, block: str) -> str:
    """The text with a rule more, behind the last one; `block` is a mapping without indentation.

    Raises `UnreadableRuleError` where there is no list of rules to add to.
    """
    rules = _value(_root(text), "rules")
    if rules is None:
        return text.rstrip("\n") + "\nrules:\n" + _item(block, "  ") + "\n"
    if not isinstance(rules, yaml.SequenceNode) or rules.flow_style or not rules.value:
        raise UnreadableRuleError("`rules` is not a list of lines that begin with a dash")
    last = rules.value[-1]
    indent = " " * (last.start_mark.column - 2) if last.start_mark.column >= 2 else ""
    end = len(text[: last.end_mark.index].rstrip())
    return text[:end] + "\n" + _item(block, indent) + text[end:]


def with_features(text: str, features: Mapping[str, str]) -> str:
    """The text with features that it does not have yet."""
    root = _root(text)
    held = _value(root, "features")
    known = {key.value for key, _ in held.value} if isinstance(held, yaml.MappingNode) else set()
    new = [f"  {name}: {scalar_text(told)}" for name, told in features.items() if name not in known]
    if not new:
        return text
    if isinstance(held, yaml.MappingNode) and held.value and not held.flow_style:
        end = len(text[: held.value[-1][1].end_mark.index].rstrip())
        return text[:end] + "\n" + "\n".join(new) + text[end:]
    if held is not None:
        raise UnreadableRuleError("`features` is not a mapping of lines")
    rules = [key for key, _ in root.value if key.value == "rules"]
    at = rules[0].start_mark.index if rules else len(text)
    return text[:at] + "features:\n" + "\n".join(new) + "\n" + text[at:]


def scalar_text(value: str) -> str:
    """A value as YAML writes it: plain where that reads back the same, else in quotes."""
    value = " ".join(value.split())
    try:
        plain = yaml.safe_load("{k: " + value + "}") == {"k": value}
        plain = plain and yaml.safe_load("k: " + value) == {"k": value}
    except yaml.YAMLError:
        plain = False
    return value if plain else json.dumps(value, ensure_ascii=False)


def _item(block: str, indent: str) -> str:
    lines = block.strip("\n").splitlines()
    return "\n".join(
        f"{indent}{'- ' if place == 0 else '  '}{line}" for place, line in enumerate(lines)
    )


def _root(text: str) -> yaml.MappingNode:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UnreadableRuleError("the text is no YAML") from error
    if not isinstance(node, yaml.MappingNode):
        raise UnreadableRuleError("the text is no policy")
    return node


def _rule_nodes(text: str) -> Iterator[yaml.MappingNode]:
    rules = _value(_root(text), "rules")
    if isinstance(rules, yaml.SequenceNode):
        yield from (node for node in rules.value if isinstance(node, yaml.MappingNode))


def _found(text: str, rule: str) -> yaml.MappingNode:
    for node in _rule_nodes(text):
        if _scalar(node, "id") == rule:
            return node
    raise UnreadableRuleError(f"the text has no rule {rule[:120]!r}")


def _value(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    found = [value for key, value in node.value if key.value == name]
    return found[0] if found else None


def _scalar(node: yaml.Node | None, name: str) -> str:
    if not isinstance(node, yaml.MappingNode):
        return ""
    value = _value(node, name)
    return str(value.value) if isinstance(value, yaml.ScalarNode) else ""


def _rule(node: yaml.MappingNode) -> RuleText:
    reason = _value(node, "reason")
    return RuleText(
        id=_scalar(node, "id"),
        when=_scalar(node, "when").strip(),
        outcome=_scalar(node, "outcome"),
        points=_scalar(node, "points"),
        zh=_scalar(reason, "zh"),
        en=_scalar(reason, "en"),
        line=node.start_mark.line + 1,
    )
