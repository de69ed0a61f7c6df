"""How times, durations, sizes and numbers read, in the language and zone of the request."""

from __future__ import annotations

import re
from datetime import datetime

from babel.dates import format_date
from markupsafe import Markup, escape

from tracer.model import SECOND_US, when
from webui.i18n import gettext, language, ngettext, site, zone

DAY_PATTERNS = {"en": "EEEE d MMMM y", "ru": "EEEE, d MMMM y"}
SHORT_DAY_PATTERNS = {"en": "EEE d MMM", "ru": "EEEEEE, d MMM"}
SEPARATORS = {"en": (",", "."), "ru": ("\N{NO-BREAK SPACE}", ",")}
SAID = (" said: ", " refused to talk to me: ")
IN_REPLY = " (in reply to "
LONGEST_WHOLE = 26  # characters of a heading's word that a screen of 360 px holds
_BLANKS = re.compile(r"(\s+)")
_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNPRINTABLE = re.compile(f"[{_CONTROLS}{_DIRECTIONS}]")
_INNER_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d])(?![\w.+-]*@)")  # those of host names


def local(at_us: int) -> datetime:
    """The time in the reader's zone."""
    return when(at_us).astimezone(zone())


def clock(at_us: int) -> str:
    """Like "08:42:09"."""
    return local(at_us).strftime("%H:%M:%S")


def clock_short(at_us: int) -> str:
    """Like "08:42"."""
    return local(at_us).strftime("%H:%M")


def clock_fine(at_us: int) -> str:
    """Like "08:42:09.114"; whole seconds when the log knows no better."""
    at = local(at_us)
    return at.strftime("%H:%M:%S.%f")[:-3] if at.microsecond else at.strftime("%H:%M:%S")


def day(at_us: int) -> str:
    """Like "Sunday 22 November 2026"."""
    return format_date(local(at_us).date(), DAY_PATTERNS[language()], locale=language())


def day_short(at_us: int) -> str:
    """Like "Sun 22 Nov"; with its year when that is not this one."""
    date, pattern = local(at_us).date(), SHORT_DAY_PATTERNS[language()]
    if date.year != local(site().now_us()).year:
        pattern += " y"
    return format_date(date, pattern, locale=language())


def day_and_clock(at_us: int, near_us: int) -> str:
    """The clock, with the day before it unless it is the day of `near_us`."""
    if local(at_us).date() == local(near_us).date():
        return clock_short(at_us)
    return f"{day_short(at_us)}, {clock_short(at_us)}"


def moment(at_us: int) -> str:
    """The clock; with the day before it when that is not today."""
    if local(at_us).date() == local(site().now_us()).date():
        return clock(at_us)
    return f"{day_short(at_us)}, {clock_short(at_us)}"


def ago(at_us: int) -> str:
    """How long ago that was, in one unit: "5 min ago", "3 days ago"; "just now" within a minute."""
    minutes = (site().now_us() - at_us) // SECOND_US // 60
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return gettext("%(n)s min ago", n=minutes)
    if minutes < 48 * 60:
        return gettext("%(n)s h ago", n=minutes // 60)
    return ngettext("%(num)s day ago", "%(num)s days ago", minutes // 1440)


def clock_utc(at_us: int) -> str:
    """Like "06:57:31", in UTC."""
    return when(at_us).strftime("%H:%M:%S")


def iso(at_us: int) -> str:
    """RFC 3339 in UTC, microseconds only when there are any: "2026-11-22T06:57:31Z"."""
    return when(at_us).isoformat().removesuffix("+00:00") + "Z"


def number(value: float) -> str:
    """Like "31,402.5" or "31 402,5": the separators of the language."""
    thousands, point = SEPARATORS[language()]
    return f"{value:,}".replace(",", "\0").replace(".", point).replace("\0", thousands)


def duration(seconds: float, *, brief: bool = False) -> str:
    """Like "0.21 s", "2 min 6 s", "1 h 15 min 22 s"; brief ones keep the two largest units."""
    if seconds < 0:
        return gettext("clocks differ by %(time)s", time=duration(-seconds, brief=brief))
    if seconds < 60:
        return gettext("%(n)s s", n=_small(seconds))
    total = round(seconds)
    days, hours, minutes = total // 86_400, total // 3600 % 24, total // 60 % 60
    parts = (
        (days, gettext("%(n)s d", n=days)),
        (hours, gettext("%(n)s h", n=hours)),
        (minutes, gettext("%(n)s min", n=minutes)),
        (total % 60, gettext("%(n)s s", n=total % 60)),
    )
    told = [text for count, text in parts if count]
    return " ".join(told[: 2 if brief or days else 3])


def _small(seconds: float) -> str:
    places = 2 if seconds < 1 else 1 if seconds < 10 else 0
    rounded = round(seconds, places)
    return number(int(rounded) if rounded == int(rounded) else rounded)


def size(octets: int) -> str:
    """Like "48 KB", "1.2 MB"; decimal units, as mail programs count."""
    for limit, unit in ((1e9, gettext("GB")), (1e6, gettext("MB")), (1e3, gettext("KB"))):
        if octets >= limit:
            scaled = octets / limit
            shown = number(round(scaled, 1) if scaled < 10 else round(scaled))
            return f"{shown}\N{NO-BREAK SPACE}{unit}"
    return gettext("%(n)s octets", n=octets)


def breakable(text: str, dots: bool = True) -> Markup:
    """Text in which addresses may go on in the next line behind their "@", and with `dots` host
    names before their dots. What is copied from the page has no break in it."""
    safe = str(escape(text)).replace("@", "@<wbr>")
    return Markup(_INNER_DOT.sub("<wbr>.", safe) if dots else safe)


def heading(text: str) -> Markup:
    """A heading in which only names too long for a narrow screen may be parted."""
    words = _BLANKS.split(text)
    return Markup("").join(
        breakable(word) if len(word) > LONGEST_WHOLE else escape(word) for word in words
    )


def reply_core(reply: str) -> str:
    """The reply without what the log wrote around it: from its code on, if it has one.

    Postfix writes `host NAME[ADDRESS] said: REPLY (in reply to COMMAND command)`, or
    `refused to talk to me` in place of `said` for a greeting.
    """
    for said in SAID:
        reply = reply.partition(said)[2] or reply
    return reply.partition(IN_REPLY)[0]


def host_name(relay: str) -> str:
    """The name in "name[address]:port"; the whole where there is no address."""
    return relay.partition("[")[0] or relay


def visible(text: str) -> str:
    """Control and direction-changing characters shown as a mark, for they could lie about text."""
    return text if text.isprintable() else _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, the cut shown."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
