"""Checkpoints that were damaged, and checkpoints that someone made to do harm."""

import json
import os
import random
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import safetensors.torch
import torch

from models.checkpoint import load_learner, restore, save_kept, save_resume
from models.errors import CheckpointError
from models.sealed import manifest_of
from tests.soak.forked import TRAINING
from tests.soak.rows import Row

PARTS = ("encoder", "rule", "optimiser")


def checkpoints(run: Path) -> list[Path]:
    """Two resume points, of steps 3 and 4, and a kept epoch."""
    training, made = TRAINING, []
    for training.step in (3, 4):
        training.encoder.layers[0].bias.data.fill_(training.step)
        made.append(save_resume(run, training))
    training.epoch = 1
    return [*made, save_kept(run, training)]


def opened(folder: Path) -> None:
    """Read all that a checkpoint holds. Raises CheckpointError."""
    if folder.name.startswith("resume-"):
        restore(folder)
    else:
        load_learner(folder.parent.parent, int(folder.name[6:]))


def refused(folder: Path) -> bool:
    """Whether it is refused with a sentence that says what to do."""
    try:
        opened(folder)
    except CheckpointError as error:
        told = str(error)
        return folder.name in told and "train again" in told and "\n" not in told
    except Exception:
        return False
    return False


def damaged(cases: int, run: Path) -> list[Row]:
    """Each kind of damage in turn, at random places of random files; mended after each."""
    draw, folders = random.Random(4), checkpoints(run)
    tried, bad = dict.fromkeys(DAMAGES, 0), dict.fromkeys(DAMAGES, 0)
    for case in range(cases):
        word = tuple(DAMAGES)[case % len(DAMAGES)]
        folder = draw.choice(folders)
        copy = run.parent / "kept"
        shutil.copytree(folder, copy)
        DAMAGES[word](draw, folder, folders)
        tried[word] += 1
        bad[word] += not refused(folder)
        shutil.rmtree(folder)
        copy.rename(folder)
    for folder in folders:
        opened(folder)
    return [(f"checkpoint damaged, {word}: loaded", tried[word], bad[word], "") for word in DAMAGES]


def flip(draw: random.Random, folder: Path, _: list[Path]) -> None:
    file = draw.choice(sorted(folder.iterdir()))
    data = bytearray(file.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    file.write_bytes(data)


def cut(draw: random.Random, folder: Path, _: list[Path]) -> None:
    file = draw.choice(sorted(folder.iterdir()))
    os.truncate(file, draw.randrange(file.stat().st_size))


def lengthen(draw: random.Random, folder: Path, _: list[Path]) -> None:
    file = draw.choice([file for file in sorted(folder.iterdir()) if file.suffix != ".json"])
    with open(file, "ab") as stream:
        stream.write(draw.randbytes(draw.randrange(1, 64)))


def remove(draw: random.Random, folder: Path, _: list[Path]) -> None:
    draw.choice(sorted(folder.iterdir())).unlink()


def swap_inside(draw: random.Random, folder: Path, _: list[Path]) -> None:
    """Two files of the checkpoint change names."""
    one, two = draw.sample(sorted(folder.iterdir()), 2)
    exchange(one, two)


def swap_between(draw: random.Random, folder: Path, folders: list[Path]) -> None:
    """A file is that of another checkpoint of the run."""
    other = draw.choice([each for each in folders if each != folder])
    names = [
        file.name
        for file in sorted(folder.iterdir())
        if (other / file.name).exists() and (other / file.name).read_bytes() != file.read_bytes()
    ]
    name = draw.choice(names)
    shutil.copyfile(other / name, folder / name)


def swap_whole(draw: random.Random, folder: Path, folders: list[Path]) -> None:
    """All files are those of another checkpoint of the run."""
    other = draw.choice([each for each in folders if each != folder])
    shutil.rmtree(folder)
    shutil.copytree(other, folder)


def exchange(one: Path, two: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    two.rename(one)
    aside.rename(two)


DAMAGES: dict[str, Callable[[random.Random, Path, list[Path]], None]] = {
    "a bit flipped": flip,
    "cut short": cut,
    "made longer": lengthen,
    "a file removed": remove,
    "two files swapped": swap_inside,
    "a file of another checkpoint": swap_between,
    "all files of another checkpoint": swap_whole,
}


def hostile(run: Path) -> list[Row]:
    """Checkpoints whose hashes are right, and whose author is not."""
    good, *_ = checkpoints(run)
    whole = {file.name: file.read_bytes() for file in good.iterdir()}
    tried = bad = 0
    missed = []
    for name, make in attacks(whole):
        shutil.rmtree(good)
        good.mkdir()
        payload = make()
        manifest = payload.pop("manifest.json", None)
        for file, data in payload.items():
            (good / file).write_bytes(data)
        (good / "manifest.json").write_bytes(manifest or manifest_of(payload))
        tried += 1
        if not refused(good):
            bad += 1
            missed.append(name)
    for name, harm in ODD_FILES.items():
        for file in sorted(whole):
            shutil.rmtree(good)
            good.mkdir()
            for each, data in whole.items():
                (good / each).write_bytes(data)
            (good / file).unlink()
            harm(good / file)
            tried += 1
            if not refused(good):
                bad += 1
                missed.append(f"{name} {file}")
    shutil.rmtree(good)
    return [("hostile checkpoints with right hashes: loaded", tried, bad, "; ".join(missed))]


def a_link(file: Path) -> None:
    file.symlink_to("/etc/hostname")


def a_loop(file: Path) -> None:
    file.symlink_to(file.name)


ODD_FILES: dict[str, Callable[[Path], None]] = {
    "a pipe instead of": os.mkfifo,
    "a folder instead of": Path.mkdir,
    "a link out instead of": a_link,
    "a link to itself instead of": a_loop,
}
ODD_NUMBERS = (-1, 2**63, 10**400, 1.5, "3", None, True, [3], {"3": 3})
ODD_JSON = (
    b"", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe{}", b"[" * 200_000, b'{"a":' * 100_000,
    b"{}", b'{"config": {}}', b'{"config": []}', b'{"config": "x"}', b" " * (2**20 + 1),
    b'{"files": {}}', b'{"files": []}', b'{"files": {"state.json": 3}}', b"1" * 10_000,
)  # fmt: skip
ODD_SETTINGS: tuple[tuple[str, object], ...] = (
    ("rule", "../../etc"), ("rule", ["clapp"]), ("rule", None), ("rule", "imported"),
    ("rule", "supervised"), ("encoder", "vgg6"), ("encoder", "os.system"), ("encoder", 7),
    ("encoder", {}), ("steps", 10**9), ("steps", -1), ("steps", 4), ("crop", 10**9),
    ("crop", 4096.5), ("learning_rate", "1e400"), ("learning_rate", float("nan")),
    ("learning_rate", float("inf")), ("epochs", -1), ("epochs", 2**70), ("batch", 0),
    ("batch", "4"), ("seed", -7), ("seed", 2**80), ("device", "cuda:99"), ("device", "meta"),
    ("precision", "float8"), ("precision", "float64"), ("keep", "-1"), ("keep", "a" * 10_000),
    ("keep", 3), ("colour", "rgb"), ("colour", "ultraviolet"), ("_target_", "os.system"),
    ("__class__", "x"), ("data", 7), ("parallel", "all"), ("draw", "x"), ("update", "x"),
    ("negatives", "next"),
)  # fmt: skip
ODD_MANIFESTS = (
    "../../../../etc/passwd", "/etc/passwd", "..\\..\\x", "a\0b", "state.json/", "x" * 5000,
    "encoder.safetensors ", "model.pkl", "<img src=x onerror=alert(1)>", "",
)  # fmt: skip


def attacks(whole: dict[str, bytes]) -> Iterator[tuple[str, Callable[[], dict[str, bytes]]]]:
    """Every attack: a name and what makes its files. Without a manifest they get a right one."""
    files = {name: data for name, data in whole.items() if name != "manifest.json"}
    state = json.loads(files["state.json"])
    for number, data in enumerate(ODD_JSON):
        yield f"state {number}", lambda data=data: files | {"state.json": data}
        yield f"manifest {number}", lambda data=data: files | {"manifest.json": data or b" "}
    for name in ("step", "epoch", "batch", "images", "view", "classes"):
        for value in ODD_NUMBERS:
            made = json.dumps(state | {name: value}).encode()
            yield f"{name} {value!r:.20}", lambda made=made: files | {"state.json": made}
    for name, value in ODD_SETTINGS:
        made = json.dumps(state | {"config": state["config"] | {name: value}}).encode()
        yield f"{name} {value!r:.20}", lambda made=made: files | {"state.json": made}
    huge = {"rule": "clapp++", "crop": 4096, "encoder": "vgg6", "spatial": "yes"}
    for changes in (huge, {"rule": "supervised", "encoder": "vgg6"}):
        config = state["config"] | {"draw": "auto", "negatives": "auto"} | changes
        for view, classes in ((4096, 32767), (64, 32767)):
            made = json.dumps(state | {"config": config, "view": view, "classes": classes})
            yield f"{changes} {view}", lambda made=made: files | {"state.json": made.encode()}
    for model in ({}, [], "x", {"name": "resnet18", "family": "os"}, {"layers": ["x"] * 10**4}):
        made = json.dumps(state | {"model": model}).encode()
        yield f"model {model!r:.20}", lambda made=made: files | {"state.json": made}
    listed = json.loads(manifest_of(files))["files"]
    for name in ODD_MANIFESTS:
        made = json.dumps({"files": listed | {name: {"sha256": "0" * 64}}}).encode()
        yield f"names {name!r:.20}", lambda made=made: files | {"manifest.json": made}
    for value in (None, 3, [], {}, "", "0" * 64, {"sha256": None}, {"md5": "x"}):
        made = json.dumps({"files": listed | {"encoder.safetensors": value}}).encode()
        yield f"hash {value!r:.20}", lambda made=made: files | {"manifest.json": made}
    for part in PARTS:
        name = f"{part}.safetensors"
        yield f"no {part}", lambda name=name: {n: d for n, d in files.items() if n != name}
        for number, made in enumerate(odd_tensors(files[name])):
            yield f"{part} {number}", lambda name=name, made=made: files | {name: made}


def odd_tensors(data: bytes) -> Iterator[bytes]:
    """A safetensors file that is no more what it says."""
    tensors = safetensors.torch.load(data)
    save, first = safetensors.torch.save, next(iter(tensors))
    rest = {name: tensor for name, tensor in tensors.items() if name != first}
    value = tensors[first]
    yield from (
        save(rest),
        save({}),
        save(tensors | {"more": value.clone()}),
        b"",
        data[:7],
        b"\0" * 8,
    )
    yield save(rest | {first: value.reshape(-1)[:0].clone()})
    yield save(rest | {first: value.reshape(1, *value.shape)})
    for kind in (torch.float16, torch.bfloat16, torch.float64, torch.int32, torch.bool):
        yield save(rest | {first: value.to(kind)})
    for number in (float("nan"), float("inf"), float("-inf")):
        yield save(rest | {first: torch.full_like(value, number)})
    yield save(rest | {first + "\u202e": value})
    yield save({f"t{number}": torch.zeros(1) for number in range(5000)})
    length = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    for size in (length - 1, length + 1, 2**20 + 1, 2**40, 2**63, 2**64 - 1):
        yield struct.pack("<Q", size) + data[8:]
    filled = json.dumps(header | {"__metadata__": {"x": "y" * 2**20}}).encode()
    yield struct.pack("<Q", len(filled)) + filled + body
    for offsets in ([0, 2**40], [-4, 0], [4, 0], [0], "x", [0, 1]):
        yield again(header | {first: header[first] | {"data_offsets": offsets}}, body)
    for shape in ([2**40, 2**40], [-1], "x", [2**63], None):
        yield again(header | {first: header[first] | {"shape": shape}}, body)
    for odd in ("F33", None, 7):
        yield again(header | {first: header[first] | {"dtype": odd}}, body)
    yield from (again([], body), again(header, body[:-1]), again(header, body + b"\0"))
    yield from (b"\x80\x04cposix\nsystem\n(S'true'\ntR.", b"PK\3\4" + data, data * 40)


def again(header: object, body: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body
