"""A real Postfix, from the first SMTP command to the row that Mailtracer shows.

Two Postfix instances run on loopback and are sent mail that is delivered, refused,
deferred, forwarded, expired and dropped. Their logs are ingested by the command line,
and what it finds is compared with what the SMTP clients were answered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.needs import missing, need
from tests.system.lab.corp import LIST, Pace
from tests.system.lab.destination import (
    Manner,
    accepting,
    hanging_up,
    hesitating,
    refusing,
    refusing_message,
    turning_away,
)
from tests.system.lab.lab import Lab, Letter, Submission
from tests.system.lab.network import Client

Row = dict[str, Any]
PROJECT = Path(__file__).parents[2]
OUTSIDE = Client("mail.northwind.example", "203.0.113.20")
OFFICE = Client("pc-anna.corp.example", "192.0.2.101")
SPAMMER = Client("", "203.0.113.66", "WIN-SRV01")
KIM, ANNA = "kim@northwind.example", "anna@corp.example"


@dataclass(frozen=True)
class Case:
    """One message, and for each recipient the statuses its rows may have."""

    name: str
    client: Client
    sender: str
    subject: str
    expected: dict[str, set[str]]

    @property
    def message_id(self) -> str:
        return f"{self.name}.{os.getpid()}@{self.sender.partition('@')[2]}"

    @property
    def letter(self) -> Letter:
        login = self.sender if self.client is OFFICE else ""
        return Letter(self.sender, tuple(self.expected), self.subject, self.message_id, login=login)


def inbound(name: str, subject: str, **expected: set[str] | str) -> Case:
    return Case(name, OUTSIDE, KIM, subject, _at(expected, "corp.example"))


def outbound(name: str, **expected: set[str] | str) -> Case:
    return Case(name, OFFICE, ANNA, f"About {name}", _at(expected, "example"))


def _at(expected: dict[str, set[str] | str], domain: str) -> dict[str, set[str]]:
    """`anna="delivered"` as `{"anna@corp.example": {"delivered"}}`; outbound `who_northwind`."""
    found = {}
    for who, status in expected.items():
        user, _, below = who.partition("_")
        address = f"{user}@{below}.{domain}" if below else f"{user}@{domain}"
        found[address] = {status} if isinstance(status, str) else status
    return found


CASES = (
    inbound("plain", "Hello", anna="delivered"),
    inbound("russian", "Счёт на оплату №4711", anna="delivered", jonas="delivered"),
    inbound("alias", "For support", support="delivered"),
    inbound("forward", "For Marta", marta="relayed"),
    inbound("half", "One of you", mei="delivered", nobody="rejected"),
    inbound("left", "For Peter", peter="bounced"),
    inbound("grey", "First try", accounts="rejected"),
    inbound("dropped", "You won the prize draw", info="discarded"),
    inbound("unsafe", "Open this unsafe link", olga="rejected"),
    inbound("spam", "[SPAM] Cheap watches", info="bounced"),
    Case("list", OUTSIDE, KIM, "To the team", {LIST: {"expanded", "delivered", "relayed"}}),
    Case("relay", OUTSIDE, KIM, "Relay this", {"x@elsewhere.example": {"rejected"}}),
    Case("helo", SPAMMER, KIM, "Scan", {ANNA: {"rejected"}}),
    Case("blocked", OUTSIDE, "deals@blocked.example", "Deals", {ANNA: {"rejected"}}),
    outbound("sent", a_northwind="relayed", b_northwind="relayed"),
    outbound("unknown", nobody_contoso="bounced"),
    outbound("greylisted", c_fabrikam="relayed"),
    outbound("full", d_tailspin="relayed"),
    outbound("lost", e_universitet="relayed"),
    outbound("content", f_proseware="bounced"),
    outbound("stuck", g_lakeside="expired"),
    outbound("mixed", h_northwind="relayed", i_contoso="bounced", j_fabrikam="relayed",
             k_retired="rejected"),
)  # fmt: skip
BY_NAME = {case.name: case for case in CASES}


def destinations() -> dict[str, Manner]:
    return {
        "northwind.example": accepting(tls=True),
        "contoso.example": refusing("550 5.1.1 <{recipient}>: user unknown"),
        "fabrikam.example": hesitating("450 4.2.0 Greylisted, please try again later"),
        "tailspin.example": hesitating("452 4.2.2 Mailbox full", times=2),
        "universitet.example": hanging_up(times=1),
        "proseware.example": refusing_message("554 5.7.1 Message rejected as spam"),
        "lakeside.example": turning_away("421 4.3.2 Service not available, try again later"),
        "blocked.example": accepting(),
        "pochta.example": accepting(),
    }


@dataclass(frozen=True)
class Played:
    """What was sent, what Postfix logged, and what the destinations took."""

    sent: dict[str, Submission]
    logs: list[Path]
    taken: dict[str, list[tuple[str, ...]]]


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    need("postfix")
    if os.geteuid() != 0:
        missing("starting Postfix needs root")
    if "pcre" not in subprocess.check_output([need("postconf"), "-m"], text=True).split():
        missing("needs postfix-pcre, which is not installed")
    with (
        # Postfix's own user must come through; pytest's folders are private.
        TemporaryDirectory(prefix="mail-lab-", dir="/tmp") as root,
        Lab(Path(root), destinations(), pace=Pace(retry_s=1, lifetime_s=8)) as lab,
    ):
        sent = {case.name: lab.submit(case.client, case.letter) for case in CASES}
        lab.wait_until(lab.is_idle, "all queues are empty", timeout_s=60)
        taken = {
            domain: [mail.recipients for mail in it.received]
            for domain, it in lab.destinations.items()
        }
        yield Played(sent, list(lab.logs().values()), taken)


@pytest.fixture(scope="module")
def home(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("home")
    mailtracer(where, "ingest", "--timezone", "UTC", "--json", *map(str, played.logs))
    return where


@pytest.fixture(scope="module")
def rows(home: Path) -> list[Row]:
    return search(home, "")


def mailtracer(home: Path, verb: str, *words: str) -> str:
    command = [sys.executable, "-m", "webui.cli", verb, "--home", str(home), *words]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def search(home: Path, query: str) -> list[Row]:
    return [json.loads(line) for line in
            mailtracer(home, "search", "--limit", "0", "--json", query).splitlines()]  # fmt: skip


def rows_of(rows: list[Row], case: Case, recipient: str) -> list[Row]:
    """The rows of this case's mail for the address its sender wrote.

    Dropped mail is known by its subject: Postfix had not come to its Message-ID.
    """
    return [
        row
        for row in rows
        if recipient in (row["recipient"], row["original_recipient"])
        and (row["message_id"].strip("<>") or row["subject"]) in (case.message_id, case.subject)
    ]


PAIRS = [(case.name, recipient) for case in CASES for recipient in case.expected]


@pytest.mark.parametrize(("name", "recipient"), PAIRS)
def test_lab_answers_as_the_case_says(played: Played, name: str, recipient: str) -> None:
    sent, expected = played.sent[name], BY_NAME[name].expected[recipient]
    assert (recipient in sent.refused) == (expected == {"rejected"})
    assert (recipient in sent.accepted) == (expected != {"rejected"})


@pytest.mark.parametrize(
    ("name", "recipient"),
    [(name, to) for name, to in PAIRS if BY_NAME[name].expected[to] != {"rejected"}],
)
def test_accepted_recipient_is_found_with_sender_and_status(
    played: Played, rows: list[Row], name: str, recipient: str
) -> None:
    case = BY_NAME[name]
    found = rows_of(rows, case, recipient)
    assert found, f"no row for {recipient} of {case.message_id}"
    assert {row["status"] for row in found} <= case.expected[recipient], found
    assert case.sender in {row["sender"] for row in found}


@pytest.mark.parametrize(
    ("name", "recipient"),
    [(name, to) for name, to in PAIRS if BY_NAME[name].expected[to] == {"rejected"}],
)
def test_refused_recipient_is_found_as_rejected(
    played: Played, rows: list[Row], name: str, recipient: str
) -> None:
    case = BY_NAME[name]
    reply = played.sent[name].refused[recipient]
    found = [
        row
        for row in rows
        if row["recipient"] == recipient
        and row["sender"] == case.sender
        and row["status"] == "rejected"
    ]
    # A milter's refusal is logged without its three digits.
    assert any(reply[4:9] in row["reply"] for row in found), (reply, found)


def test_filter_and_second_host_are_one_row(rows: list[Row]) -> None:
    (row,) = rows_of(rows, BY_NAME["plain"], ANNA)
    hosts = [queue_id.partition("/")[0] for queue_id in row["queue_ids"]]
    assert hosts == ["mx1", "mx1", "mx2"]
    assert row["client"].find("203.0.113.20") >= 0


def test_alias_is_found_by_both_addresses(home: Path) -> None:
    mail = BY_NAME["alias"].message_id
    by_alias = search(home, "to:support@corp.example")
    by_person = search(home, "to:olga@corp.example")
    people = {row["recipient"] for row in by_alias if row["message_id"].strip("<>") == mail}
    assert {"jonas@corp.example", "olga@corp.example"} <= people
    assert mail in {row["message_id"].strip("<>") for row in by_person}


def test_list_members_are_found(home: Path) -> None:
    mail = BY_NAME["list"].message_id
    for member, status in (
        ("sergey@corp.example", "delivered"),
        ("boris@pochta.example", "relayed"),
    ):
        found = [r for r in search(home, f"to:{member}") if r["message_id"].strip("<>") == mail]
        assert status in {row["status"] for row in found}, member


def test_deferred_mail_counts_its_attempts(rows: list[Row]) -> None:
    (row,) = rows_of(rows, BY_NAME["full"], "d@tailspin.example")
    assert row["attempts"] == 3
    assert row["delay_s"] > 0


def test_subject_in_russian_is_decoded(home: Path) -> None:
    found = search(home, "subject:оплату")
    assert {row["subject"] for row in found} == {"Счёт на оплату №4711"}
    assert {row["recipient"] for row in found} == {ANNA, "jonas@corp.example"}


def test_relayed_is_what_destinations_took(played: Played, rows: list[Row]) -> None:
    taken = {to for mails in played.taken.values() for recipients in mails for to in recipients}
    relayed = {row["recipient"] for row in rows if row["status"] == "relayed"}
    assert relayed == taken


def test_every_bounce_has_its_notice(rows: list[Row]) -> None:
    bounced = {row["sender"] for row in rows if row["status"] in ("bounced", "expired")}
    told = {row["recipient"] for row in rows if row["sender"] in ("", "<>")}
    assert bounced <= told


def test_ingesting_again_changes_nothing(played: Played, home: Path, rows: list[Row]) -> None:
    counts = json.loads(
        mailtracer(home, "ingest", "--timezone", "UTC", "--json", *map(str, played.logs))
    )
    assert search(home, "") == rows
    assert counts["unparsed"] == 0
