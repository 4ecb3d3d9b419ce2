"""Does the compose file say what it should, to the tool that reads it?"""

import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from backend.cli import parser

WORK = "backend.cli.work"
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def compose() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    docker = shutil.which("docker")
    if (
        docker
        and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0
    ):
        return [docker, "compose"]
    reason = "docker-compose is not installed"
    pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture(scope="module", params=[[], ["--profile", "gpu"]], ids=["cpu", "gpu"])
def services(compose: list[str], request: pytest.FixtureRequest) -> dict[str, dict]:
    """What the tool makes of each service of a profile."""
    done = subprocess.run(
        [*compose, *request.param, "config"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) - {"worker-gpu"} == {"web", "worker"}
    assert "worker-gpu" in services or not request.param  # some versions list every profile
    return services


def test_no_service_may_do_more_than_it_must(services: dict[str, dict]) -> None:
    for service in services.values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"] and int(service["pids_limit"]) > 0
        assert "privileged" not in service and "docker.sock" not in str(service)


def test_the_services_share_what_saccade_keeps(services: dict[str, dict]) -> None:
    for service in services.values():
        [volume] = service["volumes"]
        assert "/data" in str(volume) and "saccade" in str(volume)


def test_only_the_page_can_be_reached_and_only_from_this_computer(
    services: dict[str, dict],
) -> None:
    assert [name for name, service in services.items() if service.get("ports")] == ["web"]
    assert "127.0.0.1" in str(services["web"]["ports"])
    assert all(services[name]["network_mode"] == "none" for name in services if name != "web")


def test_each_service_runs_a_command_of_saccade_and_tells_its_health(
    services: dict[str, dict],
) -> None:
    for name, service in services.items():
        options = parser().parse_args(service["command"])
        assert options.run.__module__ == ("backend.cli.serve" if name == "web" else WORK)
        assert service["healthcheck"]["test"][:3] == ["CMD", "python", "-c"]
        compile(service["healthcheck"]["test"][3], name, "exec")
    assert parser().parse_args(services["web"]["command"]).no_work


def test_the_gpu_profile_asks_for_gpus(services: dict[str, dict]) -> None:
    asked = {name for name, service in services.items() if "nvidia" in str(service.get("deploy"))}
    assert asked == {name for name in services if name == "worker-gpu"}


@pytest.mark.parametrize(("answer", "well"), [(200, True), (401, True), (503, False), (0, False)])
def test_the_health_of_the_page_is_that_it_answers_anything_but_a_failure(
    services: dict[str, dict], answer: int, well: bool
) -> None:
    """Without a token, the answer of a server that is well is 401."""

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/api/health"
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        code = services["web"]["healthcheck"]["test"][3].replace("8000", f"{server.server_port}")
        if answer:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        else:
            server.server_close()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True)
        if answer:
            server.shutdown()
    assert (done.returncode == 0) == well


def test_the_health_of_a_worker_is_its_beat(services: dict[str, dict], tmp_path: Path) -> None:
    code = services["worker"]["healthcheck"]["test"][3]
    beat = tmp_path / "work.beat"
    code = code.replace("/data/work.beat", str(beat))

    def health() -> int:
        return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode

    assert health() != 0
    beat.touch()
    assert health() == 0
    os.utime(beat, (1, 1))
    assert health() != 0


def test_the_page_wants_a_token_and_answers_to_the_port_that_it_has_outside(
    compose: list[str],
) -> None:
    def made(**given: str) -> dict:
        done = subprocess.run(
            [*compose, "config"], cwd=ROOT, env=os.environ | given, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return yaml.safe_load(done.stdout)["services"]

    assert made()["web"]["environment"]["SACCADE_TOKEN"] == "auto"
    own = made(PORT="9123", SACCADE_TOKEN="t" * 40)
    assert own["web"]["environment"] == {
        "SACCADE_TOKEN": "t" * 40,
        "SACCADE_ALLOWED_HOSTS": "127.0.0.1:9123,localhost:9123",
    }
    assert "SACCADE_TOKEN" not in (own["worker"].get("environment") or {})
