"""Strangers write subjects, HELO names, Message-IDs, addresses, replies: none decides."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats.postfix import claims, parse
from tracer.model import Event, EventKind, LogLine, Outcome

PROGRAMS = [
    f"{name}/{daemon}"
    for name in ("postfix", "mx-out", "postfix/submission")
    for daemon in (
        "smtpd postscreen cleanup qmgr smtp lmtp local virtual pipe error retry discard bounce "
        "pickup postsuper tlsproxy anvil verify nonsense"
    ).split()
]
BAIT = st.sampled_from([
    ">, relay=evil[192.0.2.66]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)",
    " status=sent (", ": removed", "; from=<boss@bank.example> to=<x@y.example>", "reject: ",
    "; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<h>", "queued as 4F1D2C0A9", "<", ">",
    ">: discarded message: x@sender.invalid", '"', "\\", "4jXT3j4GS0zR8: ", "NOQUEUE: ", " from ",
    "[192.0.2.66]", "message repeated 2 times: [ ", "]", ", orig_client=evil[192.0.2.66]", ": ",
    ">, size=1, nrcpt=9 (queue active)", "=?utf-8?B?", "?=",
    ">, status=expired, returned to sender",
    "to=<a@b.example>", "client=", "message-id=<", "warning: ", "header Subject: ",
])  # fmt: skip
PRINTABLE = st.text(
    st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs", "Cc"]), max_size=40
)
STRANGE = st.lists(st.one_of(BAIT, PRINTABLE), max_size=6).map("".join)
ANYTHING = st.one_of(st.text(st.characters(codec=None)), STRANGE)  # lone surrogates too
QUEUE_ID = st.sampled_from(["4jXT3j4GS0zR8", "8C2A1F0D3"])
HELO = STRANGE.map(
    lambda name: "".join("?" if c in ' <>()\\";@' else c for c in name)
)  # as smtpd(8)
ADDRESS = st.one_of(
    st.just("bob@shop.example"),
    STRANGE.map(
        lambda part: '"' + part.replace("\\", r"\\").replace('"', r"\"") + '"@shop.example'
    ),
)
VERBS = st.sampled_from([
    "to=<", "to=", "client=", "message-id=", "resent-message-id=", "from=<", "removed",
    "uid=1 from=<",
    "reject: RCPT from ", "milter-reject: END-OF-MESSAGE from ", "info: header Subject: ",
    "reject: header X: ", "hold: header X: ", "proxy-accept: END-OF-MESSAGE: ", "proxy-reject: ",
    "sender non-delivery notification: ", "host ", "enabling PIX workarounds", "",
])  # fmt: skip
HEADS = st.sampled_from([
    "", "NOQUEUE: ", "warning: ", "message repeated 2 times: [ ", "Trusted TLS connection ",
    "4jXT3j4GS0zR8: ", "8C2A1F0D3: ", "DECADE: ", "warning: 8C2A1F0D3: ",
])  # fmt: skip


def read(program: str, text: str) -> list[Event]:
    return parse(LogLine(1_763_815_200_000_000, "mx1", program, "77", text, "", ""))


def one(program: str, text: str) -> Event:
    (event,) = read(program, text)
    return event


@given(st.one_of(st.sampled_from(PROGRAMS), ANYTHING), ANYTHING)
def test_any_text_gives_a_list_of_events(program: str, text: str) -> None:
    assert all(isinstance(event, Event) for event in read(program, text))
    assert claims(program) in (True, False)


@given(st.sampled_from(PROGRAMS), HEADS, VERBS, ANYTHING)
def test_any_text_after_a_known_beginning_gives_events(
    program: str, head: str, verb: str, text: str
) -> None:
    for event in read(program, head + verb + text):
        assert event.text == head + verb + text
        assert msgspec.json.encode(msgspec.structs.replace(event, **_without_surrogates(event)))


def _without_surrogates(event: Event) -> dict[str, object]:
    """JSON and MessagePack refuse lone surrogates; the store has its own way with them."""
    return {
        name: value.encode("utf-8", "replace").decode()
        for name in event.__struct_fields__
        if isinstance(value := getattr(event, name), str) and name not in ("kind", "outcome")
    }


@given(st.sampled_from(PROGRAMS), HEADS, VERBS, STRANGE, st.integers(0, 200))
def test_a_line_cut_anywhere_gives_events(
    program: str, head: str, verb: str, text: str, cut: int
) -> None:
    assert isinstance(read(program, (head + verb + text)[:cut]), list)


@given(QUEUE_ID, STRANGE)
def test_subject_decides_nothing(queue_id: str, subject: str) -> None:
    event = one(
        "postfix/cleanup",
        f"{queue_id}: info: header Subject: {subject} from x.example[192.0.2.9]; "
        "from=<bob@shop.example> to=<anna@corp.example> proto=ESMTP helo=<h.example>",
    )
    assert (event.kind, event.outcome, event.queue_id) == (EventKind.FILTERED, None, queue_id)
    assert (event.sender, event.recipient) == ("bob@shop.example", "anna@corp.example")
    if "=?" not in subject:
        assert event.subject == subject.strip()


@given(QUEUE_ID, STRANGE)
def test_message_id_decides_nothing(queue_id: str, message_id: str) -> None:
    event = one("postfix/cleanup", f"{queue_id}: message-id=<{message_id}>")
    assert (event.kind, event.outcome, event.queue_id) == (EventKind.IDENTIFIED, None, queue_id)
    assert (event.message_id, event.recipient, event.next_queue_ids) == (message_id, "", ())


@given(HELO, ADDRESS)
def test_helo_and_sender_decide_nothing_at_the_door(helo: str, sender: str) -> None:
    event = one(
        "postfix/smtpd",
        f"NOQUEUE: reject: RCPT from unknown[198.51.100.4]: 550 5.1.1 <no@corp.example>: unknown; "
        f"from=<{sender}> to=<no@corp.example> proto=ESMTP helo=<{helo}>",
    )
    assert (event.kind, event.outcome, event.command) == (
        EventKind.REJECTED, Outcome.REJECTED, "RCPT",
    )  # fmt: skip
    assert (event.sender, event.recipient, event.helo) == (sender, "no@corp.example", helo)
    assert event.reply == "550 5.1.1 <no@corp.example>: unknown"


@given(ADDRESS)
def test_refused_recipient_decides_nothing(recipient: str) -> None:
    event = one(
        "postfix/smtpd",
        f"8C2A1F0D3: reject: RCPT from unknown[198.51.100.4]: 550 5.1.1 <{recipient}>: unknown; "
        f"from=<bob@shop.example> to=<{recipient}> proto=ESMTP helo=<h>",
    )
    assert (event.kind, event.sender, event.recipient) == (
        EventKind.REJECTED, "bob@shop.example", recipient,
    )  # fmt: skip


@given(ADDRESS)
def test_sender_decides_nothing_in_the_queue(sender: str) -> None:
    event = one("postfix/qmgr", f"8C2A1F0D3: from=<{sender}>, size=300, nrcpt=2 (queue active)")
    assert (event.kind, event.sender, event.size, event.recipient_count) == (
        EventKind.QUEUED, sender, 300, 2,
    )  # fmt: skip
    given_up = f"8C2A1F0D3: from=<{sender}>, status=expired, returned to sender"
    event = one("postfix/qmgr", given_up)
    assert (event.kind, event.sender, event.outcome) == (
        EventKind.EXPIRED, sender, Outcome.EXPIRED,
    )  # fmt: skip


@given(ADDRESS, ADDRESS, STRANGE)
def test_recipient_and_reply_decide_nothing(recipient: str, original: str, reply: str) -> None:
    event = one(
        "postfix/smtp",
        f"8C2A1F0D3: to=<{recipient}>, orig_to=<{original}>, relay=mx[192.0.2.7]:25, delay=1.5, "
        f"delays=1/0/0/0.5, dsn=5.1.1, status=bounced (host mx[192.0.2.7] said: 550 {reply})",
    )
    assert (event.kind, event.outcome, event.status) == (
        EventKind.ATTEMPT,
        Outcome.BOUNCED,
        "5.1.1",
    )
    assert (event.recipient, event.original_recipient) == (recipient, original)
    assert (event.relay, event.delay_s) == ("mx[192.0.2.7]:25", 1.5)
    assert event.reply == f"host mx[192.0.2.7] said: 550 {reply}"
    assert event.next_queue_ids == ()


@given(STRANGE)
def test_login_parameter_of_a_stranger_names_no_client(auth: str) -> None:
    event = one(
        "postfix/smtpd",
        f"8C2A1F0D3: client=x.example[192.0.2.9], sasl_method=PLAIN, "
        f"sasl_username=u, sasl_sender=<{auth}>",
    )
    assert (event.kind, event.client, event.auth) == (EventKind.RECEIVED, "192.0.2.9", "u")


SPEECH = st.sampled_from([
    "host mx[192.0.2.7] said: ", "host mx[192.0.2.7] refused to talk to me: ", "Cannot start TLS: ",
    "warning: ", "breaking line ", "to", "",
])  # fmt: skip


@given(
    st.sampled_from(["smtp", "lmtp", "local", "pipe", "error", "qmgr", "discard"]), SPEECH, STRANGE
)
def test_what_a_server_says_on_the_way_is_no_result(daemon: str, speech: str, said: str) -> None:
    if (speech + said).startswith(("to=", "from=<", "removed")):
        return
    for event in read(f"postfix/{daemon}", f"8C2A1F0D3: {speech}{said}"):
        assert (event.queue_id, event.outcome, event.recipient) == ("8C2A1F0D3", None, "")
        assert event.kind in (EventKind.ATTEMPT, EventKind.UNKNOWN)
