"""A console's database with as many decisions as asked for, filled the way the tail fills it.

``python -m benchmarks.console_store DATA DECISIONS`` prints, in JSON, who may sign in, and what
there is to visit. A process of its own, because a Django serves one data directory.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

DECISIONS: Final = 1_000_000
BATCH: Final = 20_000
SUBJECTS: Final = 50_000
DAYS: Final = 30
SEED: Final = 20_261_130
DECISIONS_EACH: Final = 20
"""Of fewer decisions there are fewer customers, so that as many share what they use."""
HOLDERS: Final = 3
"""Customers who share a device."""
GATHERED: Final = 500
"""Decisions of the case that is looked at."""
JOURNAL: Final = "be" * 16
"""The identity of the journal that there is not: the seeded console has no entries in the clear."""

_TYPES: Final = (
    ("payment.initiated", 0.72),
    ("transfer.initiated", 0.12),
    ("login.attempted", 0.1),
    ("withdrawal.requested", 0.04),
    ("loan.applied", 0.02),
)
_OUTCOMES: Final = (
    ("allow", 0.925),
    ("challenge", 0.03),
    ("review", 0.025),
    ("delay", 0.005),
    ("deny", 0.015),
)
_RULES: Final = tuple(f"velocity.rule_{number:02d}" for number in range(40))


WALKER: Final = "walker"
QUERIES: Final = (
    *("/live/?period=7d", "/live/?period=30d", "/live/?period=24h&event_type=loan.applied"),
    *("/decisions/?outcome=deny", "/decisions/?outcome=stopped&type=loan.applied"),
    *("/decisions/?rule=velocity.rule_07", "/decisions/?least=5000", "/decisions/?flag=differs"),
    "/decisions/?flag=canary",
    *("/decisions/?event=seeded-000000777", "/decisions/?policy=payments&rule=velocity.rule_01"),
    *("/alerts/?outcome=deny", "/alerts/?overdue=1", "/alerts/?state=closed"),
    *("/audit/?action=sign_in", "/audit/?actor=walker"),
)
"""Questions that people ask of the longest lists, beside every screen as it opens."""
SKIPPED: Final = frozenset({"account_logout", "set_language"})
"""Addresses that end the session, or change how it is shown."""


def prepare(data: Path, *, decisions: int) -> dict[str, Any]:
    """Fill a console; who may sign in, the addresses with what is there, and those without."""
    from fengkong.console.project.setup import bring_schema_up_to_date, start_django

    start_django(data)
    bring_schema_up_to_date()
    fill(decisions=decisions)
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment()
    from tests.browser.made import PASSWORD
    from tests.console.operators import TOTP_SECRET, new_operator

    from fengkong.console.accounts.duties import ROLES

    walker = new_operator(*ROLES, username=WALKER, password=PASSWORD)
    addresses, unfilled = _addresses(walker)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    told = {"username": WALKER, "password": PASSWORD, "secret": TOTP_SECRET}
    return told | {"addresses": addresses, "unfilled": unfilled} | _counted()


def _addresses(walker: object) -> tuple[list[str], list[str]]:
    """Every address of a screen, its places filled from the apps' samples; and those without."""
    from tests.console.permissions.samples import SAMPLES

    from fengkong.console.project.addresses import addresses

    values = {part: sample(walker) for part, sample in SAMPLES.items()}
    for part, there in _really_there(walker).items():
        values[part] = values.get(part, {}) | there
    filled, unfilled = [], []
    for one in addresses():
        if one.part == "api" or one.name in SKIPPED or one.name.endswith("events"):
            continue  # programs, and streams that never end
        known = values.get(one.part, {})
        if set(one.arguments) <= set(known):
            filled.append(one.path(known))
        else:
            unfilled.append(one.route)
    subject = values["entities"]["entity"]
    graphs = [f"/entities/graph/?subject={subject}&hops=4{part}" for part in ("", "&part=1")]
    return sorted({*filled, *QUERIES, *graphs}), sorted(set(unfilled))


def _really_there(walker: Any) -> dict[str, dict[str, object]]:
    """Samples that have much behind them, where the made ones have nothing."""
    from fengkong.console.alerts.models import Alert
    from fengkong.console.journaled.models import Decision

    there: dict[str, dict[str, object]] = {}
    there |= _desk_of(walker)
    if newest := Decision.objects.order_by("-sequence").first():
        there["live"] = {"sequence": newest.sequence}
    if busiest := Alert.objects.order_by("-decisions").first():
        there["alerts"] = {"alert_id": busiest.pk}
    return there


def _desk_of(walker: Any) -> dict[str, dict[str, object]]:
    """A case of 500 decisions with notes, and the customer around whom 500 entities are."""
    from fengkong.console.alerts.models import Alert
    from fengkong.console.cases.models import CaseFile
    from fengkong.console.cases.notes import write_note
    from fengkong.console.cases.opening import add_decisions, case_for
    from fengkong.console.entities.taking import key_of
    from fengkong.console.entities.walking import Limits, Wanted, neighbourhood
    from fengkong.console.journaled.models import Decision

    alert = Alert.objects.filter(state="open").order_by("-decisions").first()
    if alert is None:
        return {}
    case = case_for([alert.pk], walker)
    newest = Decision.objects.order_by("-sequence").values_list("sequence", flat=True)
    add_decisions(walker, case.pk, list(newest[:GATHERED]))
    for number in range(50):
        write_note(walker, case.pk, f"{number}: called, does not know the payee")
    file = CaseFile.objects.order_by("-pk").first()
    around = neighbourhood(key_of(bytes.fromhex(case.subject)), Wanted(limits=Limits(hops=4)))
    sys.stderr.write(f"case {case.pk}: {len(around.hops)} entities within four hops\n")
    there: dict[str, object] = {"number": case.pk}
    if file is not None:
        there["file_id"] = file.pk
    return {"cases": there, "entities": {"kind": "customer", "entity": case.subject}}


@cache
def _blind(kind: str, number: int) -> bytes:
    """The blind index of an entity that there is not."""
    return hashlib.sha256(f"{kind} {number}".encode()).digest()[:16]


def _counted() -> dict[str, int]:
    from fengkong.console.alerts.models import Alert
    from fengkong.console.journaled.models import Decision

    return {"decisions": Decision.objects.count(), "alerts": Alert.objects.count()}


def fill(
    *, decisions: int = DECISIONS, now_us: int | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> None:  # fmt: skip
    """Put decisions of the last thirty days, with labels and alerts, into the console.

    Needs a started Django, and goes on where a fill before it ended.
    """
    from fengkong.console.journaled.intake import position, take_in
    from fengkong.console.journaled.seen import SeenActivation, SeenEntries

    now = time.time_ns() // 1000 if now_us is None else now_us
    start = position(JOURNAL)
    if start == 0:
        live = SeenActivation(1, "live", "started", "payments", 1, "ab" * 32, now)
        take_in(SeenEntries(journal=JOURNAL, after=0, upto=1, at=now, activations=[live]))
        start = 1
    for batch in _batches(start=start, decisions=decisions, now=now):
        take_in(batch)
        tell(batch.upto - 1)


def _batches(*, start: int, decisions: int, now: int) -> Iterator[object]:
    from fengkong.console.journaled.seen import SeenDecision, SeenEntries, SeenLabel, SeenNames

    span = DAYS * 86_400_000_000
    people = max(100, min(SUBJECTS, decisions // DECISIONS_EACH))
    for after in range(start, decisions + 1, BATCH):
        count = min(BATCH, decisions + 1 - after)
        dice = np.random.default_rng((SEED, after))
        types = dice.choice([t for t, _ in _TYPES], count, p=[p for _, p in _TYPES])
        outcomes = dice.choice([o for o, _ in _OUTCOMES], count, p=[p for _, p in _OUTCOMES])
        amounts = (dice.lognormal(9.5, 1.2, count)).astype(np.int64)
        subjects = dice.integers(0, people, count)
        rules = dice.integers(0, len(_RULES), (count, 2))
        probabilities = dice.beta(0.4, 8, count)
        payees = dice.integers(0, people, count)
        made, labels, names = [], [], []
        for i in range(count):
            sequence = after + 1 + i
            at = now - span + span * (sequence - 2) // decisions
            outcome = str(outcomes[i])
            hit = outcome != "allow"
            made.append(
                SeenDecision(
                    sequence=sequence,
                    event_id=f"seeded-{sequence:09d}",
                    event_type=str(types[i]),
                    subject=_blind("customer", int(subjects[i])).hex(),
                    occurred_at=at,
                    recorded_at=at + 2_000,
                    outcome=outcome,
                    points=40.0 if hit else 0.0,
                    probability=float(probabilities[i]),
                    amount_minor=int(amounts[i]),
                    currency="CNY",
                    policy="payments",
                    policy_version=1,
                    policy_hash="ab" * 32,
                    rules=tuple({_RULES[rules[i, 0]], _RULES[rules[i, 1]]}) if hit else (),
                    degraded=i % 5_000 == 7,
                    late=i % 1_000 == 3,
                    erased=False,
                    shadow_outcome="review" if i % 500 == 11 else "",
                    by_canary=i % 20 == 9,
                )
            )
            names.append(SeenNames(sequence, _named(int(subjects[i]), payee=int(payees[i]))))
            if hit and i % 3 == 0:
                labels.append(
                    SeenLabel(f"seeded-{sequence:09d}", i % 2 == 0, "fraud", at, sequence)
                )
        upto = after + count
        yield SeenEntries(
            journal=JOURNAL, after=after, upto=upto, at=made[-1].recorded_at,
            decisions=made, labels=labels, names=names,
        )  # fmt: skip


def _named(subject: int, *, payee: int) -> tuple[tuple[str, bytes], ...]:
    """Whom an event of a customer names."""
    return (
        ("customer", _blind("customer", subject)),
        ("account", _blind("account", subject)),
        ("device", _blind("device", subject // HOLDERS)),
        ("payee_account", _blind("account", payee)),
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(prepare(Path(sys.argv[1]), decisions=int(sys.argv[2]))))
