"""Which images are analysed, and do the definitions say so in numbers?"""

import subprocess
import sys

import numpy as np
import pytest

from backend.analysis.cost import batch, multiplications
from backend.analysis.material import Material, blocks
from models.config import TrainConfig
from models.data import Dataset
from models.errors import DataError
from models.presets import ENCODERS
from models.zoo import examined


def dataset(split, labels, side: int = 96) -> Dataset:
    return Dataset(
        key="birds",
        spec="birds",
        title="birds",
        images=np.zeros((len(split), 3, side, side), np.uint8),
        labels=np.array(labels, np.int16),
        classes=("crow", "wren"),
        split=np.array(split, np.uint8),
        licence="none",
    )


def test_maps_are_of_test_images_and_probes_learn_from_labelled_training_images():
    data = dataset([0, 0, 0, 1, 1, 1, 2], [0, 1, -1, 0, 0, -1, -1])
    material = Material.of(data, TrainConfig())
    assert (material.split, material.test.tolist()) == ("test", [3, 4, 5])
    assert (material.train.tolist(), material.train_labels.tolist()) == ([0, 1], [0, 1])
    assert material.labelled.tolist() == [True, True, False]
    assert material.chance == 1.0
    assert material.no_probe is None


@pytest.mark.parametrize(("split", "word"), [([2, 2, 2, 0], "unlabelled"), ([0, 0, 0], "train")])
def test_without_test_images_another_split_is_shown_and_there_are_no_probes(split, word):
    material = Material.of(dataset(split, [0, 1, 1, 0][: len(split)]), TrainConfig())
    assert (material.split, len(material.test), len(material.train)) == (word, 3, 0)
    assert material.no_probe == "there are no test images"
    assert "probes" not in material.definitions(0, 30)


@pytest.mark.parametrize(
    ("train", "test", "reason"),
    [([0, 0], [0, 1], "fewer than two classes"), ([0, 1], [-1, -1], "no test image has a label")],
)
def test_why_there_is_no_probe(train, test, reason):
    material = Material.of(dataset([0, 0, 1, 1], [*train, *test]), TrainConfig())
    assert reason in material.no_probe
    assert material.facts()["reasons"] == {"probes": material.no_probe}


def test_images_that_are_too_few_or_too_small_are_one_sentence():
    with pytest.raises(DataError, match="birds has too few images; an analysis needs at least 2"):
        Material.of(dataset([1], [0]), TrainConfig())
    with pytest.raises(DataError, match="images of birds are 12 x 12 pixels; a patch needs 16"):
        Material.of(dataset([1, 1], [0, 1], side=12), TrainConfig())


def test_definitions_hold_the_numbers():
    material = Material.of(
        dataset([0] * 40 + [1] * 30, [0, 1] * 35, side=32), TrainConfig(colour="rgb")
    )
    said = material.definitions(7, 30.0)
    assert set(said) == {
        "activity", "maximizers", "selectivity", "neighbours", "embedding", "probes", "votes"
    }  # fmt: skip
    assert "central 32 x 32 pixels, rgb" in said["activity"] and "3 x 3 patches" in said["activity"]
    assert "over 9 patches of each of the 30 test images" in said["maximizers"]
    assert "seed 7" in said["maximizers"] and "seed 7" in said["embedding"]
    assert "perplexity 9.66667" in said["embedding"]
    assert "row 1, column 1" in said["neighbours"]
    assert "40 training images (seed 7" in said["probes"] and "50.0%" in said["probes"]
    assert not any("{" in sentence for sentence in said.values())


def test_the_cost_of_an_encoder_is_the_papers():
    data = dataset([1, 1], [0, 1])
    assert multiplications(ENCODERS["vgg6"], Material.of(data, TrainConfig())) == 14_811_955_200
    assert (
        multiplications(ENCODERS["vgg6"], Material.of(data, TrainConfig(colour="rgb")))
        == 14_840_856_576
    )


def test_the_patches_of_an_imported_network_are_those_of_the_size_it_is_shown():
    def told(side: int):
        return examined("birds", "timm", "test_resnet", ["layer1", "layer2.0.bn1"], side)

    config, shown = told(64), dataset([1, 1], [0, 1], side=32)
    material = Material.of(shown, config)
    assert material.sites[1:] == told(32).sites != config.sites
    assert [sites.side for sites in material.sites] == [3, 8, 4]
    assert material.signed == (True, False, True)
    assert material.facts()["spans"][2][0] == list(told(32).spans[1][0])
    said = material.definitions(seed=0, perplexity=30)
    assert "layer1, layer2.0.bn1" in said["activity"] and "here 8x8, 4x4" in said["activity"]
    assert "(the input, layer 2: symmetric about 0)" in said["selectivity"]
    assert multiplications(config, material) == pytest.approx(config.multiplications / 4)
    assert batch(config, material, "cpu") == 32


def test_images_come_in_blocks_of_which_the_last_is_shorter():
    images = np.arange(10)
    found = [block.tolist() for block in blocks(images, np.array([9, 1, 3, 5, 7]), 2)]
    assert found == [[9, 1], [3, 5], [7]]


def test_a_batch_of_a_wide_encoder_has_fewer_images():
    material = Material.of(dataset([1, 1], [0, 1]), TrainConfig())
    sizes = [batch(ENCODERS[word], material, "cpu") for word in ("vgg6", "vgg6-small")]
    assert 8 <= sizes[0] < sizes[1] <= 256
    assert batch(ENCODERS["vgg6"], material, "cuda") == batch(None, material, "cpu") == 256


def test_analyses_import_without_what_only_the_maps_need():
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(['openTSNE', 'sklearn', 'fastapi', 'pydantic'])\n"
        "import backend.analysis.material, backend.analysis.units, models.train\n"
        "sys.exit('sqlite3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
