"""A model's file is read as it was written, and refused when anything about it is off."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from boosters import Trained

from fengkong.core.errors import RiskError
from fengkong.scoring import model_file
from fengkong.scoring.errors import DamagedModelError, MissingModelError
from fengkong.scoring.model import About, Model
from fengkong.scoring.model_file import model_bytes, parse_model, read_model, write_model

SEED = 7
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def model(trained: Callable[[int], Trained], about: About) -> Model:
    one = trained(SEED)
    return Model.of_lightgbm(one.booster, about=about, inputs=one.inputs)


def test_a_model_comes_back_as_it_was(
    model: Model, tmp_path: Path, trained: Callable[[int], Trained]
) -> None:
    again = read_model(write_model(model, tmp_path / "card-fraud").parent)
    assert again.hash == model.hash
    assert model_bytes(again) == model_bytes(model)
    rows = trained(SEED).rows
    assert again.scores(rows).tobytes() == model.scores(rows).tobytes()
    assert np.array_equal(again.contributions(rows[0]), model.contributions(rows[0]))


def test_every_cut_is_noticed(model: Model) -> None:
    data = model_bytes(model)
    for length in [0, 1, 20, len(data) // 2, len(data) - 3]:
        with pytest.raises(DamagedModelError):
            parse_model(data[:length])


def test_a_changed_digit_is_noticed(model: Model) -> None:
    data = model_bytes(model)
    at = data.index(b'"thresholds":[') + 16
    digit = b"3" if data[at : at + 1] != b"3" else b"4"
    with pytest.raises(DamagedModelError, match="hash"):
        parse_model(data[:at] + digit + data[at + 1 :])


def test_a_file_keeps_its_hash_whatever_later_versions_would_write(model: Model) -> None:
    content = json.loads(model.canonical)
    text = json.dumps(content, indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    head = f'{{"format":"fengkong.model","format_version":1,"hash":"{digest}","model":'
    again = parse_model((head + text + "}").encode())
    assert again.hash == digest != model.hash
    assert parse_model(model_bytes(again)).hash == digest
    assert again.content() == model.content()


def test_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(MissingModelError):
        read_model(tmp_path / "nothing")


def with_its_hash(model: Model, edit: Edit) -> bytes:
    """The file of a model that somebody changed who knew how the hash is made."""
    content = json.loads(model.canonical)
    edit(content)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    head = f'{{"format":"fengkong.model","format_version":1,"hash":"{digest}","model":'
    return (head + text + "}\n").encode()


def first_tree(content: dict[str, Any]) -> dict[str, Any]:
    return next(tree for tree in content["trees"] if len(tree["inputs"]) > 2)


def set_in_tree(key: str, at: int, value: object) -> Edit:
    def edit(content: dict[str, Any]) -> None:
        first_tree(content)[key][at] = value

    return edit


def circle(content: dict[str, Any]) -> None:
    """A node becomes its own child, and its leaf takes its place below its parent."""
    tree = next(tree for tree in content["trees"] if len(tree["inputs"]) > 1)
    sides = (tree["left"], tree["right"])
    parent, side = next(
        (parent, side)
        for side in sides
        for parent, child in enumerate(side)
        if child > 0 and min(one[child] for one in sides) < 0
    )
    child = side[parent]
    own = next(one for one in sides if one[child] < 0)
    side[parent], own[child] = own[child], child


BROKEN: dict[str, tuple[Edit, str]] = {
    "circle": (circle, "model.invalid"),
    "child beyond the tree": (set_in_tree("left", 0, 10_000), "model.invalid"),
    "leaf beyond the tree": (set_in_tree("right", 0, -10_000), "model.invalid"),
    "two parents": (set_in_tree("left", 1, 1), "model.invalid"),
    "unknown input": (set_in_tree("inputs", 0, 99), "model.invalid"),
    "negative input": (set_in_tree("inputs", 0, -1), "model.invalid"),
    "threshold of nothing": (set_in_tree("thresholds", 0, None), "model.invalid"),
    "threshold of text": (set_in_tree("thresholds", 0, "nan"), "model.invalid"),
    "bits of no meaning": (set_in_tree("decisions", 0, 64), "model.invalid"),
    "cover of zero": (set_in_tree("covers", 0, 0), "model.invalid"),
    "huge number": (set_in_tree("left", 0, 2**70), "model.invalid"),
    "a list cut short": (lambda c: first_tree(c)["values"].pop(), "model.invalid"),
    "no trees": (lambda c: c["trees"].clear(), "model.too_large"),
    "unknown kind": (lambda c: c.update(kind="network"), "model.invalid"),
    "unknown part": (lambda c: c.update(more=1), "model.invalid"),
    "missing part": (lambda c: c.pop("title"), "model.invalid"),
    "no title": (lambda c: c.update(title=None), "model.invalid"),
    "a path for a version": (lambda c: c.update(version="../1"), "model.invalid"),
    "double input": (lambda c: c["inputs"].append(c["inputs"][0]), "model.invalid"),
    "no inputs": (lambda c: c["inputs"].clear(), "model.too_large"),
    "unknown kind of input": (lambda c: c["inputs"][0].update(kind="place"), "model.invalid"),
    "money of no currency": (lambda c: c["inputs"][0].update(kind="money"), "model.invalid"),
    "divisor of zero": (lambda c: c["link"].update(divisor=0.0), "model.invalid"),
    "an anomaly without quantiles": (
        lambda c: (c.update(kind="anomaly"), c["link"].update(isolation=True)),
        "model.invalid",
    ),
    "a card beside trees": (lambda c: c.update(kind="scorecard"), "model.invalid"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_model_cannot_be_is_refused_with_a_code(model: Model, name: str) -> None:
    edit, code = BROKEN[name]
    with pytest.raises(RiskError) as caught:
        parse_model(with_its_hash(model, edit), source="model.json")
    assert caught.value.code == code
    assert caught.value.source == "model.json"


def test_the_forger_of_these_tests_can_write_a_good_file(model: Model) -> None:
    assert parse_model(with_its_hash(model, lambda content: None)).hash == model.hash


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_other_versions_are_refused(model: Model, version: object) -> None:
    file = json.loads(model_bytes(model))
    file["format_version"] = version
    with pytest.raises(RiskError) as caught:
        parse_model(json.dumps(file).encode())
    assert caught.value.code == "model.unsupported"


def test_a_file_beyond_all_bounds_is_not_read(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(model, tmp_path)
    monkeypatch.setattr(model_file, "BYTES_MAX", 1000)
    with pytest.raises(RiskError) as caught:
        read_model(tmp_path)
    assert caught.value.code == "model.too_large"
