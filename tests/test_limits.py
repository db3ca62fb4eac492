"""Rate limits: generous to people, bounded for programs, the same in all processes."""

from __future__ import annotations

import multiprocessing
import random
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from search_app import limits
from search_app.limits import RateLimiter, client_of, networks
from tests.site_fixture import site_app


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_client_has_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(per_minute=60, burst=5, clock=clock)
    assert [limiter.wait("a") for _ in range(5)] == [0.0] * 5
    assert limiter.wait("a") == pytest.approx(1.0)
    assert limiter.wait("b") == 0.0, "others are not held back"
    clock.now += 0.5
    assert limiter.wait("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert limiter.wait("a") == 0.0
    clock.now += 3600
    assert [bool(limiter.wait("a")) for _ in range(6)] == [False] * 5 + [True]


def test_over_an_hour_nobody_gets_more_than_burst_and_rate() -> None:
    clock, chance = Clock(), random.Random(3)
    limiter = RateLimiter(per_minute=60, burst=10, clock=clock)
    granted = 0
    while clock.now < 4600:
        granted += not limiter.wait("greedy")
        clock.now += chance.random() * 0.2
    assert 3600 <= granted <= 3611


def test_more_clients_than_places_forget_the_least_busy_and_never_the_busiest() -> None:
    clock = Clock()
    limiter = RateLimiter(per_minute=60, burst=3, clients=64, clock=clock)
    for _ in range(4):
        limiter.wait("busy")
    for number in range(2000):
        assert limiter.wait(f"other {number}") == 0.0 or number > 40
    assert limiter.wait("busy") > 0


def _spend(limiter: RateLimiter, granted: object) -> None:
    count = sum(not limiter.wait("shared") for _ in range(200))
    with granted.get_lock():  # type: ignore[attr-defined]
        granted.value += count  # type: ignore[attr-defined]


def test_all_processes_count_together() -> None:
    context = multiprocessing.get_context("fork")
    limiter = RateLimiter(per_minute=1, burst=100)
    granted = context.Value("i", 0)
    for _ in range(4):
        worker = context.Process(target=_spend, args=(limiter, granted))
        worker.start()
        worker.join(30)
    assert granted.value == 100


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("10.1.2.3", ""),
        ("", ""),
        (None, ""),
        ("unix", ""),
    ],
)
def test_who_is_counted_together(address: str | None, client: str) -> None:
    assert client_of(address, networks(("127.0.0.0/8", "::1", "10.0.0.0/8"))) == client


def test_a_network_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rate_exempt must hold addresses or networks: 'everybody'"):
        site_app(tmp_path, rate_exempt="everybody")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the limiters of applications that are made from here on."""
    told = Clock()
    monkeypatch.setattr(limits, "RateLimiter", partial(RateLimiter, clock=told))
    return told


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> FlaskClient:
    return site_app(tmp_path, rate_limit=6, rate_burst=3, trusted_proxies=1).test_client()


def test_a_script_is_told_when_to_come_back(client: FlaskClient, clock: Clock) -> None:
    who = {"X-Forwarded-For": "203.0.113.9"}
    assert [client.get("/search?q=eye", headers=who).status_code for _ in range(4)] == [200, 200, 200, 429]
    page = client.get("/search?q=eye", headers=who)
    assert page.headers["Retry-After"] == "10"
    assert "Too many requests" in page.text
    assert page.headers["Content-Security-Policy"]
    clock.now += 3.5
    problem = client.get("/api/v1/search?q=eye", headers=who)
    assert problem.status_code == 429
    assert problem.headers["Retry-After"] == "7", "whole seconds, after which it is let in"
    assert problem.mimetype == "application/problem+json"
    assert problem.json is not None
    told = "More than 6 requests a minute come from your address. Try again in 7 seconds."
    assert problem.json["detail"] == told
    assert client.get("/search?q=eye", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 200
    clock.now += 7
    assert [client.get("/search?q=eye", headers=who).status_code for _ in range(2)] == [200, 429]


def test_health_metrics_and_static_files_are_never_refused(client: FlaskClient) -> None:
    who = {"X-Forwarded-For": "203.0.113.9"}
    for address in ("/healthz", "/readyz", "/metrics", "/robots.txt", "/static/nothing.css", "/favicon.svg"):
        for _ in range(5):
            assert client.get(address, headers=who).status_code != 429, address


def test_the_machine_itself_is_exempt_and_zero_switches_the_limit_off(tmp_path: Path) -> None:
    local = site_app(tmp_path / "a", rate_limit=1, rate_burst=1).test_client()
    assert {local.get("/about").status_code for _ in range(5)} == {200}
    off = site_app(tmp_path / "b", rate_limit=0, trusted_proxies=1).test_client()
    assert {off.get("/about", headers={"X-Forwarded-For": "203.0.113.9"}).status_code for _ in range(200)} == {200}


def test_a_proxy_nobody_told_us_about_is_mentioned_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = site_app(tmp_path).test_client()
    for _ in range(3):
        client.get("/about", headers={"X-Forwarded-For": "203.0.113.9"})
    assert [record.message for record in caplog.records if "proxy" in record.message] == [
        "Requests come through a proxy, but trusted_proxies is 0: clients cannot be told apart. "
        "Set MEDSEARCH_TRUSTED_PROXIES to the number of proxies."
    ]
