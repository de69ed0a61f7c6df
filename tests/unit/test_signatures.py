"""What the lines of mail filters tell of DKIM signatures that are good."""

from __future__ import annotations

import pytest

from tracer.diagnostics.signatures import signatures

ADDED = ("opendkim", "4F1D2C0A: DKIM-Signature field added (s=Mail2026, d=Corp.example)")
CHECKED = ("opendkim", "4F1D2C0A: s=s1 d=shop.example a=rsa-sha256 SSL ")
HOLDS = ("opendkim", "4F1D2C0A: DKIM verification successful")
FAILED = ("opendkim", "4F1D2C0A: s=s2 d=bank.example SSL error:04091068:bad signature")


def test_a_signature_that_was_added_here_is_known() -> None:
    assert list(signatures([ADDED])) == [("mail2026", "corp.example")]


def test_a_checked_signature_counts_where_it_held() -> None:
    assert list(signatures([HOLDS, CHECKED])) == [("s1", "shop.example")]
    assert list(signatures([CHECKED, HOLDS])) == [("s1", "shop.example")]
    assert list(signatures([CHECKED])) == []


def test_a_signature_with_an_error_never_counts() -> None:
    assert list(signatures([HOLDS, FAILED])) == []
    assert list(signatures([FAILED, ("opendkim", "4F1D2C0A: bad signature data")])) == []


@pytest.mark.parametrize("head", ["<8ae27d>; proxy; ", "#38(normal) <8ae27d>; task; "])
def test_symbols_of_rspamd_name_what_it_signed_or_found_good(head: str) -> None:
    program = "rspamd" if head.startswith("<") else ""
    told = (
        f"{head}rspamd_task_write_log: id: <a@b>, qid: <4F1D2C0A>, (default: F (no action): "
        "[-0.10/15.00] [R_DKIM_ALLOW(-0.20){shop.example:s=s1;promo.example:s=k2.eu;},"
        "DKIM_SIGNED(0.00){corp.example:s=202601;},ARC_ALLOW(-1.00){arc.example:s=arc;i=2;},"
        "R_DKIM_REJECT(1.00){bank.example:s=x;},DKIM_TRACE(0.00){shop.example:+;}]), len: 4"
    )
    assert list(signatures([(program, told)])) == [
        ("s1", "shop.example"), ("k2.eu", "promo.example"), ("202601", "corp.example"),
    ]  # fmt: skip


def test_a_symbol_that_stands_twice_is_not_believed() -> None:
    told = (
        "<8>; proxy; [X(0.00){,DKIM_SIGNED(0.00){a.example:s=x;}},"
        "DKIM_SIGNED(0.00){b.example:s=y;}]"
    )
    assert list(signatures([("rspamd", told)])) == []


def test_amavis_names_what_it_checked_and_what_it_signed() -> None:
    told = (
        "(1-01) Passed CLEAN {Relayed}, <a@b.example> -> <c@d.example>, Queue-ID: 4F1D2C0A, "
        "Message-ID: <x, dkim_new=evil:d.example, y>, size: 2, "
        "dkim_sd=s1:shop.example,s2:promo.example, dkim_new=mail:corp.example, 345 ms"
    )
    assert list(signatures([("amavis", told)])) == [
        ("s1", "shop.example"), ("s2", "promo.example"), ("mail", "corp.example"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "4F1D2C0A: DKIM-Signature field added (s=a b, d=corp.example)",
        "4F1D2C0A: DKIM-Signature field added (s=, d=)",
        "4F1D2C0A: DKIM-Signature field added (s=a, d=corp.example) or not",
        "",
    ],
)
def test_what_is_no_name_is_no_selector(text: str) -> None:
    assert list(signatures([("opendkim", text)])) == []


def test_other_programs_are_not_asked() -> None:
    assert list(signatures([("postfix/cleanup", ADDED[1]), ("postfix/smtp", HOLDS[1])])) == []
