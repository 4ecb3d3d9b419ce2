"""How well does the prediction of a unit meet what the unit does k + 1 patch rows further down?

Letters as in models.rules.scores. Images are taken in twos: the true future of the one is the
wrong future of the other, at the same place.
"""

from collections.abc import Generator
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from backend.analysis.activity import activity, encoder_layers
from backend.analysis.material import Material
from models.rules.rule import Rule
from models.rules.scores import rows

IMAGES = 256  # of which r is taken
PAIRS, BYTES = 64, 330_000  # points of a unit's scatter, as far as a layer's fit in so many bytes
DEFINITION = (
    "Predicted against actual: (W_pred c) of the unit against its z, k + 1 patch rows below c, at "
    "every place of the central view of {images} images of the {split} split, drawn with seed "
    "{seed}. True futures are of the same image, wrong ones of another at the same place. r: "
    "correlation over all these places; the scatter shows at most {pairs} of them. Neither scale "
    "nor offset count for r. A unit whose prediction or response is always the same has none."
)


def definition(material: Material, seed: int) -> str:
    facts = {"images": len(drawn(len(material.test), seed)), "pairs": PAIRS}
    return DEFINITION.format(split=material.split, seed=seed, **facts)


def drawn(images: int, seed: int) -> np.ndarray:
    """Rows of the test images to look at, an even number, in twos."""
    order = np.random.default_rng(seed).permutation(images)[:IMAGES]
    return order[: len(order) // 2 * 2]


def predicted(
    encoder: nn.Module,
    rule: Rule,
    material: Material,
    seed: int,
    devices: tuple[torch.device | str, torch.device | str],
    batch: int,
) -> Generator[float, None, dict[int, dict[str, np.ndarray]]]:
    """`predictions` of each layer that carries a loss, by its number from 0.

    The rule must look rows ahead (RuleRow.predicts). devices: of the encoder, and of double
    precision; batch: images at a time. Yields the share that is done.
    """
    m, (device, exact) = material, devices
    ids, parts, found = m.test[drawn(len(m.test), seed)], [], {}
    view = (m.crop, m.colour, device, batch)
    for part in activity(encoder_layers(encoder.to(device)), m.images, ids, *view):
        parts.append([part.answers[layer].z for layer in rule.layers])
        yield part.rows.stop / len(ids) / 2
    for done, layer in enumerate(rule.layers):
        z = torch.from_numpy(np.concatenate([part[done] for part in parts])).to(exact)
        found[layer] = predictions(matrices_of(rule, layer).to(exact), z, ids, seed)
        yield (1 + (done + 1) / len(rule.layers)) / 2
    return found


def matrices_of(rule: Rule, layer: int) -> Tensor:
    """W_pred [k, j, i] of a layer that carries a loss."""
    return rule.W_pred[layer] if isinstance(rule.W_pred, nn.ParameterList) else rule.W_pred


@torch.no_grad()
def predictions(W_pred: Tensor, z: Tensor, ids: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Predicted and actual responses of each unit: the row "predictions" of ARRAYS.

    W_pred [k, j, i]; z [n, unit, row, column] of the images `ids` [n], in twos; n is even.
    """
    steps, units = W_pred.shape[:2]
    z = z.movedim(1, -1)
    sizes = [rows(z, k)[0][0, ..., 0].numel() * (len(z) // 2) for k in range(1, steps + 1)]
    pairs = 2 * min(PAIRS // 2, max(1, BYTES // (4 * steps * units)), *sizes)
    generator = np.random.default_rng(seed)
    found = [
        at_step(W_pred[k - 1], *rows(z, k), ids, pairs, generator) for k in range(1, steps + 1)
    ]
    return {name: np.stack([step[name] for step in found]) for name in found[0]}


def at_step(
    W: Tensor, c: Tensor, z: Tensor, ids: np.ndarray, pairs: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """The same of one step: c and z [n, r, x, unit], `pairs` even."""
    told = (W @ c.flatten(1, 2).mT).movedim(1, 0)  # [j, n, r * x]
    met = z.flatten(1, 2).movedim(2, 0)
    twins = met.unflatten(1, (-1, 2)).flip(2).flatten(1, 2)  # those of the other of two images
    places = met.shape[2]
    chosen = generator.permutation(met.shape[1] // 2 * places)[: pairs // 2]
    image, place = 2 * (chosen // places), chosen % places
    image = np.stack([image, image + 1], 1).ravel()  # a pair and the one it lends its future to
    place = place.repeat(2)
    shown = {"prediction": told[:, image, place], "response": met[:, image, place]}
    return {
        "true": correlation(told.flatten(1), met.flatten(1)),
        "wrong": correlation(told.flatten(1), twins.flatten(1)),
        "image": ids[image],
        "row": place // c.shape[2],
        "column": place % c.shape[2],
    } | dict(chain.from_iterable(levels(name, of).items() for name, of in shown.items()))


def correlation(a: Tensor, b: Tensor) -> np.ndarray:
    """Of each row of a and b [unit, pair]: float64 [unit], NaN where one is always the same."""
    constant = [x.amin(1) == x.amax(1) for x in (a, b)]
    a, b = (x - x.mean(1, keepdim=True, dtype=torch.float64).to(x.dtype) for x in (a, b))
    ab, aa, bb = ((x * y).sum(1, dtype=torch.float64) for x, y in ((a, b), (a, a), (b, b)))
    r = (ab / (aa * bb).sqrt()).clamp(-1, 1)
    return r.masked_fill(constant[0] | constant[1], float("nan")).cpu().numpy()


def levels(name: str, values: Tensor) -> dict[str, np.ndarray]:
    """Values [unit, pair] as 256 levels between the least and greatest of each unit."""
    values = values.float().cpu().numpy()
    low, high = values.min(1), values.max(1)
    scale = (high - low) / 255
    level = np.rint((values - low[:, None]) / np.where(scale > 0, scale, 1)[:, None])
    return {name: level.astype(np.uint8), f"{name}_scale": scale, f"{name}_offset": low}
