"""Which kinds of data set exist: one row each, its code imported when it is used."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType


@dataclass(frozen=True)
class Source:
    """One row of DATASETS.

    Its module answers four questions about the place of its files: `missing` (why it cannot be
    read, or None), `fingerprint` (changes with the files), `contents` (the images), and, where
    `megabytes` says there is something to fetch, `download`.
    """

    word: str
    sentence: str
    needs: str  # what a person must give or wait for, "" for nothing
    path: str  # "never", "optional" or "always": whether it is named together with a path
    module: str
    megabytes: int = 0  # of a download
    folder: str = ""  # in HOME/data, where its files lie; "" = of its word
    about: str = ""  # a sentence without which figures about its classes would be misread

    def load(self) -> ModuleType:
        return import_module(self.module)

    @property
    def licence(self) -> str:
        return self.load().LICENCE


DATASETS: dict[str, Source] = {
    source.word: source
    for source in (
        Source(
            "photos",
            "Crops of ten photographs that come with Saccade's packages; needs no download.",
            "",
            "never",
            "models.data.photos",
            about="10 classes, each one photograph; test crops come from a part of it that no "
            "training crop touches.",
        ),
        Source(
            "stl10",
            "STL-10, the paper's data: 13,000 labelled and 100,000 unlabelled images, 96x96.",
            "a download of 2.6 GB, or a folder that has it",
            "optional",
            "models.data.stl10",
            2640,
        ),
        Source(
            "stl10-labelled",
            "STL-10 without its unlabelled images: 5,000 to train on and 8,000 to test, 96x96.",
            "the files of stl10, by the same download, or a folder that has them",
            "optional",
            "models.data.stl10_labelled",
            2640,
            "stl10",
        ),
        Source(
            "cifar10",
            "CIFAR-10: 60,000 small images in ten classes, 32x32.",
            "a download of 170 MB, or a folder that has it",
            "optional",
            "models.data.cifar10",
            171,
        ),
        Source(
            "imagenette",
            "Imagenette: 13,394 photographs in ten classes, resized to 96x96.",
            "a download of 99 MB, or a folder that has it",
            "optional",
            "models.data.imagenette",
            99,
        ),
        Source(
            "pack",
            "One .npz file of encoded images.",
            "the path of a .npz pack",
            "always",
            "models.data.pack",
        ),
        Source(
            "folder",
            "A folder of PNG, JPEG or WebP images, one subfolder a class or flat.",
            "the path of a folder",
            "always",
            "models.data.folder",
        ),
    )
}
