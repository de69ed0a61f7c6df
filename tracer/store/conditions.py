"""A query's conditions as SQL over one day: `d` deliveries, `h` hops, and the day's terms and ids.

Values travel as bound parameters only. Needs nothing that a distributed store forbids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_network

from tracer.direction import DIRECTIONS
from tracer.errors import InvalidQuery
from tracer.model import SUCCEEDED
from tracer.query import And, Compare, Match, MatchKind, Node, Not, Or, Term
from tracer.store.more import SUBJECT, in_before
from tracer.store.row_ids import hop_of_row_id
from tracer.store.terms import WHOLE_HOP, Role, Tie, client_key, domain_key, key_of

AUTH = f"coalesce({in_before('auth')}, h.auth)"
CLIENT = in_before("client")
PATH = in_before("path")


class Conditions:
    """Collects the parameters while it writes the SQL of a query for one day."""

    def __init__(self, day: str, low_id: int, high_id: int) -> None:
        self.day = day
        self.parameters: dict[str, object] = {"low": low_id, "high": high_id}
        self._names: dict[tuple[type, object], str] = {}

    def bind(self, value: object) -> str:
        """A placeholder for the value; each costs time in every statement, so the same is one."""
        name = self._names.get((type(value), value))
        if name is None:
            name = self._names[type(value), value] = f"p{len(self.parameters)}"
            self.parameters[name] = value
        return f":{name}"

    def like(self, pattern: str) -> str:
        """LIKE with a pattern in which a backslash takes the meaning from what follows it.

        SQLite prepares a statement anew for each value of a parameter that LIKE is given as it
        is, to see whether an index may help (https://sqlite.org/optoverview.html, 5): never here.
        """
        return f"LIKE ({self.bind(pattern)} || '') ESCAPE '\\'"

    def write(self, node: Node) -> str:
        """SQL that is true for the deliveries that match."""
        match node:
            case And(items):
                quick_first = sorted(items, key=is_quick, reverse=True)
                return self._all(" AND ", quick_first) or "1 = 1"
            case Or(items):
                return self._all(" OR ", items) or "1 = 0"
            case Not(item):
                return f"NOT coalesce({self.write(item)}, false)"
            case Term():
                return self._all_values(node)

    def _all(self, word: str, items: Iterable[Node]) -> str:
        written = [self.write(item) for item in items]
        return f"({word.join(written)})" if written else ""

    def _all_values(self, term: Term) -> str:
        writer = _WRITERS.get(term.key)
        if writer is None:
            raise InvalidQuery(f"{term.key}: cannot be searched", column=term.column)
        return "(" + " OR ".join(writer(self, value) for value in term.values) + ")"

    def sender(self, value: Match | Compare) -> str:
        """Deliveries whose sender matches in one of its forms."""
        kind, text = _kind_and_text(value)
        key = address_key(kind, text)
        if key is None:
            return self.text(value, "h.sender")
        column = "sender_domain_key" if kind is MatchKind.DOMAIN else "sender_key"
        bound = self.bind(key)
        return f"(h.{column} = {bound} OR {self._other(key, Role.SENDER, WHOLE_HOP)})"

    def recipient(self, value: Match | Compare) -> str:
        """Deliveries whose recipient, now or originally, matches in one of its forms."""
        kind, text = _kind_and_text(value)
        key = address_key(kind, text)
        if key is None:
            # Most have no other: what an empty text matches, the recipient matches too.
            other = f"d.original_recipient <> '' AND {self.text(value, 'd.original_recipient')}"
            return f"({self.text(value, 'd.recipient')} OR {other})"
        column = "recipient_domain_key" if kind is MatchKind.DOMAIN else "recipient_key"
        bound = self.bind(key)
        return f"(d.{column} = {bound} OR {self._other(key, Role.RECIPIENT, None)})"

    def either(self, value: Match | Compare) -> str:
        """Deliveries whose sender or recipient matches."""
        return f"({self.sender(value)} OR {self.recipient(value)})"

    def _other(self, key: int, role: Role, n: int | None) -> str:
        own = "d.n" if n is None else str(n)
        return (
            f"EXISTS (SELECT 1 FROM terms_{self.day} WHERE key = {self.bind(str(key))} "
            f"AND role = {int(role)} AND hop_id = d.hop_id AND n = {own})"
        )

    def client(self, value: Match | Compare) -> str:
        """Deliveries that came from an address or a network."""
        first, last = client_range(value)
        low, terms = self.bind(first), f"terms_{self.day} t"
        role = f"t.role = {int(Role.CLIENT)}"
        if first == last:
            within = f"= {low}"
            it = f"t.key {within} AND {role} AND t.hop_id = d.hop_id AND t.n = d.n"
            inherited = f"EXISTS (SELECT 1 FROM {terms} WHERE {it})"
        else:  # listed once for a day: asked for each row, the whole range would be walked
            within = f"BETWEEN {low} AND {self.bind(last)}"
            those = f"SELECT t.hop_id, t.n FROM {terms} WHERE t.key {within} AND {role}"
            inherited = f"(d.hop_id, d.n) IN ({those})"
        own = f"{CLIENT} IS NULL AND h.client_key {within}"
        return f"({own} OR {CLIENT} IS NOT NULL AND {inherited})"

    def message_id(self, value: Match | Compare) -> str:
        """Deliveries of a Message-ID, or of a part of one."""
        kind, text = _kind_and_text(value)
        if kind is not MatchKind.EXACT:
            return self.text(value, "h.message_id")
        return f"h.message_key = {self.bind(key_of(text))}"

    def queue_id(self, value: Match | Compare) -> str:
        """Deliveries of mails that had this queue id on any leg."""
        kind, text = _kind_and_text(value)
        if kind is not MatchKind.EXACT:
            return self.text(value, "h.queue_id", PATH)
        bound = self.bind(text)
        earlier = (
            f"SELECT 1 FROM ties_{self.day} WHERE queue_id = {bound} "
            f"AND kind = {int(Tie.PATH)} AND hop_id = d.hop_id"
        )
        return f"(h.queue_id = {bound} OR EXISTS ({earlier}))"

    def text(self, value: Match | Compare, *columns: str, whole: bool = False) -> str:
        """Columns that contain the text, or are the text if `whole` and exact."""
        kind, text = _kind_and_text(value)
        if whole and kind is MatchKind.EXACT:
            bound = self.bind(text.lower())
            return "(" + " OR ".join(f"lower({column}) = {bound}" for column in columns) + ")"
        if kind not in (MatchKind.WILDCARD, MatchKind.PREFIX):
            kind = MatchKind.TEXT
        if not text.isascii():  # LIKE knows the case of ASCII letters only
            text, columns = text.lower(), tuple(f"lower({column})" for column in columns)
        patterns = [_pattern(kind, text)]
        if kind is MatchKind.PREFIX and text.endswith("@"):
            patterns.append(_pattern(MatchKind.WILDCARD, f"{text[:-1]}+*@*"))
        likes = [self.like(pattern) for pattern in patterns]
        return "(" + " OR ".join(f"{one} {like}" for one in columns for like in likes) + ")"

    def hop(self, value: Match | Compare) -> str:
        """Deliveries of the hop that a row id names."""
        return f"d.hop_id = {self.bind(hop_of_row_id(_kind_and_text(value)[1]) or 0)}"

    def equal(self, value: Match | Compare, column: str) -> str:
        """A column that is one of a few words."""
        return f"{column} = {self.bind(_kind_and_text(value)[1])}"

    def direction(self, value: Match | Compare) -> str:
        """Deliveries that went one way."""
        return f"d.direction = {DIRECTIONS.index(_kind_and_text(value)[1])}"

    def source(self, value: Match | Compare) -> str:
        """Deliveries whose lines came from a source."""
        return (
            f"h.source_id IN (SELECT id FROM sources WHERE {self.text(value, 'name', whole=True)})"
        )

    def number(self, value: Match | Compare, column: str) -> str:
        """A column compared with a number."""
        if isinstance(value, Match):
            raise InvalidQuery(f"{value.text} is not a number")
        return f"{column} {value.op} {self.bind(value.value)}"

    def code(self, value: Match | Compare) -> str:
        """An enhanced status (5.7.1) or a reply code (550)."""
        kind, text = _kind_and_text(value)
        if "." in text:
            return f"d.status {self.like(_pattern(kind, text))}"
        return f"(d.reply {self.like(f'{text}%')} OR d.reply {self.like(f'% {text}_%')})"

    def protection(self, value: Match | Compare) -> str:
        """`no`, or a TLS version, of the last connection."""
        text = _kind_and_text(value)[1].lower()
        if text in ("no", "none"):
            return f"(d.tls = '' AND d.outcome <> 'rejected' AND {_WENT_OUT})"
        if text in ("yes", "any"):
            return "(d.tls <> '' OR h.tls <> '')"
        version = self.like(f"%{text.removeprefix('tlsv')}")
        return f"(d.tls {version} OR h.tls {version})"


def is_quick(node: Node) -> bool:
    """Whether it compares an outcome or a number, and so is tested before what compares texts."""
    return isinstance(node, Term) and node.key in _QUICK


_QUICK = frozenset({"status", "cause", "dir", "size", "delay", "attempts"})
_WENT_OUT = "d.outcome IN ({})".format(", ".join(f"'{one}'" for one in sorted(SUCCEEDED)))

_Writer = Callable[[Conditions, Match | Compare], str]
_WRITERS: dict[str, _Writer] = {
    "from": Conditions.sender,
    "fromdomain": Conditions.sender,
    "to": Conditions.recipient,
    "todomain": Conditions.recipient,
    "addr": Conditions.either,
    "domain": Conditions.either,
    "ip": Conditions.client,
    "msgid": Conditions.message_id,
    "qid": Conditions.queue_id,
    "id": Conditions.hop,
    "status": lambda c, v: c.equal(v, "d.outcome"),
    "cause": lambda c, v: c.equal(v, "d.cause"),
    "dir": Conditions.direction,
    "code": Conditions.code,
    "tls": Conditions.protection,
    "size": lambda c, v: c.number(v, "h.size"),
    "delay": lambda c, v: c.number(v, "d.delay_s"),
    "attempts": lambda c, v: c.number(v, "d.attempts"),
    "subject": lambda c, v: c.text(v, SUBJECT),
    "reply": lambda c, v: c.text(v, "d.reply"),
    "relay": lambda c, v: c.text(v, "d.relay"),
    "helo": lambda c, v: c.text(v, "h.helo"),
    "host": lambda c, v: c.text(v, "h.host", whole=True),
    "source": Conditions.source,
    "auth": lambda c, v: c.text(v, AUTH),
    "text": lambda c, v: c.text(
        v, SUBJECT, "h.sender", "d.recipient", "d.original_recipient", "h.message_id", "d.reply"
    ),
}


def _kind_and_text(value: Match | Compare) -> tuple[MatchKind, str]:
    if isinstance(value, Compare):
        return MatchKind.EXACT, f"{value.value:g}"
    return value.kind, value.text


def _pattern(kind: MatchKind, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if kind is MatchKind.WILDCARD:
        return escaped.replace("*", "%")
    if kind is MatchKind.PREFIX:
        return f"{escaped}%"
    return f"%{escaped}%" if kind is MatchKind.TEXT else escaped


def address_key(kind: MatchKind, text: str) -> int | None:
    """The key to look for; None if the value can only be searched as text."""
    if kind is MatchKind.EXACT:
        return key_of(text)
    return domain_key(text) if kind is MatchKind.DOMAIN else None


def client_range(value: Match | Compare) -> tuple[str, str]:
    """The first and the last client key of an address or a network."""
    text = _kind_and_text(value)[1]
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidQuery(
            f"{text} is not an IP address; write ip:192.0.2.1 or ip:192.0.2.0/24"
        ) from error
    return client_key(str(network[0])), client_key(str(network[-1]))
