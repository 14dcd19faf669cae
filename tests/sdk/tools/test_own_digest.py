"""A file's digest inside itself: any flipped bit is found."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk._tools import own_digest


def written(**entries: object) -> bytes:
    return own_digest.with_digest(json.dumps({own_digest.KEY: own_digest.NO_DIGEST, **entries}).encode())


def digest_of(data: bytes) -> object:
    return json.loads(data)[own_digest.KEY]


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.just("0" * 64), max_size=3), st.data())
def test_whole_bytes_pass_and_a_flipped_bit_does_not(entries: dict[str, str], data: st.DataObject):
    whole = written(**{f"x{name}": value for name, value in entries.items()})
    own_digest.check_digest(whole, digest_of(whole))
    flipped = bytearray(whole)
    flipped[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        digest = digest_of(bytes(flipped))
    except (ValueError, KeyError):
        return  # no JSON any more, or another key, which readers refuse
    with pytest.raises(ValueError, match=r"it is damaged or was changed|expected 64 lower-case"):
        own_digest.check_digest(bytes(flipped), digest)


def test_the_rest_of_a_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(own_digest, "_PIECE", 7)
    head = json.dumps({own_digest.KEY: own_digest.NO_DIGEST}).encode()
    whole = own_digest.with_digest(head + bytes(range(50)))
    path = tmp_path / "file"
    path.write_bytes(whole)
    digest = digest_of(whole[: len(head)])
    own_digest.check_digest(whole[: len(head)], digest, rest=path)
    path.write_bytes(whole[:-1] + b"x")
    with pytest.raises(ValueError, match="it is damaged"):
        own_digest.check_digest(whole[: len(head)], digest, rest=path)
