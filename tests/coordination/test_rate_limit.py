"""How often a login may ask, and how an answer says so."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from redis.exceptions import ConnectionError as NoCache
from rest_framework.test import APIClient

from coordination.api import rate_limit
from coordination.models import new_id
from tests.cast import Cast
from tests.coordination.test_portals import by_itself, carrying

URL = "/api/v1/locations"


def test_it_says_what_is_left(cast: Cast, settings: Settings) -> None:
    settings.RATE_LIMIT = 5
    answers = [cast.sam.client.get(URL) for _ in range(2)]
    for answer, left in zip(answers, (4, 3), strict=True):
        assert answer["RateLimit-Policy"] == '"default";q=5;w=60'
        assert re.fullmatch(rf'"default";r={left};t=\d+', answer["RateLimit"])


def test_it_refuses_what_is_too_much_of_one_login_alone(cast: Cast, settings: Settings) -> None:
    settings.RATE_LIMIT = 3
    codes = [cast.sam.client.get(URL).status_code for _ in range(3)]
    refused = cast.sam.client.get(URL)
    assert codes == [200, 200, 200]
    assert refused.status_code == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(refused["Retry-After"]) <= 61
    assert '"default";r=0' in refused["RateLimit"]
    assert cast.asha.client.get(URL).status_code == 200


def test_it_counts_what_it_refuses_and_says_so(cast: Cast, settings: Settings) -> None:
    settings.RATE_LIMIT = 5
    portal = carrying(by_itself(cast)[2]["access_token"])
    missing = f"/api/v1/patients/{new_id()}"
    for client, address, code in (
        (cast.sam.client, "/api/v1/access-reviews", 403),
        (cast.sam.client, missing, 404),
        (cast.sam.client, f"{URL}?no=such", 400),
        (portal, "/api/v1/referrals", 403),
        (portal, missing, 404),
    ):
        answer = client.get(address)
        assert answer.status_code == code, answer.content
        assert answer["RateLimit-Policy"] == '"default";q=5;w=60', address
    assert '"default";r=2' in portal.get(missing)["RateLimit"]
    assert '"default";r=1' in cast.sam.client.get(URL)["RateLimit"]
    assert [cast.sam.client.get("/api/v1/access-reviews").status_code for _ in "12"] == [403, 429]


def test_it_counts_nobody_whom_it_does_not_know(cast: Cast) -> None:
    for client in (APIClient(), carrying("nobody's")):
        answer = client.get(URL)
        assert answer.status_code == 401
        assert "RateLimit" not in answer.headers


def test_it_asks_the_database_nothing(cast: Cast, settings: Settings) -> None:
    cast.sam.client.get(URL)

    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            cast.sam.client.get(URL)
        return len(made)

    settings.RATE_LIMIT = 0
    without = queries()
    settings.RATE_LIMIT = 1000
    assert queries() == without


def test_it_lets_everybody_pass_without_the_cache(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMIT = 1
    asked = []

    def away(*args: object, **kwargs: object) -> None:
        asked.append(args)
        raise NoCache

    monkeypatch.setattr(rate_limit, "_counts", rate_limit._Counts())
    monkeypatch.setattr("coordination.api.rate_limit.cache.add", away)
    assert [cast.sam.client.get(URL).status_code for _ in range(5)] == [200] * 5
    assert len(asked) == 1
