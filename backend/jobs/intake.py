"""Make a data set of what was uploaded: a folder of images that Saccade itself has written.

python -m backend.jobs.intake --upload DIR --home HOME

Every file is decoded here, in a process of its own, and written anew under a number. What is left
out is told with its name and reason in DIR/report.json.
"""

import argparse
import csv
import io
import os
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from backend.errors import DataError, failure_of
from backend.jobs.archive import MOST_BYTES, Archive, UnpackError
from backend.jobs.layout import Places, folder_name, part_of, parts_of, table_of, without_root
from backend.jobs.note import read, write
from backend.runs.lock import Lock
from models.data import Dataset, load
from models.data.folder import is_hidden
from models.data.metadata import FILE, metadata_of
from models.data.picture import UnreadableError, read_picture

NAMED = 5_000  # files left out that are told by name
MEMORY = 4 * 2**30  # bytes of address space that decoding may take
SIDE = 1024  # pixels of an image's longer side
PATIENCE = 3600  # seconds after which the work is given up
SPEAK_EVERY = 0.5  # seconds between two reports of progress
ZIP = (b"PK\3\4", b"PK\5\6")
NESTED = (*ZIP, b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")


@dataclass
class Report:
    """What became of an upload."""

    images: int = 0
    classes: dict[str, int] = field(default_factory=dict)  # images of each; empty: no classes
    refused: list[dict[str, str]] = field(default_factory=list)  # {"name", "reason"}
    unnamed: int = 0  # further files left out
    hidden: int = 0  # files that begin with a dot and the like, which nobody means
    columns: list[str] = field(default_factory=list)  # what is known of the images besides
    remarks: list[str] = field(default_factory=list)  # sentences about what is not known of them
    error: dict[str, str] | None = None

    def refuse(self, name: str, reason: str) -> None:
        if len(self.refused) < NAMED:
            self.refused.append({"name": shown(name), "reason": reason})
        else:
            self.unnamed += 1


@dataclass(frozen=True)
class Given:
    """One file of an upload, and how its bytes are had. `read` raises UnpackError."""

    name: str
    read: Callable[[], bytes]


def take_in(upload: Path, home: Path | None = None) -> Report:
    """Turn DIR/incoming into DIR/images/<title> and say what became of each file.

    home: where the data set is kept decoded; None to leave that to its first use.
    """
    report, made = Report(), upload / ".making"
    title = (read(upload / "about.json") or {}).get("title", "")
    shutil.rmtree(made, ignore_errors=True)
    try:
        made.mkdir()
        with ExitStack() as archives:
            files = list(given(upload / "incoming", report, archives))
            write_images(files, made, report, upload)
        if not report.images:
            raise DataError(nothing(report))
        place = upload / "images" / folder_name(title, "images")
        place.parent.mkdir(exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)  # of an earlier try
        made.rename(place)
        if home:
            tell_columns(load(str(place), home), report)  # the web process finds it decoded
    except Exception as error:
        report.error = failure_of(error)
        shutil.rmtree(made, ignore_errors=True)
    return report


def given(incoming: Path, report: Report, archives: ExitStack) -> Iterator[Given]:
    """All files that were sent, those inside archives too, in order."""
    for path in sorted(incoming.glob("[0-9]*")):
        name = path.with_name(f"name-{path.name}").read_text("utf-8", "replace")
        with path.open("rb") as file:
            is_archive = file.read(4) in ZIP
        if not is_archive:
            yield Given(name, path.read_bytes)
            continue
        try:
            archive = Archive(archives.enter_context(path.open("rb")))
        except UnpackError as reason:
            report.refuse(name, str(reason))
            continue
        for entry in archive.entries:
            yield Given(entry.name, lambda archive=archive, entry=entry: archive.read(entry))


def write_images(files: list[Given], made: Path, report: Report, upload: Path) -> None:
    """Decode and write each file; its folders inside the upload become classes and splits."""
    files, hidden = told_apart(files)
    report.hidden = hidden
    parts = without_root([parts_of(file.name) for file in files])
    tops = {names[0] for names in parts if len(names) > 1}
    split = "train" in tops and bool(tops & {"test", "val"})
    places, spoken = Places(), time.monotonic()
    counts: Counter[str] = Counter()
    table = table_of(parts)
    written: dict[str, str] = {}  # path of an image beside the table -> ours
    for number, (file, names) in enumerate(zip(files, parts, strict=True), 1):
        if number == table:
            continue
        try:
            theirs = "/".join(names[len(parts[table - 1]) - 1 :] if table else names)
            first = part_of(names, tops) if split else ""
            group = places.name(names[0]) if len(names) > 1 else ""
            ours = write_image(file, made / first / group / f"{number:06d}")
            written[theirs] = ours.relative_to(made).as_posix()
            counts[group] += 1
        except (UnpackError, UnreadableError) as reason:
            report.refuse(file.name, str(reason))
        if time.monotonic() - spoken > SPEAK_EVERY:
            spoken = time.monotonic()
            write(upload / "progress.json", {"done": number, "of": len(files)})
    if table and counts:
        try:
            (made / FILE).write_text(renamed(files[table - 1].read(), written), "utf-8")
        except UnpackError as reason:
            report.refuse(files[table - 1].name, str(reason))
    report.images = counts.total()
    report.classes = {name: n for name, n in sorted(counts.items()) if name}


def tell_columns(dataset: Dataset, report: Report) -> None:
    """Say what is known of the images; a table that cannot be read leaves them without."""
    try:
        known = metadata_of(dataset)
    except DataError as error:
        report.remarks = [str(error)]
    else:
        report.columns = [column.name for column in known.columns]
        report.remarks = list(known.remarks)


def renamed(content: bytes, written: dict[str, str]) -> str:
    """A table of images under the names that Saccade wrote them by; a row of none keeps no name.

    Raises UnpackError where it is no table.
    """
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig", "replace"), newline=""), strict=True)
    out = io.StringIO()
    try:
        header = next(rows, [])
        if len(header) < 2:
            raise UnpackError("has no headings: one for the file and one for what is known of it")
        table = csv.writer(out)
        table.writerow(header)
        for row in filter(None, rows):
            table.writerow(
                [written.get(row[0].replace("\\", "/").removeprefix("./"), ""), *row[1:]]
            )
    except csv.Error as error:
        raise UnpackError(f"is no table of comma-separated values: {error}") from None
    return out.getvalue()


def told_apart(files: list[Given]) -> tuple[list[Given], int]:
    """The files that somebody means, and how many others there are."""
    meant = [f for f in files if not any(is_hidden(part) for part in parts_of(f.name))]
    return meant, len(files) - len(meant)


def write_image(file: Given, place: Path) -> Path:
    """Decode one file and write it anew, at most SIDE pixels long; the place with its suffix.

    Raises UnpackError or UnreadableError.
    """
    content = file.read()
    if not content:
        raise UnreadableError("is empty")
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"has more than the {MOST_BYTES >> 20} MB that an image may have")
    if content.startswith(NESTED):
        raise UnreadableError("is an archive; unpack it and send its images")
    picture = read_picture(io.BytesIO(content), at_least=SIDE)
    picture.thumbnail((SIDE, SIDE))
    place.parent.mkdir(parents=True, exist_ok=True)
    if content.startswith(b"\xff\xd8"):
        ours = place.with_suffix(".jpg")
        picture.save(ours, "JPEG", quality=95, subsampling=0)
    else:
        ours = place.with_suffix(".png")
        picture.save(ours, "PNG", compress_level=3)
    return ours


def nothing(report: Report) -> str:
    if not report.refused:
        return "there was no image in it; wanted PNG, JPEG or WebP files, or a ZIP of them"
    first, count = report.refused[0], len(report.refused) + report.unnamed
    if count == 1:
        return f"nothing of it can be used: {first['name']} {first['reason']}"
    return (
        f"none of the {count} files can be used: {first['name']} {first['reason']}; "
        "wanted PNG, JPEG or WebP"
    )


def shown(name: str) -> str:
    """A name as it may be shown: a line of at most 200 characters."""
    return "".join(c if c.isprintable() else "?" for c in name[:200]) or "?"


def bounded() -> None:
    """Decoding may take no more than so much memory and time."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    timer = threading.Timer(PATIENCE, os._exit, (1,))
    timer.daemon = True
    timer.start()


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m backend.jobs.intake", description=__doc__)
    parser.add_argument("--upload", type=Path, required=True, metavar="DIR")
    parser.add_argument("--home", type=Path, required=True, metavar="HOME")
    options = parser.parse_args(words)
    upload = options.upload.absolute()
    lock = Lock(upload / "lock")
    if not lock.take():
        return 3
    bounded()
    report = take_in(upload, options.home)
    write(upload / "report.json", vars(report))
    shutil.rmtree(upload / "incoming", ignore_errors=True)
    lock.release()
    return 1 if report.error else 0


if __name__ == "__main__":
    sys.exit(main())
