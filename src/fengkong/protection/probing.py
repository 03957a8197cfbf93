"""What strangers try from outside: addresses that carry an attack, and who walks unknown ones.

These tell of an attack, they do not stop one: what is asked for was refused already.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import unquote_to_bytes

ADDRESS_MAX: Final = 4_096
"""Bytes of an address that are looked at."""
ASKED_LEAST: Final = 5
"""A source that asked for so many addresses that do not exist is scanning."""
SOURCES_MAX: Final = 4_096
_IPV6_HOST_BITS: Final = 64
_INJECTION: Final = re.compile(
    rb"""(?ix)
      (?:^|[/\\=]) \.\. [/\\]                                      # out of the folder
    | /etc/(?:passwd|shadow) | /proc/self/ | \bboot\.ini\b
    | \x00 | \r\n                                                  # bytes that end what is meant
    | <\s*/?\s*(?:script|iframe|svg|img)\b | \bjavascript\s*: | \bon(?:error|load|click)\s*=
    | \bunion\b .{0,40} \bselect\b | \bselect\b .{1,80} \bfrom\b
    | ['"] \s* (?:or|and) \b .{0,40} = | ['"] \s* ; \s* (?:drop|delete|insert|update|shutdown)\b
    | \b(?:sleep|benchmark|pg_sleep|waitfor\s+delay) \s* [(']
    | \$\{ .{0,20} (?:jndi|env|sys|lower) | \{\{ .{0,60} \}\} | <%= | \bxp_cmdshell\b
    | [;|`] \s* (?:cat|wget|curl|nc|bash|sh|powershell)\b
    """
)


def is_injection(address: bytes) -> bool:
    """Whether a path with its query (as it was sent, encoded) carries an attack known by its form.

    Traversal, injection into SQL, shells, templates and scripts; encoded once or twice.
    """
    once = unquote_to_bytes(address[:ADDRESS_MAX].replace(b"+", b" "))
    return bool(_INJECTION.search(once) or _INJECTION.search(unquote_to_bytes(once)))


class Scanners:
    """Who asks for what does not exist, day by day; in memory, the latest sources only."""

    def __init__(self, *, least: int = ASKED_LEAST, sources: int = SOURCES_MAX) -> None:
        self._least = least
        self._sources = sources
        self._day = -1
        self._asked: dict[str, int] = {}

    def note(self, source: str, *, day: int) -> bool:
        """Count one such request; True where the source begins to count as scanning that day."""
        if day != self._day:
            self._day = day
            self._asked.clear()
        source = network_of(source)
        asked = self._asked.pop(source, 0) + 1
        while len(self._asked) >= self._sources:
            del self._asked[next(iter(self._asked))]
        self._asked[source] = asked
        return asked == self._least


def network_of(source: str) -> str:
    """An address as a source: of IPv6 the /64, which one sender has for itself."""
    try:
        found = ip_address(source)
    except ValueError:
        return source
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(IPv6Address(int(found) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS))
