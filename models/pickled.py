"""Which tensors does a file of torch.save hold? Read in a process of its own, and never by running
what the file asks to call.

    python -m models.pickled OUT FILE FILE ...      writes OUT/0.safetensors, OUT/1.safetensors ...

A restricted unpickler is no wall by itself, so a file that breaks it ends a process that has
nothing else in its hands. What comes back are safetensors, which hold numbers and no code.
"""

import json
import os
import pickle
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from models.errors import CheckpointError

LARGEST = 2 * 2**30  # bytes of all files together, and of the tensors in one
MOST = 4096  # tensors in one file
WRAPPINGS = ("state_dict", "model_state_dict", "model", "state_dict_ema")
LONGEST = 200  # characters of a name
PATIENCE = 300.0  # seconds for the whole reading
REFUSED = 3  # exit code: a file is none of weights alone
ROOT = Path(__file__).resolve().parents[1]


def tensors_of(files: Sequence[Path], patience: float = PATIENCE) -> list[dict[str, Tensor]]:
    """The tensors of each file by name. Raises CheckpointError with the name of the bad file."""
    size = sum(file.stat().st_size for file in files)
    if size > LARGEST:
        raise CheckpointError(
            f"{files[0]} and what belongs to it have {size / 2**30:.1f} GiB; at most "
            f"{LARGEST // 2**30} GiB are read"
        )
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    with tempfile.TemporaryDirectory(prefix="saccade-") as out:
        command = [sys.executable, "-m", "models.pickled", out]
        try:
            done = subprocess.run(
                [*command, *(str(file.absolute()) for file in files)],
                cwd=out,
                env=os.environ | {"PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=patience,
            )
        except subprocess.TimeoutExpired:
            raise CheckpointError(
                f"{files[0]} could not be read within {patience:g} s; it is none of weights alone"
            ) from None
        if done.returncode == REFUSED:
            answer = json.loads(done.stdout.splitlines()[-1])
            raise CheckpointError(f"{files[answer['file']]} {answer['reason']}")
        if done.returncode:
            raise CheckpointError(
                f"{files[0]} could not be read: the process that reads it ended with "
                f"{done.returncode}; the file, or one beside it, is damaged"
            )
        return [
            safetensors.torch.load((Path(out) / f"{number}.safetensors").read_bytes())
            for number in range(len(files))
        ]


def main(words: Sequence[str]) -> int:
    """The child: 0, or 3 with {"file", "reason"} as the last line."""
    out, *files = map(Path, words)
    for number, file in enumerate(files):
        try:
            tensors = read(file)
        except CheckpointError as error:
            print(json.dumps({"file": number, "reason": str(error)}))
            return REFUSED
        safetensors.torch.save_file(tensors, out / f"{number}.safetensors")
    return 0


def read(file: Path) -> dict[str, Tensor]:
    """The tensors of one file. Raises CheckpointError with the end of a sentence about it."""
    try:
        check_inflated(file)
        held = torch.load(file, weights_only=True, map_location="cpu")
    except CheckpointError:
        raise
    except Exception as error:  # a damaged file makes the reader fail in any way
        called = re.search(r"\bGLOBAL ([\w.]*\w)\.*\s", str(error))
        if isinstance(error, pickle.UnpicklingError) and called:
            raise CheckpointError(
                f"asks to call {called[1]}, for which weights have no need; nothing "
                "of it was run, and it is not read"
            ) from None
        raise CheckpointError(
            "is damaged, cut off, or no file that torch.save wrote; copy it once more"
        ) from None
    return checked(unwrapped(held))


def unwrapped(held: object) -> object:
    """The state dict out of what a training script may save around it."""
    for word in WRAPPINGS:
        if isinstance(held, dict) and isinstance(held.get(word), dict):
            held = held[word]
    return held


def check_inflated(file: Path) -> None:
    """Raise CheckpointError if an archive would grow too large in memory."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            size = sum(item.file_size for item in archive.infolist())
        check_size(size)


def check_size(size: int) -> None:
    if size > LARGEST:
        raise CheckpointError(
            f"holds {size / 2**30:.1f} GiB once unpacked; at most {LARGEST // 2**30} are read"
        )


def checked(held: object) -> dict[str, Tensor]:
    """A state dict whose tensors are numbers in memory, each with a memory of its own."""
    if not isinstance(held, dict) or not held:
        raise CheckpointError(f"holds {type(held).__name__} and no tensors by name")
    if len(held) > MOST:
        raise CheckpointError(f"holds {len(held)} tensors; at most {MOST} are read")
    for name, value in held.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"holds {str(name)[:80]!r}, which is no tensor with a name")
        if not name.isprintable() or len(name) > LONGEST:
            raise CheckpointError(f"holds {name[:80]!r}, which is no name of a tensor")
        if value.layout != torch.strided or value.device.type != "cpu" or value.is_quantized:
            raise CheckpointError(f"holds {name[:80]!r}, which is no plain array of numbers")
    check_size(sum(value.numel() * value.element_size() for value in held.values()))
    return {
        name: value.detach().clone(memory_format=torch.contiguous_format)
        for name, value in held.items()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
