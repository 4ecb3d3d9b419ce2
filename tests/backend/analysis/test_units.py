"""Is what streams by collected for the right images, in batches of any size?"""

import numpy as np
import pytest

from backend.analysis.selectivity import selectivity
from backend.analysis.units import Units


@pytest.mark.parametrize("batch", [3, 10])
def test_responses_are_means_over_patches_and_patches_those_of_the_ids(batch: int) -> None:
    draw = np.random.default_rng(0)
    z = draw.random((10, 4, 2, 2), dtype=np.float32)
    ids, labels = np.arange(100, 110, dtype=np.int32), np.arange(10) % 2
    units = Units(np.zeros((10, 4), np.float32), ids, grid=2)
    for start in range(0, 10, batch):
        rows = slice(start, min(start + batch, 10))
        units.add(rows, z[rows])
    found = units.result(labels, 2)
    mean = z.mean((2, 3))
    assert units.responses == pytest.approx(mean)
    assert found["selectivity"]["mean"] == pytest.approx(mean.mean(0))
    assert found["selectivity"]["dprime"] == pytest.approx(
        selectivity(mean, labels, 2)["dprime"], abs=1e-6
    )
    assert (found["selectivity"]["histogram"].sum(1) == 40).all()
    assert found["selectivity"]["maximum"].tolist() == z.max((0, 2, 3)).tolist()
    best = z.max((2, 3)).argmax(0)  # [unit]
    assert found["maximizers"]["top_image"][:, 0].tolist() == ids[best].tolist()
