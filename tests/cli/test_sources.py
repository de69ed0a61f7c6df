"""The commands `source` and `token`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collectors.webhooks import BY_NAME, known
from collectors.webhooks.intake import store_together
from collectors.webhooks.parcel import parcel
from collectors.webhooks.proving import fingerprint_of
from collectors.webhooks.webhook import HookRequest, Proof
from tracer.model import DAY_US
from tracer.store.engine import open_engine
from tracer.store.receipts import Refusal
from webui.cli import mailtracer


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(mailtracer, [*words, "--home", str(home)])


def add(home: Path, name: str, provider: str, secret: str) -> Result:
    words = ("source", "add", name, "--provider", provider, "--secret", secret, "--json")
    return run(home, *words)


def test_a_source_is_added_listed_and_removed(tmp_path: Path) -> None:
    made = run(
        tmp_path, "source", "add", "sg", "--provider", "sendgrid", "--secret", "u:p", "--json"
    )
    told = json.loads(made.stdout)
    assert told["path"].startswith("/hooks/sg/") and len(told["path"]) > 30
    assert "-u u:p" in told["curl"] and told["url"] in told["curl"]
    listed = json.loads(run(tmp_path, "source", "list", "--json").stdout)
    assert (listed["name"], listed["receipts"], listed["waiting"]) == ("sg", 0, 0)
    assert told["path"] not in json.dumps(listed)
    assert run(tmp_path, "source", "remove", "sg").exit_code == 0
    assert run(tmp_path, "source", "list").stdout == ""


def test_a_new_secret_stands_beside_the_old_one_under_the_same_address(tmp_path: Path) -> None:
    first = run(
        tmp_path, "source", "add", "mg", "--provider", "mailgun", "--secret", "one", "--json"
    )
    again = run(
        tmp_path, "source", "add", "mg", "--provider", "mailgun", "--secret", "two", "--json"
    )
    assert json.loads(first.stdout)["path"] == json.loads(again.stdout)["path"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ses", "--provider", "ses"), "topic_arns of ses is missing"),
        (("mg", "--provider", "mailgun"), "secrets of mg is missing"),
    ],
)
def test_a_source_that_could_not_work_is_not_added(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = run(tmp_path, "source", "add", *words)
    assert done.exit_code == 78
    assert said in done.stderr
    assert run(tmp_path, "source", "list").stdout == ""


def test_secrets_and_tokens_do_not_stand_readable_in_the_store(tmp_path: Path) -> None:
    words = (
        "source",
        "add",
        "mg",
        "--provider",
        "mailgun",
        "--secret",
        "very-secret-key",
        "--json",
    )
    path = json.loads(run(tmp_path, *words).stdout)["path"]
    token = run(tmp_path, "token", "create", "--scope", "receipts:read").stdout.strip()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("mailtracer.db*"))
    for secret in ("very-secret-key", path.rpartition("/")[2], token):
        assert secret.encode() not in stored


def test_a_token_is_printed_once_and_can_be_ended(tmp_path: Path) -> None:
    made = run(tmp_path, "token", "create", "--scope", "receipts:read", "--name", "check", "--json")
    told = json.loads(made.stdout)
    assert told["token"].startswith("mt_") and told["scopes"] == ["receipts:read"]
    listed = run(tmp_path, "token", "list")
    assert told["token"] not in listed.stdout and "in use" in listed.stdout
    assert run(tmp_path, "token", "revoke", "check").exit_code == 0
    assert "revoked" in run(tmp_path, "token", "list").stdout
    assert run(tmp_path, "token", "revoke", "check").exit_code == 1


def test_a_scope_must_have_the_form(tmp_path: Path) -> None:
    done = run(tmp_path, "token", "create", "--scope", "everything")
    assert done.exit_code == 2 and "receipts:read" in done.stderr


def test_a_source_that_cannot_work_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    head = '[[source]]\nname = "sg"\nkind = "webhook"\ntoken = "abcdefghijklmnop-1234"\n'
    for provider, said in (("sendgird", "Did you mean sendgrid"), ("sendgrid", "is missing")):
        file.write_text(f'{head}provider = "{provider}"\n', "utf-8")
        done = run(tmp_path, "source", "list")
        assert done.exit_code == 78
        assert said in done.stderr and "config.toml:" in done.stderr and "of sg" in done.stderr
    file.write_text(f'{head}provider = "sendgrid"\nsecrets_file = "/nowhere"\n', "utf-8")
    assert "config.toml:6: source.secrets_file" in run(tmp_path, "source", "list").stderr


def test_the_list_says_how_a_source_is_doing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[[source]]\nname = "br"\nkind = "webhook"\nprovider = "brevo"\nsilent_hours = 6\n'
        'token = "abcdefghijklmnop-1234"\nsecrets = ["u:old", "u:new"]\n',
        "utf-8",
    )
    assert "nothing yet" in run(tmp_path, "source", "list").stdout
    now_us = time.time_ns() // 1000
    _brought(tmp_path, "u:old", now_us - 30 * DAY_US)
    _brought(tmp_path, "u:new", now_us - DAY_US)
    shown = run(tmp_path, "source", "list").stdout
    assert "silent" in shown and "nothing for more than 6 h" in shown
    assert f"secret {fingerprint_of('u:old')}: unused since" in shown
    told = json.loads(run(tmp_path, "source", "list", "--json").stdout)
    assert (told["state"], told["old_secrets"]) == ("silent", [fingerprint_of("u:old")])
    _refuse(tmp_path, now_us)
    assert "last answer 401: the header X is missing" in run(tmp_path, "source", "list").stdout


def _brought(home: Path, secret: str, at_us: int) -> None:
    body = {"event": "delivered", "email": "bob@fabrikam.example", "ts_epoch": at_us // 1000}
    request = HookRequest("POST", "", {}, "", json.dumps(body).encode(), at_us)
    engine = open_engine(f"sqlite:///{home}/mailtracer.db")
    store_together(engine, [parcel(BY_NAME["brevo"], "br", request, Proof("x", secret))], [])
    engine.dispose()


def _refuse(home: Path, at_us: int) -> None:
    engine = open_engine(f"sqlite:///{home}/mailtracer.db")
    store_together(engine, [], [Refusal("br", at_us, 401, "the header X is missing", "", 0)])
    engine.dispose()


def test_a_recipient_is_erased_by_command(tmp_path: Path) -> None:
    run(tmp_path, "source", "list")
    _brought(tmp_path, "u:p", time.time_ns() // 1000)
    assert run(tmp_path, "source", "erase", "anna").exit_code == 2
    told = run(tmp_path, "source", "erase", "Bob@fabrikam.example").stdout
    assert told == "Events deleted: 1. Requests emptied: 1.\n"


def test_only_drops_the_old_secrets_and_keeps_the_address(tmp_path: Path) -> None:
    first = json.loads(add(tmp_path, "mg", "mailgun", "one").stdout)
    words = ("source", "add", "mg", "--provider", "mailgun", "--only")
    assert run(tmp_path, *words).exit_code == 2
    again = json.loads(run(tmp_path, *words, "--secret", "two", "--json").stdout)
    assert again["path"] == first["path"]
    engine = open_engine(f"sqlite:///{tmp_path}/mailtracer.db")
    with engine.connect() as conn:
        assert known.of_store(conn, tmp_path)["mg"].secrets == ("two",)
    engine.dispose()
