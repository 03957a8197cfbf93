"""A data directory read without its service: what it holds, and whether it is whole."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hosting import Site

from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.journal.second_place import second_place
from fengkong.journal.verification import verify_journal
from fengkong.ledger.notes import Signer
from fengkong.protection.guarded_files import read_guarded
from fengkong.service.deciding import recorded_answer
from fengkong.service.opening import OpenJournal, open_for_reading
from fengkong.service.settings import Settings, load_settings
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import activations, fold, in_force, restored
from fengkong.service.states.replaying import replay


@dataclass
class Held:
    """What a journal holds: every answer by event id, the number of its entries."""

    answers: dict[str, bytes]
    entries: int


@contextlib.contextmanager
def opened(site: Site) -> Iterator[tuple[Settings, OpenJournal]]:
    settings = load_settings(site.data, given=site.given)
    parts = open_for_reading(settings, environment=os.environ)
    try:
        yield settings, parts
    finally:
        parts.close()


def verified(site: Site) -> Held:
    """Everything in a journal, verified: chain, tree, signatures, second place, ids once."""
    with opened(site) as (settings, parts):
        key, _ = read_guarded(settings.keys / "ledger.key")
        signer = Signer.parse(key.decode().strip())
        verify_journal(
            parts.reading,
            verifier=signer.verifier,
            places=[second_place(text) for text in settings.places],
            each_subject=parts.vault.check_key,
        )
        answers: dict[str, bytes] = {}
        times: Counter[str] = Counter()
        head = parts.reading.head().sequence
        for entries in parts.history.chunks(after=0, upto=head):
            for entry in entries:
                leaf, sealed = parts.history.open(entry)
                if sealed is not None and leaf.event is not None:
                    times[leaf.event] += 1
                    answers[leaf.event] = recorded_answer(leaf, sealed).body
        twice = [event for event, count in times.items() if count > 1]
        assert not twice, twice[:5]
        return Held(answers, head)


def check_state(site: Site, probes: list[bytes]) -> None:
    """A state from the snapshots decides as one folded from the first entry, to the byte."""
    decoder = Decoder(shipped_catalogue())
    with opened(site) as (_, parts):
        head = parts.reading.head().sequence
        live, _ = in_force(activations(parts.history, upto=head), at=head + 1)
        assert live is not None
        assert live.text is not None
        quick = restored(live.text, history=parts.history, snapshots=parts.snapshots, upto=head)
        clean = Lane.begin(live.text)
        fold(clean, history=parts.history, after=0, upto=head)
        for probe in probes:
            one, other = (lane.judge(decoder.decode(probe)).decision for lane in (quick, clean))
            assert one is not None
            assert other is not None
            assert one.to_json() == other.to_json()
        replay(parts.history, upto=head)


def missing(acknowledged: dict[str, bytes], held: Held) -> list[str]:
    """Acknowledged answers that the journal does not hold, or holds otherwise."""
    return [name for name, body in acknowledged.items() if held.answers.get(name) != body]


def files_below(*folders: Path) -> list[Path]:
    """Every file of some folders, in order."""
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
