"""Policies and mappings by path, or by the name of a shipped pack."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.decisions.policy import Policy
    from fengkong.events.mapping import Mapping

_PACKS: Final = Path(str(files("fengkong") / "packs"))


class UnknownSourceError(RiskError):
    """A policy or mapping is neither a file nor the name of a shipped pack."""

    code = "cli.unknown_source"
    hint = "Give the path of a YAML file, or one of the names listed."


class MissingFileError(RiskError):
    """A file that was named does not exist."""

    code = "cli.missing_file"
    hint = "Check the path."


def shipped(kind: str) -> dict[str, Path]:
    """The packs that have a `policy` or a `mapping`, by name."""
    return {path.parent.name: path for path in sorted(_PACKS.glob(f"*/{kind}.yaml"))}


def locate(name: str, *, kind: str) -> Path:
    """The file of a policy or mapping: a path, or the name of a shipped pack."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if path.is_file():
            return path
        raise MissingFileError(f"there is no file {name}")
    known = shipped(kind)
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    suggestion = f"; did you mean {near[0]}?" if near else f"; there is {', '.join(known)}"
    raise UnknownSourceError(f"{name!r} is neither a {kind} file nor a shipped {kind}{suggestion}")


def read_policy(name: str, *, models: Path | None = None) -> Policy:
    """The checked policy of a path or a pack.

    Its models are looked for in `models`, then in the folder ``models`` beside the policy.
    """
    policy, _ = _read(name, models=models)
    return policy


def published_text(name: str, *, models: Path | None = None) -> str:
    """The text of a checked policy as a service takes it: with its models in it."""
    from fengkong.decisions.carried import with_models  # noqa: PLC0415 - --help stays fast

    policy, content = _read(name, models=models)
    return with_models(content, policy)


def _read(name: str, *, models: Path | None) -> tuple[Policy, str]:
    from fengkong.decisions.policy_file import load_policy  # noqa: PLC0415
    from fengkong.events.catalogue import shipped_catalogue  # noqa: PLC0415
    from fengkong.scoring.store import FolderStore  # noqa: PLC0415

    path = locate(name, kind="policy")
    if models is not None and not models.is_dir():
        raise MissingFileError(f"there is no folder {models}")
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise MissingFileError(f"{path} cannot be read: {error}") from None
    beside = path.parent / "models"
    store = FolderStore([beside] if models is None else [models, beside])
    policy = load_policy(content, source=str(path), catalogue=shipped_catalogue(), store=store)
    return policy, content


def find_mapping(name: str | None) -> Mapping | None:
    """The mapping of a path or a pack; None where none was named."""
    if name is None:
        return None
    from fengkong.events.mapping import read_mapping  # noqa: PLC0415

    return read_mapping(locate(name, kind="mapping"))
