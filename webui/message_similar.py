"""Similar cases in words: how many others, since when, and when mail last got through."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext

from tracer.similar import Shared, Similar
from webui import show
from webui.asking import Asked
from webui.i18n import gettext, ngettext, site

SHOWN_DOMAINS = 5

_RAN: dict[Shared, LazyString] = {
    Shared.PROVIDER: lazy_gettext(
        "%(messages)s%(senders)s to the servers of %(name)s ran into the same since %(time)s."
    ),
    Shared.DOMAIN: lazy_gettext(
        "%(messages)s%(senders)s to %(name)s ran into the same since %(time)s."
    ),
    Shared.RECIPIENT: lazy_gettext(
        "%(messages)s%(senders)s to the same recipient ran into the same since %(time)s."
    ),
    Shared.CLIENT: lazy_gettext(
        "%(messages)s%(senders)s from the client %(name)s ran into the same since %(time)s."
    ),
}
_ALONE: dict[Shared, LazyString] = {
    Shared.PROVIDER: lazy_gettext(
        "No other message to the servers of %(name)s ran into this within two days."
    ),
    Shared.DOMAIN: lazy_gettext("No other message to %(name)s ran into this within two days."),
    Shared.RECIPIENT: lazy_gettext(
        "No other message to this recipient ran into this within two days."
    ),
    Shared.CLIENT: lazy_gettext(
        "No other message from the client %(name)s ran into this within two days."
    ),
}


@dataclass(frozen=True, slots=True)
class SimilarView:
    """The section of similar cases; `url` lists them, "" where there are none.

    `domains`: (domain, messages) with the address of each search; `others`: (how many more
    domains, messages to them).
    """

    sentences: tuple[str, ...]
    messages: int
    url: str
    domains: tuple[tuple[str, int, str], ...]
    others: tuple[int, int]


def similar_view(found: Similar) -> SimilarView:
    """The section, in the language and zone of the request."""
    asked = Asked(q=found.query, since=show.iso(found.since_us), until=show.iso(found.until_us))
    listed = found.domains if len(found.domains) > 1 else ()
    rest = listed[SHOWN_DOMAINS:]
    return SimilarView(
        tuple(filter(None, (_ran(found), _worked(found), _one_incident(found)))),
        found.messages,
        asked.url() if found.messages else "",
        tuple((domain, n, _of_domain(asked, domain)) for domain, n in listed[:SHOWN_DOMAINS]),
        (len(rest), sum(n for _, n in rest)),
    )


def _of_domain(asked: Asked, domain: str) -> str:
    return asked.first_page(q=f"{asked.q} todomain:{domain}").url()


def _ran(found: Similar) -> str:
    if not found.messages:
        return str(_ALONE[found.shared]) % {"name": found.name}
    messages = ngettext("%(num)s other message", "%(num)s other messages", found.messages)
    if found.is_more:
        messages = ngettext(
            "at least %(num)s other message", "at least %(num)s other messages", found.messages
        )
    senders = ngettext(" of %(num)s sender", " of %(num)s senders", found.senders)
    told = str(_RAN[found.shared]) % {
        "messages": messages,
        "senders": senders if found.senders and found.messages > 1 else "",
        "name": found.name,
        "time": _at(found.first_us),
    }
    return told[:1].upper() + told[1:]


def _worked(found: Similar) -> str:
    if found.is_about_content:
        return ""
    if found.worked_us is None:
        return gettext("No message got through in these two days.")
    at = _at(found.worked_us)
    if found.worked_us > found.last_us:
        return gettext("Mail gets through again: the last one at %(time)s.", time=at)
    if found.worked_us < found.first_us:
        return gettext("The last one that got through before was at %(time)s.", time=at)
    return gettext("Others got through meanwhile, the last one at %(time)s.", time=at)


def _one_incident(found: Similar) -> str:
    if found.shared is not Shared.PROVIDER or len(found.domains) < 2:
        return ""
    return gettext("All of them go to one provider, so this is one incident.")


def _at(at_us: int) -> str:
    return show.day_and_clock(at_us, site().now_us())
