"""Preview: what a rule would have done in the last days, beside the policy that is live.

The figures are those of a back-test of the draft against the live policy over the same events, by
the same functions; only the way to the verdicts is shorter (`evaluation.trial`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US, format_instant
from fengkong.decisions.decision import BilingualText
from fengkong.decisions.policy import Policy
from fengkong.evaluation.comparison import compare
from fengkong.evaluation.facts import FRAUD, UNLABELLED, Facts, joined, local_days
from fengkong.evaluation.figures import Bench, Mask, Overlap, RuleFigures, rule_figures
from fengkong.evaluation.held_history import HeldHistory
from fengkong.evaluation.intervals import (
    Estimate,
    Proportion,
    estimate,
    proportion,
    resampled_totals,
)
from fengkong.evaluation.judgements import Judgements
from fengkong.evaluation.labels import NoTruthError, Truth, TruthRequest, TruthSource, truth_of
from fengkong.evaluation.money import Assumptions
from fengkong.evaluation.preview_report import PreviewWarning, RulePreview
from fengkong.evaluation.report import stamp
from fengkong.evaluation.trial import Trial, run_trial

EXAMPLES_MAX: Final = 5
OVERLAPS_MAX: Final = 8
_FEW_LABELS: Final = 30
_FEW_HITS: Final = 30


class UnknownRuleError(RiskError):
    """A preview was asked for of a rule that the draft does not have."""

    code = "evaluation.unknown_rule"
    hint = "Name a rule of the draft by its id."


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The events that are judged, with their truth: the same for every draft over one history.

    `chosen` bool[held] are those of the period among all that are held; everything else is of
    chosen ones. `ids` are their ids.
    """

    version: int
    chosen: Mask
    facts: Facts
    truth: Truth
    live: Judgements
    days: NDArray[np.int64]


def panel_of(held: HeldHistory, *, request: TruthRequest | None = None) -> Panel:
    """Facts, truth and the live policy's judgements of what is held; nothing held is fine."""
    parts = [batch.facts for batch in held.batches]
    whole = _joined_facts(parts, currency=held.policy.scope.currency)
    chosen = whole.occurred_at >= held.judged_from
    facts = whole if chosen.all() else _chosen_facts(whole, chosen)
    ranks = joined([batch.ranks for batch in held.batches], np.uint8)[chosen]
    return Panel(
        version=held.version,
        chosen=chosen,
        facts=facts,
        truth=_truth(facts, held, request or TruthRequest()),
        live=_judgements(held.policy, ranks),
        days=local_days(facts.occurred_at, time_zone=held.policy.scope.time_zone),
    )


def _joined_facts(parts: list[Facts], *, currency: str) -> Facts:
    return Facts(
        currency=currency,
        ids=joined([part.ids for part in parts], np.uint64),
        occurred_at=joined([part.occurred_at for part in parts], np.int64),
        types=joined([part.types for part in parts], np.int16),
        stakes=joined([part.stakes for part in parts], np.float64),
        customers=joined([part.customers for part in parts], np.uint64),
        row_truth=joined([part.row_truth for part in parts], np.uint8),
    )


def _chosen_facts(facts: Facts, chosen: Mask) -> Facts:
    return Facts(
        currency=facts.currency,
        ids=facts.ids[chosen],
        occurred_at=facts.occurred_at[chosen],
        types=facts.types[chosen],
        stakes=facts.stakes[chosen],
        customers=facts.customers[chosen],
        row_truth=facts.row_truth[chosen],
    )


def _truth(facts: Facts, held: HeldHistory, request: TruthRequest) -> Truth:
    """The truth; without any label nothing is judged, and the preview says so."""
    try:
        return truth_of(facts, log=held.labels, request=request, last_at=held.last_at)
    except NoTruthError:
        count = len(facts)
        return Truth(
            source=TruthSource.LABELS,
            states=np.full(count, UNLABELLED, dtype=np.uint8),
            mature=np.ones(count, dtype=np.bool_),
            scenarios=np.full(count, -1, dtype=np.int16),
            scenario_names=(),
            delay=0,
            delay_observed=False,
            fraud_delays=0,
            as_of=held.last_at,
            labels=0,
            unattributable=0,
            unmatched=0,
        )


def _judgements(policy: Policy, ranks: NDArray[np.uint8]) -> Judgements:
    """Judgements for figures that ask for outcomes only."""
    return Judgements(
        policy=policy,
        ranks=ranks,
        hits=np.zeros((len(ranks), 0), dtype=np.uint8),
        unknowns=np.zeros(len(policy.rules), dtype=np.int64),
    )


def preview_rule(
    held: HeldHistory,
    draft: Policy,
    rule: str | None,
    *,
    panel: Panel | None = None,
    assumptions: Assumptions | None = None,
) -> RulePreview:
    """What one rule of a draft, or with None the draft, would have done with what is held.

    `panel` is that of this history, if the caller kept it. Raises `UnknownRuleError`, and what a
    feature that must be counted raises.
    """
    if rule is not None and rule not in {one.id for one in draft.rules}:
        raise UnknownRuleError(f"the draft has no rule {rule[:120]!r}")
    if panel is None or panel.version != held.version:
        panel = panel_of(held)
    trial = run_trial(held, draft)
    return _Preview(held, panel, trial, assumptions=assumptions or Assumptions()).report(rule)


class _Preview:
    """Figures of one trial."""

    def __init__(
        self, held: HeldHistory, panel: Panel, trial: Trial, *, assumptions: Assumptions
    ) -> None:
        self._held, self._panel, self._trial = held, panel, trial
        self._live = Bench(
            facts=panel.facts, truth=panel.truth, judgements=panel.live, assumptions=assumptions
        )
        judgements = _judgements(trial.policy, trial.ranks[panel.chosen])
        self._bench = replace(self._live, judgements=judgements)
        self._days = panel.days
        if trial.policy.scope.time_zone != held.policy.scope.time_zone:
            zone = trial.policy.scope.time_zone
            self._days = local_days(panel.facts.occurred_at, time_zone=zone)

    def report(self, name: str | None) -> RulePreview:
        """The whole preview of one rule, or of the draft."""
        bench, panel, trial = self._bench, self._panel, self._trial
        hits = None if name is None else trial.verdicts[name].hits
        span = self._span()
        comparison = compare(bench, self._live, examples={}, days=span)
        frauds = comparison.frauds
        all_frauds = frauds.both + frauds.only_policy + frauds.only_against + frauds.neither
        overlaps, alone = ((), None) if name is None else self._overlaps(name)
        instants = panel.facts.occurred_at
        return RulePreview(
            draft=stamp(trial.policy),
            live=stamp(self._held.policy),
            first_at=format_instant(int(instants.min())) if len(instants) else None,
            last_at=format_instant(int(instants.max())) if len(instants) else None,
            days=span,
            events=len(instants),
            judged=int(np.count_nonzero(bench.judged)),
            immature=int(np.count_nonzero(~panel.truth.mature)),
            label_delay_days=panel.truth.delay / DAY_US,
            rule=None if name is None or alone is None else self._rule(name, alone, days=span),
            comparison=comparison,
            extra_recall=proportion(frauds.only_policy, all_frauds),
            lost_recall=proportion(frauds.only_against, all_frauds),
            customers_hurt=self._customers_hurt(),
            money_saved=comparison.saved_difference,
            currency=panel.facts.currency,
            reviews_a_day=self._reviews(span),
            overlaps=overlaps,
            examples=() if hits is None else self._examples(hits),
            changed=trial.computed,
            counted=trial.fresh,
            warnings=tuple(self._warnings(name)),
        )

    def _rule(self, name: str, alone: Mask, *, days: int) -> RuleFigures:
        rule = next(one for one in self._trial.policy.rules if one.id == name)
        verdicts, chosen = self._trial.verdicts[name], self._panel.chosen
        return rule_figures(
            self._bench,
            rule,
            hits=verdicts.hits[chosen],
            alone=alone,
            unknowns=int(np.count_nonzero(verdicts.unknowns[chosen])),
            days=days,
        )

    def _span(self) -> int:
        """Calendar days from the first event to the last."""
        days = self._days
        return int(days.max() - days.min()) + 1 if len(days) else 0

    def _overlaps(self, name: str) -> tuple[tuple[Overlap, ...], Mask]:
        """Rules that hit the same events, the most alike first, and where no other rule hit."""
        hits = self._trial.verdicts[name].hits[self._panel.chosen]
        rows = np.flatnonzero(hits)
        chosen = np.flatnonzero(self._panel.chosen)[rows]
        frauds = self._bench.frauds[rows]
        alone = hits.copy()
        found: list[Overlap] = []
        for rule in self._trial.policy.rules:
            if rule.id == name:
                continue
            other = self._trial.verdicts[rule.id].hits
            both = other[chosen]
            shared = int(np.count_nonzero(both))
            alone[rows[both]] = False
            if not shared:
                continue
            either = len(rows) + int(np.count_nonzero(other[self._panel.chosen])) - shared
            found.append(
                Overlap(
                    first=name,
                    second=rule.id,
                    both=shared,
                    either=either,
                    jaccard=shared / either,
                    frauds_both=int(np.count_nonzero(both & frauds)),
                )
            )
        found.sort(key=lambda pair: (-pair.jaccard, pair.second))
        return tuple(found[:OVERLAPS_MAX]), alone

    def _customers_hurt(self) -> Proportion:
        good, flagged = self._bench.good, self._bench.judgements.flagged
        more = good & flagged & ~self._live.judgements.flagged
        return proportion(self._bench.customers(more), self._bench.customers(good))

    def _reviews(self, span: int) -> Estimate:
        """Reviews a day beyond those of the live policy; days are drawn."""
        if not span:
            return Estimate(value=None)
        days = self._days - self._days.min()
        more = np.zeros(span)
        for bench, sign in ((self._bench, 1.0), (self._live, -1.0)):
            order = bench.judgements.policy.outcomes.order
            if "review" in order:
                reviewed = bench.judgements.ranks == order.index("review")
                more += sign * np.bincount(days[reviewed], minlength=span)
        draws = resampled_totals(more[more != 0][:, None], clusters=span, seed=1)
        return estimate(float(more.mean()), draws[:, 0] / span)

    def _examples(self, hits: Mask) -> tuple[str, ...]:
        """The ids of the newest hits."""
        found: list[str] = []
        end = len(hits)
        for batch in reversed(self._held.batches):
            start = end - len(batch)
            rows = np.flatnonzero(hits[start:end] & self._panel.chosen[start:end])
            newest = batch.decided[rows[::-1][: EXAMPLES_MAX - len(found)]]
            found += [str(batch.columns.ids[place]) for place in newest.tolist()]
            end = start
            if len(found) == EXAMPLES_MAX:
                break
        return tuple(found)

    # -- what a reader must know -------------------------------------------------------------

    def _warnings(self, name: str | None) -> Iterator[PreviewWarning]:
        yield from self._truth_warnings()
        if name is not None:
            yield from self._rule_warnings(name)
        yield from self._short_windows()

    def _rule_warnings(self, name: str) -> Iterator[PreviewWarning]:
        count = int(np.count_nonzero(self._trial.verdicts[name].hits[self._panel.chosen]))
        if count < _FEW_HITS:
            yield _warning(
                "few_hits",
                zh=f"仅命中 {count} 个事件，各项指标的区间很宽",
                en=f"only {count} events were hit, so every interval is wide",
            )
        others = [one for one in self._trial.computed if one != name]
        if others:
            listed = ", ".join(others[:5])
            yield _warning(
                "other_changes",
                zh=f"草稿还改动了其他规则（{listed}）；与现行策略的对比包含它们",
                en=f"the draft changes other rules too ({listed}); the comparison with the live "
                "policy includes them",
            )

    def _truth_warnings(self) -> Iterator[PreviewWarning]:
        truth, bench = self._panel.truth, self._bench
        days = f"{truth.delay / DAY_US:.1f}"
        immature = int(np.count_nonzero(~truth.mature))
        if not (truth.states == FRAUD).any():
            yield _warning(
                "no_frauds",
                zh="所看时段内没有已知欺诈，精确率、召回率和挽回金额无从谈起",
                en="no fraud is known in these days, so there is no precision, recall or money",
            )
        if immature:
            share = f"{immature / max(len(truth.mature), 1):.1%}"
            yield _warning(
                "immature_labels",
                zh=f"{immature:,} 个事件（{share}）距今不到 {days} 天，标签可能尚未到齐，"
                "未计入各项指标",
                en=f"{immature:,} events ({share}) are younger than {days} days: their labels may "
                "still come, and they are in no figure",
            )
        if truth.delay_observed and truth.fraud_delays < _FEW_LABELS and bench.frauds.any():
            yield _warning(
                "few_labels",
                zh=f"标签延迟 {days} 天只由 {truth.fraud_delays} 个欺诈标签估计",
                en=f"the label delay of {days} days rests on {truth.fraud_delays} fraud labels",
            )

    def _short_windows(self) -> Iterator[PreviewWarning]:
        """Features counted afresh begin with the first event that is held."""
        held = self._held
        if not self._trial.fresh or not held.batches:
            return
        before = max(held.judged_from - held.batches[0].first_at, 0)
        policy = self._trial.policy
        lasts = {one.name: one.last for one in policy.windows}
        lasts |= {one.name: one.last for one in policy.links}
        fresh = {name: lasts[name] for name in self._trial.fresh if name in lasts}
        short = [name for name, last in fresh.items() if last is None or last > before]
        if short:
            listed = ", ".join(short[:5])
            yield _warning(
                "short_history",
                zh=f"新特征 {listed} 只从所保留的最早事件开始计数，最初几天会偏小",
                en=f"the new features {listed} are counted from the first event that is held on; "
                "they are too small in the first days",
            )


def _warning(code: str, *, zh: str, en: str) -> PreviewWarning:
    return PreviewWarning(code=code, text=BilingualText(zh=zh, en=en))
