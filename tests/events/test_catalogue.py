"""The catalogue that ships, and how a wrong one is refused."""

import re

import pytest

from fengkong.core.errors import FaultsError
from fengkong.events.catalogue import (
    ENVELOPE,
    Kind,
    UnknownTypeError,
    load_catalogue,
    shipped_catalogue,
)

CATALOGUE = shipped_catalogue()
HAN = re.compile("[\u4e00-\u9fff]")


def test_ships_the_types_of_internet_finance() -> None:
    assert CATALOGUE.type_names == (
        "customer.registered",
        "login.attempted",
        "profile.changed",
        "credential.changed",
        "device.reported",
        "payment.initiated",
        "transfer.initiated",
        "withdrawal.requested",
        "deposit.received",
        "project.invested",
        "project.paid_out",
        "refund.requested",
        "loan.applied",
        "loan.drawn",
        "loan.repaid",
        "loan.restructured",
        "loan.written_off",
        "fund.subscribed",
        "fund.redeemed",
        "insurance.purchased",
        "insurance.claimed",
        "trade.placed",
        "complaint.filed",
        "complaint.closed",
        "list.changed",
        "label.confirmed",
    )


def test_a_payment_needs_nothing_but_an_amount() -> None:
    assert CATALOGUE.types["payment.initiated"].required == {"amount"}


@pytest.mark.parametrize("name", CATALOGUE.fields)
def test_every_field_is_described_in_both_languages(name: str) -> None:
    field = CATALOGUE.fields[name]
    for text in (field.title, field.description):
        assert HAN.search(text.zh)
        assert text.en[0].isupper() or text.en.startswith(name)
        assert not HAN.search(text.en)


@pytest.mark.parametrize("name", CATALOGUE.types)
def test_every_type_uses_declared_fields(name: str) -> None:
    event_type = CATALOGUE.types[name]
    assert event_type.fields <= CATALOGUE.fields.keys()
    assert not event_type.fields & set(ENVELOPE)
    assert not event_type.required & event_type.optional


def test_no_field_carries_secrets() -> None:
    secret = re.compile("password|cvv|cvc|track|pin_|biometric|verification_code")
    assert not [name for name in CATALOGUE.fields if secret.search(name)]


def test_every_field_stands_in_some_type() -> None:
    used = frozenset().union(*(event_type.fields for event_type in CATALOGUE.types.values()))
    assert used == CATALOGUE.fields.keys()


def test_truth_is_marked_as_such() -> None:
    assert CATALOGUE.fields["is_fraud"].label
    assert "is_fraud" in CATALOGUE.types["label.confirmed"].required


def test_identifying_fields_have_a_personal_class() -> None:
    for name in ("id_number", "phone", "email", "full_name", "address", "amount", "card"):
        assert CATALOGUE.fields[name].personal == "C2"


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(UnknownTypeError, match=r"did you mean 'payment\.initiated'"):
        CATALOGUE.event_type("payment.iniated")


TITLES = "title: {zh: 字, en: Word}, description: {zh: 字, en: Word}"
GOOD_TYPES = f"groups: {{}}\ntypes:\n  a.happened: {{required: [amount], optional: [], {TITLES}}}\n"


def test_a_small_catalogue_is_enough() -> None:
    catalogue = load_catalogue(fields=f"amount: {{kind: money, {TITLES}}}\n", types=GOOD_TYPES)
    assert catalogue.fields["amount"].kind is Kind.MONEY
    assert catalogue.type_names == ("a.happened",)


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ("kind: monney", "did you mean 'money'"),
        ("kind: money, personal: C3", "C3 must never be a field"),
        ("kind: money, entity: card", "an entity field"),
        ("kind: entity", "an entity field"),
        ("kind: text, values: [a]", "for a category"),
        ("kind: category, values: [a, a]", "different words"),
        ("kind: text, minimum: 1", "for a number"),
        ("kind: number, minimum: low", "for a number"),
        ("kind: text, length_max: 0", "1 to 4096"),
        ("kind: number, length_max: 9", "1 to 4096"),
        ("kind: text, pattern: '['", "regular expression"),
        ("kind: number, signed: true", "for money only"),
        ("kind: number, label: 1", "true or absent"),
        ("kind: number, maximun: 1", "did you mean 'maximum'"),
    ],
)
def test_a_wrong_field_says_why_and_where(declaration: str, message: str) -> None:
    fields = f"# a comment\namount: {{{declaration}, {TITLES}}}\n"
    with pytest.raises(FaultsError) as caught:
        load_catalogue(fields=fields, types=GOOD_TYPES)
    faults = [fault for fault in caught.value.faults if fault.source == "fields.yaml"]
    assert any(message in fault.message for fault in faults), faults
    assert {fault.line for fault in faults} == {2}


def test_all_faults_come_at_once() -> None:
    with pytest.raises(FaultsError) as caught:
        load_catalogue(
            fields="a: {kind: monney}\nb: 3\nType: {kind: text}\n",
            types="groups: {x: [q]}\ntypes:\n  pay: {required: [a, a]}\n",
        )
    assert caught.value.total == len(caught.value.faults) >= 9
