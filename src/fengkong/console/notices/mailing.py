"""Sends a notice by mail, through the firm's own mail server."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils import timezone

from fengkong.console.notices.wording import Wording
from fengkong.console.webhooks.posting import Answer
from fengkong.protection.guarded_files import read_guarded

DEADLINE_S: Final = 15.0
PASSWORD_FILE: Final = "mail.password"  # noqa: S105 - the name of a file
_PORTS: Final = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_ACCEPTED: Final = 250


def send_mail(wording: Wording, *, to: Sequence[str], message_id: str) -> Answer:
    """Hand a message to the mail server; raises nothing of the network.

    Accepted is a mail that the server took for every one of those it goes to.
    """
    if not settings.CONSOLE.mail_server:
        return Answer(status=0, failure="no mail_server in console.yaml")
    if not to:
        return Answer(status=0, failure="nobody to send to is on duty with a mail address")
    began = time.monotonic()
    try:
        with _connected() as server:
            refused = server.send_message(_mail(wording, to=to, message_id=message_id))
    except (OSError, smtplib.SMTPException) as error:
        return Answer(status=0, failure=_failure(error), elapsed_ms=_since(began))
    if refused:
        return Answer(status=0, failure="some were refused", elapsed_ms=_since(began))
    return Answer(status=_ACCEPTED, elapsed_ms=_since(began))


def _connected() -> smtplib.SMTP:
    """A session with the server, signed in where a user is set."""
    parts = urlsplit(settings.CONSOLE.mail_server)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=DEADLINE_S, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=DEADLINE_S)
    try:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=context)
        if parts.username:
            password, _ = read_guarded(settings.CONSOLE.keys / PASSWORD_FILE)
            server.login(unquote(parts.username), password.decode().strip())
    except BaseException:
        server.close()
        raise
    return server


def _mail(wording: Wording, *, to: Sequence[str], message_id: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = wording.title.replace("\n", " ")
    mail["From"] = settings.CONSOLE.mail_from
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = f"<{message_id}@fengkong>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{wording.text}\n\n{wording.link_title}: {wording.link}\n")
    lines = escape(wording.text).replace("\n", "<br>")
    mail.add_alternative(
        f"<p><b>{escape(wording.title)}</b></p><p>{lines}</p>"
        f'<p><a href="{escape(wording.link)}">{escape(wording.link_title)}</a></p>',
        subtype="html",
    )
    return mail


def _failure(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"{error.smtp_code} {text}"[:200]
    return "timeout" if isinstance(error, TimeoutError) else type(error).__name__


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
