"""The archive at an S3-compatible address: a server on loopback, spoken to by the real client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from tests.cli.commands import done, rows
from tests.cli.test_archive import archive, days, filled, listed, told
from tracer.archive.files import Archive, ArchiveDamaged

__all__ = ["filled"]
PLACE = "s3://mail/days"
_ADDRESS = re.compile(r"Running on (http://\S+)")


def served(*words: str) -> tuple[subprocess.Popen[str], str]:
    """A server for S3 and its address."""
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0", *words],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stderr
    for line in server.stderr:
        if found := _ADDRESS.search(line):
            return server, found.group(1)
    raise AssertionError("the server did not start")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, filled: Path) -> Iterator[Any]:
    """A client of the server at which the archive is to lie; its bucket is there."""
    server, address = served()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (filled / "config.toml").write_text(f'[archive]\nplace = "{PLACE}"\n')
    client = Session().create_client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="mail")
    client.server = server
    yield client
    client.close()
    server.kill()
    server.communicate()


def names(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket="mail").get("Contents", ())]


def test_days_are_sealed_there_exported_from_there_and_brought_back(
    filled: Path, s3: Any, tmp_path: Path
) -> None:
    before, (first, second, *_) = rows(filled), sorted(days(filled))
    told(filled, "seal", first, second)
    assert names(s3) == [f"days/{first}.parquet", f"days/{second}.parquet"]
    assert told(filled, "verify") == "2 of 2 files are as they were sealed\n"
    whole = tmp_path / "all.ndjson"
    done("export", filled, "--since", "all", "--format", "ndjson", "--output", str(whole))
    assert len(whole.read_text("utf-8").splitlines()) == len(before)
    told(filled, "restore", first)
    told(filled, "restore", second)
    assert rows(filled) == before
    told(filled, "release", first)
    told(filled, "seal", first)
    assert listed(filled)[first]["state"] == "sealed"


def test_file_that_was_changed_there_is_told_and_can_be_put_back(filled: Path, s3: Any) -> None:
    first = min(days(filled))
    told(filled, "seal", first)
    key = f"days/{first}.parquet"
    kept = s3.get_object(Bucket="mail", Key=key)["Body"].read()
    assert archive(filled, "verify").exit_code == 0
    s3.put_object(Bucket="mail", Key=key, Body=kept[:-9] + b"x" * 20)
    changed = archive(filled, "verify")
    assert changed.exit_code == 65 and "has changed since it was sealed" in changed.stderr
    assert archive(filled, "restore", first).exit_code == 65
    s3.delete_object(Bucket="mail", Key=key)
    gone = archive(filled, "restore", first)
    assert gone.exit_code == 65 and "is not there" in gone.stderr
    s3.put_object(Bucket="mail", Key=key, Body=kept)
    assert f"{first}: " in told(filled, "restore", first)


def test_file_that_another_program_has_replaced_is_read_as_it_is_now(filled: Path, s3: Any) -> None:
    """As `serve` does, which keeps its connection while a command seals a day again."""
    first, second = sorted(days(filled))[:2]
    told(filled, "seal", first, second)
    place = Archive(PLACE)
    assert place.days() == [second.replace("-", ""), first.replace("-", "")]
    longer = s3.get_object(Bucket="mail", Key=f"days/{second}.parquet")["Body"].read()
    s3.put_object(Bucket="mail", Key=f"days/{first}.parquet", Body=longer)
    s3.delete_object(Bucket="mail", Key=f"days/{second}.parquet")
    assert place.days() == [first.replace("-", "")]
    assert len(list(place.read(first.replace("-", "")))) > 0
    with pytest.raises(ArchiveDamaged, match="is not there"):
        list(place.read(second.replace("-", "")))


def test_place_without_the_bucket_keeps_the_days_in_the_store(filled: Path, s3: Any) -> None:
    before, first = rows(filled), min(days(filled))
    (filled / "config.toml").write_text('[archive]\nplace = "s3://other/days"\n')
    refused = archive(filled, "seal", first)
    assert refused.exit_code == 75 and "archive at other/days cannot be used" in refused.stderr
    assert rows(filled) == before


def test_place_that_is_away_keeps_the_days_in_the_store(filled: Path, s3: Any) -> None:
    before, (first, second, *_) = rows(filled), sorted(days(filled))
    told(filled, "seal", first)
    s3.server.kill()
    s3.server.wait()
    refused = archive(filled, "seal", second)
    assert refused.exit_code == 75 and "cannot be used" in refused.stderr
    assert "Nothing was lost" in refused.stderr
    assert {str(row["received_at"])[:10] for row in before} - days(filled) == {first}
