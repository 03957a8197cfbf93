"""What the preview of a rule says, as data."""

from __future__ import annotations

from fengkong.decisions.decision import BilingualText
from fengkong.evaluation.comparison import Comparison
from fengkong.evaluation.figures import Overlap, RuleFigures
from fengkong.evaluation.intervals import Estimate, Proportion
from fengkong.evaluation.report import PolicyStamp, Report


class PreviewWarning(Report, frozen=True, kw_only=True):
    """Something that a reader of a preview must know."""

    code: str
    text: BilingualText


class RulePreview(Report, frozen=True, kw_only=True):
    """What a rule of a draft would have done with the events that are held.

    `events` are those that the live policy decided in the last `days`; `immature` of them are too
    young for their labels, and are in no figure that needs the truth. `rule` is the rule by
    itself, None where a draft is looked at as a whole; everything after it is the whole draft
    against the live policy: `extra_recall` are frauds that only the draft stops, of all frauds;
    `lost_recall` those that only the live policy stops; `customers_hurt` are customers with a good
    event that only the draft does not allow. `reviews_a_day` is the difference of reviews.
    `examples` are ids of some newest hits. `changed` are the rules of the draft whose condition
    the live policy does not have, `counted` the features that had to be counted.
    """

    draft: PolicyStamp
    live: PolicyStamp
    first_at: str | None
    last_at: str | None
    days: int
    events: int
    judged: int
    immature: int
    label_delay_days: float
    rule: RuleFigures | None
    comparison: Comparison
    extra_recall: Proportion
    lost_recall: Proportion
    customers_hurt: Proportion
    money_saved: Estimate
    currency: str
    reviews_a_day: Estimate
    overlaps: tuple[Overlap, ...]
    examples: tuple[str, ...]
    changed: tuple[str, ...]
    counted: tuple[str, ...]
    warnings: tuple[PreviewWarning, ...]
