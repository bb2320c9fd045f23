"""Each proxy once for all tests that only ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proxy.standing import PROXIES, Standing, proxied


@pytest.fixture(scope="session", params=PROXIES)
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with proxied(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running
