"""Makes a console's data directory with operators of every role and samples of every app.

``python -m tests.browser.made DIR`` writes DIR/made.json: the addresses to visit, and who signs in.
Run as a process of its own, because a Django serves one data directory.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from tests.browser.hostile import HOSTILE

PASSWORD = "correct-horse-battery-staple-9"
WALKER = "walker"
"""An operator with every role at once, as no real one may be: sees every screen."""


def main(directory: Path) -> None:
    os.environ["FENGKONG_DATA"] = str(directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "fengkong.console.project.settings"
    directory.mkdir(parents=True, exist_ok=True)

    from fengkong.console.project.setup import bring_schema_up_to_date, start_django

    start_django(directory)
    bring_schema_up_to_date()

    from django.db import transaction
    from django.test.utils import setup_test_environment

    from fengkong.console.accounts.duties import ROLES

    setup_test_environment()
    with transaction.atomic():
        from tests.console.operators import new_operator

        for role in ROLES:
            new_operator(role, username=role, password=PASSWORD)
        walker = new_operator(*ROLES, username=WALKER, password=PASSWORD)
        found = visited_addresses(walker)
        make_hostile_rows(walker)
    (directory / "made.json").write_text(json.dumps({"addresses": found}), encoding="utf-8")


def make_hostile_rows(walker: object) -> None:
    """Rows whose texts try to become scripts, wherever people or events bring texts in."""
    from django.utils import timezone

    from fengkong.console.accounts.models import Operator
    from fengkong.console.approvals.four_eyes import acts
    from fengkong.console.approvals.models import Proposal
    from fengkong.console.audit.recording import record
    from fengkong.console.journaled.models import Decision

    texts = HOSTILE[::7]
    for number, text in enumerate(texts):
        Operator.objects.create(username=f"hostile{number}", name=text[:80], email="a@example.com")
        record(text[:64], "try_it", target_kind="test", target=text[:100], detail={text[:40]: text})
    proposer = Operator.objects.get(username="hostile0")
    kind = next(iter(acts()), "try")
    Proposal.objects.bulk_create(
        Proposal(kind=kind, target=text[:64], reason=text, content={}, proposed_by=proposer)
        for text in texts
    )
    now = timezone.now()
    Decision.objects.bulk_create(
        Decision(
            sequence=10**9 + number,
            event_id=f"{number}{text}"[:128],
            event_type="payment.initiated",
            subject="0" * 32,
            occurred_at=now - timedelta(minutes=number),
            recorded_at=now,
            outcome=("allow", "challenge", "delay", "review", "deny")[number % 5],
            points=number,
            probability=0.5,
            amount_minor=12_345,
            currency="CNY",
            policy=text[:255],
            policy_version=1,
            policy_hash="0" * 64,
            rules=[text],
            degraded=False,
            late=False,
        )
        for number, text in enumerate(texts)
    )


def visited_addresses(walker: object) -> list[dict[str, str]]:
    """Every address of the urlconf with its arguments filled in from the apps' samples."""
    from tests.console.permissions.samples import SAMPLES

    from fengkong.console.project.addresses import addresses

    values = {part: sample(walker) for part, sample in SAMPLES.items()}
    found = []
    for one in addresses():
        known = values.get(one.part, {})
        if set(one.arguments) <= set(known):  # who lacks a sample fails in the permission table
            found.append({"route": one.route, "name": one.name, "path": one.path(known)})
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
