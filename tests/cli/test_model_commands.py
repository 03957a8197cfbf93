"""Policies with models on the command line: where models are found, and what explain shows."""

from pathlib import Path

import pytest

from fengkong.cli.sources import published_text
from fengkong.core.bilingual import Bilingual
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.model import About, Model
from fengkong.scoring.model_file import write_model


def with_a_model(directory: Path, history: Path) -> Path:
    """A policy file with the folder of its model beside it, in a folder of their own."""
    card = EvidenceCard(
        intercept=-1.0,
        characteristics=(
            Characteristic(
                input=0,
                edges=(1.0,),
                bins=(Bin(log_odds=-1.0, count=9), Bin(log_odds=3.0, count=1)),
                missing=Bin(log_odds=0.0, count=0),
            ),
        ),
    )
    text = (history / "small.yaml").read_text(encoding="utf-8")
    plain = load_policy(text, source="small", catalogue=shipped_catalogue())
    about = About(name="speedy", version="7", title=Bilingual(zh="快", en="Speedy"))
    inputs = inputs_of(plain, ["card_payment_count_1h"])
    model = Model.of_card(card, about=about, inputs=inputs)
    write_model(model, directory / "elsewhere" / "speedy" / "7")
    rule = (
        "rules:\n  - id: model.high\n    when: risk > 0.5\n    outcome: deny\n"
        '    reason: {zh: "概率 {risk}", en: "probability {risk}"}\n'
    )
    models = 'models:\n  risk: {model: speedy, version: "7"}\n'
    file = directory / "modelled.yaml"
    file.write_text(text.replace("rules:\n", models + rule, 1), encoding="utf-8")
    return file


def test_a_policy_with_a_model_is_checked_where_its_folder_is_named(run, tmp_path, history):
    file = with_a_model(tmp_path, history)
    code, _, err = run("policy", "check", str(file))
    assert code == 1
    assert "model.missing" in err
    code, out, _ = run("policy", "check", str(file), "--models", str(tmp_path / "elsewhere"))
    assert code == 0
    assert "Small policy" in out
    code, _, err = run("policy", "check", str(file), "--models", str(tmp_path / "nowhere"))
    assert "there is no folder" in err
    (tmp_path / "elsewhere").rename(tmp_path / "models")
    assert run("policy", "check", str(file))[0] == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_explain_shows_what_the_model_said(run, tmp_path, history, language):
    file = with_a_model(tmp_path, history)
    events = tmp_path / "events.jsonl"
    lines = [
        f'{{"type":"payment.initiated","id":"p{n}","occurred_at":"2026-11-02T10:00:0{n}Z",'
        f'"currency":"CNY","amount":"5.00","card":"k","device":"d"}}\n'
        for n in range(3)
    ]
    events.write_text("".join(lines), encoding="utf-8")
    asked = ["explain", "p2", "--policy", str(file), "--events", str(events)]
    code, out, err = run(*asked, "--models", str(tmp_path / "elsewhere"), language=language)
    assert code == 0, err
    assert "speedy.card_payment_count_1h.raises" in out
    said = {"en": ("probability: 0.880797", "(risk +"), "zh": ("概率：0.880797", "风险上升")}
    assert all(part in out for part in said[language])


def test_a_published_text_needs_no_folder(tmp_path, history):
    file = with_a_model(tmp_path, history)
    text = published_text(str(file), models=tmp_path / "elsewhere")
    assert text.startswith(file.read_text(encoding="utf-8").rstrip("\n"))
    policy = load_policy(text, source="published", catalogue=shipped_catalogue())
    assert policy.models["risk"].about.name == "speedy"
    assert published_text(str(history / "small.yaml")) == (history / "small.yaml").read_text(
        encoding="utf-8"
    )
