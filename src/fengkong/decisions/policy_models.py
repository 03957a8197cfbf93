"""The models of a policy file: found by name and version, and held against the policy's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, cast

from fengkong.decisions.model_inputs import Names, mismatches
from fengkong.decisions.reading import Reading
from fengkong.events.spelling import did_you_mean
from fengkong.scoring.challengers import Challenger
from fengkong.scoring.errors import MissingModelError, ModelMismatchError
from fengkong.scoring.model import Model
from fengkong.scoring.store import ModelStore

_KEYS: Final = frozenset({"model", "version"})
_CHALLENGER_KEYS: Final = _KEYS | {"share", "by"}


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
    reading.keys(entry, *place, known=_KEYS | {"challenger"})
    return _found(reading, entry, *place, store=store)


def _found(
    reading: Reading, entry: dict[str, object], *place: str, store: ModelStore | None
) -> Model | None:
    wanted, version = str(entry["model"]), str(entry["version"])
    if store is None:
        return reading.attempt(partial(_nowhere, wanted), *place)
    return reading.attempt(partial(store.find, wanted, version), *place)


def read_challengers(
    reading: Reading,
    value: object,
    *,
    models: Iterable[str],
    texts: frozenset[str],
    store: ModelStore | None,
) -> dict[str, Challenger]:
    """The challengers of some models; `texts` are the fields that subjects may be told apart by."""
    entries = reading.mapping(value, "models")
    found: dict[str, Challenger] = {}
    for name in models:
        entry = entries[name]
        if isinstance(entry, dict) and entry.get("challenger") is not None:
            one = _challenger(reading, name, entry["challenger"], texts=texts, store=store)
            if one is not None:
                found[name] = one
    return found


def _challenger(
    reading: Reading,
    name: str,
    entry: object,
    *,
    texts: frozenset[str],
    store: ModelStore | None,
) -> Challenger | None:
    place = ("models", name, "challenger")
    if not isinstance(entry, dict) or not entry.keys() >= _CHALLENGER_KEYS:
        example = "{model: NAME, version: VERSION, share: 10%, by: customer}"
        reading.fault(f"expected {example}", *place)
        return None
    entry = cast("dict[str, object]", entry)
    reading.keys(entry, *place, known=_CHALLENGER_KEYS)
    share, by = _share(entry["share"]), str(entry["by"])
    if share is None:
        reading.fault("a share is from 0% (only recorded) to 100%", *place, "share")
    if by not in texts:
        message = f"{by[:80]!r} is no field that tells subjects apart{did_you_mean(by, texts)}"
        reading.fault(message, *place, "by")
    model = _found(reading, entry, *place, store=store)
    if model is None or share is None or by not in texts:
        return None
    return Challenger(model=model, share=share, by=by)


def _share(value: object) -> float | None:
    """A share as ``10%`` or 0.1."""
    text = str(value).strip()
    divisor = 100.0 if text.endswith("%") else 1.0
    try:
        share = float(text.removesuffix("%")) / divisor
    except ValueError:
        return None
    return share if not isinstance(value, bool) and 0.0 <= share <= 1.0 else None


def _nowhere(name: str) -> Model:
    raise MissingModelError(f"{name[:80]}: nothing was said about where models are")


def check_models(
    reading: Reading,
    models: Mapping[str, Model],
    challengers: Mapping[str, Challenger],
    *,
    names: Names,
) -> None:
    """Note what each model or challenger lacks here, or means differently."""
    places = [(model, ("models", name)) for name, model in models.items()]
    for name, one in challengers.items():
        places.append((one.model, ("models", name)))
    for model, place in places:
        for message in mismatches(model.inputs, names=names, models=frozenset(models)):
            error = ModelMismatchError(f"{model.about.name} {model.about.version}: {message}")
            reading.attempt(partial(_raise, error), *place)


def _raise(error: ModelMismatchError) -> None:
    raise error
