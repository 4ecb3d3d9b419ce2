"""The ways in which a linear classifier is fitted to an encoder, by word.

Which one it was is told wherever an accuracy stands: they do not give the same numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from backend.analysis.material import Material
from backend.analysis.probes import DEFINITION, Probe, probe, scored
from backend.analysis.seen import Seen
from models.data.views import random_views
from models.device import exact_convolutions

EPOCHS, BATCH, LEARNING_RATE = 300, 32, 1e-3  # of the protocol `paper` (method B.5)


@dataclass(frozen=True)
class Protocol:
    """One row of PROTOCOLS. `measure` gives a probe of each layer, or one of all of them."""

    word: str
    sentence: str
    measure: Callable[[Seen, int], list[Probe]]  # the second argument is a seed
    sees: tuple[str, ...] = ("patches", "image")  # kinds of encoder that it is for
    joins: bool = False  # one classifier for all layers together


def fast(seen: Seen, seed: int = 0) -> list[Probe]:
    return [fitted(seen, *both, seed) for both in zip(seen.train, seen.test, strict=True)]


def all_layers(seen: Seen, seed: int = 0) -> list[Probe]:
    return [fitted(seen, *seen.cells, seed)]


def fitted(seen: Seen, train: np.ndarray, test: np.ndarray, seed: int) -> Probe:
    m = seen.material
    return probe(train, m.train_labels, test, seen.test_labels, len(m.classes), seed, seen.exact)


def paper(seen: Seen, seed: int = 0, epochs: int = EPOCHS) -> list[Probe]:
    """The heads of all layers learn from the same pass: Adam treats every weight by itself."""
    m, device = seen.material, seen.device
    generator = torch.Generator().manual_seed(seed)
    heads = [head(x.shape[1], len(m.classes), generator).to(device) for x in seen.test]
    weights = [weight for one in heads for weight in one.parameters()]
    optimiser = torch.optim.Adam(weights, lr=LEARNING_RATE, fused=device.type in ("cpu", "cuda"))
    labels = torch.from_numpy(m.train_labels.astype(np.int64)).to(device)
    encoded = max(seen.batch // BATCH, 1) * BATCH  # images at a time
    for _ in range(epochs):
        order = torch.randperm(len(m.train), generator=generator).numpy()
        for start in range(0, len(order), encoded):
            rows = order[start : start + encoded]
            features = augmented(seen, rows, generator)
            told = labels[torch.from_numpy(rows).to(device)]
            for part in range(0, len(rows), BATCH):
                some = slice(part, part + BATCH)
                optimiser.zero_grad()
                loss = sum(
                    F.cross_entropy(one(x[some]), told[some])
                    for one, x in zip(heads, features, strict=True)
                )
                loss.backward()
                optimiser.step()
    with torch.inference_mode():
        answers = [
            one(torch.from_numpy(np.ascontiguousarray(x)).to(device)).argmax(1).cpu().numpy()
            for one, x in zip(heads, seen.test, strict=True)
        ]
    return [scored(said, seen.test_labels, len(m.classes), len(m.train)) for said in answers]


def augmented(seen: Seen, rows: np.ndarray, generator: torch.Generator) -> list[torch.Tensor]:
    """Features of one random, perhaps mirrored crop of each of these training images."""
    m = seen.material
    pictures = torch.from_numpy(np.ascontiguousarray(m.images[m.train[rows]])).to(seen.device)
    with torch.no_grad(), exact_convolutions():
        views = random_views(pictures, generator, m.crop, m.colour)
        return [features for _, features, _ in seen.layers(views)]


def head(width: int, classes: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer as PyTorch draws it, from a generator of its own."""
    layer, bound = nn.Linear(width, classes), width**-0.5
    with torch.no_grad():
        for weight in layer.parameters():
            weight.uniform_(-bound, bound, generator=generator)
    return layer


PROTOCOLS: dict[str, Protocol] = {
    row.word: row
    for row in (
        Protocol("fast", DEFINITION, fast),
        Protocol(
            "paper",
            "One linear layer with bias on the image features as they are: cross-entropy, Adam at "
            "1e-3, no weight decay, 300 epochs in batches of 32; the {n_train} training images are "
            "encoded anew in every epoch, from {crops}, mirrored with probability one half "
            "(seed {seed}). Tested once, after the last epoch, on the central crop of "
            "{n_labelled} test images; no image is held out. Interval: Wilson, 95 %. Chance: "
            "always naming the commonest class, {chance:.1%}.",
            paper,
        ),
        Protocol(
            "all-layers",
            "For encoders of whole images: the activity of all layers, each averaged over the "
            "cells of its grid, flattened and joined into one vector, is read by one classifier, "
            "which is fitted as in the protocol fast. " + DEFINITION,
            all_layers,
            sees=("image",),
            joins=True,
        ),
    )
}


def definition(word: str, materials: Sequence[Material], seed: int = 0) -> str:
    """The sentence of a protocol with the numbers that hold here.

    materials: the same images, as each kind of encoder that is measured sees them.
    """
    protocol, m = PROTOCOLS[word], materials[0]
    parts = {one.sees: crops(one) for one in materials if one.sees in protocol.sees}
    of_patches, of_images = parts.get("patches"), parts.get("image")
    both = of_patches and of_images and f"{of_patches} (encoders of whole images: {of_images})"
    return protocol.sentence.format(
        n_train=len(m.train),
        n_labelled=int(m.labelled.sum()),
        seed=seed,
        chance=m.chance,
        crops=both or of_patches or of_images,
    )


def crops(m: Material) -> str:
    """From what part of an image a view is taken."""
    height, width = m.images.shape[2:]
    if m.side < min(height, width):
        return f"a random {m.side} x {m.side} part of their {height} x {width} pixels"
    return "the whole image, which has no other crop"
