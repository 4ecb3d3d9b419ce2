"""What is in a ZIP archive that a stranger made? Read by hand: nothing in it names a path here.

Only regular files packed by deflate or not at all are handed over, as bytes, with caps on number,
size and ratio. Everything else is told with its reason, as the end of a sentence about it.
"""

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_FILES = 50_000
MOST_LISTED = 2**25  # bytes of the list of files
MOST_BYTES = 10 * 2**20  # of one file, unpacked
MOST_TOTAL = 4 * 2**30  # of all files, unpacked
RATIO = 100  # of unpacked to packed bytes

END, CENTRAL, LOCAL = b"PK\5\6", b"PK\1\2", b"PK\3\4"
END_FORM, CENTRAL_FORM, LOCAL_FORM = "<4s4H2LH", "<4s6H3L5H2L", "<4s5H3L2H"
END_SIZE, CENTRAL_SIZE, LOCAL_SIZE = map(struct.calcsize, (END_FORM, CENTRAL_FORM, LOCAL_FORM))
UNIX = (3, 19)  # systems whose files have a mode
STORED, DEFLATED = 0, 8
UTF8, LOCKED = 0x800, 0x1 | 0x40 | 0x2000  # flags: how the name is written; some encryption
LINKS = {stat.S_IFLNK: "is a symbolic link"}


@dataclass(frozen=True)
class Entry:
    """One file of an archive; `reason` says why it is not read, "" where it is."""

    name: str
    written: bytes  # its name, as it stands in the archive
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    reason: str = ""


class UnpackError(Exception):
    """An archive, or a file of one, that is not unpacked; the end of a sentence about it."""


class Archive:
    """A ZIP archive. Raises UnpackError where it is none, or a danger as a whole."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        count, size, self.start = self.end()
        file.seek(self.start)
        self.entries = list(self.listed(file.read(size)))
        if len(self.entries) != count:
            raise UnpackError(f"says that it holds {count} files and lists {len(self.entries)}")
        if sum(entry.size for entry in self.entries) > MOST_TOTAL:
            raise UnpackError(f"unpacks to more than the {MOST_TOTAL >> 30} GB that are read")
        self.check_overlaps()
        self.entries = [entry for entry in self.entries if not entry.name.endswith("/")]

    def end(self) -> tuple[int, int, int]:
        """Number of files, and where the list of them lies: its size and offset."""
        self.file.seek(0, 2)
        total = self.file.tell()
        self.file.seek(max(0, total - END_SIZE - 0xFFFF))
        tail = self.file.read()
        at = tail.rfind(END)
        if at < 0 or len(tail) - at < END_SIZE:
            raise UnpackError("is no ZIP archive, or is cut short")
        form = struct.unpack_from(END_FORM, tail, at)
        disk, first, here, count, size, offset, comment = form[1:]
        if 0xFFFF in (here, count) or 0xFFFFFFFF in (size, offset):
            raise UnpackError("is in the form for more than 65,534 files or 4 GB (ZIP64)")
        if disk or first or here != count:
            raise UnpackError("is one part of several")
        if count > MOST_FILES or size > MOST_LISTED:
            raise UnpackError(f"lists more than the {MOST_FILES:,} files that are read")
        if offset + size + len(tail) - at != total or comment != len(tail) - at - END_SIZE:
            raise UnpackError("is damaged: its list of files is not where it says")
        return count, size, offset

    def listed(self, listing: bytes) -> Iterator[Entry]:
        at = 0
        while at < len(listing):
            if listing[at : at + 4] != CENTRAL or at + CENTRAL_SIZE > len(listing):
                raise UnpackError("is damaged: its list of files cannot be read")
            form = struct.unpack_from(CENTRAL_FORM, listing, at)
            made, flags, method = form[1], form[3], form[4]
            crc, packed, size, named, extra, comment = form[7:13]
            attributes, offset = form[15:17]
            written = listing[at + CENTRAL_SIZE : at + CENTRAL_SIZE + named]
            at += CENTRAL_SIZE + named + extra + comment
            if at > len(listing):
                raise UnpackError("is damaged: its list of files is cut short")
            mode = attributes >> 16 if made >> 8 in UNIX else 0
            name = written.decode("utf-8" if flags & UTF8 else "cp437", "replace")
            reason = wrong_name(name) or wrong_kind(mode, flags, method, packed, size)
            yield Entry(name, written, offset, packed, size, crc, method, reason)

    def check_overlaps(self) -> None:
        """Raise UnpackError where two files share bytes, as those of a bomb do."""
        end = 0
        for entry in sorted(self.entries, key=lambda entry: entry.offset):
            if entry.offset < end:
                raise UnpackError("is a bomb: files in it overlap")
            end = entry.offset + LOCAL_SIZE + len(entry.written) + entry.packed
        if end > self.start:
            raise UnpackError("is damaged: a file in it reaches beyond its end")

    def read(self, entry: Entry) -> bytes:
        """The bytes of a file. Raises UnpackError."""
        if entry.reason:
            raise UnpackError(entry.reason)
        self.file.seek(entry.offset)
        head = self.file.read(LOCAL_SIZE)
        if len(head) < LOCAL_SIZE or head[:4] != LOCAL:
            raise UnpackError("is not where the archive says")
        form = struct.unpack(LOCAL_FORM, head)
        flags, method, named, extra = form[2], form[3], form[9], form[10]
        if self.file.read(named) != entry.written or method != entry.method or flags & LOCKED:
            raise UnpackError("is told in two ways by the archive")
        start = entry.offset + LOCAL_SIZE + named + extra
        if start + entry.packed > self.start:
            raise UnpackError("reaches beyond the end of the archive")
        self.file.seek(start)
        content = unpacked(self.file.read(entry.packed), entry)
        if zlib.crc32(content) != entry.crc:
            raise UnpackError("is damaged: its checksum is wrong")
        return content


def wrong_name(name: str) -> str:
    """Why a name is not one of a file inside the archive, or ""."""
    parts = re.split(r"[/\\]", name.removesuffix("/"))
    if "\0" in name or not name.strip("/"):
        return "has no proper name"
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in parts:
        return "has a name that leads out of the archive"
    return ""


def wrong_kind(mode: int, flags: int, method: int, packed: int, size: int) -> str:
    """Why a file is not read, or ""."""
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return LINKS.get(kind, "is a device or a pipe, not a file")
    if flags & LOCKED:
        return "is encrypted"
    if method not in (STORED, DEFLATED):
        return "is packed in a way that is not read; pack it as a plain ZIP"
    if size > MOST_BYTES:
        return f"has {size / 2**20:.1f} MB unpacked, and at most {MOST_BYTES >> 20} are read"
    if size > RATIO * packed or (method == STORED and size != packed):
        return f"unpacks to more than {RATIO} times its size, as a bomb does"
    return ""


def unpacked(packed: bytes, entry: Entry) -> bytes:
    if entry.method == STORED:
        content = packed
    else:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = stream.decompress(packed, entry.size + 1)
        except zlib.error:
            raise UnpackError("is damaged and cannot be unpacked") from None
    if len(content) != entry.size:
        raise UnpackError("is damaged: it has another size than the archive says")
    return content
