"""What a training leaves behind: a folder with the model, how its inputs are made, and its report.

    model.json       the model, see `scoring.model_file`
    policy.yaml      the features its inputs are computed by, as a policy without rules
    report.json      every figure; report.zh.html and report.en.html show it
    card.zh.md, card.en.md    the model card

The folder appears whole or not at all.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from fengkong.core.bilingual import LANGUAGES
from fengkong.core.errors import FaultsError, RiskError
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.document import html, markdown
from fengkong.evaluation.learning import Learned, TrainingReport
from fengkong.evaluation.model_report import card_blocks, report_blocks
from fengkong.events.catalogue import Catalogue
from fengkong.scoring.errors import DamagedModelError, MissingModelError
from fengkong.scoring.model import Model
from fengkong.scoring.model_file import read_model, write_model

POLICY: Final = "policy.yaml"
REPORT: Final = "report.json"


class FolderInUseError(RiskError):
    """The folder that a model is to be written to holds something already."""

    code = "model.folder_in_use"
    hint = "Give a new folder; a model is never written over another."


class CannotWriteModelError(RiskError):
    """A model's folder cannot be written."""

    code = "model.cannot_write"
    hint = "Check the path, its permissions and the free space."


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model as it was read, with the policy that computes its inputs."""

    model: Model
    policy: Policy
    path: Path


def check_free(folder: Path) -> None:
    """Raises `FolderInUseError` where something is: asked before hours of work, not after."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise FolderInUseError(f"{folder} is there already")


def write_folder(learned: Learned, *, policy_text: str, folder: Path) -> None:
    """Write everything beside the folder, and give it its name when it is whole."""
    check_free(folder)
    files = {POLICY: policy_text, **report_files(learned.report)}
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for name, text in files.items():
            (unfinished / name).write_text(text, encoding="utf-8")
        write_model(learned.model, unfinished)
        if folder.is_dir():
            folder.rmdir()
        unfinished.replace(folder)
    except OSError as error:
        raise CannotWriteModelError(f"{folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def report_files(report: TrainingReport) -> Mapping[str, str]:
    """The report as JSON and pages, and the card, by the names of the files."""
    files = {REPORT: json.dumps(report.to_data(), ensure_ascii=False, indent=1) + "\n"}
    for language in LANGUAGES:
        files[f"report.{language}.html"] = html(
            report_blocks(report, language=language), language=language
        )
        files[f"card.{language}.md"] = markdown(card_blocks(report, language=language))
    return files


def read_folder(folder: Path, *, catalogue: Catalogue) -> ModelFolder:
    """The model in a folder and its policy; raises what `read_model` raises.

    A policy that is not the one the model was trained with raises `DamagedModelError`.
    """
    model = read_model(folder)
    path = folder / POLICY
    try:
        text = path.read_text(encoding="utf-8")
        policy = load_policy(text, source=str(path), catalogue=catalogue)
    except (OSError, UnicodeError) as error:
        raise MissingModelError(f"cannot be read: {error}", source=str(path)) from None
    except FaultsError as error:
        raise DamagedModelError(str(error.faults[0].message), source=str(path)) from None
    trained = model.about.trained_on
    if trained is None or trained.policy_hash != policy.hash:
        message = "is not the policy that the model was trained with"
        raise DamagedModelError(message, source=str(path))
    return ModelFolder(model=model, policy=policy, path=folder)


def read_report(folder: Path) -> TrainingReport:
    """The report of a training; raises `MissingModelError` or `DamagedModelError`."""
    path = folder / REPORT
    try:
        return msgspec.json.decode(path.read_bytes(), type=TrainingReport)
    except OSError as error:
        raise MissingModelError(
            f"cannot be read: {error.strerror or error}", source=str(path)
        ) from None
    except msgspec.DecodeError as error:
        raise DamagedModelError(f"not a whole report: {error}", source=str(path)) from None
