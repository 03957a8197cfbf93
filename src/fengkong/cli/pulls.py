"""A source that lies behind an address: one GET, bounded in time and size."""

from __future__ import annotations

import http.client
import ssl
from typing import Final

import polars as pl

from fengkong.client.connections import Connections, parse_address
from fengkong.client.errors import ClientError
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.readers import FORMS, read_content
from fengkong.indicators.sources import Source

TIMEOUT_SECONDS: Final = 20.0
_OK: Final = 200


def pulled(source: Source, url: str) -> pl.DataFrame:
    """The table behind an address that ends with .csv, .json or .parquet.

    Anything but an answer 200 that can be read raises UnreadableSourceError; no redirect is
    followed.
    """
    form = next((form for end, form in FORMS.items() if url.lower().endswith(end)), None)
    if form is None:
        raise UnreadableSourceError(f"{url[:200]} ends with none of {', '.join(FORMS)}")
    try:
        address = parse_address(url)
        context = ssl.create_default_context() if address.tls else None
        connections = Connections(address, timeout=TIMEOUT_SECONDS, context=context)
        try:
            raw = connections.ask_afresh("GET", address.prefix, body=b"", headers={})
        finally:
            connections.close()
    except (OSError, http.client.HTTPException, ClientError) as error:
        raise UnreadableSourceError(f"{url[:200]}: {error}", source=source.id) from None
    if raw.status != _OK:
        raise UnreadableSourceError(f"{url[:200]} answered {raw.status}", source=source.id)
    return read_content(source, raw.body, form=form, name=url)
