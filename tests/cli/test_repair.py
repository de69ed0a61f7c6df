"""The command `source repair`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.fake_api import Asked, FakeApi, Reply, serving
from webui.cli import mailtracer

SETTINGS = """\
[[source]]
name = "sp"
kind = "api"
provider = "{provider}"
api_url = "{url}"
{more}
"""


def answer(asked: Asked, _: str) -> Any:
    event = {
        "type": "delivery", "event_id": "91", "rcpt_to": "bob@fabrikam.example",
        "message_id": "00001", "timestamp": "2026-11-22T10:00:01.000Z",
    }  # fmt: skip
    return {"results": [event], "links": {}}


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(mailtracer, ["source", *words, "--home", str(home)])


def settings(home: Path, fake: FakeApi, more: str, provider: str = "sparkpost") -> None:
    text = SETTINGS.format(provider=provider, url=fake.url, more=more)
    (home / "config.toml").write_text(text, "utf-8")


def test_what_was_missed_is_fetched_and_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key-1\n", "utf-8")
    with serving(answer) as fake:
        settings(tmp_path, fake, f'api_key_file = "{tmp_path}/key"')
        words = ("repair", "sp", "--since", "2026-11-22", "--until", "2026-11-23")
        told = json.loads(run(tmp_path, *words, "--json").stdout)
        again = run(tmp_path, *words)
    assert told == {"provider": "sparkpost", "events": 1, "new": 1, "unread": 0, "requests": 1}
    assert "1 events, 0 of them new, 1 known before." in again.stdout
    assert fake.asked[0].headers["authorization"] == "key-1"
    assert fake.asked[0].query["from"] == "2026-11-22T00:00:00Z"
    found = CliRunner().invoke(
        mailtracer, ["search", "bob@", "--since", "all", "--home", str(tmp_path)]
    )
    assert "delivered" in found.stdout.lower()


def test_a_source_made_by_command_is_given_the_key_on_the_line(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key-2", "utf-8")
    run(tmp_path, "add", "sp2", "--provider", "sparkpost", "--secret", "u:p")
    with serving(answer) as fake:
        more = ("--api-key-file", f"{tmp_path}/key", "--api-url", fake.url)
        done = run(tmp_path, "repair", "sp2", "--since", "2026-11-22", *more)
    assert done.exit_code == 0, done.output
    assert fake.asked[0].headers["authorization"] == "key-2"


@pytest.mark.parametrize(
    ("more", "provider", "said"),
    [
        ("", "sparkpost", "api_key_file"),
        ('api_key_file = "/nowhere/key"', "sparkpost", "cannot be read"),
        ('api_key = "k"', "mailgun", "the sending domain"),
        ('api_key = "k"', "brevo", "has no event API"),
    ],
)
def test_what_is_missing_in_the_settings_is_named(
    tmp_path: Path, more: str, provider: str, said: str
) -> None:
    with serving(answer) as fake:
        settings(tmp_path, fake, more, provider)
        done = run(tmp_path, "repair", "sp", "--since", "1d")
    assert done.exit_code == 78
    assert said in done.stderr
    assert not fake.asked


def test_a_refused_key_ends_with_a_word_and_a_status_of_its_own(tmp_path: Path) -> None:
    with serving(lambda *_: Reply({"errors": []}, 401)) as fake:
        settings(tmp_path, fake, 'api_key = "wrong"')
        done = run(tmp_path, "repair", "sp", "--since", "1d")
    assert done.exit_code == 69
    assert "does not know the key" in done.stderr
    assert "wrong" not in done.output


def test_a_name_that_nobody_knows_and_a_span_that_ends_before_it_begins(tmp_path: Path) -> None:
    run(tmp_path, "list")
    assert run(tmp_path, "repair", "nobody", "--since", "1d").exit_code == 1
    done = run(tmp_path, "repair", "sp", "--since", "1d", "--until", "2d")
    assert done.exit_code == 2 and "earlier" in done.stderr
