"""Grouped nonces: many requests, few commits, the same answers."""

import asyncio
from collections import Counter
from pathlib import Path

import apsw
import pytest

from fengkong.protection.errors import AccessUnavailableError
from fengkong.protection.nonce_groups import NonceGroups
from fengkong.protection.nonces import Nonces

START = 1_800_000_000
NOW = START * 1_000_000


class CountedNonces(Nonces):
    """Real nonces that count their commits."""

    groups = 0

    def check_and_remember(self, uses, *, now):
        self.groups += 1
        return super().check_and_remember(uses, now=now)


async def spend(groups: NonceGroups, nonce: str) -> bool:
    return await groups.spend(key_id="k", nonce=nonce, created=START, now=NOW)


def test_many_at_once_share_commits_and_act_once_each(tmp_path: Path) -> None:
    nonces = CountedNonces(tmp_path / "access.db")
    groups = NonceGroups(nonces)

    async def run() -> list[bool]:
        return await asyncio.gather(*(spend(groups, f"n{i % 1000}") for i in range(2000)))

    answers = asyncio.run(run())
    groups.close()
    assert Counter(answers) == {True: 1000, False: 1000}
    assert nonces.groups <= 5


def test_a_failure_reaches_all_who_wait_and_the_next_are_served(tmp_path: Path) -> None:
    path = tmp_path / "access.db"
    nonces = Nonces(path)
    nonces._connection.set_busy_timeout(10)
    groups = NonceGroups(nonces)
    holder = apsw.Connection(str(path))

    async def run() -> None:
        holder.execute("BEGIN IMMEDIATE")
        failed = await asyncio.gather(
            *(spend(groups, f"n{i}") for i in range(3)), return_exceptions=True
        )
        assert [type(error) for error in failed] == [AccessUnavailableError] * 3
        holder.execute("ROLLBACK")
        assert await spend(groups, "n0")

    asyncio.run(run())
    holder.close()
    groups.close()


def test_a_caller_who_left_disturbs_nobody(tmp_path: Path) -> None:
    groups = NonceGroups(Nonces(tmp_path / "access.db"))

    async def run() -> None:
        leaving = asyncio.create_task(spend(groups, "a"))
        staying = asyncio.create_task(spend(groups, "b"))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert not await spend(groups, "a")  # it was used all the same

    asyncio.run(run())
    groups.close()


def test_nobody_waits_for_ever_when_something_unforeseen_fails(tmp_path: Path) -> None:
    class BrokenNonces(Nonces):
        def check_and_remember(self, uses, *, now):
            raise ZeroDivisionError

    groups = NonceGroups(BrokenNonces(tmp_path / "access.db"))

    async def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            await spend(groups, "a")
        turn = groups._turn
        if turn is not None:
            with pytest.raises(ZeroDivisionError):
                await turn

    asyncio.run(run())
    groups.close()
