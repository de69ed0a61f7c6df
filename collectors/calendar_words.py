"""Names in stamps: months in the languages a logger may speak, and time zones by their letters.

The journal writes months in the language of the shell it is read in (`LC_TIME`), and the
zone's name instead of its offset (`journalctl -o short-full`).  Names as in glibc's locales
and the tz database.
"""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo

from .year import MONTHS

_LANGUAGES = (
    "jan feb mar apr mai jun jul aug sep okt nov dez",  # German
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    "janv févr mars avril mai juin juil août sept oct nov déc",  # French
    "ene feb mar abr may jun jul ago sep oct nov dic",  # Spanish
    "gen feb mar apr mag giu lug ago set ott nov dic",  # Italian
    "jan fev mar abr mai jun jul ago set out nov dez",  # Portuguese
    "jan feb mrt apr mei jun jul aug sep okt nov dec",  # Dutch
    "jan feb mars april maj juni juli aug sept okt nov dec",  # Swedish
    "jan feb mar apr maj jun jul aug sep okt nov dec",  # Danish
    "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",  # Finnish
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",  # Polish
    "led úno bře dub kvě čen čec srp zář říj lis pro",  # Czech
    "янв фев мар апр мая июн июл авг сен окт ноя дек",  # Russian
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "січ лют бер кві тра чер лип сер вер жов лис гру",  # Ukrainian
    "oca şub mar nis may haz tem ağu eyl eki kas ara",  # Turkish
)
_ASIAN = {f"{number}月": number for number in range(1, 13)}
_MONTHS = {
    **{name: number for words in _LANGUAGES for number, name in enumerate(words.split(), 1)},
    **{name.lower(): number for name, number in MONTHS.items()},
    **_ASIAN,
}

_HOURS = {
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "SAST": 2,
    "MSK": 3, "MSD": 4, "SAMT": 4, "YEKT": 5, "OMST": 6, "NOVT": 7, "KRAT": 7, "IRKT": 8,
    "YAKT": 9, "VLAT": 10, "MAGT": 11, "PKT": 5, "WIB": 7, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9,
    "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
_ZONES: dict[str, tzinfo | None] = {
    "UTC": UTC,
    "GMT": UTC,
    **{name: timezone(timedelta(hours=hours)) for name, hours in _HOURS.items()},
    # Several countries' names: the zone that the log is said to be of decides.
    **dict.fromkeys(("CST", "IST", "BST", "AST", "ACST", "ACDT", "NST", "NDT", "ADT"), None),
}


def month_named(name: str) -> int | None:
    """1 to 12 for "Nov", "ноя", "nov." or "11月"; None for what is no month."""
    return _MONTHS.get(name.removesuffix(".").lower())


def is_zone(name: str) -> bool:
    """Whether letters such as "CET" or "MSK" name a time zone."""
    return name in _ZONES


def zone_lettered(name: str) -> tzinfo | None:
    """The zone of such letters; None where several zones bear that name."""
    return _ZONES[name]
