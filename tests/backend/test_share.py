"""A run can be handed on: small, whole, and without a single image in it."""

import errno
import json

import numpy as np
import pytest

from backend.errors import ConflictError
from backend.jobs.analyse import analyse
from backend.jobs.share import share, share_weights
from backend.runs.events import Timeline
from backend.runs.results import Results
from models.checkpoint import keeps_rule, load_encoder, load_learner, save_kept
from models.config import TrainConfig
from models.data.dataset import Dataset
from models.errors import CheckpointError, RunError
from models.train import train

CONFIG = TrainConfig(encoder="vgg6-tiny", epochs=1, batch=8, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def dataset():
    images = np.random.default_rng(0).integers(0, 256, (48, 3, 96, 96), dtype=np.uint8)
    labels = np.arange(48, dtype=np.int16) % 2
    split = (np.arange(48) >= 24).astype(np.uint8)
    return Dataset("two", "two", "two", images, labels, ("a", "b"), split, "none")


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    folder.mkdir()
    about = {"id": "whole", "created": "2026-01-01", "config": CONFIG.to_dict(), "dataset": "two"}
    (folder / "run.json").write_text(json.dumps(about))
    for progress in train(CONFIG, dataset.training_images()):
        if progress.epoch_ends:
            save_kept(folder, progress.training)
    events = [
        {"seq": 1, "kind": "progress"},
        {"seq": 2, "kind": "epoch", "epoch": 1, "losses": [0.5]},
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    return folder


@pytest.fixture(scope="module")
def analysed(run, dataset):
    for _ in analyse(run, dataset, device="cpu"):
        pass
    return run


def test_a_run_without_analyses_is_not_shared(run, tmp_path):
    if Results(run).epochs():
        pytest.fail("this test must run before the analyses")
    with pytest.raises(RunError, match="has no finished analysis"):
        share(run, tmp_path / "copy")


def test_a_copy_holds_every_result_and_no_feature(analysed, tmp_path):
    size = share(analysed, tmp_path / "copy")
    copy, whole = Results(tmp_path / "copy"), Results(analysed)
    assert copy.epochs() == whole.epochs() == [0, 1]
    for layer in range(1, 7):
        for what in (
            "embedding",
            "maximizers",
            "selectivity",
            "neighbours",
            "probe",
            "responses",
            "learning",
            "predictions",
            "tuning",
        ):
            for name, array in whole.read(what, 1, layer).items():
                assert copy.read(what, 1, layer)[name].tobytes() == array.tobytes()
        assert copy.features(1, layer, "test") is None
    assert json.loads((tmp_path / "copy" / "run.json").read_text())["id"] == "copy"
    timeline = Timeline(tmp_path / "copy" / "events.jsonl")
    timeline.update()
    assert timeline.losses == {1: [0.5]}
    whole_size = sum(file.stat().st_size for file in analysed.rglob("*") if file.is_file())
    assert size < whole_size * 2 / 3
    assert load_encoder(tmp_path / "copy", 1).widths == (8, 16, 16, 16, 32, 32)
    assert keeps_rule(analysed, 1) and not keeps_rule(tmp_path / "copy", 1)
    with pytest.raises(CheckpointError, match="keeps the encoder without the rule's own weights"):
        load_learner(tmp_path / "copy", 1)


def test_an_existing_folder_is_never_overwritten(analysed, tmp_path):
    with pytest.raises(ConflictError, match="exists already"):
        share(analysed, tmp_path)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "no room")])
@pytest.mark.parametrize("write", [share, lambda run, copy: share_weights(run, [1], copy)])
def test_a_copy_that_is_cut_short_is_not_there_and_can_be_made_again(
    analysed, tmp_path, monkeypatch, error, write
):
    def cut(*_):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("backend.jobs.share.tell", cut)
        with pytest.raises(type(error)):
            write(analysed, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []
    assert write(analysed, tmp_path / "copy") > 0
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
