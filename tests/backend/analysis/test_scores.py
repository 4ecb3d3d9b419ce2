"""Are scores counted whole, with the margin on an edge?"""

import numpy as np
import pytest

from backend.analysis.scores import counted, edges_of


@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_histograms_count_every_score_and_keep_the_margin_on_an_edge(spread):
    draw = np.random.default_rng(0)
    true, wrong = (draw.normal(shift, spread, 5000).astype("f4") for shift in (1, -1))
    edges = edges_of(true, wrong)
    assert len(edges) <= 49 and edges[0] <= -1.5 and edges[-1] >= 1.5
    assert counted(true, edges).sum() == counted(wrong, edges).sum() == 5000
    if spread < 30:
        assert {-1.0, 1.0} <= set(edges.tolist())
