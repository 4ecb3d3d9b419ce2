"""How an official archive gets from its address into a folder: checked by MD5, unpacked whole."""

import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from models.errors import DataError

SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # not before Python 3.11.4
ROOM = 2.5  # the archive and what it unpacks to, in sizes of the archive


def fetch(word: str, url: str, md5: str, place: Path, megabytes: int) -> None:
    """Download an archive with a progress bar and unpack it into `place`.

    What is unpacked appears under its name only when it is whole. An interrupted download leaves
    a file that the next one replaces. Raises DataError.
    """
    from models.data.torchvision_import import torchvision_datasets

    download_url = torchvision_datasets().utils.download_url
    try:
        place.mkdir(parents=True, exist_ok=True)
        check_room(word, place, megabytes)
        download_url(url, place, md5=md5)
        archive = place / url.rpartition("/")[2]
        unpack(archive, place)
        archive.unlink()
    except RuntimeError:  # torchvision's word for an MD5 that differs
        raise DataError(
            f"the download of {word} from {url} was damaged on the way (its MD5 is not {md5}); "
            "try again"
        ) from None
    except (OSError, tarfile.TarError) as error:
        raise DataError(
            f"{word} could not be fetched from {url} into {place}: {error}; check the network and "
            f"the disk, or name a folder that has the files: {word}:ROOT"
        ) from None


def check_room(word: str, place: Path, megabytes: int) -> None:
    free = shutil.disk_usage(place).free / 1e6
    if free < ROOM * megabytes:
        raise DataError(
            f"{word} needs {ROOM * megabytes / 1000:.1f} GB in {place}, and {free / 1000:.1f} GB "
            "are free; make room, or keep Saccade's files elsewhere with --home"
        )


def unpack(archive: Path, place: Path) -> None:
    """Unpack a .tar.gz or .tgz; nothing in it may lie outside `place`."""
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=place) as temporary:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(temporary, checked(tar), **SAFELY)
        for made in sorted(Path(temporary).iterdir()):
            shutil.rmtree(place / made.name, ignore_errors=True)  # of an unpacking cut short
            made.rename(place / made.name)


def checked(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Its files and folders. Raises tarfile.ExtractError for a link or a device, and for a name
    that leads out of the folder it is unpacked in."""
    for member in tar:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
            raise tarfile.ExtractError(f"{member.name!r} in the archive is no file of its folder")
        yield member
