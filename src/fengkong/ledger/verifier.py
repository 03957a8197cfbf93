#!/usr/bin/env python3
"""Checks an exported ledger offline: one file, Python's standard library, nothing of Fengkong.

    python verifier.py EXPORT [--key KEY ...]

EXPORT is the exported folder. KEY is the log's verifier key (a line such as
fengkong/0123...+1a2b3c4d+AQ...) or a file of such lines. Take it from a source other than the
export: whoever can change the export can change the key inside it. Every key given must have
signed; witness keys may be given too. Without --key, the key in the export is used, and said so.

What is checked, in this order:

1. `checkpoint` is well formed and signed (Ed25519) by the keys; it belongs to the log of
   `log.json` and `verifier-key`.
2. Every entry in `tile/entries`: its number (1, 2, 3 ...), that it names the hash of the entry
   before it (`previous`), and, where `payloads/` is there, that its payload has the digest that
   the entry names.
3. Every tile of hashes in `tile/0`, `tile/1` ... is what the entries give.
4. The root over all entries (RFC 6962) is the one that was signed.

The answer names the first entry or file that is wrong. Exit code: 0 all is as signed, 1 something
is not, 2 the check could not be made. Memory does not grow with the ledger. The language follows
FENGKONG_LANGUAGE, LC_ALL, LC_MESSAGES or LANG.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

TILE_WIDTH = 256
HASH_SIZE = 32
LEAF_BYTES_MAX = 65_535
PAYLOAD_BYTES_MAX = 1 << 26
SMALL_FILE_BYTES_MAX = 1 << 20
LOG_KEY, WITNESS_KEY = 1, 4

Digest = Callable[[bytes], bytes]
Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T
Key = tuple[str, int, bytes, bytes]  # name, type, public key, id
Signature = tuple[str, bytes, bytes]  # name, id, signature

# -- what is said, in English and in Chinese -------------------------------------------------

# key | English | Chinese
TABLE = """
intact | INTACT: {entries} entries of {origin} | 完好：{origin}，共 {entries} 条记录
root | root {root} | 根哈希 {root}
signed | signed by {name} (key id {id}) | 签名者 {name}（密钥编号 {id}）
cosigned | cosigned by {name} (key id {id}) at {at} | 联署者 {name}（密钥编号 {id}），时间 {at}
unchecked | unchecked: {names}; give their keys | 未核对的签名：{names}；请给出其密钥
payloads | payloads checked: {count} | 已核对载荷：{count} 份
no_payloads | no payloads here; their digests are signed | 没有载荷；摘要已确认
own_key | the key came with the export: compare its id | 密钥取自导出本身：请核对其编号
others | note: {count} files more than are signed | 注意：另有 {count} 个文件未被签名涵盖
broken | BROKEN: {place}: {what} | 有误：{place}：{what}
unusable | CANNOT CHECK: {what} | 无法核对：{what}
no_folder | {path} is not a folder | {path} 不是文件夹
bad_key | not a verifier key: {line} | 不是验证密钥：{line}
entry | entry {number} | 第 {number} 条记录
entries | entries {first} to {last} | 第 {first} 至 {last} 条记录
missing | the file is missing or cannot be read | 文件缺失或无法读取
too_long | the file is longer than it can be | 文件超过应有的长度
not_note | not a signed note | 不是签名文书
not_checkpoint | not a checkpoint | 不是检查点
bad_signature | the signature of {name} does not fit the text | {name} 的签名与内容不符
not_signed | not signed by {name} ({id}) but by {found} | 签名者不是 {name}（{id}），而是 {found}
not_log_key | no key of the log {origin} itself | 没有账本 {origin} 自己的密钥
other_key | the key given, {name} ({id}), is not here | 没有所给的密钥 {name}（{id}）
not_keys | not a list of verifier keys | 不是验证密钥的列表
not_log_json | not a description of format 1 | 不是格式 1 的说明
other_log | says {said}, the checkpoint says {signed} | 此处为 {said}，检查点为 {signed}
unknown_hash | unknown hash function {hash} | 未知的哈希函数 {hash}
cut | the file ends before the entry does | 文件在此条记录结束之前已中断
rest | more bytes follow the last entry | 最后一条记录之后还有多余字节
not_entry | not a ledger entry | 不是账本记录
number | it carries the number {found} | 其编号为 {found}
chain | it does not follow the entry before it | 与前一条记录不相衔接
changed | not what was recorded | 并非当初登记的内容
payload | the payload is not the one that the entry names | 载荷与记录所载的摘要不符
tile_length | {found} bytes, expected {expected} | 共 {found} 字节，应为 {expected}
tile | hash {at} is not what the entries give | 第 {at} 个哈希与记录不符
root_differs | the entries have the root {found} | 各记录的根哈希是 {found}，与此不符
"""
TEXTS = {key: pair for key, *pair in (line.split(" | ") for line in TABLE.strip().split("\n"))}


def language() -> int:
    """0 for English, 1 for Chinese: the place in each pair of texts."""
    for name in ("FENGKONG_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return 1 if value.lower().startswith("zh") else 0
    return 0


def say(key: str, **values: object) -> str:
    """A text of the table, with values put in."""
    return TEXTS[key][language()].format(**values)


class BrokenLedgerError(Exception):
    """Something is not as it was signed: `place` is a file or an entry, `what` is wrong there."""

    def __init__(self, place: str, what: str, *, key: str) -> None:
        super().__init__(f"{place}: {what}")
        self.place = place
        self.what = what
        self.key = key


class UnusableError(Exception):
    """The check cannot be made."""


def broken(place: str, key: str, **values: object) -> BrokenLedgerError:
    """The error for a place, its text from the table."""
    return BrokenLedgerError(place, say(key, **values), key=key)


# -- Ed25519 (RFC 8032), verification only -----------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
BASE_Y = 4 * pow(5, P - 2, P) % P
NEUTRAL = (0, 1, 1, 0)


def point_add(a: Point, b: Point) -> Point:
    """The sum of two points in extended coordinates (X, Y, Z, T)."""
    left = (a[1] - a[0]) * (b[1] - b[0]) % P
    right = (a[1] + a[0]) * (b[1] + b[0]) % P
    t = 2 * a[3] * b[3] * D % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = right - left, z - t, z + t, right + left
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_multiply(scalar: int, point: Point) -> Point:
    """A point added to itself `scalar` times."""
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def point_decode(data: bytes) -> Point | None:
    """The point that 32 bytes stand for, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def point_encode(point: Point) -> bytes:
    """The 32 bytes of a point."""
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode(BASE_Y.to_bytes(32, "little")) or NEUTRAL


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key (32 bytes) made a signature (64 bytes) of a message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, scalar = point_decode(public), int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(hashed, "little") % ORDER
    minus_key = (P - key[0], key[1], 1, P - key[3])
    found = point_add(point_multiply(scalar, BASE), point_multiply(challenge, minus_key))
    return point_encode(found) == signature[:32]


# -- hash functions ----------------------------------------------------------------------------


def rotate(word: int, count: int) -> int:
    """A 32-bit word turned left."""
    count %= 32
    return (word << count | word >> (32 - count)) & 0xFFFFFFFF


def sm3(data: bytes) -> bytes:
    """SM3 (GB/T 32905) in plain Python, for a Python whose hashlib has none: slow."""
    start = "7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e"
    state = [int(start[at : at + 8], 16) for at in range(0, 64, 8)]
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "big")
    for block in range(0, len(padded), 64):
        chunk = padded[block : block + 64]
        state = sm3_block(state, [int.from_bytes(chunk[i : i + 4], "big") for i in range(0, 64, 4)])
    return b"".join(word.to_bytes(4, "big") for word in state)


def sm3_block(state: list[int], words: list[int]) -> list[int]:
    """The state after one block of sixteen words."""
    for j in range(16, 68):
        x = words[j - 16] ^ words[j - 9] ^ rotate(words[j - 3], 15)
        mixed = x ^ rotate(x, 15) ^ rotate(x, 23)
        words.append(mixed ^ rotate(words[j - 13], 7) ^ words[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        constant = 0x79CC4519 if j < 16 else 0x7A879D8A
        one = rotate((rotate(a, 12) + e + rotate(constant, j)) & 0xFFFFFFFF, 7)
        two = one ^ rotate(a, 12)
        early = j < 16
        ff = a ^ b ^ c if early else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if early else (e & f) | (~e & g)
        t1 = (ff + d + two + (words[j] ^ words[j + 4])) & 0xFFFFFFFF
        t2 = (gg + h + one + words[j]) & 0xFFFFFFFF
        a, b, c, d = t1, a, rotate(b, 9), c
        e, f, g, h = t2 ^ rotate(t2, 9) ^ rotate(t2, 17), e, rotate(f, 19), g
    return [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def digest_named(name: str) -> Digest | None:
    """The function from bytes to a 32-byte hash, or None for an unknown name."""
    if name == "sha256":
        return lambda data: hashlib.sha256(data).digest()
    if name != "sm3":
        return None
    try:
        fresh = hashlib.new("sm3").copy
    except ValueError:
        return sm3

    def digest(data: bytes) -> bytes:
        state = fresh()
        state.update(data)
        return state.digest()

    return digest


# -- signed notes and checkpoints (C2SP) -------------------------------------------------------


def decode_base64(text: str) -> bytes | None:
    """The bytes, or None where the text is not base64 in its one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None


def key_id(name: str, material: bytes) -> bytes:
    """The four bytes that tell keys of one name apart; material is the type and the key."""
    return hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]


def parse_key(line: str) -> Key | None:
    """(name, type, public key, id) of a verifier key line, or None."""
    parts = line.split("+", 2)
    material = decode_base64(parts[2]) if len(parts) == 3 else None
    if material is None or len(material) != 33 or material[0] not in (LOG_KEY, WITNESS_KEY):
        return None
    identifier = key_id(parts[0], material)
    if not parts[0] or parts[1] != identifier.hex():
        return None
    return (parts[0], material[0], material[1:], identifier)


def parse_note(data: bytes) -> tuple[str, list[Signature]] | None:
    """(text, [(name, id, signature bytes)]) of a signed note, or None."""
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text, separator, tail = whole.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        return None
    signatures = []
    for line in tail[:-1].split("\n"):
        parts = line.split(" ")
        blob = decode_base64(parts[2]) if len(parts) == 3 and parts[0] == "—" else None
        if blob is None or len(blob) < 5 or not parts[1]:
            return None
        signatures.append((parts[1], blob[:4], blob[4:]))
    return text + "\n", signatures


def signature_fits(key: Key, text: str, blob: bytes) -> bool:
    """Whether a key made this signature; a witness signs the time with the text."""
    message = text.encode()
    if key[1] == WITNESS_KEY:
        seconds, blob = int.from_bytes(blob[:8], "big"), blob[8:]
        message = f"cosignature/v1\ntime {seconds}\n".encode() + message
    return ed25519_verify(key[2], message, blob)


def check_signatures(text: str, signatures: list[Signature], keys: list[Key]) -> None:
    """Every key must have signed, and nobody may misuse its name."""
    for key in keys:
        made = [blob for name, identifier, blob in signatures if (name, identifier) == key[::3]]
        if not all(signature_fits(key, text, blob) for blob in made):
            raise broken("checkpoint", "bad_signature", name=key[0])
        if not made:
            found = ", ".join(f"{name} ({identifier.hex()})" for name, identifier, _ in signatures)
            raise broken("checkpoint", "not_signed", name=key[0], id=key[3].hex(), found=found)


def parse_checkpoint(text: str) -> tuple[str, int, bytes, str] | None:
    """(origin, size, root, hash name) of a checkpoint's text, or None."""
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        return None
    root = decode_base64(lines[2])
    hashes = [line[5:] for line in lines[3:] if line.startswith("hash ")]
    if root is None or len(root) != HASH_SIZE or len(hashes) > 1:
        return None
    return lines[0], int(lines[1]), root, (hashes or ["sha256"])[0]


# -- files -------------------------------------------------------------------------------------


def number_path(number: int) -> str:
    """Number 1234067 as x001/x234/067."""
    groups = f"{number:,}".split(",")
    groups[0] = groups[0].zfill(3)
    return "/".join(["x" + group for group in groups[:-1]] + groups[-1:])


def bundle_path(kind: str, number: int, width: int) -> str:
    """Where a bundle lies, such as tile/entries/x001/234.p/17."""
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"{kind}/{number_path(number)}{suffix}"


def read_file(folder: Path, place: str, bytes_max: int) -> bytes:
    """The bytes of a file of the export."""
    try:
        with (folder / place).open("rb") as stream:
            data = stream.read(bytes_max + 1)
    except OSError:
        raise broken(place, "missing") from None
    if len(data) > bytes_max:
        raise broken(place, "too_long")
    return data


def widths_of(size: int) -> list[int]:
    """The width of the unfinished tile of each level, from level 0 up."""
    widths = []
    while size:
        widths.append(size % TILE_WIDTH)
        size //= TILE_WIDTH
    return widths


def files_beyond(folder: Path, size: int) -> int:
    """How many files of tile/ and payloads/ a tree of this size has no use for."""
    bundles = (size + TILE_WIDTH - 1) // TILE_WIDTH
    used = bundles * (2 if (folder / "payloads").is_dir() else 1)
    for level, width in enumerate(widths_of(size)):
        used += size // TILE_WIDTH ** (level + 1) + (1 if width else 0)
    found = (path for top in ("tile", "payloads") for path in (folder / top).rglob("*"))
    return sum(1 for path in found if path.is_file()) - used


# -- the Merkle tree ---------------------------------------------------------------------------


class Tree:
    """The tree over the entries read so far, compared with the tiles in the export.

    A tile that differs is remembered, not reported at once: only the root, or the next entry,
    can tell whether the tile or the entry was changed.
    """

    def __init__(self, folder: Path, digest: Digest) -> None:
        self.folder = folder
        self.digest = digest
        self.rows: list[list[bytes]] = []  # the unfinished tile of each level
        self.counts: list[int] = []  # finished tiles of each level
        self.suspect: tuple[str, int, int, int] | None = (
            None  # (file, hash in it, first entry, last entry)
        )

    def add_row(self, level: int, row: list[bytes]) -> None:
        """Takes the whole next tile of a level, or the unfinished one at the end."""
        if level == len(self.rows):
            self.rows.append([])
            self.counts.append(0)
        number = self.counts[level]
        self.compare(level, number, row)
        if len(row) < TILE_WIDTH:
            self.rows[level] = row
            return
        self.counts[level] += 1
        self.rows[level] = []
        self.add_hash(level + 1, self.fold(row))

    def add_hash(self, level: int, node: bytes) -> None:
        """Takes the next hash of a level above the entries."""
        if level == len(self.rows):
            self.rows.append([])
            self.counts.append(0)
        self.rows[level].append(node)
        if len(self.rows[level]) == TILE_WIDTH:
            self.add_row(level, self.rows[level])

    def close(self) -> bytes:
        """Compares the unfinished tiles above the entries, and gives the root."""
        for level in range(1, len(self.rows)):
            if self.rows[level]:
                self.compare(level, self.counts[level], self.rows[level])
        root = None
        for row in self.rows:
            end = len(row)
            while end:
                start = end - (end & -end)
                whole = self.fold(row[start:end])
                root = whole if root is None else self.digest(b"\x01" + whole + root)
                end = start
        return self.digest(b"") if root is None else root

    def fold(self, row: list[bytes]) -> bytes:
        """The root over a power of two of hashes."""
        digest = self.digest
        while len(row) > 1:
            row = [digest(b"\x01" + a + b) for a, b in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    def compare(self, level: int, number: int, row: list[bytes], width: int = 0) -> None:
        """Looks at the first hashes of a tile in the export; `width` is its whole width."""
        width = width or len(row)
        place = bundle_path(f"tile/{level}", number, width)
        tile = read_file(self.folder, place, TILE_WIDTH * HASH_SIZE)
        if len(tile) != width * HASH_SIZE:
            expected = width * HASH_SIZE
            raise broken(place, "tile_length", found=len(tile), expected=expected)
        if self.suspect or tile.startswith(b"".join(row)):
            return
        at = next(i for i, node in enumerate(row) if tile[32 * i : 32 * i + 32] != node)
        span = TILE_WIDTH**level
        first = (number * TILE_WIDTH + at) * span
        self.suspect = (place, at, first + 1, first + span)

    def suspected_tile(self) -> BrokenLedgerError:
        """The error for a tile that was changed."""
        assert self.suspect, "asked only where there is one"
        return broken(self.suspect[0], "tile", at=self.suspect[1] + 1)

    def suspected_entries(self) -> BrokenLedgerError:
        """The error for one or more entries that were changed."""
        assert self.suspect, "asked only where there is one"
        tile, _, first, last = self.suspect
        if first == last:
            bundle = tile.replace("tile/0", "tile/entries", 1)
            return broken(f"{bundle}, {say('entry', number=first)}", "changed")
        return broken(say("entries", first=first, last=last), "changed")


# -- the entries -------------------------------------------------------------------------------

_TEXT = rb'"[^"]*"'
_WORD = rb"(?:null|" + _TEXT + rb")"
# An entry as Fengkong writes it: sorted names, no spaces, no backslash (an escaped quote would
# end a text too early here). Anything else takes the slow way.
CANONICAL = re.compile(
    rb'\{"at":-?\d+,"degraded":(?:true|false),"event":' + _WORD + rb',"kind":' + _TEXT
    + rb',"late":(?:true|false),"outcome":' + _WORD + rb',"payload":"([0-9a-f]{64})","policy":'
    + _WORD + rb',"previous":"([0-9a-f]{64})","received":' + _WORD + rb',"sequence":([1-9]\d*)'
    + rb',"shadow":' + _WORD + rb',"subject":' + _WORD + rb"\}"
).fullmatch  # fmt: skip


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object whose names each occur once."""
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name occurs twice")
    return names


def facts_of(leaf: bytes) -> tuple[bytes, bytes, bytes] | None:
    """(payload digest, previous hash, number) of an entry, the first two in hex; or None."""
    try:
        facts = json.loads(leaf.decode("utf-8"), object_pairs_hook=once)
        payload, previous, number = facts["payload"], facts["previous"], facts["sequence"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if type(number) is not int or not isinstance(payload, str) or not isinstance(previous, str):
        return None
    return payload.encode(), previous.encode(), b"%d" % number


class Entries:
    """Reads the entries from the first to the last, and the payloads with them."""

    def __init__(self, folder: Path, *, size: int, tree: Tree) -> None:
        self.folder = folder
        self.size = size
        self.tree = tree
        self.previous = b"0" * 64
        self.has_payloads = (folder / "payloads").is_dir()

    def check(self) -> None:
        """Every bundle of 256 entries, in order."""
        for first in range(0, self.size, TILE_WIDTH):
            width = min(TILE_WIDTH, self.size - first)
            hashes: list[bytes] = []
            try:
                self.check_bundle(first, width, hashes)
            except BrokenLedgerError as error:
                raise self.first_of(error, first, width, hashes) from None
            self.tree.add_row(0, hashes)

    def check_bundle(self, first: int, width: int, hashes: list[bytes]) -> None:
        """One bundle; the hashes of its entries are appended to `hashes`."""
        number = first // TILE_WIDTH
        place = bundle_path("tile/entries", number, width)
        data = read_file(self.folder, place, width * (LEAF_BYTES_MAX + 2))
        payloads = bundle_path("payloads", number, width)
        digests = payload_digests(self.folder / payloads, payloads) if self.has_payloads else None
        digest, previous, at = self.tree.digest, self.previous, 0
        for sequence in range(first + 1, first + width + 1):
            start = at + 2
            at = start + int.from_bytes(data[at:start], "big")
            if at > len(data) or start > len(data):
                raise self.at_entry(place, sequence, "cut")
            leaf = data[start:at]
            canonical = CANONICAL(leaf) if b"\\" not in leaf else None
            facts = canonical.groups() if canonical else facts_of(leaf)
            if facts is None:
                raise self.at_entry(place, sequence, "not_entry")
            if facts[2] != b"%d" % sequence:
                raise self.at_entry(place, sequence, "number", found=facts[2].decode())
            if facts[1] != previous:
                raise self.at_entry(place, sequence, "chain")
            leaf_hash = digest(b"\x00" + leaf)
            previous = leaf_hash.hex().encode()
            hashes.append(leaf_hash)
            if digests and next(digests, b"") != facts[0]:
                raise self.at_entry(payloads, sequence, "payload")
        if at != len(data):
            raise broken(place, "rest")
        if digests and next(digests, None) is not None:
            raise broken(payloads, "rest")
        self.previous = previous

    @staticmethod
    def at_entry(place: str, sequence: int, key: str, **values: object) -> BrokenLedgerError:
        """The error at an entry of a file."""
        return broken(f"{place}, {say('entry', number=sequence)}", key, **values)

    def first_of(
        self, error: BrokenLedgerError, first: int, width: int, hashes: list[bytes]
    ) -> BrokenLedgerError:
        """The first thing wrong, where a tile had raised a suspicion before this error."""
        if not self.tree.suspect and hashes:
            try:
                self.tree.compare(0, first // TILE_WIDTH, hashes, width)
            except BrokenLedgerError:
                return error
        if not self.tree.suspect:
            return error
        last_good = first + len(hashes)
        if error.key in ("chain", "payload") and self.tree.suspect[3] == last_good:
            return self.tree.suspected_entries()
        return self.tree.suspected_tile()


def payload_digests(path: Path, place: str) -> Iterator[bytes]:
    """The SHA-256 in hex of one payload after the other; an empty one where the file is cut."""
    try:
        stream = path.open("rb", buffering=1 << 18)
    except OSError:
        raise broken(place, "missing") from None
    sha256, read = hashlib.sha256, stream.read
    with stream:
        while prefix := read(4):
            length = int.from_bytes(prefix, "big")
            payload = read(length) if length <= PAYLOAD_BYTES_MAX else b""
            whole = len(prefix) == 4 and len(payload) == length
            yield sha256(payload).hexdigest().encode() if whole else b""


# -- the whole ---------------------------------------------------------------------------------


def given_keys(values: list[str]) -> list[Key]:
    """The keys of the command line, each a line or a file of lines."""
    keys = []
    for value in values:
        path = Path(value)
        lines = path.read_text("utf-8").splitlines() if is_file(path) else [value]
        for line in lines:
            key = parse_key(line.strip())
            if key is None and line.strip():
                raise UnusableError(say("bad_key", line=line[:200]))
            keys += [key] if key else []
    return keys


def is_file(path: Path) -> bool:
    """Whether a path is a file; a key is a text that may be too long for a path."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def keys_in_export(folder: Path) -> list[Key]:
    """The keys that came with the export."""
    data = read_file(folder, "verifier-key", SMALL_FILE_BYTES_MAX)
    *lines, rest = data.decode("utf-8", "replace").split("\n")
    keys = [key for key in map(parse_key, lines) if key]
    if rest or not lines or len(keys) != len(lines):
        raise broken("verifier-key", "not_keys")
    return keys


def check_head(folder: Path, keys: list[Key]) -> tuple[str, int, bytes, Digest]:
    """(origin, size, root, hash function) that the keys signed, the small files agreeing."""
    note = parse_note(read_file(folder, "checkpoint", SMALL_FILE_BYTES_MAX))
    if note is None:
        raise broken("checkpoint", "not_note")
    keys = keys or keys_in_export(folder)
    check_signatures(note[0], note[1], keys)
    checkpoint = parse_checkpoint(note[0])
    if checkpoint is None:
        raise broken("checkpoint", "not_checkpoint")
    origin, size, root, hash_name = checkpoint
    log_keys = [key for key in keys if key[1] == LOG_KEY]
    if not any(key[0] == origin for key in log_keys):
        raise broken("checkpoint", "not_log_key", origin=origin)
    exported = keys_in_export(folder)
    for key in log_keys:
        if key not in exported:
            raise broken("verifier-key", "other_key", name=key[0], id=key[3].hex())
    check_description(folder, origin, hash_name)
    digest = digest_named(hash_name)
    if digest is None:
        raise broken("checkpoint", "unknown_hash", hash=hash_name)
    return origin, size, root, digest


def check_description(folder: Path, origin: str, hash_name: str) -> None:
    """log.json must describe the log of the checkpoint."""
    try:
        facts = json.loads(read_file(folder, "log.json", SMALL_FILE_BYTES_MAX).decode("utf-8"))
        said = (facts["format"], facts["origin"], facts["hash"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise broken("log.json", "not_log_json") from None
    if said[0] != 1:
        raise broken("log.json", "not_log_json")
    if said[1:] != (origin, hash_name):
        signed = f"{origin} {hash_name}"
        raise broken("log.json", "other_log", said=f"{said[1]} {said[2]}", signed=signed)


def signers(folder: Path, keys: list[Key]) -> list[str]:
    """A line for each key that has signed, and one for the signatures of keys not given."""
    note = parse_note(read_file(folder, "checkpoint", SMALL_FILE_BYTES_MAX))
    assert note is not None, "it was read before"
    lines, known = [], {(key[0], key[3]): key[1] for key in keys}
    for name, identifier, blob in note[1]:
        if known.get((name, identifier)) == WITNESS_KEY:
            at = int.from_bytes(blob[:8], "big")
            lines.append(say("cosigned", name=name, id=identifier.hex(), at=at))
        elif (name, identifier) in known:
            lines.append(say("signed", name=name, id=identifier.hex()))
    rest = [name for name, identifier, _ in note[1] if (name, identifier) not in known]
    return lines + ([say("unchecked", names=", ".join(rest))] if rest else [])


def verify(folder: Path, key_values: list[str]) -> list[str]:
    """The lines to show for an export that is as it was signed; else `BrokenLedgerError`."""
    if not folder.is_dir():
        raise UnusableError(say("no_folder", path=folder))
    keys = given_keys(key_values)
    origin, size, root, digest = check_head(folder, keys)
    tree = Tree(folder, digest)
    entries = Entries(folder, size=size, tree=tree)
    entries.check()
    found = tree.close()
    if tree.suspect:
        raise tree.suspected_tile() if found == root else tree.suspected_entries()
    if found != root:
        raise broken("checkpoint", "root_differs", found=found.hex())
    lines = [
        say("intact", entries=size, origin=origin),
        say("root", root=root.hex()),
        *signers(folder, keys or keys_in_export(folder)),
        say("payloads", count=size) if entries.has_payloads else say("no_payloads"),
    ]
    beyond = files_beyond(folder, size)
    lines += [] if keys else [say("own_key")]
    return lines + ([say("others", count=beyond)] if beyond else [])


def main(arguments: list[str] | None = None) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", metavar="EXPORT")
    parser.add_argument("--key", action="append", default=[], metavar="KEY")
    options = parser.parse_args(arguments)
    try:
        lines, code = verify(Path(options.export), options.key), 0
    except BrokenLedgerError as error:
        lines, code = [say("broken", place=error.place, what=error.what)], 1
    except UnusableError as error:
        lines, code = [say("unusable", what=error)], 2
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode(sys.stdout.encoding, "replace"))
    return code


if __name__ == "__main__":
    sys.exit(main())
