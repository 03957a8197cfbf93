"""The service against its own description: what schemathesis makes up is answered as it says.

Every answer is one that the description names, of a media type and a shape that it names; nothing
that is made up makes the service fail. The service is the real one, with a journal behind it.
"""

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.cli.serving import Serving, payment

from fengkong.client.client import Client
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms

EXAMPLES, MANY = 5, 150
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
SCOPES = ("admin", "audit", "decide", "explain", "find", "metrics", "policy", "read", "record")
KNOWN = "p-1"
"""An event that was decided before."""


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a service that decided some events, and a key that may do everything."""
    data = tmp_path_factory.mktemp("attacked") / "data"
    serving = Serving(data, "--policy", "payments")
    try:
        access = Access(data / "access.db")
        terms = KeyTerms(
            name="attack", scopes=frozenset(SCOPES), rate_per_second=1_000_000, burst=1_000_000
        )
        text = access.create(terms, now=time.time_ns() // 1000).text
        access.close()
        time.sleep(0.6)
        with Client(serving.url, text) as client:
            for number in range(3):
                client.decide(payment(number))
        yield serving.url, text
    finally:
        assert serving.end(signal.SIGTERM) == 0


def attack_of(url: str, token: str, wrong: dict[str, str]) -> Callable[[Any], None]:
    """What is done with each made-up request; what is wrong is kept by its first words."""

    ids = itertools.cycle([KNOWN, None])

    def attack(case: Any) -> None:
        known = next(ids)
        if known and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = known  # hardly any made-up id is one
        answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120)
        try:
            case.validate_response(answer, checks=CHECKS)
            assert answer.status_code < 500, answer.text[:300]
        except FailureGroup as group:
            for fault in group.exceptions:
                wrong.setdefault(str(fault)[:160], f"{fault} {answer.text[:300]}")
        except (Failure, AssertionError) as fault:
            wrong.setdefault(str(fault)[:160], f"{fault} {answer.text[:300]}")

    return attack


def faults(url: str, token: str, *, examples: int) -> Iterator[str]:
    """Every operation with made-up requests of a key that may do everything; what is wrong."""
    document = schemathesis.openapi.from_url(f"{url}/openapi.json")
    made_up = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for found in document.get_all_operations():
        operation, wrong = found.ok(), {}
        given(operation.as_strategy())(made_up(attack_of(url, token, wrong)))()
        yield from (f"{operation.label}: {one}" for one in wrong.values())


def test_made_up_requests_are_answered_as_described(token: tuple[str, str]) -> None:
    found = list(faults(*token, examples=EXAMPLES))
    assert not found, "\n".join(found)


@pytest.mark.nightly
def test_many_made_up_requests_are_answered_as_described(token: tuple[str, str]) -> None:
    found = list(faults(*token, examples=MANY))
    assert not found, "\n".join(found)
