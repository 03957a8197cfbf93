"""The examples of a policy file, read but not yet run."""

from __future__ import annotations

from typing import Final, cast

from fengkong.decisions.policy import Example
from fengkong.decisions.reading import Reading, is_number
from fengkong.events.spelling import did_you_mean

_KEYS: Final = frozenset({"name", "given", "expect"})
_EXPECTED: Final = frozenset({"outcome", "reasons", "points", "unknowns", "features"})


class ExampleReader:
    """Reads examples of a policy whose outcomes, rules and features are known."""

    def __init__(
        self,
        reading: Reading,
        *,
        outcomes: tuple[str, ...],
        rules: frozenset[str],
        features: frozenset[str],
    ) -> None:
        self.reading = reading
        self.outcomes = outcomes
        self.rules = rules
        self.features = features

    def read(self, value: object) -> tuple[Example, ...]:
        """The examples in their order."""
        examples = [
            self._example(data, index)
            for index, data in enumerate(self.reading.items(value, "examples"))
        ]
        return tuple(example for example in examples if example is not None)

    def _example(self, data: object, index: int) -> Example | None:
        reading, place = self.reading, ("examples", index)
        if not isinstance(data, dict) or not data.keys() >= _KEYS:
            reading.fault("an example has name, given and expect", *place)
            return None
        reading.keys(data, *place, known=_KEYS)
        given = reading.items(data["given"], *place, "given")
        if not given or not all(isinstance(event, dict) for event in given):
            reading.fault("given is a list of events", *place, "given")
            return None
        name = data["name"]
        document = reading.document
        return Example(
            name=str(name["en"] if isinstance(name, dict) and "en" in name else name),
            given=tuple(cast("list[dict[str, object]]", given)),
            expect=self._expect(data["expect"], index),
            source=document.source,
            line=document.line_of(*place),
            lines=tuple(document.line_of(*place, "given", n) for n in range(len(given))),
        )

    def _expect(self, value: object, index: int) -> dict[str, object]:
        reading, place = self.reading, ("examples", index, "expect")
        expect = reading.mapping(value, *place)
        if not expect:
            reading.fault("an example expects something: {outcome: ..., reasons: [...]}", *place)
        reading.keys(expect, *place, known=_EXPECTED)
        outcome = expect.get("outcome", self.outcomes[-1])
        if outcome not in self.outcomes:
            message = f"unknown outcome {outcome!r:.40}{did_you_mean(str(outcome), self.outcomes)}"
            reading.fault(message, *place, "outcome")
        if not is_number(expect.get("points", 0)):
            reading.fault("points are a number", *place, "points")
        for key in ("reasons", "unknowns"):
            for rule in reading.items(expect.get(key), *place, key):
                if rule not in self.rules:
                    message = (
                        f"unknown rule {str(rule)[:80]!r}{did_you_mean(str(rule), self.rules)}"
                    )
                    reading.fault(message, *place, key)
        for name in reading.mapping(expect.get("features"), *place, "features"):
            if name not in self.features:
                message = f"unknown feature {name[:80]!r}{did_you_mean(name, self.features)}"
                reading.fault(message, *place, "features", name)
        return expect
