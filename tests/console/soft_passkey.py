"""An authenticator in software: keeps one ES256 key and answers as a passkey does."""

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

Answer = dict[str, Any]


class SoftPasskey:
    """One credential for one host; `verifies` says whether it asks for a finger or a PIN."""

    def __init__(self, *, host: str = "localhost", verifies: bool = True) -> None:
        self._host = host
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = hashlib.sha256(repr(self._key).encode()).digest()
        flags = AuthenticatorData.FLAG
        self._flags = flags.UP | (flags.UV if verifies else 0)
        self.counter = 0

    def register(self, options: Answer, *, origin: str = "http://localhost") -> Answer:
        """The answer to creation options."""
        key = AttestedCredentialData.create(
            b"\0" * 16, self.credential_id, ES256.from_cryptography_key(self._key.public_key())
        )
        flags = self._flags | AuthenticatorData.FLAG.AT
        proof = AttestationObject.create("none", self._data(flags, credential_data=key), {})
        about = self._about("webauthn.create", options, origin)
        answer = {
            "clientDataJSON": websafe_encode(about),
            "attestationObject": websafe_encode(proof),
        }
        return self._answer(answer) | {"clientExtensionResults": {"credProps": {"rk": True}}}

    def sign(self, options: Answer, *, owner: str, origin: str = "http://localhost") -> Answer:
        """The answer to request options; `owner` is what the registration called its user."""
        self.counter += 1
        data = self._data(self._flags)
        about = self._about("webauthn.get", options, origin)
        signed = self._key.sign(data + hashlib.sha256(about).digest(), ec.ECDSA(SHA256()))
        answer = {
            "clientDataJSON": websafe_encode(about),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signed),
            "userHandle": owner,
        }
        return self._answer(answer) | {"clientExtensionResults": {}}

    def _data(self, flags: int, **more: Any) -> AuthenticatorData:
        host = hashlib.sha256(self._host.encode()).digest()
        return AuthenticatorData.create(host, AuthenticatorData.FLAG(flags), self.counter, **more)

    def _about(self, kind: str, options: Answer, origin: str) -> CollectedClientData:
        challenge = options["publicKey"]["challenge"]
        return CollectedClientData.create(kind, challenge, origin)

    def _answer(self, response: Answer) -> Answer:
        name = websafe_encode(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
