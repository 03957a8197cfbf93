"""Whether the ledger is what was recorded: every entry, its chain, the tree, what was signed.

A verification goes over the entries in order, a chunk at a time, and keeps where it is, so that a
screen can show how far it came and go on. It ends with the first thing that is wrong, or intact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.findings import Finding, Kind
from fengkong.console.audit.guarded_tables import entries_are_guarded
from fengkong.console.audit.models import AuditCheckpoint, AuditEntry, Verification
from fengkong.console.audit.recording import FIRST_PREVIOUS, record
from fengkong.console.audit.tree import head, places, signer, stored_tile, tiles_of
from fengkong.console.audit.walking import Walk
from fengkong.core.errors import RiskError
from fengkong.journal.second_place import SecondPlace
from fengkong.ledger.hashes import SHA256
from fengkong.ledger.notes import Checkpoint, VerifierKey, open_checkpoint
from fengkong.ledger.proofs import root_at
from fengkong.ledger.tiles import MissingTileError
from fengkong.ledger.tree import Frontier

STEP: Final = 4_000
"""Entries that one step goes over: about a third of a second."""


def begin(actor: str) -> Verification:
    """A new verification of all entries there are now."""
    with transaction.atomic():
        begun = Verification.objects.create(
            started_by=actor,
            upto=head(),
            previous=FIRST_PREVIOUS,
            frontier=Frontier(SHA256).save(),
        )
        record(actor, "start_verification", target_kind="ledger", target=str(begun.upto))
    return begun


def step(verification: Verification, *, entries: int = STEP) -> Verification:
    """Go on over so many entries; nothing is done where it has ended."""
    with transaction.atomic():
        current = Verification.objects.select_for_update().get(pk=verification.pk)
        if current.state != Verification.State.RUNNING:
            return current
        finding = None if current.done else _at_the_start(current)
        finding = finding or _walk(current, entries=entries)
        if finding is None and current.done >= current.upto:
            finding = _at_the_end(current)
            if finding is None:
                _end(current, Verification.State.INTACT)
        if finding is not None:
            current.finding, current.entry = finding.kind.value, finding.entry
            current.facts = {**current.facts, **finding.facts}
            _end(current, Verification.State.BROKEN)
        current.save()
    return current


def verify_all(
    actor: str, *, progress: Callable[[Verification], None] = lambda _: None
) -> Verification:
    """A verification from the first entry to the last."""
    running = begin(actor)
    while running.state == Verification.State.RUNNING:
        running = step(running, entries=5 * STEP)
        progress(running)
    return running


def _end(current: Verification, state: Verification.State) -> None:
    current.state, current.ended_at = state, timezone.now()
    current.facts["guarded"] = entries_are_guarded()
    record(
        current.started_by,
        "finish_verification",
        target_kind="ledger",
        target=str(current.upto),
        detail={"result": state.value, "finding": current.finding, "entry": current.entry},
    )


def _at_the_start(current: Verification) -> Finding | None:
    """What is wrong whatever the entries are: one before the first, or fewer than were signed."""
    early = AuditEntry.objects.filter(sequence__lt=1).order_by("sequence").first()
    if early is not None:
        return Finding(Kind.INSERTED, early.sequence)
    signed = AuditCheckpoint.objects.order_by("-size").values_list("size", flat=True).first()
    if signed is not None and signed > current.upto:
        return _first_missing(current.upto, promised=signed)
    return None


def _first_missing(upto: int, *, promised: int) -> Finding:
    """Which entry is the first that is not there, where fewer are there than were promised."""
    count = AuditEntry.objects.filter(sequence__gte=1, sequence__lte=upto).count()
    if count == upto:
        return Finding(Kind.MISSING, upto + 1, {"promised": promised})
    numbers = AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)
    for expected, number in enumerate(numbers.iterator(chunk_size=STEP), start=1):
        if number != expected:
            return Finding(Kind.MISSING, expected, {"promised": promised})
    raise AssertionError("fewer entries than the last number leave a gap")


def _walk(current: Verification, *, entries: int) -> Finding | None:
    """Go over the next entries, tiles and checkpoints, up to the first that is wrong."""
    stop = min(current.done + entries, current.upto)
    checkpoints = {
        stored.size: bytes(stored.note)
        for stored in AuditCheckpoint.objects.filter(size__gt=current.done, size__lte=stop)
    }
    walk = Walk(
        done=current.done,
        previous=current.previous,
        frontier=Frontier.restore(bytes(current.frontier), hashing=SHA256),
        suspect=current.facts.get("suspect"),
        signed_size=current.signed_size,
        verifier=signer().verifier,
        stored_tile=stored_tile,
    )
    finding = walk.over(stop=stop, checkpoints=checkpoints)
    current.done, current.previous = walk.done, walk.previous
    current.frontier, current.signed_size = walk.frontier.save(), walk.signed_size
    current.root = walk.frontier.root()
    current.facts["suspect"] = walk.suspect
    return finding


def _at_the_end(current: Verification) -> Finding | None:
    suspect = current.facts.get("suspect")
    if suspect is not None:
        return Finding(Kind.ALTERED, suspect["entry"], {"seen_by": "tile"})
    unreachable = []
    for place in places():
        try:
            note = place.newest()
        except RiskError:
            unreachable.append(str(place))
            continue
        finding = None if note is None else _by_place(current, note, place=place)
        if finding is not None:
            return finding
        if note is None and current.signed_size:
            unreachable.append(str(place))
    current.facts["unreachable"] = unreachable
    return None


def _by_place(current: Verification, note: bytes, *, place: SecondPlace) -> Finding | None:
    """What a second place holds against the ledger."""
    facts: dict[str, Any] = {"place": str(place)}
    promised = _opened(note, signer().verifier)
    if promised is None:
        return Finding(Kind.SECOND_PLACE, None, facts | {"why": "signature"})
    current.signed_size = max(current.signed_size, min(promised.size, current.upto))
    if promised.size > head():
        return Finding(Kind.MISSING, head() + 1, facts | {"promised": promised.size})
    if promised.size > current.upto:
        return None  # signed while this verification went on
    try:
        root = root_at(size=promised.size, reader=tiles_of(promised.size), hashing=SHA256)
    except MissingTileError:
        return Finding(Kind.TILE, promised.size, facts)
    if root != promised.root:
        facts |= {"why": "root", "promised": promised.size}
        return Finding(Kind.SECOND_PLACE, promised.size, facts)
    return None


def _opened(note: bytes, verifier: VerifierKey) -> Checkpoint | None:
    try:
        return open_checkpoint(note, keys=[verifier], origin=verifier.name).checkpoint
    except RiskError:
        return None
