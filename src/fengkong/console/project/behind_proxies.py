"""Behind a reverse proxy: who really asks, believed only from proxies that the settings name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
FORWARDED: Final = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)
"""What proxies say of a request; nothing of it is left for anybody else to believe."""
HOPS_MAX: Final = 20
_WITH_PORT: Final = re.compile(r"(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9A-Fa-f:.]+)\]):\d{1,5}")


class BehindProxies:
    """Puts the address of the browser where that of the last proxy stood, for all that follows.

    Lockout, sessions, ledger and limits read REMOTE_ADDR only. Whatever a sender that is no
    trusted proxy says in headers is taken away unread.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with its address put right."""
        said = {name: request.META.pop(name, "") for name in FORWARDED}
        trusted = [ip_network(text) for text in settings.CONSOLE.trusted_proxies]
        peer = address_of(request.META.get("REMOTE_ADDR", ""))
        if trusted and peer is not None and _within(peer, trusted):
            found = client_of(peer, said["HTTP_X_FORWARDED_FOR"], trusted=trusted)
            request.META["REMOTE_ADDR"] = str(found)
            if said["HTTP_X_FORWARDED_PROTO"].rsplit(",", 1)[-1].strip().lower() == "https":
                request.META["wsgi.url_scheme"] = "https"
        return self._get_response(request)


def client_of(peer: Address, forwarded: str, *, trusted: Networks) -> Address:
    """The address nearest to us that is not of a trusted proxy, by X-Forwarded-For.

    Each proxy adds whom it heard from at the right. What stands left of the first address that is
    not trusted was written by that sender, and is not read. Where the header ends or makes no
    sense, the proxy that wrote so far is the sender.
    """
    found = peer
    for written in reversed(forwarded.split(",")[-HOPS_MAX:]):
        said = address_of(written.strip())
        if said is None:
            break
        found = said
        if not _within(said, trusted):
            break
    return found


def address_of(written: str) -> Address | None:
    """An address as it is written, with or without a port; None for anything else."""
    port = _WITH_PORT.fullmatch(written)
    try:
        found = ip_address(port[1] or port[2] if port else written)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _within(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)
