"""The models of a policy file: found by name and version, and held against the policy's names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final, cast

from fengkong.decisions.model_inputs import Names, mismatches
from fengkong.decisions.reading import Reading
from fengkong.scoring.errors import MissingModelError, ModelMismatchError
from fengkong.scoring.model import Model
from fengkong.scoring.store import ModelStore

_KEYS: Final = frozenset({"model", "version"})


def read_models(reading: Reading, value: object, *, store: ModelStore | None) -> dict[str, Model]:
    """The models that a policy names, by the name of the value each gives.

    What cannot be found or read is a fault at its line; its name then counts as failed.
    """
    models: dict[str, Model] = {}
    for name, entry in reading.mapping(value, "models").items():
        found = _model(reading, name, entry, store=store)
        if found is None:
            reading.failed.add(name)
        else:
            models[name] = found
    return models


def _model(reading: Reading, name: str, entry: object, *, store: ModelStore | None) -> Model | None:
    place = ("models", name)
    if not isinstance(entry, dict) or not {"model", "version"} <= entry.keys():
        reading.fault("expected {model: NAME, version: VERSION}", *place)
        return None
    entry = cast("dict[str, object]", entry)
    reading.keys(entry, *place, known=_KEYS)
    wanted, version = str(entry["model"]), str(entry["version"])
    if store is None:
        found = partial(_nowhere, wanted)
        return reading.attempt(found, *place)
    return reading.attempt(partial(store.find, wanted, version), *place)


def _nowhere(name: str) -> Model:
    raise MissingModelError(f"{name[:80]}: nothing was said about where models are")


def check_models(reading: Reading, models: Mapping[str, Model], *, names: Names) -> None:
    """Note what each model lacks here, or means differently."""
    for name, model in models.items():
        for message in mismatches(model, names=names, models=frozenset(models)):
            error = ModelMismatchError(f"{model.about.name} {model.about.version}: {message}")
            reading.attempt(partial(_raise, error), "models", name)


def _raise(error: ModelMismatchError) -> None:
    raise error
