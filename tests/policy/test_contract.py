"""The public names: verbs, options, JSON keys, exit codes, query keys, paths, settings.

What stands here is promised to scripts: fields may be added, none renamed or removed. A change
that makes one of these tests fail breaks somebody's script, whatever else it improves.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.commands import LOGS, ROOT
from tests.policy.promised import EXPLAINED, REPLY, ROW, TRACE, has, lines, run, told
from tracer import errors
from tracer.config import described, load
from tracer.model import FAILED, Outcome
from tracer.query import Term, parse_query
from webui.cli import COMMANDS, mailtracer

OUTCOMES = """pending deferred delivered relayed junked quarantined discarded expanded bounced
expired rejected suppressed removed unknown""".split()
VERBS = {
    "ingest": "--format --source --host --year --timezone --json",
    "collect": "",
    "search": "--since --until --limit --group --count --json --csv",
    "show": "--json",
    "explain": "--lang --jsonl --json",
    "diagnose": "--sender --recipient --ip --helo --selector --nameserver --json --fail-on",
    "verify": "--ip --helo --mail-from --jsonl --nameserver --json",
    "spf": "--jsonl --nameserver",
    "dmarc": "--jsonl --nameserver",
    "export": "--format --columns --json -o",
    "serve": "--listen",
    "demo": "--once",
    "rebuild": "", "doctor": "--json", "backup": "", "restore": "", "source": "", "user": "",
    "token": "",
    "config": "", "version": "",
}  # fmt: skip
INGESTED = """lines events unparsed duplicates messages deliveries first_at last_at seconds
lines_per_s""".split()
EXPORTED = "rows octets sha256 seconds".split()
KEYS = """from to addr domain fromdomain todomain subject msgid qid id status cause code reply relay
ip helo host source dir tls auth""".split()
VALUES = {"status": "failed", "dir": "outbound", "ip": "192.0.2.1", "tls": "yes", "code": "550"}
CODES = {0, 1, 2, 65, 69, 75, 78, 130}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("home")
    told("ingest", "--home", str(where), "--timezone", "UTC", "--json", *LOGS)
    return where


# Outcomes


def test_the_vocabulary_of_outcomes() -> None:
    assert {outcome.value for outcome in Outcome} == set(OUTCOMES)
    assert {outcome.value for outcome in FAILED} == {"bounced", "expired", "rejected", "suppressed"}


# Commands


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_config_home_and_help_with_examples(verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert re.search("Examples?:", result.stdout)
    has(result.stdout, ["--home", "--config", *VERBS[verb].split()])


def test_no_command_is_without_help() -> None:
    for name in COMMANDS:
        command = mailtracer.get_command(click.Context(mailtracer), name)  # type: ignore[attr-defined]
        assert command.help, name


def test_ingest(home: Path) -> None:
    again = told("ingest", "--home", str(home), "--timezone", "UTC", "--json", *LOGS)
    assert list(again)[: len(INGESTED)] == INGESTED
    assert again["duplicates"] == again["events"] > 0  # reading it again changes nothing


def test_search_gives_rows_a_line_each_and_the_same_as_csv(home: Path) -> None:
    where = ("--home", str(home), "--since", "all", "--limit", "0")
    rows = lines("search", *where, "--json")
    assert [list(row)[: len(ROW)] for row in rows] == [ROW] * len(rows) != []
    table = list(csv.DictReader(io.StringIO(run("search", *where, "--csv").stdout)))
    assert [row["id"] for row in table] == [row["id"] for row in rows]
    has(table[0], ROW)


def test_absent_text_is_empty_and_absent_numbers_and_times_are_null(home: Path) -> None:
    for row in lines("search", "--home", str(home), "--since", "all", "--limit", "0", "--json"):
        for name, value in row.items():
            if name in ("size", "attempts", "delay_s"):
                assert value is None or isinstance(value, int | float)
            elif name == "queue_ids":
                assert all("/" in one for one in value)
            elif name.endswith("_at"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", value)
            else:
                assert isinstance(value, str), name
        assert row["direction"] in ("inbound", "outbound", "relayed", "internal", "")
        assert row["status"] in OUTCOMES


def test_search_is_newest_first_and_fifty_at_most(home: Path) -> None:
    times = [
        row["received_at"]
        for row in lines("search", "--home", str(home), "--since", "all", "--json")
    ]
    assert times == sorted(times, reverse=True)
    help_ = run("search", "--help").stdout
    assert "48h" in help_ and "50" in help_


def test_count_is_one_object(home: Path) -> None:
    found = told("search", "--home", str(home), "--since", "all", "--count")
    assert set(found) >= {"count", "complete_until"}


@pytest.mark.parametrize("field", ["id", "queue_id", "message_id"])
def test_show_takes_any_id(home: Path, field: str) -> None:
    rows = lines("search", "--home", str(home), "--since", "all", "--json")
    wanted = next(row[field] for row in rows if row[field])
    has(told("show", "--home", str(home), wanted, "--json"), TRACE)


def test_explain_one_text_and_many(tmp_path: Path) -> None:
    where = ("--home", str(tmp_path))
    found = told("explain", *where, "--json", REPLY)
    has(found, EXPLAINED)
    has(told("explain", *where, "--lang", "ru", "--json", REPLY), EXPLAINED)
    asked = {"id": "a", "text": REPLY, "reply_code": 550, "enhanced": "5.1.1", "command": "RCPT"}
    (bulk,) = lines("explain", *where, "--jsonl", stdin=json.dumps(asked))
    has(bulk, EXPLAINED[:6])
    assert bulk["id"] == "a"


def test_verify_spf_and_dmarc_in_bulk(tmp_path: Path) -> None:
    where = ("--home", str(tmp_path), "--nameserver", "127.0.0.1:9")  # nobody answers there
    asked: dict[str, Any] = {"id": "1", "message_b64": "RnJvbTogYUBleGFtcGxlCgo="}
    asked |= {"ip": "192.0.2.1", "helo": "h.example", "mail_from": ""}
    (verified,) = lines("verify", "--jsonl", *where, stdin=json.dumps(asked))
    has(verified, ["id", "spf", "dkim", "arc", "dmarc"])
    has(verified["spf"], ["result", "domain"])
    has(verified["arc"], ["result"])
    has(verified["dmarc"], ["result", "policy", "domain"])
    asked = {"id": "2", "ip": "192.0.2.1", "helo": "h.example", "mail_from": "a@example"}
    (spf,) = lines("spf", "--jsonl", *where, stdin=json.dumps(asked))
    has(spf, "id result explanation lookups void_lookups mechanism".split())
    asked = {"id": "3", "from_domain": "example.com", "spf": {"domain": "", "result": "none"},
             "dkim": []}  # fmt: skip
    (dmarc,) = lines("dmarc", "--jsonl", *where, stdin=json.dumps(asked))
    has(dmarc, "id result policy record_domain org_domain queries".split())
    assert dmarc["result"] in ("pass", "fail", "none", "temperror", "permerror")
    assert isinstance(dmarc["queries"], list)


@pytest.mark.parametrize("form", ["csv", "excel", "ndjson", "xlsx", "parquet"])
def test_export(home: Path, tmp_path: Path, form: str) -> None:
    words = ("--home", str(home), "--format", form, "--since", "all")
    for columns in ("summary", "enhanced", "extended", "all"):
        out = tmp_path / columns
        found = told("export", *words, "--columns", columns, "-o", str(out), "--json")
        has(found, EXPORTED)
        assert found["octets"] == out.stat().st_size


def test_a_token_is_printed_once(tmp_path: Path) -> None:
    found = told("token", "create", "--home", str(tmp_path), "--scope", "receipts:read", "--json")
    assert found["token"].startswith("mt_")


def test_exit_codes(tmp_path: Path, home: Path) -> None:
    def kinds(kind: type[errors.TracerError]) -> Iterator[type[errors.TracerError]]:
        yield kind
        for below in kind.__subclasses__():
            yield from kinds(below)

    assert {kind.exit_code for kind in kinds(errors.TracerError)} <= CODES
    where = ("--home", str(home))
    assert run("search", *where, "status:nonsense").exit_code == 2
    assert run("search", *where, "--nonsense").exit_code == 2
    assert run("nonsense").exit_code == 2
    assert run("ingest", *where, str(tmp_path / "absent")).exit_code == 65
    assert run("show", *where, "no-such-id").exit_code == 1
    assert run("search", "--home", str(tmp_path / "empty")).exit_code == 69
    wrong = tmp_path / "config.toml"
    wrong.write_text("[store]\nlive_day = 3\n")
    failed = run("search", "--config", str(wrong))
    assert failed.exit_code == 78
    assert f"{wrong}:2" in failed.stderr and "store.live_days" in failed.stderr


def test_standard_output_carries_only_the_result(tmp_path: Path) -> None:
    result = run("ingest", "--home", str(tmp_path), "--json", LOGS[0], str(tmp_path / "absent"))
    json.loads(result.stdout)
    assert "absent" in result.stderr


# Query language


@pytest.mark.parametrize("key", KEYS)
def test_query_keys(key: str) -> None:
    assert not parse_query(f"{key}:{VALUES.get(key, 'x')}", now_us=0).hints


@pytest.mark.parametrize(
    "text",
    [
        "size:>10M", "delay:>10m", "attempts:>1", "last:2d", "since:2026-11-20", "until:2026-11-21",
        "to:anna@", "to:@corp.example", "to:*anna*", 'subject:"exact"', "-status:delivered",
        "status:bounced,expired", "to:a@ from:b@", "to:a@ OR from:b@", "(to:a@ OR to:b@) qid:4cW",
        "anna@corp.example", "corp.example", "192.0.2.1", "192.0.2.0/24",
        "4cWx1F2",
    ],
)  # fmt: skip
def test_query_forms(text: str) -> None:
    assert not parse_query(text, now_us=1_795_348_800_000_000).hints


def test_a_message_id_and_pasted_headers_are_recognised() -> None:
    for text in ("<20418.5b1e@web01.corp.example>", "Message-ID: <20418.5b1e@web01.corp.example>"):
        where = parse_query(f"{text}\n", now_us=0).where
        assert isinstance(where, Term) and where.key == "msgid"


def test_an_unknown_key_is_searched_as_text_with_a_hint() -> None:
    assert parse_query("nonsense:x", now_us=0).hints


# Settings

EXAMPLE = """
[store]
url = "sqlite:///{home}/mailtracer.db"
live_days = 14
[[source]]
name = "mx1"
kind = "file"
path = "/var/log/mail.log*"
format = "auto"
[[source]]
name = "sg-prod"
kind = "webhook"
provider = "sendgrid"
token = "abcdefghijklmnop"
secrets = ["user:password"]
secrets_file = ""
topic_arns = []
cert_dir = ""
public_url = ""
"""


def test_the_settings_of_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(EXAMPLE)
    config = load(file, tmp_path, {})
    assert config.store.url == f"sqlite:///{tmp_path}/mailtracer.db"
    assert [one.name for one in config.source] == ["mx1", "sg-prod"]
    given = tomllib.loads(EXAMPLE)
    known = {".".join(map(str, place)) for place, _, _ in described()}
    wanted = {f"store.{key}" for key in given["store"]}
    wanted |= {f"source.{key}" for source in given["source"] for key in source}
    assert wanted <= known


def test_settings_come_from_the_environment_and_secrets_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sqlite:////x.db\n")
    environ = {"MAILTRACER_STORE__URL_FILE": str(secret), "MAILTRACER_STORE__LIVE_DAYS": "3"}
    config = load(None, tmp_path, environ)
    assert (config.store.url, config.store.live_days) == ("sqlite:////x.db", 3)


def test_the_home_of_a_checkout_is_var() -> None:
    assert load(None, None, {}).home == ROOT / "var"
