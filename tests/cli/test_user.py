"""The command `user`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracer import passwords
from webui.cli import mailtracer

PASSWORD = "correct horse battery"


def user(home: Path, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(mailtracer, ("user", *words, "--home", str(home)), input=stdin)


def names(home: Path) -> list[str]:
    return [json.loads(line)["name"] for line in user(home, "list", "--json").stdout.splitlines()]


def test_people_come_and_go(tmp_path: Path) -> None:
    first = user(tmp_path, "add", "Anna", stdin=PASSWORD + "\n")
    assert (first.exit_code, first.stdout) == (0, "anna\n")
    assert "ask for a login" in first.stderr
    assert "ask for a login" not in user(tmp_path, "add", "carl", stdin=PASSWORD + "\n").stderr
    assert names(tmp_path) == ["anna", "carl"]
    assert user(tmp_path, "password", "anna", stdin="another password\n").exit_code == 0
    assert user(tmp_path, "remove", "anna").exit_code == 0
    assert names(tmp_path) == ["carl"]
    assert "no login any more" in user(tmp_path, "remove", "carl").stderr


@pytest.mark.parametrize(
    ("words", "stdin", "code", "said"),
    [
        (("add", "bob"), "short\n", 65, "10 characters"),
        (("add", "bob smith"), PASSWORD + "\n", 65, "cannot be a name"),
        (("add", "ANNA"), PASSWORD + "\n", 65, "user password"),
        (("password", "bob"), PASSWORD + "\n", 1, "user list"),
        (("remove", "bob"), "", 1, "user list"),
    ],
)
def test_what_is_wrong_is_said_with_the_next_step(
    tmp_path: Path, words: tuple[str, ...], stdin: str, code: int, said: str
) -> None:
    user(tmp_path, "add", "anna", stdin=PASSWORD + "\n")
    answer = user(tmp_path, *words, stdin=stdin)
    assert answer.exit_code == code
    assert said in answer.stderr


def test_passwords_are_kept_as_salted_hashes() -> None:
    one, two = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)
    assert one != two
    assert PASSWORD not in one
    assert passwords.matches(PASSWORD, one)
    assert passwords.matches(PASSWORD, two)
    assert not passwords.matches(PASSWORD + " ", one)
    assert not passwords.matches(PASSWORD, "")
