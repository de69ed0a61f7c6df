"""Settings: where they are read from, which wins, and what a wrong one is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tracer.config import SourceSettings, default_home, described, load
from tracer.errors import ConfigError

EVERYTHING = """
home = "/srv/mail"
[store]
url = "sqlite:////srv/x.db"
live_days = 3
lines_days = 30
[web]
listen = "[::1]:9000"
language = "ru"
timezone = "Europe/Moscow"
trusted_hosts = [".corp.example"]
public_url = "https://trace.corp.example"
audit_days = 90
[archive]
place = "{home}/old"
keep_days = 700
[collect]
in_serve = false
[diagnostics]
outbound = false
nameservers = ["192.0.2.53"]
private = ["192.0.2.0/24"]
ips = ["192.0.2.25"]
helo = "mx.corp.example"
smtp_seconds = 2
blocklists = "/etc/lists.toml"
facts = false
runs_per_minute = 20
keep_days = 30
[exports]
keep_days = 2
at_once_rows = 50
at_a_time = 3
mail_to = "olga@corp.example"
webhook_url = "https://corp.example/hook"
webhook_secret = "bm8gc2VjcmV0IGF0IGFsbCwganVzdCAzMiBvY3RldHM="
[receipts]
keep_days = 5
[smtp]
host = "mail.corp.example"
port = 25
security = "tls"
user = "olga"
password = "written down"
sender = "trace@corp.example"
[[source]]
name = "mx1"
path = "/var/log/mail.log"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text), folder, environ)
    return str(caught.value).replace(str(folder), "")


def test_defaults_need_neither_file_nor_environment(tmp_path: Path) -> None:
    config = load(None, tmp_path, {})
    assert config.home == tmp_path
    assert config.store.url == f"sqlite:///{tmp_path}/mailtracer.db"
    assert config.store.live_days == 14
    assert (config.web.listen, config.web.language) == ("127.0.0.1:8025", "en")
    assert config.source == ()


def test_the_defaults_do_not_pay_for_pydantic(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tracer.config import load;"
        f"load(None, Path({str(tmp_path)!r}), {{}}); sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_without_a_mistake_does_not_pay_for_pydantic(tmp_path: Path) -> None:
    written(tmp_path, '[store]\nlive_days = 3\n[[source]]\nname = "mx1"\npath = "/log"\n')
    code = (
        "import sys; from pathlib import Path; from tracer.config import load;"
        f"load(None, Path({str(tmp_path)!r}), {{}}); sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_means_the_same_with_the_environment_and_without(tmp_path: Path) -> None:
    file = written(tmp_path, EVERYTHING)
    alone = load(file, None, {})
    assert load(file, None, {"MAILTRACER_WEB__LANGUAGE": "ru"}) == alone
    defaults = load(None, tmp_path / "bare", {})
    for place, _, _one in described():
        if place[0] != "source":
            ours, usual = alone, defaults
            for name in place:
                ours, usual = getattr(ours, str(name)), getattr(usual, str(name))
            assert ours != usual, f"{place} is not in EVERYTHING"


def test_a_file_sets_tables_and_sources(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '[store]\nlive_days = 3\n[[source]]\nname = "mx1"\npath = "/var/log/mail.log*"\n',
    )
    config = load(file, tmp_path, {})
    assert config.store.live_days == 3
    assert config.source == (SourceSettings(name="mx1", path="/var/log/mail.log*"),)
    assert config.source[0].kind == "file"


def test_the_environment_wins_over_the_file_key_by_key(tmp_path: Path) -> None:
    file = written(tmp_path, '[web]\nlanguage = "ru"\nlisten = "127.0.0.1:1"\n')
    config = load(file, tmp_path, {"MAILTRACER_WEB__LISTEN": "[::1]:9000"})
    assert (config.web.language, config.web.listen) == ("ru", "[::1]:9000")


def test_the_command_line_wins_over_environment_and_file_for_home(tmp_path: Path) -> None:
    file = written(tmp_path, 'home = "/from/file"\n')
    environ = {"MAILTRACER_HOME": "/from/environment"}
    assert load(file, tmp_path, environ).home == tmp_path
    assert load(file, None, environ).home == Path("/from/environment")
    assert load(file, None, {}).home == Path("/from/file")
    assert load(None, None, {}).home == default_home()


def test_home_is_filled_into_the_store_url(tmp_path: Path) -> None:
    file = written(tmp_path, f'home = "{tmp_path}/one"\n[store]\nurl = "sqlite:///{{home}}/x.db"\n')
    assert load(file, None, {}).store.url == f"sqlite:///{tmp_path}/one/x.db"


def test_a_home_brings_its_own_config_file(tmp_path: Path) -> None:
    written(tmp_path, "[store]\nlive_days = 5\n")
    assert load(None, tmp_path, {}).store.live_days == 5


def test_the_environment_names_the_config_file(tmp_path: Path) -> None:
    file = written(tmp_path, "[store]\nlive_days = 6\n")
    environ = {"MAILTRACER_CONFIG": str(file)}
    assert load(None, tmp_path / "elsewhere", environ).store.live_days == 6


def test_a_secret_is_read_from_the_file_that_holds_it(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("sqlite:////secret.db\n")
    config = load(None, tmp_path, {"MAILTRACER_STORE__URL_FILE": str(secret)})
    assert config.store.url == "sqlite:////secret.db"


def test_other_programs_variables_are_none_of_our_business(tmp_path: Path) -> None:
    assert load(None, tmp_path, {"MAIL": "x", "HOME": "/root"}).home == tmp_path


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        load(None, tmp_path, {}).home = Path("/")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "\n[store]\nlive_day = 3\n",
            "/config.toml:3: store.live_day is not a setting. Did you mean store.live_days?",
        ),
        ("[stor]\nurl = 'x'\n", "/config.toml:1: stor is not a setting. Did you mean store?"),
        ("[zzz]\n", "/config.toml:1: zzz is not a setting."),
        (
            '[store]\nlive_days = "a week"\n',
            "/config.toml:2: store.live_days must be a whole number, not 'a week'.",
        ),
        ("[store]\nlive_days = -1\n", "/config.toml:2: store.live_days must be 0 or more."),
        ("web.listen = 8025\n", "/config.toml:1: web.listen must be text, in quotes, not 8025."),
        (
            '[web]\nlisten = "8025"\n',
            "/config.toml:2: web.listen must be an address and a port, "
            "like 127.0.0.1:8025 or [::1]:8025.",
        ),
        (
            '[web]\nlanguage = "de"\n',
            "/config.toml:2: web.language must be 'en' or 'ru', not 'de'.",
        ),
        (
            '[web]\ntimezone = "Moscow"\n',
            "/config.toml:2: web.timezone must be a time zone's name, like UTC or Europe/Moscow.",
        ),
        (
            '[[source]]\nname = "a"\npath = "/a"\n[[source]]\nname = "b"\n',
            "/config.toml:4: source.path is missing.",
        ),
        (
            '[[source]]\nname = "sg"\nprovider = "sendgrid"\n',
            '/config.toml:1: source.kind is missing; a provider\'s webhook needs kind = "webhook".',
        ),
        (
            '[[source]]\nname = "a"\npath = "/a"\n[[source]]\nname = "a"\npath = "/b"\n',
            "/config.toml:1: source must have different names; there are two named a.",
        ),
        (
            '[[source]]\nname = "a"\npath = "/a"\nkind = "carrier pigeon"\n',
            "/config.toml:4: source.kind must be 'file', 'webhook' or 'api', not 'carrier pigeon'.",
        ),
        (
            '[diagnostics]\nsmtp_seconds = "long"\n',
            "/config.toml:2: diagnostics.smtp_seconds must be a number, not 'long'.",
        ),
        (
            "[diagnostics]\nsmtp_seconds = 60\n",
            "/config.toml:2: diagnostics.smtp_seconds must be between 0.5 and 30.",
        ),
        ("store = 1\n", "/config.toml:1: store must be a table with keys of its own, not 1."),
    ],
)
def test_a_wrong_setting_is_named_with_its_line_and_a_way_out(
    tmp_path: Path, text: str, told: str
) -> None:
    assert refusal(tmp_path, text) == told


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, '[store]\nlive_days = "x"\n[web]\nlanguage = "de"\n')
    assert [line.split(": ")[0] for line in told.splitlines()] == [
        "/config.toml:2",
        "/config.toml:4",
    ]


def test_a_wrong_value_of_the_environment_is_blamed_on_its_variable(tmp_path: Path) -> None:
    told = refusal(tmp_path, "[store]\nlive_days = 2\n", MAILTRACER_STORE__LIVE_DAYS="soon")
    assert told == (
        "MAILTRACER_STORE__LIVE_DAYS: store.live_days must be a whole number, not 'soon'."
    )


def test_an_unknown_variable_of_ours_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    told = refusal(tmp_path, "", MAILTRACER_STOER__URL="x")
    assert told == "MAILTRACER_STOER__URL is not a setting. Did you mean MAILTRACER_STORE__URL?"


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path, "[store]\nlive_days = = 3\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml", tmp_path, {})


def test_a_wrong_setting_ends_with_the_exit_code_for_configuration() -> None:
    assert ConfigError("x").exit_code == 78


def test_a_list_is_written_with_commas_in_the_environment() -> None:
    said = {"MAILTRACER_WEB__TRUSTED_HOSTS": "trace.corp.example, .intra.example,"}
    assert load(None, None, said).web.trusted_hosts == ("trace.corp.example", ".intra.example")


def test_a_list_is_a_list_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[web]\ntrusted_hosts = ["trace.corp.example"]\n', "utf-8")
    assert load(file, None, {}).web.trusted_hosts == ("trace.corp.example",)


def test_one_word_where_a_list_belongs_is_told_with_an_example(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[web]\ntrusted_hosts = "trace.corp.example"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"config.toml:2: web.trusted_hosts must be a list"):
        load(file, None, {})
