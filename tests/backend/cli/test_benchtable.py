"""Do the tables of a bench tell what each of their rows is over?"""

import re

import pytest

from backend.cli.benchtable import as_markdown, as_text, blocks
from backend.runs.benches import read
from backend.settings import CHECKOUT
from tests.benchrecord import FAILED, LABELLED, N_TRAIN, record


@pytest.mark.parametrize("markdown", [False, True], ids=["text", "markdown"])
def test_a_row_tells_the_seeds_it_is_over_where_they_are_not_all(markdown: bool) -> None:
    for title, rows in blocks(record("made-up"), markdown):
        if "all-layers" in title:
            continue
        names = [cells[0] for cells in rows]
        assert [name for name in names if name.endswith(" seeds)")] == [
            f"{FAILED[0]} (1 of 2 seeds)"
        ]


def test_the_cost_of_a_rule_tells_the_images_it_was_trained_on() -> None:
    text = as_text(record("made-up"))
    assert re.search(rf"^clapp +{N_TRAIN:,} +15:00 min", text, re.M)
    assert re.search(rf"^supervised +{LABELLED} ", text, re.M)


def test_a_record_that_ships_can_be_told() -> None:
    for shipped in (CHECKOUT / "models" / "pretrained" / "benches").glob("*.json"):
        told = read(shipped)
        page = as_markdown(told)
        for row in told["rows"]:
            if row["done"] and row["rule"] in told["rules"]:
                cells = rf"^\| {re.escape(row['rule'])}( \(.*?\))? \| {row['images']:,} \|"
                assert re.search(cells, page, re.M)
