"""What comes of hostile archives and odd images that are sent through the page?"""

import json
import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image
from starlette.testclient import TestClient

from backend.app import create_app
from backend.jobs.intake import Report, take_in
from backend.settings import Settings
from tests.backend.conftest import FILE, LOCAL, Quiet
from tests.soak import hostile, odd_images

Row = tuple[str, int, int, str]  # what, tried, bad, note
PATIENCE = 600.0  # seconds


def soak(cases: int) -> list[Row]:
    """`cases` archives and more than twice as many images."""
    folder = Path(tempfile.mkdtemp())
    try:
        return [*archives(folder / "archives", cases), *images(folder / "home", cases * 5 // 2)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def archives(folder: Path, count: int, seed: int = 0) -> list[Row]:
    """Take in each archive: nothing may be written elsewhere, and each must be told of."""
    escaped, untold, unforeseen, lost, kept = [], [], [], [], 0
    slowest = 0.0
    for number, (what, content) in enumerate(hostile.archives(count, seed)):
        sandbox = folder / f"{number}"
        upload = sandbox / "home" / "uploads" / "0000"
        (upload / "incoming").mkdir(parents=True)
        (upload / "incoming" / "000001").write_bytes(content)
        (upload / "incoming" / "name-000001").write_text(f"{number}.zip")
        (upload / "about.json").write_text(json.dumps({"title": "../../x"}))
        before = everything(sandbox)
        begun = time.monotonic()
        report = take_in(upload)
        slowest = max(slowest, time.monotonic() - begun)
        new = everything(sandbox) - before
        kept += report.images
        escaped += [what] if not all(is_ours(path, upload) for path in new) else []
        untold += [what] if not is_told(report) else []
        unforeseen += [what] if (report.error or {}).get("code") == "internal" else []
        lost += [what] if report.images != len(list(upload.glob("images/**/[0-9]*"))) else []
        shutil.rmtree(sandbox)
    note = f"{kept} images kept, slowest {slowest:.1f} s"
    return [
        ("hostile archives: written outside", count, len(escaped), told(escaped, note)),
        ("hostile archives: without a reason", count, len(untold), told(untold, note)),
        ("hostile archives: failed unforeseen", count, len(unforeseen), told(unforeseen, note)),
        ("hostile archives: images miscounted", count, len(lost), told(lost, note)),
    ]


def told(bad: list[str], note: str) -> str:
    return ", ".join(bad[:10]) or note


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


def is_ours(path: Path, upload: Path) -> bool:
    """Whether a new file is an image that we wrote, under a number and inside the upload."""
    inside = path.is_relative_to(upload / "images") and path.resolve().is_relative_to(
        upload.resolve()
    )
    if not inside or path.is_symlink() or not path.is_file() or not path.stem.isdecimal():
        return False
    with Image.open(path) as image:
        return image.format in ("PNG", "JPEG") and path.suffix in (".png", ".jpg")


def is_told(report: Report) -> bool:
    """Whether whatever is no image has its name and reason, and a failure its sentence."""
    if report.error:
        return len(report.error["message"]) > 20
    told = all(item["name"] and len(item["reason"]) > 5 for item in report.refused)
    return told and report.images > 0


def images(home: Path, count: int, seed: int = 0) -> list[Row]:
    """Send images one by one to a server and have them decoded in a process of its own."""
    files = odd_images.images(count, seed)
    settings = Settings(home=home, pretrained=home / "none")
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        upload = client.post("/api/uploads", json={"title": "odd"}).json()["id"]
        path = f"/api/uploads/{upload}"
        statuses = [
            client.put(
                f"{path}/files/{n}", params={"name": name}, content=content, headers=FILE
            ).status_code
            for n, (name, content) in enumerate(files, 1)
        ]
        statuses.append(client.post(f"{path}/finish").status_code)
        end = time.monotonic() + PATIENCE
        while (found := client.get(path).json())["state"] == "working":
            assert time.monotonic() < end, "the images were not decoded in time"
            time.sleep(0.1)
        statuses.append(client.get("/api/datasets").status_code)
    refused = {item["name"] for item in found["refused"] if item["reason"]}
    written = {int(path.stem) for path in home.glob("uploads/*/images/**/[0-9]*")}
    unnamed = [
        name
        for n, (name, _) in enumerate(files, 1)
        if (name in refused) == (n in written) and statuses[n - 1] == 204
    ]
    failed = [status for status in statuses if status >= 500]
    note = f"{found['images']} read, {len(refused)} refused, {found['state']}"
    return [
        ("odd images: answers of 500 and above", count, len(failed), note),
        ("odd images: neither shown nor named", count, len(unnamed), told(unnamed, note)),
        ("odd images: not taken", count, sum(s != 204 for s in statuses[:count]), note),
    ]
