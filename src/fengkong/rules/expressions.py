"""An expression: checked, typed, and able to say what it needs."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from fengkong.rules.checker import Checker
from fengkong.rules.errors import KindMismatchError, raise_all
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import Name, Node, OnList, ParameterValue, walk
from fengkong.rules.origins import NOWHERE, Origin
from fengkong.rules.scope import Scope
from fengkong.rules.syntax import placed, read_tree


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A checked expression: its text, its typed tree, and the names it depends on.

    Two expressions are the same only if they are the same object.
    """

    source: str
    node: Node
    names: frozenset[str]
    """Fields, features and earlier expressions it reads."""
    parameters: frozenset[str]
    lists: frozenset[str]
    origin: Origin = NOWHERE
    text: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of its value."""
        return self.node.kind

    def render(self) -> str:
        """The expression in one line with regular spacing."""
        return self.text or self.source


def expression_of(
    node: Node, *, source: str, origin: Origin = NOWHERE, text: str = ""
) -> Expression:
    """An expression around a typed tree that was built rather than read."""
    nodes = walk(node)
    return Expression(
        source=source,
        node=node,
        names=frozenset(part.name for part in nodes if isinstance(part, Name)),
        parameters=frozenset(
            part.parameter.name for part in nodes if isinstance(part, ParameterValue)
        ),
        lists=frozenset(part.list for part in nodes if isinstance(part, OnList)),
        origin=origin,
        text=text or source,
    )


def parse(source: str, *, scope: Scope, origin: Origin = NOWHERE) -> Expression:
    """Read and check an expression.

    Raises a `RiskError` with line and column, or a `FaultsError` with all faults found.
    """
    tree, columns = read_tree(source, origin=origin)
    checker = Checker(scope=scope, columns=columns)
    node = checker.check(tree)
    raise_all(checker.errors)
    assert node is not None, "a tree without faults has a node"
    return expression_of(node, source=source, origin=origin, text=ast.unparse(tree))


def parse_condition(source: str, *, scope: Scope, origin: Origin = NOWHERE) -> Expression:
    """The same for an expression that must be true or false, such as the when of a rule."""
    expression = parse(source, scope=scope, origin=origin)
    if expression.kind is not Kind.BOOLEAN:
        message = f"a condition must be true or false, was {expression.kind}"
        raise placed(KindMismatchError, message, origin.place)
    return expression
