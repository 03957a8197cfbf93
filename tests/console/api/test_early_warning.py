"""Early warning through the API: what the screens show and do."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.console.api.test_operations import Program
from tests.console.operators import new_operator

from fengkong.console.approvals.models import Proposal
from fengkong.console.outbox.models import Job
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.journal import journal_rows
from fengkong.console.warnings.models import Annotation, SourcePull

pytestmark = pytest.mark.django_db
DIFFERENCE = "funds.unexplained_difference"


@pytest.fixture
def officer(settings, tmp_path: Path) -> Program:
    """Somebody who may change thresholds, with a custody of which 1,500 yuan are missing."""
    (tmp_path / "sources").mkdir()
    settings.CONSOLE = replace(
        settings.CONSOLE, directory=tmp_path, webhook_networks=("127.0.0.0/8",)
    )
    journal_rows._FOLLOWED.clear()
    today = timezone.localdate()
    lines = ["day,ledger_balance,bank_balance,unexplained,customer_claims"]
    lines += [f"{today - timedelta(days=back)},1000000,1000000,0,900000" for back in (2, 1)]
    lines.append(f"{today},1000000,998500,1500,900000")
    (tmp_path / "sources" / "custody.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recompute()
    return Program(new_operator("credit_officer", username="cora"))


def test_what_the_screens_show(officer: Program) -> None:
    red = officer.ask("GET", "/indicators?level=red&group=funds").json()["items"]
    assert DIFFERENCE in {one["id"] for one in red}
    one = officer.ask("GET", f"/indicators/{DIFFERENCE}").json()
    assert one["value"] == 150_000
    assert one["thresholds"][0]["basis"] in {"law", "standard", "literature", "measured", "house"}
    assert one["thresholds"][0]["reference"]["zh"]
    values = officer.ask("GET", f"/indicators/{DIFFERENCE}/values").json()["items"]
    assert [one["value"] for one in values] == [0, 0, 150_000]
    warned = officer.ask("GET", "/warnings?state=open&group=funds").json()["items"]
    found = next(one for one in warned if one["indicator"] == DIFFERENCE)
    assert found["playbook"] == "custody_mismatch"
    assert officer.ask("GET", f"/warnings/{found['id']}").json() == found
    assert officer.ask("GET", "/cockpit").json()["groups"]["funds"]["level"] in {"orange", "red"}
    counted = officer.ask("GET", f"/indicators/{DIFFERENCE}/counted").json()
    assert counted["total"] == 1
    assert counted["items"][0]["unexplained"] == 150_000
    assert officer.ask("GET", "/indicators/none.such").status_code == 404
    assert officer.ask("GET", "/sources/none").status_code == 404
    sources = officer.ask("GET", "/sources").json()["items"]
    assert {one["id"]: one["state"] for one in sources}["custody"] == "partial"


def test_what_the_screens_do(officer: Program) -> None:
    bounds = {"yellow": 1.0, "orange": 100.0, "red": 10_000_000.0}
    tested = officer.ask("POST", f"/indicators/{DIFFERENCE}/try", bounds).json()
    assert tested["alarms"] >= 0
    wrong = officer.ask("POST", f"/indicators/{DIFFERENCE}/try", {"yellow": 9.0, "red": 1.0})
    assert wrong.json()["code"] == "warnings.invalid_threshold"
    said = bounds | {"effective_from": f"{timezone.localdate()}", "reason": "audit of March"}
    made = officer.ask("POST", f"/indicators/{DIFFERENCE}/propose", said).json()
    assert Proposal.objects.get(pk=made["id"]).target == DIFFERENCE
    note = {"day": f"{timezone.localdate()}", "text": "the bank was asked"}
    assert officer.ask("POST", f"/indicators/{DIFFERENCE}/notes", note).status_code == 200
    assert Annotation.objects.get().by == "cora"
    pull = {"address": "http://127.0.0.1:9/upkeep.csv", "every_minutes": 15}
    assert officer.ask("PUT", "/sources/upkeep/pull", pull).status_code == 200
    assert SourcePull.objects.get().every_minutes == 15
    assert officer.ask("POST", "/sources/upkeep/pull-now").status_code == 200
    assert officer.ask("POST", "/cockpit/recompute").status_code == 200
    assert set(Job.objects.values_list("kind", flat=True)) >= {
        "pull_source",
        "recompute_indicators",
    }
    refused = {"address": "https://169.254.169.254/upkeep.csv", "every_minutes": 15}
    assert officer.ask("PUT", "/sources/upkeep/pull", refused).status_code == 409
    assert officer.ask("PUT", "/sources/upkeep/pull", {"address": ""}).status_code == 200
    assert not SourcePull.objects.exists()
