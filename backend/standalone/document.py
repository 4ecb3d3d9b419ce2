"""The HTML file: style, script and data in one text, and a policy that forbids every request."""

import base64
import gzip
import hashlib
import html
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from backend.bundle import bundle
from backend.settings import VERSION

STYLES = re.compile(r'<link rel="stylesheet" href="/static/([\w.-]+)">')
# plotly.js: its script is a blob, its mode bar has style attributes.
POLICY = (
    "default-src 'none'; script-src {script} blob:; style-src-elem {style} "
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; style-src-attr 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
QUALITY = 90  # of the JPEG images


@dataclass
class Document:
    """What goes into the file. Text of others gets in only as base64, or escaped."""

    title: str
    made: str  # when, as people read it
    height: int  # of the images as stored, pixels
    width: int
    parts: list[str] = field(default_factory=list)
    paths: dict[str, list[list[str]]] = field(default_factory=dict)  # block -> what it answers
    blocks: dict[bytes, str] = field(default_factory=dict)  # digest -> name

    def add_block(self, paths: list[str], data: bytes) -> None:
        """The answers to some paths; a block that is there already is not put in again."""
        digest = hashlib.sha256(data).digest()
        if digest not in self.blocks:
            self.blocks[digest] = f"block-{len(self.blocks)}"
            self.put(self.blocks[digest], gzip.compress(data, 9, mtime=0))
        self.paths.setdefault(self.blocks[digest], []).append(paths)

    def add_file(self, number: int, path: str, data: bytes) -> None:
        """What the server would send to be saved."""
        self.put(f"file-{number}", gzip.compress(data, 9, mtime=0), path=path)

    def add_image(self, number: int, picture: Image.Image) -> None:
        self.put(f"image-{number}", jpeg(picture))

    def add_atlas(self, sheet: Image.Image, columns: int, rows: int) -> None:
        self.put("atlas", jpeg(sheet), columns=columns, rows=rows)

    def put(self, name: str, data: bytes, **told: Any) -> None:
        marks = "".join(f' data-{key}="{html.escape(str(v))}"' for key, v in told.items())
        text = base64.b64encode(data).decode()
        self.parts.append(f'<script type="text/plain" id="saccade-{name}"{marks}>{text}</script>')

    def text(self, frontend: Path, plotly: Path) -> str:
        """The whole file. Raises DataError where the page's files are not as they should be."""
        index = (frontend / "index.html").read_text(encoding="utf-8")
        style = "\n".join(
            (frontend / name).read_text(encoding="utf-8") for name in STYLES.findall(index)
        )
        script = bundle(frontend, "main.js")
        contents = {"made": self.made, "version": VERSION, "paths": self.paths}
        self.put("contents", gzip.compress(json.dumps(contents).encode(), 9, mtime=0))
        self.put("plotly", gzip.compress(plotly.read_bytes(), 9, mtime=0))
        policy = POLICY.format(script=hashed(script), style=hashed(style))
        title, made = html.escape(f"{self.title} · Saccade"), html.escape(self.made)
        return "\n".join(
            (
                "<!doctype html>",
                '<html lang="en">',
                '<head><meta charset="utf-8">',
                f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                '<meta name="color-scheme" content="light dark">',
                *re.findall(r'<meta id="[0-9a-f]+">', index),
                f"<title>{title}</title>",
                f'<script type="text/plain" id="saccade-file" data-made="{made}" '
                f'data-width="{self.width}" data-height="{self.height}"></script>',
                *self.parts,
                f"<style>{style}</style></head>",
                "<body>",
                f'<script type="module">{script}</script>',
                "</body></html>",
                "",
            )
        )


def hashed(text: str) -> str:
    """How a policy names one script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.convert("RGB").save(stream, "JPEG", quality=QUALITY, optimize=True, subsampling=0)
    return stream.getvalue()
