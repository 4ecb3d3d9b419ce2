"""Is the other image drawn anew for each step?"""

import torch

from models.rules.scores import anywhere, broadcast, other_images


def test_every_step_has_wrong_futures_of_its_own() -> None:
    generator = torch.Generator().manual_seed(0)
    for drawn in (
        broadcast(64, 5, generator, 1, 2, own=False).other[0, 0],
        other_images(64, 5, generator).other,
        anywhere(4, 3, 2, 5, generator).drawn.flatten(1),
    ):
        assert len(drawn.unique(dim=0)) == 5
