"""A model's folder: one file, ``model.json``, checked against its own hash.

The file is ``{"format": "fengkong.model", "format_version": 1, "hash": ..., "model": {...}}``.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from fengkong.scoring.calibration import read_calibration
from fengkong.scoring.content import Content
from fengkong.scoring.errors import (
    DamagedModelError,
    InvalidModelError,
    MissingModelError,
    ModelTooLargeError,
    UnsupportedModelError,
)
from fengkong.scoring.evidence import read_card
from fengkong.scoring.image import Link
from fengkong.scoring.inputs import read_input
from fengkong.scoring.model import About, Model, ModelKind, TrainedOn
from fengkong.scoring.trees import read_tree

FILE: Final = "model.json"
FORMAT: Final = "fengkong.model"
FORMAT_VERSION: Final = 1
BYTES_MAX: Final = 256 * 1024**2
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}", re.ASCII)
"""What names and versions of models are; they are names of folders, too."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The parts of a file; the hash is of the bytes of `model` as they stand in it.

    So a file keeps its hash whatever later versions would write.
    """

    format: str
    format_version: Any
    hash: str
    model: msgspec.Raw


_FILES: Final = msgspec.json.Decoder(_File)


def write_model(model: Model, folder: Path) -> Path:
    """Write a model into a folder, which is made if need be; the path of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    unfinished = folder / f"{FILE}.new"
    unfinished.write_bytes(model_bytes(model))
    unfinished.replace(path)
    return path


def model_bytes(model: Model) -> bytes:
    """The bytes of a model's file; the same model has the same."""
    head = f'{{"format":"{FORMAT}","format_version":{FORMAT_VERSION},"hash":"{model.hash}","model":'
    return head.encode() + model.canonical + b"}\n"


def read_model(folder: Path) -> Model:
    """The model in a folder (or in its ``model.json``).

    Raises `MissingModelError`, `DamagedModelError` (cut short, or edited by hand),
    `UnsupportedModelError` (another version), `ModelTooLargeError` or `InvalidModelError`, each
    naming the file.
    """
    path = folder if folder.name == FILE else folder / FILE
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            raise ModelTooLargeError(f"{size} bytes, at most {BYTES_MAX}", source=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise MissingModelError(
            f"cannot be read: {error.strerror or error}", source=str(path)
        ) from None
    return parse_model(data, source=str(path))


def parse_model(data: bytes, *, source: str | None = None) -> Model:
    """The model in the bytes of a file; raises what `read_model` raises."""
    try:
        return _parse(data)
    except (DamagedModelError, InvalidModelError, UnsupportedModelError, ModelTooLargeError) as e:
        e.source = source
        raise


def _parse(data: bytes) -> Model:
    if len(data) > BYTES_MAX:
        raise ModelTooLargeError(f"{len(data)} bytes, at most {BYTES_MAX}")
    try:
        file = _FILES.decode(data)
        content: Any = msgspec.json.decode(file.model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedModelError(f"not a whole file of a model: {error}") from None
    if file.format != FORMAT:
        raise DamagedModelError("not a file of a model")
    if file.format_version != FORMAT_VERSION:
        raise UnsupportedModelError(
            f"format version {str(file.format_version)[:20]}, this one reads {FORMAT_VERSION}"
        )
    canonical = bytes(file.model)
    found = sha256(canonical).hexdigest()
    if found != file.hash:
        raise DamagedModelError(
            f"its content has the hash {found[:12]}…, the file says {file.hash[:12]}…"
        )
    model = _model(Content(content, path="$.model"))
    model.keep(canonical)
    return model


def _model(content: Content) -> Model:
    kind = content.word("kind")
    if kind not in set(ModelKind):
        raise content.fault(f"unknown kind of model {kind[:40]!r}", key="kind")
    about = _about(content)
    inputs = tuple(map(read_input, content.each("inputs")))
    link = _link(content.inner("link"))
    inner = content.maybe("calibration")
    calibration = None if inner is None else read_calibration(inner)
    card = content.maybe("card")
    if (card is not None) != (kind == ModelKind.SCORECARD):
        raise content.fault("a scorecard has a card, nothing else has", key="card")
    if card is not None:
        if content.part("trees") is not None or link != Link():
            raise content.fault("a scorecard has no trees and no link of its own", key="trees")
        content.nothing_else()
        return Model.of_card(read_card(card), about=about, inputs=inputs, calibration=calibration)
    trees = tuple(map(read_tree, content.each("trees")))
    content.nothing_else()
    if link.isolation != (kind == ModelKind.ANOMALY):
        raise content.fault("an anomaly comes from an isolation forest", key="link")
    return Model(
        about=about,
        kind=ModelKind(kind),
        inputs=inputs,
        trees=trees,
        link=link,
        calibration=calibration,
    )


def _link(content: Content) -> Link:
    link = Link(
        factor=content.number("factor"),
        divisor=content.number("divisor"),
        isolation=content.truth("isolation"),
    )
    content.nothing_else()
    return link


def _about(content: Content) -> About:
    name, version = content.word("name"), content.word("version")
    for key, text in (("name", name), ("version", version)):
        if not NAME.fullmatch(text):
            raise content.fault("small letters, digits, dots and dashes", key=key)
    title = content.bilingual("title")
    if title is None:
        raise content.fault("a model has a title in both languages", key="title")
    trained = content.maybe("trained_on")
    return About(
        name=name,
        version=version,
        title=title,
        description=content.bilingual("description"),
        trained_on=None if trained is None else _trained_on(trained),
        figures=content.mapping("figures"),
    )


def _trained_on(content: Content) -> TrainedOn:
    def maybe(key: str) -> int | None:
        return None if content.part(key) is None else content.whole(key)

    read = TrainedOn(
        policy=content.word("policy"),
        policy_version=content.whole("policy_version"),
        policy_hash=content.word("policy_hash"),
        starts_at=content.whole("starts_at"),
        ends_at=content.whole("ends_at"),
        rows=content.whole("rows"),
        frauds=content.whole("frauds"),
        first=maybe("first"),
        last=maybe("last"),
    )
    content.nothing_else()
    return read
