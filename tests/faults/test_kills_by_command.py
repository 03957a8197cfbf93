"""`fengkong serve` killed under load, and what its own commands say of the journal afterwards."""

import contextlib
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from serving import COMMAND, Serving

from fengkong.client.client import Client, Patience
from fengkong.client.errors import RefusedError
from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant

CALLERS = 8


class Caller(threading.Thread):
    """Sends events one after the other until the service is gone; keeps what was acknowledged."""

    def __init__(self, url: str, key: str, *, name: str) -> None:
        super().__init__(name=name)
        self._client = Client(url, key, patience=Patience(tries=1))
        self.acknowledged: dict[str, dict[str, object]] = {}

    def run(self) -> None:
        with self._client as client, contextlib.suppress(RiskError):
            for number in range(10_000):
                event = payment(f"{self.name}-{number}", number)
                with contextlib.suppress(RefusedError):
                    self.acknowledged[str(event["id"])] = client.decide(event)


def payment(identifier: str, number: int) -> dict[str, object]:
    return {
        "type": "payment.initiated",
        "id": identifier,
        "occurred_at": format_instant(time.time_ns() // 1000),
        "currency": "CNY",
        "amount": f"{number % 500}.00",
        "customer": f"C-{number % 50}",
        "card": f"card-{number % 40}",
        "device": f"dev-{number % 30}",
    }


def killed_again_and_again(tmp_path: Path, *, kills: int) -> None:
    data = tmp_path / "data"
    made = subprocess.run(
        [
            *COMMAND,
            "key",
            "create",
            "load",
            "--scope",
            "decide",
            "--scope",
            "read",
            "--rate",
            "100000",
            "--burst",
            "100000",
            "--data",
            str(data),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    key = made.stdout.strip()
    dice = random.Random(kills)
    acknowledged: dict[str, dict[str, object]] = {}
    more: tuple[str, ...] = ("--policy", "payments")
    for number in range(kills):
        serving = Serving(data, *more)
        more = ()
        callers = [Caller(serving.url, key, name=f"{number}-{n}") for n in range(CALLERS)]
        for caller in callers:
            caller.start()
        time.sleep(0.2 + dice.random())
        serving.end(signal.SIGKILL)
        for caller in callers:
            caller.join()
            acknowledged |= caller.acknowledged
    serving = Serving(data)
    with Client(serving.url, key) as client:
        for identifier, answer in acknowledged.items():
            assert client.decision(identifier) == answer
    serving.end(signal.SIGTERM)
    verified = subprocess.run(
        [*COMMAND, "journal", "verify", "--replay", "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr
    sequences = [answer["sequence"] for answer in acknowledged.values()]
    assert len(sequences) == len(set(sequences)) > 10 * kills


def test_a_few_kills(tmp_path):
    killed_again_and_again(tmp_path, kills=2)


@pytest.mark.nightly
def test_a_hundred_kills(tmp_path):
    killed_again_and_again(tmp_path, kills=100)
