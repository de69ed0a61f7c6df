"""`mailtracer explain` as scripts and people see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from webui.cli import mailtracer

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "notices"
BOUNCE = str(CORPUS / "01_postfix_failure.eml")
CONTRACT = (
    "id cause severity actor confidence facets headline steps tell_user tell_their_admin reference"
).split()
FULL = "552 5.2.2 Mailbox full"
LOG = (
    "2026-11-22T09:57:02+00:00 mx1 postfix/smtpd[11]: 4cXk2R1wPzz5Y: client=pc7[10.0.0.7]\n"
    "2026-11-22T09:57:02+00:00 mx1 postfix/cleanup[12]: 4cXk2R1wPzz5Y: "
    "message-id=<20261122.0957.17@corp.example>\n"
    "2026-11-22T09:57:02+00:00 mx1 postfix/qmgr[13]: 4cXk2R1wPzz5Y: from=<anna@corp.example>, "
    "size=2000, nrcpt=1 (queue active)\n"
    "2026-11-22T09:57:04+00:00 mx1 postfix/smtp[15]: 4cXk2R1wPzz5Y: "
    "to=<j.berg@northwind.example>, relay=mx.northwind.example[192.0.2.53]:25, delay=2, "
    "delays=0.2/0/0.3/1.5, dsn=5.1.1, status=bounced (host mx.northwind.example[192.0.2.53] "
    "said: 550 5.1.1 User unknown (in reply to RCPT TO command))\n"
)


def run(home: Path, *words: str, stdin: str | bytes | None = None, verb: str = "explain") -> Result:
    return CliRunner().invoke(
        mailtracer, [verb, "--home", str(home), *words], input=stdin, catch_exceptions=False
    )


def answer(home: Path, *words: str, stdin: str | bytes | None = None) -> dict[str, object]:
    result = run(home, *words, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    told: dict[str, object] = json.loads(result.stdout)
    return told


def answers(home: Path, lines: str | bytes, *words: str) -> list[dict[str, object]]:
    result = run(home, "--jsonl", *words, stdin=lines)
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_reply_becomes_the_contracts_object(tmp_path: Path) -> None:
    told = answer(tmp_path, FULL)
    assert list(told)[: len(CONTRACT)] == CONTRACT
    assert told["cause"] == "mailbox_full"
    assert (told["severity"], told["actor"], told["confidence"]) == ("hard", "recipient", "high")
    assert told["trace"] == []


def test_words_file_and_standard_input_are_the_same(tmp_path: Path) -> None:
    file = tmp_path / "reply.txt"
    file.write_text(FULL, "utf-8")
    assert answer(tmp_path, FULL) == answer(tmp_path, *FULL.split())
    assert answer(tmp_path, FULL) == answer(tmp_path, str(file))
    assert answer(tmp_path, FULL) == answer(tmp_path, "-", stdin=FULL)
    assert answer(tmp_path, FULL) == answer(tmp_path, stdin=FULL)


def test_facets_make_it_concrete(tmp_path: Path) -> None:
    told = answer(tmp_path, "554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org")
    assert told["cause"] == "ip_blocklisted"
    assert told["facets"] == {"ip": "192.0.2.9", "list": "zen.spamhaus.org"}


def test_bounce_file_explains_every_recipient(tmp_path: Path) -> None:
    told = answer(tmp_path, BOUNCE)
    assert told["kind"] == "failure"
    assert [one["cause"] for one in told["explanations"]] == [  # type: ignore[attr-defined]
        "recipient_unknown",
        "mailbox_full",
    ]
    assert told["notice"]["returned"]["message_id"] == "20261122.0957.17@corp.example"  # type: ignore[index]


def test_language_is_that_of_the_option(tmp_path: Path) -> None:
    result = run(tmp_path, FULL, "--lang", "ru")
    assert "Ящик" in result.stdout
    assert "Сообщите получателю" in result.stdout


def test_person_reads_headline_reply_steps_and_the_answer_to_the_user(tmp_path: Path) -> None:
    out = run(tmp_path, BOUNCE).stdout
    assert "j.berg@northwind.example" in out.splitlines()[2]
    assert "> host mx.northwind.example[192.0.2.53] said: 550 5.1.1" in out
    assert "\n1. " in out
    assert "“Your message “Offer 2026-118” could not be delivered" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("lang", "offer"),
    [("en", "It may be one of these:\n- "), ("ru", "Возможно, это одно из двух:\n- ")],
)
def test_reply_that_nothing_fits_comes_with_the_likeliest_causes(
    tmp_path: Path, lang: str, offer: str
) -> None:
    assert offer in run(tmp_path, "550 5.0.0 Zork", "--lang", lang).stdout
    likeliest = answer(tmp_path, "550 5.0.0 Zork")["likeliest"]
    assert isinstance(likeliest, list)
    assert [list(one) for one in likeliest] == [["cause", "title", "why"]] * 2
    assert offer not in run(tmp_path, "550 5.1.1 User unknown", "--lang", lang).stdout


@pytest.mark.parametrize(
    ("lang", "hint"),
    [("en", "There is no reply code in it"), ("ru", "Здесь нет кода ответа")],
)
def test_text_that_may_be_no_reply_is_said_to_have_no_code(
    tmp_path: Path, lang: str, hint: str
) -> None:
    told = run(tmp_path, "hello there my friend", "--lang", lang).stdout
    assert f"! {hint}" in told
    assert len(told.splitlines()) == 2  # no steps, nobody to write to
    assert answer(tmp_path, "hello there my friend")["hints"] == ["no-code"]
    for reply in ("User unknown", "550 5.0.0 Zork", "5.7.1"):
        assert hint not in run(tmp_path, reply, "--lang", lang).stdout


def test_controls_of_a_reply_do_not_reach_the_terminal(tmp_path: Path) -> None:
    out = run(tmp_path, stdin=b"550 5.1.1 \x1b]0;evil\x07 User unknown").stdout
    assert "\x1b" not in out
    assert "\x07" not in out


def test_headers_show_their_way(tmp_path: Path) -> None:
    out = run(tmp_path, str(CORPUS / "32_ordinary_mail.eml")).stdout
    assert "+370 s  out3.shop.example [203.0.113.8] -> mx2.corp.example" in out


@pytest.mark.parametrize(
    ("text", "fail_on", "code"),
    [
        (FULL, "hard", 1),
        (FULL, "any", 1),
        ("452 4.2.2 Mailbox full", "hard", 0),
        ("452 4.2.2 Mailbox full", "any", 1),
        ("250 2.0.0 Ok: queued as 9F3b", "any", 0),
        ("550 no", "unknown", 1),
        (FULL, "unknown", 0),
    ],
)
def test_fail_on_tells_scripts(tmp_path: Path, text: str, fail_on: str, code: int) -> None:
    assert run(tmp_path, text, "--fail-on", fail_on).exit_code == code


@pytest.mark.parametrize(
    ("words", "stdin", "code", "told"),
    [
        (("no-such-file.eml",), None, 65, "cannot be read"),
        (("-",), "", 65, "nothing to explain"),
        (("-",), b"\x1f\x8b\x08\x00abc", 65, "unpack it first"),
        (("--jsonl", "one", "two"), "", 2, "one file"),
        (("--lang", "de", "x"), None, 2, "de"),
    ],
)
def test_bad_input_says_what_to_do(
    tmp_path: Path, words: tuple[str, ...], stdin: str | bytes | None, code: int, told: str
) -> None:
    result = run(tmp_path, *words, stdin=stdin)
    assert result.exit_code == code
    assert told in result.stderr


# In bulk


def test_each_line_gets_one_in_order(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "text": FULL, "reply_code": "552", "enhanced": "5.2.2", "command": "RCPT"},
        {"id": 2, "text": "451 4.7.1 Greylisted", "reply_code": 451},
        {"id": None, "text": "no words", "reply_code": None, "enhanced": "5.1.1"},
    ]
    told = answers(tmp_path, "\n".join(map(json.dumps, lines)) + "\n\n")
    assert [one["id"] for one in told] == ["a", 2, None]
    assert [one["cause"] for one in told] == ["mailbox_full", "greylisted", "recipient_unknown"]
    assert all(set(CONTRACT) <= set(one) for one in told)


def test_line_may_hold_a_whole_notice(tmp_path: Path) -> None:
    text = Path(BOUNCE).read_text("utf-8")
    (told,) = answers(tmp_path, json.dumps({"id": "dsn", "text": text}))
    assert (told["id"], told["kind"], told["cause"]) == ("dsn", "failure", "recipient_unknown")


def test_bad_line_gets_an_error_and_the_run_goes_on(tmp_path: Path) -> None:
    lines = '{"id": 1, "text": 5}\n{"id": "cut", "te\n{"id": 3, "text": ""}\n[]\n' + json.dumps(
        {"id": 5, "text": FULL}
    )
    result = run(tmp_path, "--jsonl", stdin=lines)
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [one["id"] for one in told] == [1, "cut", 3, None, 5]
    assert ["error" in one for one in told] == [True, True, True, True, False]
    assert "line 1" in told[0]["error"]


def test_line_that_is_too_long_is_one_bad_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.explaining.LONGEST_LINE", 200)
    long = json.dumps({"id": 1, "text": "x" * 1000})
    told = answers(tmp_path, f"{long}\n{json.dumps({'id': 2, 'text': FULL})}\n")
    assert [one["id"] for one in told] == [1, 2]
    assert "error" in told[0]
    assert told[1]["cause"] == "mailbox_full"


def test_nothing_but_bad_lines_is_unusable_input(tmp_path: Path) -> None:
    result = run(tmp_path, "--jsonl", stdin="no json\n")
    assert result.exit_code == 65
    assert json.loads(result.stdout)["error"]


def test_bulk_reads_a_file_as_well(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    file.write_text(json.dumps({"id": 1, "text": FULL}), "utf-8")
    result = run(tmp_path, "--jsonl", str(file), "--lang", "ru")
    assert json.loads(result.stdout)["cause"] == "mailbox_full"


def test_bulk_answers_while_it_reads(tmp_path: Path) -> None:
    """The first answer comes before the input ends, so memory does not grow with it."""
    line = json.dumps({"id": 1, "text": FULL}).encode() + b"\n"
    with subprocess.Popen(
        [sys.executable, "-m", "webui.cli", "explain", "--jsonl", "--home", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdin and running.stdout
        running.stdin.write(line * 400)
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["id"] == 1
        running.stdin.close()
        assert len(running.stdout.readlines()) == 399


# The store


def test_notice_leads_to_the_message_in_the_store(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG, "utf-8")
    assert run(tmp_path, str(log), verb="ingest").exit_code == 0
    told = answer(tmp_path, BOUNCE)
    (id,) = told["trace"]  # type: ignore[misc]
    assert run(tmp_path, id, verb="show").exit_code == 0
    assert f"mailtracer show {id}" in run(tmp_path, BOUNCE).stdout


def test_foreign_notice_leads_nowhere(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG, "utf-8")
    assert run(tmp_path, str(log), verb="ingest").exit_code == 0
    assert answer(tmp_path, str(CORPUS / "07_qmail.eml"))["trace"] == []


def test_explaining_needs_no_store_and_makes_none(tmp_path: Path) -> None:
    assert answer(tmp_path, BOUNCE)["trace"] == []
    assert list(tmp_path.iterdir()) == []


def test_explaining_a_reply_loads_no_database(tmp_path: Path) -> None:
    code = (
        "import sys; from webui.cli import mailtracer; "
        f"mailtracer(['explain', '--home', {str(tmp_path)!r}, '552 5.2.2 Mailbox full'], "
        "standalone_mode=False); sys.exit('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
