"""Entries of the journal as the read model takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from fengkong.console.entities.kinds import CALLED, KIND_OF_FIELD, NAME
from fengkong.console.journaled.parts import Running
from fengkong.console.journaled.seen import (
    SeenActivation,
    SeenCall,
    SeenDecision,
    SeenEntries,
    SeenErasure,
    SeenLabel,
    SeenListChange,
    SeenListHit,
    SeenNames,
    SeenWay,
)
from fengkong.console.lists.declared import DeclaredList, lists_at, lists_of_policy, live_lists
from fengkong.events.event import Event
from fengkong.journal.entries import Entry, Leaf
from fengkong.journal.history import EVENT_KINDS, Activation, History, Sealed, decode_sealed
from fengkong.protection.subjects import subject_text
from fengkong.protection.vault import Vault

LABEL: Final = "label.confirmed"
"""The type of events that say the truth about others."""
LIST_CHANGED: Final = "list.changed"
"""The type of events that put a value on a list or take it off."""
AMOUNTS: Final = ("amount", "loan_amount", "insured_amount", "principal_amount")
"""The fields of which the first that an event has is its amount."""
Names = Mapping[str, tuple[str, int]]
"""Name and version of the policies that had a part, by hash."""


class _Hit(msgspec.Struct):
    rule: str


class _Scored(msgspec.Struct):
    probability: float


class _Decided(msgspec.Struct):
    """What a list of decisions shows; the rest is skipped while decoding."""

    event_type: str
    occurred_at: int
    outcome: str
    points: float
    hits: tuple[_Hit, ...]
    policy: str
    policy_version: int
    models: tuple[_Scored, ...] = ()


class _Opened(NamedTuple):
    entry: Entry
    leaf: Leaf
    sealed: Sealed | None


_NAMED: Final = tuple(KIND_OF_FIELD.items())
_decode_decided: Final = msgspec.json.Decoder(_Decided).decode


@dataclass(slots=True)
class Known:
    """What is known of policies before some entries are read, and learns what these activate.

    `names` are name and version of those that ever had a part, by hash; `running` has one now.
    """

    names: dict[str, tuple[str, int]]
    running: Running


def seen_of(entries: Sequence[Entry], *, after: int, history: History, known: Known) -> SeenEntries:
    """What entries hold that follow `after`; `known` is what is known of policies up to there."""
    leaves = [history.leaf(entry) for entry in entries]
    last = leaves[-1]
    seen = SeenEntries(
        journal=history.reading.identity.hex(), after=after, upto=last.sequence, at=last.at
    )
    of_canaries: set[int] = set()
    for leaf, entry in zip(leaves, entries, strict=True):
        if leaf.kind == "policy":
            said = history.activation(entry)
            known.running = known.running.after(said)
            seen.activations.append(_activation(said, leaf))
            if said.hash is not None:
                known.names[said.hash] = (said.name or "", said.version or 0)
        elif leaf.kind == "decision" and known.running.is_canary(leaf.policy):
            of_canaries.add(leaf.sequence)
        elif leaf.kind == "erasure" and leaf.subject is not None:
            history.vault.forget(bytes.fromhex(leaf.subject))
            seen.erasures.append(SeenErasure(leaf.subject, leaf.sequence, leaf.at))
    live: dict[str, DeclaredList] = {}
    activated = {one.policy_hash: one.sequence for one in seen.activations}
    for opened in _opened(zip(entries, leaves, strict=True), history=history):
        if opened.sealed is not None:
            event = opened.sealed.understood
            seen.calls.extend(_calls(opened.leaf, event, vault=history.vault))
        if opened.leaf.kind == "decision":
            of_canary = opened.leaf.sequence in of_canaries
            seen.decisions.append(_decision(opened, names=known.names, of_canary=of_canary))
            if opened.sealed is not None:
                seen.names.append(
                    _names(opened.leaf, opened.sealed.understood, vault=history.vault)
                )
                seen.ways.append(_way(opened.leaf, opened.sealed.understood))
            seen.list_hits.extend(_list_hits(opened, seen.decisions[-1], activated=activated))
        elif opened.sealed is not None and opened.sealed.understood.type == LIST_CHANGED:
            live = live or _lists_by(activated)
            seen.list_changes.append(_list_change(opened, lists=live))
        elif opened.sealed is not None and opened.sealed.understood.type == LABEL:
            label = _label(opened.sealed.understood, opened.leaf)
            if label is not None:
                seen.labels.append(label)
    return seen


def _opened(pairs: Iterable[tuple[Entry, Leaf]], *, history: History) -> Iterable[_Opened]:
    """The entries of events in the clear, opened together."""
    wanted = [(entry, leaf) for entry, leaf in pairs if leaf.kind in EVENT_KINDS]
    plain = history.vault.open_many(
        (entry.payload, leaf.subject or "", leaf.sequence) for entry, leaf in wanted
    )
    for (entry, leaf), content in zip(wanted, plain, strict=True):
        yield _Opened(entry, leaf, None if content is None else decode_sealed(content))


def _decision(opened: _Opened, *, names: Names, of_canary: bool) -> SeenDecision:
    leaf, sealed = opened.leaf, opened.sealed
    if sealed is None or sealed.decision is None:
        return _erased(leaf, names=names)._replace(by_canary=of_canary)
    decided = _decode_decided(sealed.decision)
    amount = _amount(sealed.understood)
    return SeenDecision(
        sequence=leaf.sequence,
        event_id=leaf.event or "",
        event_type=decided.event_type,
        subject=leaf.subject or "",
        occurred_at=decided.occurred_at,
        recorded_at=leaf.at,
        outcome=decided.outcome,
        points=decided.points,
        probability=decided.models[0].probability if decided.models else None,
        amount_minor=amount,
        currency="" if amount is None else sealed.understood.currency or "",
        policy=decided.policy,
        policy_version=decided.policy_version,
        policy_hash=leaf.policy or "",
        rules=tuple(hit.rule for hit in decided.hits),
        degraded=leaf.degraded,
        late=leaf.late,
        erased=False,
        shadow_outcome=leaf.shadow or "",
        by_canary=of_canary,
    )


def _names(leaf: Leaf, event: Event, *, vault: Vault) -> SeenNames:
    """Whom an event names, blind: the index of a customer is that of the subject they are."""
    values = event.values
    return SeenNames(
        leaf.sequence,
        tuple(
            (name, vault.subject(subject_text(value, entity=entity)))
            for name, entity in _NAMED
            if isinstance(value := values.get(name), str)
        ),
    )


def _calls(leaf: Leaf, event: Event, *, vault: Vault) -> Iterable[SeenCall]:
    """The names by which an event calls entities, each with the entity."""
    values = event.values
    for field, named in CALLED.items():
        if not isinstance(text := values.get(field), str):
            continue
        name = vault.subject(subject_text(text, entity=NAME))
        by = bytes.fromhex(leaf.subject or "")
        for one in named:
            if isinstance(value := values.get(one), str):
                entity = vault.subject(subject_text(value, entity=KIND_OF_FIELD[one]))
                yield SeenCall(name, entity, by)


def _erased(leaf: Leaf, *, names: Names) -> SeenDecision:
    """What the leaf alone tells."""
    name, version = names.get(leaf.policy or "", ("", 0))
    return SeenDecision(
        sequence=leaf.sequence,
        event_id=leaf.event or "",
        event_type="",
        subject="",
        occurred_at=leaf.at,
        recorded_at=leaf.at,
        outcome=leaf.outcome or "",
        points=0.0,
        probability=None,
        amount_minor=None,
        currency="",
        policy=name,
        policy_version=version,
        policy_hash=leaf.policy or "",
        rules=(),
        degraded=leaf.degraded,
        late=leaf.late,
        erased=True,
        shadow_outcome=leaf.shadow or "",
    )


def _amount(event: Event) -> int | None:
    for name in AMOUNTS:
        value = event.values.get(name)
        if isinstance(value, int):
            return value
    return None


def _label(event: Event, leaf: Leaf) -> SeenLabel | None:
    """A label about one event; those about a subject name none."""
    about, is_fraud = event.values.get("event"), event.values.get("is_fraud")
    if not isinstance(about, str) or not isinstance(is_fraud, bool):
        return None
    loss, recovered = (_minor(event, name) for name in ("loss_amount", "recovered_amount"))
    return SeenLabel(
        event_id=about,
        is_fraud=is_fraud,
        kind=_word(event, "label_kind"),
        at=event.occurred_at,
        sequence=leaf.sequence,
        source=_word(event, "label_source"),
        scenario=_word(event, "scenario"),
        loss_minor=loss,
        recovered_minor=recovered,
        currency=event.currency or "",
    )


def _way(leaf: Leaf, event: Event) -> SeenWay:
    """How an event came, and how it was authenticated."""
    second = _word(event, "second_factor")
    single = second == "none" or _word(event, "authentication_method")
    abroad = event.values.get("cross_border")
    return SeenWay(
        sequence=leaf.sequence,
        channel=_word(event, "channel"),
        method=_word(event, "payment_method") or _word(event, "withdrawal_method"),
        authentication="strong" if second not in ("", "none") else "single" if single else "",
        reach="" if not isinstance(abroad, bool) else "cross_border" if abroad else "domestic",
    )


def _word(event: Event, name: str) -> str:
    value = event.values.get(name)
    return value if isinstance(value, str) else ""


def _minor(event: Event, name: str) -> int | None:
    value = event.values.get(name)
    return value if isinstance(value, int) else None


def _list_change(opened: _Opened, *, lists: Mapping[str, DeclaredList]) -> SeenListChange:
    """A change of a list, as the engine took it."""
    assert opened.sealed is not None, "it was opened"
    event = opened.sealed.understood
    name = str(event.values.get("list", ""))
    declared = lists.get(name)
    return SeenListChange(
        event_id=event.id,
        sequence=opened.leaf.sequence,
        list_name=name,
        entity="" if declared is None else declared.entity,
        operation=str(event.values.get("operation", "")),
        value=str(event.values.get("value", "")),
        reason=str(event.values.get("reason", "")),
        author=str(event.values.get("author", "")),
        at=event.occurred_at,
        starts=_instant(event.values.get("starts_at")),
        expires=_instant(event.values.get("expires_at")),
    )


def _lists_by(activated: Mapping[str, int]) -> dict[str, DeclaredList]:
    """The lists there are, with those of policies that the read model does not know yet."""
    found = live_lists()
    for sequence in sorted(activated.values()):
        found |= lists_at(sequence).lists
    return found


def _list_hits(
    opened: _Opened, decision: SeenDecision, *, activated: Mapping[str, int]
) -> Iterable[SeenListHit]:
    """The values for which rules that hit had asked a list."""
    if not decision.rules or opened.sealed is None:
        return
    by_rule = lists_of_policy(decision.policy_hash, activated=activated).by_rule
    asked = {pair for rule in decision.rules for pair in by_rule.get(rule, ())}
    for list_name, field in asked:
        value = opened.sealed.understood.values.get(field)
        if isinstance(value, str):
            yield SeenListHit(list_name, value, decision.occurred_at)


def _instant(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _activation(said: Activation, leaf: Leaf) -> SeenActivation:
    return SeenActivation(
        *(leaf.sequence, said.role, said.cause, said.name or "", said.version),
        *(said.hash or "", leaf.at, said.share, said.by or ""),
    )
