"""The books of the demonstration are sound, but for what goes wrong in them on purpose."""

from pathlib import Path

import pytest
from django.utils import timezone

from fengkong.cli.demo_sources import made_demo_sources
from fengkong.console.warnings.computing import FIRM, recompute
from fengkong.console.warnings.models import CompositeReading, RaisedWarning, SourceStatus

pytestmark = pytest.mark.django_db


def test_the_demonstration_warns_of_custody_and_arrears(data_directory: Path) -> None:
    today = timezone.localdate()
    assert made_demo_sources(data_directory, today=today) == 5
    assert made_demo_sources(data_directory, today=today) == 0
    recompute(everything=True)
    states = dict(SourceStatus.objects.values_list("source", "state"))
    for name in ("custody", "loan_book", "treasury", "market", "borrowers"):
        assert states[name] in {"good", "partial"}, name
    open_ones = set(RaisedWarning.objects.filter(state="open").values_list("indicator", flat=True))
    assert {"funds.unexplained_difference", "credit.overdue_rate"} <= open_ones
    assert "funds.difference_identity" not in open_ones
    assert CompositeReading.objects.filter(group=FIRM).latest("day").points > 0
    assert len(open_ones) < 25
