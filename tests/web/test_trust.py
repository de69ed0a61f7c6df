"""The pages answer only to names that are meant for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.building import empty_store, site
from webui.app import create_app
from webui.trust import LOCAL, is_trusted, local_names


@pytest.mark.parametrize(
    ("listen", "names"),
    [
        ("127.0.0.1:8025", LOCAL),
        ("localhost:8025", LOCAL),
        ("[::1]:8025", LOCAL),
        ("127.0.0.9:8025", (*LOCAL, "127.0.0.9")),
        ("0.0.0.0:8025", ()),
        ("[::]:8025", ()),
        ("192.0.2.1:8025", ()),
        ("mail.corp.example:8025", ()),
    ],
)
def test_a_loopback_address_answers_to_the_names_of_this_machine(
    listen: str, names: tuple[str, ...]
) -> None:
    assert local_names(listen) == names


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("localhost", True),
        ("LOCALHOST:8025", True),
        ("127.0.0.1:1", True),
        ("[::1]:8025", True),
        ("[::1]", True),
        ("", True),
        ("evil.example", False),
        ("evil.example:8025", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:8025", False),
        ("evil.example:8025:localhost", False),
        ("[::2]:8025", False),
        ("[::1", False),
    ],
)
def test_the_port_does_not_matter_and_the_whole_name_does(host: str, trusted: bool) -> None:
    assert is_trusted(host, LOCAL) is trusted


def test_a_name_with_a_dot_before_it_stands_for_all_below() -> None:
    assert is_trusted("trace.corp.example:443", (".corp.example",))
    assert not is_trusted("corp.example", (".corp.example",))


@pytest.mark.parametrize("address", ["/", "/trace?q=a", "/api/v1/deliveries", "/no-such-page"])
def test_a_stranger_name_is_refused_whatever_it_asks_for(tmp_path: Path, address: str) -> None:
    store = empty_store(tmp_path)
    local = create_app(store, replace(site(), trusted_hosts=LOCAL)).test_client()
    refused = local.get(address, headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert "No mail has been read" not in refused.get_data(as_text=True)
    assert local.get("/", headers={"Host": "[::1]:8025"}).status_code == 200
    anywhere = create_app(store, site()).test_client()
    assert anywhere.get("/", headers={"Host": "evil.example"}).status_code == 200
    store.dispose()
