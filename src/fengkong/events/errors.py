"""What can be wrong with an event, each with its own code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from fengkong.core.errors import FaultsError, RiskError


class InvalidEventError(RiskError):
    """An event cannot be used as it is."""

    code = "event.invalid"
    hint = "Correct the event and send it again."


class InvalidJsonError(InvalidEventError):
    """The bytes are not one JSON document in UTF-8."""

    code = "event.invalid_json"
    hint = "Send one JSON object in UTF-8 without a byte order mark, NaN or Infinity."


class DuplicateKeyError(InvalidEventError):
    """A JSON object has the same key twice, so its meaning depends on the reader."""

    code = "event.duplicate_key"
    hint = "Send each field once."


class TooDeepError(InvalidEventError):
    """A JSON document is nested more deeply than any event is."""

    code = "event.too_deep"
    hint = "Send a flat object; only a place is an object inside it."


class TooLongError(InvalidEventError):
    """A document or a text is longer than its limit."""

    code = "event.too_long"
    hint = "Shorten it; the limit stands in the message."


class UnknownFieldError(InvalidEventError):
    """An event has a field that its type does not declare."""

    code = "event.unknown_field"
    hint = "Remove the field or correct its name."


class MissingFieldError(InvalidEventError):
    """A field that the event needs is absent."""

    code = "event.missing_field"
    hint = "Add the field."


class WrongTypeError(InvalidEventError):
    """A value is not of the field's kind."""

    code = "event.wrong_type"
    hint = "Send the value in the form of the field's kind; leave the field out when unknown."


class OutOfRangeError(InvalidEventError):
    """A number is outside the range its field allows."""

    code = "event.out_of_range"
    hint = "Check the unit and the value."


class UnknownCategoryError(InvalidEventError):
    """A word is not one of the words its field may be."""

    code = "event.unknown_category"
    hint = "Use one of the words of the catalogue."


class InvalidTextError(InvalidEventError):
    """A text is empty, holds characters that hide or reorder text, or misses its pattern."""

    code = "event.invalid_text"
    hint = "Send visible characters in the form the field asks for."


class DuplicateIdError(InvalidEventError):
    """An event has the id of an earlier one."""

    code = "event.duplicate_id"
    hint = "Give every event its own id, or remove the repetition."


def raise_all(errors: Sequence[RiskError]) -> NoReturn:
    """The one error itself, or all of them as one FaultsError."""
    assert errors, "nothing to raise"
    if len(errors) == 1:
        raise errors[0]
    raise FaultsError([error.fault() for error in errors])
