"""Why a webhook's request was turned away, in the reader's language.

The reasons are kept as they were answered, in English: a provider shows them to whoever set
it up. Here each is known again by its shape; one that is not stands as it is.
"""

from __future__ import annotations

import re

from flask_babel import gettext


def _(words: str) -> str:
    """Marks words that are translated when they are shown."""
    return words


_HEADER, _SECRETS = r"[\w-]+", r"any (?:secret|of the (?:signing|public) keys)"

_SHAPES: tuple[tuple[str, str], ...] = (
    (rf"the (?:header (?P<what>{_HEADER})|(?P<named>Authorization) header) is missing",
     _("the header %(what)s is missing")),
    (r"the Authorization header does not match any secret",
     _("the Authorization header matches no secret")),
    (rf"(?P<what>{_HEADER}) does not match: is the key right, .*",
     _("%(what)s does not match: is the key right, and public_url the address as entered?")),
    (r"the certificate (?P<what>.+) is not in cert_dir; put it there",
     _("the certificate %(what)s is not in cert_dir; put it there")),
    (r"the certificate (?P<what>.+) is not valid at this time",
     _("the certificate %(what)s is not valid at this time")),
    (r"the certificate of (?P<what>.+) cannot be fetched now",
     _("the certificate of %(what)s cannot be fetched now")),
    (r"the certificate (?:of )?(?P<what>.+) (?:is too large|cannot be read)",
     _("the certificate of %(what)s cannot be read")),
    (r"the key of this webhook is not known here yet; add it as a secret",
     _("the key of this webhook is not known here yet; add it as a secret")),
    (r"no signature can be read: (?P<what>.*)", _("no signature can be read: %(what)s")),
    (r"the body is no form", _("the body is no form")),
    (rf"(?:the signature in )?(?P<what>{_HEADER}) does not match {_SECRETS}",
     _("the signature in %(what)s matches no secret")),
    (rf"the signature does not match {_SECRETS}", _("the signature matches no secret")),
    (r"the signature header is missing", _("the header with the signature is missing")),
    (r"the signature's timestamp, token or signature is missing",
     _("the signature’s timestamp, token or signature is missing")),
    (r"the signature is not base64", _("the signature is not base64")),
    (r"the signed time cannot be read", _("the signed time cannot be read")),
    (r"the signed time is (?P<old>\d+) s old; at most (?P<most>\d+) s are accepted",
     _("the signed time is %(old)s s old; at most %(most)s s are accepted")),
    (r"the signed time lies in the future; compare the clocks",
     _("the signed time lies in the future; compare the clocks")),
    (r"its token came before, with another body", _("its token came before, with another body")),
    (r"the topic (?P<what>.+) is not among topic_arns",
     _("the topic %(what)s is not among topic_arns")),
    (r"the signature of (?P<what>.+) does not match",
     _("the signature of %(what)s does not match")),
    (r"the signature version is neither 1 nor 2", _("the signature version is neither 1 nor 2")),
    (r"raw message delivery is not signed; switch it off at the topic",
     _("raw message delivery is not signed; switch it off at the topic")),
    (r"(?:this is )?no message of (?P<what>Amazon SNS|Scaleway)\b.*",
     _("this is no message of %(what)s")),
    (r"SigningCertURL .*", _("the address of the certificate is none of this provider’s")),
    (rf"the header (?P<what>{_HEADER}) (?:does not agree with|is not as in) the body",
     _("the header %(what)s does not agree with the body")),
    (r"the field auth of the body .*", _("the field auth of the body matches no API key")),
    (r"the headers webhook-id and webhook-timestamp are needed",
     _("the headers webhook-id and webhook-timestamp are needed")),
    (r"the body is larger than (?P<most>\d+) octets",
     _("the body is larger than %(most)s octets")),
    (r"bodies packed as (?P<what>.+) are not taken", _("bodies packed as %(what)s are not taken")),
    (r"the body is not gzip", _("the body is not gzip")),
    (r"the body is (?P<what>.*)", _("the body cannot be read: %(what)s")),
    (r"(?P<what>[A-Z]+) is not used here", _("%(what)s is not used here")),
    (r"(?P<what>[\w./+-]+) tells nothing of mail", _("%(what)s tells nothing of mail")),
    (r"more than (?P<most>\d+) requests a second; it was asked to come again",
     _("more than %(most)s requests a second; it was asked to come again")),
)  # fmt: skip
_KNOWN = tuple((re.compile(shape, re.DOTALL), words) for shape, words in _SHAPES)


def refused_words(reason: str) -> str:
    """The reason in the reader's language."""
    for shape, words in _KNOWN:
        if found := shape.fullmatch(reason):
            given = {name: value for name, value in found.groupdict().items() if value}
            given.setdefault("what", given.pop("named", ""))
            return gettext(words, **given)
    return reason
