"""Does a run live on when its server is killed, and does the next server find it again?"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from backend.cli.serve import listen
from backend.jobs.process import is_alive
from backend.runs.folder import RunFolder
from backend.settings import CHECKOUT
from models.data import key_of
from tests.bearer import bearer

Until = Callable[[Callable[[], object]], object]
SAYS = "import sys, backend.app; print(*sorted(m for m in sys.modules if m.startswith({heavy})))"


class Server:
    """`saccade serve` as a process, with the address that it prints."""

    def __init__(self, home: Path, *more: str) -> None:
        command = [sys.executable, "-m", "backend", "serve", "--no-browser", "--port", "0"]
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [*command, "--home", str(home), *more], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        )
        self.line = self.process.stdout.readline()
        self.seconds = time.monotonic() - begun
        address = re.search(r"http://[\w.:]+/", self.line)
        assert address, self.line
        self.client = httpx.Client(
            base_url=address[0], headers=bearer(home), timeout=60, trust_env=False
        )

    def end(self, number: int = signal.SIGTERM) -> int:
        self.client.close()
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        return code


@pytest.fixture
def servers(home: Path) -> Iterator[list[Server]]:
    """Servers of a test, and the workers of its home: all ended with it."""
    servers: list[Server] = []
    yield servers
    for server in servers:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
    for folder in map(RunFolder, (home / "runs").glob("*")):
        process = folder.process()
        if process and is_alive(process["handle"]):
            os.killpg(int(process["handle"].split("/")[1]), signal.SIGKILL)


@pytest.mark.slow
def test_a_run_outlives_its_server_and_is_found_again(
    home: Path, pack: Path, servers: list[Server], until: Until
) -> None:
    servers.append(Server(home, "--data", str(pack)))
    first = servers[0].client
    config = {"data": key_of(str(pack)), "encoder": "vgg6-tiny", "batch": 12, "device": "cpu"}
    body = {"config": config | {"epochs": 5000, "keep": "0"}}
    run = first.post("/api/runs", json=body).json()["id"]
    until(lambda: first.get(f"/api/runs/{run}").json()["history"]["epochs"])
    handle = RunFolder(home / "runs" / run).process(1)["handle"]
    servers[0].end(signal.SIGKILL)
    assert is_alive(handle)

    servers.append(Server(home))
    second = servers[1].client
    found = second.get(f"/api/runs/{run}").json()
    assert (found["state"], found["attempt"]) == ("running", 1)
    seen = found["history"]["epochs"][-1]
    until(lambda: second.get(f"/api/runs/{run}").json()["history"]["epochs"][-1] > seen)
    assert RunFolder(home / "runs" / run).process(1)["handle"] == handle
    assert second.post(f"/api/runs/{run}/stop").status_code == 202
    until(lambda: second.get(f"/api/runs/{run}").json()["state"] == "stopped")
    until(lambda: not is_alive(handle))
    events = second.get(f"/api/runs/{run}/events").text
    assert events.rstrip().endswith('"state": "stopped", "error": null}\nid: ' + last_id(events))


def last_id(events: str) -> str:
    return re.findall(r"^id: (\d+)$", events, re.MULTILINE)[-1]


def test_a_killed_worker_is_noticed_by_the_next_server(
    home: Path,
    config: dict,
    servers: list[Server],
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from backend.runs.store import Store

    monkeypatch.setenv("SACCADE_AUTO_RESUME", "0")
    folder = RunFolder(home / "runs" / "clapp-stripes-0000")
    folder.create(
        {"id": folder.id, "created": "2026", "config": config, "dataset": key_of(config["data"])}
    )
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    folder.write("process.json", {"attempt": 1, "handle": f"boot/{dead.pid}/7"})
    store = Store(home / "saccade.db")
    store.add(folder.id, "2026", "running", 1, time.time())
    store.close()
    servers.append(Server(home))
    client = servers[0].client
    until(lambda: client.get(f"/api/runs/{folder.id}").json()["state"] == "interrupted")
    assert client.get(f"/api/runs/{folder.id}").json()["error"]["code"] == "lost"


def test_a_server_ends_at_once_though_someone_follows_a_run(
    home: Path, config: dict, servers: list[Server]
) -> None:
    from backend.runs.store import Store

    folder = RunFolder(home / "runs" / "clapp-stripes-0000")
    folder.create({"id": folder.id, "created": "2026", "config": config, "dataset": "x"})
    folder.tell("state", state="queued", attempt=1)
    store = Store(home / "saccade.db")
    store.add(folder.id, "2026", "starting", 1, time.time())
    store.close()
    servers.append(Server(home))
    with servers[0].client.stream("GET", f"/api/runs/{folder.id}/events") as stream:
        next(stream.iter_lines())
        begun = time.monotonic()
        servers[0].process.send_signal(signal.SIGINT)
        assert servers[0].process.wait(timeout=30) == 0
    assert time.monotonic() - begun < 8
    servers[0].process.stdout.close()
    servers[0].client.close()


def test_the_web_process_starts_without_torch_and_other_heavy_packages() -> None:
    heavy = ("torch", "openTSNE", "sklearn", "skimage", "scipy", "plotly")
    code = SAYS.format(heavy=heavy)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_a_server_that_works_loads_neither_torch_nor_the_analyses(
    home: Path, pack: Path, servers: list[Server]
) -> None:
    servers.append(Server(home, "--data", str(pack)))
    client, key = servers[0].client, key_of(str(pack))
    for path in ("runs", "datasets", f"datasets/{key}/atlas", f"datasets/{key}/images/1"):
        assert client.get(f"/api/{path}").status_code == 200
    maps = Path(f"/proc/{servers[0].process.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not say what a process has loaded")
    assert "/torch/" not in maps.read_text()


def test_the_link_that_is_printed_lets_a_browser_in_once_and_another_is_printed(
    home: Path, servers: list[Server]
) -> None:
    servers.append(Server(home))
    server = servers[0]
    link = re.search(r"http://\S+/\?token=\S+", server.process.stdout.readline())
    assert link, server.line
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=60) as browser:
        assert browser.get(link[0]).status_code == 200
        assert browser.get(server.client.base_url.join("api/runs")).status_code == 200
        assert httpx.get(link[0], trust_env=False, timeout=60).status_code == 401
        assert browser.get(link[0]).url == server.client.base_url
    again = re.search(r"http://\S+/\?token=\S+", server.process.stdout.readline())
    assert again and again[0] != link[0]
    token = (home / "token").read_text().strip()
    assert token not in server.line + link[0] + again[0]


def test_a_server_that_others_could_reach_does_not_start_without_a_token(home: Path) -> None:
    command = [sys.executable, "-m", "backend", "serve", "--port", "0", "--home", str(home)]
    done = subprocess.run(
        [*command, "--host", "0.0.0.0"], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: with --host 0.0.0.0 other computers can reach Saccade")
    assert "--token auto" in done.stderr and done.stderr.count("\n") == 1


def test_the_health_check_of_the_container_knows_a_server_that_answers_from_none(
    home: Path, servers: list[Server]
) -> None:
    text = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    check = json.loads(re.search(r"^HEALTHCHECK .*?CMD (\[.+\])$", text, re.MULTILINE)[1])
    servers.append(Server(home))
    code = check[2].replace("8000", str(servers[0].client.base_url.port))
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, timeout=30).returncode == 0
    servers[0].end()
    assert subprocess.run(command, timeout=30, capture_output=True).returncode != 0


def test_forwarded_headers_are_not_believed(home: Path, servers: list[Server]) -> None:
    servers.append(Server(home))
    wrong = [
        servers[0].client.get(
            "/api/runs",
            headers={"authorization": "Bearer wrong", "x-forwarded-for": f"10.0.0.{number}"},
        )
        for number in range(6)
    ]
    assert [reply.status_code for reply in wrong] == [401] * 5 + [429]


def test_a_range_of_a_megabyte_is_refused_at_once(home: Path, servers: list[Server]) -> None:
    servers.append(Server(home))
    at = (servers[0].client.base_url.host, servers[0].client.base_url.port)
    request = b"GET /plotly.js HTTP/1.1\r\nHost: %s:%d\r\nRange: bytes=" % (at[0].encode(), at[1])

    def tried() -> tuple[float, bytes]:
        """Seconds, and the begin of the answer; nothing where the connection ended before that."""
        with socket.create_connection(at, timeout=60) as wire:
            begun, told = time.monotonic(), b""
            with suppress(OSError):  # it is closed before all was sent
                wire.sendall(request + b"0-0," * 2**18)
            with suppress(ConnectionResetError):
                told = wire.recv(12)
            return time.monotonic() - begun, told

    tries = [tried() for _ in range(30)]
    assert min(seconds for seconds, _ in tries) < 0.05  # the machine may have other work
    answers = {told for _, told in tries}
    assert b"HTTP/1.1 400" in answers and answers <= {b"HTTP/1.1 400", b""}
    assert servers[0].client.get("/api/health").json()["status"] == "ok"


def test_small_replies_do_not_wait_for_more_to_send() -> None:
    with listen("127.0.0.1", 0) as listening:  # asyncio looks at this to set TCP_NODELAY
        assert listening.proto == socket.IPPROTO_TCP


def test_a_port_in_use_is_told_in_a_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "backend", "serve", "--port", str(port), "--home", str(home)],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: port {port} of 127.0.0.1 is in use")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_page_and_the_work_can_be_two_processes(
    home: Path, pack: Path, servers: list[Server], until: Until
) -> None:
    servers.append(Server(home, "--data", str(pack), "--no-work"))
    client = servers[0].client
    config = {"data": key_of(str(pack)), "encoder": "vgg6-tiny", "batch": 12, "device": "cpu"}
    run = client.post("/api/runs", json={"config": config | {"epochs": 5000, "keep": "0"}})
    run = run.json()["id"]
    time.sleep(1.5)
    assert client.get(f"/api/runs/{run}").json()["state"] == "queued"
    work = subprocess.Popen(
        [sys.executable, "-m", "backend", "work", "--home", str(home)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "works off the runs" in work.stdout.readline()
        until(lambda: client.get(f"/api/runs/{run}").json()["history"]["epochs"])
        beat = home / "work.beat"
        assert time.time() - beat.stat().st_mtime < 20
        client.post(f"/api/runs/{run}/stop")
        until(lambda: client.get(f"/api/runs/{run}").json()["state"] == "stopped")
    finally:
        work.terminate()
        assert work.wait(30) == 0
        work.stdout.close()
