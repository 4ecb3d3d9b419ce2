"""A resume point of a run in little: weights in half precision, of Adam's moments the second alone.

python hold.py pack RESUME_FOLDER FILE      python hold.py unpack FILE RUN_FOLDER

The second moments are kept to a quarter of an octave; the first begin at zero again. `unpack` puts
the state into a run folder that was begun by the same settings, so that `--resume` goes on with it.
"""

import io
import json
import lzma
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from models.checkpoint import latest_resume, restore, save_resume

OCTAVE = 4  # levels an octave


def planes(values: np.ndarray) -> np.ndarray:
    """Bytes of the same weight side by side, which packs better."""
    return np.frombuffer(values.tobytes(), np.uint8).reshape(-1, values.itemsize).T.copy()


def pack(folder: Path, file: Path) -> None:
    arrays, errors = {}, {}
    for part in ("encoder", "rule"):
        for name, values in load_file(folder / f"{part}.safetensors").items():
            half = values.astype(np.float16)
            errors[part] = max(errors.get(part, 0), np.abs(half - values).max() / np.abs(values).mean())
            arrays[f"{part}/{name}"] = planes(half)
    for name, values in load_file(folder / "optimiser.safetensors").items():
        if name.endswith("exp_avg_sq"):
            with np.errstate(divide="ignore"):
                level = np.round(OCTAVE * np.log2(values)) + 400
            arrays[f"optimiser/{name}"] = planes(np.where(values > 0, level.clip(1, 2000), 0).astype(np.uint16))
        elif name.endswith("step"):
            arrays[f"optimiser/{name}"] = values
    stream = io.BytesIO()
    np.savez(stream, state=np.frombuffer((folder / "state.json").read_bytes(), np.uint8), **arrays)
    file.write_bytes(lzma.compress(stream.getvalue(), preset=9))
    print(file.stat().st_size, errors)


def unpack(file: Path, run: Path) -> None:
    held = np.load(io.BytesIO(lzma.decompress(file.read_bytes())))
    state = json.loads(held["state"].tobytes())
    training = restore(latest_resume(run))
    with torch.no_grad():
        for part in ("encoder", "rule"):
            for name, tensor in getattr(training, part).state_dict().items():
                half = held[f"{part}/{name}"].T.copy().view(np.float16).reshape(tensor.shape)
                tensor.copy_(torch.from_numpy(half.astype(np.float32)))
        for name, tensor in training.moments.items():
            if name.endswith("exp_avg_sq"):
                level = held[f"optimiser/{name}"].T.copy().view(np.uint16).reshape(tensor.shape)
                values = np.where(level > 0, 2.0 ** ((level.astype(np.float64) - 400) / OCTAVE), 0)
                tensor.copy_(torch.from_numpy(values.astype(np.float32)))
            elif name.endswith("step"):
                tensor.copy_(torch.from_numpy(held[f"optimiser/{name}"]))
            else:
                tensor.zero_()
    for name in ("epoch", "batch", "step", "images", "fingerprint", "sums"):
        setattr(training, name, state[name])
    training.origin = state["origin"]
    print(save_resume(run, training), training.epoch, training.batch)


if __name__ == "__main__":
    {"pack": pack, "unpack": unpack}[sys.argv[1]](*map(Path, sys.argv[2:]))
