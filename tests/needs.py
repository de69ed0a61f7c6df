"""Programs that some tests need: absent at home a test skips, absent in CI it fails."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

_ELSEWHERE = "/usr/sbin:/sbin:/usr/local/sbin"  # not on everybody's PATH, but Debian's place


def need(*programs: str) -> str:
    """The path of the first of `programs` that is there; else skip, or fail when CI is set."""
    path = os.environ.get("PATH", os.defpath) + os.pathsep + _ELSEWHERE
    for program in programs:
        if found := shutil.which(program, path=path):
            return found
    missing(f"needs {' or '.join(programs)}, which is not installed")


def missing(reason: str) -> NoReturn:
    """Skip the running test for `reason`, or fail it when CI is set."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (in CI that is a failure)", pytrace=False)
    pytest.skip(reason)
