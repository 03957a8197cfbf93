"""Back-tests: every figure by hand on a small history, and what must hold for any history."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import DAY, SIMPLE, batches, label, load, payment, simple, simulated

from fengkong.core.hashing import hash_texts
from fengkong.evaluation.backtest import BacktestReport, backtest
from fengkong.evaluation.comparison import Paired, compare
from fengkong.evaluation.facts import FRAUD, GOOD, Facts
from fengkong.evaluation.figures import Bench, figures_of
from fengkong.evaluation.intervals import proportion
from fengkong.evaluation.judgements import NOT_DECIDED, Judgements, Period
from fengkong.evaluation.labels import Truth, TruthRequest, TruthSource
from fengkong.evaluation.money import Assumptions, Clustering, InvalidAssumptionError
from fengkong.events.event import Event

# Ten payments a day apart (so that nobody is fast), by three customers; three are frauds.
#   p0 c1    50  good   allowed        p5 c2  3000  FRAUD  reviewed
#   p1 c1  2000  good   reviewed       p6 c3   500  FRAUD  allowed
#   p2 c1  2000  good   reviewed       p7 c3    10  good   allowed
#   p3 c2    80  good   allowed        p8 c3   700  FRAUD  challenged (no channel)
#   p4 c2  9999  good   reviewed       p9 c3   100  good   allowed
ROWS = [
    ("c1", 50, False, "app"),
    ("c1", 2000, False, "app"),
    ("c1", 2000, False, "app"),
    ("c2", 80, False, "app"),
    ("c2", 9999, False, "app"),
    ("c2", 3000, True, "app"),
    ("c3", 500, True, "app"),
    ("c3", 10, False, "app"),
    ("c3", 700, True, None),
    ("c3", 100, False, "app"),
]


def history() -> list[Event]:
    """The ten payments, with the truth in the row."""
    return [
        payment(
            f"p{i}",
            at=i * DAY,
            amount=amount * 100,
            customer=customer,
            is_fraud=fraud,
            device="d",
            **({} if channel is None else {"channel": channel}),
        )
        if channel is not None
        else Event(
            type="payment.initiated",
            id=f"p{i}",
            occurred_at=payment("x", at=i * DAY).occurred_at,
            currency="CNY",
            values={
                "amount": amount * 100,
                "customer": customer,
                "is_fraud": fraud,
                "device": "d",
            },
        )
        for i, (customer, amount, fraud, channel) in enumerate(ROWS)
    ]


def test_overall_figures_by_hand() -> None:
    report = backtest(simple(), batches(history(), rows=3))
    figures = report.policy
    assert (figures.decided, figures.judged, figures.frauds, figures.good) == (10, 10, 3, 7)
    assert (figures.caught, figures.missed, figures.false_positives) == (2, 1, 3)
    assert figures.precision == proportion(2, 5)
    assert figures.recall == proportion(2, 3)
    assert figures.false_positive_rate == proportion(3, 7)
    assert figures.false_positives_per_fraud == 1.5
    assert figures.money.currency == "CNY"
    assert figures.money.fraud_amount == 4200.0
    assert figures.money.saved.value == 3700.0
    assert figures.money.saved_share.value == pytest.approx(3700 / 4200)
    assert figures.money.good_amount_stopped == 13_999.0
    assert figures.money.frauds_without_amount == 0
    # c1 and c2 had a good payment held up; c3, whose payments were not, is the third.
    assert figures.good_customers_hurt == proportion(2, 3)
    assert (figures.days, figures.reviews, figures.reviews_per_day_max) == (10, 4, 1)
    assert figures.reviews_per_day == 0.4
    assert report.truth.source == "rows"
    assert report.bytes_per_event == 35 + 1 + 1
    assert report.clustering == "customer"
    assert report.against is None
    assert report.comparison is None


def test_outcomes_by_hand() -> None:
    outcomes = {o.outcome: o for o in backtest(simple(), batches(history())).policy.outcomes}
    assert list(outcomes) == ["deny", "delay", "review", "challenge", "allow"]
    review, challenge, allow = outcomes["review"], outcomes["challenge"], outcomes["allow"]
    assert (review.events, review.frauds, review.good, review.fraud_amount) == (4, 1, 3, 3000.0)
    assert (challenge.events, challenge.frauds, challenge.good) == (1, 1, 0)
    assert (allow.events, allow.frauds, allow.good, allow.fraud_amount) == (5, 1, 4, 500.0)


def test_rules_by_hand() -> None:
    rules = {rule.rule: rule for rule in backtest(simple(), batches(history())).policy.rules}
    large, app = rules["amount.large"], rules["channel.app"]
    assert (large.hits, large.unknowns, large.judged_hits) == (4, 0, 4)
    assert (large.frauds_caught, large.false_positives) == (1, 3)
    assert large.precision == proportion(1, 4)
    assert large.recall == proportion(1, 3)
    assert large.false_positives_per_fraud == 3.0
    assert large.fraud_amount_caught == 3000.0
    assert large.customers_hurt == 2
    assert large.hits_per_day == 0.4
    assert large.only_it_caught == 0, "channel.app hits p5 too"
    assert (app.hits, app.unknowns) == (9, 1)
    assert app.only_it_caught == 1, "p6, where nothing else hit"
    velocity = rules["velocity"]
    assert (velocity.hits, velocity.precision.value) == (0, None)
    assert velocity.false_positives_per_fraud is None


def test_overlaps_by_hand() -> None:
    (overlap,) = backtest(simple(), batches(history())).policy.overlaps
    assert (overlap.first, overlap.second) == ("amount.large", "channel.app")
    assert (overlap.both, overlap.either, overlap.frauds_both) == (4, 9, 1)
    assert overlap.jaccard == pytest.approx(4 / 9)


@pytest.mark.parametrize(
    ("rates", "saved"),
    [
        ({}, 3700.0),
        ({"review": 0.5}, 2200.0),
        ({"review": 0.0}, 700.0),
        ({"challenge": 0.9, "review": 1.0}, 3630.0),
        ({"deny": 0.0}, 3700.0),
    ],
)
def test_outcomes_save_what_is_assumed(rates: dict[str, float], saved: float) -> None:
    report = backtest(simple(), batches(history()), assumptions=Assumptions(catch_rates=rates))
    assert report.policy.money.saved.value == saved
    assert report.catch_rates["allow"] == 0.0


@pytest.mark.parametrize("rates", [{"allow": 0.5}, {"review": 1.01}, {"review": -0.1}, {"x": 1.0}])
def test_impossible_assumptions(rates: dict[str, float]) -> None:
    with pytest.raises(InvalidAssumptionError):
        Assumptions(catch_rates=rates)


@pytest.mark.parametrize("clustering", [None, *Clustering])
def test_intervals_hold_the_figure(clustering: Clustering | None) -> None:
    report = backtest(simple(), batches(history()), assumptions=Assumptions(clustering=clustering))
    money = report.policy.money
    for estimate in (money.saved, money.saved_share):
        assert estimate.low <= estimate.value <= estimate.high
    assert report.clustering == (clustering or Clustering.CUSTOMER).value


def test_immature_events_are_counted_apart() -> None:
    report = backtest(simple(), batches(history()), truth=TruthRequest(delay=3 * DAY))
    figures = report.policy
    # p7, p8 and p9 are younger than three days when p9 happens.
    assert (figures.judged, figures.immature, figures.immature_frauds) == (7, 3, 1)
    assert (figures.frauds, figures.caught) == (2, 1)
    assert figures.recall == proportion(1, 2)
    assert sum(outcome.immature for outcome in figures.outcomes) == 3
    codes = {warning.code for warning in report.warnings}
    assert codes == {"immature_labels"}
    assert "3 events (30.0%) are younger than 3.0 days" in report.warnings[0].text.en
    assert "3 个事件（30.0%）距今不到 3.0 天" in report.warnings[0].text.zh


def test_a_period_is_judged_with_the_windows_of_before() -> None:
    start = payment("x", at=5 * DAY).occurred_at
    report = backtest(simple(), batches(history()), period=Period(since=start))
    assert (report.events, report.policy.decided, report.policy.frauds) == (10, 5, 3)
    assert report.since == "2026-11-07T02:00:00Z"


def test_every_warning_is_in_both_languages() -> None:
    events = [
        payment("p0"),
        payment("p1", at=DAY),
        payment("p2", at=9 * DAY),
        label("p0", at=2 * DAY),
        label(None, at=3 * DAY),
        label("elsewhere", at=3 * DAY),
    ]
    report = backtest(simple(), batches(events))
    codes = [warning.code for warning in report.warnings]
    assert codes == ["immature_labels", "few_labels", "unattributable_labels", "unmatched_labels"]
    for warning in report.warnings:
        assert any("\u4e00" <= char <= "\u9fff" for char in warning.text.zh)
        assert warning.text.en.isascii()


def test_nothing_to_find_is_said() -> None:
    report = backtest(simple(), batches([payment("p0", is_fraud=False)]))
    assert report.policy.recall.value is None
    assert report.policy.money.saved.value == 0.0
    assert report.policy.money.saved_share.value is None
    assert [warning.code for warning in report.warnings] == ["no_frauds"]


def test_events_without_truth_are_not_judged() -> None:
    report = backtest(simple(), batches([payment("p0", is_fraud=True), payment("p1", at=1)]))
    assert (report.policy.judged, report.policy.unlabelled) == (1, 1)
    assert [warning.code for warning in report.warnings] == ["unlabelled_events"]


def test_amounts_in_another_currency() -> None:
    policy = load(SIMPLE + "exchange_rates: {USD: {2026-01-01: {value: 7, reference: R}}}\n")
    dollars = payment("p0", amount=1000_00, is_fraud=True)
    euros = payment("p1", amount=1000_00, at=1, is_fraud=True)
    events = [
        Event(type=e.type, id=e.id, occurred_at=e.occurred_at, currency=c, values=e.values)
        for e, c in ((dollars, "USD"), (euros, "EUR"))
    ]
    money = backtest(policy, batches(events)).policy.money
    assert (money.fraud_amount, money.frauds_without_amount) == (7000.0, 1)


# -- two policies --------------------------------------------------------------------------------

STRICTER = SIMPLE.replace("value: 1000,", "value: 400,").replace("version: 3", "version: 4")


def test_comparison_by_hand() -> None:
    report = backtest(load(STRICTER), batches(history(), rows=4), against=simple())
    comparison = report.comparison
    assert comparison is not None
    assert (comparison.policy.version, comparison.against.version) == (4, 3)
    # p6 (500, fraud) is now reviewed, and p8 (700, fraud) reviewed rather than challenged.
    assert (comparison.decided_by_both, comparison.changed) == (10, 2)
    assert comparison.frauds == Paired(
        both=2, only_policy=1, only_against=0, neither=0, p_value=1.0
    )
    assert comparison.good == Paired(both=3, only_policy=0, only_against=0, neither=4, p_value=None)
    assert comparison.saved_difference.value == 500.0
    assert comparison.reviews_per_day_difference == pytest.approx(0.2)
    transitions = {(t.before, t.after): t for t in comparison.transitions}
    assert {pair: t.events for pair, t in transitions.items()} == {
        ("review", "review"): 4,
        ("challenge", "review"): 1,
        ("allow", "review"): 1,
        ("allow", "allow"): 4,
    }
    won = transitions["allow", "review"]
    assert (won.frauds, won.good, won.fraud_amount, won.examples) == (1, 0, 500.0, ("p6",))
    assert transitions["challenge", "review"].examples == ("p8",)
    assert transitions["allow", "allow"].examples == ()


def test_a_policy_against_itself_changes_nothing() -> None:
    report = backtest(simple(), batches(history()), against=simple())
    assert report.comparison is not None
    assert report.comparison.changed == 0
    assert report.comparison.saved_difference.value == 0.0
    assert report.comparison.frauds.p_value is None
    assert report.policy == report.against


def test_policies_that_decide_different_events() -> None:
    logins = load(
        "policy: logins\nversion: 1\ntitle: {zh: 登录, en: Logins}\nevents: [login.attempted]\n"
        "unknown: record\nfeatures: {login_count_1h: count() over customer last 1h}\n"
        "rules:\n- {id: failed, when: not succeeded, outcome: challenge,"
        " reason: {zh: 失败, en: Failed}}\n"
    )
    login = Event(
        type="login.attempted",
        id="l0",
        occurred_at=payment("x").occurred_at,
        values={"customer": "c1", "succeeded": False},
    )
    report = backtest(simple(), batches([login, *history()]), against=logins)
    assert report.comparison is not None
    assert report.comparison.decided_by_both == report.comparison.changed == 0
    assert "nothing_in_common" in {warning.code for warning in report.warnings}
    pairs = {(t.before, t.after): t.events for t in report.comparison.transitions}
    assert pairs["challenge", None] == 1
    assert pairs[None, "review"] == 4


# -- the simulator -------------------------------------------------------------------------------


def simulated_report(*, rows: int, tmp_path) -> BacktestReport:
    import polars as pl

    events, truth = simulated()
    path = tmp_path / "truth.parquet"
    scenarios = {"event_id": list(truth), "scenario": [scenario for scenario, _ in truth.values()]}
    pl.DataFrame(
        {**scenarios, "is_fraud": [fraud for _, fraud in truth.values()]},
        schema_overrides={"scenario": pl.String},
    ).write_parquet(path)
    return backtest(
        load(STRICTER),
        batches(events, rows=rows),
        against=simple(),
        truth=TruthRequest(file=path),
    )


def test_scenarios_of_the_simulator_and_the_same_bytes(tmp_path) -> None:
    report = simulated_report(rows=10_000, tmp_path=tmp_path)
    events, truth = simulated()
    frauds = {
        event.id: truth[event.id][0]
        for event in events
        if event.type == "payment.initiated" and truth[event.id][1]
    }
    assert report.policy.frauds == len(frauds) > 0
    counted = {group.name: group.frauds for group in report.policy.scenarios}
    names = sorted(set(frauds.values()))
    assert counted == {name: list(frauds.values()).count(name) for name in names}
    assert sum(group.caught for group in report.policy.scenarios) == report.policy.caught
    again = simulated_report(rows=37, tmp_path=tmp_path)
    assert json.dumps(report.to_data()) == json.dumps(again.to_data())


# -- what holds for any judgement ----------------------------------------------------------------

RULES = 10
MANY = load(
    "policy: many\nversion: 1\ntitle: {zh: 多, en: Many}\nevents: [payment.initiated]\n"
    "unknown: record\nrules:\n"
    + "".join(
        f"- {{id: r{r}, when: amount > {r}, outcome: review, reason: {{zh: 甲, en: A}}}}\n"
        for r in range(RULES)
    )
)


@st.composite
def benches(draw: st.DrawFn) -> Bench:
    """Any judgements whatever beside any truth; an event is reviewed when a rule hit it."""
    count = draw(st.integers(0, 40))
    dice = np.random.default_rng(draw(st.integers(0, 10**6)))
    hits = dice.random((count, RULES)) < draw(st.sampled_from([0.05, 0.3]))
    order = MANY.outcomes.order
    ranks = np.where(hits.any(axis=1), order.index("review"), order.index("allow"))
    ranks[dice.random(count) < 0.1] = NOT_DECIDED
    hits[ranks == NOT_DECIDED] = False
    stakes = np.floor(dice.random(count) * 10_000)
    stakes[dice.random(count) < 0.1] = np.nan
    facts = Facts(
        currency="CNY",
        ids=dice.integers(1, 2**60, count, dtype=np.uint64),
        occurred_at=payment("x").occurred_at + np.sort(dice.integers(0, 9 * DAY, count)),
        types=np.zeros(count, dtype=np.int16),
        stakes=stakes,
        customers=dice.integers(0, 6, count, dtype=np.uint64),
        row_truth=np.zeros(count, dtype=np.uint8),
    )
    truth = Truth(
        source=TruthSource.ROWS,
        states=dice.choice([GOOD, GOOD, FRAUD, 2], count).astype(np.uint8),
        mature=dice.random(count) < 0.8,
        scenarios=dice.integers(-1, 2, count).astype(np.int16),
        scenario_names=("b", "a"),
        delay=0, delay_observed=False, fraud_delays=0, as_of=0, labels=0, unattributable=0,
        unmatched=0,
    )  # fmt: skip
    judgements = Judgements(
        policy=MANY,
        ranks=ranks.astype(np.uint8),
        hits=np.packbits(hits, axis=1),
        unknowns=np.zeros(RULES, dtype=np.int64),
    )
    return Bench(facts=facts, truth=truth, judgements=judgements, assumptions=Assumptions())


@given(benches())
def test_parts_add_up_to_the_whole(bench: Bench) -> None:
    figures = figures_of(bench)
    assert figures.decided == figures.judged + figures.immature + figures.unlabelled
    assert figures.judged == figures.frauds + figures.good
    assert figures.frauds == figures.caught + figures.missed
    for outcome in figures.outcomes:
        parts = outcome.frauds + outcome.good + outcome.immature + outcome.unlabelled
        assert outcome.events == parts
    assert sum(outcome.events for outcome in figures.outcomes) == figures.decided
    assert sum(outcome.frauds for outcome in figures.outcomes) == figures.frauds
    assert sum(group.frauds for group in figures.scenarios) <= figures.frauds
    assert sum(group.judged for group in figures.event_types) == figures.judged


@given(benches())
def test_together_rules_catch_at_least_what_the_best_catches(bench: Bench) -> None:
    figures = figures_of(bench)
    caught = [rule.frauds_caught for rule in figures.rules]
    assert max(caught) <= figures.caught <= sum(caught)
    assert sum(rule.only_it_caught for rule in figures.rules) <= figures.caught
    assert max(rule.customers_hurt for rule in figures.rules) <= figures.good_customers_hurt.count
    most = max(rule.fraud_amount_caught for rule in figures.rules)
    assert most <= figures.money.saved.value + 1e-9 <= figures.money.fraud_amount + 2e-9


@given(benches())
def test_overlaps_are_those_of_sets(bench: Bench) -> None:
    hits = [set(np.flatnonzero(bench.judgements.rule_hits(r)).tolist()) for r in range(RULES)]
    found = {(o.first, o.second): (o.both, o.either) for o in figures_of(bench).overlaps}
    expected = {
        (f"r{i}", f"r{j}"): (len(hits[i] & hits[j]), len(hits[i] | hits[j]))
        for i in range(RULES)
        for j in range(i + 1, RULES)
        if hits[i] & hits[j]
    }
    assert found == expected


@given(benches(), st.integers(0, 2**32))
def test_a_comparison_and_its_mirror(bench: Bench, seed: int) -> None:
    dice = np.random.default_rng(seed)
    ranks = bench.judgements.ranks.copy()
    dice.shuffle(ranks)
    judged = bench.judgements
    other = Bench(
        facts=bench.facts,
        truth=bench.truth,
        judgements=Judgements(
            policy=judged.policy, ranks=ranks, hits=judged.hits, unknowns=judged.unknowns
        ),
        assumptions=bench.assumptions,
    )
    one = compare(bench, other, examples={}, days=9)
    two = compare(other, bench, examples={}, days=9)
    assert one.changed == two.changed
    assert one.frauds.only_policy == two.frauds.only_against
    assert one.frauds.p_value == two.frauds.p_value
    assert one.saved_difference.value == -two.saved_difference.value
    assert sum(t.events for t in one.transitions) == len(bench.facts)
    moved = [t for t in one.transitions if t.before != t.after and t.before and t.after]
    assert sum(t.events for t in moved) == one.changed


def test_customers_are_told_apart_by_their_hash() -> None:
    hashes = hash_texts(["c1", "c2", None])[:, 0]
    assert hashes[2] == 0
    assert len(set(hashes.tolist())) == 3
