"""Running servers that several tests ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ingest.serving import ORIGIN, Served, served

TABLE = {
    "ignore_addresses": ["203.0.113.0/24"],
    "site": {
        "shop": {"origins": [ORIGIN], "exclude_pages": ["/admin/*"], "inputs": "off", "sample_ratio": 1},
        "asks": {"origins": [ORIGIN], "consent": "api"},
        "closed": {},
    },
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "data", table=TABLE) as running:
        yield running


@pytest.fixture(scope="session")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that gives nobody much time."""
    deadlines = {"idle": 0.4, "proxy_idle": 0.4, "headers": 0.6, "body": 0.8, "close": 0.3}
    with served(tmp_path_factory.mktemp("hasty") / "data", deadlines=deadlines) as running:
        yield running
