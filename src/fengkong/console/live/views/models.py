"""The models of the policies in force: figures, calibration, drift, and their cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from fengkong.console.journaled.parts import in_force
from fengkong.console.live.models import Measurement
from fengkong.console.live.titles import policy_of
from fengkong.console.live.views.features import is_stale, lamp_shown, spread_chart
from fengkong.console.project.declared import needs
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.spoken import field_title, said
from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant
from fengkong.decisions.policy import Policy
from fengkong.evaluation.document import Block, Grid, Heading, Paragraph
from fengkong.evaluation.model_folder import read_report
from fengkong.evaluation.model_report import card_blocks
from fengkong.evaluation.model_words import known, words
from fengkong.journal.parts import CANARY, LIVE, SHADOW
from fengkong.scoring.model import Model

_ROLES: Final = (LIVE, CANARY, SHADOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShown:
    """A model where it stands: in a policy that runs, as champion or challenger."""

    name: str
    model: Model
    title: str
    role: str
    challenger: str
    policy: str
    spread: dict[str, Any] | None
    lamp: str


@needs("models.view")
@transaction.non_atomic_requests
def models(request: HttpRequest) -> HttpResponse:
    """All models of the policies in force."""
    shown = list(models_shown())
    return render(request, "live/models.html", {"models": shown})


@needs("models.view")
@transaction.non_atomic_requests
def model(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """One model."""
    shown = next(
        (
            one
            for one in models_shown()
            if (one.model.about.name, one.model.about.version) == (name, version)
        ),
        None,
    )
    if shown is None:
        raise Http404
    measured = Measurement.objects.filter(kind="scores", about=shown.policy).first()
    calibration = None if measured is None else measured.content.get("calibration")
    return render(
        request,
        "live/model.html",
        {
            "shown": shown,
            "about": shown.model.about,
            "description": said(shown.model.about.description),
            "kind": _word(f"kind.{shown.model.kind}"),
            "trained": _trained(shown.model),
            "figures": list(_figures(shown.model)),
            "inputs": _inputs(shown.model),
            "measured": measured,
            "stale": is_stale(measured),
            "drift": None if shown.spread is None else spread_chart(shown.spread, _("Probability")),
            "calibration": calibration,
            "reliability": None if calibration is None else _reliability(calibration),
            "card": _card(shown.model),
        },
    )


def models_shown() -> Iterator[ModelShown]:
    """The models of the policies in force, champions before challengers."""
    running = in_force()
    for role in _ROLES:
        activation = running.get(role)
        policy = None if activation is None else policy_of(activation.policy_hash)
        if policy is None:
            continue
        measured = Measurement.objects.filter(kind="scores", about=policy.name).first()
        scores = {} if measured is None else measured.content.get("scores", {})
        for name, one in policy.models.items():
            yield _shown(policy, name, one, role=role, spread=scores.get(name), of=measured)
            challenger = policy.challengers.get(name)
            if challenger is not None:
                share = f"{challenger.share:.0%}"
                yield _shown(policy, name, challenger.model, role=role, challenger=share)


def _shown(
    policy: Policy,
    name: str,
    one: Model,
    *,
    role: str,
    challenger: str = "",
    spread: dict[str, Any] | None = None,
    of: Measurement | None = None,
) -> ModelShown:
    return ModelShown(
        name=name,
        model=one,
        title=said(one.about.title),
        role=role,
        challenger=challenger,
        policy=policy.name,
        spread=spread,
        lamp=lamp_shown(spread, stale=is_stale(of)),
    )


def _word(key: str, **values: object) -> str:
    language = "zh" if reading_language() == "zh" else "en"
    return words(key, language, **values) if key in known() else key  # type: ignore[arg-type]


def _trained(one: Model) -> dict[str, Any] | None:
    trained = one.about.trained_on
    if trained is None:
        return None
    return {
        "policy": f"{trained.policy} {trained.policy_version}",
        "rows": trained.rows,
        "frauds": trained.frauds,
        "from": format_instant(trained.starts_at)[:10],
        "until": format_instant(trained.ends_at)[:10],
        "entries": None if trained.first is None else f"{trained.first:,} – {trained.last:,}",
    }


def _figures(one: Model) -> Iterator[tuple[str, str]]:
    """What the model carries with it: figures on rows it never saw, with their intervals."""
    test = one.about.figures.get("test") or {}
    for name, estimate in test.items():
        if isinstance(estimate, dict) and estimate.get("value") is not None:
            shown = f"{estimate['value']:.3f}"
            if estimate.get("low") is not None:
                shown += f" ({estimate['low']:.3f} – {estimate['high']:.3f})"
            yield _word(f"figure.{name}", top=100, rate="1%"), shown
    for name, value in one.about.figures.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, f"{value:,.4g}"


def _inputs(one: Model) -> list[tuple[str, str, str]]:
    return [
        (
            part.name,
            said(part.title) if part.title is not None else field_title(part.name),
            part.declaration,
        )
        for part in one.inputs
    ]


def _reliability(calibration: dict[str, Any]) -> Chart:
    return Chart(
        title=_("Probability against what happened"),
        kind="line",
        labels=[f"{value:.2%}" for value in calibration["predicted"]],
        label_title=_("Mean probability"),
        unit="share",
        series=[
            Series(_("Confirmed fraud"), calibration["observed"], "red"),
            Series(_("Said"), calibration["predicted"], "grey"),
        ],
    )


def _card(one: Model) -> list[Block]:
    """The card from the report of the training, where its folder is in the data directory."""
    about = one.about
    folder = settings.CONSOLE.directory / "models" / about.name / about.version
    try:
        report = read_report(folder)
    except (RiskError, OSError):
        return []
    language = "zh" if reading_language() == "zh" else "en"
    return [
        block
        for block in card_blocks(report, language=language)  # type: ignore[arg-type]
        if isinstance(block, Heading | Paragraph | Grid)
    ]
