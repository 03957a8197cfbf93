"""`fengkong serve`, and what is asked of a running service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fengkong.cli.language import text
from fengkong.cli.logs import log_to_stderr
from fengkong.cli.screen import ERRORS, show_json
from fengkong.cli.sources import published_text
from fengkong.client.client import Client
from fengkong.service.running import run
from fengkong.service.settings import LOOPBACK, load_settings


def serve_until_stopped(
    data: Path, *, policy: str | None, models: Path | None, given: Mapping[str, object]
) -> bool:
    """Serve until a signal; False if the service had to give up."""
    log_to_stderr()
    first = None if policy is None else published_text(policy, models=models)
    settings = load_settings(data, given=given)
    if settings.host not in (LOOPBACK, "localhost", "::1") and not settings.tls_certificate:
        ERRORS.print(text("serve.open", host=settings.host), style="yellow", markup=False)

    def started(address: str) -> None:
        scheme = "https" if settings.tls_certificate else "http"
        ERRORS.print(text("serve.started", url=f"{scheme}://{address}"), markup=False)
        ERRORS.print(text("serve.next", data=data), markup=False)

    return run(
        settings,
        environment=os.environ,
        first_policy=first,
        progress=_progress(),
        started=started,
    )


def _progress() -> Any:
    """Tells of a long start: a line for every tenth of a stage."""
    told: dict[str, int] = {}
    words = {"verify": "serve.verifying", "recover": "serve.recovering"}

    def progress(stage: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if total > 100_000 and tenth > told.get(stage, 0):
            told[stage] = tenth
            key = words[stage]
            sentence = (
                text("serve.verifying", done=f"{done:,}", total=f"{total:,}")
                if key == "serve.verifying"
                else text("serve.recovering", done=f"{done:,}", total=f"{total:,}")
            )
            ERRORS.print(sentence, markup=False)

    return progress


def publish(policy: str, *, models: Path | None, url: str, key: str) -> None:
    """Put a policy in force, with its models."""
    content = published_text(policy, models=models)
    with Client(url, key, timeout=600) as client:
        show_json(client.publish(content))


def shadow(policy: str | None, *, models: Path | None, url: str, key: str) -> None:
    """Run a policy beside the live one; without a policy end it."""
    content = None if policy is None else published_text(policy, models=models)
    with Client(url, key, timeout=600) as client:
        show_json(client.shadow(content))


def canary(
    policy: str, *, share: float, by: str | None, models: Path | None, url: str, key: str
) -> None:
    """Have a policy answer for a share of the subjects, or of the values of an entity."""
    content = published_text(policy, models=models)
    with Client(url, key, timeout=600) as client:
        show_json(client.canary(content, share=share, by=by))


def end_canary(*, url: str, key: str) -> None:
    """End the canary; the live policy answers everyone again."""
    with Client(url, key, timeout=600) as client:
        show_json(client.canary(None))


def promote(*, url: str, key: str) -> None:
    """Put the policy that runs beside the live one in force."""
    with Client(url, key, timeout=600) as client:
        show_json(client.promote())


def rollback(*, url: str, key: str) -> None:
    """Undo the last change of who answers."""
    with Client(url, key, timeout=600) as client:
        show_json(client.rollback())


def status(*, url: str, key: str) -> None:
    """Show the policies of a running service."""
    with Client(url, key) as client:
        show_json(client.policies())


def erase(subject: str, *, url: str, key: str) -> None:
    """Destroy the key of a subject."""
    with Client(url, key, timeout=600) as client:
        show_json(client.erase(subject))
