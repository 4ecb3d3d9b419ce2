"""Is a checkpoint that was damaged, or made to do harm, refused with a sentence?"""

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("links, pipes and forks are made here", allow_module_level=True)

from tests.soak.damage import damaged, hostile
from tests.soak.rows import held
from tests.soak.saves import killed_saves


def test_a_thousand_damaged_checkpoints_are_all_refused(tmp_path: Path) -> None:
    held(damaged(1000, tmp_path / "run"), tries=1000)


def test_a_checkpoint_made_to_do_harm_is_refused_with_a_sentence(tmp_path: Path) -> None:
    held(hostile(tmp_path / "run"), tries=200)


@pytest.mark.slow
def test_a_process_killed_while_it_saves_leaves_whole_checkpoints(tmp_path: Path) -> None:
    held(killed_saves(100, tmp_path), tries=100)
