"""The command as a process of its own, and a service that it runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

from fengkong.core.instants import format_instant

COMMAND = (sys.executable, "-c", "from fengkong.cli.main import main; main()")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


class Serving:
    """`fengkong serve` as a process on a free port."""

    def __init__(self, data: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--data", str(data), "--port", "0", *more],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "FENGKONG_LANGUAGE": "en"},
        )
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if "listens on" in line:
                self.url = line.split()[-1]
                return
        raise AssertionError("".join(said))

    def end(self, number: int) -> int:
        assert self.process.stderr is not None
        self.process.send_signal(number)
        self.process.stderr.read()
        self.process.stderr.close()
        return self.process.wait(timeout=30)


def payment(number: int) -> dict[str, object]:
    return {
        "type": "payment.initiated",
        "id": f"p-{number}",
        "occurred_at": format_instant(time.time_ns() // 1000),
        "currency": "CNY",
        "amount": "60.00",
        "customer": f"C-{number % 3}",
        "card": f"card-{number % 2}",
    }
