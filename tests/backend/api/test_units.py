"""What d' does a unit stand with among the others?"""

import numpy as np

from backend.api.units import of_best_class


def test_a_unit_stands_with_the_dprime_of_its_best_class_or_the_greatest_where_it_has_none():
    dprime = np.float32([[-1, 2, 0.5], [-3, 0, -0.5], [0, 0, 0]])
    found = {"dprime": dprime, "best_class": np.int16([1, -1, -1])}
    assert of_best_class(found).tolist() == [2, 0, 0]
