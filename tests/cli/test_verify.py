"""`mailtracer verify`, `spf` and `dmarc`: the objects of the contract, streams, exit codes."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.arc_sealing import sealed
from tests.cli.commands import started
from tests.dkim_signing import MESSAGE, key_line, rsa_key, signed
from tests.nameserver import NameServer
from tracer.diagnostics.dmarc import AuthResult, evaluate
from webui.cli import mailtracer

ZONE = f"""
    example.com               TXT "v=spf1 ip4:192.0.2.10 exp=why.example.com -all"
    why.example.com           TXT "not from %{{i}}"
    _dmarc.example.com        TXT "v=DMARC1; p=reject; sp=quarantine"
    slow.example              TXT !TIMEOUT
    {key_line("s1._domainkey.example.com", f"v=DKIM1; p={rsa_key()[1]}")}
    {key_line("arc._domainkey.list.example", f"v=DKIM1; p={rsa_key()[1]}")}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with NameServer(ZONE) as running:
        yield running


@pytest.fixture
def run(server: NameServer, tmp_path: Path) -> Any:
    """The command with the test's name server and a home of its own."""

    def call(verb: str, *words: str, stdin: str | bytes = "") -> Result:
        where = ["--home", str(tmp_path), "--nameserver", server.address]
        return CliRunner().invoke(mailtracer, [verb, *where, *words], input=stdin)

    return call


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message.eml"
    path.write_bytes(sealed(signed()))
    return path


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def lines(*asked: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in asked)


def test_a_message_is_verified_with_the_fields_of_the_contract(run: Any, message: Path) -> None:
    result = run(
        "verify", str(message), "--ip", "192.0.2.10", "--helo", "mx.example.com",
        "--mail-from", "anna@example.com", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (told,) = objects(result)
    assert list(told) == ["id", "spf", "dkim", "arc", "dmarc"]
    assert (told["spf"]["result"], told["spf"]["domain"]) == ("pass", "example.com")
    (signature,) = told["dkim"]
    assert {"domain", "selector", "result", "reason"} <= set(signature)
    assert (signature["domain"], signature["selector"]) == ("example.com", "s1")
    assert (signature["result"], signature["reason"]) == ("pass", "")
    assert told["arc"]["result"] == "pass"
    assert told["dmarc"]["result"] == "pass"
    assert (told["dmarc"]["policy"], told["dmarc"]["domain"]) == ("reject", "example.com")


def test_without_an_address_spf_is_none_and_says_why(run: Any, message: Path) -> None:
    (told,) = objects(run("verify", str(message), "--mail-from", "a@example.com", "--json"))
    assert told["spf"]["result"] == "none"
    assert "no IP address was given" in told["spf"]["explanation"]
    assert told["dmarc"]["result"] == "pass"  # by DKIM


def test_the_return_path_is_the_sender_unless_one_is_given(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.eml"
    path.write_bytes(b"Return-Path: <bounce@mail.example.com>\r\n" + MESSAGE)
    (told,) = objects(run("verify", str(path), "--ip", "192.0.2.10", "--json"))
    assert told["spf"]["domain"] == "mail.example.com"
    (told,) = objects(
        run("verify", str(path), "--ip", "192.0.2.10", "--mail-from", "", "--helo",
            "example.com", "--json")
    )  # fmt: skip
    assert (told["spf"]["domain"], told["spf"]["identity"]) == ("example.com", "helo")


def test_a_person_reads_a_line_for_each(run: Any, message: Path) -> None:
    result = run("verify", str(message), "--ip", "198.51.100.1", "--mail-from", "a@example.com")
    words = [line.split()[:2] for line in result.stdout.splitlines()]
    assert words == [["SPF", "fail"], ["DKIM", "pass"], ["ARC", "pass"], ["DMARC", "pass"]]
    assert "not from 198.51.100.1" in result.stdout


def test_messages_are_verified_in_bulk(run: Any) -> None:
    good = base64.b64encode(signed()).decode()
    changed = base64.b64encode(signed().replace(b"At one", b"At two")).decode()
    asked = [
        {"id": "a", "message_b64": good, "ip": "192.0.2.10", "mail_from": "x@example.com"},
        {"id": 7, "message_b64": changed, "ip": "192.0.2.10", "helo": "h", "mail_from": ""},
    ]
    result = run("verify", "--jsonl", stdin=lines(*asked))
    assert result.exit_code == 0
    one, other = objects(result)
    assert (one["id"], one["dmarc"]["result"]) == ("a", "pass")
    assert (other["id"], other["dmarc"]["result"]) == (7, "fail")
    assert other["dkim"][0]["reason"] == "body_changed"


@pytest.mark.parametrize(
    ("head", "result"),
    [
        (b"From: a@example.com, b@example.com\r\n", "fail"),
        (b"From: a@example.com, b@other.example\r\n", "permerror"),
        (b"From: a@example.com\r\nFrom: b@other.example\r\n", "permerror"),
        (b"From: nobody\r\n", "permerror"),
        (b"Subject: x\r\n", "permerror"),
        (b'From: "a@other.example" <a@example.com>\r\n', "fail"),
        (b"From: Anna\r\n <a@example.com>\r\n", "fail"),
    ],
)
def test_the_author_is_one_domain_or_dmarc_cannot_tell(
    run: Any, tmp_path: Path, head: bytes, result: str
) -> None:
    path = tmp_path / "m.eml"
    path.write_bytes(head + b"\r\ntext\r\n")
    (told,) = objects(run("verify", str(path), "--json"))
    assert told["dmarc"]["result"] == result


def test_spf_in_bulk_has_the_fields_of_the_contract(run: Any) -> None:
    asked = [
        {"id": 1, "ip": "192.0.2.10", "helo": "h.example", "mail_from": "a@example.com"},
        {"id": 2, "ip": "192.0.2.11", "helo": "h.example", "mail_from": "a@example.com"},
        {"id": 3, "ip": "nonsense", "helo": "h.example", "mail_from": "a@example.com"},
        {"id": 4, "ip": "192.0.2.10", "helo": "example.com", "mail_from": ""},
    ]
    result = run("spf", "--jsonl", stdin=lines(*asked))
    assert result.exit_code == 0
    told = objects(result)
    for name in ("id", "result", "explanation", "lookups", "void_lookups", "mechanism"):
        assert all(name in one for one in told)
    assert [(one["id"], one["result"]) for one in told] == [
        (1, "pass"), (2, "fail"), (3, "none"), (4, "pass"),
    ]  # fmt: skip
    assert told[0]["mechanism"] == "ip4:192.0.2.10"
    assert told[1]["explanation"] == "not from 192.0.2.11"


def test_dmarc_in_bulk_has_the_fields_of_the_contract(run: Any) -> None:
    asked = [
        {"id": 1, "from_domain": "mail.example.com", "spf": {"domain": "x.org", "result": "pass"},
         "dkim": [{"domain": "example.com", "result": "pass"}]},
        {"id": 2, "from_domain": "example.com"},
        {"id": 3, "from_domain": "example.org", "spf": None, "dkim": []},
    ]  # fmt: skip
    result = run("dmarc", "--jsonl", stdin=lines(*asked))
    assert result.exit_code == 0
    told = objects(result)
    for name in ("id", "result", "policy", "record_domain", "org_domain", "queries"):
        assert all(name in one for one in told)
    assert [(one["result"], one["policy"]) for one in told] == [
        ("pass", "quarantine"), ("fail", "reject"), ("none", ""),
    ]  # fmt: skip
    assert told[0]["queries"][:2] == ["_dmarc.mail.example.com", "_dmarc.example.com"]


def test_a_single_spf_verdict_shows_the_tree(run: Any) -> None:
    result = run("spf", "--ip", "192.0.2.10", "--mail-from", "a@example.com")
    assert "pass" in result.stdout and "→ ip4:192.0.2.10" in result.stdout
    (told,) = objects(run("spf", "--ip", "192.0.2.10", "--mail-from", "a@example.com", "--json"))
    assert told["result"] == "pass"


def test_a_single_dmarc_verdict_names_policy_and_place(run: Any) -> None:
    result = run("dmarc", "mail.example.com", "--dkim", "example.com")
    assert "policy quarantine" in result.stdout
    assert "_dmarc.example.com" in result.stdout


def test_answers_come_in_the_order_of_the_questions(run: Any) -> None:
    domains = ["slow.example" if n % 50 == 0 else "example.com" for n in range(300)]
    asked = [{"id": n, "ip": "192.0.2.10", "helo": "h", "mail_from": f"a@{domain}"}
             for n, domain in enumerate(domains)]  # fmt: skip
    told = objects(run("spf", "--jsonl", stdin=lines(*asked)))
    assert [one["id"] for one in told] == list(range(300))
    assert {one["result"] for one in told[::50]} == {"temperror"}
    assert [one["result"] for one in told].count("pass") == 294


def test_text_that_is_no_unicode_is_answered_all_the_same(run: Any) -> None:
    asked = '{"id": "\\ud800", "ip": "192.0.2.1", "mail_from": "a@\\ud800.example"}\n'
    (told,) = objects(run("spf", "--jsonl", stdin=asked))
    assert (told["id"], told["result"]) == ("\ud800", "none")


def test_a_question_is_asked_once_for_all_lines(run: Any, server: NameServer) -> None:
    del server.asked[:]
    asked = [{"id": n, "ip": "192.0.2.10", "mail_from": "a@example.com"} for n in range(500)]
    run("spf", "--jsonl", stdin=lines(*asked))
    assert server.asked == [("example.com", "TXT")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 2 is not JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ('{"id": 2, "ip": 4}', "“ip” must be a text"),
    ],
)
def test_a_bad_line_is_told_and_the_others_are_answered(run: Any, line: str, said: str) -> None:
    good = '{"id": 1, "ip": "192.0.2.10", "mail_from": "a@example.com"}'
    result = run("spf", "--jsonl", stdin=f"{good}\n{line}\n\n{good}\n")
    assert result.exit_code == 65
    told = objects(result)
    assert [one.get("result") for one in told] == ["pass", None, "pass"]
    assert told[1]["error"] == said
    assert said in result.stderr


@pytest.mark.parametrize("line", [{"id": 1}, {"id": 1, "from_domain": " "}])
def test_dmarc_without_an_author_is_a_bad_line(run: Any, line: dict[str, Any]) -> None:
    result = run("dmarc", "--jsonl", stdin=lines(line, {"id": 2, "from_domain": "example.com"}))
    bad, good = objects(result)
    assert (bad["id"], "from_domain" in bad["error"], "missing or empty" in bad["error"]) == (
        1, True, True,
    )  # fmt: skip
    assert (good["id"], good["result"], result.exit_code) == (2, "fail", 65)


@pytest.mark.parametrize("message_b64", ["", "@@@", None, "AAAA", 4])
def test_a_message_that_is_none_is_a_bad_line(run: Any, message_b64: object) -> None:
    result = run("verify", "--jsonl", stdin=lines({"id": "x", "message_b64": message_b64}))
    (told,) = objects(result)
    assert told["id"] == "x"
    assert ("error" in told) == (message_b64 != "AAAA")


@pytest.mark.parametrize(
    ("level", "ip", "code"),
    [("fail", "198.51.100.1", 1), ("fail", "192.0.2.10", 0), ("error", "198.51.100.1", 1)],
)
def test_fail_on_ends_with_one(run: Any, level: str, ip: str, code: int) -> None:
    words = ("--ip", ip, "--mail-from", "a@example.com", "--fail-on", level)
    assert run("spf", *words).exit_code == code
    asked = lines({"id": 1, "ip": ip, "mail_from": "a@example.com"})
    assert run("spf", "--jsonl", "--fail-on", level, stdin=asked).exit_code == code


def test_fail_on_looks_at_dmarc_of_a_message(run: Any, message: Path, tmp_path: Path) -> None:
    assert run("verify", str(message), "--fail-on", "fail").exit_code == 0
    plain = tmp_path / "plain.eml"
    plain.write_bytes(MESSAGE)
    assert run("verify", str(plain), "--fail-on", "fail").exit_code == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("verify",), 2, "FILE.eml"),
        (("spf",), 2, "--ip"),
        (("dmarc",), 2, "DOMAIN"),
        (("spf", "--nameserver", "dns.example"), 2, "name server"),
        (("verify", "absent.eml"), 65, "cannot be read"),
    ],
)
def test_errors_say_what_to_do(run: Any, words: tuple[str, ...], code: int, said: str) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


def test_an_empty_message_is_unusable(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty.eml"
    path.write_bytes(b"\n\n")
    assert run("verify", str(path)).exit_code == 65


def test_nothing_is_asked_when_nothing_may_leave_this_machine(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text("[diagnostics]\noutbound = false\n")
    words = ["dmarc", "--config", str(settings), "--home", str(tmp_path), "example.com"]
    result = CliRunner().invoke(mailtracer, words)
    assert result.exit_code == 78
    assert "outbound" in result.stderr


def test_a_program_that_waits_for_each_answer_gets_it(server: NameServer, tmp_path: Path) -> None:
    """And closing the input ends the command."""
    words = ("spf", "--jsonl", "--home", str(tmp_path), "--nameserver", server.address)
    process = started(*words)
    assert process.stdin is not None and process.stdout is not None
    for number in range(3):
        asked = {"id": number, "ip": "192.0.2.10", "mail_from": "a@example.com"}
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == number
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


def test_the_commands_are_not_imported_with_the_command_line() -> None:
    import sys

    program = (
        "import sys, webui.cli, tracer.cli.verify; "
        "sys.exit(any(name in sys.modules for name in ('dns', 'spf', 'dkim', 'checkdmarc')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_evaluator_and_the_command_agree(run: Any) -> None:
    from tests.fakes import FakeLookup

    found = evaluate(
        FakeLookup(ZONE), "mail.example.com", AuthResult(domain="example.com", result="pass"), []
    )
    (told,) = objects(run("dmarc", "mail.example.com", "--spf", "example.com", "--json"))
    assert (told["result"], told["policy"]) == (found.result, found.policy)
    assert tuple(told["queries"]) == found.queries
