"""Makes the file of one run: asks, packs, adds the images, writes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend.api import pictures
from backend.app import create_app
from backend.errors import DataError, RunError
from backend.runs.whole import new_file
from backend.settings import Settings
from backend.standalone.columns import packed
from backend.standalone.document import Document
from backend.standalone.replies import JSON, Asked

MOST_IMAGES = 10_000  # of one file


@dataclass(frozen=True)
class Exported:
    size: int  # bytes
    answers: int
    images: int
    epochs: list[int]
    licence: str  # of the images, or why there are none


async def export(
    run: str,
    out: Path,
    settings: Settings,
    epochs: list[int] | None,
    with_images: bool,
    on: Callable[[float, str], None],
) -> Exported:
    """Write a run as one HTML file, which appears when it is whole; `on` hears how far it is.

    epochs: None for all that are analysed. Raises NotFoundError, RequestError or DataError.
    """
    app = create_app(settings.model_copy(update={"work": False}))
    async with app.router.lifespan_context(app):
        asked = Asked(app, run, epochs)
        others = await asked.others()
        told = others[f"runs/{run}"]
        document = Document(told["name"], f"{datetime.now(UTC):%Y-%m-%d}", *asked.first.image)
        answers = len(others)
        for path, reply in others.items():
            document.add_block([path], packed([reply]))
        async for route, found in asked.answers(lambda share: on(0.9 * share, "answers")):
            answers += len(found)
            if route.kind == JSON:
                document.add_block([*found], packed([*found.values()]))
            else:
                for path, data in found.items():
                    document.add_file(len(document.parts), path, data)
        images, licence = 0, "no images"
        if with_images:
            try:
                images, licence = add_images(document, asked, app.state.service.shelf)
            except (DataError, RunError) as error:
                licence = f"no images: {error}"
    on(0.95, "writing")
    with new_file(out) as file:
        file.write(document.text(settings.frontend, settings.plotly).encode())
    return Exported(out.stat().st_size, answers, images, asked.epochs, licence)


def add_images(document: Document, asked: Asked, shelf) -> tuple[int, str]:
    """The test images as they are stored, and their sheet; how many, and under what licence."""
    summary = asked.first.summary()
    dataset, ids = shelf.open(summary["dataset"]), asked.first.results.ids(asked.first.epoch)
    if len(ids) > MOST_IMAGES:
        raise DataError(f"{len(ids):,} images are too many for one file ({MOST_IMAGES:,})")
    for image in ids.tolist():
        document.add_image(image, pictures.stored(dataset, image))
    size = 64 if len(ids) <= 1500 else 48 if len(ids) <= 4000 else 32
    sheet = pictures.Sheet.of(dataset, summary["split"], size)
    document.add_atlas(sheet.draw(dataset), sheet.columns, sheet.rows)
    listed = [row.licence for row in shelf.listing() if row.key == summary["dataset"]]
    return len(ids), listed[0] if listed else "licence unknown"
