"""One person, one blind index: the spellings that are one, and those that are not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fengkong.events.event import Event
from fengkong.protection.normal_forms import folded, normal_form, plain
from fengkong.protection.subjects import NOBODY, SUBJECT_ENTITIES, subject_of, subject_text
from fengkong.protection.vault import Vault

SAME = [
    (
        "phone",
        """+8613800138000 | +86 138-0013-8000 | 13800138000 | 138 0013 8000 | 0086 138 0013 8000
        | +86-138-0013-8000 | (+86)13800138000 | ＋８６１３８００１３８０００
        | １３８００１３８０００        | 8613800138000 | +86 138.0013.8000 | 138—0013—8000
        | \u200b13800138000 | +86\u00a0138 0013 8000""",
    ),
    ("phone", "+861012345678 | 010-12345678 | (010) 1234 5678 | +86 (0)10 1234 5678"),
    ("phone", "+14155550100 | +1 (415) 555-0100 | 0014155550100"),
    (
        "email",
        "li.lei@example.com | Li.Lei@Example.COM"
        "| ｌｉ．ｌｅｉ＠ｅｘａｍｐｌｅ．ｃｏｍ | li.lei@example.com ",
    ),
    (
        "email",
        "strasse@example.com | STRASSE@example.com | straße@example.com | STRAẞE@EXAMPLE.COM",
    ),
    ("email", "ilk@example.com | ILK@example.com | İLK@example.com | ılk@example.com"),
    (
        "id_number",
        "11010519491231002X | 11010519491231002x | 110105 19491231 002x"
        "| １１０１０５１９４９１２３１００２Ｘ",
    ),
    ("id_number", "11010519491231002X | 110105491231002"),
    ("id_number", "E12345678 | e12345678 | Ｅ１２３４５６７８"),
    ("id_number", "U¨ | Ü | u\u0308"),
    ("card", "6222021234567890123 | 6222 0212 3456 7890 123 | 6222-0212-3456-7890-123"),
    ("employer", "Straße GmbH | STRASSE  GMBH | straße\u200b gmbh"),
    ("full_name", "Ａdmin | admin\u200b | ADMIN"),
    ("customer", "Ｃ1 | C1 | C1\u200b | C1"),
]
DIFFERENT = [
    ("customer", "C1", "c1"),
    ("phone", "13800138000", "13800138001"),
    ("phone", "+13800138000", "13800138000"),
    ("phone", "138****8000", "13800138000"),
    ("email", "li.lei@example.com", "lilei@example.com"),
    ("email", "li+a@example.com", "li@example.com"),
    ("id_number", "110105491331002", "11010519491331002X"),
    ("id_number", "110105194912310021", "11010519491231002X"),
    ("card", "tok-1", "tok1"),
]


@pytest.mark.parametrize(("entity", "spellings"), SAME)
def test_spellings_of_one(vault: Vault, entity: str, spellings: str) -> None:
    values = [part.strip("\n ") for part in spellings.split("|")]
    assert len({vault.token(entity=entity, value=value) for value in values}) == 1, [
        normal_form(value, entity=entity) for value in values
    ]
    assert len({subject_text(value, entity=entity) for value in values}) == 1


@pytest.mark.parametrize(("entity", "one", "other"), DIFFERENT)
def test_two_are_two(vault: Vault, entity: str, one: str, other: str) -> None:
    assert vault.token(entity=entity, value=one) != vault.token(entity=entity, value=other)


def test_entities_do_not_mix(vault: Vault) -> None:
    value = "13800138000"
    entities = ["phone", "card", "customer", "account"]
    tokens = {vault.token(entity=entity, value=value) for entity in entities}
    assert len(tokens | {vault.subject(f"phone:{value}")}) == 5


def test_another_journal_has_other_indexes(vault: Vault, algorithm: str) -> None:
    store = type(vault._store)()
    other = Vault(store=store, masters=vault._masters, journal_id=b"j" * 16, algorithm=algorithm)
    assert other.token(entity="phone", value="1") != vault.token(entity="phone", value="1")
    assert other.subject("customer:C1") != vault.subject("customer:C1")
    assert other.received(b"body") != vault.received(b"body")


@given(text=st.text(max_size=60), entity=st.sampled_from([*SUBJECT_ENTITIES, "address"]))
@example(text="U¨", entity="id_number")
@example(text="u ¨", entity="email")
@example(text="A\u200d\u0308", entity="customer")
@example(text="ı\u0307", entity="email")
@example(text="0000123", entity="phone")
@example(text="+8600123", entity="phone")
def test_a_form_never_fails_and_is_settled(text: str, entity: str) -> None:
    form = normal_form(text, entity=entity)
    assert normal_form(form, entity=entity) == form


@given(text=st.text(max_size=60))
@example(text="A\u200d\u0308")
@example(text="i\u0307\u0307")
def test_the_fold_is_settled(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert plain(plain(text)) == plain(text)


def event(**values: object) -> Event:
    return Event(type="payment.initiated", id="e1", occurred_at=0, values=values)


@pytest.mark.parametrize(
    ("values", "subject"),
    [
        ({"customer": "C1", "card": "6222", "phone": "1"}, "customer:C1"),
        ({"device": "d", "account": "A", "card": "6222"}, "account:A"),
        ({"phone": "138 0013 8000"}, "phone:+8613800138000"),
        ({"email": "A@B.C", "device": "d"}, "email:a@b.c"),
        ({"merchant": "m", "device": "d"}, "device:d"),
        ({"ip": "10.0.0.1"}, "ip:10.0.0.1"),
        ({"amount": 100, "channel": "app"}, NOBODY),
        ({}, NOBODY),
    ],
)
def test_subject_of_an_event(values: dict[str, object], subject: str) -> None:
    assert subject_of(event(**values)) == subject


def test_nobody_cannot_be_a_customers_name() -> None:
    assert subject_of(event(customer="nobody")) != NOBODY
