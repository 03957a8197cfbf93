"""What programs read of now is what the screens show."""

import pytest
from tests.console.api.test_operations import Program
from tests.console.live.conftest import Beside
from tests.console.operators import new_operator

from fengkong.console.audit.models import AuditEntry
from fengkong.console.journaled.models import Decision
from fengkong.console.live import overview

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return Program(new_operator("senior_analyst", "executive", username="ann"))


def test_the_figures_of_a_period_count_what_was_decided(program: Program, filled: int) -> None:
    shown = program.ask("GET", "/overview?period=7d").json()
    figures = {one["key"]: one for one in shown["figures"]}
    assert list(figures) == [one.key for one in overview.FIGURES]
    within = Decision.objects.filter(occurred_at__gte=shown["start"], occurred_at__lt=shown["end"])
    whole, denied = within.count(), within.filter(outcome="deny").count()
    assert figures["decisions"]["value"] == whole
    assert filled // 2 < whole <= filled
    assert (figures["deny"]["count"], figures["deny"]["value"]) == (denied, denied / whole)
    assert "outcome=deny" in figures["deny"]["listed"]
    none = program.ask("GET", "/overview?period=7d&event_type=login").json()["figures"]
    assert none[0]["value"] == 0
    assert program.ask("GET", "/overview?period=9y").status_code == 422


def test_a_decision_is_derived_again(program: Program, beside: Beside) -> None:
    sequence = Decision.objects.filter(outcome="review")[0].sequence
    said = program.ask("POST", f"/decisions/{sequence}/replay").json()
    assert said == {"equal": True, "same_record": True, "differences": []}
    entry = AuditEntry.objects.get(action="replay_decision")
    assert (entry.actor, entry.target) == ("ann", str(sequence))


def test_features_and_models_are_those_in_force(program: Program, beside: Beside) -> None:
    found = program.ask("GET", "/features").json()
    assert found["items"]
    assert all({"name", "window", "rules", "psi", "lamp"} <= set(one) for one in found["items"])
    assert found["stale"] is True
    assert program.ask("GET", "/models").json()["items"] == []
    assert program.ask("GET", "/models/none/1").status_code == 404


def test_health_tells_of_the_worker_and_its_jobs(program: Program, beside: Beside) -> None:
    shown = program.ask("GET", "/health").json()
    assert (shown["worker"]["behind"], shown["worker"]["stale"]) == (0, False)
    assert set(shown["jobs"]) == {"waiting", "running", "done", "dead"}
