"""`fengkong model publish`: a model goes where a policy finds it, and into a running service."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from fengkong.cli.language import text
from fengkong.cli.screen import OUTPUT
from fengkong.cli.sources import MissingFileError, locate
from fengkong.core.errors import FaultsError
from fengkong.decisions.model_inputs import Names, mismatches
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.model_folder import check_free, read_folder
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.errors import MissingModelError, ModelMismatchError
from fengkong.scoring.model import Model
from fengkong.scoring.model_file import read_model
from fengkong.scoring.store import FolderStore


@dataclass(frozen=True, slots=True, kw_only=True)
class _OneAndOthers:
    """A model at hand before those in folders."""

    model: Model
    others: FolderStore

    def find(self, name: str, version: str) -> Model:
        """The model of a name and version."""
        about = self.model.about
        if (about.name, about.version) == (name, version):
            return self.model
        return self.others.find(name, version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service that is to take the policy."""

    url: str
    key: str


def publish(folder: Path, *, policy: str, models: Path | None, service: Service | None) -> None:
    """Check a model against a policy, put it into the folder of models, and the policy in force.

    Raises a FaultsError with everything that the policy lacks or means differently, before
    anything is copied.
    """
    found = read_folder(folder, catalogue=shipped_catalogue())
    source = locate(policy, kind="policy")
    place = models or source.parent / "models"
    _check(found.model, source=source, place=place)
    target = _placed(folder, found.model, into=place)
    about = found.model.about
    OUTPUT.print(text("model.published", name=about.name, version=about.version, path=target))
    if service is not None:
        from fengkong.cli.services import publish as put_in_force  # noqa: PLC0415

        put_in_force(policy, models=place, url=service.url, key=service.key)


def _check(model: Model, *, source: Path, place: Path) -> None:
    try:
        content = source.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise MissingFileError(f"{source} cannot be read: {error}") from None
    policy = load_policy(
        content,
        source=str(source),
        catalogue=shipped_catalogue(),
        store=_OneAndOthers(model=model, others=FolderStore([place])),
    )
    others = frozenset(policy.models)
    found = mismatches(model.inputs, names=Names.of(policy), models=others)
    if found:
        faults = [ModelMismatchError(one, source=str(source)).fault() for one in found]
        raise FaultsError(faults)


def _placed(folder: Path, model: Model, *, into: Path) -> Path:
    """Where the model is now: copied whole or not at all, or there already as it is."""
    place = into / model.about.name / model.about.version
    try:
        if read_model(place).hash == model.hash:
            return place
    except MissingModelError:
        pass
    check_free(place)
    unfinished = place.with_name(f".{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, unfinished)
    if place.is_dir():
        place.rmdir()
    unfinished.replace(place)
    return place
