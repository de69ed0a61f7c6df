"""The help page: what can be typed into the search box, and what to do from there."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext

pages = Blueprint("guide", __name__)

PASTED: tuple[tuple[str, LazyString], ...] = (
    ("anna@corp.example", lazy_gettext("mail to or from this address")),
    ("anna@", lazy_gettext("this mailbox at any domain")),
    ("corp.example", lazy_gettext("mail to or from this domain")),
    ("anna@corp.example bob@other.example", lazy_gettext("mail between the two")),
    ("192.0.2.1", lazy_gettext("mail that came from this address; networks too: 192.0.2.0/24")),
    ("<20261122.1@corp.example>", lazy_gettext("one message by its Message-ID")),
    ("4cXk2R1wPzz1", lazy_gettext("one message by its queue id")),
    ("invoice 4711", lazy_gettext("words in subjects, addresses and replies")),
)
"""(what one pastes, what it finds)"""

KEYED: tuple[tuple[str, LazyString, str], ...] = (
    ("from: to: addr:", lazy_gettext("sender, recipient, either"), "to:anna@corp.example"),
    ("fromdomain: todomain: domain:", lazy_gettext("the same by domain"), "todomain:corp.example"),
    ("status:", lazy_gettext("the outcome"), "status:failed"),
    ("cause:", lazy_gettext("why it failed"), "cause:mailbox_full"),
    ("subject: reply: text:", lazy_gettext("words within"), 'reply:"over quota"'),
    ("code:", lazy_gettext("SMTP code or enhanced status"), "code:5.7.*"),
    ("msgid: qid: id:", lazy_gettext("Message-ID, queue id, our own id"), "qid:4cXk2R1wPzz1"),
    ("relay:", lazy_gettext("the next server"), "relay:mx.corp.example"),
    ("ip: helo: auth:", lazy_gettext("who handed it in"), "ip:192.0.2.0/24"),
    ("dir:", lazy_gettext("inbound, outbound, relayed, internal"), "dir:outbound"),
    ("host: source:", lazy_gettext("where it was logged"), "host:mx1"),
    ("delay: attempts: size:", lazy_gettext("how long, how often, how large"), "delay:>10m"),
    ("tls:", lazy_gettext("how it was encrypted"), "tls:no"),
    ("last: since: until:", lazy_gettext("when it was received"), "last:2d"),
)
"""(keys of the query language, what they compare, an example)"""


@pages.get("/help")
def help() -> ResponseReturnValue:
    """What can be typed, and what to do next."""
    return render_template("help.html", pasted=PASTED, keyed=KEYED)
