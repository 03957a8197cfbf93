"""What early warning reaches on data that nobody here made; figures in docs/explanation."""

import pytest
from benchmarks.early_warning import platforms, redemptions, shared_data, stress, tails

from fengkong.credit.peers import shipped_score

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


def test_values_at_risk_hold_what_they_claim_on_days_not_used_for_choosing() -> None:
    found = tails.figures()
    assert found.pop("method") == "filtered history, EWMA 0.94, 500 returns"  # what is shipped
    assert len(found) == 4
    for name, one in found.items():
        assert one["days"] > 1000, name
        assert min(one["kupiec"], one["christoffersen"], one["conditional"]) > 0.05, name


def test_the_redemption_forecast_is_better_and_covers() -> None:
    found = redemptions.figures()
    errors = dict(found["error"])
    ours = errors.pop("forecast")
    assert ours < 0.8 * min(errors.values())
    assert abs(found["coverage_seen"] - found["coverage_claimed"]) <= 0.03
    low, high = found["intervals"]["coverage_interval_95"]
    assert low <= found["coverage_claimed"] <= high


def test_its_intervals_are_the_best_of_the_earlier_days() -> None:
    assert redemptions.tune_intervals()["kept"] == redemptions.Forecaster().errors_kept


def test_its_settings_are_the_best_of_the_earlier_days() -> None:
    chosen = redemptions.tune()
    shipped = redemptions.Forecaster()
    assert (chosen["weeks"], chosen["smoothing"], chosen["shrinkage"]) == (
        *(shipped.weeks, shipped.smoothing, shipped.shrinkage),
    )


def test_the_score_trained_in_time_order_beats_the_published_one() -> None:
    found = platforms.figures(draws=200)
    area = found["auc"]["fitted in time order"]
    assert area > found["auc"]["published score"] + 0.1
    assert area > found["auc"]["expectations alone, not fitted"]
    assert min(found["other_doubts"].values()) > found["auc"]["published score"] + 0.1
    assert found["auc_interval_95"][0] > 0.55
    assert found["lead_days_median"] > 180


def test_the_shipped_score_is_what_the_data_gives() -> None:
    made, shipped = platforms.shipped(), shipped_score()
    assert shipped.fitted_until == made.fitted_until
    assert (shipped.ratings, shipped.failed_ratings) == (made.ratings, made.failed_ratings)
    assert shipped.weights == pytest.approx(made.weights, abs=1e-4)


def test_the_wave_shows_in_the_systemic_indicator() -> None:
    found = platforms.wave()
    assert any(alarm.startswith("2014-11") and alarm.endswith("red") for alarm in found["alarms"])
    assert found["failures_2015_16"] > 0.6 * found["failures_in_all"]
    assert list(found["regions"])[:2] == ["山东", "广东"]
    assert next(iter(found["causes"])) == "平台失联"
    for part in (*found["regions"].values(), *found["causes"].values()):
        assert part["alarms_2015_16"], "each of the largest shows the wave by itself"
