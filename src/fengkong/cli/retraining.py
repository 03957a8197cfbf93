"""`fengkong model retrain`: watch the champion, train a challenger where it drifted, let it run.

It never touches what decides: the new version goes into the registry beside the others, and into a
running service only as the challenger of a policy that is in force there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from fengkong.cli.histories import Source
from fengkong.cli.language import text
from fengkong.cli.model_publishing import Service
from fengkong.cli.models import (
    Course,
    Wish,
    champion_of,
    days_of,
    learned_from,
    planned,
    request_of,
    show_learned,
    show_watch,
    watched_table,
)
from fengkong.cli.screen import OUTPUT, show_json
from fengkong.cli.sources import locate
from fengkong.core.errors import FaultsError, RiskError
from fengkong.core.instants import DAY_US, format_instant
from fengkong.decisions.carried import with_models
from fengkong.decisions.challenged_text import ChallengerEntry, with_challenger
from fengkong.decisions.model_inputs import Names, mismatches
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.learning import Learned
from fengkong.evaluation.model_folder import ModelFolder, write_folder
from fengkong.evaluation.model_watch import WatchReport
from fengkong.evaluation.model_watch import watch as watch_model
from fengkong.evaluation.retraining import (
    SHARE_MAX,
    Lengths,
    Registry,
    RetrainingState,
    ShareTooLargeError,
    Terms,
    check_watched,
    knowing,
    newest_start,
    watched_periods,
)
from fengkong.evaluation.training_plan import TrainingPlan
from fengkong.evaluation.training_policy import FeaturePolicy
from fengkong.evaluation.training_table import TrainingTable
from fengkong.evaluation.training_windows import Schedule, schedule
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.errors import MissingModelError, ModelMismatchError
from fengkong.scoring.model import Model
from fengkong.scoring.stability import Lamp
from fengkong.scoring.store import FolderStore

LIVE_VERSIONS_MAX: Final = 20
"""Challengers of earlier times that the live policy is recognised by."""


class OtherPolicyLiveError(RiskError):
    """The service runs another policy than the one that a challenger was to be put into."""

    code = "model.other_policy_live"
    hint = "Put the policy file in force first, or give the file of the policy that is in force."


class UnnamedModelError(RiskError):
    """A policy does not say which of its models is the champion of a training."""

    code = "model.not_in_policy"
    hint = "Give a policy whose models name the training's model, and --value where several do."


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """What the command line says: whose challenger is wanted, from when on, and for whom.

    `value` is the name that the policy gives the model's probability, None where only one is the
    training's; `terms` are the challenger's.
    """

    config: str
    policy: str
    terms: Terms
    models: Path | None = None
    value: str | None = None
    truth: Path | None = None
    days: str = "7"
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The policy as its file says it, the registry, and the champion in it."""

    wish: Retraining
    plan: TrainingPlan
    made: FeaturePolicy
    content: str
    source: Path
    policy: Policy
    value: str
    registry: Registry
    champion: ModelFolder

    @property
    def lengths(self) -> Lengths:
        """How long everything is, by the configuration and the command."""
        return Lengths(
            watched=days_of(self.wish.days),
            delay=self.plan.delay,
            window=self.plan.window.days * DAY_US,
            test=self.plan.window.test_days * DAY_US,
        )

    @property
    def store(self) -> FolderStore:
        """Where models are found."""
        return FolderStore([self.registry.folder, self.source.parent / "models"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of it: the new or waiting version where there is one, its report if it is new."""

    state: RetrainingState
    watched: WatchReport
    model: Model | None = None
    learned: Learned | None = None


def retrain(
    wish: Retraining, history: Source, *, service: Service | None, as_json: bool
) -> RetrainingState:
    """Watch, train where it drifted (or is forced), and let the new version run as a challenger."""
    ground = _ground(wish)
    _challenged(
        ground, ground.champion.model, wish.terms
    )  # says what is wrong with the terms before the work
    found = _found(ground, history, quiet=as_json)
    published: Mapping[str, Any] | None = None
    if found.model is not None and service is not None:
        published = _published(ground, found.model, service)
    if as_json:
        show_json(_data(found, published))
    else:
        _show(found, ground, published)
    return found.state


def _ground(wish: Retraining) -> Ground:
    source = locate(wish.policy, kind="policy")
    plan, made = planned(wish.config, Wish())
    folder = wish.models or source.parent / "models"
    content = source.read_text(encoding="utf-8")
    store = FolderStore([folder, source.parent / "models"])
    policy = load_policy(content, source=str(source), catalogue=shipped_catalogue(), store=store)
    named = [name for name, model in policy.models.items() if model.about.name == plan.name]
    if wish.value is not None:
        named = [name for name in named if name == wish.value]
    if len(named) != 1:
        several = f"{len(named)} values of the model {plan.name}"
        raise UnnamedModelError(f"{source} has {several}, expected one")
    registry = Registry(folder=folder, name=plan.name)
    place = registry.place(policy.models[named[0]].about.version)
    champion = champion_of(place, made.policy)
    if champion.model.hash != policy.models[named[0]].hash:
        raise MissingModelError(f"is not the model that {source} uses", source=str(place))
    return Ground(
        wish=wish,
        plan=plan,
        made=made,
        content=content,
        source=source,
        policy=policy,
        value=named[0],
        registry=registry,
        champion=champion,
    )


def _found(ground: Ground, history: Source, *, quiet: bool) -> Found:
    """Watch the champion and train where that is called for."""
    trained_on = ground.champion.model.about.trained_on
    assert trained_on is not None, "a folder's model is refused where it does not say"
    table = watched_table(ground.champion, history, truth=ground.wish.truth)
    end = int(table.occurred_at.max()) if len(table) else 0
    periods = watched_periods(trained_on, end=end, lengths=ground.lengths)
    check_watched(table, periods)
    watched = watch_model(ground.champion.model, table, periods=periods)
    if not quiet:
        show_watch(watched)
    if watched.lamp != Lamp.RED and not ground.wish.forced:
        return Found(state=RetrainingState.STEADY, watched=watched)
    wanted = _newest(ground, end=end)
    window = wanted.window(first=int(table.occurred_at.min()))
    models = ground.registry.models()
    known = knowing(models, window=window, renew=ground.lengths.test)
    if known is not None and not ground.wish.forced:
        waits = known if known.hash != ground.champion.model.hash else None
        return Found(state=RetrainingState.WAITING, watched=watched, model=waits)
    learned = _learned(ground, history, wanted)
    return Found(
        state=RetrainingState.TRAINED, watched=watched, model=learned.model, learned=learned
    )


def _newest(ground: Ground, *, end: int) -> Schedule:
    lengths = ground.lengths
    return schedule(
        ground.plan,
        start=format_instant(newest_start(end=end, lengths=lengths)),
        length=lengths.window,
        test=lengths.test,
        time_zone=ground.policy.scope.time_zone,
    )


def _learned(ground: Ground, history: Source, wanted: Schedule) -> Learned:
    """Train the next version, judge it beside the champion, and put it into the registry."""
    version = ground.registry.next_version(at_least=ground.plan.version)
    plan = msgspec.structs.replace(ground.plan, version=version)

    def fitting(table: TrainingTable) -> Schedule:
        _check_inputs(ground, table)
        return wanted

    course = Course(
        plan=plan,
        made=ground.made,
        history=history,
        request=request_of(plan, Wish(truth=ground.wish.truth)),
        champion=ground.champion,
    )
    learned = learned_from(course, fitting)
    place = ground.registry.place(str(version))
    write_folder(learned, policy_text=ground.made.text, folder=place)
    return learned


def _check_inputs(ground: Ground, table: TrainingTable) -> None:
    """Refuse inputs that the policy lacks or means differently, before the work."""
    others = frozenset(ground.policy.models)
    found = mismatches(table.inputs, names=Names.of(ground.policy), models=others)
    if found:
        faults = [ModelMismatchError(one, source=str(ground.source)).fault() for one in found]
        raise FaultsError(faults)


def _challenged(ground: Ground, model: Model, terms: Terms) -> tuple[str, Policy]:
    """The policy's text with a model as its challenger, checked to change nothing else."""
    about = model.about
    entry = ChallengerEntry(model=about.name, version=about.version, share=terms.share, by=terms.by)
    content = with_challenger(ground.content, name=ground.value, entry=entry)
    policy = load_policy(
        content, source=str(ground.source), catalogue=shipped_catalogue(), store=ground.store
    )
    challenger = policy.challengers[ground.value]
    if challenger.share > SHARE_MAX:
        raise ShareTooLargeError(f"{terms.share} of the values of {terms.by}")
    before = {name: one.hash for name, one in ground.policy.models.items()}
    assert before == {name: one.hash for name, one in policy.models.items()}, "champions stay"
    assert challenger.model.hash == model.hash, "the challenger is the model that was asked for"
    return with_models(content, policy), policy


def _published(ground: Ground, model: Model, service: Service) -> Mapping[str, Any]:
    """Put the challenger into the service, whose policy must be the file's but for a challenger."""
    from fengkong.client.client import Client  # noqa: PLC0415 - only who publishes needs it

    terms = ground.wish.terms
    content, policy = _challenged(ground, model, terms)
    with Client(service.url, service.key, timeout=600) as client:
        live = client.policies()["live"]
        if live["hash"] == policy.hash:
            return {**live, "role": "live", "cause": "unchanged"}
        if live["hash"] not in _known_hashes(ground):
            named = f"{live['policy']} {live['version']} ({live['hash'][:12]})"
            raise OtherPolicyLiveError(f"{named} is in force, {ground.source} is another")
        ground.registry.note(model.about.version, terms)
        return dict(client.publish(content))


def _known_hashes(ground: Ground) -> set[str]:
    """The hashes of the policy as its file is, and with a challenger of an earlier time."""
    known = {ground.policy.hash}
    for model in ground.registry.models()[-LIVE_VERSIONS_MAX:]:
        for terms in ground.registry.terms(model.about.version):
            try:
                known.add(_challenged(ground, model, terms)[1].hash)
            except FaultsError:
                break  # its inputs are no longer the policy's: it cannot be what is in force
    return known


def _data(found: Found, published: Mapping[str, Any] | None) -> dict[str, Any]:
    model, learned = found.model, found.learned
    return {
        "state": str(found.state),
        "watch": found.watched.to_data(),
        "model": None
        if model is None
        else {"name": model.about.name, "version": model.about.version, "hash": model.hash},
        "report": None if learned is None else learned.report.to_data(),
        "published": None if published is None else dict(published),
    }


def _show(found: Found, ground: Ground, published: Mapping[str, Any] | None) -> None:
    version = "–" if found.model is None else found.model.about.version
    if found.learned is not None:
        place = ground.registry.place(version)
        show_learned(found.learned, place, champion=ground.champion, as_json=False)
    named = {"name": ground.plan.name, "version": version}
    said = {
        RetrainingState.STEADY: text("model.retrain.steady"),
        RetrainingState.WAITING: text("model.retrain.waiting", **named),
        RetrainingState.TRAINED: text("model.retrain.trained", **named),
    }
    OUTPUT.print(said[found.state], soft_wrap=True, markup=False)
    if published is not None:
        terms = {"share": ground.wish.terms.share, "by": ground.wish.terms.by}
        OUTPUT.print(text("model.retrain.published", **named, **terms), markup=False)
