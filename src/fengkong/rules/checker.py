"""From Python's syntax tree to the typed tree: names, kinds, units of money."""

from __future__ import annotations

import ast
import re
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.core.instants import InvalidInstantError, parse_instant
from fengkong.rules.errors import (
    ExpressionTooLargeError,
    InvalidCallError,
    KindMismatchError,
    RefusedSyntaxError,
    UnknownNameError,
    listed,
    nearest,
)
from fengkong.rules.functions import FUNCTIONS, alike, as_number, build_call, to_money
from fengkong.rules.kinds import ORDERED, QUANTITIES, Kind
from fengkong.rules.nodes import (
    Arithmetic,
    Choice,
    Comparison,
    Constant,
    Logic,
    Name,
    Negation,
    Node,
    OneOf,
    OnList,
    ParameterValue,
    Quantity,
    made_of_text,
)
from fengkong.rules.scope import Scope
from fengkong.rules.syntax import Columns, placed

LITERAL_MAX: Final = 1e15
EXPONENT_MAX: Final = 16
ITEMS_MAX: Final = 500
STRING_LENGTH_MAX: Final = 1000

_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ARITHMETIC: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "modulo",
    ast.Pow: "power",
}
_SIGNS: Final = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "modulo": "%",
    "power": "**",
}


class Checker:
    """Checks one tree and remembers every fault; a part with a fault is None."""

    def __init__(self, *, scope: Scope, columns: Columns) -> None:
        self.scope = scope
        self.columns = columns
        self.errors: list[RiskError] = []

    def fault(self, kind: type[RiskError], message: str, *, at: ast.AST) -> None:
        """Remember a fault at a part of the expression."""
        self.errors.append(placed(kind, message, self.columns.of(at)))

    def check(self, tree: ast.expr) -> Node | None:
        """The typed node of a part; None when it, or something in it, is wrong."""
        match tree:
            case ast.Constant(value=value):
                return self._constant(tree, value)
            case ast.Name() | ast.Attribute():
                return self._name(tree)
            case ast.BoolOp(op=operator, values=values):
                return self._logic("and" if isinstance(operator, ast.And) else "or", values)
            case ast.UnaryOp(op=operator, operand=operand):
                return self._unary(tree, operator, operand)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._arithmetic(tree, _ARITHMETIC[type(operator)], left, right)
            case ast.Compare():
                return self._comparisons(tree)
            case ast.IfExp():
                return self._choice(tree)
            case ast.Call(func=ast.Name(id="ratio"), args=[left, right], keywords=[]):
                return self._arithmetic(tree, "divide", left, right)
            case ast.Call():
                return self._call(tree)
            case ast.List() | ast.Tuple() | ast.Set():
                message = "a collection stands only after in and not in"
                self.fault(RefusedSyntaxError, message, at=tree)
                return None
            case _:
                message = f"{type(tree).__name__} is not part of the language"
                self.fault(RefusedSyntaxError, message, at=tree)
                return None

    def _constant(self, tree: ast.expr, value: object) -> Constant | None:
        if isinstance(value, bool):
            return Constant(Kind.BOOLEAN, value)
        if isinstance(value, int | float):
            if -LITERAL_MAX <= value <= LITERAL_MAX:
                return Constant(Kind.NUMBER, float(value))
            message = f"a number beyond {LITERAL_MAX:g}"
            self.fault(ExpressionTooLargeError, message, at=tree)
            return None
        if isinstance(value, str):
            return self._text(tree, value)
        what = "None (write is_missing(x))" if value is None else f"a {type(value).__name__}"
        self.fault(RefusedSyntaxError, f"{what} is not part of the language", at=tree)
        return None

    def _text(self, tree: ast.expr, value: str) -> Constant | None:
        if len(value) > STRING_LENGTH_MAX:
            message = f"a text of {len(value)} characters; at most {STRING_LENGTH_MAX}"
            self.fault(ExpressionTooLargeError, message, at=tree)
            return None
        if not value.isascii() and re.search("[\ud800-\udfff]", value):
            self.fault(RefusedSyntaxError, "a text with half a character", at=tree)
            return None
        return Constant(Kind.TEXT, value)

    def _dotted(self, tree: ast.expr) -> str | None:
        """``a.b.c`` of names and attributes, None for an attribute of anything else."""
        parts: list[str] = []
        while isinstance(tree, ast.Attribute):
            parts.append(tree.attr)
            tree = tree.value
        if not isinstance(tree, ast.Name):
            return None
        return ".".join([tree.id, *reversed(parts)])

    def _name(self, tree: ast.Name | ast.Attribute) -> Node | None:
        name = self._dotted(tree)
        if name is None:
            self.fault(RefusedSyntaxError, "an attribute of a value", at=tree)
            return None
        scope = self.scope
        if name in scope.names:
            return Name(scope.names[name], name)
        if name in scope.parameters:
            parameter = scope.parameters[name]
            scale = scope.scale if parameter.kind is Kind.MONEY else 1
            return ParameterValue(parameter.kind, parameter, scale)
        if name in scope.lists:
            message = f"{name} is a list: write x in {name}"
        elif name in FUNCTIONS:
            message = f"{name} is a function: write {FUNCTIONS[name].usage}"
        else:
            known = [*scope.names, *scope.parameters]
            suggestion = nearest(name, known) or (f"; there is {listed(known)}" if known else "")
            message = f"unknown name {name[:80]}{suggestion}"
        self.fault(UnknownNameError, message, at=tree)
        return None

    def _boolean(self, tree: ast.expr, *, what: str) -> Node | None:
        """A part that must be true or false."""
        node = self.check(tree)
        if node is None or node.kind is Kind.BOOLEAN:
            return node
        advice = {
            Kind.NUMBER: "compare it, such as x > 0",
            Kind.PROBABILITY: "compare it, such as x > 0.5",
            Kind.MONEY: "compare it, such as x > 0",
            Kind.TEXT: 'compare it, such as x == "app"',
            Kind.INSTANT: "compare it with another instant",
        }[node.kind]
        self.fault(
            KindMismatchError, f"{what}: expected boolean, was {node.kind}; {advice}", at=tree
        )
        return None

    def _logic(self, operator: str, values: list[ast.expr]) -> Node | None:
        operands = [self._boolean(value, what=operator) for value in values]
        known = [operand for operand in operands if operand is not None]
        return Logic(operator, tuple(known)) if len(known) == len(operands) else None

    def _unary(self, tree: ast.expr, operator: ast.unaryop, part: ast.expr) -> Node | None:
        if isinstance(operator, ast.Not):
            operand = self._boolean(part, what="not")
            return None if operand is None else Negation(operand)
        operand = self.check(part)
        if operand is None:
            return None
        operand = as_number(operand)
        if operand.kind not in QUANTITIES:
            message = f"a sign: expected number or money, was {operand.kind}"
            self.fault(KindMismatchError, message, at=tree)
            return None
        if isinstance(operator, ast.UAdd):
            return operand
        if isinstance(operand, Constant):
            return Constant(operand.kind, -float(operand.value))
        return Quantity(operand.kind, "negate", (operand,))

    def _arithmetic(
        self, tree: ast.expr, operator: str, left_tree: ast.expr, right_tree: ast.expr
    ) -> Node | None:
        left, right = self.check(left_tree), self.check(right_tree)
        if left is None or right is None:
            return None
        left, right = as_number(left), as_number(right)
        sign = _SIGNS[operator]
        if left.kind not in QUANTITIES or right.kind not in QUANTITIES:
            advice = {
                Kind.TEXT: "; concat(x, y) joins texts",
                Kind.INSTANT: "; seconds_between(x, y) measures time",
                Kind.BOOLEAN: "; number(x) counts a truth value as 1 or 0",
            }
            other = left.kind if left.kind not in QUANTITIES else right.kind
            message = f"{sign}: expected number or money, was {left.kind} {sign} {right.kind}"
            self.fault(KindMismatchError, message + advice[other], at=tree)
            return None
        try:
            return self._dimensions(operator, left, right)
        except RiskError as error:
            self.fault(type(error), error.message, at=tree)
            return None

    def _dimensions(self, operator: str, left: Node, right: Node) -> Node:
        """Money and numbers under an operator; an error where the unit would make no sense."""
        money = (left.kind is Kind.MONEY, right.kind is Kind.MONEY)
        if operator == "power":
            return _power(left, right)
        if operator in ("add", "subtract", "modulo"):
            if any(money):
                left = to_money(left, scale=self.scope.scale)
                right = to_money(right, scale=self.scope.scale)
            return Arithmetic(left.kind, operator, left, right)
        if operator == "multiply":
            if all(money):
                raise KindMismatchError("money * money has no meaning; one side is a number")
            return Arithmetic(Kind.MONEY if any(money) else Kind.NUMBER, operator, left, right)
        if money == (False, True):
            raise KindMismatchError("number / money has no meaning; divide money by money")
        if operator == "floor_divide" and money == (True, False):
            raise KindMismatchError(
                "money // number has no meaning; write floor(number(x) / y), or divide by money(y)"
            )
        kind = Kind.MONEY if money == (True, False) else Kind.NUMBER
        return Arithmetic(kind, operator, left, right)

    def _comparisons(self, tree: ast.Compare) -> Node | None:
        """One comparison, or a chain: ``a < b < c`` is ``a < b and b < c``."""
        parts: list[Node | None] = []
        left_tree = tree.left
        left = self.check(left_tree)
        for operator, right_tree in zip(tree.ops, tree.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                member = None if left is None else self._member(left, left_tree, right_tree)
                negated = isinstance(operator, ast.NotIn) and member is not None
                parts.append(Negation(member) if negated and member is not None else member)
                if len(tree.ops) > 1:
                    message = "in cannot be chained with other comparisons; use and"
                    self.fault(RefusedSyntaxError, message, at=tree)
                    return None
                continue
            right = self.check(right_tree)
            parts.append(self._compare(operator, (left, left_tree), (right, right_tree)))
            left, left_tree = right, right_tree
        known = tuple(part for part in parts if part is not None)
        if len(known) < len(parts):
            return None
        return known[0] if len(known) == 1 else Logic("and", known)

    def _compare(
        self,
        operator: ast.cmpop,
        left_side: tuple[Node | None, ast.expr],
        right_side: tuple[Node | None, ast.expr],
    ) -> Node | None:
        (left, left_tree), (right, right_tree) = left_side, right_side
        if left is None or right is None:
            return None
        sign = _COMPARISONS[type(operator)]
        try:
            left, right = self._comparable(left, right, sign=sign)
        except RiskError as error:
            self.fault(type(error), error.message, at=right_tree)
            return None
        if sign not in ("==", "!=") and left.kind not in ORDERED:
            message = f"{sign}: {left.kind} has no order; compare with == or !="
            self.fault(KindMismatchError, message, at=right_tree)
            return None
        return Comparison(sign, left, right, ast.unparse(left_tree), ast.unparse(right_tree))

    def _comparable(self, left: Node, right: Node, *, sign: str) -> tuple[Node, Node]:
        """Both sides in one kind; a text literal next to an instant is read as an instant."""
        if left.kind is Kind.INSTANT and right.kind is Kind.TEXT:
            right = _instant(right)
        elif left.kind is Kind.TEXT and right.kind is Kind.INSTANT:
            left = _instant(left)
        if Kind.PROBABILITY in (left.kind, right.kind):
            return _probabilities(left, right, sign=sign)
        if left.kind is not right.kind and {left.kind, right.kind} != QUANTITIES:
            raise KindMismatchError(
                f"{sign}: expected {left.kind} on the right as on the left, was {right.kind}"
            )
        both = alike((left, right), scope=self.scope, what=sign)
        return both[0], both[1]

    def _member(self, subject: Node, subject_tree: ast.expr, right: ast.expr) -> Node | None:
        """``x in [...]`` of literals, or ``x in some_list``."""
        text = ast.unparse(subject_tree)
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            return self._one_of(subject, right, text=text)
        name = self._dotted(right) if isinstance(right, ast.Name | ast.Attribute) else None
        if name is None:
            message = 'in: expected a list name or literals such as ["CN", "HK"]'
            self.fault(RefusedSyntaxError, message, at=right)
            return None
        if name not in self.scope.lists:
            lists = self.scope.lists
            suggestion = nearest(name, lists) or (f"; there is {listed(lists)}" if lists else "")
            message = f"unknown list {name[:80]}{suggestion}"
            self.fault(UnknownNameError, message, at=right)
            return None
        if subject.kind is not Kind.TEXT or not made_of_text(subject):
            message = f"a list holds texts: expected a text field, was {subject.kind}"
            self.fault(KindMismatchError, message, at=subject_tree)
            return None
        return OnList(subject, name, text)

    def _one_of(
        self, subject: Node, tree: ast.List | ast.Tuple | ast.Set, *, text: str
    ) -> Node | None:
        if not 0 < len(tree.elts) <= ITEMS_MAX:
            message = f"in: expected 1 to {ITEMS_MAX} values, was {len(tree.elts)}"
            self.fault(ExpressionTooLargeError, message, at=tree)
            return None
        values: list[Constant] = []
        for item_tree in tree.elts:
            item = self.check(item_tree)
            if item is None:
                continue
            if not isinstance(item, Constant):
                self.fault(InvalidCallError, "in: every value must be a literal", at=item_tree)
                continue
            try:
                _, value = self._comparable(subject, item, sign="in")
            except RiskError as error:
                self.fault(type(error), error.message, at=item_tree)
                continue
            if not isinstance(value, Constant):
                message = f"in: expected {subject.kind}, was {item.kind}"
                self.fault(KindMismatchError, message, at=item_tree)
            elif subject.kind is Kind.NUMBER and value.kind is Kind.MONEY:
                self.fault(KindMismatchError, "in: expected number, was money", at=item_tree)
            else:
                values.append(value)
        return OneOf(subject, tuple(values), text) if len(values) == len(tree.elts) else None

    def _choice(self, tree: ast.IfExp) -> Node | None:
        condition = self._boolean(tree.test, what="if")
        then, other = self.check(tree.body), self.check(tree.orelse)
        if condition is None or then is None or other is None:
            return None
        if then.kind is not other.kind:
            then, other = as_number(then), as_number(other)
        try:
            then, other = alike((then, other), scope=self.scope, what="if-else")
        except RiskError as error:
            self.fault(type(error), error.message, at=tree.orelse)
            return None
        return Choice(then.kind, condition, then, other)

    def _call(self, tree: ast.Call) -> Node | None:
        if not isinstance(tree.func, ast.Name):
            message = f"only functions are called; there is {listed(FUNCTIONS, limit=40)}"
            self.fault(RefusedSyntaxError, message, at=tree)
            return None
        arguments = [self.check(argument) for argument in tree.args]
        known = [as_number(argument) for argument in arguments if argument is not None]
        if len(known) < len(arguments) and tree.func.id in FUNCTIONS:
            return None
        try:
            return build_call(tree.func.id, known, scope=self.scope)
        except RiskError as error:
            self.fault(type(error), error.message, at=tree)
            return None


def _probabilities(left: Node, right: Node, *, sign: str) -> tuple[Node, Node]:
    """A probability next to another or to a number that one can be."""
    for node in (left, right):
        if node.kind not in (Kind.PROBABILITY, Kind.NUMBER):
            raise KindMismatchError(
                f"{sign}: a probability is compared with a number from 0 to 1, was {node.kind}"
            )
        if isinstance(node, Constant) and not 0.0 <= float(node.value) <= 1.0:
            raise KindMismatchError(f"{sign}: a probability is from 0 to 1, never {node.value:g}")
    return left, right


def _power(left: Node, right: Node) -> Node:
    """A number to a small literal power."""
    if left.kind is not Kind.NUMBER or right.kind is not Kind.NUMBER:
        raise KindMismatchError("**: expected numbers; number(x) turns money into a number")
    if not isinstance(right, Constant) or abs(float(right.value)) > EXPONENT_MAX:
        raise ExpressionTooLargeError(
            f"**: the exponent must be a literal from -{EXPONENT_MAX} to {EXPONENT_MAX}"
        )
    return Arithmetic(Kind.NUMBER, "power", left, right)


def _instant(node: Node) -> Node:
    """A text literal as an instant."""
    if not isinstance(node, Constant) or not isinstance(node.value, str):
        raise KindMismatchError("expected instant, was text")
    try:
        return Constant(Kind.INSTANT, float(parse_instant(node.value)))
    except InvalidInstantError as error:
        raise KindMismatchError(error.message) from None
