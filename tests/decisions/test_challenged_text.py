"""A challenger is written into a policy's text, and nothing else of the text changes."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fengkong.decisions.challenged_text import (
    ChallengerEntry,
    ChallengerInPlaceError,
    with_challenger,
)

ENTRY = ChallengerEntry(model="card-fraud", version="3", share="10%", by="customer")
ADDED = {"model": "card-fraud", "version": "3", "share": "10%", "by": "customer"}
BEFORE = "policy: p  # 说明\nversion: 1\n"
AFTER = "\n# a comment that stays\nrules:\n- {id: a, when: x > 1}\n"
FORMS = {
    "flow": "models: {fraud: {model: card-fraud, version: '2'}, other: {model: o, version: 1}}",
    "block": "models:\n  fraud:\n    model: card-fraud\n    version: '2'\n  other:\n    model: o",
    "mixed": "models:\n  other: {model: o, version: 1}\n  fraud: {model: card-fraud, version: '2'}",
    "last": "models:\n  other: {model: o}\n  fraud:\n    version: '2' # why\n    model: card-fraud",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_entry_takes_a_challenger(form: str) -> None:
    text = BEFORE + FORMS[form] + AFTER
    made = with_challenger(text, name="fraud", entry=ENTRY)
    expected = yaml.safe_load(text)
    expected["models"]["fraud"]["challenger"] = ADDED
    assert yaml.safe_load(made) == expected
    assert made.startswith(BEFORE)
    assert made.endswith(AFTER)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (BEFORE + FORMS["flow"], "frauds", "no model 'frauds'"),
        (BEFORE, "fraud", "no model 'fraud'"),
        (BEFORE + "models: []", "fraud", "no model 'fraud'"),
        (with_challenger(BEFORE + FORMS["block"], name="fraud", entry=ENTRY), "fraud", "already"),
    ],
)
def test_where_there_is_no_place_nothing_is_written(text: str, name: str, said: str) -> None:
    with pytest.raises(ChallengerInPlaceError, match=said):
        with_challenger(text, name=name, entry=ENTRY)


WORDS = st.text("abc:{}'\"#,%风 \\", min_size=1, max_size=12)


@given(champion=WORDS, version=WORDS, model=WORDS, share=WORDS, by=WORDS)
def test_the_champion_stays_whatever_the_words_are(
    champion: str, version: str, model: str, share: str, by: str
) -> None:
    document = {"models": {"x": {"model": champion, "version": version}}, "rules": [1, 2]}
    for flow in (True, False):
        text = yaml.safe_dump(document, allow_unicode=True, default_flow_style=flow)
        entry = ChallengerEntry(model=model, version=version, share=share, by=by)
        made = yaml.safe_load(with_challenger(text, name="x", entry=entry))
        added = made["models"]["x"].pop("challenger")
        assert made == document
        assert added == {"model": model, "version": version, "share": share, "by": by}
