"""What early warning reaches on data that nobody here made; figures in docs/explanation."""

import pytest
from benchmarks.early_warning import platforms, redemptions, shared_data, stress, tails

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not shared_data.available(), reason="the shared data is not there"),
]


def test_known_stress_is_seen_by_a_rule_of_earlier_days() -> None:
    found = stress.figures()
    for name in ("VIX", "SHIBOR one week", "SHIBOR overnight"):
        leads = found[name]["lead_days"]
        assert all(lead is not None and lead >= -10 for lead in leads.values()), (name, leads)
        assert found[name]["false_alarms_a_year"] <= 2.0


def test_values_at_risk_hold_what_they_claim() -> None:
    found = tails.figures()
    filtered = {name: one for name, one in found.items() if "EWMA" in name}
    assert len(filtered) == 4
    assert min(one["kupiec"] for one in filtered.values()) > 0.05
    assert min(one["conditional"] for one in filtered.values()) > 0.05


def test_the_redemption_forecast_is_better_and_covers() -> None:
    found = redemptions.figures()
    errors = dict(found["error"])
    ours = errors.pop("forecast")
    assert ours < 0.8 * min(errors.values())
    assert found["coverage_claimed"] - 0.03 <= found["coverage_seen"] <= 0.98


def test_its_settings_are_the_best_of_the_earlier_days() -> None:
    chosen = redemptions.tune()
    shipped = redemptions.Forecaster()
    assert (chosen["weeks"], chosen["smoothing"], chosen["shrinkage"]) == (
        *(shipped.weeks, shipped.smoothing, shipped.shrinkage),
    )


def test_the_warning_score_of_platforms_beats_the_published_one() -> None:
    found = platforms.figures()
    assert found["auc_warning"] > 0.70 > found["auc_score_alone"] + 0.05
    assert found["auc_warning_interval_95"][0] > 0.5
    assert found["lead_days_median"] > 180


def test_the_wave_shows_in_the_systemic_indicator() -> None:
    found = platforms.wave()
    assert any(alarm.startswith("2014-11") and alarm.endswith("red") for alarm in found["alarms"])
    assert found["failures_2015_16"] > 0.6 * found["failures_in_all"]
    assert list(found["regions"])[:2] == ["山东", "广东"]
    assert next(iter(found["causes"])) == "平台失联"
