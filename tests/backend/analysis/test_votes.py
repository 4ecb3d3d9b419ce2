"""A vote of the nearest training images is what a loop over all of them says."""

from collections import Counter

import numpy as np
import pytest

from backend.analysis.votes import majority, voted


@pytest.mark.parametrize("k", [1, 3, 20])
def test_the_vote_is_that_of_a_loop_over_all_pairs(k: int) -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 60)
    train = (labels[:, None] + draw.normal(0, 1.5, (60, 7))).astype(np.float32)
    test = draw.normal(1, 2, (40, 7)).astype(np.float32) * [1, 1, 1, 1, 1, 1, 30]
    test, train = test.astype(np.float32), (train * [1, 1, 1, 1, 1, 1, 30]).astype(np.float32)
    mean, spread = train.astype(float).mean(0), train.astype(float).std(0)

    wanted = []
    for image in (test - mean) / spread:
        distance = np.sqrt((((train - mean) / spread - image) ** 2).sum(1))
        near = [int(labels[row]) for row in np.argsort(distance, kind="stable")[:k]]
        most = max(Counter(near).values())
        wanted.append(next(label for label in near if near.count(label) == most))
    assert voted(train, labels, test, k).tolist() == wanted


def test_of_classes_with_as_many_votes_the_nearest_wins() -> None:
    labels = np.array([[2, 0, 0, 2], [0, 2, 2, 0], [1, 1, 0, 2], [0, 1, 1, 2]])
    assert majority(labels).tolist() == [2, 0, 1, 1]


def test_more_voters_than_images_are_all_there_are() -> None:
    train = np.array([[0.0], [1.0], [2.0]], np.float32)
    assert voted(train, np.array([0, 1, 1]), train, k=50).tolist() == [1, 1, 1]
