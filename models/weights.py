"""How the weights of a model come from a file that someone else wrote, and fit or do not."""

from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from models.config import nearest
from models.errors import CheckpointError
from models.pickled import check_size, checked, tensors_of
from models.tensors import LARGEST_HEADER, UnfitError, check_header, listed, shape

PARALLEL = "module."  # what torch's DataParallel puts before every name


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of one of torch.save, by name.

    Raises CheckpointError. A file of torch.save is read in a process of its own.
    """
    if not file.is_file():
        raise CheckpointError(f"there is no file {file} to take weights from; give its path")
    if file.suffix != ".safetensors":
        return tensors_of([file])[0]
    try:
        check_size(file.stat().st_size)
        with file.open("rb") as stream:
            check_header(stream.read(8 + LARGEST_HEADER))
        return checked(safetensors.torch.load_file(file))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{file} is no whole .safetensors file ({error}); fetch or write it again"
        ) from None
    except UnfitError as error:
        raise CheckpointError(f"{file} {error}; fetch or write it again") from None
    except CheckpointError as error:
        raise CheckpointError(f"{file} {error}") from None


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
        if kind(tensor) != kind(wanted[name]):
            raise CheckpointError(
                f"{name} of {file} holds {tensor.dtype}, and {wanted[name].dtype} is wanted; save "
                "the weights as they were trained"
            )
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise CheckpointError(
                f"{name} of {file} has values that are not finite; take other weights"
            )
    body.load_state_dict(tensors)


def kind(tensor: Tensor) -> tuple[bool, bool]:
    """Whether a tensor holds numbers with a point, and complex ones."""
    return tensor.is_floating_point(), tensor.is_complex()


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
