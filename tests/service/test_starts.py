"""A service that was killed is told from one that was stopped, at the next start."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.service.starts import FILE, Starts


@given(st.lists(st.booleans(), max_size=12))
def test_every_end_without_order_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, orderly: list[bool]
) -> None:
    folder = tmp_path_factory.mktemp("starts")
    for number, ends_well in enumerate(orderly):
        starts = Starts(folder)
        starts.begin()
        assert starts.unclean == orderly[:number].count(False)
        if ends_well:
            starts.end()
    last = Starts(folder)
    last.begin()
    assert last.unclean == orderly.count(False)


@pytest.mark.parametrize("content", [b"", b"{", b'{"running": 1}', b'{"unclean": "x"}'])
def test_what_cannot_be_read_is_a_first_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    starts = Starts(tmp_path)
    starts.begin()
    assert starts.unclean == 0
