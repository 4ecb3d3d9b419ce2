"""Archives and images that no honest program makes, the same for the same seed."""

import io
import random
import stat
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

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


def picture(chance: random.Random, side: int = 24, form: str = "PNG", mode: str = "RGB") -> bytes:
    """A small picture of noise."""
    noise = np.frombuffer(chance.randbytes(side * side * 3), np.uint8).reshape(side, side, 3)
    stream = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(stream, form)
    return stream.getvalue()


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


def damaged(chance: random.Random, whole: bytes) -> tuple[str, bytes]:
    """The same bytes cut, with bits turned, with a stretch zeroed, or with one moved."""
    place, kind = chance.randrange(len(whole)), chance.randrange(4)
    if kind == 0:
        return f"cut at {place}", whole[:place]
    if kind == 1:
        flipped = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        return "bits turned", bytes(flipped)
    length = chance.randint(1, 64)
    if kind == 2:
        return f"zeros at {place}", whole[:place] + bytes(length) + whole[place + length :]
    return f"bytes put in at {place}", whole[:place] + chance.randbytes(length) + whole[place:]


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


def image_bomb(side: int = 16_000) -> bytes:
    """A PNG of 256 megapixels in some kilobytes."""
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return png(header(side, depth=1, colour=0), rows)


def header(side: int, depth: int = 8, colour: int = 2) -> bytes:
    return struct.pack(">2L5B", side, side, depth, colour, 0, 0, 0)


def png(header: bytes, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">L", zlib.crc32(kind + data))
        return struct.pack(">L", len(data)) + kind + data + checksum

    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def images(count: int, seed: int = 0) -> list[tuple[str, bytes]]:
    """So many damaged or odd images: (name with its suffix, bytes). Some can be read."""
    chance = random.Random(seed)
    found = [(f"{what}{suffix}", content) for what, suffix, content in odd_images(chance)]
    bases = {
        suffix: picture(chance, 48, form)
        for suffix, form in ((".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP"))
    }
    while len(found) < count:
        suffix = chance.choice(list(bases))
        what, content = damaged(chance, bases[suffix])
        found.append((what + suffix, content))
    return [(f"{n:04d} {name}", content) for n, (name, content) in enumerate(found[:count])]


def odd_images(chance: random.Random) -> list[tuple[str, str, bytes]]:
    noise = np.frombuffer(chance.randbytes(40 * 30 * 3), np.uint8).reshape(30, 40, 3)
    colour = Image.fromarray(noise)

    def saved(image: Image.Image, form: str, **how: object) -> bytes:
        stream = io.BytesIO()
        image.save(stream, form, **how)
        return stream.getvalue()

    deep = Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    found = [
        ("sixteen bit", ".png", saved(deep, "PNG")),
        ("colours of four inks", ".jpg", saved(colour.convert("CMYK"), "JPEG")),
        ("palette", ".png", saved(colour.convert("P"), "PNG")),
        ("palette with a hole", ".png", saved(colour.convert("P"), "PNG", transparency=0)),
        ("grey", ".png", saved(colour.convert("L"), "PNG")),
        ("grey with alpha", ".png", saved(colour.convert("LA"), "PNG")),
        ("alpha", ".png", saved(colour.convert("RGBA"), "PNG")),
        ("alpha", ".webp", saved(colour.convert("RGBA"), "WEBP")),
        ("one bit", ".png", saved(colour.convert("1"), "PNG")),
        ("moving", ".webp", saved(colour, "WEBP", save_all=True, append_images=[colour] * 3)),
        ("moving", ".png", saved(colour, "PNG", save_all=True, append_images=[colour] * 3)),
        ("progressive", ".jpg", saved(colour, "JPEG", progressive=True)),
        ("one pixel", ".png", saved(colour.crop((0, 0, 1, 1)), "PNG")),
        ("long and thin", ".png", saved(Image.new("RGB", (20_000, 1)), "PNG")),
        ("tall and thin", ".jpg", saved(Image.new("RGB", (1, 20_000)), "JPEG")),
        ("over forty megapixels", ".png", saved(Image.new("1", (8_000, 5_001)), "PNG")),
        ("bomb", ".png", image_bomb()),
        ("bomb of a header", ".png", png(header(2**31 - 1), b"")),
        ("no pixels", ".png", png(header(0), b"")),
        ("empty", ".png", b""),
        ("empty", ".jpg", b""),
        ("zeros", ".png", bytes(5000)),
        ("noise", ".jpg", chance.randbytes(5000)),
        ("begin alone", ".png", b"\x89PNG\r\n\x1a\n"),
        ("begin alone", ".jpg", b"\xff\xd8\xff"),
        ("begin alone", ".webp", b"RIFF\x24\0\0\0WEBP"),
        ("wrong suffix", ".png", saved(colour, "JPEG")),
        ("wrong suffix", ".txt", saved(colour, "WEBP")),
        ("no suffix", "", saved(colour, "PNG")),
        ("drawing", ".svg", b"<svg onload='alert(1)'/>"),
        ("drawing", ".png", b"<svg onload='alert(1)'/>"),
        ("web page", ".jpg", b"<html><script>alert(1)</script>"),
        ("web page after an image", ".jpg", saved(colour, "JPEG") + b"<script>alert(1)</script>"),
        ("postscript", ".png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n"),
        ("archive", ".png", b"\x1f\x8b\x08" + bytes(40)),
        ("text in it", ".png", saved(colour, "PNG") + bytes(10)),
    ]  # fmt: skip
    forms = (("GIF", ".gif"), ("BMP", ".bmp"), ("TIFF", ".tif"), ("PPM", ".ppm"), ("TGA", ".tga"),
             ("ICO", ".ico"), ("PCX", ".pcx"), ("PDF", ".pdf"))  # fmt: skip
    found += [("another form", suffix, saved(colour, form)) for form, suffix in forms]
    for turn in range(10):
        exif = Image.Exif()
        exif[0x0112] = turn
        found.append((f"turned {turn}", ".jpg", saved(colour, "JPEG", exif=exif.tobytes())))
    found.append(("EXIF of noise", ".jpg", saved(colour, "JPEG", exif=b"Exif\0\0" + bytes(60))))
    return found
