"""The policy of a demonstration: the shipped one for payments, with a scorecard beside its rules.

The scorecard learned from simulated traffic (``packs/payments/training.yaml`` says how to make it
again). The rule that asks it stops nobody; where it hits, the decision says what moved the model.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from fengkong.decisions.carried import with_models
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.model_folder import REPORT
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.model import Model
from fengkong.scoring.model_file import parse_model
from fengkong.scoring.store import HeldModels

PACK: Final = "payments"
USED_AS: Final = "fraud_probability"
RULE: Final = f"""
  - id: model.probable
    title: {{zh: 模型认为很可能是欺诈, en: The model finds fraud probable}}
    when: {USED_AS} >= 0.9
    points: 1
    reason: {{zh: "模型给出的概率为 {{{USED_AS}}}", en: "the model says {{{USED_AS}}}"}}

outcomes:"""
"""The rule, before the part that follows the rules."""
_FILE: Final = "demo_policy.yaml"


def demo_policy_text() -> str:
    """The text of the policy, which carries its model."""
    pack = files("fengkong") / "packs" / PACK
    model = scorecard()
    named = f'{USED_AS}: {{model: {model.about.name}, version: "{model.about.version}"}}'
    text = (pack / "policy.yaml").read_text(encoding="utf-8")
    assert text.count("\noutcomes:") == 1, "the outcomes follow the rules"
    text = text.replace("\noutcomes:", RULE)
    text = f"{text.rstrip()}\n\nmodels:\n  {named}\n"
    store = HeldModels([model])
    policy = load_policy(text, source=PACK, catalogue=shipped_catalogue(), store=store)
    return with_models(text, policy)


def scorecard() -> Model:
    """The shipped scorecard of payments."""
    file = files("fengkong") / "packs" / PACK / "model.json"
    return parse_model(file.read_bytes(), source="model.json")


def written_demo_policy(data: Path) -> Path:
    """The same in a file of a data directory, which a decision service can be started with.

    The report of the training lies where the console looks for the model's card.
    """
    about = scorecard().about
    folder = data / "models" / about.name / about.version
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    report = files("fengkong") / "packs" / PACK / REPORT
    (folder / REPORT).write_bytes(report.read_bytes())
    place = data / _FILE
    new = place.with_suffix(".new")
    new.write_text(demo_policy_text(), encoding="utf-8")
    new.replace(place)
    return place
