"""Where webhooks may go, and where they may not."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.console.webhooks.destinations import (
    RefusedDestinationError,
    UnresolvedDestinationError,
    destination_of,
    is_public,
)

PUBLIC = "93.184.215.14"


def to(*addresses: str):
    return lambda _host, _port: list(addresses)


INSIDE = [
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.1"),
    *("198.18.0.1", "192.0.2.1", "203.0.113.5", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("::127.0.0.1", "::a9fe:a9fe"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(RefusedDestinationError):
        destination_of("https://hook.example.com/", resolve=to(address))
    with pytest.raises(RefusedDestinationError):
        destination_of("https://hook.example.com/", resolve=to(PUBLIC, address))


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:21f:cb07::1", "172.32.0.1"])
def test_public_addresses_are_taken(address: str) -> None:
    found = destination_of("https://hook.example.com/in?a=1", resolve=to(address))
    assert (found.connect_to, found.host, found.port, found.target, found.secure) == (
        address,
        "hook.example.com",
        443,
        "/in?a=1",
        True,
    )


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/"),
        *("https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/"),
        *("https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/meta-data/"),
    ],
)
def test_spellings_of_this_machine_are_refused_by_the_real_resolver(url: str) -> None:
    with pytest.raises((RefusedDestinationError, UnresolvedDestinationError)):
        destination_of(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "ftp://hook.example.com/", "file:///etc/passwd", "gopher://x/", "https://"),
        *("https://user@hook.example.com/", "https://u:p@hook.example.com/", "javascript:1"),
        *("https://hook.example.com/#f", "https://hook.example.com:0/", "https://h.example:99999/"),
        *("https://hook.example.com/a b", "https://hook.example.com/\r\nX: 1", "https://h\u0131/"),
        *("https://[::1", "https://a\\@b/", "https://" + "a" * 500),
    ],
)
def test_malformed_addresses_are_refused(url: str) -> None:
    with pytest.raises(RefusedDestinationError):
        destination_of(url, resolve=to(PUBLIC))


def test_plain_http_goes_nowhere_but_to_this_machine() -> None:
    with pytest.raises(RefusedDestinationError, match="without https"):
        destination_of("http://hook.example.com/", resolve=to(PUBLIC))
    with pytest.raises(RefusedDestinationError, match="without https"):
        destination_of("http://in.example/", allowed=["10.0.0.0/8"], resolve=to("10.1.1.1"))
    found = destination_of("http://localhost:81/", allowed=["127.0.0.0/8"], resolve=to("127.0.0.1"))
    assert (found.secure, found.port, found.authority) == (False, 81, "localhost:81")


def test_a_network_is_allowed_by_setting_and_only_it() -> None:
    url = "https://in.example/"
    assert destination_of(url, allowed=["10.1.0.0/16"], resolve=to("10.1.2.3"))
    for inside in ("10.2.0.1", "127.0.0.1"):
        with pytest.raises(RefusedDestinationError):
            destination_of(url, allowed=["10.1.0.0/16"], resolve=to(inside))


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254"])
def test_no_setting_allows_metadata(address: str) -> None:
    with pytest.raises(RefusedDestinationError):
        destination_of("https://in.example/", allowed=["0.0.0.0/0", "::/0"], resolve=to(address))


def test_a_name_without_an_address_is_told_apart() -> None:
    def fails(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    for resolve in (fails, to()):
        with pytest.raises(UnresolvedDestinationError):
            destination_of("https://hook.example.com/", resolve=resolve)


@given(number=st.integers(0, 2**32 - 1))
def test_an_ipv4_address_inside_ipv6_is_judged_like_itself(number: int) -> None:
    plain = ip_address(number)
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):
        assert is_public(ip_address(prefix | number)) == is_public(plain)
