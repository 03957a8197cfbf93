"""`fengkong ledger witness` and `cosign`, and what `ledger verify` demands of them."""

import os
import signal
import subprocess
from pathlib import Path

from serving import COMMAND, Serving, payment
from serving import run as command

from fengkong.client.client import Client
from fengkong.service.opening import ledger_signer
from fengkong.service.settings import load_settings


class Witnessing:
    """`fengkong ledger witness` as a process; what it says is to be set."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "ledger", "witness", *arguments, "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "FENGKONG_LANGUAGE": "en", "COLUMNS": "400"},
        )
        assert self.process.stderr is not None
        assert "listens on" in self.process.stderr.readline()
        self.setting = self.process.stderr.readline().split('"')[1]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return self.process.wait(timeout=30)


def test_a_ledger_is_witnessed_while_it_is_served_and_offline(tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    data, export = tmp_path / "data", str(tmp_path / "export")
    made = command("key", "create", "shop", "--scope", "decide", "--data", str(data))
    serving = Serving(data, "--policy", "payments")
    assert serving.end(signal.SIGTERM) == 0
    log = str(ledger_signer(load_settings(data)).verifier)
    witnessing = Witnessing(str(tmp_path / "w"), "--log", log, "--name", "witness.example/1")
    (data / "service.yaml").write_text(f'witnesses: ["{witnessing.setting}"]\n')
    vkey = witnessing.setting.split(" ")[0]
    serving = Serving(data)
    with Client(serving.url, made.stdout.strip()) as client:
        client.decide(payment(1))
    assert serving.end(signal.SIGTERM) == 0
    assert witnessing.end() == 0
    assert run("ledger", "export", export, "--data", str(data))[0] == 0
    status, out, _ = run("ledger", "verify", export, "--key", log, "--key", vkey)
    assert status == 0
    assert "cosigned by witness.example/1" in out
    # Another witness has not signed; it looks at the export and does.
    there = ("--witness", str(tmp_path / "v"), "--log", log)
    status, out, _ = run("ledger", "cosign", export, *there, "--name", "witness.example/2")
    assert status == 0
    other = out.splitlines()[-1]
    assert run("ledger", "verify", export, "--key", log, "--key", vkey, "--key", other)[0] == 0
    (tmp_path / "export" / "tile" / "0" / "000.p" / "2").unlink()
    refusals = {
        ("ledger", "cosign", str(tmp_path / "none"), *there): "cli.missing_file",
        ("ledger", "cosign", export, "--witness", "nobody", "--log", log): "ledger.invalid_witness",
        ("ledger", "cosign", export, "--witness", str(tmp_path / "v"), "--log", vkey): (
            "ledger.no_cosignature"
        ),
        ("ledger", "cosign", export, "--witness", str(tmp_path / "v"), "--log", "x"): (
            "ledger.malformed_key"
        ),
        ("ledger", "witness", str(tmp_path / "x"), "--log", log): "ledger.invalid_witness",
        ("ledger", "witness", str(tmp_path / "v"), "--log", log, "--port", "99999"): (
            "service.cannot_listen"
        ),
    }
    for arguments, code in refusals.items():
        status, _, said = run(*arguments)
        assert status in (1, 2), arguments
        assert f"[{code}]" in said
        assert "→" in said
    (data / "service.yaml").write_text('witnesses: ["nonsense"]\n')
    assert "[ledger.invalid_witness]" in run("serve", "--data", str(data), "--port", "0")[2]
