"""Where a webhook may go: public addresses by https, and the networks that a setting allows.

A name is resolved once, every address it has must be allowed, and the connection goes to the
address that was judged: a name that changes between the two (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import urlsplit

from fengkong.core.errors import RiskError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
URL_LENGTH_MAX: Final = 500
_PORT_MAX: Final = 65_535
_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
        *("100.100.100.200/32", "192.0.0.192/32", "::/128", "fe80::/10", "ff00::/8"),
        "fd00:ec2::254/128",
    )
)
"""Not even by setting: this-network, link-local (where clouds keep their metadata), multicast,
and the metadata addresses of clouds that are elsewhere."""
_EMBEDDING: Final = (
    (ip_network("64:ff9b::/96"), 0),
    (ip_network("::ffff:0:0:0/96"), 0),
    (ip_network("::/96"), 0),
    (ip_network("2002::/16"), 80),
)
"""IPv6 networks that hold an IPv4 address, and how many bits stand behind it."""


class RefusedDestinationError(RiskError):
    """A webhook may not go to this address."""

    code = "webhooks.refused_destination"
    hint = (
        "Give an https address with a public name; for a receiver in your own network add its "
        "network to webhook_networks in console.yaml."
    )


class UnresolvedDestinationError(RiskError):
    """The name of a webhook's address cannot be resolved now."""

    code = "webhooks.unresolved_destination"
    hint = "Check the name in the address, and the name server of this machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A judged address: `connect_to` is where the connection goes, `host` what is asked there."""

    secure: bool
    host: str
    port: int
    target: str
    connect_to: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def resolved(host: str, port: int) -> list[str]:
    """Every address of a name as the system resolves it; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def destination_of(
    url: str,
    *,
    allowed: Iterable[str] = (),
    resolve: Callable[[str, int], Sequence[str]] = resolved,
) -> Destination:
    """The destination of a URL.

    `allowed` are networks that may be reached although they are not public. Raises
    RefusedDestinationError, UnresolvedDestinationError.
    """
    networks = [ip_network(text) for text in allowed]
    host, port, secure, target = _parts(url)
    try:
        texts = resolve(host, port)
        addresses = [ip_address(text.split("%")[0]) for text in texts]
    except (OSError, ValueError, UnicodeError):
        raise UnresolvedDestinationError(f"{host[:100]} has no address now") from None
    if not addresses:
        raise UnresolvedDestinationError(f"{host[:100]} has no address now")
    for address in addresses:
        _judge(address, networks=networks)
    if not secure and not all(_plain(address).is_loopback for address in addresses):
        raise RefusedDestinationError("without https only this machine itself may be reached")
    return Destination(
        secure=secure, host=host, port=port, target=target, connect_to=str(addresses[0])
    )


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet, whatever IPv4 address it may hold inside."""
    plain = _plain(address)
    if any(plain in network for network in _NEVER if network.version == plain.version):
        return False
    return plain.is_global and not plain.is_multicast


def _judge(address: Address, *, networks: Sequence[Network]) -> None:
    plain = _plain(address)
    never = any(plain in network for network in _NEVER if network.version == plain.version)
    listed = any(plain in network for network in networks if network.version == plain.version)
    if never or not (listed or is_public(plain)):
        raise RefusedDestinationError(f"{address} is not an address of the public internet")


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address holds, where it holds one."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address == IPv6Address("::1"):
        return address
    for network, behind in _EMBEDDING:
        if address in network:
            return IPv4Address((int(address) >> behind) & 0xFFFF_FFFF)
    return address


def _parts(url: str) -> tuple[str, int, bool, str]:
    """Host, port, whether by TLS, and what to ask for."""
    if len(url) > URL_LENGTH_MAX or any(ord(char) <= 0x20 or ord(char) >= 0x7F for char in url):
        raise RefusedDestinationError("the address is too long, or has spaces or foreign letters")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise RefusedDestinationError("the address is malformed") from None
    if parts.scheme not in {"https", "http"} or not host or "\\" in url:
        raise RefusedDestinationError("the address does not begin with https:// and a name")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise RefusedDestinationError("the address has a user name, a password or a fragment")
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if port is None:
        port = 443 if secure else 80
    if not 0 < port <= _PORT_MAX:
        raise RefusedDestinationError("there is no such port")
    return host, port, secure, target
