"""Archives that no honest program makes, the same for the same seed."""

import random
import stat
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.soak.odd_images import damaged, image_bomb, picture

TRAVERSALS = (
    "../x.png", "../../x.png", "a/../../x.png", "..\\x.png", "a\\..\\..\\x.png", "/x.png",
    "//x.png", "\\x.png", "\\\\server\\share\\x.png", "C:x.png", "C:\\x.png", "c:/x.png",
    "/etc/cron.d/x", "/proc/self/environ", "a/./../../x.png", "....//x.png", "..", ".", "", "/",
    "a/..", "x\0.png", "../x\0.png", "..%2fx.png", "%2e%2e/x.png", "\u202e../gnp.x", "~/x.png",
    "a" * 3000 + ".png", "a/" * 500 + "x.png", "con.png", "aux", "<img src=x onerror=alert(1)>.png",
    "'; rm -rf /; '.png", "\x1b[2Jx.png", "x.png\n../y.png", "\ud7ff.png", "train/../../x.png",
    ".ssh/authorized_keys", "__MACOSX/../x.png", "..;/x.png",
)  # fmt: skip


@dataclass
class Member:
    """One file of an archive; what is None is as it should be."""

    name: str
    content: bytes
    method: int = 8
    flags: int = 0x800
    mode: int = stat.S_IFREG | 0o644
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    offset: int | None = None
    local_name: str | None = None


@dataclass
class Zip:
    """A ZIP archive as bytes, with lies where they are told."""

    members: list[Member]
    count: int | None = None
    list_size: int | None = None
    list_offset: int | None = None
    prefix: bytes = b""
    comment: bytes = b""
    made: bytes = field(default=b"", init=False)

    def bytes(self) -> bytes:
        body, listing, data = self.prefix, b"", b""
        for m in self.members:
            name = m.name.encode("utf-8", "surrogatepass")
            local = name if m.local_name is None else m.local_name.encode()
            squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
            data = squeeze.compress(m.content) + squeeze.flush() if m.method == 8 else m.content
            crc = zlib.crc32(m.content) if m.crc is None else m.crc
            size = len(m.content) if m.size is None else m.size
            packed = len(data) if m.packed is None else m.packed
            offset = len(body) if m.offset is None else m.offset
            common = (20, m.flags, m.method, 0, 0, crc, packed, size)
            body += struct.pack("<4s5H3L2H", b"PK\3\4", *common, len(local), 0) + local + data
            listing += struct.pack(
                "<4s6H3L5H2L", b"PK\1\2", 3 << 8 | 20, *common, len(name), 0, 0, 0, 0,
                m.mode << 16, offset,
            ) + name  # fmt: skip
        count = min(len(self.members), 0xFFFF) if self.count is None else self.count
        size = len(listing) if self.list_size is None else self.list_size
        offset = len(body) if self.list_offset is None else self.list_offset
        form = (0, 0, count, count, size, offset, len(self.comment))
        return body + listing + struct.pack("<4s4H2LH", b"PK\5\6", *form) + self.comment


def archives(count: int, seed: int = 0) -> list[tuple[str, bytes]]:
    """So many hostile archives: (what it tries, bytes). Most hold one good image too."""
    chance = random.Random(seed)
    good = Member("cat/good.png", picture(chance))
    found = [(f"name {name[:40]!r}", Zip([good, Member(name, good.content)]).bytes())
             for name in TRAVERSALS]  # fmt: skip
    found += [(what, make(chance, good)) for what, make in KINDS.items()]
    whole = Zip([good, Member("dog/b.png", picture(chance)), Member("c.txt", b"text")]).bytes()
    while len(found) < count:
        found.append(damaged(chance, whole))
    return found[:count]


Make = Callable[[random.Random, Member], bytes]
MEBI = 2**20


def odd(**how: object) -> Make:
    """A second member that differs from the good one in some fields."""
    return lambda chance, good: Zip(
        [good, Member("odd.png", **({"content": good.content} | how))]  # type: ignore[arg-type]
    ).bytes()


def whole(**how: object) -> Make:
    return lambda chance, good: Zip([good], **how).bytes()  # type: ignore[arg-type]


def overlapping(chance: random.Random, good: Member) -> bytes:
    return Zip([good, *(Member(f"{n}.png", good.content, offset=0) for n in range(500))]).bytes()


def inner(chance: random.Random, good: Member) -> bytes:
    nested = Zip([good]).bytes()
    for _ in range(3):
        nested = Zip([Member("in.zip", nested)]).bytes()
    return Zip([good, Member("nested.zip", nested), Member("in.png", nested)]).bytes()


def crowd(count: int) -> Make:
    def make(chance: random.Random, good: Member) -> bytes:
        return Zip([good, *(Member(f"{n}", b"", 0) for n in range(count))]).bytes()

    return make


KINDS: dict[str, Make] = {
    "symbolic link": odd(content=b"/etc/passwd", method=0, mode=stat.S_IFLNK | 0o777),
    "link to a folder": odd(content=b"../..", method=0, mode=stat.S_IFLNK | 0o777),
    "character device": odd(mode=stat.S_IFCHR | 0o666),
    "block device": odd(mode=stat.S_IFBLK | 0o666),
    "pipe": odd(mode=stat.S_IFIFO | 0o666),
    "socket": odd(mode=stat.S_IFSOCK | 0o666),
    "setuid file": odd(mode=stat.S_IFREG | 0o4777),
    "odd mode": odd(mode=0xE000),
    "bomb of zeros": odd(content=bytes(9 * MEBI)),
    "bomb of ten files": lambda c, good: Zip(
        [good, *(Member(f"{n}.png", bytes(9 * MEBI)) for n in range(10))]
    ).bytes(),
    "too large": odd(content=random.Random(1).randbytes(10 * MEBI + 1)),
    "says it is smaller": odd(content=bytes(MEBI), size=1000),
    "says it is larger": odd(size=5000),
    "says it has 4 GB": odd(size=0xFFFFFFFF),
    "says it has no bytes": odd(size=0),
    "packed size too small": odd(packed=5),
    "packed size of 4 GB": odd(packed=0xFFFFFFFF),
    "stored with another size": odd(method=0, size=7),
    "wrong checksum": odd(crc=1),
    "encrypted": odd(flags=0x801),
    "strongly encrypted": odd(flags=0x841),
    "names masked": odd(flags=0x2800),
    "not UTF-8": odd(flags=0),
    "bzip2": odd(method=12),
    "lzma": odd(method=14),
    "unknown method": odd(method=99),
    "no deflate stream": odd(content=b"\xff" * 99, method=8, packed=99, size=300),
    "two names": odd(local_name="../../x.png"),
    "offset of another": odd(offset=0),
    "offset beyond the end": odd(offset=0x7FFFFFFF),
    "overlapping files": overlapping,
    "archive in an archive": inner,
    "gzip inside": odd(content=b"\x1f\x8b\x08" + bytes(50)),
    "empty file": odd(content=b""),
    "web page": odd(content=b"<html><script>alert(1)</script>"),
    "drawing": odd(content=b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    "program": odd(content=b"\x7fELF" + bytes(200)),
    "pickle": odd(content=b"cos\nsystem\n(S'id'\ntR."),
    "image bomb": lambda c, good: Zip([good, Member("b.png", image_bomb(), 0)]).bytes(),
    "a million files said": whole(count=60_000),
    "more files than listed": whole(count=3),
    "ZIP64 marks": whole(count=0xFFFF),
    "list of 4 GB": whole(list_size=0xFFFFFFFE),
    "list at the begin": whole(list_offset=0),
    "list beyond the end": whole(list_offset=0x7FFFFFFF),
    "list too short": whole(list_size=20),
    "bytes before it": whole(prefix=b"#!/bin/sh\nrm -rf /\n"),
    "image before it": whole(prefix=picture(random.Random(2))),
    "an end in its comment": whole(comment=b"PK\5\6" + bytes(18)),
    "long comment": whole(comment=b"x" * 65_535),
    "50,001 files": crowd(50_001),
    "no file": lambda c, good: Zip([]).bytes(),
    "no byte": lambda c, good: b"",
    "begin alone": lambda c, good: b"PK\3\4",
    "end alone": lambda c, good: b"PK\5\6" + bytes(18),
    "noise": lambda c, good: b"PK\3\4" + c.randbytes(5000),
    "same name often": lambda c, good: Zip([good] * 5).bytes(),
    "file and folder of one name": lambda c, good: Zip(
        [good, Member("cat", good.content), Member("cat/good.png/x.png", good.content)]
    ).bytes(),
    "classes that look alike": lambda c, good: Zip(
        [Member(f"{name}/x.png", good.content) for name in ("a.b", "a?b", "A_B", "a_b", "a/b")]
    ).bytes(),
}
