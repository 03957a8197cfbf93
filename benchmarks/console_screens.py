"""Visits every address of the console as every role, in a process of its own; prints JSON.

``python -m benchmarks.console_screens DATA ROUNDS``: the database is that of the data directory.
The pages are asked of Django itself, so a page's time is the console's and not the network's.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")
HOST: Final = "127.0.0.1"
SKIPPED: Final = ("logout", "sse", "events/", "stream/feed")
"""Addresses that end the session, or that never end."""


def main(data: Path, *, rounds: int) -> None:
    """Print what was measured."""
    from fengkong.console.project.setup import bring_schema_up_to_date, start_django

    start_django(data)
    bring_schema_up_to_date()
    from fengkong.cli.demo_operators import made_demo_operators

    addresses, unfilled = _addresses()
    visits: list[dict[str, Any]] = []
    for operator in made_demo_operators():
        visits += _visited(operator, addresses, rounds=rounds)
    sys.stdout.write(json.dumps({"visits": visits, "unfilled": unfilled}))


def _visited(operator: Any, addresses: list[str], *, rounds: int) -> list[dict[str, Any]]:
    """The answers that are pages, with wall and processor seconds of every round."""
    browser = _signed_in(operator)
    found = []
    for address in addresses:
        first = browser.get(address)
        if first.status_code != 200 or first.streaming:
            continue
        wall, cpu = [], []
        for _ in range(rounds):
            began, used = time.perf_counter(), time.process_time()
            answer = browser.get(address)
            assert answer.status_code == 200, (address, answer.status_code)
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - used)
        size = len(first.content)
        found.append(
            {"role": operator.username, "address": address, "wall": wall, "cpu": cpu, "bytes": size}
        )
    return found


def _signed_in(operator: Any) -> Any:
    """A browser that has given the password and the code, as a person does."""
    from django.test import Client
    from django.urls import reverse

    from fengkong.cli.authenticator import code_at

    browser = Client(HTTP_HOST=HOST)
    said = {"login": operator.username, "password": operator.password}
    answer = browser.post(reverse("account_login"), said)
    assert answer.status_code == 302, answer.status_code
    code = code_at(operator.secret, seconds=int(time.time()))
    answer = browser.post(reverse("mfa_authenticate"), {"code": code})
    assert answer.status_code == 302, "the second factor was refused"
    return browser


def _addresses() -> tuple[list[str], list[str]]:
    """Every address, places in it filled with something that is there; and those not filled."""
    from django.urls import get_resolver

    filled, unfilled = [], []
    samples = _samples()
    for route in _routes(get_resolver(), ""):
        if any(word in route for word in SKIPPED):
            continue
        names = PLACE.findall(route)
        if all(name in samples for name in names):
            filled.append("/" + PLACE.sub(lambda match: str(samples[match.group(1)]), route))
        else:
            unfilled.append(route)
    return sorted(set(filled)), sorted(set(unfilled))


def _routes(resolver: Any, before: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, route)
        elif "^" not in route and "(" not in route:
            yield route


def _samples() -> dict[str, object]:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.journaled.models import Decision

    newest = Decision.objects.order_by("-sequence").first()
    found: dict[str, object] = {}
    if newest is not None:
        found = {"sequence": newest.sequence, "event_id": newest.event_id}
        found |= {"subject": newest.subject, "policy": newest.policy}
    operator = Operator.objects.first()
    return found if operator is None else found | {"username": operator.username}


if __name__ == "__main__":
    main(Path(sys.argv[1]), rounds=int(sys.argv[2]))
