"""The loss of every rule once more, as loops over images and places, one pair at a time.

Arrays are NumPy, float64. `z` [b, channel, row, column] is the activity that learns; `still` is
the same activity where a stop-gradient holds it fixed. Rule weights come by name.
"""

import numpy as np


def clapp(rule, weights, layer, z, still, draw):
    """Method A.5, A.6 and A.9: two terms, each with its own draw, signs averaged apart."""
    name = "" if len(rule.layers) == 1 else f".{layer}"
    matrices = weights[f"W_pred{name}"], weights[f"W_retro{name}"]
    number = 0 if len(rule.layers) == 1 else layer
    total = 0.0
    for k in range(1, rule.steps + 1):
        for term, W in enumerate(matrices):
            sums = {+1: [], -1: []}
            for b in range(len(z)):
                y = int(draw.y[number, term, b])
                source = b if y > 0 else int(draw.other[number, term, k - 1, b])
                losses = []
                for row in range(z.shape[2] - k - 1):
                    for column in range(z.shape[3]):
                        early, late = (b, row, column), (source, row + k + 1, column)
                        if term == 0:
                            u = at(z, late) @ W[k - 1] @ at(still, early)
                        else:
                            u = at(z, early) @ W[k - 1] @ at(still, late)
                        losses.append(max(0.0, 1 - y * u))
                sums[y].append(np.mean(losses))
            total += sum(np.mean(half) for half in sums.values() if half)
    return total / rule.steps


def clapp_s(rule, weights, layer, z, still, draw):
    """Method A.8: the true and the wrong futures of every context, averaged apart."""
    total = 0.0
    for k in range(1, rule.steps + 1):
        pairs = list(futures(z, k, draw))
        for y, wanted in ((+1, True), (-1, False)):
            losses = []
            for early, late, true in pairs:
                if true != wanted:
                    continue
                W = weights[f"W_pred.{layer}"][k - 1]
                if rule.symmetric:
                    scores = [at(z, late) @ W @ at(z, early)]
                else:
                    back = weights[f"W_retro.{layer}"][k - 1]
                    scores = [
                        at(z, late) @ W @ at(still, early),
                        at(z, early) @ back @ at(still, late),
                    ]
                losses.append(sum(max(0.0, 1 - y * u) for u in scores))
            total += np.mean(losses)
    return total / rule.steps


def info_nce(rule, weights, layer, z, still, draw):
    """Cross-entropy of the true future among all that a context meets."""
    name = "W_pred" if len(rule.layers) == 1 else f"W_pred.{layer}"
    total = 0.0
    for k in range(1, rule.steps + 1):
        met = {}
        for early, late, true in futures(z, k, draw):
            u = at(z, late) @ weights[name][k - 1] @ at(z, early)
            met.setdefault(early, []).insert(0 if true else len(met.get(early, [])), u)
        total += np.mean([np.log(np.exp(np.array(us) - us[0]).sum()) for us in met.values()])
    return total / rule.steps


def supervised(rule, weights, layer, z, still, draw):
    """Cross-entropy of a linear reader of the mean over the grid."""
    name = "reader" if len(rule.layers) == 1 else f"readers.{layer}"
    total = 0.0
    for image, label in zip(z, draw.tolist(), strict=True):
        mean = np.array([np.mean(channel) for channel in image])
        scores = weights[f"{name}.weight"] @ mean + weights[f"{name}.bias"]
        total += np.log(np.exp(scores - scores[label]).sum())
    return total / len(z)


def clapp_pp(rule, weights, layer, z, still, draw):
    """Method F.2: both views foretell each other, from the same layer, the top, or both."""
    total, half = 0.0, len(z) // 2
    sources = [("B_same", still)] if f"B_same.{layer}" in weights else []
    sources += [("B_top", draw.top.numpy())] if rule.hears_top else []
    for name, context in sources:
        B = weights[f"{name}.{layer}"][0]
        for b in range(len(z)):
            c = vector(rule, context[(b + half) % len(z)])
            true, wrong = vector(rule, z[b]), vector(rule, z[int(draw.other[b])])
            total += max(0.0, 1 - true @ B @ c) + max(0.0, 1 + wrong @ B @ c)
    return total / len(z)


SLOW = {
    "clapp": clapp,
    "hinge-cpc": clapp,
    "clapp-s": clapp_s,
    "clapp++": clapp_pp,
    "greedy-infomax": info_nce,
    "cpc": info_nce,
    "greedy-supervised": supervised,
    "supervised": supervised,
}


def at(z, place):
    b, row, column = place
    return z[b, :, row, column]


def futures(z, k, draw):
    """Every context with each future it meets: (place, place, whether it is the true one)."""
    images, _, grid, columns = z.shape
    height = grid - k - 1
    for b in range(images):
        for row in range(height):
            for column in range(columns):
                early = b, row, column
                yield early, (b, row + k + 1, column), True
                if hasattr(draw, "other"):
                    yield early, (int(draw.other[k - 1, b]), row + k + 1, column), False
                    continue
                for drawn in draw.drawn[k - 1, b, :, row, column].tolist():
                    place = drawn % (images * height * columns)
                    image, rest = divmod(place, height * columns)
                    far, beside = divmod(rest, columns)
                    yield early, (image, far + k + 1, beside), False


def vector(rule, z):
    return z.reshape(-1) if rule.spatial else z.mean((1, 2))
