"""`mailtracer diagnose`: what it prints where, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.fake_checks import FINE, WEAK, found, saying
from tracer.cli import diagnose as command
from tracer.diagnostics.check import Check
from tracer.diagnostics.model import Finding, Target, Verdict
from tracer.diagnostics.run import chosen
from tracer.diagnostics.world import World
from webui.cli import mailtracer


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two checks that ask nobody, in the place of the real ones."""
    checks = (saying(FINE), saying(WEAK))
    monkeypatch.setattr(command, "chosen", lambda names: chosen(names, checks))


def run(home: Path, *words: str) -> Result:
    where = ["--home", str(home)]
    return CliRunner().invoke(mailtracer, ["diagnose", *where, *words], prog_name="mailtracer")


def test_json_has_the_fields_of_the_contract(tmp_path: Path) -> None:
    result = run(tmp_path, "--sender", "orders@corp.example", "--ip", "192.0.2.7", "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    assert list(told) == ["target", "started_at", "finished_at", "summary", "findings"]
    assert told["target"]["sender"] == "orders@corp.example"
    assert told["target"]["ips"] == ["192.0.2.7"]
    assert told["started_at"].endswith("Z") and told["finished_at"] > told["started_at"]
    assert told["summary"] == {
        "fail": 1, "warning": 0, "unknown": 0, "pass": 1, "na": 0,
        "sentence": "To mend: 1 with the sender, corp.example.",
    }  # fmt: skip
    weak = told["findings"][1]
    fields = "check code verdict side subject params evidence fix".split()
    assert list(weak) == [*fields, "title", "text", "steps", "after"]
    assert (weak["check"], weak["code"], weak["verdict"]) == ("spf", "spf.weak", "fail")
    assert weak["fix"]["records"] == ['corp.example. 3600 IN TXT "v=spf1 mx -all"']
    assert weak["evidence"][0]["at"] == "2026-11-18T11:06:40Z"
    assert told["findings"][0]["fix"] is None


@pytest.mark.parametrize("wish", ["probe_recipient", "probe_catch_all"])
def test_a_mail_host_is_asked_about_addresses_only_when_that_is_wanted(
    tmp_path: Path, wish: str
) -> None:
    asked = ("--recipient", "anna@corp.example", "--json")
    assert json.loads(run(tmp_path, *asked).stdout)["target"][wish] is False
    told = json.loads(run(tmp_path, *asked, f"--{wish.replace('_', '-')}").stdout)
    assert told["target"][wish] is True


def test_the_words_are_in_the_language_asked_for(tmp_path: Path) -> None:
    told = json.loads(run(tmp_path, "--sender", "corp.example", "--json", "--lang", "ru").stdout)
    assert told["summary"]["sentence"].startswith("Нужно исправить")


def test_the_worst_comes_first_with_its_record_on_a_line_of_its_own(tmp_path: Path) -> None:
    lines = run(tmp_path, "--sender", "corp.example").stdout.splitlines()
    assert lines[0] == "To mend: 1 with the sender, corp.example."
    places = {line.split()[0]: place for place, line in enumerate(lines) if line.strip()}
    assert places["FAIL"] < places["pass"]
    assert '    corp.example. 3600 IN TXT "v=spf1 mx -all"' in lines


def test_only_the_named_check_is_run(tmp_path: Path) -> None:
    told = json.loads(run(tmp_path, "--sender", "corp.example", "--check", "spf", "--json").stdout)
    assert [one["check"] for one in told["findings"]] == ["spf"]


@pytest.mark.parametrize(
    ("verdict", "fail_on", "code"),
    [
        (Verdict.FAIL, "fail", 1),
        (Verdict.WARNING, "fail", 0),
        (Verdict.WARNING, "warning", 1),
        (Verdict.UNKNOWN, "warning", 0),
    ],
)
def test_the_exit_code_tells_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, fail_on: str, code: int
) -> None:
    checks = (saying(found("spf.odd", verdict)),)
    monkeypatch.setattr(command, "chosen", lambda names: chosen(names, checks))
    assert run(tmp_path, "--sender", "corp.example", "--fail-on", fail_on).exit_code == code
    assert run(tmp_path, "--sender", "corp.example").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--sender", "no address"),
        ("--sender", "corp.example", "--ip", "192.0.2"),
        ("--sender", "corp.example", "--check", "spv"),
        ("--sender", "corp.example", "--selector", "a/b"),
    ],
)
def test_wrong_usage_ends_with_2_and_prints_no_result(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = run(tmp_path, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Try 'mailtracer diagnose" in result.stderr


def test_a_name_server_that_is_none_is_unusable(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        mailtracer,
        ["diagnose", "--home", str(tmp_path), "--sender", "a.example", "--nameserver", "ns1"],
    )
    assert (result.exit_code, result.stdout) == (65, "")
    assert "192.0.2.1:53" in result.stderr


def test_the_settings_can_forbid_every_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[diagnostics]\noutbound = false\n")
    seen: list[World] = []

    def look(target: Target, world: World) -> list[Finding]:
        seen.append(world)
        world.dns.ask("corp.example", "TXT")
        return []

    checks = (Check(name="spf", run=look, concerns=lambda target: True),)
    monkeypatch.setattr(command, "chosen", lambda names: chosen(names, checks))
    told = json.loads(run(tmp_path, "--sender", "corp.example", "--json").stdout)
    assert [(one["code"], one["verdict"]) for one in told["findings"]] == [("spf.closed", "na")]
    assert (seen[0].smtp, seen[0].https) == (None, None)


def test_progress_is_not_mixed_into_the_result(tmp_path: Path) -> None:
    result = run(tmp_path, "--sender", "corp.example", "--json")
    assert json.loads(result.stdout)
    assert result.stderr == ""


def test_what_a_server_said_cannot_steer_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steering = found("run.closed", Verdict.FAIL, params={"check": "\x1b[2J\x07"})
    checks = (saying(steering, name="spf"),)
    monkeypatch.setattr(command, "chosen", lambda names: chosen(names, checks))
    told = run(tmp_path, "--sender", "corp.example").stdout
    assert "\x1b" not in told and "\x07" not in told and "[2J" in told
