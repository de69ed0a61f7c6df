"""The error tree: exceptions are for people and machines; bad data is a value.

TracerError
 ├─ ConfigError         a setting is wrong; the program does not start   exit 78
 ├─ UnusableInput       a file or text cannot be read at all             exit 65
 ├─ InvalidQuery        a search cannot be understood                    exit 2, HTTP 400
 ├─ WebhookRejected     a webhook request did not prove who sent it     HTTP 401
 ├─ NotFound            nothing has this id                              exit 1, HTTP 404
 ├─ SourceUnavailable   another system's API refuses or is away          exit 69, HTTP 502
 └─ StoreUnavailable    the store is locked, full or away                exit 75, HTTP 503
"""

from __future__ import annotations


class Phrase(str):
    """An English sentence that remembers what it was made of, so that it can be translated.

    `template` is what a catalogue of translations knows it by, with `%(name)s` in the
    places of `params`.
    """

    template: str
    params: dict[str, object]

    def __new__(cls, template: str, /, **params: object) -> Phrase:
        made = super().__new__(cls, template % params if params else template)
        made.template = template
        made.params = params
        return made


class TracerError(Exception):
    """Base of every error that Mailtracer raises on purpose."""

    exit_code = 1
    http_status = 500


class ConfigError(TracerError):
    """A setting is wrong; the message names the key and says what to write."""

    exit_code = 78


class UnusableInput(TracerError):
    """An input cannot be read; the message names it and the next step."""

    exit_code = 65
    http_status = 400


class InvalidQuery(TracerError):
    """A query cannot be understood.

    `column` counts from 1; `suggestion` is a corrected piece of query, or `""`; `phrase`
    is the message, for those who translate it.
    """

    exit_code = 2
    http_status = 400

    def __init__(self, message: str, *, column: int = 1, suggestion: str = "") -> None:
        super().__init__(message)
        self.phrase = message if isinstance(message, Phrase) else Phrase(message)
        self.column = column
        self.suggestion = suggestion


class WebhookRejected(TracerError):
    """A request to a webhook's address did not prove who sent it; the message says why."""

    http_status = 401


class NotFound(TracerError):
    """Nothing in the store has this id."""

    http_status = 404


class SourceUnavailable(TracerError):
    """Another system's API refuses or does not answer; the message says what to do."""

    exit_code = 69
    http_status = 502


class AddressUnavailable(TracerError):
    """The address that the pages should listen on is taken, or is none of this machine."""

    exit_code = 69
    http_status = 503


class StoreUnavailable(TracerError):
    """The store cannot be used now; trying again later may work."""

    exit_code = 75
    http_status = 503
