"""Kinds of incident, the scale of severity, and the facts that duties to report hang on."""

from __future__ import annotations

from functools import cache

from fengkong.response.strict import Reader, Record, Text, document_of, shipped


class Kind(Record, frozen=True):
    """A kind of incident; `techniques` are of MITRE's Fight Fraud Framework or ATT&CK."""

    id: str
    title: Text
    description: Text
    techniques: tuple[str, ...] = ()


class Severity(Record, frozen=True):
    """A step of the scale, 1 is the gravest; `minutes` is when the first decision should stand."""

    level: int
    title: Text
    criteria: tuple[Text, ...]
    answer: Text
    minutes: int


class Fact(Record, frozen=True):
    """A yes or no that the law asks about."""

    id: str
    title: Text
    hint: Text


class Scale(Record, frozen=True):
    """All of it; `reference` says what the scale follows."""

    kinds: dict[str, Kind]
    severities: dict[int, Severity]
    facts: dict[str, Fact]
    reference: Text


def read_scale(text: str, source: str) -> Scale:
    """The scale in a text; raises FaultsError with every fault."""
    reader = Reader(document_of(text, source=source))
    data = reader.document.data
    assert isinstance(data, dict), "checked when it was read"
    for name in data.keys() - {"kinds", "severities", "facts", "reference"}:
        reader.fault(f"unknown part {name}", name)
    kinds = reader.parts(data.get("kinds"), Kind, "kinds")
    severities = reader.parts(data.get("severities"), Severity, "severities")
    facts = reader.parts(data.get("facts"), Fact, "facts")
    reference = reader.part(data.get("reference"), Text, "reference")
    reader.unique([one.id for one in kinds], "kinds")
    reader.unique([one.id for one in facts], "facts")
    if [one.level for one in severities] != [1, 2, 3, 4]:
        reader.fault("the scale has the levels 1, 2, 3, 4 in this order", "severities")
    reader.finish()
    assert reference is not None, "its absence is a fault"
    return Scale(
        kinds={one.id: one for one in kinds},
        severities={one.level: one for one in severities},
        facts={one.id: one for one in facts},
        reference=reference,
    )


@cache
def shipped_scale() -> Scale:
    """The scale that comes with Fengkong."""
    return read_scale(shipped("response")["scale"], "packs/response/scale.yaml")
