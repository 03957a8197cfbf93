"""What the worker measures on schedule, so that no request has to.

Every job may be done again: it replaces what it measured before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from fengkong.client.errors import ClientError
from fengkong.console.configuration import ConsoleSettings
from fengkong.console.journaled.models import Decision, Label
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.journaled.service_access import NoServiceKeyError, service_client
from fengkong.console.live.differences import differences
from fengkong.console.live.directory import directory_figures
from fengkong.console.live.distributions import spread
from fengkong.console.live.models import Measurement, ReplayCheck, ServiceSample
from fengkong.console.live.periods import DAY, LENGTHS
from fengkong.console.live.service_figures import figures_of
from fengkong.console.live.titles import in_force, policy_of
from fengkong.console.outbox.models import Job
from fengkong.core.errors import RiskError
from fengkong.scoring.reliability import reliability

SAMPLES_KEPT: Final = timedelta(hours=50)
"""Twice the overview's day, and a little: the change against the day before needs both."""
CHECKS_KEPT: Final = 2_000
CHECKED_AT_A_TIME: Final = 3
"""Decisions that one check derives again; each costs the service's second process a replay."""
NOW: Final = DAY
BEFORE: Final = 28 * DAY
"""The features of the last day are compared with those of four weeks before it."""
ANCHORS: Final = 40
AT_AN_ANCHOR: Final = 30
LABELLED_MAX: Final = 20_000
"""Newest labels that a calibration looks at."""
LABELLED_MIN: Final = 200


def sample_service(_job: Job) -> None:
    """Ask the decision service how it is, and keep the answer for two days."""
    began = time.monotonic()
    found: dict[str, Any] = {"reachable": False, "ready": False, "answer_ms": None, "content": {}}
    try:
        with service_client(timeout=3.0) as client:
            found["ready"] = client.ready()
            found["answer_ms"] = 1000 * (time.monotonic() - began)
            found["content"] = figures_of(client.metrics())
            found["reachable"] = True
    except (ClientError, NoServiceKeyError) as error:
        found["content"] = {"error": error.message}
    now = timezone.now()
    ServiceSample.objects.create(at=now, **found)
    ServiceSample.objects.filter(at__lt=now - SAMPLES_KEPT).delete()


def measure_directory(_job: Job) -> None:
    """Sizes and ages of what lies in the data directory."""
    console: ConsoleSettings = settings.CONSOLE
    _keep("directory", "all", directory_figures(console, now=time.time()))


def measure_labels(_job: Job) -> None:
    """Which share of each period's decisions has a label, and how long labels take."""
    now = timezone.now()
    labelled: dict[str, float | None] = {}
    for key, length in LENGTHS.items():
        rows = Decision.objects.filter(occurred_at__gte=now - length.whole, occurred_at__lt=now)
        whole = rows.order_by().count()
        known = rows.filter(Exists(Label.objects.filter(event_id=OuterRef("event_id"))))
        labelled[key] = known.order_by().count() / whole if whole else None
    newest = dict(Label.objects.order_by("-at").values_list("event_id", "at")[:5_000])
    decided = Decision.objects.filter(event_id__in=list(newest)).values_list(
        "event_id", "occurred_at"
    )
    waits = [(newest[name] - at).total_seconds() for name, at in decided]
    quantiles = np.quantile(waits, (0.5, 0.9)).tolist() if waits else [None, None]
    _keep(
        "labels",
        "all",
        {"labelled": labelled, "median_s": quantiles[0], "p90_s": quantiles[1]},
    )


def measure_features(_job: Job) -> None:
    """How the features and models of the policy in force spread, now and before."""
    activation = in_force()
    policy = None if activation is None else policy_of(activation.policy_hash)
    if policy is None:
        return
    now = timezone.now()
    seen = list(sampled(policy.name, start=now - NOW, end=now))
    before = list(sampled(policy.name, start=now - NOW - BEFORE, end=now - NOW))
    features = {
        name: spread(*(_values(rows, name) for rows in (seen, before)))
        for name in policy.feature_names
    }
    scores = {
        name: spread(*(_probabilities(rows, name) for rows in (seen, before)))
        for name in policy.models
    }
    _keep("features", policy.name, {"features": features, "rows": len(seen)})
    calibration = _calibration(policy.name)
    content = {"scores": scores, "calibration": calibration, "rows": len(seen)}
    _keep("scores", policy.name, content)


def sampled(policy: str, *, start: datetime, end: datetime) -> Iterable[Mapping[str, Any]]:
    """Decisions of a policy in the clear, spread evenly over a time; nothing of the erased ones."""
    step = (end - start) / ANCHORS
    sequences: set[int] = set()
    for number in range(ANCHORS):
        rows = Decision.objects.filter(
            policy=policy,
            erased=False,
            degraded=False,
            occurred_at__gte=start + number * step,
            occurred_at__lt=start + (number + 1) * step,
        )
        sequences.update(
            rows.order_by("occurred_at", "sequence").values_list("sequence", flat=True)[
                :AT_AN_ANCHOR
            ]
        )
    for sequence in sorted(sequences):
        decision = clear_entry(sequence).decision
        if decision is not None:
            yield decision


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return [row["features"].get(name) for row in rows]


def _probabilities(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return [
        one["probability"] for row in rows for one in row.get("models", ()) if one["name"] == name
    ]


def _calibration(policy: str) -> dict[str, Any] | None:
    """The first model's probabilities against the newest labels; None of too few."""
    truths = dict(Label.objects.order_by("-at").values_list("event_id", "is_fraud")[:LABELLED_MAX])
    said = Decision.objects.filter(
        event_id__in=list(truths), policy=policy, probability__isnull=False
    ).values_list("event_id", "probability")
    pairs = [(probability, truths[name]) for name, probability in said if probability is not None]
    if len(pairs) < LABELLED_MIN or len({fraud for _, fraud in pairs}) < 2:
        return None
    found = reliability(
        np.array([probability for probability, _ in pairs]),
        fraud=np.array([fraud for _, fraud in pairs]),
        bins=10,
    )
    return {
        "rows": len(pairs),
        "frauds": sum(fraud for _, fraud in pairs),
        "brier": found.brier,
        "error": found.error,
        "predicted": found.predicted.tolist(),
        "observed": found.observed.tolist(),
        "counts": found.rows.tolist(),
    }


def check_replays(_job: Job) -> None:
    """Have a few decisions of the last day derived again: online must equal offline to the byte."""
    with service_client(timeout=120.0) as client:
        for row in _to_check():
            try:
                entry = clear_entry(row.sequence)
                if entry.decision is None:
                    continue
                answer = client.explanation(row.event_id)
            except RiskError as error:
                if isinstance(error, ClientError):
                    raise
                continue
            told = [] if answer["equal"] else differences(answer["recorded"], answer["derived"])
            ReplayCheck.objects.update_or_create(
                sequence=row.sequence,
                defaults={
                    "checked_at": timezone.now(),
                    "policy": row.policy,
                    "equal": answer["equal"],
                    "differences": [one.path for one in told],
                },
            )
    kept = ReplayCheck.objects.order_by("-checked_at").values("sequence")[CHECKS_KEPT:]
    ReplayCheck.objects.filter(sequence__in=list(kept.values_list("sequence", flat=True))).delete()


def _to_check() -> list[Decision]:
    """Decisions of the last entries at places that differ from one check to the next."""
    newest = Decision.objects.aggregate(newest=Max("sequence"))["newest"] or 0
    checked = ReplayCheck.objects.count()
    found: list[Decision] = []
    for number in range(CHECKED_AT_A_TIME):
        # Golden-ratio steps visit the last entries evenly, and never the same place twice in a row.
        place = newest - int(((checked + number) * 0.618_033_988_75 % 1.0) * min(newest, 20_000))
        row = (
            Decision.objects.filter(sequence__lte=place, erased=False).order_by("-sequence").first()
        )
        if row is not None and row not in found:
            found.append(row)
    return found


@transaction.atomic
def _keep(kind: str, about: str, content: Mapping[str, Any]) -> None:
    Measurement.objects.update_or_create(
        kind=kind,
        about=about,
        defaults={"measured_at": timezone.now(), "content": dict(content)},
    )


SCHEDULE: Final = (
    (15, "live.sample_service", sample_service),
    (60, "live.measure_directory", measure_directory),
    (600, "live.measure_labels", measure_labels),
    (900, "live.measure_features", measure_features),
    (300, "live.check_replays", check_replays),
)
"""How often, in seconds, what is measured by whom."""
