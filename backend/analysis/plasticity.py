"""How does each layer learn: what do true and wrong futures score, and where does its update lead?

    scores     u of true and of wrong futures by step k, the loss they make, the open gates H
    cosine     between a layer's local update and the gradient of the end-to-end loss
    gaps       |a - b| / (|a| + |b|) of the product of four factors (a) and autograd (b)

Letters as in models.rules.scores. Whatever is counted "by step" has one row a k; a rule that looks
no k rows ahead (CLAPP++) has a single row.
"""

import copy
from collections.abc import Generator, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from backend.analysis.fourfactors import EXACT_IMAGES, gaps
from backend.analysis.scores import Scores, counted, edges_of, hinged, scores_of
from models.config import TrainConfig
from models.data.views import random_views, two_views
from models.device import exact_convolutions
from models.errors import CheckpointError
from models.rules import RULES
from models.rules.infonce import CPC, NEGATIVES, GreedyInfoMax
from models.rules.rule import Rule
from models.rules.scores import Broadcast

IMAGES, BATCH = 256, 32  # of which scores are taken
COSINE_IMAGES = 128  # of which updates are compared: the first batches

SAMPLE = (
    "{images} training images in batches of {batch}, {views}, chosen and drawn with seed {seed}; "
    "float32, with the weights kept at this epoch."
)
SCORES = (
    "Scores: u = z . W c of every true and every wrong future, over all places (and both "
    "predictions, where a rule makes two); wrong ones are drawn as in training{itself}. The "
    "histograms share their bins, the outermost hold what lies beyond."
)
MET_ITSELF = ", so that about 1 in {} is of the image itself"
HINGE = (
    "Loss: mean of max(0, 1 - u) over the true plus mean of max(0, 1 + u) over the wrong futures, "
    "2 at chance{steps}. Open gates H: the share of true futures with u < 1 and of wrong ones with "
    "u > -1; only these teach."
)
CROSS_ENTROPY = (
    "Loss: cross-entropy of the true future among {met}, {chance:.2f} at chance{steps}. It has no "
    "margin and so no gate: every pair teaches."
)
COSINE = (
    "Cosine: between the gradient of a layer's own loss and that of the top layer's loss (its "
    "matrices, the same images and negatives) sent back through all layers, both of the layer's "
    "kernel, summed over {compared} of the images; 1 at the top by definition. Another sample "
    "moves it, the more the nearer to 0 it is, and more images would raise it a little."
)
AT_TOP = (
    "Cosine: this rule's loss sits at the top alone, where its update is the end-to-end gradient "
    "itself, so it is 1 by definition; the layers below have no update of their own."
)
GAPS = (
    "Four factors: the explicit local update a against autograd b of the same loss, "
    "|a - b| / (|a| + |b|), on {exact} of the images. Bounds: 1e-10 in float64; in float32 1e-5, "
    "or four times the distance of autograd's own float32 from its float64 where terms cancel and "
    "leave fewer digits."
)
NO_GAPS = "The update of this rule is not written as a product of four factors."


def definitions(config: TrainConfig, images: int, view: int, seed: int) -> dict[str, str]:
    """What each of the figures is, with the numbers that hold for a run."""
    row = RULES[config.rule]
    count = sum(map(len, chosen(images, seed)))
    seen = f"{view} x {view} pixels, {config.colour}"
    facts = {
        "images": count,
        "batch": min(BATCH, count),
        "seed": seed,
        "views": f"two augmented views of {seen}"
        if row.sees == "image"
        else f"a random view of {seen}",
        "steps": "; all steps k weigh the same" if row.predicts else "",
        "met": NEGATIVES + 1,
        "itself": "" if config.negatives == "next" else MET_ITSELF.format(min(BATCH, count)),
        "chance": np.log(NEGATIVES + 1),
        "compared": min(COSINE_IMAGES, count),
        "exact": min(EXACT_IMAGES, count),
    }
    words = {
        "learning": SAMPLE,
        "scores": SCORES,
        "loss": CROSS_ENTROPY if row.contrast == "InfoNCE" else HINGE,
        "cosine": AT_TOP if row.crosses else COSINE,
        "four factors": GAPS if row.four_factors else NO_GAPS,
    }
    return {word: sentence.format(**facts) for word, sentence in words.items()}


def chosen(images: int, seed: int) -> list[np.ndarray]:
    """Rows of the training images to measure on, a batch each."""
    order = np.random.default_rng(seed).permutation(images)[:IMAGES]
    whole = len(order) - len(order) % BATCH or len(order)
    return [np.sort(order[start : start + BATCH]) for start in range(0, whole, BATCH)]


def plasticity(
    config: TrainConfig,
    encoder: nn.Module,
    rule: Rule,
    images: np.ndarray,
    ids: np.ndarray,
    seed: int,
    device: torch.device | str = "cpu",
) -> Generator[float, None, dict[int, dict[str, np.ndarray]]]:
    """Measure on images uint8 [n, 3, height, width] of which training may see those of `ids`.

    Yields the share that is done, and returns the arrays of each layer that carries a loss, by its
    number from 0: the row "learning" of backend.runs.arrays.ARRAYS. The rule must have true and
    wrong scores (RuleRow.no_scores is None).
    """
    encoder, rule = encoder.to(device), rule.to(device)
    row, generator = RULES[config.rule], torch.Generator().manual_seed(seed)
    make_views = two_views if row.sees == "image" else random_views
    measured, exact = Plasticity(encoder, rule), None
    batches = chosen(len(ids), seed)
    for number, batch in enumerate(batches):
        views = make_views(
            torch.from_numpy(images[ids[batch]]).to(device), generator, config.crop, config.colour
        )
        draw = drawn(rule, len(views), generator).to(torch.device(device))
        compared = number * BATCH < COSINE_IMAGES
        for share in measured.add(views, draw, compared):
            yield (number + share) / len(batches)
        if number == 0 and row.four_factors:
            few = views[:EXACT_IMAGES].cpu()
            exact = gaps(encoder, rule, few, drawn(rule, len(few), generator))
    found = {layer: measured.result(layer) for layer in rule.layers}
    for at, layer in enumerate(rule.layers if exact is not None else ()):
        found[layer]["gap"] = exact[at]
    return found


def drawn(rule: Rule, views: int, generator: torch.Generator):
    """What the rule draws for a batch: one draw for all layers, also where a run draws for each."""
    draw = rule.draw(views, generator)
    if not isinstance(draw, Broadcast):
        return draw
    y, other = draw.y[:1, :1], draw.other[:1, :1]
    return Broadcast(y.expand_as(draw.y), other.expand_as(draw.other))


class Plasticity:
    """Takes batches of views; tells each layer that carries a loss apart."""

    def __init__(self, encoder: nn.Module, rule: Rule) -> None:
        self.encoder, self.rule = encoder, rule
        self.hinge = not isinstance(rule, CPC | GreedyInfoMax)
        self.scores = {layer: Scores() for layer in rule.layers}
        # Sums over batches of the kernel's gradients, by layer and step: local, end to end.
        self.sums: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

    def add(self, views: Tensor, draw, compare: bool) -> Iterator[float]:
        """Take the scores of a batch and, if `compare`, its updates; yields the share done."""
        with torch.set_grad_enabled(compare), exact_convolutions():
            activity = self.encoder(views)
        if self.rule.hears_top:
            draw = draw._replace(top=activity[-1].detach())
        with torch.no_grad():
            for layer in self.rule.layers:
                self.take(layer, activity[layer], draw)
        if not compare:
            return
        steps = len(self.scores[self.rule.layers[0]].true)
        for k in range(steps):
            yield k / steps
            with exact_convolutions():
                self.compare(at_step(self.rule, k), k, activity, draw)

    def take(self, layer: int, z: Tensor, draw) -> None:
        into = self.scores[layer]
        for k, terms in enumerate(scores_of(self.rule, layer, z, draw)):
            for kept in (into.true, into.wrong, into.crossed):
                if len(kept) <= k:
                    kept.append([])
            for true, wrong in terms:
                into.true[k].append(true.flatten().cpu().numpy())
                into.wrong[k].append(wrong.flatten().cpu().numpy())
                if not self.hinge:
                    u = torch.cat([true, wrong], 1)  # [b, 1 + n, r, x]
                    into.crossed[k].append(-u.log_softmax(1)[:, 0].flatten().cpu().numpy())

    def compare(self, rule: Rule, k: int, activity: list[Tensor], draw) -> None:
        """Add the gradients of each kernel: of its layer's own loss, and of the top's."""
        layers, top = self.encoder.layers, rule.layers[-1]
        kernels = [layers[n].weight for n in rule.layers]
        whole = rule.loss(top, activity[top], draw)
        through = torch.autograd.grad(whole, kernels, retain_graph=True)
        for n, kernel, sent in zip(rule.layers, kernels, through, strict=True):
            own = rule.loss(n, activity[n], draw)
            (local,) = torch.autograd.grad(own, kernel, retain_graph=True)
            before = self.sums.get((n, k), (0, 0))
            self.sums[n, k] = before[0] + local.cpu().double(), before[1] + sent.cpu().double()

    def result(self, layer: int) -> dict[str, np.ndarray]:
        """All that was counted of a layer, as the arrays of a result."""
        scores = self.scores[layer]
        true = [np.concatenate(part) for part in scores.true]
        wrong = [np.concatenate(part) for part in scores.wrong]
        if not all(np.isfinite(u).all() for u in (*true, *wrong)):
            raise CheckpointError(
                f"layer {layer + 1} gives scores that are not finite; take an earlier checkpoint"
            )
        edges = edges_of(np.concatenate(true), np.concatenate(wrong))
        found = {
            "edges": edges,
            "true": np.stack([counted(u, edges) for u in true]),
            "wrong": np.stack([counted(u, edges) for u in wrong]),
            "true_mean": [u.mean(dtype=np.float64) for u in true],
            "wrong_mean": [u.mean(dtype=np.float64) for u in wrong],
            "cosine": self.cosines(layer),
        }
        if not self.hinge:
            losses = [np.concatenate(part).mean(dtype=np.float64) for part in scores.crossed]
            return found | {"loss": losses}
        return found | {
            "loss": [
                hinged(u).mean() + hinged(-v).mean() for u, v in zip(true, wrong, strict=True)
            ],
            "true_gate": [(u < 1).mean() for u in true],
            "wrong_gate": [(u > -1).mean() for u in wrong],
        }

    def cosines(self, layer: int) -> list[float]:
        """Of all steps together, then of each."""
        parts = [sums for (n, _), sums in sorted(self.sums.items()) if n == layer]
        whole = tuple(sum(side) for side in zip(*parts, strict=True))
        return [cosine(*sums) for sums in (whole, *parts)]


def at_step(rule: Rule, k: int) -> Rule:
    """The rule without the matrices of the other steps: its gradients are the part of step k.

    A matrix of zeros scores 0 whatever the activity, so it sends the activity no gradient.
    """
    alone = copy.deepcopy(rule)
    with torch.no_grad():
        for matrices in alone.parameters():  # [k, post, pre]
            matrices[:k] = 0
            matrices[k + 1 :] = 0
    return alone


def cosine(a: Tensor, b: Tensor) -> float:
    """NaN where one of the two is zero."""
    size = a.norm() * b.norm()
    return float((a * b).sum() / size) if size > 0 else float("nan")
