"""Back-test: what a policy, or two, would have done with a history whose truth is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fengkong.core.instants import DAY_US, format_instant
from fengkong.decisions.decision import BilingualText
from fengkong.decisions.policy import Policy
from fengkong.evaluation.comparison import Comparison, compare
from fengkong.evaluation.figures import Bench, PolicyFigures, figures_of
from fengkong.evaluation.judgements import History, Period, judge_history
from fengkong.evaluation.labels import Truth, TruthRequest, TruthSource, truth_of
from fengkong.evaluation.money import Assumptions, clusters_of
from fengkong.evaluation.report import Report
from fengkong.events.columns import EventColumns

_FEW_LABELS = 30


class TruthSummary(Report, frozen=True, kw_only=True):
    """Where the truth came from; `delay_days` is the age from which an event is mature.

    `labels` counts label.confirmed events; `unattributable` ones name no event, `unmatched` ones
    (or rows of a truth file) an event that was not judged.
    """

    source: str
    as_of: str
    delay_days: float
    delay_observed: bool
    labels: int
    unattributable: int
    unmatched: int
    label_kinds: dict[str, int]


class Warned(Report, frozen=True, kw_only=True):
    """Something that a reader of the figures must know."""

    code: str
    text: BilingualText


class BacktestReport(Report, frozen=True, kw_only=True):
    """The figures of one policy or two, and what they stand on.

    `catch_rates` say what share of a fraud's money each outcome of the policy is taken to stop;
    `clustering` what the bootstrap of money draws. `bytes_per_event` is the memory that a judged
    event took.
    """

    events: int
    first_at: str | None
    last_at: str | None
    since: str | None
    until: str | None
    truth: TruthSummary
    catch_rates: dict[str, float]
    clustering: str
    seed: int
    bytes_per_event: int
    policy: PolicyFigures
    against: PolicyFigures | None
    comparison: Comparison | None
    warnings: tuple[Warned, ...]


def backtest(
    policy: Policy,
    batches: Iterable[EventColumns],
    *,
    against: Policy | None = None,
    truth: TruthRequest | None = None,
    period: Period | None = None,
    assumptions: Assumptions | None = None,
) -> BacktestReport:
    """Run the online engine over history and hold its decisions against the truth.

    Both policies see the same events in one pass. Raises `NoTruthError` where nothing says what
    was fraud.
    """
    period, assumptions = period or Period(), assumptions or Assumptions()
    policies = [policy] if against is None else [policy, against]
    history = judge_history(policies, batches, period=period)
    known = truth_of(
        history.facts, log=history.log, request=truth or TruthRequest(), last_at=history.last_at
    )
    benches = [
        Bench(facts=history.facts, truth=known, judgements=judged, assumptions=assumptions)
        for judged in history.judgements
    ]
    return _report(history, known, benches, period=period, assumptions=assumptions)


def _report(
    history: History,
    truth: Truth,
    benches: list[Bench],
    *,
    period: Period,
    assumptions: Assumptions,
) -> BacktestReport:
    figures = [figures_of(bench) for bench in benches]
    comparison = None
    if len(benches) > 1:
        comparison = compare(benches[0], benches[1], examples=history.changed, days=figures[0].days)
    first = benches[0]
    clusters = clusters_of(
        history.facts, first.judged, assumptions=assumptions, time_zone=first.time_zone
    )
    instants = history.facts.occurred_at
    return BacktestReport(
        events=history.events,
        first_at=_told(int(instants.min()) if len(instants) else None),
        last_at=_told(int(instants.max()) if len(instants) else None),
        since=_told(period.since),
        until=_told(period.until),
        truth=_truth_summary(truth, history),
        catch_rates=assumptions.rates(first.judgements.policy),
        clustering=clusters.clustering.value,
        seed=assumptions.seed,
        bytes_per_event=history.bytes_per_event,
        policy=figures[0],
        against=figures[1] if len(figures) > 1 else None,
        comparison=comparison,
        warnings=tuple(_warnings(truth, figures[0], comparison)),
    )


def _told(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _truth_summary(truth: Truth, history: History) -> TruthSummary:
    return TruthSummary(
        source=truth.source.value,
        as_of=format_instant(truth.as_of),
        delay_days=truth.delay / DAY_US,
        delay_observed=truth.delay_observed,
        labels=truth.labels,
        unattributable=truth.unattributable,
        unmatched=truth.unmatched,
        label_kinds=dict(sorted(history.log.kinds.items())),
    )


def _warned(code: str, *, zh: str, en: str) -> Warned:
    return Warned(code=code, text=BilingualText(zh=zh, en=en))


def _warnings(
    truth: Truth, figures: PolicyFigures, comparison: Comparison | None
) -> Iterator[Warned]:
    days = f"{truth.delay / DAY_US:.1f}"
    if figures.immature:
        share = f"{figures.immature / figures.decided:.1%}"
        yield _warned(
            "immature_labels",
            zh=f"{figures.immature:,} 个事件（{share}）距今不到 {days} 天，标签可能尚未到齐，"
            f"已单独计数，不计入各项指标（其中已确认欺诈 {figures.immature_frauds:,} 个）",
            en=f"{figures.immature:,} events ({share}) are younger than {days} days, so labels may "
            "still come; they are counted apart and in no figure "
            f"({figures.immature_frauds:,} of them are known frauds)",
        )
    if truth.delay_observed and truth.fraud_delays < _FEW_LABELS:
        yield _warned(
            "few_labels",
            zh=f"标签延迟 {days} 天只由 {truth.fraud_delays} 个欺诈标签估计；请用已知的延迟代替",
            en=f"the label delay of {days} days rests on {truth.fraud_delays} fraud labels; give a "
            "delay that you know instead",
        )
    elif truth.delay_observed:
        yield _warned(
            "delay_observed",
            zh=f"标签延迟 {days} 天取自历史中 95% 的欺诈标签；历史较短时会偏小",
            en=f"the label delay of {days} days is that of 95 % of the fraud labels in the "
            "history; a short history makes it too small",
        )
    yield from _truth_warnings(truth, figures)
    if comparison is not None and comparison.decided_by_both == 0:
        yield _warned(
            "nothing_in_common",
            zh="两份策略没有共同判定的事件，无法比较",
            en="the two policies decide no event in common, so nothing can be compared",
        )


def _truth_warnings(truth: Truth, figures: PolicyFigures) -> Iterator[Warned]:
    if figures.frauds == 0:
        yield _warned(
            "no_frauds",
            zh="被评估的事件中没有已成熟的欺诈，召回率与挽回金额无从谈起",
            en="no judged event is a fraud, so there is no recall and nothing to save",
        )
    if truth.unattributable:
        yield _warned(
            "unattributable_labels",
            zh=f"{truth.unattributable:,} 个标签没有指明事件，无法归属，未被使用",
            en=f"{truth.unattributable:,} labels name no event; they cannot be attributed and were "
            "not used",
        )
    if truth.source is TruthSource.LABELS and truth.unmatched:
        yield _warned(
            "unmatched_labels",
            zh=f"{truth.unmatched:,} 个标签所指的事件不由本策略判定或不在时段内",
            en=f"{truth.unmatched:,} labels are about events that the policy does not decide or "
            "that lie outside the period",
        )
    if figures.unlabelled:
        yield _warned(
            "unlabelled_events",
            zh=f"{figures.unlabelled:,} 个事件没有真实结果，未被评估",
            en=f"{figures.unlabelled:,} events have no truth and were not judged",
        )
