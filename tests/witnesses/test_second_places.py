"""The second place behind an address, a real server: kept, refused, slow, lost, redirected."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import payment, prepared, send, serve, settings_of
from servers import Shelf, running

from fengkong.journal.second_place import SecondPlaceError, second_place
from fengkong.journal.verification import RolledBackError
from fengkong.ledger.notes import open_checkpoint
from fengkong.service.opening import ledger_signer


def decided(folder: Path, numbers: range, **given: Any) -> None:
    async def work(service: Any) -> None:
        answers = await send(service, *(payment(number) for number in numbers))
        assert {answer.status for answer in answers} == {200}

    serve(folder, work, **given)


def size_of(note: bytes, folder: Path) -> int:
    verifier = ledger_signer(settings_of(folder)).verifier
    return open_checkpoint(note, keys=[verifier]).checkpoint.size


def test_a_rollback_is_noticed_through_an_address(tmp_path: Path) -> None:
    shelf = Shelf()
    given = {"second_places": [shelf.address]}
    with running(shelf):
        decided(tmp_path, range(5), **given)
        assert size_of(shelf.kept["/journals/one"], tmp_path) == 6
        shutil.copytree(tmp_path / "data", tmp_path / "yesterday")
        decided(tmp_path, range(5, 9), **given)
        assert size_of(shelf.kept["/journals/one"], tmp_path) == 10
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "yesterday").rename(tmp_path / "data")
        with pytest.raises(RolledBackError, match="one holds a signed promise"):
            prepared(tmp_path, **given)
    assert not (tmp_path / "data.checkpoints").exists()


def test_no_start_without_any_second_place(tmp_path: Path) -> None:
    shelf = Shelf()
    given = {"second_places": [shelf.address]}
    with running(shelf):
        decided(tmp_path, range(3), **given)
        for status in (500, 302, 403):
            shelf.fails_with = status
            with pytest.raises(SecondPlaceError, match="nothing vouches"):
                prepared(tmp_path, **given)
    with pytest.raises(SecondPlaceError, match="nothing vouches"):
        prepared(tmp_path, **given)  # nobody listens any more
    other = {"second_places": [shelf.address, str(tmp_path / "shelf")]}
    decided(tmp_path, range(3, 5), **other)  # one of two is enough


def test_a_place_that_fails_is_an_alarm_and_is_written_again(tmp_path: Path) -> None:
    shelf = Shelf()

    async def work(service: Any) -> None:
        alarm = service.prepared.metrics.second_place_unavailable._value
        checkpoints = service.checkpoints
        checkpoints._between_us = 0  # sign with every group
        shelf.fails_with = 503
        await send(service, payment(1))
        await until(lambda: alarm.get() == 1)
        shelf.fails_with = 0
        shelf.waits_s = 0.3
        began = time.monotonic()
        await send(service, *(payment(number) for number in range(2, 12)))
        assert time.monotonic() - began < 3  # nobody waits for the place
        await until(lambda: alarm.get() == 0)
        shelf.waits_s = 0.0

    with running(shelf):
        serve(tmp_path, work, second_places=[shelf.address])
        assert size_of(shelf.kept["/journals/one"], tmp_path) == 12


async def until(true: Any) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


def test_what_is_kept_is_given_back(tmp_path: Path) -> None:
    shelf = Shelf()
    place = second_place(shelf.address)
    with running(shelf):
        assert place.newest() is None
        place.put(b"one\n")
        place.put(b"two\n")
        assert place.newest() == b"two\n"
        assert shelf.puts == 2
        shelf.fails_with = 307
        with pytest.raises(SecondPlaceError, match="307"):
            place.put(b"three\n")
    with pytest.raises(SecondPlaceError):
        place.newest()
    with pytest.raises(SecondPlaceError, match="neither"):
        second_place("ftp://example.com/x")
