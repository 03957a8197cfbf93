"""Signed notes, keys, checkpoints and cosignatures: the published examples, and strictness."""

import pytest

from fengkong.core.errors import RiskError
from fengkong.ledger.notes import (
    BadSignatureError,
    Checkpoint,
    Cosigner,
    ForeignCheckpointError,
    MalformedCheckpointError,
    MalformedKeyError,
    MalformedNoteError,
    Note,
    Signer,
    UnsignedNoteError,
    VerifierKey,
    checkpoint_of,
    cosigned_at,
    open_checkpoint,
    open_note,
)

# The example of C2SP signed-note.
PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()  # noqa: E501
# The example of C2SP tlog-cosignature.
PUBLISHED_CHECKPOINT = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
""".encode()  # noqa: E501

SIGNER = Signer.of_seed(name="fengkong/00ff", seed=b"s" * 32)
OTHER = Signer.of_seed(name="fengkong/other", seed=b"o" * 32)
WITNESS = Cosigner.of_seed(name="witness.example/w1", seed=b"w" * 32)
CHECKPOINT = Checkpoint(origin="fengkong/00ff", size=7, root=b"r" * 32)
SIGNED = SIGNER.sign_checkpoint(CHECKPOINT)


def test_published_note_opens() -> None:
    key = VerifierKey.parse(PUBLISHED_KEY)
    assert str(key) == PUBLISHED_KEY
    note, signed_by = open_note(PUBLISHED_NOTE, keys=[key])
    assert (note.text, signed_by) == ("This is an example message.\n", (key,))
    assert note.render() == PUBLISHED_NOTE
    with pytest.raises(BadSignatureError):
        open_note(PUBLISHED_NOTE.replace(b"example message", b"example massage"), keys=[key])


def test_published_checkpoint_parses_to_the_same_bytes() -> None:
    note = Note.parse(PUBLISHED_CHECKPOINT)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == note.text
    assert note.render() == PUBLISHED_CHECKPOINT
    assert cosigned_at(note.signatures[1]) == 1679315147


def test_keys_survive_being_written() -> None:
    again = Signer.parse(SIGNER.skey() + "\n")
    assert again.verifier == SIGNER.verifier
    assert again.sign("text\n") == SIGNER.sign("text\n")
    assert VerifierKey.parse(str(WITNESS.verifier)) == WITNESS.verifier
    assert "s" * 32 not in repr(SIGNER)
    assert repr(b"s" * 32) not in repr(SIGNER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        PUBLISHED_KEY.replace("530d903a", "530d903b"),
        PUBLISHED_KEY.replace("530d903a", "530D903A"),
        PUBLISHED_KEY[:-1],
        PUBLISHED_KEY + "=",
        PUBLISHED_KEY.replace("example", "ex ample"),
        PUBLISHED_KEY.replace("example.com/foo", ""),
        PUBLISHED_KEY.replace("+AekyeR", "+AukyeR"),
    ],
)
def test_malformed_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(MalformedKeyError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        SIGNER.skey().removeprefix("PRIVATE+KEY+"),
        SIGNER.skey()[:-4],
        SIGNER.skey().replace("00ff", "00fe"),
        str(SIGNER.verifier),
    ],
)
def test_malformed_signing_keys_are_refused(text: str) -> None:
    with pytest.raises(MalformedKeyError):
        Signer.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
def test_key_names_have_no_space_plus_or_control(name: str) -> None:
    with pytest.raises(MalformedKeyError):
        Signer.of_seed(name=name, seed=b"s" * 32)


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(MalformedKeyError, match="31"):
        Signer.of_seed(name="a", seed=b"s" * 31)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        b"text\n\n",
        SIGNED[:-1],
        SIGNED + b"\n",
        SIGNED.replace(b"\n\n", b"\n"),
        SIGNED.replace("— ".encode(), b"- "),
        SIGNED.replace(b"fengkong/00ff ", b"fengkong/00ff  "),
        SIGNED.replace(b"=\n", b"\n"),
        SIGNED.replace(b"\n7\n", b"\r\n7\n"),
        SIGNED.replace(b"\n7\n", b"\n\xff\n"),
        b"text\n\n" + "— a AAAA\n".encode(),
        b"text\n\n" + "— a AAAAAAA=\n".encode() * 65,
        b"text\n" * 300_000 + b"\n" + "— a AAAAAAA=\n".encode(),
    ],
)
def test_malformed_notes_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedNoteError):
        Note.parse(raw)


def test_any_flipped_bit_of_a_note_is_refused() -> None:
    keys = [SIGNER.verifier]
    for place in range(len(SIGNED)):
        for bit in (1, 128):
            damaged = bytearray(SIGNED)
            damaged[place] ^= bit
            with pytest.raises(RiskError):
                open_checkpoint(bytes(damaged), keys=keys, origin="fengkong/00ff")


def test_unknown_signatures_are_ignored_known_ones_are_not() -> None:
    note = Note.parse(SIGNED)
    both = note.with_signatures([OTHER.sign(note.text)]).render()
    assert open_note(both, keys=[SIGNER.verifier]).signed_by == (SIGNER.verifier,)
    assert len(open_note(both, keys=[SIGNER.verifier, OTHER.verifier]).signed_by) == 2
    misused = note.with_signatures([OTHER.sign("something else\n")]).render()
    assert open_note(misused, keys=[SIGNER.verifier]).signed_by == (SIGNER.verifier,)
    with pytest.raises(BadSignatureError, match="fengkong/other"):
        open_note(misused, keys=[SIGNER.verifier, OTHER.verifier])
    with pytest.raises(UnsignedNoteError, match="fengkong/00ff"):
        open_note(SIGNED, keys=[OTHER.verifier])
    thief = Signer.of_seed(name=SIGNER.verifier.name, seed=b"t" * 32)
    with pytest.raises(UnsignedNoteError):
        open_note(SIGNED, keys=[thief.verifier])


def test_the_same_line_is_added_once() -> None:
    note = Note.parse(SIGNED)
    assert note.with_signatures([SIGNER.sign(note.text)]).render() == SIGNED


def test_a_checkpoint_needs_its_own_logs_signature() -> None:
    assert open_checkpoint(SIGNED, keys=[SIGNER.verifier]).checkpoint == CHECKPOINT
    with pytest.raises(ForeignCheckpointError):
        open_checkpoint(SIGNED, keys=[SIGNER.verifier], origin="fengkong/other")
    note = Note.parse(SIGNED)
    cosigned = note.with_signatures([WITNESS.cosign(note.text, at_s=1)]).render()
    assert len(open_checkpoint(cosigned, keys=[SIGNER.verifier, WITNESS.verifier]).signed_by) == 2
    with pytest.raises(UnsignedNoteError, match="itself"):
        open_checkpoint(cosigned, keys=[WITNESS.verifier])
    by_other = Note(note.text, (OTHER.sign(note.text),)).render()
    with pytest.raises(UnsignedNoteError, match="itself"):
        open_checkpoint(by_other, keys=[OTHER.verifier])


def test_a_cosignature_holds_its_time() -> None:
    text = CHECKPOINT.text()
    signature = WITNESS.cosign(text, at_s=1_700_000_000)
    assert cosigned_at(signature) == 1_700_000_000
    WITNESS.verifier.verify(text, signature)
    later = signature._replace(blob=(1_700_000_001).to_bytes(8, "big") + signature.blob[8:])
    for wrong in (later, signature._replace(blob=signature.blob[:-1])):
        with pytest.raises(BadSignatureError):
            WITNESS.verifier.verify(text, wrong)
    as_log = SIGNER.sign(text)._replace(name=WITNESS.verifier.name, key_id=WITNESS.verifier.key_id)
    with pytest.raises(BadSignatureError):
        WITNESS.verifier.verify(text, as_log)


def test_the_hash_function_is_visible() -> None:
    plain = checkpoint_of(origin="o", size=1, root=b"r" * 32, hash_name="sha256")
    chinese = checkpoint_of(origin="o", size=1, root=b"r" * 32, hash_name="sm3")
    assert (plain.hash_name, plain.extensions) == ("sha256", ())
    assert chinese.text().endswith("\nhash sm3\n")
    assert Checkpoint.parse(chinese.text()).hash_name == "sm3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n1\nAAAA\n",
        CHECKPOINT.text()[:-1],
        CHECKPOINT.text() + "\n",
        CHECKPOINT.text().replace("\n7\n", "\n07\n"),
        CHECKPOINT.text().replace("\n7\n", "\n+7\n"),
        CHECKPOINT.text().replace("\n7\n", "\n-7\n"),
        CHECKPOINT.text().replace("\n7\n", "\n７\n"),
        CHECKPOINT.text().replace("\n7\n", f"\n{1 << 63}\n"),
        CHECKPOINT.text().replace("\n7\n", f"\n{'9' * 5000}\n"),
        CHECKPOINT.text().replace("fengkong/00ff", ""),
        CHECKPOINT.text().replace("=\n", "\n"),
        CHECKPOINT.text() + "hash sm3\nhash sha256\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(MalformedCheckpointError):
        Checkpoint.parse(text)
