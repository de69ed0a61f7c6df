"""Comparing addresses, and finding the address inside a rewritten one."""

from __future__ import annotations

import pytest

from tracer.address import canonical, domain_of, normalise


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Anna.Petrova@Corp.Example", "anna.petrova@corp.example"),
        ("<anna@corp.example>", "anna@corp.example"),
        ("<>", "<>"),
        ("", ""),
        ("anna@corp.example.", "anna@corp.example"),
        ("Анна@Почта.РФ", "анна@xn--80a1acny.xn--p1ai"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@почта。рф", "anna@xn--80a1acny.xn--p1ai"),
        ('"John Doe"@corp.example', '"john doe"@corp.example'),
        ("root", "root"),
    ],
)
def test_addresses_that_are_one_mailbox_look_the_same(address: str, expected: str) -> None:
    assert normalise(address) == expected
    assert normalise(expected) == expected


def test_composed_and_decomposed_letters_are_one_address() -> None:
    assert normalise("jose\u0301@xn--caf-dma.example") == normalise("josé@cafe\u0301.example")


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("anna@Corp.Example", "corp.example"),
        ("<anna@corp.example.>", "corp.example"),
        ("анна@почта.рф", "xn--80a1acny.xn--p1ai"),
        ("<>", ""),
        ("root", ""),
        ("", ""),
    ],
)
def test_the_domain_is_compared_as_a_labels(address: str, domain: str) -> None:
    assert domain_of(address) == domain


@pytest.mark.parametrize(
    "address", ["anna@corp.example", "anne-marie@corp.example", "<>", "", "root", "=", "+", "+@x"]
)
def test_a_plain_address_stands_for_itself_only(address: str) -> None:
    assert canonical(address) == ()


@pytest.mark.parametrize(
    ("address", "original"),
    [
        ("anna+shop@corp.example", "anna@corp.example"),
        ("SRS0=1sN3=5P=example.org=noreply@srs.example", "noreply@example.org"),
        ("SRS0+1sN3=5P=example.org=no-reply@srs.example", "no-reply@example.org"),
        ("SRS1=HHH=fwd.example==HHH=TT=orig.example=alice@b.example", "alice@orig.example"),
        ("SRS1=HHH=fwd.example=+HHH=TT=orig.example=alice@b.example", "alice@orig.example"),
        ("bounce+1b6a63-christoph=host.example@list.example", "christoph@host.example"),
        ("bounces+123-a1b2-anne-marie=corp.example@em.example", "anne-marie@corp.example"),
        ("news-bounces+anna-maria=corp.example@list.example", "anna-maria@corp.example"),
        ("list-return-123-user=corp.example@list.example", "user@corp.example"),
        ("bounce-anna=corp.example@list.example", "anna@corp.example"),
        ("dawnlord66+caf_=dawn=host.example@gmail.example", "dawn@host.example"),
        ("dawnlord66+caf_=dawn=host.example@gmail.example", "dawnlord66@gmail.example"),
        ("prvs=4567abcdef=alice@corp.example", "alice@corp.example"),
        ("prvs=alice=4567abcdef@corp.example", "alice@corp.example"),
        ("btv1==0123==alice@corp.example", "alice@corp.example"),
        ("bounce+1-анна=почта.рф@list.example", "анна@xn--80a1acny.xn--p1ai"),
    ],
)
def test_a_rewritten_address_is_found_by_the_original(address: str, original: str) -> None:
    assert original in canonical(address)


def test_wrappings_inside_one_another_are_all_taken_off() -> None:
    wrapped = "SRS0=ab=cd=em.example=bounces+12-1a-anna+tag=corp.example@fwd.example"
    assert canonical(wrapped)[-2:] == ("anna+tag@corp.example", "anna@corp.example")


def test_an_srs_address_is_not_cut_at_its_plus() -> None:
    found = canonical("SRS0+1sN3=5P=example.org=anna@srs.example")
    assert found == ("anna@example.org",)


def test_no_form_is_the_address_itself() -> None:
    address = "bounce+x-anna=corp.example@corp.example"
    assert address not in canonical(address)
    assert len(set(canonical(address))) == len(canonical(address))
