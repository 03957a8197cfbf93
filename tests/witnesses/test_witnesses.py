"""A witness as a server, and a service that asks it."""

import asyncio
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import payment, send, serve, settings_of
from servers import running

from fengkong.core.errors import RiskError
from fengkong.journal.export import export_ledger
from fengkong.ledger.hashes import SHA256
from fengkong.ledger.notes import Note, Signer, VerifierKey, checkpoint_of
from fengkong.ledger.proofs import consistency_proof
from fengkong.ledger.tiles import EdgeTiles
from fengkong.ledger.tree import Frontier
from fengkong.ledger.verifier import BrokenLedgerError, verify
from fengkong.ledger.witness import Submission, cosigned_by
from fengkong.service.opening import ledger_signer, open_for_reading
from fengkong.service.witnesses.asking import Witness, kept_note
from fengkong.service.witnesses.exports import submission_of
from fengkong.service.witnesses.folder import InvalidWitnessError, WitnessFolder
from fengkong.service.witnesses.listening import witness_server

LOG = Signer.of_seed(name="log.example/1", seed=bytes(range(32)))
OTHER = Signer.of_seed(name="log.example/2", seed=bytes(32))


def submission(old: int, new: int, *, signer: Signer = LOG, salt: bytes = b"") -> Submission:
    """The checkpoint of `new` entries of a made log, with the proof from `old`."""
    tree = Frontier(SHA256)
    tree.extend([SHA256.leaf_hash(salt + bytes([number])) for number in range(new)])
    checkpoint = checkpoint_of(
        origin=signer.verifier.name, size=new, root=tree.root(), hash_name="sha256"
    )
    tiles = EdgeTiles(edge=tree.edge(), finished=lambda _level, _index: None)
    proof = consistency_proof(old=old, new=new, reader=tiles, hashing=SHA256) if old else []
    return Submission(old, tuple(proof), signer.sign_checkpoint(checkpoint))


def post(
    url: str, body: bytes, path: str = "/add-checkpoint", **headers: str
) -> tuple[int, bytes, str]:
    request = urllib.request.Request(url + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers["Content-Type"]


def opened(folder: Path, *, logs: tuple[VerifierKey, ...] = (LOG.verifier,)) -> WitnessFolder:
    return WitnessFolder.open(folder, name="witness.example/1", log_keys=logs)


def test_the_protocol(tmp_path: Path) -> None:
    folder = opened(tmp_path / "w")
    with running(witness_server(folder, host="127.0.0.1", port=0)) as url:
        status, body, _ = post(url, submission(0, 5).render())
        assert status == 200
        note = Note.parse(submission(0, 5).note + body)
        assert len(cosigned_by(note, keys=[folder.cosigner.verifier])) == 1
        assert post(url, submission(0, 9).render()) == (409, b"5\n", "text/x.tlog.size")
        assert post(url, submission(5, 9).render())[0] == 200
        assert post(url, submission(9, 9).render())[0] == 200  # again is harmless
        assert post(url, submission(9, 9, salt=b"x").render())[0] == 422  # a split view
        assert post(url, submission(5, 12, salt=b"x").render())[0] == 409
        assert post(url, submission(9, 12, salt=b"x").render())[0] == 422
        assert post(url, submission(0, 1, signer=OTHER).render())[0] == 404
        forged = Signer.of_seed(name=LOG.verifier.name, seed=bytes(32))
        assert post(url, submission(9, 12, signer=forged).render())[0] == 403
        assert post(url, b"nonsense")[0] == 400
        assert post(url, b"old 9\n\n" + bytes(70_000))[0] == 400
        assert post(url, submission(9, 12).render(), path="/other")[0] == 404
        assert post(url, submission(9, 12).render())[0] == 200
    again = opened(tmp_path / "w")
    assert again.cosigner.verifier == folder.cosigner.verifier
    assert again.known_size(LOG.verifier.name) == 12
    assert again.known_size("unknown") == 0


def test_of_many_that_grow_apart_one_is_cosigned(tmp_path: Path) -> None:
    folder = opened(tmp_path / "w")
    with running(witness_server(folder, host="127.0.0.1", port=0)) as url:
        statuses: list[int] = []

        def ask(number: int) -> None:
            statuses.append(post(url, submission(0, 7, salt=bytes([number])).render())[0])

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [200] + [409] * 7


def test_a_folder_that_is_no_witness_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidWitnessError, match="name"):
        WitnessFolder.open(tmp_path / "none", name=None, log_keys=[])
    opened(tmp_path / "w")
    (tmp_path / "w" / "witness.key").write_bytes(b"{}")
    with pytest.raises(InvalidWitnessError):
        opened(tmp_path / "w")
    for wrong in ("", "x http://a", f"{LOG.verifier} http://a", f"{LOG.verifier} ftp://a"):
        with pytest.raises(RiskError):
            Witness.parse(wrong)


class Site:
    """A service that asks a witness at an address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        serve(folder, self.nothing)  # makes the journal and its key
        self.log = ledger_signer(settings_of(folder)).verifier
        self.witness = opened(folder / "witness", logs=(self.log,))

    async def nothing(self, service: Any) -> None:
        await send(service)

    def given(self, url: str) -> dict[str, Any]:
        return {"witnesses": [f"{self.witness.cosigner.verifier} {url}"]}

    def cosigned(self, note: bytes) -> int:
        return len(cosigned_by(Note.parse(note), keys=[self.witness.cosigner.verifier]))

    def serving(self, url: str, work: Callable[[Any], Any]) -> Any:
        return serve(self.folder, work, policy=None, **self.given(url))


async def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


def test_a_service_has_its_checkpoints_cosigned(tmp_path: Path) -> None:
    site = Site(tmp_path)
    server = witness_server(site.witness, host="127.0.0.1", port=0)

    async def work(service: Any) -> None:
        alarm = service.prepared.metrics.witness_unavailable._value
        service.checkpoints._between_us = 0
        for number in range(20):
            await send(service, payment(number))
        await until(lambda: site.cosigned(service.checkpoints.newest()[0]) == 1)
        note = (await service.desk.ledger.checkpoint()).body
        assert site.cosigned(note) == 1
        assert alarm.get() == 0

    with running(server) as url:
        site.serving(url, work)

        async def more(service: Any) -> None:  # it asks anew from 0, and is told the right size
            await send(service, *(payment(number) for number in range(20, 25)))

        site.serving(url, more)
    settings = settings_of(tmp_path, **site.given(url))
    note = kept_note(settings.cosigned, verifier=site.log)
    assert note is not None
    assert note.size == 26
    reading = open_for_reading(settings, environment={})
    export_ledger(reading.reading, tmp_path / "e", verifier=site.log, cosigned=note)
    witness_key = str(site.witness.cosigner.verifier)
    shown = verify(tmp_path / "e", [str(site.log), witness_key])
    assert any(line.startswith("cosigned by witness.example/1") for line in shown)
    assert any("witness.example/1; give" in line for line in verify(tmp_path / "e", []))
    stranger = opened(tmp_path / "stranger").cosigner.verifier
    with pytest.raises(BrokenLedgerError):  # demanded, and not there
        verify(tmp_path / "e", [str(site.log), witness_key, str(stranger)])
    # The witness may also look at the export itself.
    sent = submission_of(
        tmp_path / "e", note=(tmp_path / "e" / "checkpoint").read_bytes(), known=lambda _: 13
    )
    assert (sent.old_size, len(sent.proof) > 0) == (13, True)
    reading.close()


def test_a_witness_that_is_away_costs_only_its_signature(tmp_path: Path) -> None:
    site = Site(tmp_path)

    async def work(service: Any) -> None:
        alarm = service.prepared.metrics.witness_unavailable._value
        service.checkpoints._between_us = 0
        (answer,) = await send(service, payment(1))
        assert answer.status == 200
        await until(lambda: alarm.get() == 1)
        assert service.checkpoints.newest()[1] == 2
        assert site.cosigned(service.checkpoints.newest()[0]) == 0

    site.serving("http://127.0.0.1:1", work)


def test_a_ledger_that_was_rolled_back_is_not_cosigned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path)

    async def work(service: Any) -> None:
        await send(service, *(payment(number) for number in range(9)))

    with running(witness_server(site.witness, host="127.0.0.1", port=0)) as url:
        shutil.copytree(tmp_path / "data", tmp_path / "old")
        site.serving(url, work)
        assert site.witness.known_size(site.log.name) == 10
        for name in ("data", "data.checkpoints"):
            shutil.rmtree(tmp_path / name)
        (tmp_path / "old").rename(tmp_path / "data")

        async def again(service: Any) -> None:
            await send(service, payment(100))

        site.serving(url, again)
    assert "it was rolled back" in caplog.text
    assert site.witness.known_size(site.log.name) == 10
