"""Is every kind of PNG, JPEG and WebP file read right, and nothing else read at all?"""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from models.data import picture
from models.data.picture import UnreadableError, fit, read_picture


def encoded(image: Image.Image, form: str = "PNG", **options) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    stream.seek(0)
    return stream


def colours(image: Image.Image) -> list[tuple[int, ...]]:
    return [tuple(pixel) for pixel in np.asarray(image).reshape(-1, 3).tolist()]


def test_colour_is_read_as_it_is_from_png_and_lossless_webp():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    for form, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        image = read_picture(encoded(Image.fromarray(pixels), form, **options))
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), pixels)


def test_grey_and_black_and_white_have_three_equal_channels():
    assert colours(read_picture(encoded(Image.new("L", (1, 1), 77)))) == [(77, 77, 77)]
    assert colours(read_picture(encoded(Image.new("1", (1, 1), 1)))) == [(255, 255, 255)]


def test_sixteen_bit_grey_keeps_its_range():
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    image = read_picture(encoded(Image.fromarray(values)))
    assert [red for red, _, _ in colours(image)] == [0, 1, 128, 255]


def test_sixteen_bit_colour_is_read_in_its_high_bytes():
    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    row = b"\0" + struct.pack(">HHH", 0xFFFF, 0x8000, 0x00FF)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    png += chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    assert colours(read_picture(io.BytesIO(png))) == [(255, 128, 0)]


def test_a_palette_is_looked_up():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    assert colours(read_picture(encoded(image))) == [(10, 20, 30), (200, 100, 50)]


def test_cmyk_is_turned_into_the_colours_a_person_sees():
    cyan = read_picture(encoded(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), "JPEG", quality=95))
    red, green, blue = colours(cyan)[0]
    assert red < 20 and green > 235 and blue > 235


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (1, 1), (255, 0, 0, 0)),
        Image.new("LA", (1, 1), (0, 0)),
    ],
    ids=["colour", "grey"],
)
def test_what_is_transparent_turns_white(image):
    assert colours(read_picture(encoded(image))) == [(255, 255, 255)]


def test_a_transparent_palette_colour_turns_white():
    image = Image.new("P", (1, 1))
    image.putpalette([10, 20, 30])
    assert colours(read_picture(encoded(image, transparency=0))) == [(255, 255, 255)]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_as_its_exif_says(orientation):
    upright = Image.new("RGB", (40, 20), "black")
    upright.paste("white", (0, 0, 20, 10))  # one bright corner: top left
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose that EXIF tells to undo
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read_picture(encoded(stored, "JPEG", exif=exif, quality=95))
    assert image.size == (40, 20)
    assert image.getpixel((5, 5))[0] > 200 and image.getpixel((35, 15))[0] < 50


def test_the_short_side_is_resized_and_the_centre_kept():
    image = Image.new("RGB", (400, 100), "red")
    image.paste("blue", (150, 0, 250, 100))
    pixels = fit(image, 50)
    assert pixels.shape == (3, 50, 50) and pixels.dtype == np.uint8
    assert (pixels[2, :, 1:-1] >= 254).all() and (pixels[0, :, 1:-1] <= 1).all()
    whole = image.resize((200, 50), Image.Resampling.LANCZOS).crop((75, 0, 125, 50))
    assert np.abs(pixels - np.asarray(whole).transpose(2, 0, 1).astype(int)).max() <= 1


def test_the_longest_strip_takes_no_more_memory_than_a_square():
    assert fit(Image.new("RGB", (2_000_000, 1))).shape == (3, 96, 96)


def test_a_large_jpeg_decoded_at_a_fraction_looks_the_same():
    ramp = np.linspace(0, 255, 1600, dtype=np.uint8)[None, :, None].repeat(1200, 0).repeat(3, 2)
    stream = encoded(Image.fromarray(ramp), "JPEG", quality=95)
    small = read_picture(stream, at_least=192)
    assert 192 <= min(small.size) < 1200
    stream.seek(0)
    assert np.abs(fit(small).astype(int) - fit(read_picture(stream))).max() <= 3


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "PPM"])
def test_no_other_format_is_opened(form):
    with pytest.raises(UnreadableError, match="is not a PNG, JPEG or WebP image"):
        read_picture(encoded(Image.new("RGB", (4, 4)), form))


@pytest.mark.parametrize("form", picture.FORMATS)
def test_a_file_cut_short_is_refused(form):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise), form).getvalue()
    with pytest.raises(UnreadableError, match="is damaged or cut short"):
        read_picture(io.BytesIO(whole[: len(whole) // 2]))


@pytest.mark.parametrize(
    ("size", "reason"),
    [((8000, 5001), "has 40 megapixels, and at most 40"), ((30000, 30000), "far more than the 40")],
)
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size, reason):
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    png += struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 0) + b"IDAT" + b"\0" * 4
    with pytest.raises(UnreadableError, match=reason):
        read_picture(io.BytesIO(png))


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(UnreadableError, match="cannot be opened: No such file"):
        read_picture(tmp_path / "gone.png")


def test_damaged_bytes_never_raise_anything_else():
    """A thousand files with bytes changed at random: each is read, or refused in one sentence."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    for form in picture.FORMATS:
        whole = np.frombuffer(encoded(Image.fromarray(noise), form, exif=exif).getvalue(), np.uint8)
        for _ in range(300):
            bytes_ = whole.copy()
            places = rng.integers(0, min(len(whole), rng.choice([60, len(whole)])), 4)
            bytes_[places] = rng.integers(0, 256, 4)
            try:
                assert read_picture(io.BytesIO(bytes_.tobytes())).mode == "RGB"
            except UnreadableError as reason:
                assert str(reason)
