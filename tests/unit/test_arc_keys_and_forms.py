"""ARC: forms of c=, h=, l=, times, keys, and the oldest signature that holds (RFC 8617)."""

from __future__ import annotations

import base64
import hashlib
import re
import time

import pytest

from tests.arc_sealing import SEAL, SIGNATURE, SIGNED, sealed
from tests.dkim_signing import MESSAGE, key_line, rsa_key
from tests.fakes import FakeLookup
from tracer.diagnostics.arc import ArcResult, ArcVerdict, verify_arc

NAME = "arc._domainkey.list.example"
P = rsa_key()[1]
ZONE = key_line(NAME, f"v=DKIM1; p={P}")


def verdict(message: bytes, zone: str = ZONE) -> ArcVerdict:
    return verify_arc(FakeLookup(zone), message)


def result(message: bytes, zone: str = ZONE) -> ArcResult:
    return verdict(message, zone).result


def changed(form: str, old: str, new: str) -> str:
    assert old in form
    return form.replace(old, new)


def test_a_signature_without_c_holds_in_the_form_of_dkim_and_in_that_of_the_drafts() -> None:
    bare = changed(SIGNATURE, "c=relaxed/relaxed; ", "")
    assert result(sealed(MESSAGE, signature=bare)) is ArcResult.PASS
    assert result(sealed(MESSAGE, signature=bare, is_simple=True)) is ArcResult.PASS
    spaced = sealed(MESSAGE, signature=bare, is_simple=True).replace(b": Lunch", b":  Lunch")
    assert result(spaced) is ArcResult.FAIL


@pytest.mark.parametrize("c", ["simple/simple", "simple"])
def test_the_simple_form_holds_for_octets_as_they_were(c: str) -> None:
    form = changed(SIGNATURE, "relaxed/relaxed", c)
    whole = sealed(MESSAGE, signature=form, is_simple=True)
    assert result(whole) is ArcResult.PASS
    assert result(whole + b"\r\n\r\n") is ArcResult.PASS
    assert result(whole.replace(b"At one?", b"At  one?")) is ArcResult.FAIL
    assert result(whole.replace(b"Subject: Lunch", b"Subject:  Lunch")) is ArcResult.FAIL


def test_relaxed_alone_means_relaxed_headers_and_a_simple_text() -> None:
    form = changed(SIGNATURE, "relaxed/relaxed", "relaxed")
    whole = sealed(MESSAGE, signature=form)
    assert result(whole.replace(b": Lunch", b":  Lunch")) is ArcResult.PASS
    assert result(whole.replace(b"At one?", b"At  one?")) is ArcResult.FAIL


def test_an_empty_c_is_wrong() -> None:
    form = changed(SIGNATURE, "relaxed/relaxed", "")
    assert result(sealed(MESSAGE, signature=form)) is ArcResult.FAIL


def test_h_may_be_empty_and_may_have_an_empty_name() -> None:
    assert result(sealed(MESSAGE, signed=())) is ArcResult.PASS
    doubled = changed(SIGNATURE, "{h}", "from::" + ":".join(SIGNED[1:]))
    assert result(sealed(MESSAGE, signature=doubled)) is ArcResult.PASS


@pytest.mark.parametrize("tag", ["==", "_=", "1x=y", "=x", "x"])
def test_a_name_that_no_tag_may_have_breaks_signature_and_seal(tag: str) -> None:
    for field, form in (("signature", SIGNATURE), ("seal", SEAL)):
        message = sealed(MESSAGE, **{field: changed(form, "s=arc", f"s=arc; {tag}")})
        assert result(message) is ArcResult.FAIL, field


def test_a_signature_by_sha_1_does_not_hold_though_it_fits() -> None:
    body_hash = base64.b64encode(hashlib.sha1(b"At one?\r\n", usedforsecurity=False).digest())
    form = changed(changed(SIGNATURE, "rsa-sha256", "rsa-sha1"), "{bh}", body_hash.decode())
    assert result(sealed(MESSAGE, signature=form)) is ArcResult.FAIL


@pytest.mark.parametrize(
    ("length", "is_held"), [(0, True), (2, True), (9, True), (10, False), (10**9, False)]
)
def test_l_signs_the_beginning_of_the_text_and_no_more_than_there_is(
    length: int, is_held: bool
) -> None:
    form = changed(SIGNATURE, "h={h}", f"l={length}; h={{h}}")
    whole = sealed(MESSAGE, signature=form, length=length)
    assert result(whole) is (ArcResult.PASS if is_held else ArcResult.FAIL)


@pytest.mark.parametrize("field", ["signature", "seal"])
@pytest.mark.parametrize(
    ("after_s", "is_held"), [(-10 * 86400, False), (86400, True)], ids=["past", "to come"]
)
def test_x_ends_what_a_signature_is_good_for(field: str, after_s: int, is_held: bool) -> None:
    now = int(time.time())
    form = SIGNATURE if field == "signature" else SEAL
    made = changed(form, "t=1795000000", f"t={now - 11 * 86400}; x={now + after_s}")
    expected = ArcResult.PASS if is_held else ArcResult.FAIL
    assert result(sealed(MESSAGE, **{field: made})) is expected


@pytest.mark.parametrize("times", ["t=1795000000; x=1794999999", "t=99999999999", "x=soon"])
def test_times_that_cannot_be_are_wrong(times: str) -> None:
    form = changed(SIGNATURE, "t=1795000000", times)
    assert result(sealed(MESSAGE, signature=form)) is ArcResult.FAIL


@pytest.mark.parametrize(
    "record",
    [
        f"p={P}",
        f"k=rsa; p={P}",
        f"v=DKIM1; h=sha256; s=email; t=s; n=notes; p={P}",
        f"v=DKIM1; h=sha1:sha256; s=*; t=y; p={P}",
        f"v = DKIM1 ;  k = rsa ;p = {P[:40]} {P[40:]} ; x=y;",
    ],
)
def test_a_key_may_be_written_so(record: str) -> None:
    assert result(sealed(MESSAGE), key_line(NAME, record)) is ArcResult.PASS


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (f"v=DKIM1; h=sha1; p={P}", "SHA-256"),
        (f"v=DKIM1; s=tlsrpt; p={P}", "not for mail"),
        (f"v=DKIM1; k=ed25519; p={'A' * 43}=", "ed25519"),
        ("v=DKIM1; k=rsa; p=", "revoked"),
        (f"v=DKIM1; k=rsa; p={P[:100]}", "cut short"),
        (f"v=DKIM1; k=dsa; p={P}", "dsa"),
    ],
)
def test_a_key_that_may_not_be_used_says_why(record: str, why: str) -> None:
    found = verdict(sealed(MESSAGE), key_line(NAME, record))
    assert found.result is ArcResult.FAIL
    assert why in found.reason
    assert NAME in found.reason


def test_another_text_beside_the_key_does_not_hide_it() -> None:
    zone = f'{ZONE}\n{NAME} TXT "site-verification=1234"'
    assert result(sealed(MESSAGE), zone) is ArcResult.PASS


def test_seal_and_signature_may_be_of_different_domains() -> None:
    zone = f"{ZONE}\n{key_line('two._domainkey.other.example', f'v=DKIM1; p={P}')}"
    seal = changed(changed(SEAL, "d={d}", "d=other.example"), "s=arc", "s=two")
    assert result(sealed(MESSAGE, seal=seal), zone) is ArcResult.PASS
    assert result(sealed(MESSAGE, seal=seal)) is ArcResult.FAIL


def test_a_header_in_utf_8_is_signed_as_it_stands() -> None:
    message = MESSAGE.replace(b"Lunch", "Обед ☕".encode())
    head, _, body = sealed(message).partition(b"\r\n\r\n")
    assert result(head + b"\r\n\r\n" + body) is ArcResult.PASS
    assert result((head + b"\r\n\r\n" + body).replace("Обед".encode(), b"?")) is ArcResult.FAIL


def chain(length: int, *, touched_before: int = 0) -> bytes:
    message = MESSAGE
    for instance in range(1, length + 1):
        if instance == touched_before:
            message = message.replace(b"At one?", b"[list] At one?")
        message = sealed(message, instance=instance)
    return message


@pytest.mark.parametrize(("touched_before", "oldest"), [(0, 0), (2, 2), (3, 3)])
def test_the_oldest_signature_that_holds_with_all_later_ones(
    touched_before: int, oldest: int
) -> None:
    found = verdict(chain(3, touched_before=touched_before))
    assert (found.result, found.oldest_pass) == (ArcResult.PASS, oldest)


def test_a_broken_chain_has_no_oldest_signature() -> None:
    assert verdict(chain(2).replace(b"At one?", b"At two?")).oldest_pass is None
    assert verdict(MESSAGE).oldest_pass is None


def test_fifty_sets_hold_and_fifty_one_do_not() -> None:
    fifty = chain(50)
    assert (result(fifty), verdict(fifty).instances) == (ArcResult.PASS, 50)
    found = verdict(sealed(fifty, instance=51))
    assert found.result is ArcResult.FAIL
    assert "more than 50" in found.reason


def test_seals_in_the_text_are_text() -> None:
    quoted = MESSAGE + b"ARC-Seal: i=1; quoted\r\n" * 60
    assert result(sealed(quoted)) is ArcResult.PASS
    assert result(quoted) is ArcResult.NONE


def test_a_set_that_counts_from_two_is_a_gap() -> None:
    alone = re.sub(rb"ARC-[A-Za-z-]+: i=1;.*\r\n", b"", chain(2))
    assert alone.count(b"ARC-Seal") == 1
    assert result(alone) is ArcResult.FAIL
