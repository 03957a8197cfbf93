"""What models said of an event, and why, in reason codes and sentences of both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import UNSET, UnsetType

from fengkong.core.bilingual import Bilingual, Language
from fengkong.decisions.decision import BilingualText, Contribution, OtherScored, Scored
from fengkong.decisions.layout import Layout
from fengkong.decisions.model_cells import Encoder
from fengkong.decisions.policy import Policy
from fengkong.rules.kinds import Kind
from fengkong.rules.reasons import format_number, format_value
from fengkong.scoring.challengers import Challenger
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.model import Model

if TYPE_CHECKING:
    from fengkong.decisions.seen import Readers, Seen

SHOWN_MAX: Final = 5
"""Contributions of a model that a decision carries: the largest, whether up or down."""
DIGITS: Final = 6
"""Places to which contributions are rounded."""
_KINDS: Final = {
    InputKind.NUMBER: Kind.NUMBER,
    InputKind.MONEY: Kind.MONEY,
    InputKind.BOOLEAN: Kind.BOOLEAN,
    InputKind.CATEGORY: Kind.TEXT,
}
_SAID: Final = {
    True: Bilingual(
        zh="{title}：{value}，风险上升 {amount}", en="{title}: {value} (risk +{amount})"
    ),
    False: Bilingual(
        zh="{title}：{value}，风险下降 {amount}", en="{title}: {value} (risk -{amount})"
    ),
}


class _Told(NamedTuple):
    """A model with where its inputs stand in what was seen."""

    name: str
    model: Model
    position: int
    cells: Sequence[int]
    encoder: Encoder


class _Rival(NamedTuple):
    """A challenger: where the other's probability and the subject stand in what was seen."""

    told: _Told
    challenger: Challenger
    other: int
    subject: int


class ModelReasons:
    """Tells of the models of one policy."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        layout = readers.layout
        self._scope = layout.policy.scope
        policy, first = layout.policy, layout.models_at
        self._told = [
            self._teller(name, model, first + number)
            for number, (name, model) in enumerate(policy.models.items())
        ]
        places = {told.name: told.position for told in self._told}
        self._rivals = {
            name: _Rival(
                self._teller(name, one.model, places[name]),
                one,
                other,
                readers.reader(one.by).position,
            )
            for other, (name, one) in enumerate(policy.challengers.items(), first + len(self._told))
        }
        self._used = _used_models(layout)

    def _teller(self, name: str, model: Model, position: int) -> _Told:
        cells = [self._readers.reader(one.name).position for one in model.inputs]
        encoder = Encoder(model.inputs, scale=self._scope.scale)
        return _Told(name, model, position, cells, encoder)

    def scored(self, seen: Seen, hits: Iterable[int]) -> tuple[Scored, ...]:
        """Every model's probability, with contributions where a rule that hit uses the model."""
        asked = frozenset[str]().union(*(self._used[rule] for rule in hits))
        return tuple([self._scored(one, seen, explain=one.name in asked) for one in self._told])

    def explained(self, seen: Seen) -> tuple[Scored, ...]:
        """Every model's probability with its contributions."""
        return tuple([self._scored(one, seen, explain=True) for one in self._told])

    def _scored(self, told: _Told, seen: Seen, *, explain: bool) -> Scored:
        contributions: tuple[Contribution, ...] | UnsetType = UNSET
        challenged: bool | UnsetType = UNSET
        other: OtherScored | UnsetType = UNSET
        rival = self._rivals.get(told.name)
        if rival is not None:
            subject = seen.cells[rival.subject]
            challenged = rival.challenger.decides(subject, name=told.name)
            idle = told.model if challenged else rival.challenger.model
            other = OtherScored(
                model=idle.about.name,
                version=idle.about.version,
                hash=idle.hash,
                probability=seen.cells[rival.other],
            )
            told = rival.told if challenged else told
        if explain:
            contributions = self._contributions(told, seen)
        about = told.model.about
        return Scored(
            name=told.name,
            model=about.name,
            version=about.version,
            hash=told.model.hash,
            probability=seen.cells[told.position],
            contributions=contributions,
            challenged=challenged,
            other=other,
        )

    def _contributions(self, told: _Told, seen: Seen) -> tuple[Contribution, ...]:
        model = told.model
        row = np.array([seen.cells[at] for at in told.cells], dtype=np.float64)
        told.encoder.row(row)
        per_unit = model.link.factor / model.link.divisor
        amounts = [round(one * per_unit, DIGITS) for one in model.contributions(row)[:-1].tolist()]
        order = sorted(range(len(amounts)), key=lambda i: (-abs(amounts[i]), i))
        chosen = [i for i in order[:SHOWN_MAX] if amounts[i] != 0.0]
        readers = self._readers.readers([model.inputs[i].name for i in chosen])
        values = self._readers.values(seen, readers)
        return tuple(
            [self._contribution(model, model.inputs[i], amounts[i], values) for i in chosen]
        )

    def _contribution(
        self, model: Model, one: Input, amount: float, values: Mapping[str, object]
    ) -> Contribution:
        value = values.get(one.name)
        shown = value
        if one.kind is InputKind.MONEY and isinstance(value, float | int):
            shown = value / self._scope.scale
        elif isinstance(value, float) and not np.isfinite(value):
            shown = None
        direction = "raises" if amount > 0 else "lowers"
        return Contribution(
            input=one.name,
            value=shown,  # type: ignore[arg-type]
            amount=amount,
            code=f"{model.about.name}.{one.name}.{direction}",
            reason=BilingualText(
                zh=self._sentence(one, value, amount, "zh"),
                en=self._sentence(one, value, amount, "en"),
            ),
        )

    def _sentence(self, one: Input, value: object, amount: float, language: Language) -> str:
        title = one.name if one.title is None else one.title.of(language)
        text = format_value(value, kind=_KINDS[one.kind], language=language, scope=self._scope)
        if one.unit and value is not None:
            text = f"{text} {one.unit}"
        template = _SAID[amount > 0].of(language)
        return template.format(title=title, value=text, amount=format_number(abs(amount)))


def _used_models(layout: Layout) -> list[frozenset[str]]:
    """For each rule the models it uses, directly or through what is computed from them."""
    policy: Policy = layout.policy
    used: list[frozenset[str]] = []
    for rule in policy.rules:
        pending, seen = [*rule.when.names], set[str]()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += layout.named[name].names if name in layout.named else ()
        used.append(frozenset(seen & policy.models.keys()))
    return used
