"""How the weights of a model come from a file that someone else wrote, and fit or do not.

    python -m models.weights FILE OUT.safetensors

is the process in which a pickle is opened: with `weights_only`, and apart from all else.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from models.config import nearest
from models.errors import CheckpointError

PICKLES = (".pt", ".pth", ".bin", ".tar", ".ckpt")
WRAPPINGS = ("state_dict", "model_state_dict", "model", "state_dict_ema")  # of a training script
PARALLEL = "module."  # what torch's DataParallel puts before every name
LISTED = 3  # names in a sentence
ROOT = Path(__file__).resolve().parents[1]


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of a pickle, by name. Raises CheckpointError."""
    if not file.is_file():
        raise CheckpointError(f"there is no file {file} to take weights from; give its path")
    if file.suffix == ".safetensors":
        return loaded(file, file)
    if file.suffix not in PICKLES:
        raise CheckpointError(
            f"weights come in a .safetensors file or a pickle ({', '.join(PICKLES)}), and the name "
            f"of {file} says neither"
        )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "weights.safetensors"
        command = [sys.executable, "-m", "models.weights", str(file.absolute()), str(out)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            told = done.stderr.strip().splitlines() or [f"{file} cannot be read"]
            raise CheckpointError(told[-1])
        return loaded(out, file)


def loaded(file: Path, named: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{named} is no whole .safetensors file ({error}); fetch or write it again"
        ) from None


def unpickled(file: Path) -> dict[str, Tensor]:
    """The tensors of a pickle, out of what a training script may wrap them in."""
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a pickle can fail in any way
        if "Unsupported" in str(error) or "GLOBAL" in str(error):
            reason = "it holds more than tensors, such as code, which is never run"
        else:
            reason = f"it is damaged or no file of torch.save ({type(error).__name__})"
        raise CheckpointError(
            f"{file} cannot be read: {reason}; save the state_dict alone, best as .safetensors"
        ) from None
    for word in WRAPPINGS:
        if isinstance(found, dict) and isinstance(found.get(word), dict):
            found = found[word]
    if not isinstance(found, dict) or not found or not all(map(is_named_tensor, found.items())):
        raise CheckpointError(
            f"{file} holds no state_dict, a table of tensors by name; save that of the model alone"
        )
    return found


def is_named_tensor(item: tuple) -> bool:
    name, value = item
    return isinstance(name, str) and isinstance(value, Tensor)


def fitted(body: nn.Module, tensors: dict[str, Tensor], file: Path, model: str) -> None:
    """Put the tensors into the model. Raises CheckpointError unless they are its own, and whole."""
    wanted = body.state_dict()
    tensors = plain(tensors)
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = [name for name in wanted if name not in tensors and name not in counters]
    unknown = [name for name in tensors if name not in wanted]
    if missing or unknown:
        parts = [f"lacks {listed(missing)}"] if missing else []
        parts += [f"has {listed(unknown)}, which it does not know"] if unknown else []
        hint = f" ({nearest(unknown[0], missing or wanted)})" if unknown and missing else ""
        raise CheckpointError(
            f"{file} is of another model than {model}: it {' and '.join(parts)}{hint}; name the "
            "model that the weights are of"
        )
    for name, tensor in tensors.items():
        have, want = tuple(tensor.shape), tuple(wanted[name].shape)
        if have != want:
            raise CheckpointError(
                f"{file} is of another model than {model}: {name} is {shape(have)} and must be "
                f"{shape(want)}; name the model that the weights are of"
            )
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise CheckpointError(
                f"{name} of {file} has values that are not finite; take other weights"
            )
    body.load_state_dict(tensors)


def plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same without the prefix that training on several devices leaves."""
    if all(name.startswith(PARALLEL) for name in tensors):
        return {name.removeprefix(PARALLEL): tensor for name, tensor in tensors.items()}
    return tensors


def head_of(body: nn.Module, tensors: dict[str, Tensor], outputs: int) -> int | None:
    """How many classes the weights tell apart, if the head is all in which they differ."""
    found, wanted = set(), body.state_dict()
    for name, have in plain(tensors).items():
        want = wanted.get(name)
        if want is None or want.shape == have.shape:
            continue
        if not (want.ndim and have.ndim and want.shape[0] == outputs):
            return None
        if want.shape[1:] != have.shape[1:]:
            return None
        found.add(have.shape[0])
    return found.pop() if len(found) == 1 else None


def listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def shape(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes)) or "one number"


def main(file: str, out: str) -> int:
    try:
        tensors = unpickled(Path(file))
        copies = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
        safetensors.torch.save_file(copies, out)
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
