"""ARC, rule by rule (RFC 8617, 4 and 5.2), with sets that are signed as they stand."""

from __future__ import annotations

import re

import pytest

from tests.arc_sealing import RESULTS, SEAL, SIGNATURE, SIGNED, sealed
from tests.dkim_signing import MESSAGE, SMALL_PUBLIC, key_line, rsa_key
from tests.fakes import FakeLookup
from tracer.diagnostics.arc import ArcResult, verify_arc

ZONE = key_line("arc._domainkey.list.example", f"v=DKIM1; p={rsa_key()[1]}")


def result(message: bytes, zone: str = ZONE) -> ArcResult:
    return verify_arc(FakeLookup(zone), message).result


def changed(form: str, old: str, new: str) -> str:
    assert old in form
    return form.replace(old, new)


GOOD_SIGNATURES = {
    "white space around ;": changed(SIGNATURE, "; ", " ; "),
    "white space around =": re.sub("=(?!=)", " = ", changed(SIGNATURE, "sha256", "sha256")),
    "a semicolon at the end": SIGNATURE + ";",
    "a tag that nobody knows": changed(SIGNATURE, "h={h}", "mb=3; h={h}"),
    "no space between tags": changed(SIGNATURE, "; ", ";"),
    "the instance last": changed(SIGNATURE, "i={i}; ", "") + "; i={i}",
    "the instance last, and a semicolon": changed(SIGNATURE, "i={i}; ", "") + "; i={i};",
    "folded lines": changed(SIGNATURE, "; ", ";\r\n\t"),
    "no time": changed(SIGNATURE, "t=1795000000; ", ""),
    "white space in h": changed(SIGNATURE, "{h}", "from : to : subject : date : message-id"),
    "capitals in h": changed(SIGNATURE, "{h}", "From:TO:Subject:Date:Message-Id"),
    "a field in h that is not there": changed(SIGNATURE, "{h}", "{h}:x-none:x-none"),
    "folded b": changed(SIGNATURE, "b={b}", "b=\r\n {b}"),
    "folded bh": changed(SIGNATURE, "bh={bh}", "bh=\r\n {bh}"),
}

BAD_SIGNATURES = {
    "no algorithm": changed(SIGNATURE, "a=rsa-sha256; ", ""),
    "an empty algorithm": changed(SIGNATURE, "a=rsa-sha256", "a="),
    "an unknown algorithm": changed(SIGNATURE, "rsa-sha256", "rsa-md5"),
    "SHA-1": changed(SIGNATURE, "rsa-sha256", "rsa-sha1"),
    "no b": changed(SIGNATURE, "; b={b}", ""),
    "an empty b": changed(SIGNATURE, "b={b}", "b="),
    "b that is not base64": changed(SIGNATURE, "b={b}", "b=(not base64)"),
    "a changed b": changed(SIGNATURE, "b={b}", "b=AAAA{b}"),
    "no bh": changed(SIGNATURE, "bh={bh}; ", ""),
    "an empty bh": changed(SIGNATURE, "{bh}", ""),
    "bh that is not base64": changed(SIGNATURE, "{bh}", "(no)"),
    "another bh": changed(SIGNATURE, "{bh}", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    "an unknown canonicalisation": changed(SIGNATURE, "relaxed/relaxed", "bare/bare"),
    "no domain": changed(SIGNATURE, "d={d}; ", ""),
    "an empty domain": changed(SIGNATURE, "d={d}", "d="),
    "a domain that is none": changed(SIGNATURE, "d={d}", "d=list@example"),
    "no selector": changed(SIGNATURE, "s=arc; ", ""),
    "an empty selector": changed(SIGNATURE, "s=arc", "s="),
    "no h": changed(SIGNATURE, "h={h}; ", ""),
    "a seal in h": changed(SIGNATURE, "{h}", "{h}:arc-seal"),
    "fields in another order": changed(SIGNATURE, "{h}", ":".join(reversed(SIGNED))),
    "a tag twice": changed(SIGNATURE, "s=arc", "s=arc; s=arc"),
    "a name of a tag in capitals": changed(SIGNATURE, "a=rsa", "A=rsa"),
    "a value in capitals": changed(SIGNATURE, "a=rsa", "a=RSA"),
    "a name of a tag that is none": changed(SIGNATURE, "s=arc", "s=arc; $!=x"),
    "a semicolon too many": changed(SIGNATURE, "s=arc", "s=arc;; "),
    "white space in a value": changed(SIGNATURE, "rsa-sha256", "rsa- sha256"),
    "an empty time": changed(SIGNATURE, "t=1795000000", "t="),
    "a time that is none": changed(SIGNATURE, "t=1795000000", "t=noon"),
    "no instance": changed(SIGNATURE, "i={i}; ", ""),
    "instance 0": changed(SIGNATURE, "i={i}", "i=0"),
    "an instance that is no number": changed(SIGNATURE, "i={i}", "i=a"),
    "another instance": changed(SIGNATURE, "i={i}", "i=2"),
}

GOOD_SEALS = {
    "white space around ;": changed(SEAL, "; ", " ; "),
    "white space around =": SEAL.replace("=", " = "),
    "a semicolon at the end": SEAL + ";",
    "a tag that nobody knows": changed(SEAL, "cv=", "mb=3; cv="),
    "no space between tags": changed(SEAL, "; ", ";"),
    "the instance last": changed(SEAL, "i={i}; ", "") + "; i={i}",
    "folded lines": changed(SEAL, "; ", ";\r\n\t"),
    "no time": changed(SEAL, "t=1795000000; ", ""),
}

BAD_SEALS = {
    "no algorithm": changed(SEAL, "a=rsa-sha256; ", ""),
    "an empty algorithm": changed(SEAL, "a=rsa-sha256", "a="),
    "an unknown algorithm": changed(SEAL, "rsa-sha256", "rsa-md5"),
    "SHA-1": changed(SEAL, "rsa-sha256", "rsa-sha1"),
    "no b": changed(SEAL, "; b={b}", ""),
    "an empty b": changed(SEAL, "b={b}", "b="),
    "b that is not base64": changed(SEAL, "b={b}", "b=(not base64)"),
    "a changed b": changed(SEAL, "b={b}", "b=AAAA{b}"),
    "no cv": changed(SEAL, "cv={cv}; ", ""),
    "an empty cv": changed(SEAL, "cv={cv}", "cv="),
    "a cv that is none": changed(SEAL, "cv={cv}", "cv=maybe"),
    "cv=pass in the first": changed(SEAL, "cv={cv}", "cv=pass"),
    "cv=fail in the first": changed(SEAL, "cv={cv}", "cv=fail"),
    "no domain": changed(SEAL, "d={d}; ", ""),
    "an empty domain": changed(SEAL, "d={d}", "d="),
    "a domain that is none": changed(SEAL, "d={d}", "d=list@example"),
    "no selector": changed(SEAL, "s=arc; ", ""),
    "an empty selector": changed(SEAL, "s=arc", "s="),
    "h, which a seal has not": changed(SEAL, "cv=", "h=from; cv="),
    "a tag twice": changed(SEAL, "s=arc", "s=arc; s=arc"),
    "a name of a tag in capitals": changed(SEAL, "a=rsa", "A=rsa"),
    "a value in capitals": changed(SEAL, "a=rsa", "a=RSA"),
    "a semicolon too many": changed(SEAL, "s=arc", "s=arc;; "),
    "an empty time": changed(SEAL, "t=1795000000", "t="),
    "a time that is none": changed(SEAL, "t=1795000000", "t=noon"),
    "no instance": changed(SEAL, "i={i}; ", ""),
    "instance 0": changed(SEAL, "i={i}", "i=0"),
    "an instance that is no number": changed(SEAL, "i={i}", "i=a"),
    "another instance": changed(SEAL, "i={i}", "i=2"),
}

BAD_RESULTS = {
    "no instance": changed(RESULTS, "i={i}; ", ""),
    "another instance": changed(RESULTS, "i={i}", "i=2"),
    "the instance not first": "{d}; i={i}; spf=pass",
    "an instance that is no number": changed(RESULTS, "i={i}", "i=a"),
    "instance 0": changed(RESULTS, "i={i}", "i=0"),
    "no semicolon behind the instance": changed(RESULTS, "i={i};", "i={i}"),
}


@pytest.mark.parametrize("form", GOOD_SIGNATURES.values(), ids=GOOD_SIGNATURES)
def test_a_signature_may_be_written_so(form: str) -> None:
    assert result(sealed(MESSAGE, signature=form)) is ArcResult.PASS


@pytest.mark.parametrize("form", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES)
def test_a_signature_must_not_be_written_so(form: str) -> None:
    assert result(sealed(MESSAGE, signature=form)) is ArcResult.FAIL


@pytest.mark.parametrize("form", GOOD_SEALS.values(), ids=GOOD_SEALS)
def test_a_seal_may_be_written_so(form: str) -> None:
    assert result(sealed(MESSAGE, seal=form)) is ArcResult.PASS


@pytest.mark.parametrize("form", BAD_SEALS.values(), ids=BAD_SEALS)
def test_a_seal_must_not_be_written_so(form: str) -> None:
    assert result(sealed(MESSAGE, seal=form)) is ArcResult.FAIL


HARMLESS = {  # the relaxed form of a seal's own field: RFC 8617, 5.1.1, and RFC 6376, 3.4.2
    "the field's name in capitals": (rb"ARC-Seal:", rb"ARC-SEAL:"),
    "more space behind the colon": (rb"ARC-Seal: ", rb"ARC-Seal:    "),
    "more space between tags": (rb"; cv=", rb";     cv="),
    "space at the end of the line": (rb"(ARC-Seal: [^\r]*)\r", rb"\1   \r"),
    "a fold between tags": (rb"; cv=", rb";\r\n\tcv="),
    "space within b": (rb"(ARC-Seal: .* b=.{8})", rb"\1 "),
    "a fold within b": (rb"(ARC-Seal: .* b=.{8})", rb"\1\r\n   "),
}
HARMFUL = {
    "a domain in capitals": (rb"(ARC-Seal: .*) d=l", rb"\1 d=L"),
    "a space more in a value": (rb"t=1795000000", rb"t=1795 000000"),
    "another selector": (rb"(ARC-Seal: .*) s=arc", rb"\1 s=arc2"),
    "results that say something else": (rb"spf=pass", rb"spf=fail"),
    "another signature below the seal": (rb"(Message-Signature: .* bh=)", rb"\1 "),
}


def _altered(form: tuple[bytes, bytes]) -> bytes:
    whole = sealed(MESSAGE)
    altered = re.sub(form[0], form[1], whole, count=1)
    assert altered != whole
    return altered


@pytest.mark.parametrize("form", HARMLESS.values(), ids=HARMLESS)
def test_a_seal_survives_other_space_and_capitals_of_its_name(form: tuple[bytes, bytes]) -> None:
    assert result(_altered(form)) is ArcResult.PASS


@pytest.mark.parametrize("form", HARMFUL.values(), ids=HARMFUL)
def test_a_seal_covers_its_own_tags_and_the_fields_of_its_set(form: tuple[bytes, bytes]) -> None:
    assert result(_altered(form)) is ArcResult.FAIL


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (BAD_SEALS["SHA-1"], "rsa-sha1, which no longer counts"),
        (BAD_SEALS["a semicolon too many"], "a semicolon too many"),
        (BAD_SEALS["a tag twice"], "“s” stands twice"),
        (changed(SEAL, "s=arc", "s=arc; alone"), "“alone” stands twice or is not written"),
    ],
)
def test_the_reason_tells_what_to_look_for(form: str, why: str) -> None:
    assert why in verify_arc(FakeLookup(ZONE), sealed(MESSAGE, seal=form)).reason


@pytest.mark.parametrize("form", BAD_RESULTS.values(), ids=BAD_RESULTS)
def test_the_results_begin_with_their_instance(form: str) -> None:
    assert result(sealed(MESSAGE, results=form)) is ArcResult.FAIL


@pytest.mark.parametrize("field", ["Seal", "Message-Signature", "Authentication-Results"])
@pytest.mark.parametrize("instance", [1, 2])
def test_each_set_has_its_three_fields_once(field: str, instance: int) -> None:
    whole = sealed(sealed(MESSAGE), instance=2)
    line = re.search(rb"ARC-%b: i=%d;.*\r\n" % (field.encode(), instance), whole)
    assert line is not None
    assert result(whole) is ArcResult.PASS
    assert result(whole.replace(line[0], b"")) is ArcResult.FAIL
    assert result(line[0] + whole) is ArcResult.FAIL


def test_a_chain_of_ten_holds_wherever_its_fields_stand() -> None:
    message = MESSAGE
    for instance in range(1, 11):
        message = sealed(message, instance=instance)
    head, _, body = message.partition(b"\r\n\r\n")
    turned = b"\r\n".join(reversed(head.split(b"\r\n"))) + b"\r\n\r\n" + body
    assert result(message) is ArcResult.PASS
    assert result(turned) is ArcResult.PASS


def test_a_gap_between_instances_breaks_the_chain() -> None:
    whole = sealed(sealed(sealed(MESSAGE), instance=2), instance=3)
    without = re.sub(rb"ARC-[A-Za-z-]+: i=2;.*\r\n", b"", whole)
    assert without.count(b"\r\nARC-") == whole.count(b"\r\nARC-") - 3
    assert result(without) is ArcResult.FAIL


@pytest.mark.parametrize("cv", ["none", "fail"])
def test_only_the_first_seal_says_none_and_none_says_fail(cv: str) -> None:
    assert result(sealed(sealed(MESSAGE), instance=2, cv=cv)) is ArcResult.FAIL


@pytest.mark.parametrize("field", [b"Authentication-Results", b"Message-Signature", b"Seal"])
def test_a_seal_covers_the_sets_before_it(field: bytes) -> None:
    whole = sealed(sealed(MESSAGE), instance=2)
    touched = re.sub(rb"(ARC-%b: i=1;)" % field, rb"\1 x=4102444800;", whole)
    assert touched != whole
    assert result(touched) is ArcResult.FAIL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Lunch", b"SUBJECT:  Lunch \t"),
        (b"Subject: Lunch", b"Subject:\r\n Lunch"),
        (b"At one?\r\n", b"At\t one?  \r\n\r\n\r\n"),
        (b"ARC-Seal:", b"arc-seal:"),
        (b"ARC-Message-Signature:", b"Arc-Message-SIGNATURE:"),
    ],
)
def test_what_relaxed_canonicalisation_evens_out_changes_nothing(old: bytes, new: bytes) -> None:
    assert result(sealed(MESSAGE).replace(old, new)) is ArcResult.PASS


def test_line_ends_of_one_octet_are_as_good() -> None:
    assert result(sealed(MESSAGE).replace(b"\r\n", b"\n")) is ArcResult.PASS


def test_the_last_of_several_fields_of_a_name_is_the_signed_one() -> None:
    once = sealed(MESSAGE)
    assert result(once.replace(b"Subject:", b"Subject: New\r\nSubject:")) is ArcResult.PASS
    assert result(once.replace(b"Date:", b"Subject: New\r\nDate:")) is ArcResult.FAIL


def test_a_field_signed_as_absent_must_not_be_added() -> None:
    once = sealed(MESSAGE, signature=changed(SIGNATURE, "{h}", "{h}:reply-to"))
    assert result(once) is ArcResult.PASS
    assert result(b"Reply-To: x@example.com\r\n" + once) is ArcResult.FAIL


def test_a_second_from_is_never_covered() -> None:
    assert result(b"From: other@example.org\r\n" + sealed(MESSAGE)) is ArcResult.FAIL


def test_a_key_of_2048_bits_holds_and_one_of_512_does_not() -> None:
    big = key_line("arc._domainkey.list.example", f"v=DKIM1; p={rsa_key(2048)[1]}")
    small = key_line("arc._domainkey.list.example", f"v=DKIM1; p={SMALL_PUBLIC}")
    assert result(sealed(MESSAGE, key=rsa_key(2048)[0]), big) is ArcResult.PASS
    assert result(sealed(MESSAGE), small) is ArcResult.FAIL


@pytest.mark.parametrize(
    "text", ["v=DKIM1; k=rsa; omg", "v=DKIM1; p=", "v=DKIM2; p=AAAA", "", "v=DKIM1; p=!!"]
)
def test_a_key_that_cannot_be_used_breaks_the_chain(text: str) -> None:
    assert result(sealed(MESSAGE), f'arc._domainkey.list.example TXT "{text}"') is ArcResult.FAIL


def test_two_keys_at_one_selector_break_the_chain() -> None:
    assert result(sealed(MESSAGE), f"{ZONE}\n{ZONE.replace('v=DKIM1', 'k=rsa')}") is ArcResult.FAIL


@pytest.mark.parametrize("message", [b"", b"\n", b"\nHey\n", b"From: anna@example.com\n"])
def test_what_has_no_chain_is_none_even_without_headers_or_text(message: bytes) -> None:
    assert result(message) is ArcResult.NONE
