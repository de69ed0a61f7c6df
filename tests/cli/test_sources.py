"""The commands `source` and `token`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

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
