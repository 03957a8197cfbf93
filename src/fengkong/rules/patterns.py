"""Regular expressions: RE2 only, so the time to match grows with the text and with nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

from fengkong.rules.errors import InvalidPatternError

PATTERN_LENGTH_MAX: Final = 500
PATTERN_MEMORY_MAX: Final = 1 << 20


def _options() -> Any:
    """Quiet, UTF-8, and small."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY_MAX
    options.never_capture = True
    return options


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The compiled pattern; an error that says why for one that RE2 refuses."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise InvalidPatternError(
            f"a pattern of {len(pattern)} characters; at most {PATTERN_LENGTH_MAX}"
        )
    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise InvalidPatternError(f"not an RE2 pattern: {text}") from None
    except (UnicodeError, ValueError):
        raise InvalidPatternError("a pattern with impossible characters") from None


def found(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text."""
    return compiled(pattern).search(text) is not None
