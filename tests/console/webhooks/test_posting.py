"""One message to one real receiver."""

import ipaddress
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.console.webhooks.receiving import Receiver, serve

from fengkong.console.webhooks.destinations import Destination, destination_of
from fengkong.console.webhooks.posting import ANSWER_BYTES_MAX, post


def place(receiver: Receiver) -> Destination:
    return destination_of(receiver.url, allowed=["127.0.0.0/8"])


def test_it_arrives_as_it_was_sent(receiver: Receiver) -> None:
    receiver.answer(200, body=b"thanks")
    answer = post(place(receiver), headers={"webhook-id": "msg_1"}, body=b'{"a":1}')
    assert (answer.status, answer.excerpt, answer.accepted) == (200, "thanks", True)
    [got] = receiver.received
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/hook", b'{"a":1}', "msg_1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answer(302, {"Location": receiver.url.replace("/hook", "/elsewhere")})
    assert not post(place(receiver), headers={}, body=b"{}").accepted
    assert [one.path for one in receiver.received] == ["/hook"]


@pytest.mark.parametrize("drips", [False, True])
def test_a_slow_receiver_is_not_waited_for(receiver: Receiver, drips: bool) -> None:
    receiver.dripping = drips
    receiver.delay_s = 0.0 if drips else 2.0
    began = time.monotonic()
    answer = post(place(receiver), headers={}, body=b"{}", deadline_s=0.3)
    assert (answer.status, answer.failure) == (0, "timeout")
    assert time.monotonic() - began < 1.5


def test_a_long_answer_is_cut(receiver: Receiver) -> None:
    receiver.answer(500, body=b"\x00\xff" * 100_000)
    answer = post(place(receiver), headers={}, body=b"{}")
    assert answer.status == 500
    assert 0 < len(answer.excerpt) <= ANSWER_BYTES_MAX
    assert "\x00" not in answer.excerpt


def test_nobody_there_is_an_answer_too(receiver: Receiver) -> None:
    gone = Destination(secure=False, host="127.0.0.1", port=1, target="/", connect_to="127.0.0.1")
    assert post(gone, headers={}, body=b"{}").failure == "refused"


def test_it_connects_where_it_was_judged_and_nowhere_else(receiver: Receiver) -> None:
    judged = destination_of(
        f"http://rebound.example:{receiver.port}/hook",
        allowed=["127.0.0.0/8"],
        resolve=lambda _host, _port: ["127.0.0.1"],
    )
    assert post(judged, headers={}, body=b"{}").accepted
    assert receiver.received[0].headers["host"] == f"rebound.example:{receiver.port}"


def certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "cert.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.mark.parametrize(
    ("name", "trusted", "failure"),
    [
        ("hook.example.com", True, ""),
        ("hook.example.com", False, "certificate: self-signed certificate"),
        ("other.example.com", True, "certificate: Hostname mismatch"),
    ],
)
def test_tls_proves_the_name_that_was_asked_for(
    tmp_path: Path, name: str, trusted: bool, failure: str
) -> None:
    file = certificate(tmp_path, name)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(file)
    receiver = Receiver()
    server = serve(receiver, served)
    trust = ssl.create_default_context(cafile=str(file)) if trusted else None
    to = Destination(
        secure=True,
        host="hook.example.com",
        port=receiver.port,
        target="/hook",
        connect_to="127.0.0.1",
    )
    answer = post(to, headers={}, body=b"{}", context=trust)
    server.shutdown()
    server.server_close()
    assert answer.failure.startswith(failure)
    assert answer.accepted == (not failure)
    assert len(receiver.received) == (not failure)
