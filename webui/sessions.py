"""Who a browser is: a signed cookie that names a person and when the password was set.

Nothing is stored: changing the password or removing the person ends every session, and so do
SESSION_S seconds. The key is the home folder's (tracer.secret_files).
"""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeTimedSerializer

SESSION_S = 12 * 3600
COOKIE = "mailtracer_session"


class Sessions:
    """Makes and reads the cookie's value."""

    def __init__(self, key: bytes) -> None:
        self._signer = URLSafeTimedSerializer(key, salt="session")

    def value(self, name: str, password_us: int) -> str:
        """The cookie of somebody who has just shown the password."""
        return str(self._signer.dumps([name, password_us]))

    def told(self, value: str) -> tuple[str, int] | None:
        """The name and the time of the password; None for what was not made here, or is old."""
        try:
            name, password_us = self._signer.loads(value, max_age=SESSION_S)
        except (BadSignature, ValueError, TypeError):
            return None
        return str(name), int(password_us)
