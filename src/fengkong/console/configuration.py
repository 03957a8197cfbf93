"""How a console is set up: one small file in the data directory that it shares with the service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.documents import load_document
from fengkong.events.spelling import did_you_mean

FILE_NAME: Final = "console.yaml"
DATA_VARIABLE: Final = "FENGKONG_DATA"
"""The environment variable that names the data directory to every process of the console."""
GIVEN_VARIABLE: Final = "FENGKONG_CONSOLE"
"""The environment variable with settings, in JSON, that go before the file."""
LOOPBACK: Final = "127.0.0.1"
PORT: Final = 8800


class InvalidConsoleSettingError(RiskError):
    """A setting of the console is unknown or not what it must be."""

    code = "console.invalid_setting"
    hint = "Correct the setting named; docs/reference/console.md lists all of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """Everything that can be set; `directory` is where the data are.

    `database` is sqlite or a PostgreSQL connection string; `hosts` are names the console answers
    to beside its address; `service` is the address of the decision service, and
    `service_certificate` the file of whom to trust where its TLS certificate is of one's own;
    `idle_minutes` ends a session that nobody uses (PCI DSS 4.0.1 requirement 8.2.8 asks for at
    most 15), `session_hours` any session; `workers` is the number of processes that answer
    requests; `webhook_networks` are networks that webhooks may reach although they are not public
    (``10.1.2.0/24``); `public_address` is what links in messages begin with
    (``https://risk.example.com``), the console's own address unless set; `mail_server` is
    smtp://, smtp+starttls:// or smtps:// with user and host (the password is in the file
    keys/mail.password), `mail_from` the sender; `virus_scanner` is the clamd that looks at files of
    cases (``unix:///run/clamav/clamd.ctl`` or ``tcp://127.0.0.1:3310``), none unless set;
    `trusted_proxies` are networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto
    are believed, and which speak https with browsers.
    """

    directory: Path
    database: str = "sqlite"
    host: str = LOOPBACK
    port: int = PORT
    hosts: tuple[str, ...] = ()
    service: str = "http://127.0.0.1:8700"
    service_certificate: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    idle_minutes: int = 15
    session_hours: int = 12
    workers: int = 1
    webhook_networks: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    public_address: str = ""
    mail_server: str = ""
    mail_from: str = "fengkong@localhost"
    virus_scanner: str = ""

    def __post_init__(self) -> None:
        if not self.public_address:
            scheme = "https" if self.tls_certificate else "http"
            object.__setattr__(self, "public_address", f"{scheme}://{self.host}:{self.port}")

    @property
    def database_file(self) -> Path:
        """The embedded database."""
        return self.directory / "console.db"

    @property
    def keys(self) -> Path:
        """Where the console's own secrets are, beside those of the service."""
        return self.directory / "keys"

    @property
    def cache(self) -> Path:
        """What can be made again at any time."""
        return self.directory / "console-cache"


_ADDRESSES: Final = {
    "public_address": ("https", "http"),
    "mail_server": ("smtp", "smtp+starttls", "smtps"),
    "virus_scanner": ("tcp", "unix"),
}
_RANGES: Final = {
    "port": (0, 65_535),
    "idle_minutes": (1, 15),
    "session_hours": (1, 24),
    "workers": (1, 64),
}
_NETWORKS: Final = ("webhook_networks", "trusted_proxies")


def described_settings() -> Iterator[tuple[str, str, str]]:
    """Name, default and what may be set of every setting, for its reference."""
    for field in fields(ConsoleSettings):
        if field.name == "directory":
            continue
        shown = "" if field.default in ("", ()) else str(field.default)
        low, high = _RANGES.get(field.name, (0, 0))
        yield field.name, shown, f"{low:,}-{high:,}" if high else ""


def load_console_settings(
    directory: Path, *, given: Mapping[str, object] | None = None
) -> ConsoleSettings:
    """The settings of a data directory; what is given (None: not) goes before the file.

    All that is wrong raises one FaultsError.
    """
    path = directory / FILE_NAME
    values: dict[str, object] = {}
    faults: list[Fault] = []
    if path.is_file():
        document = load_document(path.read_text(encoding="utf-8"), source=str(path))
        if isinstance(document.data, dict):
            values = {str(name): value for name, value in document.data.items()}
        elif document.data is not None:
            faults.append(InvalidConsoleSettingError("expected settings, one a line").fault())
    values |= {name: value for name, value in (given or {}).items() if value is not None}
    known = {field.name: field for field in fields(ConsoleSettings) if field.name != "directory"}
    checked: dict[str, object] = {}
    for name, value in values.items():
        if name not in known:
            message = f"there is no setting {name[:40]!r}{did_you_mean(name, known)}"
            fault = InvalidConsoleSettingError(message, path=f"$.{name}").fault()
            faults.append(replace(fault, source=str(path)))
            continue
        try:
            checked[name] = _checked(name, value, default=known[name].default)
        except InvalidConsoleSettingError as error:
            faults.append(replace(error.fault(), source=str(path)))
    if faults:
        raise FaultsError(faults)
    return ConsoleSettings(directory=directory, **checked)  # type: ignore[arg-type]


def _checked(name: str, value: object, *, default: object) -> object:
    path = f"$.{name}"
    if isinstance(default, tuple):
        texts = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(text, str) and text for text in texts):
            raise InvalidConsoleSettingError(f"{name} is a list of texts", path=path)
        if name in _NETWORKS:
            _check_networks(texts, path=path)
        return tuple(texts)
    if isinstance(value, bool) or not isinstance(value, type(default)):
        kind = "a whole number" if isinstance(default, int) else "a text"
        raise InvalidConsoleSettingError(f"{name} is {kind}", path=path)
    if name in _RANGES:
        low, high = _RANGES[name]
        assert isinstance(value, int), "ranges are of whole numbers"
        if not low <= value <= high:
            raise InvalidConsoleSettingError(f"{name} is between {low} and {high}", path=path)
    if name in _ADDRESSES and value and urlsplit(str(value)).scheme not in _ADDRESSES[name]:
        begins = ", ".join(f"{scheme}://" for scheme in _ADDRESSES[name])
        raise InvalidConsoleSettingError(f"{name} begins with one of {begins}", path=path)
    if name == "database" and value != "sqlite" and not str(value).startswith("postgres"):
        raise InvalidConsoleSettingError("database is sqlite or postgresql://...", path=path)
    return value


def _check_networks(texts: Iterable[object], *, path: str) -> None:
    for text in texts:
        try:
            ip_network(str(text))
        except ValueError as error:
            raise InvalidConsoleSettingError(f"not a network: {error}", path=path) from None
