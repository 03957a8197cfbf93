"""The quarterly fraud report on payments, by the breakdown of the EBA as far as events say it.

Guidelines on fraud reporting under PSD2, EBA/GL/2018/05 as amended by EBA/GL/2020/01, annex 2:
executed payments and fraudulent ones by payment service, way of initiation, authentication,
reach and type of fraud. Executed is what was not stopped. Who bears a loss no event says, so
losses stand in one sum. Fraud counts in the quarter in which the payment was made, whenever its
label came (the guidelines ask for the date of execution too where restated figures are sent).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from fengkong.console.feedback.maturity import Days
from fengkong.console.feedback.models import DayTally, FraudTally
from fengkong.console.feedback.truths import STOPPED
from fengkong.console.reports.words import AUTHENTICATIONS, REACHES, REMOTE, SERVICES, WAYS
from fengkong.console.shell.sheets import Column, Sheet

PAYMENTS: Final = ("payment.initiated", "transfer.initiated", "withdrawal.requested")
"""The event types that are payments."""
_METHODS: Final = {
    "card": "card_payment",
    "direct_debit": "direct_debit",
    "bank_transfer": "credit_transfer",
    "balance": "e_money",
    "qr_code": "e_money",
    "cash": "cash_withdrawal",
}
_MANIPULATION: Final = ("scam", "push_payment")
_NAMES: Final = (
    *("segment__event_type", "segment__channel", "segment__method"),
    *("segment__authentication", "segment__reach"),
)
_SUMS: Final = ("decisions", "amount_minor", "frauds", "fraud_minor", "loss_minor")
Key = Callable[[tuple[str, ...]], Any]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of a year."""

    year: int
    number: int

    @property
    def days(self) -> Days:
        """Its days."""
        first = date(self.year, 3 * self.number - 2, 1)
        following = date(self.year + self.number // 4, 3 * self.number % 12 + 1, 1)
        return Days(first, following - timedelta(days=1))

    @property
    def key(self) -> str:
        """As it stands in an address: ``2026-Q4``."""
        return f"{self.year}-Q{self.number}"


def quarter_of(key: str | None, *, today: date) -> Quarter:
    """The quarter of a key; that of today where it is none."""
    for one in quarters(today):
        if one.key == key:
            return one
    return quarters(today)[0]


def quarters(today: date) -> list[Quarter]:
    """The last eight quarters, the newest first."""
    number = 4 * today.year + (today.month - 1) // 3
    return [Quarter(one // 4, one % 4 + 1) for one in range(number, number - 8, -1)]


def service_of(event_type: str, method: str, channel: str) -> str:
    """The payment service of a decision's event."""
    if event_type == "transfer.initiated":
        return "credit_transfer"
    if event_type == "withdrawal.requested":
        return "cash_withdrawal" if channel in ("atm", "branch") else "credit_transfer"
    return _METHODS.get(method, "other")


def way_of(channel: str) -> str:
    """How a payment was initiated: remote, nearby, or empty."""
    return "" if not channel else "remote" if channel in REMOTE else "nearby"


def fraud_type_of(scenario: str) -> str:
    """The type of a fraud by its label's scenario: manipulation, order or empty."""
    if any(part in scenario for part in _MANIPULATION):
        return "manipulation"
    return "order" if scenario else ""


def quarterly_sheets(quarter: Quarter, *, currency: str) -> list[Sheet]:
    """The report's tables."""
    rows = _executed(DayTally.objects.all(), quarter.days, currency=currency)
    told = [tuple(row) for row in rows.values_list(*_NAMES).annotate(*map(Sum, _SUMS)).order_by()]
    by: tuple[tuple[str, str, Mapping[str, Any], Key], ...] = (
        ("services", _("By payment service"), SERVICES, _service),
        ("initiation", _("By way of initiation"), WAYS, _way),
        ("authentication", _("By authentication"), AUTHENTICATIONS, lambda row: row[3]),
        ("reach", _("By reach"), REACHES, lambda row: row[4]),
    )
    return [
        *(
            _sheet(key, title, names=names, sums=_sums_by(told, part), currency=currency)
            for key, title, names, part in by
        ),
        _cross_sheet(told, currency),
        _fraud_sheet(quarter, currency=currency),
    ]


def _service(row: tuple[str, ...]) -> str:
    return service_of(row[0], row[2], row[1])


def _way(row: tuple[str, ...]) -> str:
    return way_of(row[1])


def _executed(rows: QuerySet[Any], days: Days, *, currency: str) -> QuerySet[Any]:
    return rows.filter(
        day__gte=days.first,
        day__lte=days.last,
        segment__event_type__in=PAYMENTS,
        segment__currency=currency,
    ).exclude(outcome__in=STOPPED)


def _sums_by(told: Iterable[tuple[Any, ...]], key: Key) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = defaultdict(lambda: [0] * len(_SUMS))
    for row in told:
        for place, value in enumerate(row[len(_NAMES) :]):
            found[key(row)][place] += value
    return found


def _columns(first: str) -> tuple[Column, ...]:
    return (
        *(Column(first, "text"), Column(_("Payments")), Column(_("Value"), "money")),
        *(Column(_("Fraudulent payments")), Column(_("Fraudulent value"), "money")),
        *(Column(_("Fraud, bp"), "bps"), Column(_("Fraud by value, bp"), "bps")),
        Column(_("Loss"), "money"),
    )


def _cells(sums: list[int]) -> tuple[Any, ...]:
    count, value, frauds, fraud_value, loss = sums
    return (
        *(count, value, frauds, fraud_value),
        frauds / count if count else None,
        fraud_value / value if value else None,
        loss,
    )


def _sheet(
    key: str,
    title: str,
    *,
    names: Mapping[str, Any],
    sums: Mapping[str, list[int]],
    currency: str,
) -> Sheet:
    total = [sum(column) for column in zip(*sums.values(), strict=True)] or [0] * len(_SUMS)
    rows = [(str(words), *_cells(sums[name])) for name, words in names.items() if name in sums]
    return Sheet(
        key=key,
        title=title,
        columns=_columns(title),
        rows=[*rows, (_("Total"), *_cells(total))],
        currency=currency,
    )


def _cross_sheet(told: list[tuple[Any, ...]], currency: str) -> Sheet:
    """Payment service by way of initiation and authentication, as annex 2 nests them."""
    sums = _sums_by(told, lambda row: (_service(row), _way(row), row[3]))
    rows = [
        (f"{SERVICES[service]} · {WAYS[way]} · {AUTHENTICATIONS[how]}", *_cells(one))
        for (service, way, how), one in sorted(sums.items())
    ]
    title = _("By service, initiation and authentication")
    return Sheet(key="nested", title=title, columns=_columns(title), rows=rows, currency=currency)


def _fraud_sheet(quarter: Quarter, *, currency: str) -> Sheet:
    """Fraud by its type, as far as labels name a scenario."""
    titles = {
        "order": _("Payment order issued by the fraudster"),
        "manipulation": _("Payer manipulated into paying"),
        "": _("Type not said by the label"),
    }
    rows = _executed(FraudTally.objects.all(), quarter.days, currency=currency)
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    names = ("frauds", "fraud_minor", "loss_minor", "recovered_minor")
    for scenario, *values in rows.order_by().values_list("scenario").annotate(*map(Sum, names)):
        for place, value in enumerate(values):
            sums[fraud_type_of(scenario)][place] += value
    return Sheet(
        key="types",
        title=_("By type of fraud"),
        columns=(
            *(Column(_("Type of fraud"), "text"), Column(_("Fraudulent payments"))),
            *(Column(_("Fraudulent value"), "money"), Column(_("Loss"), "money")),
            Column(_("Recovered"), "money"),
        ),
        rows=[(title, *sums[name]) for name, title in titles.items() if name in sums],
        currency=currency,
        notes=_("No event says who bears a loss, so losses are not told apart by bearer."),
    )
