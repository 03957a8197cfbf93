"""A published policy brings its models; the journal keeps them, whatever becomes of the folder."""

import json
from pathlib import Path
from typing import Any

from desk_of_tests import POLICY, code, decision, payment, send, serve

from fengkong.core.bilingual import Bilingual
from fengkong.decisions.carried import with_models
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.model import About, Model
from fengkong.scoring.model_file import write_model
from fengkong.scoring.store import FolderStore
from fengkong.service.serving import Service

WITH_MODEL = (
    POLICY.replace("version: 1", "version: 4")
    + """\
  - id: model.high
    when: fraud_probability >= 0.5
    outcome: deny
    reason: {zh: 模型判断风险高, en: the model sees a high risk}
models:
  fraud_probability: {model: speedy, version: "7"}
"""
)


def published(folder: Path) -> str:
    """The text of a policy with a scorecard that was read from a folder."""
    plain = load_policy(POLICY, source="p", catalogue=shipped_catalogue())
    card = EvidenceCard(
        intercept=-3.0,
        characteristics=(
            Characteristic(
                input=0,
                edges=(2.0,),
                bins=(Bin(log_odds=-1.0, count=90), Bin(log_odds=5.0, count=10)),
                missing=Bin(log_odds=0.0, count=0),
            ),
        ),
    )
    about = About(name="speedy", version="7", title=Bilingual(zh="快", en="Speedy"))
    model = Model.of_card(card, about=about, inputs=inputs_of(plain, ["card_count_1h"]))
    file = write_model(model, folder / "speedy" / "7")
    store = FolderStore([folder])
    policy = load_policy(WITH_MODEL, source="p", catalogue=shipped_catalogue(), store=store)
    text = with_models(WITH_MODEL, policy)
    file.unlink()
    return text


def same_card(*numbers: int) -> list[dict[str, Any]]:
    return [payment(n, card="one", device="dev") for n in numbers]


def test_models_come_with_the_policy_and_outlive_their_folder(tmp_path: Path) -> None:
    text = published(tmp_path / "models")

    async def first(service: Service) -> Any:
        before = await send(service, *same_card(1))
        assert "models" not in decision(before[0])
        answer = await service.desk.publish(text)
        assert answer.status == 200, answer
        after = [decision(one) for one in await send(service, *same_card(2, 3))]
        assert [one["outcome"] for one in after] == ["allow", "deny"]
        quiet, (said,) = after[0]["models"][0], after[1]["models"]
        assert "contributions" not in quiet
        assert said["probability"] > 0.8
        assert said["contributions"][0]["code"] == "speedy.card_count_1h.raises"
        return json.loads(answer.body)["hash"]

    async def again(service: Service) -> None:
        listed = json.loads((await service.desk.policies()).body)
        assert listed["live"]["hash"] == digest
        (answer,) = await send(service, *same_card(4))
        assert decision(answer)["models"][0]["model"] == "speedy"
        rolled = await service.desk.rollback()
        assert rolled.status == 200
        (answer,) = await send(service, *same_card(5))
        assert "models" not in decision(answer)
        assert (await service.desk.rollback()).status == 200
        (answer,) = await send(service, *same_card(6))
        assert decision(answer)["models"][0]["probability"] > 0.8

    digest = serve(tmp_path, first, kill="yes")
    serve(tmp_path, again, policy=None)


def test_a_policy_without_its_models_is_not_published(tmp_path: Path) -> None:
    text = published(tmp_path / "models")

    async def work(service: Service) -> None:
        answer = await service.desk.publish(WITH_MODEL)
        assert answer.status >= 400
        assert "model.missing" in answer.body.decode()
        spoilt = await service.desk.publish(text.rstrip("\n")[:-30])
        assert "model.damaged" in spoilt.body.decode()
        assert code(spoilt)
        listed = json.loads((await service.desk.policies()).body)
        assert listed["live"]["version"] == 1

    serve(tmp_path, work)
