"""Nonces: a signed request acts at most once, whatever the clock and the power do."""

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fengkong.protection.errors import AccessUnavailableError
from fengkong.protection.nonces import SKEW_SECONDS, Nonces, Use

SECOND_US = 1_000_000
START = 1_800_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.db"


@pytest.fixture
def nonces(path: Path) -> Iterator[Nonces]:
    nonces = Nonces(path)
    yield nonces
    nonces.close()


def acts(nonces: Nonces, use: Use, *, second: int) -> bool:
    return nonces.check_and_remember([use], now=second * SECOND_US)[0]


def test_a_nonce_acts_once(nonces: Nonces) -> None:
    assert acts(nonces, Use("k", "n", START), second=START)
    assert not acts(nonces, Use("k", "n", START), second=START)
    assert not acts(nonces, Use("k", "n", START + 1), second=START)


def test_keys_have_nonces_of_their_own(nonces: Nonces) -> None:
    uses = [Use("k", "n", START), Use("k2", "n", START), Use("k", "n2", START)]
    assert nonces.check_and_remember(uses, now=START * SECOND_US) == [True, True, True]


def test_one_group_holds_a_nonce_once(nonces: Nonces) -> None:
    uses = [Use("k", "n", START)] * 3 + [Use("k", "m", START)]
    answers = nonces.check_and_remember(uses, now=START * SECOND_US)
    assert answers == [True, False, False, True]
    assert nonces.check_and_remember([], now=START * SECOND_US) == []


@pytest.mark.parametrize(
    ("skew", "fresh"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_a_signature_is_in_time_within_five_minutes(nonces: Nonces, skew: int, fresh: bool) -> None:
    assert acts(nonces, Use("k", "n", START + skew), second=START) is fresh


def test_a_restart_forgets_nothing(path: Path, nonces: Nonces) -> None:
    assert acts(nonces, Use("k", "n", START), second=START)
    nonces.close()
    again = Nonces(path)
    try:
        assert not acts(again, Use("k", "n", START), second=START)
    finally:
        again.close()


@pytest.mark.parametrize("step", [3600, 86_400, 3650 * 86_400])
def test_a_clock_that_goes_ahead_and_back_lets_nothing_act_again(nonces: Nonces, step: int) -> None:
    used = Use("k", "n", START)
    assert acts(nonces, used, second=START)
    assert acts(nonces, Use("k", "later", START + step), second=START + step)
    assert nonces._connection.execute("SELECT count(*) FROM nonces").get == 1  # purged
    assert not acts(nonces, used, second=START)
    assert acts(nonces, Use("k", "fresh", START + 1), second=START)


def test_a_key_used_by_a_wrong_clock_is_locked_out_a_new_one_is_not(nonces: Nonces) -> None:
    ahead = START + 3650 * 86_400
    assert acts(nonces, Use("k", "n", ahead), second=ahead)
    assert acts(nonces, Use("k", "m", ahead + 400), second=ahead + 400)
    assert not acts(nonces, Use("k", "o", START), second=START)
    assert acts(nonces, Use("new", "o", START), second=START)


def test_memory_is_bounded_and_errs_to_refusing(path: Path) -> None:
    nonces = Nonces(path, nonces_max=100)
    try:
        uses = [Use("k", f"n{number}", START + number // 4) for number in range(1000)]
        accepted = [use for use in uses if acts(nonces, use, second=START + 100)]
        assert len(accepted) > 900
        assert nonces._connection.execute("SELECT count(*) FROM nonces").get <= 100
        assert not any(nonces.check_and_remember(uses, now=(START + 100) * SECOND_US))
    finally:
        nonces.close()


def test_more_of_one_second_than_can_be_remembered(path: Path) -> None:
    nonces = Nonces(path, nonces_max=10)
    try:
        uses = [Use("k", f"n{number}", START) for number in range(100)]
        for use in uses:
            acts(nonces, use, second=START)
        assert nonces._connection.execute("SELECT count(*) FROM nonces").get <= 10
        assert not any(nonces.check_and_remember(uses, now=START * SECOND_US))
    finally:
        nonces.close()


def test_a_failed_commit_lets_nobody_act_and_remembers_nothing(path: Path, nonces: Nonces) -> None:
    nonces._connection.set_busy_timeout(10)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(AccessUnavailableError):
        acts(nonces, Use("k", "n", START), second=START)
    holder.execute("ROLLBACK")
    holder.close()
    assert acts(nonces, Use("k", "n", START), second=START)


class AnyClock(RuleBasedStateMachine):
    """Requests, replays, restarts and steps of the clock in any order."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "access.db"
        self.nonces = Nonces(self.path, nonces_max=20)
        self.second = START
        self.number = 0
        self.acted: list[Use] = []
        self.sent: list[Use] = []

    def teardown(self) -> None:
        self.nonces.close()
        self.folder.cleanup()

    @rule(skew=st.integers(-310, 310), key=st.sampled_from(["a", "b"]), count=st.integers(1, 8))
    def sign(self, skew: int, key: str, count: int) -> None:
        uses = [Use(key, f"n{self.number + i}", self.second + skew) for i in range(count)]
        self.number += count
        self.sent += uses
        self.send(uses)

    @rule(choice=st.randoms(use_true_random=False))
    def replay(self, choice: random.Random) -> None:
        if self.sent:
            self.send(choice.choices(self.sent, k=5))

    @rule(step=st.sampled_from([1, 31, 299, 301, 700, 3600, 86_400, 3650 * 86_400]))
    def ahead(self, step: int) -> None:
        self.second += step

    @rule(step=st.sampled_from([1, 31, 299, 301, 700, 3600, 86_400, 3650 * 86_400]))
    def back(self, step: int) -> None:
        self.second = max(0, self.second - step)

    @rule()
    def back_to_a_use(self) -> None:
        if self.acted:
            self.second = self.acted[0].created

    @rule()
    def reopen(self) -> None:
        self.nonces.close()
        self.nonces = Nonces(self.path, nonces_max=20)

    @invariant()
    def nothing_acted_twice(self) -> None:
        assert len(set(self.acted)) == len(self.acted)

    def send(self, uses: list[Use]) -> None:
        answers = self.nonces.check_and_remember(uses, now=self.second * SECOND_US)
        self.acted += [use for use, fresh in zip(uses, answers, strict=True) if fresh]


AnyClock.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestAnyClock = AnyClock.TestCase

SPENDING = """
import sys
from pathlib import Path
from fengkong.protection.nonces import Nonces, Use
nonces = Nonces(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    uses = [Use("k", f"n{number + i}", 1_800_000_000) for i in range(5)]
    assert all(nonces.check_and_remember(uses, now=1_800_000_000_000_000))
    print(number, flush=True)
    number += 5
"""


def test_what_acted_before_a_kill_never_acts_again(path: Path) -> None:
    moments = random.Random(5)
    said: list[int] = []
    for life in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", SPENDING, str(path), str(life * 1_000_000)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            said.append(int(process.stdout.readline()))
            time.sleep(moments.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            said += [int(line) for line in process.stdout if line.endswith("\n")]
    nonces = Nonces(path)
    try:
        uses = [Use("k", f"n{first + i}", START) for first in said for i in range(5)]
        assert not any(nonces.check_and_remember(uses, now=START * SECOND_US))
        assert acts(nonces, Use("k", "other", START + SKEW_SECONDS), second=START)
    finally:
        nonces.close()
