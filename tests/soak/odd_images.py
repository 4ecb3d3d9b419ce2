"""Images that are damaged, odd or lie about their size, the same for the same seed."""

import io
import random
import struct
import zlib

import numpy as np
from PIL import Image


def picture(chance: random.Random, side: int = 24, form: str = "PNG", mode: str = "RGB") -> bytes:
    """A small picture of noise."""
    noise = np.frombuffer(chance.randbytes(side * side * 3), np.uint8).reshape(side, side, 3)
    stream = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(stream, form)
    return stream.getvalue()


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
