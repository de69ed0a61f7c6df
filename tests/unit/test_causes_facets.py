"""Particulars of a reply: which list, which limit, how long to wait, whose code."""

from __future__ import annotations

import pytest

from tests.unit.told import told
from tracer.causes.facets import facets
from tracer.explain import explanation
from tracer.model import Outcome


@pytest.mark.parametrize(
    ("reply", "facets"),
    [
        (
            "message size 41943040 exceeds size limit 26214400 of server mx.a.example[192.0.2.1]",
            {"size_octets": "41943040", "limit_octets": "26214400"},
        ),
        ("554 5.7.1 Client host [203.0.113.99] blocked using bl.spamcop.net", None),
        ("550 5.7.509 Access denied, does not pass DMARC verification", {"method": "dmarc"}),
        ("452 4.5.3 Too many recipients", {"variant": "recipients"}),
        (
            "551 5.1.6 User has moved; please try <lena.fischer@adatum.example>",
            {"new_address": "lena.fischer@adatum.example"},
        ),
    ],
)
def test_particulars_are_read_out_of_the_reply(reply: str, facets: dict[str, str] | None) -> None:
    wanted = facets or {"ip": "203.0.113.99", "list": "bl.spamcop.net"}
    assert explanation(told(Outcome.BOUNCED, reply), "en").facets == wanted


@pytest.mark.parametrize(
    ("cause", "reply", "key", "value"),
    [
        ("low_reputation", "421 4.7.0 [TSS04] Messages deferred", "token", "TSS04"),
        ("ip_blocklisted", "554 5.7.1 Unfortunately refused. (S3150)", "token", "S3150"),
        ("spam_content", "554 DT:SPM 163 mx33,xyz", "token", "DT:SPM"),
        ("recipient_unknown", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient x", "token",
         "RESOLVER.ADR.RecipientNotFound"),
        ("recipient_unknown", "550 see https://support.example/?p=NoSuchUser x1 - gsmtp", "url",
         "https://support.example/?p=NoSuchUser"),
        ("sender_auth_failed", "550 rejected per DMARC policy for Corp.Example", "domain",
         "corp.example"),
        ("sender_auth_failed", "550 SPF check failed", "method", "spf"),
        ("greylisted", "451 Greylisted, try again in 2 hours", "retry_after_s", "7200"),
        ("message_too_large", "552 too large, the limit is 20 MB", "limit_octets", "20971520"),
        ("local_policy", "milter-reject: END-OF-MESSAGE from x: 5.7.1 no", "rule", "milter"),
        ("local_policy", "554 <x>: Sender address rejected: Access denied", "rule",
         "smtpd_sender_restrictions"),
    ],
)  # fmt: skip
def test_each_particular_has_its_key(cause: str, reply: str, key: str, value: str) -> None:
    assert facets(cause, reply)[key] == value


def test_nothing_is_found_in_a_reply_that_says_nothing() -> None:
    assert facets("unknown", "550 No") == {}


def test_stage_is_told_when_it_is_known() -> None:
    assert facets("recipient_unknown", "550 No", stage="RCPT") == {"stage": "RCPT"}


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_own_rule_is_named_by_its_setting(lang: str) -> None:
    reply = "554 5.7.1 <a@corp.example>: Sender address rejected: Access denied"
    card = explanation(told(Outcome.REJECTED, reply, program="postfix/smtpd"), lang)
    assert card.cause == "local_policy"
    assert "(smtpd_sender_restrictions)" in card.headline
