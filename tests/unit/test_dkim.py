"""DKIM: keys told apart, and signatures with the reason why they do not hold."""

from __future__ import annotations

import base64
import hashlib
import re

import dkim
import pytest

from tests.arc_sealing import signature_of
from tests.dkim_signing import MESSAGE, SMALL_PUBLIC, key_line, rsa_key, signed
from tests.fakes import FakeLookup
from tracer.diagnostics.dkim import (
    DkimReason,
    DkimSignature,
    KeyState,
    fetch_key,
    read_key,
    verify_signatures,
)

NAME = "s1._domainkey.example.com"
ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def key(record: str = "") -> str:
    return key_line(NAME, record or f"v=DKIM1; p={rsa_key()[1]}")


def only(message: bytes, zone: str = "") -> DkimSignature:
    """The verdict about the one signature of a message."""
    (found,) = verify_signatures(FakeLookup(zone or key()), message)
    return found


# RFC 8463, Appendix A: both signatures of its message hold

RFC_8463 = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""
RFC_8463_KEYS = "\n".join(
    [
        key_line("brisbane._domainkey.football.example.com", f"v=DKIM1; k=ed25519; p={ED25519}"),
        key_line(
            "test._domainkey.football.example.com",
            "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6"
            "Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL"
            "6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
        ),
    ]
)


def test_the_message_of_rfc_8463_holds() -> None:
    found = verify_signatures(FakeLookup(RFC_8463_KEYS), RFC_8463)
    assert [(one.result, one.selector, one.key_bits) for one in found] == [
        ("pass", "brisbane", 256),
        ("pass", "test", 1024),
    ]


# keys


@pytest.mark.parametrize(
    ("record", "state", "bits"),
    [
        (f"v=DKIM1; p={rsa_key()[1]}", KeyState.FOUND, 1024),
        (f"p={rsa_key()[1]}", KeyState.FOUND, 1024),
        (f"v=DKIM1; k=rsa; t=y:s; n=note; p={rsa_key(2048)[1]};", KeyState.FOUND, 2048),
        (f"v=DKIM1; k=ed25519; p={ED25519}", KeyState.FOUND, 256),
        (f"v=DKIM1; p={SMALL_PUBLIC}", KeyState.FOUND, 512),
        ("v=DKIM1; p=", KeyState.REVOKED, None),
        ("v=DKIM1; k=rsa; p=;", KeyState.REVOKED, None),
        ("v=DKIM1; k=rsa", KeyState.UNREADABLE, None),
        ("v=DKIM2; p=AAAA", KeyState.UNREADABLE, None),
        (f"v=DKIM1; p={rsa_key()[1][:60]}", KeyState.UNREADABLE, None),
        ("v=DKIM1; p=not base64!", KeyState.UNREADABLE, None),
        ("v=DKIM1; k=ed25519; p=AAAA", KeyState.UNREADABLE, None),
        ("v=DKIM1; k=dsa; p=AAAA", KeyState.UNREADABLE, None),
        ("v=DKIM1; p=AAAA; p=BBBB", KeyState.UNREADABLE, None),
    ],
)
def test_a_key_is_classified(record: str, state: KeyState, bits: int | None) -> None:
    found = read_key(NAME, record)
    assert (found.state, found.bits) == (state, bits)
    assert bool(found.problem) == (state is KeyState.UNREADABLE)


def test_the_flags_of_a_key_are_read() -> None:
    found = read_key(NAME, f"v=DKIM1; t=y : s; h=sha1:sha256; s=tlsrpt; p={rsa_key()[1]}")
    assert found.is_test and found.is_strict
    assert found.allows_sha256 and not found.serves_mail


@pytest.mark.parametrize(
    ("zone", "state"),
    [
        ("other.example.com A 192.0.2.1", KeyState.MISSING),
        (f"{NAME} A 192.0.2.1", KeyState.MISSING),
        (f'{NAME} TXT "v=spf1 -all"', KeyState.MISSING),
        (f"{NAME} TXT !TIMEOUT", KeyState.UNKNOWN),
        (f"{NAME} TXT !SERVFAIL", KeyState.UNKNOWN),
        (f"{NAME} TXT !BOGUS", KeyState.UNKNOWN),
        (f'{NAME} TXT "v=DKIM1; p=AA"\n{NAME} TXT "v=DKIM1; p=BB"', KeyState.SEVERAL),
    ],
)
def test_a_key_is_missing_only_if_dns_says_so(zone: str, state: KeyState) -> None:
    assert fetch_key(FakeLookup(zone), "s1", "example.com").state is state


def test_other_text_beside_a_key_does_not_hide_it() -> None:
    zone = f'{key()}\n{NAME} TXT "v=spf1 -all"'
    assert fetch_key(FakeLookup(zone), "s1", "example.com").state is KeyState.FOUND


def test_a_key_behind_a_cname_is_found() -> None:
    zone = f"{NAME} CNAME s1.esp.example.\n{key_line('s1.esp.example', 'v=DKIM1; p=')}"
    assert fetch_key(FakeLookup(zone), "s1", "example.com").state is KeyState.REVOKED


# signatures


def test_a_signature_holds() -> None:
    found = only(signed())
    assert (found.result, found.reason) == ("pass", "")
    assert (found.domain, found.selector, found.algorithm) == ("example.com", "s1", "rsa-sha256")


def test_a_message_with_bare_line_feeds_holds() -> None:
    assert only(signed().replace(b"\r\n", b"\n")).result == "pass"


def test_an_unsigned_message_has_no_signatures() -> None:
    assert verify_signatures(FakeLookup(), MESSAGE) == ()


@pytest.mark.parametrize("message", [b"", b"\r\n", b" folded first", b"not a message", b"\xff:\n"])
def test_what_is_no_message_has_no_signatures(message: bytes) -> None:
    assert verify_signatures(FakeLookup(), message) == ()


def test_a_changed_text_is_told_from_a_changed_header() -> None:
    changed = signed().replace(b"At one?", b"At two?")
    assert (only(changed).result, only(changed).reason) == ("fail", DkimReason.BODY_CHANGED)
    renamed = signed().replace(b"Subject: Lunch", b"Subject: Dinner")
    assert (only(renamed).result, only(renamed).reason) == ("fail", DkimReason.HEADERS_CHANGED)


def test_a_signature_by_another_key_does_not_hold() -> None:
    found = only(signed(), key(f"v=DKIM1; p={rsa_key(1025)[1]}"))
    assert (found.result, found.reason) == ("fail", DkimReason.HEADERS_CHANGED)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("v=DKIM1; p=", DkimReason.KEY_REVOKED),
        ("v=DKIM1; p=AAAA", DkimReason.KEY_UNREADABLE),
        (f"v=DKIM1; p={SMALL_PUBLIC}", DkimReason.KEY_TOO_SMALL),
        (f"v=DKIM1; k=ed25519; p={ED25519}", DkimReason.KEY_MISMATCH),
        (f"v=DKIM1; h=sha1; p={rsa_key()[1]}", DkimReason.KEY_MISMATCH),
        (f"v=DKIM1; s=tlsrpt; p={rsa_key()[1]}", DkimReason.KEY_MISMATCH),
    ],
)
def test_a_key_that_cannot_serve_is_the_reason(record: str, reason: DkimReason) -> None:
    found = only(signed(), key(record))
    assert (found.result, found.reason) == ("permerror", reason)
    assert found.detail


@pytest.mark.parametrize(
    ("zone", "result", "reason"),
    [
        ("example.com A 192.0.2.1", "permerror", DkimReason.KEY_MISSING),
        (f"{NAME} TXT !TIMEOUT", "temperror", DkimReason.DNS),
        (f"{NAME} TXT !SERVFAIL", "temperror", DkimReason.DNS),
        (f'{NAME} TXT "p=AA"\n{NAME} TXT "p=BB"', "permerror", DkimReason.KEY_SEVERAL),
    ],
)
def test_trouble_of_dns_is_not_a_wrong_signature(zone: str, result: str, reason: str) -> None:
    found = only(signed(), zone)
    assert (found.result, found.reason) == (result, reason)


def test_a_service_type_that_is_unknown_is_told() -> None:
    assert only(signed(), key(f"v=DKIM1; s=fax; p={rsa_key()[1]}")).result == "permerror"


@pytest.mark.parametrize(
    ("identity", "flags", "result"),
    [
        (b"anna@example.com", "", "pass"),
        (b"anna@mail.example.com", "", "pass"),
        (b"anna@mail.example.com", "t=s;", "permerror"),
        (b"anna@example.com", "t=s;", "pass"),
    ],
)
def test_a_strict_key_forbids_identities_below_its_domain(
    identity: bytes, flags: str, result: str
) -> None:
    record = f"v=DKIM1; {flags} p={rsa_key()[1]}"
    found = only(signed(identity=identity), key(record))
    assert found.result == result
    if result != "pass":
        assert found.reason is DkimReason.IDENTITY


def test_an_identity_outside_the_domain_does_not_hold() -> None:
    forged = signed().replace(b"i=@example.com", b"i=@xample.org")
    assert only(forged).reason is DkimReason.IDENTITY


def test_a_test_key_is_told_and_holds_all_the_same() -> None:
    found = only(signed(), key(f"v=DKIM1; t=y; p={rsa_key()[1]}"))
    assert (found.result, found.is_test) == ("pass", True)


def test_text_beyond_the_signed_length_is_told() -> None:
    found = only(signed(length=True) + b"Buy now!\r\n")
    assert (found.result, found.reason) == ("pass", DkimReason.BODY_PARTLY_SIGNED)
    assert found.unsigned_octets == len(b"Buy now!\r\n")
    assert only(signed(length=True)).reason == ""


@pytest.mark.parametrize(("length", "expected"), [(9, "pass"), (10, "permerror")])
def test_a_length_beyond_the_text_does_not_hold(length: int, expected: str) -> None:
    body_hash = base64.b64encode(hashlib.sha256(b"At one?\r\n").digest()).decode()
    field = (
        "v=1; a=rsa-sha256; d=example.com; s=s1; c=relaxed/relaxed; h=from; "
        f"l={length}; bh={body_hash}; b="
    )
    b = signature_of(f"from:Anna <anna@example.com>\r\ndkim-signature:{field}")
    assert only(f"DKIM-Signature: {field}{b}\r\n".encode() + MESSAGE).result == expected


def test_an_unsigned_from_does_not_hold() -> None:
    forged = re.sub(rb"h=[^;]*;", b"h=to : subject;", signed(), count=1)
    assert only(forged).reason is DkimReason.FROM_UNSIGNED


def test_a_second_from_breaks_the_signature() -> None:
    assert only(b"From: Boss <boss@example.org>\r\n" + signed()).result == "fail"


@pytest.mark.parametrize("algorithm", [b"rsa-sha1", b"dsa-sha256", b"rsa-md5"])
def test_an_algorithm_that_is_not_accepted_is_the_reason(algorithm: bytes) -> None:
    found = only(signed().replace(b"a=rsa-sha256", b"a=" + algorithm))
    assert (found.result, found.reason) == ("permerror", DkimReason.ALGORITHM)


def test_an_expired_signature_does_not_hold() -> None:
    (found,) = verify_signatures(
        FakeLookup(key()), signed().replace(b"q=dns/txt;", b"q=dns/txt; x=1000;")
    )
    assert (found.result, found.reason) == ("fail", DkimReason.EXPIRED)


def test_a_signature_from_the_future_does_not_hold() -> None:
    future = re.sub(rb" t=\d+", b" t=99999999999", signed())
    assert only(future).reason is DkimReason.FUTURE


@pytest.mark.parametrize(
    "change",
    [
        (b"v=1;", b"v=2;"),
        (b"bh=", b"no="),
        (b"s=s1;", b""),
        (b"q=dns/txt", b"q=smoke"),
        (b"c=relaxed/simple", b"c=tight/tight"),
        (b"d=example.com;", b"d=example.com; d=example.org;"),
        (b"q=dns/txt;", b"q=dns/txt; l=all;"),
        (b"q=dns/txt;", b"q=dns/txt; t=now;"),
    ],
)
def test_a_signature_that_cannot_be_read_is_a_permanent_error(
    change: tuple[bytes, bytes],
) -> None:
    message = re.sub(rb" t=\d+;", b"", signed()).replace(*change)
    assert only(message).result == "permerror"


def test_every_signature_is_judged_on_its_own() -> None:
    both = signed(signed(), selector="gone")
    found = verify_signatures(FakeLookup(key()), both)
    assert [(one.selector, one.result) for one in found] == [("gone", "permerror"), ("s1", "pass")]


def test_a_flood_of_signatures_is_cut() -> None:
    lookup = FakeLookup()
    flood = signed().partition(b"From:")[0] * 500 + MESSAGE
    found = verify_signatures(lookup, flood)
    assert len(found) == 21
    assert found[-1].reason is DkimReason.TOO_MANY


def test_a_signature_names_its_domain_in_a_labels() -> None:
    zone = key_line("s1._domainkey.xn--bcher-kva.example", f"v=DKIM1; p={rsa_key()[1]}")
    found = only(signed(domain="xn--bcher-kva.example"), zone)
    assert (found.result, found.domain) == ("pass", "xn--bcher-kva.example")


def test_dkimpy_is_never_left_to_ask_dns_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: object, **_more: object) -> None:
        raise AssertionError("dkimpy asks the system's resolver")

    monkeypatch.setattr(dkim, "get_txt", forbidden)
    assert only(signed()).result == "pass"
