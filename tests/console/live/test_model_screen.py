"""The page of a model shows what it learned from, its figures, its drift and its inputs."""

import pytest
from django.utils import timezone
from tests.console.operators import browser_of, new_operator

from fengkong.cli.demo_model import USED_AS, demo_policy_text, scorecard
from fengkong.console.governance.policy_texts import read_policy
from fengkong.console.journaled.models import Activation
from fengkong.console.live.distributions import spread
from fengkong.console.live.models import Measurement
from fengkong.console.live.views import models as view

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demonstration's policy is live, and its model was measured."""
    policy = read_policy(demo_policy_text())
    now = timezone.now()
    Activation.objects.create(
        sequence=1,
        role="live",
        cause="started",
        at=now,
        policy=policy.name,
        policy_version=1,
        policy_hash=policy.hash,
    )
    said = [number / 400 for number in range(400)]
    calibration = {
        "rows": 400,
        "frauds": 20,
        "brier": 0.01,
        "error": 0.002,
        "predicted": [0.01, 0.4],
        "observed": [0.02, 0.5],
        "counts": [200, 200],
    }
    content = {"scores": {USED_AS: spread(said, said)}, "calibration": calibration, "rows": 400}
    Measurement.objects.create(kind="scores", about=policy.name, measured_at=now, content=content)
    monkeypatch.setattr(view, "policy_of", lambda _hash: policy)


def test_a_model_is_shown_whole() -> None:
    desk = browser_of(new_operator("senior_analyst"), headers={"accept-language": "en"})
    about = scorecard().about
    address = f"/live/models/{about.name}/{about.version}/"
    assert address in desk.get("/live/models/").content.decode()
    shown = desk.get(address)
    page = shown.content.decode()
    assert shown.status_code == 200
    assert about.title.en in page
    assert f"{about.figures['test']['average_precision']['value']:.3f}" in page
    assert f"{about.trained_on.rows:,}" in page
    assert "on 400 labelled decisions with 20 frauds" in page
    assert all(one.name in page for one in scorecard().inputs)
