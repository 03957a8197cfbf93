"""`fengkong backup` as an operator meets it, beside a running service and after a loss."""

import signal
from pathlib import Path

from serving import Serving, payment
from serving import run as command

from fengkong.client.client import Client

SCOPES = ("decide", "read")


def made_key(data: Path) -> str:
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    made = command("key", "create", "shop", *scopes, "--data", str(data))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def decided(serving: Serving, key: str, numbers: range) -> list[object]:
    with Client(serving.url, key) as client:
        return [client.decide(payment(number)) for number in numbers]


def test_a_loss_and_what_comes_back(tmp_path: Path) -> None:
    data, backup, keys = tmp_path / "data", str(tmp_path / "backup"), str(tmp_path / "keys")
    key = made_key(data)
    serving = Serving(data, "--policy", "payments")
    answers = decided(serving, key, range(5))
    made = command("backup", "create", backup, "--data", str(data), "--keys", keys)
    assert made.returncode == 0, made.stderr
    assert "6 entries" in made.stdout
    assert keys in made.stderr.replace("\n", "")
    decided(serving, key, range(5, 9))
    assert serving.end(signal.SIGTERM) == 0
    # The disk is gone; the second place beside it is not.
    data.rename(tmp_path / "gone")
    assert command("backup", "check", backup).returncode == 1
    good = command("backup", "check", backup, "--keys", keys)
    assert good.returncode == 0, good.stderr
    restored = command("backup", "restore", backup, "--data", str(data), "--keys", keys)
    assert restored.returncode == 0, restored.stderr
    assert "10" in restored.stderr
    assert "accept-loss" in restored.stderr
    refused = command("serve", "--data", str(data), "--port", "0")
    assert refused.returncode == 1
    assert "[journal.rolled_back]" in refused.stderr
    accepted = command("backup", "accept-loss", "--data", str(data))
    assert accepted.returncode == 0, accepted.stderr
    serving = Serving(data)
    with Client(serving.url, key) as client:
        assert [client.decision(f"p-{number}") for number in range(5)] == answers
    assert command("backup", "accept-loss", "--data", str(data)).returncode == 1  # it is served
    assert serving.end(signal.SIGTERM) == 0
    assert command("journal", "verify", "--data", str(data)).returncode == 0


def test_wrong_use_of_backups_says_what_and_what_next(tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    data, backup = tmp_path / "data", tmp_path / "backup"
    key = made_key(data)
    serving = Serving(data, "--policy", "payments")
    decided(serving, key, range(2))
    assert serving.end(signal.SIGTERM) == 0
    made = run("backup", "create", str(backup), "--data", str(data), "--with-keys")
    assert made[0] == 0, made
    (tmp_path / "empty").mkdir()
    refusals = {
        ("create", str(backup), "--data", str(data)): "backup.occupied",
        ("create", str(tmp_path / "b"), "--data", str(tmp_path / "no")): "backup.missing_keys",
        ("create", str(tmp_path / "b"), "--data", str(data), "--keys", "k", "--with-keys"): (
            "backup.missing_keys"
        ),
        ("check", str(tmp_path / "none")): "backup.missing",
        ("check", str(tmp_path / "empty")): "backup.unfinished",
        ("check", str(backup), "--verifier", "nonsense"): "ledger.malformed_key",
        ("restore", str(backup), "--data", str(data)): "backup.occupied",
        ("accept-loss", "--data", str(data)): "backup.nothing_to_accept",
    }
    for arguments, code in refusals.items():
        status, _, said = run("backup", *arguments)
        assert status == 1, arguments
        assert f"[{code}]" in said
        assert "→" in said
    content = bytearray((backup / "journal.db").read_bytes())
    content[5000] ^= 1
    (backup / "journal.db").write_bytes(content)
    status, _, said = run("backup", "check", str(backup))
    assert status == 1
    assert "journal.db was changed" in said
    assert run("backup", "restore", str(backup), "--data", str(tmp_path / "x"))[0] == 1
    assert not (tmp_path / "x").exists()
