"""Is a server known by its own names and port alone?"""

import socket

import pytest

from backend.security import Hosts, is_loopback

OURS = ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000"]
THEIRS = [
    "evil.example",
    "evil.example:8000",
    "127.0.0.1",
    "127.0.0.1:8001",
    "127.0.0.1:80000000",
    "127.0.0.1.evil.example:8000",
    "127.0.0.1:8000@evil.example",
    "evil.example#127.0.0.1:8000",
    "localhost.:8000",
    "127.1:8000",
    "2130706433:8000",
    "0.0.0.0:8000",
    "10.0.0.7:8000",
    "",
    "a b",
]


@pytest.mark.parametrize("host", OURS)
def test_names_of_this_computer_are_known_with_the_port(host: str) -> None:
    assert Hosts("127.0.0.1", 8000).knows(host)


@pytest.mark.parametrize("host", THEIRS)
def test_other_names_and_other_ports_are_not(host: str) -> None:
    assert not Hosts("127.0.0.1", 8000).knows(host)


def test_on_port_80_a_browser_leaves_the_port_out() -> None:
    assert Hosts("127.0.0.1", 80).knows("localhost") and not Hosts("127.0.0.1", 8000).knows("::1")


def test_a_server_on_every_address_answers_to_figures_but_not_to_foreign_names() -> None:
    hosts = Hosts("0.0.0.0", 8000)
    assert hosts.knows("10.0.0.7:8000") and hosts.knows(f"{socket.gethostname()}:8000")
    assert not hosts.knows("10.0.0.7:8001") and not hosts.knows("evil.example:8000")


def test_a_further_name_is_known_with_the_port_it_came_with_or_with_ours_and_none() -> None:
    hosts = Hosts("127.0.0.1", 8000, ["Lab.example", "localhost:9000"])
    for known in ("lab.example", "lab.example:8000", "localhost:9000", "localhost:8000"):
        assert hosts.knows(known)
    assert not hosts.knows("lab.example:9000") and not hosts.knows("localhost:9001")


def test_what_only_this_computer_reaches_is_told_from_what_others_do() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.0.2", "lab.example", ""]))
