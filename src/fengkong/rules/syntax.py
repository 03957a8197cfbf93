"""From text to Python's syntax tree, refusing anything hostile before and after Python reads it."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.rules.errors import (
    ExpressionSyntaxError,
    ExpressionTooLargeError,
    RefusedSyntaxError,
    raise_all,
)
from fengkong.rules.origins import Origin, Place

LENGTH_MAX: Final = 4000
DEPTH_MAX: Final = 50
NODES_MAX: Final = 1000

_REFUSED: Final[dict[type[ast.AST], str]] = {
    ast.Lambda: "a lambda",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.NamedExpr: "an assignment",
    ast.JoinedStr: "an f-string",
    ast.Starred: "a starred argument",
    ast.Subscript: "a subscript",
    ast.Slice: "a slice",
    ast.Dict: "a dictionary",
    ast.keyword: "a named argument",
    ast.Invert: "~ (write not)",
    ast.BitAnd: "& (write and)",
    ast.BitOr: "| (write or)",
    ast.BitXor: "^ (write != between truth values, ** for powers)",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.MatMult: "@",
    ast.Is: "is (write ==, or is_missing(x))",
    ast.IsNot: "is not (write !=, or not is_missing(x))",
}
_FULL_WIDTH: Final = dict(
    zip(
        "\uff08\uff09\uff0c\u3001\uff1b\uff1a\u201c\u201d\u2018\u2019\u3010\u3011\uff1e\uff1c\uff1d\uff0b\uff0d"
        "\uff0a\uff0f\uff01\uff0e\uff05",
        "(),,;:\"\"''[]><=+-*/!.%",
        strict=True,
    )
)
_MISTAKES: Final = (
    (re.compile("&&"), "write and instead of &&"),
    (re.compile(r"\|\|"), "write or instead of ||"),
    (re.compile("<>"), "write != instead of <>"),
    (re.compile(r"!(?!=)"), "write not instead of !"),
    (re.compile(r"(?<![=!<>:])=(?!=)"), "write == to compare"),
    (re.compile(r"\b(AND|OR|NOT|IN)\b"), "write and, or, not, in with small letters"),
)


def placed(kind: type[RiskError], message: str, place: Place) -> RiskError:
    """An error of a kind at a place of a file."""
    return kind(message, path=place.path, source=place.source, line=place.line, column=place.column)


class _Scanner:
    """Reads characters before Python does: brackets, strings and what must not be in either."""

    def __init__(self, text: str, *, origin: Origin) -> None:
        self.text = text
        self.origin = origin
        self.line = 1
        self.start_of_line = 0
        self.depth = 0
        self.errors: list[RiskError] = []

    def fault(self, kind: type[RiskError], message: str, *, at: int) -> None:
        """Remember an error at a position of the text."""
        place = self.origin.at(line=self.line, column=at - self.start_of_line)
        self.errors.append(placed(kind, message, place))

    def scan(self) -> list[RiskError]:
        """Every fault that can be seen without parsing."""
        position = 0
        while position < len(self.text):
            position = self._step(position)
            if len(self.errors) >= 20 or self.depth > DEPTH_MAX or self.depth < 0:
                return self.errors
        if self.depth:
            self.fault(ExpressionSyntaxError, "a bracket is not closed", at=len(self.text))
        return self.errors

    def _step(self, at: int) -> int:
        """Read one character, one string or one comment; the position after it."""
        character = self.text[at]
        if character in "\"'":
            return self._string(at)
        if character == "#":
            end = self.text.find("\n", at)
            return len(self.text) if end < 0 else end
        if character == "\n":
            self.line += 1
            self.start_of_line = at + 1
        elif character in "([{":
            self.depth += 1
            if self.depth > DEPTH_MAX:
                message = f"brackets deeper than {DEPTH_MAX}"
                self.fault(ExpressionTooLargeError, message, at=at)
        elif character in ")]}":
            self.depth -= 1
            if self.depth < 0:
                self.fault(ExpressionSyntaxError, "a bracket is closed but not open", at=at)
        elif not (" " <= character <= "~" or character == "\t"):
            return self._strange(at)
        elif character in "\\;`$?":
            self.fault(ExpressionSyntaxError, f"{character} outside a string", at=at)
        return at + 1

    def _strange(self, at: int) -> int:
        """Refuse a character outside strings that is not printable ASCII, or a word of them."""
        character = self.text[at]
        plain = _FULL_WIDTH.get(character)
        if plain:
            self.fault(ExpressionSyntaxError, f"full-width {character}: write {plain}", at=at)
            return at + 1
        end = at + 1
        if not character.isprintable():
            message = f"character U+{ord(character):04X} outside a string"
            self.fault(ExpressionSyntaxError, message, at=at)
            return end
        while end < len(self.text) and self.text[end].isalnum():
            end += 1
        word = self.text[at:end][:40]
        message = f"{word} outside a string: names are ASCII letters, digits, _ and ."
        self.fault(ExpressionSyntaxError, message, at=at)
        return end

    def _string(self, at: int) -> int:
        """Read a string literal; the position after it."""
        quote = self.text[at]
        prefix = ""
        while len(prefix) < at and self.text[at - len(prefix) - 1].isalpha():
            prefix = self.text[at - len(prefix) - 1] + prefix
        if prefix not in ("", "r", "in", "and", "or", "not", "if", "else"):
            self.fault(
                RefusedSyntaxError,
                f"expected a plain string or a raw string r{quote}...{quote}, was {prefix[:20]}"
                f"{quote}",
                at=at,
            )
        if self.text.startswith(quote * 3, at):
            self.fault(RefusedSyntaxError, "a string in triple quotes", at=at)
            return len(self.text)
        position = at + 1
        while position < len(self.text) and self.text[position] not in (quote, "\n"):
            if self.text[position] == "\\":
                if prefix != "r":
                    message = f"a backslash in a string: write r{quote}...{quote} in front of it"
                    self.fault(RefusedSyntaxError, message, at=position)
                position += 1
            position += 1
        if position >= len(self.text) or self.text[position] == "\n":
            self.fault(ExpressionSyntaxError, "a string is not closed", at=at)
            return len(self.text)
        return position + 1


def _python_message(error: SyntaxError, text: str) -> str:
    """What is wrong with a text that Python cannot read, with the usual mistakes explained."""
    for pattern, advice in _MISTAKES:
        if pattern.search(re.sub(r"\"[^\"]*\"|'[^']*'", "", text)):
            return f"not an expression: {advice}"
    if "never closed" in error.msg or "EOF" in error.msg or error.text is None:
        return "not an expression: it is not complete"
    return f"not an expression: {error.msg.removesuffix('. Perhaps you forgot a comma?')}"


class Columns:
    """Turns the lines and byte columns of Python's tree into places of the file."""

    def __init__(self, text: str, *, origin: Origin) -> None:
        self._lines = text.split("\n")
        self._origin = origin

    def place(self, *, line: int, byte_column: int) -> Place:
        """The place of a node of the tree of ``(text)``: its first line is one bracket longer."""
        line = min(max(line, 1), len(self._lines))
        column = max(byte_column - 1, 0) if line == 1 else byte_column
        characters = self._lines[line - 1].encode("utf-8", "replace")[:column]
        return self._origin.at(line=line, column=len(characters.decode("utf-8", "replace")))

    def of(self, node: ast.AST) -> Place:
        """The place of a node; the start of the text for nodes without one."""
        line = getattr(node, "lineno", 1)
        return self.place(line=line, byte_column=getattr(node, "col_offset", 0))


def _measure(tree: ast.expr, *, columns: Columns) -> list[RiskError]:
    """Refuse trees that are too deep or too large, and parts of Python that are not here."""
    errors: list[RiskError] = []
    count = 0
    pending: list[tuple[ast.AST, int, ast.AST]] = [(tree, 1, tree)]
    while pending:
        node, depth, near = pending.pop()
        if isinstance(node, ast.expr_context | ast.operator | ast.cmpop | ast.unaryop | ast.boolop):
            depth -= 1
        else:
            count += 1
        if depth > DEPTH_MAX or count > NODES_MAX:
            size = f"deeper than {DEPTH_MAX} levels" if depth > DEPTH_MAX else ""
            message = f"an expression {size or f'of more than {NODES_MAX} parts'}"
            return [placed(ExpressionTooLargeError, message, columns.of(near))]
        near = node if hasattr(node, "lineno") else near
        refused = _REFUSED.get(type(node))
        if refused:
            message = f"{refused} is not part of the language"
            errors.append(placed(RefusedSyntaxError, message, columns.of(near)))
            continue
        pending.extend((child, depth + 1, near) for child in ast.iter_child_nodes(node))
    return errors


def read_tree(text: str, *, origin: Origin) -> tuple[ast.expr, Columns]:
    """The syntax tree of one expression, of bounded size, and the places of its parts.

    Raises only errors of the `RiskError` tree, whatever the text is.
    """
    start = origin.place
    if len(text) > LENGTH_MAX:
        message = f"an expression of {len(text)} characters; at most {LENGTH_MAX}"
        raise placed(ExpressionTooLargeError, message, start)
    if not text.strip():
        raise placed(ExpressionSyntaxError, "the expression is empty", start)
    raise_all(_Scanner(text, origin=origin).scan())
    columns = Columns(text, origin=origin)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError as error:
        place = columns.place(line=error.lineno or 1, byte_column=(error.offset or 1) - 1)
        raise placed(ExpressionSyntaxError, _python_message(error, text), place) from None
    except (ValueError, MemoryError, RecursionError, OverflowError):
        message = "an expression that is too deep or has impossible characters"
        raise placed(ExpressionTooLargeError, message, start) from None
    raise_all(_measure(tree, columns=columns))
    return tree, columns
