"""compose.yaml brings servers where its first lines say that they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import servers
import yaml

TEXT = (Path(__file__).parents[2] / "compose.yaml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]
NAMED = dict(re.findall(r"^# export (\w+)=(\S+)$", TEXT, re.MULTILINE))


def test_each_url_names_a_port_that_one_service_has_on_this_machine_alone() -> None:
    published = [port.rsplit(":", 1)[0] for each in SERVICES.values() for port in each["ports"]]
    assert sorted(urlsplit(url).netloc.rpartition("@")[2] for url in NAMED.values()) == sorted(
        published
    )
    assert all(address.startswith("127.0.0.1:") for address in published)


def test_each_variable_is_one_that_the_tests_ask_for() -> None:
    assert set(NAMED) <= {kind.variable for kind in servers.SERVERS}


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_a_version_and_says_when_it_is_ready(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z/]+:\d[\w.-]*", service["image"])
    assert service["healthcheck"]["test"]
    assert service["healthcheck"]["retries"] >= 30
