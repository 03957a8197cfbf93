"""What the desk did is counted once, and what came after is seen."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation
from tests.console.feedback.making import agreed_share, close, count, lately, told, truth
from tests.console.journaled.test_intake import entries
from tests.console.operators import new_operator

from fengkong.console.alerts.choosing import chosen
from fengkong.console.alerts.closing import dispose, reopen, undo
from fengkong.console.alerts.models import Alert
from fengkong.console.alerts.organising import current_terms
from fengkong.console.feedback.figures import analysts_sheet, rules_sheet, typologies_sheet
from fengkong.console.feedback.maturity import days_of, maturity
from fengkong.console.feedback.missed import missed
from fengkong.console.feedback.models import AlertEnd, Arrival, LoopSettings, SecondLook
from fengkong.console.feedback.quality import JudgedTwiceError, judge, quality, waiting_for
from fengkong.console.feedback.sampling import propose_random_share, random_share
from fengkong.console.journaled.intake import forget_all, take_in
from fengkong.console.shell.sheets import Sheet

_KEY, DAYS = days_of("90d")
REVIEW = {"outcome": "review", "rules": ("mule.collects",)}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def cells(sheet: Sheet, row: int = 0) -> dict[str, str]:
    titles = [str(one.title) for one in sheet.columns]
    return dict(zip(titles, sheet.cells()[row], strict=True))


@pytest.mark.django_db
def test_an_end_counts_once_it_stands() -> None:
    analyst = new_operator("analyst")
    take_in(entries(lately(1, **REVIEW)))
    alert = Alert.objects.get()
    closing = dispose([alert.pk], "false_positive", "usual_behaviour", analyst)
    count()
    assert not AlertEnd.objects.exists()
    undo(closing.pk, analyst)
    close(alert, "confirmed_fraud", analyst, "customer_denies")
    count()
    count()
    assert AlertEnd.objects.get().disposition == "confirmed_fraud"
    assert Arrival.objects.get().alerts == 1
    reopen(alert.pk, analyst, reason="a mistake")
    count()
    assert not AlertEnd.objects.exists()


@pytest.mark.django_db
def test_a_later_label_overturns_and_costs_recall() -> None:
    analyst = new_operator("analyst", username="ana")
    take_in(entries(*(lately(number, days=20, **REVIEW) for number in (1, 2, 3))))
    for alert, end in zip(
        Alert.objects.order_by("first_sequence"),
        (("false_positive", "usual_behaviour"), *[("confirmed_fraud", "customer_denies")] * 2),
        strict=True,
    ):
        close(alert, end[0], analyst, end[1])
    count()
    told(truth(1, 4, is_fraud=True), truth(2, 5, is_fraud=True), after=3)
    count()
    found = cells(analysts_sheet(DAYS))
    assert (found["Closed alerts"], found["Frauds"], found["Not fraud"]) == ("3", "2", "1")
    assert (found["Precision"], found["Recognised"], found["Overturned"]) == (
        "66.7%",
        "66.7%",
        "33.3%",
    )
    told(truth(1, 6, is_fraud=False), after=5)
    count()
    assert cells(analysts_sheet(DAYS))["Overturned"] == "0.0%"
    assert cells(typologies_sheet(DAYS, current_terms()))["Typology"] == "Mule ring"


@pytest.mark.django_db
def test_an_alert_that_follows_is_a_repetition() -> None:
    analyst = new_operator("analyst")
    take_in(entries(lately(1, days=0.01, **REVIEW)))
    close(Alert.objects.get(), "false_positive", analyst, "usual_behaviour")
    count()
    take_in(entries(lately(2, days=-0.01, **REVIEW | {"subject": f"{1:032x}"}), after=1))
    count()
    assert AlertEnd.objects.get().repeated


@pytest.mark.django_db
def test_a_label_moves_the_precision_of_a_rule() -> None:
    take_in(entries(*(lately(number, days=20, **REVIEW) for number in range(1, 5))))
    told(*(truth(n, 4 + n, is_fraud=n < 3, days=15) for n in range(1, 5)), after=4)
    found = cells(rules_sheet(DAYS, maturity()))
    assert (found["Hits"], found["Truth known"], found["Precision"]) == ("4", "100.0%", "50.0%")
    assert found["Recall"] == "100.0%"
    told(truth(3, 9, is_fraud=True, days=15), after=8)
    assert cells(rules_sheet(DAYS, maturity()))["Precision"] == "75.0%"


@pytest.mark.django_db
def test_young_days_do_not_count_for_recall() -> None:
    take_in(entries(lately(1, days=30, **REVIEW), lately(2, days=2, **REVIEW)))
    told(truth(1, 3, is_fraud=True, days=20), truth(2, 4, is_fraud=True, days=1), after=2)
    mature = maturity()
    assert mature.delay_s == pytest.approx(10 * 86_400, abs=5)
    assert mature.until <= (timezone.localtime() - timedelta(days=10)).date()


@pytest.mark.django_db
def test_a_second_look_is_blind_and_by_somebody_else() -> None:
    LoopSettings.objects.create(quality_share=1.0)
    first, second = new_operator("analyst"), new_operator("senior_analyst")
    take_in(entries(*(lately(number, **REVIEW) for number in (1, 2))))
    for alert in Alert.objects.all():
        close(alert, "confirmed_fraud", first, "customer_denies")
    count()
    assert not waiting_for(first).exists()
    looks = list(waiting_for(second))
    judge(looks[0].pk, second, disposition="confirmed_fraud", remark="")
    judge(looks[1].pk, second, disposition="false_positive", remark="pays rent")
    with pytest.raises(JudgedTwiceError):
        judge(looks[1].pk, second, disposition="suspicious", remark="")
    found = quality(DAYS)
    assert (found.agreement.same.count, found.agreement.same.total) == (1, 2)
    assert found.sheet.rows[0][1:] == (1, 0, 1, 0)
    with pytest.raises(PermissionDenied):
        judge(looks[0].pk, new_operator("executive"), disposition="suspicious", remark="")


def test_a_larger_share_holds_what_a_smaller_one_does() -> None:
    names, key = [f"e-{number}" for number in range(4_000)], b"k" * 32
    small = {one for one in names if chosen(one, share=0.05, key=key)}
    large = {one for one in names if chosen(one, share=0.2, key=key)}
    assert small < large
    assert len(large) == pytest.approx(800, abs=90)
    assert not any(chosen(one, share=0, key=key) for one in names)
    assert all(chosen(one, share=1, key=key) for one in names)


@pytest.mark.django_db
def test_allowed_traffic_is_sampled_the_same_however_often_it_is_read() -> None:
    agreed_share(0.05)
    assert random_share() == 0.05
    traffic = [lately(number) for number in range(1, 401)]
    take_in(entries(*traffic))
    sampled = set(Alert.objects.values_list("pk", "typology", "expected_loss_minor"))
    assert {one[1] for one in sampled} == {"random_sample"}
    assert 5 <= len(sampled) <= 40
    forget_all()
    for start in range(0, 400, 50):
        take_in(entries(*traffic[start : start + 50], after=start))
    again = set(Alert.objects.values_list("pk", "typology", "expected_loss_minor"))
    assert again == sampled
    with pytest.raises(PermissionDenied):
        propose_random_share(new_operator("analyst"), 0.01, reason="less work")


@pytest.mark.django_db
def test_the_sample_says_what_is_missed() -> None:
    analyst = new_operator("analyst")
    agreed_share(0.05)
    take_in(entries(*(lately(number) for number in range(1, 401))))
    alerts = list(Alert.objects.order_by("first_sequence"))
    close(alerts[0], "confirmed_fraud", analyst, "customer_denies")
    for alert in alerts[1:]:
        close(alert, "false_positive", analyst, "usual_behaviour")
    count()
    found = missed(DAYS)
    assert (found.sampled, found.frauds, found.allowed) == (len(alerts), 1, 400)
    assert found.expected == pytest.approx(400 / len(alerts))
    assert found.low is not None and found.high is not None  # noqa: PT018
    assert found.low < found.expected < found.high


@pytest.mark.django_db
def test_second_looks_are_drawn_once() -> None:
    LoopSettings.objects.create(quality_share=1.0)
    take_in(entries(lately(1, **REVIEW)))
    close(Alert.objects.get(), "confirmed_fraud", new_operator("analyst"), "customer_denies")
    count()
    count()
    assert SecondLook.objects.count() == 1
