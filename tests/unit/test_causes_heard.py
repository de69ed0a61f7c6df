"""What the rules hear of a reply: who spoke, codes, stage, and words without names and numbers."""

from __future__ import annotations

import pytest

from tracer.causes import hear
from tracer.causes.heard import cut


def test_hearing_reads_codes_and_stage() -> None:
    heard = hear(
        "host mx.a.example[192.0.2.1] said: 550-5.7.26 no 550 5.7.26 DMARC "
        "(in reply to end of DATA command)"
    )
    assert (heard.code, heard.status, heard.command) == ("550", "5.7.26", "END-OF-MESSAGE")
    assert (heard.text, heard.speaker) == ("no dmarc", "them")


def test_who_refuses_the_connection_answers_no_command_of_ours() -> None:
    assert hear("host mx[192.0.2.7] refused to talk to me: 550 no").command == "CONNECT"


def test_network_address_is_no_status() -> None:
    assert hear("connect to 5.1.1.7: refused").status == ""


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("550 5.1.1 <lena@corp.example>... User unknown", "@ user unknown"),
        ("550 lena@corp.example:user not exist", "@ user not exist"),
        ("521 <198.51.100.7> is blocked", "#ip is blocked"),
        (
            "554 Connections from [198.51.100.7] are not welcome",
            "connections from #ip are not welcome",
        ),
        (
            "554 Connections from [2001:db8::7] are not welcome",
            "connections from #ip are not welcome",
        ),
        ("550-5.7.1 no 550 5.7.1 way", "no way"),
        ("554 Not allowed [291]", "not allowed [291]"),
        (
            "connect to mx1[private/dovecot-lmtp]: Connection refused",
            "connect to loopback connection refused",
        ),
    ],
)
def test_names_and_numbers_become_signs(reply: str, text: str) -> None:
    assert hear(reply).text == text
    assert hear(cut(reply)).text == text


@pytest.mark.parametrize(
    ("notice", "text"),
    [
        (
            "This message was created automatically by mail delivery software. The following "
            "address(es) failed: lena@corp.example: mailbox is full",
            "@ mailbox is full",
        ),
        (
            "SMTP error from remote mail server after RCPT TO:<a@corp.example>: host mx [192.0.2.1]"
            ": 550 5.2.2 Mailbox full b@corp.example SMTP error from remote mail server after RCPT "
            "TO:<b@corp.example>: host mx [192.0.2.1]: 550 5.1.1 User unknown",
            "mailbox full @",
        ),
        ("Your message was refused. Reason: over quota", "over quota"),
        ("550 Mailbox is full. Reason: JFE030050", "mailbox is full. reason: jfe030050"),
        ("550 Delivery failed. Reason: user unknown", "delivery failed. reason: user unknown"),
        ("smtp;550 5.1.1 User unknown", "user unknown"),
        ("Diagnostic-Code: smtp; 550 5.1.1 User unknown", "user unknown"),
        ("Diagnostic-Code: X-Postfix; user unknown", "user unknown"),
        (
            "mx.corp.example #<mx.corp.example #5.1.1 smtp;550 5.1.1 No such user> #SMTP#",
            "no such user",
        ),
    ],
)
def test_notice_is_unwrapped_down_to_its_first_reason(notice: str, text: str) -> None:
    assert hear(notice).text == text


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("550 5.1.1 <lena@corp.example>:User unknown", "@ user unknown"),
        ("host mx.a.example[192.0.2.1] said:550 no such user", "no such user"),
        ("550 mailbox of <lena=40corp.example> is fu=\nll", "mailbox of @ is full"),
        ("550 mailbox is fu=\r\nll", "mailbox is full"),
        ("550 &lt;lena@corp.example&gt; doesn&#x27;t exist", "@ doesn't exist"),
        ("550 R&D of a=b is closed", "r&d of a=b is closed"),
    ],
)
def test_what_mail_programs_did_to_a_reply_is_undone(reply: str, text: str) -> None:
    assert hear(cut(reply)).text == text


def test_diagnostic_of_a_server_is_what_the_server_said() -> None:
    assert hear("smtp; 550 5.7.1 Access denied").speaker == "them"
    assert hear("X-Postfix; mail transport unavailable").speaker == "us"


def test_versions_and_sizes_are_no_network_addresses() -> None:
    assert "#ip" not in hear("554 mx (8.12.11.20060308/8.12.11) says no to 26214400 octets").text


@pytest.mark.parametrize(
    ("transcript", "code", "command", "text"),
    [
        (
            "----- Transcript of session follows ----- ... while talking to mx.corp.example.: "
            ">>> RCPT To:<lena@corp.example> <<< 452 4.2.2 Mailbox full "
            "550 5.1.1 <lena@corp.example>... Deferred",
            "452",
            "RCPT",
            "mailbox full",
        ),
        (
            "----- Transcript of session follows ----- ... while talking to mx.corp.example.: "
            ">>> DATA <<< 554 5.7.1 Spam 554 5.0.0 Service unavailable",
            "554",
            "DATA",
            "spam",
        ),
    ],
)
def test_sendmail_transcript_counts_as_what_the_other_server_said(
    transcript: str, code: str, command: str, text: str
) -> None:
    heard = hear(transcript)
    assert (heard.code, heard.command, heard.text) == (code, command, text)
    assert heard.speaker == "them"
