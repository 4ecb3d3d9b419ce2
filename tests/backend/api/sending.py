"""Images as a person would send them through the page, until they are a data set."""

import io
from collections.abc import Callable

from PIL import Image
from starlette.testclient import TestClient

from tests.backend.conftest import FILE

Until = Callable[[Callable[[], object]], object]


def drawn(colour: tuple[int, int, int], form: str = "PNG", **how: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (120, 100), colour).save(stream, form, **how)
    return stream.getvalue()


RED, GREEN = drawn((255, 0, 0)), drawn((0, 255, 0))


def send(client: TestClient, files: dict[str, bytes], title: str = "my pets") -> str:
    """Begin an upload and fill it; its address."""
    path = f"/api/uploads/{client.post('/api/uploads', json={'title': title}).json()['id']}"
    for number, (name, content) in enumerate(files.items(), 1):
        reply = client.put(
            f"{path}/files/{number}", params={"name": name}, content=content, headers=FILE
        )
        assert reply.status_code == 204, reply.text
    return path


def taken_in(client: TestClient, path: str, until: Until) -> dict:
    reply = client.post(f"{path}/finish")
    assert reply.status_code == 202, reply.text
    until(lambda: client.get(path).json()["state"] not in ("open", "working"))
    return client.get(path).json()
