"""The service as its integrator meets it: serve, a key, a first event, a kill, proofs."""

import json
import signal

import pytest
from serving import Serving, payment, run

from fengkong.client.client import Client

SCOPES = ("decide", "record", "read", "explain", "policy", "admin")


@pytest.fixture
def key(tmp_path):
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    made = run("key", "create", "shop", *scopes, "--data", str(tmp_path / "data"))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_a_day_with_the_service(tmp_path, key):
    data = tmp_path / "data"
    events = [payment(number) for number in range(12)]
    serving = Serving(data, "--policy", "payments")
    with Client(serving.url, key) as client:
        answers = [client.decide(event) for event in events]
        assert client.decide(events[3]) == answers[3]
        assert client.explanation("p-5")["equal"] is True
    published = run("policy", "publish", "payments", "--url", serving.url, "--key", key)
    assert json.loads(published.stdout)["cause"] == "published"
    # Killed in the middle, it knows everything again.
    serving.end(signal.SIGKILL)
    serving = Serving(data)
    with Client(serving.url, key) as client:
        assert [client.decision(str(event["id"])) for event in events] == answers
    verified = run("journal", "verify", "--replay", "--data", str(data))
    assert verified.returncode == 0, verified.stderr
    assert "equal to the byte: 12" in verified.stdout
    rotated = run("journal", "rotate-keys", "--data", str(data))  # while it serves
    assert rotated.returncode == 0, rotated.stderr
    with Client(serving.url, key) as client:
        assert client.decide(payment(100))["sequence"] == 15
        assert [client.decision(str(event["id"])) for event in events] == answers
    erased = run("journal", "erase", "customer:C-1", "--url", serving.url, "--key", key)
    assert json.loads(erased.stdout)["erased"] is True
    assert serving.end(signal.SIGTERM) == 0
    exported = run("ledger", "export", str(tmp_path / "ledger"), "--data", str(data))
    assert exported.returncode == 0, exported.stderr
    assert run("ledger", "verify", str(tmp_path / "ledger")).returncode == 0
    retired = run("journal", "retire-keys", "--data", str(data))
    assert "retired: 0" in retired.stdout  # an hour has not passed
    assert run("journal", "verify", "--data", str(data)).returncode == 0


def test_a_damaged_journal_is_named_and_not_served(tmp_path, key):
    data = tmp_path / "data"
    serving = Serving(data, "--policy", "payments")
    with Client(serving.url, key) as client:
        for number in range(5):
            client.decide(payment(number))
    assert serving.end(signal.SIGTERM) == 0
    content = bytearray((data / "journal.db").read_bytes())
    at = content.rfind(b'"kind":"decision"')
    content[at + 9] ^= 1
    (data / "journal.db").write_bytes(content)
    refused = run("serve", "--data", str(data), "--port", "0")
    assert refused.returncode == 1
    assert "[journal." in refused.stderr
    assert run("journal", "verify", "--data", str(data)).returncode == 1


def test_keys_are_listed_without_their_secrets_and_revoked(tmp_path, key):
    data = str(tmp_path / "data")
    (row,) = json.loads(run("key", "list", "--json", "--data", data).stdout)
    assert row["name"] == "shop"
    assert key.rsplit("_", maxsplit=1)[1] not in json.dumps(row)
    assert run("key", "revoke", row["id"], "--data", data).returncode == 0
    (row,) = json.loads(run("key", "list", "--json", "--data", data).stdout)
    assert row["revoked"] is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "99999"),
        ("serve",),
        ("serve", "--policy", "nonsense"),
        ("key", "create", "x", "--scope", "everything"),
        ("key", "revoke", "unknown"),
        ("journal", "verify"),
        ("journal", "rotate-keys"),
        ("policy", "status", "--key", "nonsense"),
        ("policy", "status", "--key", "fk_a_b", "--url", "http://127.0.0.1:9"),
    ],
)
def test_wrong_use_says_what_and_what_next(tmp_path, arguments):
    needs_data = arguments[0] != "policy"
    data = ("--data", str(tmp_path / "data")) if needs_data else ()
    refused = run(*arguments, *data)
    assert refused.returncode in (1, 2), refused.stdout
    assert "Traceback" not in refused.stderr
    assert "→" in refused.stderr
