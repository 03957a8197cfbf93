"""Sealing: an envelope opens in its own place and nowhere else; an erased subject stays erased."""

import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengkong.protection.errors import (
    ErasedSubjectError,
    TamperedEnvelopeError,
    TamperedFileError,
    TamperedKeyError,
)
from fengkong.protection.vault import Vault

AT = 1_800_000_000_000_000
BODY = b'{"customer":"C1","phone":"+8613800138000"}'


def committed(vault: Vault, store: object) -> None:
    """What the journal does after a batch."""
    keys = vault.drain_new_keys(at=AT)
    store.add(keys)
    vault.settle(keys)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(plaintext=st.binary(max_size=3000), sequence=st.integers(0, 2**63 - 1), text=st.text())
def test_what_was_sealed_opens(vault: Vault, plaintext: bytes, sequence: int, text: str) -> None:
    subject = vault.subject("customer:" + text.encode("utf-8", "replace").decode())
    envelope = vault.seal(plaintext, subject=subject, sequence=sequence)
    assert vault.open(envelope, subject=subject, sequence=sequence) == plaintext
    assert len(envelope) == 38 + len(plaintext)


def test_an_envelope_opens_after_a_restart(make_vault: Callable[..., Vault], store: object) -> None:
    vault = make_vault()
    subject = vault.subject("customer:C1")
    envelope = vault.seal(BODY, subject=subject, sequence=7)
    committed(vault, store)
    assert make_vault().open(envelope, subject=subject, sequence=7) == BODY
    assert make_vault().subject("customer:C1") == subject
    assert make_vault().received(BODY) == vault.received(BODY)


def test_the_same_plaintext_is_never_sealed_alike(vault: Vault) -> None:
    subject = vault.subject("customer:C1")
    assert len({vault.seal(BODY, subject=subject, sequence=1) for _ in range(100)}) == 100


@pytest.mark.parametrize("place", ["sequence", "subject", "journal"])
def test_a_swapped_envelope_is_refused(
    make_vault: Callable[..., Vault], store: object, place: str
) -> None:
    vault = make_vault()
    first, second = vault.subject("customer:C1"), vault.subject("customer:C2")
    envelope = vault.seal(BODY, subject=first, sequence=7)
    vault.seal(BODY, subject=second, sequence=8)
    committed(vault, store)
    if place == "journal":
        # Another journal cannot even open the keys it was given.
        with pytest.raises(TamperedKeyError):
            make_vault(b"another journal!")
        return
    swapped = {"sequence": (first, 8), "subject": (second, 7)}[place]
    with pytest.raises(TamperedEnvelopeError):
        vault.open(envelope, subject=swapped[0], sequence=swapped[1])


def test_an_envelope_of_another_journal_is_refused(vault: Vault, algorithm: str) -> None:
    other = Vault(
        store=vault._store, masters=vault._masters, journal_id=vault._journal, algorithm=algorithm
    )
    subject = vault.subject("customer:C1")
    envelope = vault.seal(BODY, subject=subject, sequence=1)
    other._keys.put(subject, vault._keys.get(subject))
    assert other.open(envelope, subject=subject, sequence=1) == BODY
    other._journal = b"another journal!"
    with pytest.raises(TamperedEnvelopeError):
        other.open(envelope, subject=subject, sequence=1)


def test_every_flipped_bit_is_refused(vault: Vault) -> None:
    subject = vault.subject("customer:C1")
    envelope = vault.seal(b"C1", subject=subject, sequence=1)
    for bit in range(8 * len(envelope)):
        flipped = bytearray(envelope)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TamperedEnvelopeError):
            vault.open(bytes(flipped), subject=subject, sequence=1)


def test_every_cut_and_every_tail_is_refused(vault: Vault) -> None:
    subject = vault.subject("customer:C1")
    envelope = vault.seal(b"C1", subject=subject, sequence=1)
    for wrong in [envelope[:length] for length in range(len(envelope))] + [envelope + b"\0"]:
        with pytest.raises(TamperedEnvelopeError):
            vault.open(wrong, subject=subject, sequence=1)


def test_a_subject_without_a_key_is_refused(vault: Vault) -> None:
    with pytest.raises(TamperedEnvelopeError, match="has no key"):
        vault.open(bytes(60), subject=bytes(16), sequence=1)


def test_every_flipped_bit_of_a_wrapped_key_is_refused(
    make_vault: Callable[..., Vault], store: object
) -> None:
    vault = make_vault()
    subject = vault.subject("customer:C1")
    envelope = vault.seal(b"C1", subject=subject, sequence=1)
    committed(vault, store)
    record = store.keys[subject]
    reader = make_vault()
    for bit in range(8 * len(record.wrapped)):
        flipped = bytearray(record.wrapped)
        flipped[bit // 8] ^= 1 << bit % 8
        store.keys[subject] = type(record)(
            subject=subject,
            key_id=record.key_id,
            master_id=record.master_id,
            wrapped=bytes(flipped),
            created_at=AT,
        )
        with pytest.raises(TamperedKeyError):
            reader.open(envelope, subject=subject, sequence=1)


def test_an_erased_subject_is_gone_and_nothing_brings_it_back(
    make_vault: Callable[..., Vault], store: object
) -> None:
    vault = make_vault()
    subject = vault.subject("customer:C1")
    envelope = vault.seal(BODY, subject=subject, sequence=1)
    keys = vault.drain_new_keys(at=AT)
    store.add(keys)
    vault.settle(keys)
    assert vault.erase(subject, at=AT + 1)
    assert not vault.erase(subject, at=AT + 2)
    store.rewrap(keys)  # a rotation that had read the key before
    store.add(keys)  # a batch that is staged again
    for one in (vault, make_vault()):
        with pytest.raises(ErasedSubjectError):
            one.open(envelope, subject=subject, sequence=1)
        with pytest.raises(ErasedSubjectError):
            one.seal(BODY, subject=subject, sequence=2)
    assert store.keys[subject].wrapped is None
    assert store.keys[subject].destroyed_at == AT + 1
    assert make_vault().drain_new_keys(at=AT) == []


def test_erasing_one_leaves_the_others(make_vault: Callable[..., Vault], store: object) -> None:
    vault = make_vault()
    subjects = [vault.subject(f"customer:C{number}") for number in range(3)]
    envelopes = [vault.seal(BODY, subject=one, sequence=1) for one in subjects]
    committed(vault, store)
    vault.erase(subjects[1], at=AT)
    assert vault.open(envelopes[0], subject=subjects[0], sequence=1) == BODY
    assert make_vault().open(envelopes[2], subject=subjects[2], sequence=1) == BODY


def test_a_new_key_is_handed_out_once_and_used_until_then(vault: Vault, store: object) -> None:
    subject = vault.subject("customer:C1")
    envelope = vault.seal(BODY, subject=subject, sequence=1)
    keys = vault.drain_new_keys(at=AT)
    assert [(key.subject, key.created_at, key.destroyed_at) for key in keys] == [
        (subject, AT, None)
    ]
    assert vault.drain_new_keys(at=AT) == []
    vault._keys.clear()  # many other subjects came while the commit was under way
    assert vault.seal(BODY, subject=subject, sequence=2)[:10] == envelope[:10]
    vault.take_back(keys)
    assert vault.drain_new_keys(at=AT) == keys
    store.add(keys)
    vault.settle(keys)
    vault._keys.clear()
    assert vault.open(envelope, subject=subject, sequence=1) == BODY


def test_memory_is_bounded(vault: Vault, store: object, monkeypatch: pytest.MonkeyPatch) -> None:
    vault._keys._capacity = 10
    for number in range(100):
        vault.seal(BODY, subject=vault.subject(f"customer:{number}"), sequence=number)
        committed(vault, store)
    assert len(vault._keys._young) + len(vault._keys._old) <= 20
    assert not vault._unsettled
    assert not vault._fresh


def test_plain_payloads_are_told_from_sealed_ones(vault: Vault) -> None:
    subject = vault.subject("customer:C1")
    plain = vault.seal_plain(BODY)
    assert vault.open_plain(plain) == BODY
    with pytest.raises(TamperedEnvelopeError):
        vault.open_plain(vault.seal(BODY, subject=subject, sequence=1))
    with pytest.raises(TamperedEnvelopeError):
        vault.open(plain + bytes(60), subject=subject, sequence=1)


@pytest.mark.parametrize("length", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20])
def test_a_sealed_file_opens(vault: Vault, length: int) -> None:
    content = bytes(length)
    sealed, plain = io.BytesIO(), io.BytesIO()
    vault.seal_file(io.BytesIO(content), sealed, context="snapshot:7")
    vault.open_file(io.BytesIO(sealed.getvalue()), plain, context="snapshot:7")
    assert plain.getvalue() == content


def test_a_sealed_file_that_was_touched_is_refused(vault: Vault) -> None:
    sealed = io.BytesIO()
    vault.seal_file(io.BytesIO(b"state"), sealed, context="snapshot:7")
    data = sealed.getvalue()
    wrongs = [data[:length] for length in range(len(data))] + [data + b"\0", data + data[40:]]
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        wrongs.append(bytes(flipped))
    for wrong in wrongs:
        with pytest.raises(TamperedFileError):
            vault.open_file(io.BytesIO(wrong), io.BytesIO(), context="snapshot:7")
    with pytest.raises(TamperedFileError):
        vault.open_file(io.BytesIO(data), io.BytesIO(), context="snapshot:8")


def test_chunks_cannot_be_dropped_or_moved(vault: Vault) -> None:
    sealed = io.BytesIO()
    vault.seal_file(io.BytesIO(bytes(3 * 2**20)), sealed, context="snapshot:7")
    data, chunk = sealed.getvalue(), 2**20 + 16
    head, chunks = data[:40], [data[40 + i * chunk : 40 + (i + 1) * chunk] for i in range(3)]
    for order in ([0, 1], [0, 2], [1, 0, 2], [0, 1, 2, 2], [2]):
        wrong = head + b"".join(chunks[i] for i in order)
        with pytest.raises(TamperedFileError):
            vault.open_file(io.BytesIO(wrong), io.BytesIO(), context="snapshot:7")


def test_a_key_that_is_ensured_needs_no_store_to_seal(
    make_vault: Callable[..., Vault], store: object
) -> None:
    vault = make_vault()
    subject = vault.subject("customer:C1")
    vault.ensure_key(subject)
    vault.ensure_key(subject)
    vault._store = vault._masters = None  # both are away now
    envelope = vault.seal(BODY, subject=subject, sequence=1)
    store.add(vault.drain_new_keys(at=AT))
    assert len(store.keys) == 1
    assert make_vault().open(envelope, subject=subject, sequence=1) == BODY
