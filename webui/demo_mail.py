"""Sample mail of the last two days for a store that is there to be tried."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from collectors.cli.storing import run
from collectors.files import expand
from collectors.plan import Plan
from collectors.reader import Reader
from collectors.samples import sample_lines
from tracer.config import Config


def load_into(config: Config) -> None:
    """Fill the home of these settings anew; at the end a file `made` tells when."""
    home = config.home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mail.log"
        log.write_text("\n".join(sample_lines(time.time_ns() // 1000)) + "\n", "utf-8")
        inputs, _ = expand([str(log)])
        with Reader() as reader:
            run(config, Plan(tuple(inputs), source="sample"), reader, quiet=True)
    (home / "made").touch()
