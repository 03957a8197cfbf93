"""The tables of a tagged PDF, read from its bytes as a screen reader does: structure, then text.

Enough of ISO 32000-1 for what Typst writes: objects one after the other, Flate streams, fonts of
two bytes a character with a ToUnicode map, marked content with numbers (14.6, 14.7).
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_IN_STRING = rb"(?:[^()\\]|\\.)"
_PAIR = rb"\((?:" + _IN_STRING + rb"|\((?:" + _IN_STRING + rb"|\(" + _IN_STRING + rb"*\))*\))*\)"
"""Round brackets of a string stand in it as they are where they are pairs (7.3.4.2)."""
_TOKEN = re.compile(
    rb"(?P<mark>BDC|BMC)\b|(?P<end>EMC)\b|/(?P<font>\w+) [\d.]+ Tf|/MCID (?P<number>\d+)"
    rb"|/ActualText ?<(?P<actual>[0-9A-F]*)>|\((?P<text>(?:"
    + _IN_STRING
    + rb"|"
    + _PAIR
    + rb")*)\)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_KID = re.compile(rb"(\d+) 0 R|/Pg (\d+) 0 R/MCID (\d+)|(\d+)")


def tables_of(content: bytes) -> list[list[list[str]]]:
    """Every table, in the order of the document: its rows, their cells; blanks are taken out."""
    assert content.startswith(b"%PDF")
    return _Read({int(m[1]): m[2] for m in _OBJECT.finditer(content)}).tables


class _Read:
    def __init__(self, objects: dict[int, bytes]) -> None:
        self.objects = objects
        self.marked: dict[tuple[int, int], str] = {}
        for number, body in objects.items():
            if body.startswith(b"<</Type/Page/"):
                self._read_page(number, body)
        root = next(at for at, one in objects.items() if one.startswith(b"<</Type/StructTreeRoot"))
        self.tables = [
            [
                ["".join(self._text(cell).split()) for cell in self._below(row, b"TH", b"TD")]
                for row in self._below(table, b"TR")
            ]
            for table in self._below(root, b"Table")
        ]

    def _below(self, number: int, *kinds: bytes) -> Iterator[int]:
        """The nearest elements of some kinds below one, in order."""
        for kid, *_ in self._kids(number):
            if kid and (kind := re.search(rb"/S/(\w+)", self.objects[int(kid)])):
                if kind[1] in kinds:
                    yield int(kid)
                else:
                    yield from self._below(int(kid), *kinds)

    def _kids(self, number: int) -> list[tuple[bytes, bytes, bytes, bytes]]:
        kids = re.search(rb"/K ?\[((?:[^\[\]])*)\]|/K (\d+ 0 R|\d+)", self.objects[number])
        return _KID.findall(kids[1] or kids[2]) if kids else []

    def _text(self, number: int) -> str:
        page = re.search(rb"/Pg (\d+) 0 R", self.objects[number].rpartition(b"/K")[2])
        parts = []
        for kid, other, marked, here in self._kids(number):
            if kid:
                parts.append(self._text(int(kid)))
            elif marked:
                parts.append(self.marked[int(other), int(marked)])
            else:
                assert page is not None
                parts.append(self.marked[int(page[1]), int(here)])
        return "".join(parts)

    def _read_page(self, number: int, body: bytes) -> None:
        resources = self.objects[self._reference(body, b"Resources")]
        fonts = dict(re.findall(rb"/(f\d+) (\d+) 0 R", resources))
        maps = {name: self._letters(int(font)) for name, font in fonts.items()}
        stack: list[int | None] = []
        found: dict[int, list[str]] = defaultdict(list)
        font, opened, actual = b"", None, False
        for token in _TOKEN.finditer(self._stream(self._reference(body, b"Contents"))):
            if token["number"]:
                opened = int(token["number"])
            elif token["mark"]:
                stack.append(opened if opened is not None else stack[-1] if stack else None)
                opened = None
            elif token["end"]:
                stack.pop()
                actual = False
            elif token["font"]:
                font = token["font"]
            elif token["actual"] is not None:
                found[stack[-1]].append(bytes.fromhex(token["actual"].decode()).decode("utf-16"))
                actual = True
            elif stack and stack[-1] is not None and not actual:
                codes = _unescaped(token["text"])
                found[stack[-1]] += [
                    maps[font][int.from_bytes(codes[at : at + 2])] for at in range(0, len(codes), 2)
                ]
        self.marked |= {(number, mark): "".join(parts) for mark, parts in found.items()}

    def _letters(self, font: int) -> dict[int, str]:
        """The text of each character code of a font."""
        text = self._stream(self._reference(self.objects[font], b"ToUnicode"))
        assert b"beginbfrange" not in text
        return {
            int(code, 16): bytes.fromhex(letters.decode()).decode("utf-16-be")
            for block in re.findall(rb"beginbfchar(.*?)endbfchar", text, re.DOTALL)
            for code, letters in re.findall(rb"<([0-9A-F]+)> <([0-9A-F]+)>", block)
        }

    def _reference(self, body: bytes, name: bytes) -> int:
        found = re.search(rb"/" + name + rb" (\d+) 0 R", body)
        assert found is not None, name
        return int(found[1])

    def _stream(self, number: int) -> bytes:
        stream = _STREAM.search(self.objects[number])
        assert stream is not None, number
        return zlib.decompress(stream[1])


def _unescaped(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda m: bytes([int(m[1], 8)]) if m[1] else _LETTERS.get(m[2], m[2]), text)
