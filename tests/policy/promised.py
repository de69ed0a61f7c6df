"""What is promised to scripts and asked of more than one way in, and how commands are asked."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from webui.cli import mailtracer

ROW = """id received_at updated_at status cause sender recipient original_recipient subject
message_id direction host queue_id queue_ids client relay size attempts delay_s reply
enhanced_status source""".split()
TRACE = "message deliveries hops events explanation".split()
EXPLAINED = """id cause severity actor confidence facets headline steps tell_user tell_their_admin
reference""".split()
REPLY = "550 5.1.1 <anna@corp.example>: Recipient address rejected: User unknown"


def run(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(mailtracer, words, input=stdin)


def told(*words: str, stdin: str = "") -> Any:
    result = run(*words, stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def lines(*words: str, stdin: str = "") -> list[Any]:
    result = run(*words, stdin=stdin)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def has(found: Any, names: list[str]) -> None:
    assert [name for name in names if name not in found] == []
