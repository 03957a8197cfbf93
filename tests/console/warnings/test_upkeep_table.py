"""Ages of backups, certificates, keys and signatures, from real ones of this machine."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from fengkong.console.audit.models import AuditCheckpoint, AuditEntry
from fengkong.console.audit.recording import record
from fengkong.console.audit.tree import sign_checkpoint
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.models import Reading
from fengkong.console.warnings.own.upkeep_table import certificate_ends, upkeep
from fengkong.protection.masters import FileMasters

pytestmark = pytest.mark.django_db


def certificate(folder: Path, *, days: float) -> tuple[Path, Path]:
    """A certificate of so many days and its key, both in PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{days}.pem", folder / f"{days}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, private


@pytest.fixture
def console(settings: Any, tmp_path: Path) -> Callable[..., Path]:
    """Sets the console up with other settings; its data directory."""

    def make(**changed: Any) -> Path:
        (tmp_path / "keys").mkdir(mode=0o700, exist_ok=True)
        settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path, **changed)
        return tmp_path

    make()
    return make


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[Path, Path], int]]:
    """Serves TLS with a certificate on a free port of the loopback."""
    servers = []

    def serve(pem: Path, key: Path) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        server = ThreadingTCPServer(("127.0.0.1", 0), BaseRequestHandler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server.server_address[1]

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def row() -> dict[str, Any]:
    table = upkeep(timezone.localdate())
    assert table is not None
    assert table.height == 1
    return table.to_dicts()[0]


def test_a_house_that_has_nothing_yet_has_no_row(console: Any) -> None:
    assert upkeep(timezone.localdate()) is None


def test_backups_and_rehearsals_say_how_old_they_are(console: Callable[..., Path]) -> None:
    now = datetime.now(UTC)
    made, rehearsed = now - timedelta(hours=30), now - timedelta(days=101)
    (console() / "last-backup.json").write_text(json.dumps({"made_at": made.isoformat()}))
    note = {"rehearsed_at": rehearsed.isoformat(), "made_at": made.isoformat()}
    (console() / "last-rehearsal.json").write_text(json.dumps(note))
    found = row()
    assert found["backup_age_hours"] == pytest.approx(30, abs=0.01)
    assert found["restore_test_age_days"] == pytest.approx(101, abs=0.01)
    assert found["certificate_days_left"] is None
    assert "patch_age_days" not in found
    recompute()
    level = Reading.objects.get(indicator="technical.restore_test_age").level
    assert level == "yellow"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"made_at": 5}', '{"made_at": "x"}', "{}"])
def test_a_note_that_cannot_be_read_says_nothing(
    console: Callable[..., Path], content: str
) -> None:
    (console() / "last-backup.json").write_text(content)
    assert upkeep(timezone.localdate()) is None


def test_the_certificate_that_ends_first_counts(
    console: Callable[..., Path], served: Callable[..., int], tmp_path: Path
) -> None:
    ours, _ = certificate(tmp_path, days=90)
    between, _ = certificate(tmp_path, days=50)
    ours.write_bytes(ours.read_bytes() + between.read_bytes())
    console(tls_certificate=str(ours))
    assert row()["certificate_days_left"] == pytest.approx(50, abs=0.01)
    port = served(*certificate(tmp_path, days=13))
    console(tls_certificate=str(ours), service=f"https://127.0.0.1:{port}")
    assert row()["certificate_days_left"] == pytest.approx(13, abs=0.01)
    recompute()
    assert Reading.objects.get(indicator="technical.certificate_expiry").level == "orange"


def test_one_that_has_ended_is_told_of_too(console: Any, tmp_path: Path) -> None:
    console(tls_certificate=str(certificate(tmp_path, days=-3)[0]))
    assert row()["certificate_days_left"] == pytest.approx(-3, abs=0.01)


def test_who_does_not_answer_and_what_is_no_certificate_say_nothing(
    console: Any, tmp_path: Path
) -> None:
    (tmp_path / "no.pem").write_text("nonsense")
    console(tls_certificate=str(tmp_path / "no.pem"), service="https://127.0.0.1:9")
    assert certificate_ends(b"") == []
    assert upkeep(timezone.localdate()) is None


def test_the_oldest_master_key_counts(console: Callable[..., Path]) -> None:
    now = datetime.now(UTC)
    place = console() / "keys" / "master.json"
    masters = FileMasters.create(place, now=int((now - timedelta(days=366)).timestamp() * 1e6))
    masters.add(now=int(now.timestamp() * 1e6))
    assert row()["key_age_days"] == pytest.approx(366, abs=0.01)
    masters.remove([next(iter(masters.ages()))])
    assert row()["key_age_days"] == pytest.approx(0, abs=0.01)


def test_an_entry_waits_for_its_signature(console: Callable[..., Path]) -> None:
    entry = record("system", "end_drill", target_kind="drill", target="x", detail={})
    assert isinstance(entry, AuditEntry)
    later = entry.recorded_at + timedelta(hours=7)
    with patch.object(timezone, "now", return_value=later):
        assert row()["checkpoint_age_hours"] == pytest.approx(7)
    sign_checkpoint()
    assert AuditCheckpoint.objects.exists()
    with patch.object(timezone, "now", return_value=later):
        assert row()["checkpoint_age_hours"] == 0


def test_a_scanner_delivers_what_is_not_known_here(console: Callable[..., Path]) -> None:
    today = timezone.localdate()
    made = datetime.now(UTC) - timedelta(hours=5)
    (console() / "last-backup.json").write_text(json.dumps({"made_at": made.isoformat()}))
    (console() / "sources").mkdir(exist_ok=True)
    (console() / "sources" / "upkeep.csv").write_text(f"day,patch_age_days\n{today},40\n")
    recompute()
    found = {one.indicator: one for one in Reading.objects.filter(day=today)}
    assert found["technical.patch_age"].level == "orange"
    assert found["technical.backup_age"].value == pytest.approx(5, abs=0.01)
