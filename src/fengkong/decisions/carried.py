"""A policy's text with its models in it, so that who has the text has all that decides.

A published policy, and so the entry of its activation in the journal, is such a text: replay,
recovery and verification years later find the models where they find the policy. Each model is a
comment line behind the policy, ``#fengkong.model HASH DATA``: its file, compressed, in base 64. A
text that carries models takes no others, and a model's own hash is checked when it is read.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from binascii import Error
from typing import Final

from fengkong.decisions.policy import Policy
from fengkong.scoring.errors import DamagedModelError, ModelTooLargeError
from fengkong.scoring.model import Model
from fengkong.scoring.model_file import BYTES_MAX, model_bytes, parse_model
from fengkong.scoring.store import HeldModels

MARK: Final = "#fengkong.model "


def with_models(text: str, policy: Policy) -> str:
    """The text of a policy with the models it uses; unchanged if it uses none or carries them."""
    if not policy.models or any(line.startswith(MARK) for line in text.split("\n")):
        return text
    challengers = [one.model for one in policy.challengers.values()]
    models = {model.hash: model for model in (*policy.models.values(), *challengers)}
    lines = [_line(model) for _, model in sorted(models.items())]
    return "\n".join([text.rstrip("\n"), *lines, ""])


def _line(model: Model) -> str:
    packed = b64encode(zlib.compress(model_bytes(model), 9)).decode()
    return f"{MARK}{model.hash} {packed}"


def without_models(text: str, *, source: str) -> tuple[str, HeldModels | None]:
    """The text alone, and the models it carried; None if it carries none.

    Raises `DamagedModelError` for a line that is no model or not the one it says, and what
    `model_file.parse_model` raises.
    """
    if MARK not in text:
        return text, None
    kept: list[str] = []
    models: list[Model] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(MARK):
            models.append(_model(line, source=f"{source}, line {number}"))
        else:
            kept.append(line)
    return "\n".join(kept), (HeldModels(models) if models else None)


def _model(line: str, *, source: str) -> Model:
    digest, _, packed = line.removeprefix(MARK).strip().partition(" ")
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(b64decode(packed, validate=True), BYTES_MAX + 1)
    except (Error, ValueError, zlib.error) as error:
        raise DamagedModelError(f"not a whole model: {error}", source=source) from None
    if len(data) > BYTES_MAX:
        raise ModelTooLargeError(f"more than {BYTES_MAX} bytes", source=source)
    model = parse_model(data, source=source)
    if model.hash != digest:
        raise DamagedModelError(f"the line says {digest[:12]}, the model is another", source=source)
    return model
