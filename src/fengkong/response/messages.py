"""Templates of communications in both languages, with places to fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from fengkong.response.playbook import Audience
from fengkong.response.strict import Reader, Record, Text, document_of, shipped

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


class Template(Record, frozen=True):
    """A text for an audience; ``{name}`` is filled in."""

    id: str
    audience: Audience
    title: Text
    subject: Text
    body: Text

    def places(self) -> tuple[str, ...]:
        """What is to be filled in, in order, each once."""
        return tuple(dict.fromkeys(_PLACE.findall(self.subject.en + "\n" + self.body.en)))

    def filled(self, language: str, given: Mapping[str, str]) -> tuple[str, str]:
        """Subject and body in a language; what is not given stays as ``{name}``."""

        def fill(text: str) -> str:
            return _PLACE.sub(lambda found: given.get(found[1]) or found[0], text)

        chosen = (self.subject.zh, self.body.zh) if language == "zh" else None
        subject, body = chosen or (self.subject.en, self.body.en)
        return fill(subject), fill(body)


def unfilled(text: str) -> tuple[str, ...]:
    """The places of a text that nobody has filled in."""
    return tuple(dict.fromkeys(_PLACE.findall(text)))


def read_templates(text: str, source: str) -> dict[str, Template]:
    """The templates in a text; raises FaultsError. Both languages have the same places."""
    reader = Reader(document_of(text, source=source))
    data = reader.document.data
    assert isinstance(data, dict), "checked when it was read"
    made = reader.parts(data.get("messages"), Template, "messages")
    reader.unique([one.id for one in made], "messages")
    for place, one in enumerate(made):
        chinese = set(_PLACE.findall(one.subject.zh + one.body.zh))
        if chinese != set(one.places()):
            reader.fault("the languages do not have the same places", "messages", place)
    reader.finish()
    return {one.id: one for one in made}


@cache
def shipped_templates() -> Mapping[str, Template]:
    """The templates that come with Fengkong."""
    return read_templates(shipped("response")["messages"], "packs/response/messages.yaml")
