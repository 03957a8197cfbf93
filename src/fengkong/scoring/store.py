"""Where models are found by name and version: in folders, or with what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from fengkong.events.spelling import did_you_mean
from fengkong.scoring.errors import InvalidModelError, MissingModelError
from fengkong.scoring.model import Model
from fengkong.scoring.model_file import FILE, NAME, read_model

_SHOWN: Final = 20


class ModelStore(Protocol):
    """Gives models by name and version."""

    def find(self, name: str, version: str) -> Model:
        """The model; raises `MissingModelError`, or what is wrong with its file."""
        ...


class FolderStore:
    """Models in folders ``DIR/name/version/model.json``; the first folder that has one wins."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._known: dict[tuple[str, str], Model] = {}

    def find(self, name: str, version: str) -> Model:
        """The model of a name and version, read once."""
        if (name, version) not in self._known:
            self._known[name, version] = self._read(name, version)
        return self._known[name, version]

    def versions(self, name: str) -> list[str]:
        """The versions of a model that the folders have, in the order of the alphabet."""
        places = [folder / name for folder in self._folders]
        found = {one.parent.name for place in places for one in place.glob(f"*/{FILE}")}
        return sorted(version for version in found if NAME.fullmatch(version))

    def _read(self, name: str, version: str) -> Model:
        if not (NAME.fullmatch(name) and NAME.fullmatch(version)):
            raise MissingModelError(f"{name[:80]!r} {version[:80]!r} is no model and version")
        for folder in self._folders:
            file = folder / name / version / FILE
            if file.is_file():
                model = read_model(file)
                if (model.about.name, model.about.version) != (name, version):
                    said = f"{model.about.name} {model.about.version}"
                    raise InvalidModelError(
                        f"its folder says {name} {version}, the file says {said}", source=str(file)
                    )
                return model
        raise MissingModelError(self._not_found(name, version))

    def _not_found(self, name: str, version: str) -> str:
        versions = self._names(name)
        if versions:
            known = ", ".join(versions[:_SHOWN])
            return f"{name} has no version {version}; there is {known}"
        names = self._names()
        places = ", ".join(str(folder) for folder in self._folders) or "no folder"
        near = did_you_mean(name, names)
        return f"there is no model {name} in {places}{near}"

    def _names(self, *parts: str) -> list[str]:
        """The folders inside `parts` of any of the store's folders."""
        inside = [folder.joinpath(*parts) for folder in self._folders]
        found = {one.name for path in inside if path.is_dir() for one in path.iterdir()}
        return sorted(found)


class HeldModels:
    """Models at hand, such as those that a published policy carries."""

    def __init__(self, models: Sequence[Model]) -> None:
        self._models: Mapping[tuple[str, str], Model] = {
            (model.about.name, model.about.version): model for model in models
        }

    def find(self, name: str, version: str) -> Model:
        """The model of a name and version."""
        found = self._models.get((name, version))
        if found is None:
            held = ", ".join(" ".join(key) for key in sorted(self._models)) or "none"
            raise MissingModelError(
                f"the model {name[:80]} {version[:80]} did not come with the policy; it has {held}"
            )
        return found
