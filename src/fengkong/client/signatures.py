"""HTTP message signatures (RFC 9421) with Ed25519 over a body digest (RFC 9530).

Both sides stand here: what a client signs is what the service checks, from the same lines. Every
signature covers the method, the path, the query and the digest of the body; the authority and
other headers too where the signer names them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fengkong.core.errors import RiskError

REQUIRED: Final = frozenset({"@method", "@path", "@query", "content-digest"})
"""What every signature covers; without one of them something could be changed unseen."""
COVERED: Final = ("@method", "@authority", "@path", "@query", "content-digest")
"""What our client signs."""
DERIVATION: Final = b"fengkong http signature"
_LABEL: Final = "fengkong"
_TEXT_MAX: Final = 1024
_INPUT: Final = re.compile(
    r'([a-z][a-z0-9_-]{0,31})=(\(((?:"[a-z0-9@-]{1,64}"(?: "[a-z0-9@-]{1,64}")*)?)\)'
    r'((?:;[a-z]{1,16}=(?:[0-9]{1,15}|"[A-Za-z0-9+/=_.:-]{1,128}")){0,8}))'
)
_PARAMETER: Final = re.compile(r';([a-z]+)=(?:([0-9]+)|"([^"]*)")')
_NUMBERS: Final = frozenset({"created", "expires"})
_TEXTS: Final = frozenset({"keyid", "nonce", "alg"})
_SIGNATURE: Final = re.compile(r"([a-z][a-z0-9_-]{0,31})=:([A-Za-z0-9+/]{86}==):")
_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


class InvalidSignatureError(RiskError):
    """A request's signature is missing something, malformed, or not of this request and key."""

    code = "signature.invalid"
    hint = "Sign @method, @path, @query and content-digest with Ed25519, created and nonce given."


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What of a request is signed; `query` begins with its question mark, ``?`` where empty.

    `headers` are by lower-case name, repeated ones joined by a comma and a blank.
    """

    method: str
    authority: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature as it came: what it claims to cover, and who claims it; nothing is checked yet.

    `created` and `expires` are in seconds since 1970.
    """

    components: tuple[str, ...]
    parameters: str
    created: int
    expires: int | None
    key_id: str
    nonce: str
    value: bytes

    def verify(self, message: Message, *, key: Ed25519PublicKey) -> None:
        """Raise InvalidSignatureError unless the key made this signature of this message."""
        base = signature_base(message, components=self.components, parameters=self.parameters)
        try:
            key.verify(self.value, base)
        except InvalidSignature:
            raise InvalidSignatureError("the signature is not of this request") from None


def signing_key(secret: str) -> Ed25519PrivateKey:
    """The key that signs requests, derived from an API key's secret part."""
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=DERIVATION).derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def content_digest(body: bytes) -> str:
    """The Content-Digest header of a body as it is sent."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def is_digest_of(header: str, body: bytes) -> bool:
    """Whether a Content-Digest header is the SHA-256 of exactly this body."""
    return _DIGEST.fullmatch(header) is not None and header == content_digest(body)


def sign(
    message: Message, *, key: Ed25519PrivateKey, key_id: str, nonce: str, created: int
) -> dict[str, str]:
    """The two signature headers of a message that has a Content-Digest already."""
    names = " ".join(f'"{name}"' for name in COVERED)
    parameters = f'({names});created={created};keyid="{key_id}";nonce="{nonce}";alg="ed25519"'
    base = signature_base(message, components=COVERED, parameters=parameters)
    value = base64.b64encode(key.sign(base)).decode()
    return {"Signature-Input": f"{_LABEL}={parameters}", "Signature": f"{_LABEL}=:{value}:"}


def parse_signature(*, signature_input: str, signature: str) -> Signature:
    """The one signature of a request, from its two headers; strict about their form.

    Raises InvalidSignatureError for anything but one Ed25519 signature that covers what it must.
    """
    if len(signature_input) > _TEXT_MAX or len(signature) > _TEXT_MAX:
        raise InvalidSignatureError("the signature headers are too long")
    stated, value = _INPUT.fullmatch(signature_input), _SIGNATURE.fullmatch(signature)
    if stated is None or value is None or stated[1] != value[1]:
        raise InvalidSignatureError("expected one Signature-Input and its Signature")
    components = tuple(name.strip('"') for name in stated[3].split())
    if len(set(components)) != len(components) or not set(components) >= REQUIRED:
        raise InvalidSignatureError(f"cover {', '.join(sorted(REQUIRED))}, each once")
    parameters = _parameters(stated[4])
    if parameters.get("alg", "ed25519") != "ed25519":
        raise InvalidSignatureError("the only algorithm is ed25519")
    try:
        return Signature(
            components=components,
            parameters=stated[2],
            created=int(parameters["created"]),
            expires=int(parameters["expires"]) if "expires" in parameters else None,
            key_id=parameters["keyid"],
            nonce=parameters["nonce"],
            value=base64.b64decode(value[2], validate=True),
        )
    except (KeyError, binascii.Error):
        raise InvalidSignatureError("give created, keyid and nonce") from None


def signature_base(message: Message, *, components: Sequence[str], parameters: str) -> bytes:
    """The lines that are signed (RFC 9421, section 2.5)."""
    lines = [f'"{name}": {_component(name, message)}' for name in components]
    lines.append(f'"@signature-params": {parameters}')
    return "\n".join(lines).encode()


def _component(name: str, message: Message) -> str:
    if name == "@method":
        return message.method
    if name == "@authority":
        return message.authority.lower()
    if name == "@path":
        return message.path
    if name == "@query":
        return message.query
    value = message.headers.get(name)
    if value is None or name.startswith("@"):
        raise InvalidSignatureError(f"the signature covers {name}, which the request lacks")
    return value.strip()


def _parameters(text: str) -> dict[str, str]:
    """The signature's parameters, each once, each of its kind."""
    found: dict[str, str] = {}
    for name, number, words in _PARAMETER.findall(text):
        known = name in (_NUMBERS if number else _TEXTS)
        if not known or name in found:
            raise InvalidSignatureError(f"the parameter {name} is unknown, repeated or of no sense")
        found[name] = number or words
    return found
