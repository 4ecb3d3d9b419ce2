"""How does a file somebody gives us become pixels: safely, upright, in RGB, whatever its mode."""

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 40_000_000  # what one picture may hold when decoded
DAMAGED = "is damaged or cut short"
SIDE = 96  # of the square that is kept, pixels

# Pillow warns of a decompression bomb at a limit of its own. Such a picture is over ours too and
# is refused, so the warning counts as the refusal instead of going to the user's terminal.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class UnreadableError(Exception):
    """A picture that cannot be read; its text is the end of a sentence that names the file."""


def read_picture(source: str | Path | BinaryIO, at_least: int | None = None) -> Image.Image:
    """The first frame of a PNG, JPEG or WebP file, rotated as its EXIF says, in RGB on white.

    at_least: pixels the short side must keep; a larger JPEG is then decoded at a fraction of its
    size, which is several times faster. Raises UnreadableError.
    """
    try:
        with Image.open(source, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise UnreadableError(
                    f"has {width * height / 1e6:.0f} megapixels, and at most "
                    f"{MAX_PIXELS / 1e6:.0f} are read"
                )
            if at_least:
                image.draft(None, (at_least, at_least))
            return to_rgb(ImageOps.exif_transpose(image))
    except UnreadableError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UnreadableError(
            f"has far more than the {MAX_PIXELS / 1e6:.0f} megapixels that are read"
        ) from None
    except UnidentifiedImageError:
        raise UnreadableError("is not a PNG, JPEG or WebP image") from None
    except MemoryError:
        raise UnreadableError("needs more memory than there is") from None
    except OSError as error:  # with a number where the system refused, without where Pillow did
        reason = f"cannot be opened: {error.strerror}" if error.errno else DAMAGED
        raise UnreadableError(reason) from None
    except Exception:  # decoders raise nearly anything on damaged bytes
        raise UnreadableError(DAMAGED) from None


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode in 8-bit RGB; 16-bit grey keeps its range, what is transparent turns white."""
    if image.mode in ("I", "I;16", "I;16B"):
        grey = np.asarray(image, dtype=np.float32) / 257  # 65535 -> 255
        image = Image.fromarray(grey.round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def fit(image: Image.Image, side: int = SIDE) -> np.ndarray:
    """Short side resized to `side` and the centre cut out: uint8 [3, side, side].

    The centre square is cut first, which gives the same pixels and never more than it needs, be
    the picture ever so long.
    """
    square = min(image.size)
    left, top = (image.width - square) / 2, (image.height - square) / 2
    box = (left, top, left + square, top + square)
    return pixels_of(image.resize((side, side), Image.Resampling.LANCZOS, box, reducing_gap=3.0))


def pixels_of(image: Image.Image) -> np.ndarray:
    """An RGB image as uint8 [3, height, width]."""
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def from_pixels(pixels: np.ndarray) -> Image.Image:
    """uint8 [3, height, width] as an RGB image."""
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
