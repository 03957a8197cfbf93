"""Alerts from a real journal: their typology is what the weightiest rule names, or its id."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import POLICY, payment, send, serve, settings_of

from fengkong.console.alerts.models import Alert
from fengkong.service.opening import open_for_reading
from fengkong.worker.tail import Tail

pytestmark = pytest.mark.django_db(transaction=True)
NAMED = (
    POLICY.replace("  - id: fast\n", "  - id: fast\n    typology: card_testing\n")
    + """
  - id: takeover.large
    when: amount > 900
    outcome: delay
    reason: {zh: 金额大, en: large}
"""
)


def test_the_weightiest_rule_names_the_typology(tmp_path: Path, settings: Any) -> None:
    async def decide(service: Any) -> None:
        small = [payment(n, customer="C1", card="k", amount="20.00") for n in range(5)]
        await send(service, *small, payment(9, customer="C1", card="k", amount="990.00"))

    serve(tmp_path, decide, policy=NAMED)
    place = settings_of(tmp_path)
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path / "data")
    journal = open_for_reading(place, environment={})
    try:
        tail = Tail(journal.history)
        while tail.step():
            pass
    finally:
        journal.close()
    assert list(Alert.objects.order_by("first_sequence").values_list("typology", "rules")) == [
        ("card_testing", ["fast"]),
        ("account_takeover", ["fast", "takeover.large"]),
    ]
