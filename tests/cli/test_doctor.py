"""`mailtracer doctor`, and `config show` and `check`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert

from tests.cli.commands import LOGS, done, ingested
from tracer.config import load
from tracer.doctor import Finding, examine
from tracer.secret_files import keep
from tracer.store import checkpoints
from tracer.store.checkpoints import Followed
from tracer.store.engine import open_engine
from tracer.store.schema import days
from webui.cli import mailtracer

SOURCE = '[[source]]\nname = "mx1"\npath = "{path}"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    ingested(tmp_path, *LOGS, "--timezone", "UTC")
    tmp_path.chmod(0o750)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(mailtracer, words)


def findings(home: Path, *, later_s: float = 0) -> dict[str, Finding]:
    now_us = int((time.time() + later_s) * 1e6)
    return {one.check: one for one in examine(load(None, home, {}), now_us)}


def test_a_home_that_is_well_has_nothing_to_do(home: Path) -> None:
    result = run("doctor", "--home", str(home), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["verdict"]) == (0, "pass")
    bad = [one for one in told["checks"] if one["verdict"] != "pass" and one["check"] != "disk"]
    assert bad == []
    wanted = "settings home disk zones rules mail schema store bulk lines archive jobs exports"
    assert set(wanted.split()) <= {one["check"] for one in told["checks"]}


def test_wrong_settings_are_a_finding_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[store]\nlive_day = 3\n")
    result = run("doctor", "--home", str(tmp_path))
    assert result.exit_code == 1
    assert "config.toml:2" in result.stdout and "BAD" in result.stdout
    assert "-> correct it" in result.stdout


def test_a_key_that_others_can_read_is_bad(home: Path) -> None:
    keep(home, "smtp-password", "x")
    (home / "secret.key").chmod(0o644)
    assert findings(home)["home"].verdict == "fail"
    assert "chmod 600" in findings(home)["home"].next


def test_a_rule_that_is_not_right_is_bad(home: Path) -> None:
    (home / "causes.d").mkdir()
    (home / "causes.d" / "ours.toml").write_text("this is not TOML")
    assert findings(home)["rules"].verdict == "fail"


def test_a_store_of_another_schema_is_bad(home: Path) -> None:
    engine = open_engine(f"sqlite:///{home}/mailtracer.db")
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_later'")
    engine.dispose()
    found = findings(home)["schema"]
    assert (found.verdict, "newer" in found.next) == ("fail", True)


def test_a_store_that_is_no_database_is_bad(home: Path) -> None:
    (home / "mailtracer.db").write_bytes(b"not a database" * 100)
    assert findings(home)["store"].verdict == "fail"


def test_a_source_that_nobody_follows_is_told_with_what_to_start(home: Path) -> None:
    (home / "config.toml").write_text(SOURCE.format(path=home / "mail.log"))
    assert findings(home)["source mx1"].text == "is not followed yet"
    done("collect", home, "--once")
    assert "no such file" in findings(home)["source mx1"].text
    (home / "mail.log").write_bytes(Path(LOGS[0]).read_bytes())
    done("collect", home, "--once")
    assert findings(home)["source mx1"].verdict == "pass"
    late = findings(home, later_s=600)["source mx1"]
    assert (late.verdict, "start" in late.next) == ("warning", True)


def test_what_was_cut_off_and_what_is_missing_is_told(home: Path) -> None:
    engine = open_engine(f"sqlite:///{home}/mailtracer.db")
    with engine.begin() as conn:
        conn.execute(insert(days).values(day="20200101", state="loading", held="", sha256=""))
        conn.execute(insert(days).values(day="20190101", state="sealed", held="", sha256="x"))
        checkpoints.note(conn, Followed("mx9", 0))
    engine.dispose()
    found = findings(home)
    assert found["bulk"].verdict == "warning"
    assert (found["archive"].verdict, "2019-01-01" in found["archive"].text) == ("fail", True)


def test_config_show_tells_values_and_where_they_are_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(
        '[web]\nlanguage = "ru"\n[smtp]\nhost = "m.example"\nsender = "a@m.example"\n'
        'password = "hidden-word"\n' + SOURCE.format(path="/x")
    )
    monkeypatch.setenv("MAILTRACER_WEB__TIMEZONE", "Europe/Moscow")
    result = run("config", "show", "--home", str(tmp_path), "--json")
    told = {one["key"]: one for one in map(json.loads, result.stdout.splitlines())}
    assert told["web.language"]["value"] == "ru"
    assert told["web.language"]["origin"] == f"{tmp_path}/config.toml:2"
    assert told["web.timezone"]["origin"] == "MAILTRACER_WEB__TIMEZONE"
    assert told["store.live_days"]["origin"] == "default"
    assert told["home"]["origin"] == "--home"
    assert told["source[0].path"]["value"] == "/x"
    assert "hidden-word" not in result.stdout


def test_config_show_hides_the_password_of_the_database(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[store]\nurl = "postgresql+psycopg://u:hidden-word@db/x"\n')
    shown = run("config", "show", "--config", str(file)).stdout
    assert "hidden-word" not in shown and "u:***@db" in shown


def test_config_check_ends_with_78_and_the_place(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[web]\nlisten = 1\n")
    bad = run("config", "check", "--config", str(file))
    assert (bad.exit_code, f"{file}:2" in bad.stderr) == (78, True)
    file.write_text("[web]\n")
    assert run("config", "check", "--config", str(file)).exit_code == 0


def test_config_check_refuses_the_webhook_that_serve_refuses(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    token = "a" * 32
    file.write_text(
        f'[[source]]\nkind = "webhook"\nname = "sg"\nprovider = "sendgrid"\ntoken = "{token}"\n'
    )
    checked, served = (
        run(*words, "--config", str(file))
        for words in (("config", "check"), ("serve", "--listen", "127.0.0.1:0"))
    )
    assert checked.exit_code == served.exit_code == 78
    assert f"{file}:1: source.secrets of sg is missing" in checked.stderr
    assert checked.stderr == served.stderr
