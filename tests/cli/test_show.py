"""`mailtracer show`: one message for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import (
    ROW,
    done,
    ingested,
    rows,
    run,
)


def test_show_prints_one_object(home: Path) -> None:
    told = json.loads(done("show", home, "9AA0000002", "--json"))
    assert list(told)[:5] == ["message", "deliveries", "hops", "events", "explanation"]
    assert list(told["message"]) == ROW
    assert [list(row) for row in told["deliveries"]] == [ROW]
    assert [hop["queue_id"] for hop in told["hops"]] == ["9AA0000002"]
    assert told["events"][0]["raw"].endswith("9AA0000002: client=pc7.corp.example[10.0.0.7], "
                                             "sasl_method=PLAIN, sasl_username=carl")  # fmt: skip
    assert told["explanation"]["cause"] == "recipient_unknown"
    assert told["explanation"]["steps"]
    assert [each["why"] for each in told["related"]] == ["notice"]


@pytest.mark.parametrize("name", ["id", "queue_id", "message_id"])
def test_show_finds_a_message_by_each_of_its_names(home: Path, name: str) -> None:
    (row,) = rows(home, "status:bounced")
    told = json.loads(done("show", home, str(row[name]), "--json"))
    assert told["message"] == row


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_show_tells_people_what_happened_and_what_to_do(home: Path, lang: str) -> None:
    told = done("show", home, "9AA0000002", "--lang", lang)
    assert ("has no mailbox" in told) == (lang == "en")
    assert "\n1. " in told
    assert "nobody@partner.example" in told
    assert "postfix/smtp[1452]: 9AA0000002: to=<nobody@partner.example>" in told
    advice = told.partition("\n2026-")[0].splitlines()
    assert not [line for line in advice if "  " in line.strip().partition("  carl@")[0]]


WAITING = """\
{day} mx1 postfix/smtpd[1]: 5AA000000{n}: client=pc7.corp.example[10.0.0.7]
{day} mx1 postfix/qmgr[2]: 5AA000000{n}: from=<carl{n}@corp.example>, size=2000, \
nrcpt=1 (queue active)
{day} mx1 postfix/smtp[3]: 5AA000000{n}: to=<kim@partner.example>, \
relay=mx.partner.example[192.0.2.8]:25, \
delay=5, delays=1/0/2/2, dsn=4.2.1, status=deferred (host mx.partner.example[192.0.2.8] said: \
450 4.2.1 {reply})
"""


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_show_tells_of_the_next_try_and_of_others_as_the_page_does(
    tmp_path: Path, lang: str
) -> None:
    log = tmp_path / "mail.log"
    lines = [(1, "2026-11-20T08:00:00+00:00"), (2, "2026-11-20T08:10:00+00:00")]
    reply = "Mailbox busy, too many connections \x1b[31m"
    log.write_text("".join(WAITING.format(n=n, day=day, reply=reply) for n, day in lines), "utf-8")
    ingested(tmp_path, str(log))
    told = done("show", tmp_path, "5AA0000002", "--lang", lang)
    others, due, gives_up = {
        "en": ("1 other message to the servers of partner.example ran into the same since "
               "2026-11-20 08:00.",
               "Next try: was due at 2026-11-20 08:15; no newer line was read.",
               "Gives up: 2026-11-25 08:10"),
        "ru": ("То же самое на серверах partner.example с 2026-11-20 08:00: ещё 1 письмо.",
               "Следующая попытка: ждали в 2026-11-20 08:15; строк новее не прочитано.",
               "Попытки прекратятся: 2026-11-25 08:10"),
    }[lang]  # fmt: skip
    assert others in told
    assert due in told and gives_up in told
    assert "\x1b" not in told


def test_show_names_the_likeliest_causes_of_a_reply_that_nothing_fits(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    day = "2026-11-20T08:00:00+00:00"
    log.write_text(WAITING.format(n=1, day=day, reply="Zork"), "utf-8")
    ingested(tmp_path, str(log))
    assert "It may be one of these:\n- " in done("show", tmp_path, "5AA0000001")
    assert "Возможно, это одно из двух:\n- " in done("show", tmp_path, "5AA0000001", "--lang", "ru")
    told = json.loads(done("show", tmp_path, "5AA0000001", "--json"))
    assert len(told["explanation"]["likeliest"]) == 2


def test_show_of_nothing_ends_with_1_and_names_it(home: Path) -> None:
    result = run("show", home, "nosuch")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing in the store has the id, queue id or Message-ID nosuch" in result.stderr


def test_show_of_mail_whose_end_the_log_does_not_hold_says_how_long_it_waits(
    tmp_path: Path,
) -> None:
    log = tmp_path / "mail.log"
    log.write_text(
        "2026-11-22T07:00:00+00:00 mx1 postfix/smtpd[7]: 4BB0000001: client=pc[10.0.0.7]\n"
        "2026-11-22T07:00:00+00:00 mx1 postfix/cleanup[8]: 4BB0000001: message-id=<1@x.example>\n"
        "2026-11-22T07:00:01+00:00 mx1 postfix/qmgr[9]: 4BB0000001: from=<a@x.example>, size=9, "
        "nrcpt=1 (queue active)\n"
        "2026-11-22T07:00:03+00:00 mx1 postfix/anvil[3]: statistics: max cache size 1\n"
    )
    ingested(tmp_path, str(log))
    assert "has not been tried yet" in done("show", tmp_path, "4BB0000001")
    with log.open("a") as more:
        more.write("2026-11-22T15:00:00+00:00 mx1 postfix/smtpd[7]: connect from pc[10.0.0.7]\n")
    ingested(tmp_path, str(log))
    told = done("show", tmp_path, "4BB0000001")
    assert "in our queue for 8 hours" in told and "no attempt" in told
    assert "look for the queue id 4BB0000001" in told
