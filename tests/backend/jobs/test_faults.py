"""Does a run outlive kills, failing and full disks, and say what ended it where it does not?"""

import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("limits, disks and forks of Linux are used here", allow_module_level=True)

from tests.soak import breakdowns, faults, full_disk
from tests.soak.failing import NoSqliteError
from tests.soak.rows import held
from tests.soak.saves import killed_runs

pytestmark = pytest.mark.slow


def test_a_run_killed_three_times_ends_with_the_very_same_weights(tmp_path: Path) -> None:
    held(killed_runs(10, tmp_path), tries=10)


def test_the_nth_write_that_fails_spoils_nothing_whichever_it_is(tmp_path: Path) -> None:
    try:
        held(faults.every_nth(tmp_path), tries=60)
    except NoSqliteError as reason:
        pytest.skip(str(reason))


def test_a_full_disk_spoils_nothing_and_the_run_goes_on_once_there_is_room(tmp_path: Path) -> None:
    try:
        with full_disk.small_disk(tmp_path / "disk") as disk:
            held(full_disk.full_disk(5, disk), tries=5)
    except full_disk.NoDiskError as reason:
        pytest.skip(str(reason))


def test_a_loss_that_is_no_number_is_told_in_fifty_steps_and_names_its_layer() -> None:
    held(breakdowns.diverging(5), tries=5)


def test_a_diverged_run_keeps_checkpoints_that_are_finite(tmp_path: Path) -> None:
    held(breakdowns.diverged_runs(2, tmp_path), tries=2)


def test_a_run_without_memory_says_which_was_out_and_what_to_do(tmp_path: Path) -> None:
    held(breakdowns.out_of_memory(3, tmp_path / "host"), tries=3)
    held(breakdowns.out_of_gpu(2, tmp_path / "gpu"), tries=2)
