"""How a service is set up: one small file in its data directory, and what the command line says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.documents import load_document
from fengkong.events.spelling import did_you_mean
from fengkong.journal.opening import JournalPlace

FILE_NAME: Final = "service.yaml"
LOOPBACK: Final = "127.0.0.1"
PORT: Final = 8700
COLLECTOR: Final = (50_000, 50, 50)
"""When cycles are looked for: a journal that is read makes many objects and no cycles."""


class InvalidSettingError(RiskError):
    """A setting of the service is unknown or not what it must be."""

    code = "service.invalid_setting"
    hint = "Correct the setting named; docs/reference/service.md lists all of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; `directory` is where the data are.

    `store` is sqlite or a PostgreSQL connection string; `hash` (sha256, sm3) and `encryption`
    (aes-256-gcm, sm4-gcm) are chosen when a journal is made; `second_places` are directories or
    URLs outside `directory` for signed checkpoints (a sibling directory where none is named);
    `witnesses` cosign checkpoints, each written as its verifier key and its address;
    `hosts` are names the service answers to beside its address; `master_keys` is file or
    environment; `verify` is all (every entry at each start) or recent (what no snapshot covers);
    times are in seconds.
    """

    directory: Path
    store: str = "sqlite"
    hash: str = "sha256"
    encryption: str = "aes-256-gcm"
    master_keys: str = "file"
    second_places: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    host: str = LOOPBACK
    port: int = PORT
    hosts: tuple[str, ...] = ()
    tls_certificate: str = ""
    tls_key: str = ""
    open_metrics: str = "no"
    verify: str = "all"
    snapshot_every: int = 100_000
    request_seconds: int = 15

    @property
    def journal_file(self) -> Path:
        """The embedded journal."""
        return self.directory / "journal.db"

    @property
    def access_file(self) -> Path:
        """API keys and nonces."""
        return self.directory / "access.db"

    @property
    def keys(self) -> Path:
        """Master keys and the key that signs checkpoints."""
        return self.directory / "keys"

    @property
    def snapshots(self) -> Path:
        """States."""
        return self.directory / "snapshots"

    @property
    def archive(self) -> Path:
        """Payloads that were moved out of the journal."""
        return self.directory / "archive"

    @property
    def cosigned(self) -> Path:
        """The newest checkpoint under which witnesses have put their signatures."""
        return self.directory / "witnessed" / "checkpoint"

    @property
    def places(self) -> tuple[str, ...]:
        """The second places of checkpoints."""
        sibling = self.directory.with_name(self.directory.name + ".checkpoints")
        return self.second_places or (str(sibling),)

    @property
    def place(self) -> JournalPlace:
        """Where the journal is, for whoever reads it."""
        return JournalPlace(
            directory=self.directory, store=self.store, master_keys=self.master_keys
        )

    @property
    def embedded(self) -> bool:
        """Whether the journal is a file of the data directory."""
        return self.store == "sqlite"


_CHOICES: Final = {
    "hash": ("sha256", "sm3"),
    "encryption": ("aes-256-gcm", "sm4-gcm"),
    "master_keys": ("file", "environment"),
    "open_metrics": ("yes", "no"),
    "verify": ("all", "recent"),
}
_RANGES: Final = {
    "port": (0, 65_535),
    "snapshot_every": (1_000, 10_000_000),
    "request_seconds": (1, 600),
}


def described_settings() -> Iterator[tuple[str, str, str]]:
    """Name, default and what may be set of every setting, for its reference."""
    for field in fields(Settings):
        if field.name == "directory":
            continue
        default = field.default
        shown = "" if default in ("", ()) else str(default)
        low, high = _RANGES.get(field.name, (0, 0))
        allowed = f"{low:,}-{high:,}" if high else ", ".join(_CHOICES.get(field.name, ()))
        yield field.name, shown, allowed


def load_settings(directory: Path, *, given: Mapping[str, object] | None = None) -> Settings:
    """The settings of a data directory; what is given (None: not) goes before the file.

    All that is wrong raises one FaultsError.
    """
    path = directory / FILE_NAME
    faults: list[Fault] = []
    values: dict[str, object] = {}
    if path.is_file():
        document = load_document(path.read_text(encoding="utf-8"), source=str(path))
        if isinstance(document.data, dict):
            values = {str(name): value for name, value in document.data.items()}
        elif document.data is not None:
            faults.append(InvalidSettingError("expected settings, one a line").fault())
    values |= {name: value for name, value in (given or {}).items() if value is not None}
    known = {field.name: field for field in fields(Settings) if field.name != "directory"}
    checked: dict[str, object] = {}
    for name, value in values.items():
        if name not in known:
            message = f"there is no setting {name[:40]!r}{did_you_mean(name, known)}"
            faults.append(InvalidSettingError(message, path=f"$.{name}", source=str(path)).fault())
            continue
        try:
            checked[name] = _checked(name, value, default=known[name].default)
        except InvalidSettingError as error:
            faults.append(replace(error.fault(), source=str(path)))
    if not faults:
        settings = Settings(directory=directory, **checked)  # type: ignore[arg-type]
        faults = _together(settings)
        if not faults:
            return settings
    raise FaultsError(faults)


def _checked(name: str, value: object, *, default: object) -> object:
    path = f"$.{name}"
    if isinstance(default, tuple):
        texts = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(text, str) and text for text in texts):
            raise InvalidSettingError(f"{name} is a list of texts", path=path)
        return tuple(texts)
    if isinstance(value, bool) and name in _CHOICES:
        value = "yes" if value else "no"
    if isinstance(value, bool) or not isinstance(value, type(default)):
        kind = "a whole number" if isinstance(default, int) else "a text"
        raise InvalidSettingError(f"{name} is {kind}", path=path)
    if name in _CHOICES and value not in _CHOICES[name]:
        raise InvalidSettingError(f"{name} is one of {', '.join(_CHOICES[name])}", path=path)
    if name in _RANGES:
        low, high = _RANGES[name]
        assert isinstance(value, int), "ranges are of whole numbers"
        if not low <= value <= high:
            raise InvalidSettingError(f"{name} is between {low} and {high}", path=path)
    return value


def _together(settings: Settings) -> list[Fault]:
    """What is wrong with settings that are each right."""
    faults: list[Fault] = []
    if bool(settings.tls_certificate) is not bool(settings.tls_key):
        message = "tls_certificate and tls_key belong together"
        faults.append(InvalidSettingError(message, path="$.tls_key").fault())
    if settings.store != "sqlite" and not settings.store.startswith(
        ("postgresql://", "postgres://")
    ):
        message = "store is sqlite or postgresql://..."
        faults.append(InvalidSettingError(message, path="$.store").fault())
    inside = settings.directory.resolve()
    for place in settings.places:
        if "://" not in place and Path(place).resolve().is_relative_to(inside):
            message = f"{place} is inside the data directory: whoever replaces that replaces both"
            faults.append(InvalidSettingError(message, path="$.second_places").fault())
    return faults
