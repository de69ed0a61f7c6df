"""The commands that evaluate SPF, DKIM, ARC and DMARC: verify, spf, dmarc."""

from __future__ import annotations

import base64
import binascii
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from tracer.cli import with_config
from tracer.cli.streaming import Answering, BadLine, FreshLookup, answers, text_of
from tracer.config import Config
from tracer.diagnostics.authentication import as_json as message_json
from tracer.diagnostics.authentication import authenticate, dmarc_json, spf_json
from tracer.diagnostics.dmarc import AuthResult
from tracer.diagnostics.dmarc import evaluate as evaluate_dmarc
from tracer.diagnostics.lookup import BadNameserver, parse_nameserver
from tracer.diagnostics.spf import SpfNode
from tracer.diagnostics.spf import evaluate as evaluate_spf
from tracer.errors import ConfigError, UnusableInput

_LARGEST = 64 * 1024 * 1024  # octets of a message that is verified
_BAD_LINES = 65
_FAILED = {
    "fail": frozenset({"fail"}),
    "error": frozenset({"fail", "temperror", "permerror"}),
}
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _servers_given(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        for text in texts:
            parse_nameserver(text)
    except BadNameserver as error:
        raise click.BadParameter(str(error)) from error
    return texts


def _common(command: _Command) -> _Command:
    """The options that the three commands share."""
    for option in (
        click.option("--jsonl", is_flag=True, help="Read one JSON object a line from input."),
        click.option(
            "--nameserver", "nameservers", multiple=True, metavar="IP:PORT",
            callback=_servers_given, help="Ask this name server; the system's is left alone.",
        ),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        click.option(
            "--fail-on", type=click.Choice(sorted(_FAILED)),
            help="End with code 1 if the result is a fail; with “error”, or an error.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@with_config
@click.argument("path", required=False, metavar="FILE.eml",
                type=click.Path(path_type=Path, allow_dash=True))  # fmt: skip
@click.option("--ip", default="", metavar="IP", help="The address that the message came from.")
@click.option("--helo", default="", metavar="NAME", help="The name that the client said.")
@click.option("--mail-from", metavar="A", help="The sender of the envelope; else Return-Path:.")
@_common
def verify(
    config: Config, path: Path | None, ip: str, helo: str, mail_from: str | None,
    jsonl: bool, nameservers: tuple[str, ...], as_json: bool, fail_on: str | None,
) -> None:  # fmt: skip
    """Verify SPF, DKIM, ARC and DMARC of a received message.

    SPF needs the address that the message came from: give --ip. The result that --fail-on
    looks at is DMARC's.

    \b
    Examples:
      mailtracer verify message.eml --ip 192.0.2.10 --mail-from anna@corp.example
      mailtracer verify --jsonl < messages.jsonl > verdicts.jsonl
      mailtracer verify message.eml --json --fail-on fail
    """
    fresh = _fresh(config, nameservers)

    def answering(asked: dict[str, Any]) -> dict[str, Any]:
        given = None if asked.get("mail_from") is None else text_of(asked, "mail_from")
        message = _message_of(asked)
        return message_json(
            authenticate(
                fresh(), message, ip=text_of(asked, "ip"), helo=text_of(asked, "helo"),
                mail_from=given,
            )
        )  # fmt: skip

    if jsonl:
        _stream(answering, lambda found: found["dmarc"]["result"], fail_on)
        return
    if path is None:
        raise click.UsageError("Missing argument 'FILE.eml', or --jsonl.")
    message = _read(path)
    found = {"id": path.name} | message_json(
        authenticate(fresh(), message, ip=ip, helo=helo, mail_from=mail_from)
    )
    _print(found, _message_lines(found), as_json)
    _end(fail_on, [found["dmarc"]["result"]])


@click.command()
@with_config
@click.option("--ip", default="", metavar="IP", help="The address of the client.")
@click.option("--helo", default="", metavar="NAME", help="The name that the client says.")
@click.option("--mail-from", default="", metavar="A", help="The sender of the envelope.")
@_common
def spf(
    config: Config, ip: str, helo: str, mail_from: str, jsonl: bool,
    nameservers: tuple[str, ...], as_json: bool, fail_on: str | None,
) -> None:  # fmt: skip
    """Evaluate SPF (RFC 7208) for a client's address and a sender.

    \b
    Examples:
      mailtracer spf --ip 192.0.2.10 --mail-from anna@corp.example
      echo '{"id": 1, "ip": "192.0.2.10", "helo": "mx", "mail_from": "a@corp.example"}' |
        mailtracer spf --jsonl --nameserver 192.0.2.53:53
    """
    fresh = _fresh(config, nameservers)

    def answering(asked: dict[str, Any]) -> dict[str, Any]:
        given = (text_of(asked, name) for name in ("ip", "mail_from", "helo"))
        return spf_json(evaluate_spf(fresh(), *given))

    if jsonl:
        _stream(answering, lambda found: found["result"], fail_on)
        return
    if not ip or not (mail_from or helo):
        raise click.UsageError("Give --ip and --mail-from (or --helo), or --jsonl.")
    verdict = evaluate_spf(fresh(), ip, mail_from, helo)
    found = spf_json(verdict)
    lines = [_said("SPF", found), *(_tree_lines(verdict.tree) if verdict.tree else ())]
    counted = f"{verdict.lookups} of 10 lookups, {verdict.void_lookups} of 2 empty"
    _print(found, [*lines, counted], as_json)
    _end(fail_on, [verdict.result])


@click.command()
@with_config
@click.argument("domain", required=False, metavar="[DOMAIN]")
@click.option("--spf", "spf_domain", default="", metavar="D", help="A domain that passed SPF.")
@click.option("--dkim", "dkim_domains", multiple=True, metavar="D", help="One that signed.")
@_common
def dmarc(
    config: Config, domain: str | None, spf_domain: str, dkim_domains: tuple[str, ...],
    jsonl: bool, nameservers: tuple[str, ...], as_json: bool, fail_on: str | None,
) -> None:  # fmt: skip
    """Evaluate DMARC (RFC 9989) for a domain in From:.

    Results of SPF and DKIM are given as options.

    \b
    Examples:
      mailtracer dmarc corp.example --dkim mail.corp.example
      mailtracer dmarc --jsonl < results.jsonl
    """
    fresh = _fresh(config, nameservers)

    def answering(asked: dict[str, Any]) -> dict[str, Any]:
        spf_result = _results(asked, "spf", [asked.get("spf")] if asked.get("spf") else [])
        dkim_results = _results(asked, "dkim", asked.get("dkim") or [])
        author = text_of(asked, "from_domain").strip()
        if not author:
            raise BadLine("“from_domain” is missing or empty; it is the domain in From:")
        spf = spf_result[0] if spf_result else None
        return dmarc_json(evaluate_dmarc(fresh(), author, spf, dkim_results))

    if jsonl:
        _stream(answering, lambda found: found["result"], fail_on)
        return
    if not domain:
        raise click.UsageError("Missing argument 'DOMAIN', or --jsonl.")
    passed = AuthResult(domain=spf_domain, result="pass") if spf_domain else None
    signed = [AuthResult(domain=name, result="pass") for name in dkim_domains]
    found = dmarc_json(evaluate_dmarc(fresh(), domain, passed, signed))
    _print(found, _dmarc_lines(found), as_json)
    _end(fail_on, [found["result"]])


def _fresh(config: Config, nameservers: tuple[str, ...]) -> FreshLookup:
    if not config.diagnostics.outbound and not nameservers:
        raise ConfigError(
            "the settings keep everything on this machine ([diagnostics] outbound = false), "
            "so no name server can be asked. Set it to true, or give --nameserver."
        )
    return FreshLookup(nameservers or config.diagnostics.nameservers)


def _read(path: Path) -> bytes:
    try:
        if str(path) == "-":
            message = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with path.open("rb") as file:
                message = file.read(_LARGEST + 1)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read: {error.strerror}.") from error
    if len(message) > _LARGEST:
        raise UnusableInput(f"{path} is larger than 64 MiB; no mail is.")
    if not message.strip():
        raise UnusableInput(f"{path} is empty. Save the message with its headers as .eml.")
    return message


def _message_of(asked: dict[str, Any]) -> bytes:
    text = text_of(asked, "message_b64")
    if len(text) > _LARGEST * 4 // 3 + 4:
        raise BadLine("“message_b64” is larger than 64 MiB")
    try:
        message = base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise BadLine("“message_b64” is not base64") from error
    if not message.strip():
        raise BadLine("“message_b64” is missing or empty")
    return message


def _results(asked: dict[str, Any], name: str, found: Any) -> list[AuthResult]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadLine(f"“{name}” must be objects with domain and result")
    return [AuthResult(domain=text_of(one, "domain"), result=text_of(one, "result"))
            for one in found]  # fmt: skip


def _stream(
    answering: Answering, result: Callable[[dict[str, Any]], str], fail_on: str | None
) -> None:
    seen: set[str] = set()
    is_bad = False
    for answer in answers(sys.stdin.buffer, answering):
        click.echo(json.dumps(answer))  # ASCII: a lone surrogate has no UTF-8
        if "error" in answer:
            is_bad = True
            click.echo(f"mailtracer: {answer['error']}", err=True)
        else:
            seen.add(result(answer))
    if is_bad:
        raise click.exceptions.Exit(_BAD_LINES)
    _end(fail_on, seen)


def _end(fail_on: str | None, results: Any) -> None:
    if fail_on and not _FAILED[fail_on].isdisjoint(map(str, results)):
        raise click.exceptions.Exit(1)


def _print(found: dict[str, Any], lines: list[str], as_json: bool) -> None:
    if as_json:
        lines = [json.dumps(found)]
    for line in lines:
        click.echo(line)


_TONES = {"pass": "green", "fail": "red", "permerror": "red", "softfail": "yellow"}


def _said(name: str, found: dict[str, Any], what: str = "") -> str:
    result = found["result"]
    why = found.get("detail") or found.get("reason") or found.get("explanation") or ""
    because = f"by {found['mechanism']}" if found.get("mechanism") else ""
    told = click.style(f"{result:10}", fg=_TONES.get(result, "yellow"))
    return f"{name:6}{told}{'  '.join(filter(None, (what, because, why)))}".rstrip()


def _message_lines(found: dict[str, Any]) -> list[str]:
    signatures = [
        _said("DKIM", one, f"{one['domain']} ({one['selector']})") for one in found["dkim"]
    ]
    return [
        _said("SPF", found["spf"], found["spf"]["domain"]),
        *(signatures or [_said("DKIM", {"result": "none"}, "the message is not signed")]),
        _said("ARC", found["arc"]),
        *_dmarc_lines(found["dmarc"]),
    ]


def _dmarc_lines(found: dict[str, Any]) -> list[str]:
    policy = f"policy {found['policy']}" if found["policy"] else ""
    place = f"from _dmarc.{found['record_domain']}" if found["record_domain"] else ""
    return [_said("DMARC", found, " ".join(filter(None, (policy, place))))]


def _tree_lines(node: SpfNode, depth: int = 0) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{node.domain}: {node.record or 'no record'}"
    for term in node.terms:
        mark = "→" if term.matched else " "
        cost = f"  ({term.lookups})" if term.lookups else ""
        problem = f"  ! {term.problem}" if term.problem and not term.node else ""
        yield f"{indent} {mark} {term.text}{cost}{problem}"
        if term.node:
            yield from _tree_lines(term.node, depth + 2)
