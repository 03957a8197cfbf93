"""A model of 200 trees over thirty features, row by row and in batches, beside three scorers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.agreement import compare
from benchmarks.contestants import Contestant, Process, running, split_absent, take_turns
from benchmarks.report import Agreement, Comparison, Figure, Goal
from benchmarks.settings import Settings

ROWS: Final = 4_000
FEATURES: Final = 30
TREES: Final = 200
LEAVES: Final = 31
SEED: Final = 31
ALONE_US: Final = 8.0
BATCH_US: Final = 5.0
TOLERANCES: Final = {"LightGBM": 0.0, "XGBoost": None, "ONNX Runtime": 1e-4}
"""How far probabilities may be from ours; XGBoost trains trees of its own on the same rows."""
_WAYS: Final = {"alone": "a row alone", "batch": "in batches"}
_PEERS: Final = {
    "LightGBM": ("models_lightgbm", "lightgbm"),
    "XGBoost": ("models_xgboost", "xgboost"),
    "ONNX Runtime": ("models_onnx", "onnxmltools"),
}
_NOTES: Final = (
    "Fengkong and ONNX Runtime read the booster that LightGBM trained. Ours must give LightGBM's "
    "probabilities to the bit; ONNX Runtime computes in single precision, so rows whose value lies "
    "within it of a threshold go another way and are left out of the comparison (fewer than 2 %). "
    "XGBoost cannot read a booster of LightGBM: it trains 200 trees of at most 31 leaves on the "
    "same rows, and is compared in speed only.",
    "`alone` is one call a row as an event comes; `in batches` is one call for all rows. Every "
    "contestant has one thread and its own quickest call for its arrays.",
)


def measure(settings: Settings) -> Comparison:
    """Agreement of probabilities, then microseconds a row alone and in batches."""
    present, absent = split_absent(_contestants(settings))
    comparison = Comparison(
        name="models",
        title=f"{TREES} trees of {LEAVES} leaves over {FEATURES} features",
        data=f"{ROWS:,} random rows, a tenth of the values missing (seed {SEED}), one thread",
        absent=absent,
        notes=_NOTES,
    )
    with running(present) as processes:
        comparison.agreements = _agreements(processes, settings)
        if not comparison.agrees:
            return comparison
        measured = take_turns(processes, rounds=settings.rounds, tell=settings.tell)
    comparison.figures = [
        Figure(
            name=contestant.name,
            unit="µs/row",
            samples=tuple(each["seconds"] * 1e6 for each in measured[contestant.label]),
            threads=1,
        )
        for contestant in present
    ]
    comparison.goals = _goals(comparison.figures)
    return comparison


def _contestants(settings: Settings) -> list[Contestant]:
    facts = _made(settings.folder)
    found = []
    for way, words in _WAYS.items():
        for name, (worker, needs) in {
            "Fengkong": ("models_fengkong", "lightgbm"),
            **_PEERS,
        }.items():
            found.append(
                Contestant(
                    name=f"{name}, {words}",
                    worker=worker,
                    needs=needs,
                    facts={**facts, "way": way},
                )
            )
    return found


def _made(folder: Path) -> dict[str, str]:
    """The rows, their truth, and a booster trained on them, as files."""
    dice = np.random.default_rng(SEED)
    rows = dice.normal(size=(20_000, FEATURES))
    truth = rows[:, :6].sum(axis=1) + np.sin(3 * rows[:, 6]) + dice.normal(size=len(rows)) > 2
    rows[dice.random(rows.shape) < 0.1] = np.nan
    files = {name: folder / f"{name}.npy" for name in ("learned", "truth", "rows")}
    np.save(files["learned"], rows)
    np.save(files["truth"], truth.astype(np.float64))
    np.save(files["rows"], rows[:ROWS])
    booster = folder / "booster.txt"
    try:
        import lightgbm
    except ImportError:
        return {name: str(file) for name, file in files.items()}
    told = {"objective": "binary", "num_leaves": LEAVES, "verbose": -1, "num_threads": 1}
    data = lightgbm.Dataset(rows, truth.astype(np.float64))
    lightgbm.train({**told, "seed": SEED}, data, TREES).save_model(str(booster))
    return {**{name: str(file) for name, file in files.items()}, "booster": str(booster)}


def _agreements(processes: Sequence[Process], settings: Settings) -> list[Agreement]:
    found: list[Agreement] = []
    ours = None
    for process in processes:
        settings.tell(f"results of {process.contestant.label}")
        answer = process.answer(settings.folder / "answer.npy")
        if ours is None:
            ours = answer
            continue
        name, _, _ = process.contestant.name.partition(",")
        tolerance = TOLERANCES.get(name, 0.0)
        if tolerance is None:
            continue
        expected = ours
        if name == "ONNX Runtime":
            near = np.abs(answer - ours) <= tolerance
            assert near.mean() > 0.98, "single precision moves few rows over a threshold"
            expected, answer = ours[near], answer[near]
        found.append(
            compare(
                expected.reshape(-1, 1),
                answer.reshape(-1, 1),
                contestant=process.contestant.name,
                names=["probability"],
                tolerance=tolerance,
            )
        )
    return found


def _goals(figures: Sequence[Figure]) -> list[Goal]:
    medians = {figure.name: figure.median for figure in figures}
    limits = {"alone": ALONE_US, "batch": BATCH_US}
    return [
        Goal(
            name=f"microseconds {_WAYS[way]}",
            limit=limit,
            value=medians[f"Fengkong, {_WAYS[way]}"],
            unit="µs/row",
            at_most=True,
        )
        for way, limit in limits.items()
    ]
