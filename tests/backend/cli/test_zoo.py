"""Does an imported model become a run like any other, with random weights beside it?"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient

from backend.app import create_app
from backend.cli import main
from backend.jobs import worker
from backend.runs.results import Results
from backend.settings import Settings
from models.data import load
from models.data.torchvision_import import torchvision_models
from tests.backend.conftest import LOCAL, TRAIN, Quiet

LAYERS = ("layer1", "layer2", "layer4")
WIDTHS = (64, 128, 512)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(9)
    path = tmp_path_factory.mktemp("weights") / "ten-classes.pth"
    torch.save(torchvision_models().resnet18(weights=None, num_classes=10).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, pack: Path, weights: Path) -> Path:
    """The directory of a run that was imported and analysed. To be read only."""
    home = tmp_path_factory.mktemp("zoo")
    words = f"import resnet18 --format torchvision --weights {weights} --data {pack} --home {home}"
    assert main([*words.split(), "--layers", ",".join(LAYERS), "--name", "a ResNet"]) == 0
    (run,) = (home / "runs").iterdir()
    assert main(["analyse", run.name, "--device", "cpu", "--home", str(home)]) == 0
    return run


@pytest.fixture
def page(imported: Path) -> TestClient:
    home = imported.parent.parent
    with TestClient(create_app(Settings(home=home), Quiet()), base_url=LOCAL) as client:
        yield client


def features(model: torch.nn.Module, images: np.ndarray) -> list[np.ndarray]:
    """Mean over the positions of each layer, with nothing but the model's own parts."""
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    x = (images.transpose(0, 2, 3, 1) / np.float32(255) - mean) / deviation
    x, found = torch.from_numpy(x.transpose(0, 3, 1, 2)), []
    with torch.no_grad():
        x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
        for name in ("layer1", "layer2", "layer3", "layer4"):
            x = getattr(model, name)(x)
            found += [x.mean((2, 3)).numpy()] if name in LAYERS else []
    return found


def test_features_are_those_of_the_model_itself(
    imported: Path, pack: Path, weights: Path, home: Path
) -> None:
    dataset, results = load(str(pack), home), Results(imported)
    torch.manual_seed(0)
    random = torchvision_models().resnet18(weights=None, num_classes=10).eval()
    given = torchvision_models().resnet18(weights=None, num_classes=10).eval()
    given.load_state_dict(torch.load(weights, weights_only=True))
    for epoch, model in ((0, random), (1, given)):
        for split, rows in (("test", slice(TRAIN, None)), ("train", slice(TRAIN))):
            wanted = features(model, dataset.images[rows])
            for layer, answer in enumerate(wanted, start=1):
                stored = results.features(epoch, layer, split)
                np.testing.assert_allclose(stored, answer, rtol=1e-3, atol=1e-4)


def test_the_interface_shows_the_layers_that_the_run_has(page: TestClient, imported: Path) -> None:
    run = page.get(f"/api/runs/{imported.name}").json()
    assert (run["state"], run["name"], run["layers"]) == ("finished", "a ResNet", 4)
    assert run["config"]["rule"] == "imported" and "learning_rate" not in run["config"]
    assert run["model"]["family"] == "torchvision" and run["model"]["classes"] == 10
    assert run["analysed"] == run["checkpoints"] == [0, 1] and run["accuracy"] is not None
    found = page.get(f"/api/runs/{imported.name}/layers").json()
    assert [layer["name"] for layer in found["layers"]] == ["Input", *LAYERS]
    assert [layer["units"] for layer in found["layers"]] == [3, *WIDTHS]
    assert [len(layer["spans"]) for layer in found["layers"]] == [7, 8, 8, 2]
    assert found["layers"][3]["spans"] == [[0, 64], [0, 64]]
    assert found["layers"][1]["probe"]["random"] is not None
    assert "random weights" in found["definitions"]["activity"]


def test_every_patch_of_a_unit_lies_on_its_layer(page: TestClient, imported: Path) -> None:
    layers = page.get(f"/api/runs/{imported.name}/layers").json()["layers"]
    for layer in range(4):
        unit = page.get(f"/api/runs/{imported.name}/layers/{layer}/units/2").json()
        for patch in unit["patches"]["top"]:
            spans = layers[layer]["spans"]
            (top, bottom), (left, right) = spans[patch["row"]], spans[patch["column"]]
            path = f"/api/datasets/{page.get('/api/runs').json()['runs'][0]['dataset']}/images"
            where = {"box": f"{left},{top},{right},{bottom}"}
            assert page.get(f"{path}/{patch['image']}", params=where).status_code == 200
    assert page.get(f"/api/runs/{imported.name}/layers/4/units").status_code == 404


def test_an_imported_run_is_not_trained_on(
    page: TestClient, imported: Path, capsys: pytest.CaptureFixture
) -> None:
    home = str(imported.parent.parent)
    assert main(["train", "--resume", imported.name, "--home", home]) == 2
    assert "was imported" in capsys.readouterr().err
    assert worker.main(["--run-dir", str(imported)]) == worker.REFUSED
    assert "was imported" in capsys.readouterr().err
    assert (
        "was imported" in page.post(f"/api/runs/{imported.name}/resume").json()["error"]["message"]
    )


def test_its_features_and_its_small_copy_can_be_handed_on(imported: Path, tmp_path: Path) -> None:
    home, out = str(imported.parent.parent), tmp_path / "features.npz"
    assert main(["export", imported.name, "--features", str(out), "--home", home]) == 0
    with np.load(out) as found:
        assert [found[f"layer{n}"].shape[1] for n in range(4)] == [3 * 64 * 64, *WIDTHS]
        stored = Results(imported).features(1, 2, "test")
        np.testing.assert_allclose(found["layer2"], stored, rtol=1e-4, atol=1e-5)
    assert main(["export", imported.name, "--share", str(tmp_path / "copy"), "--home", home]) == 0
    about = json.loads((tmp_path / "copy" / "run.json").read_bytes())
    assert about["model"]["layers"] == list(LAYERS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("resnet18 --format torchvison", "did you mean 'torchvision'"),
        ("resnet18 --format torchvision --layers layer1", "--weights FILE"),
        ("resnet18 --format torchvision --layers layer1 --weights none.pth", "there is no file"),
        ("resnet34 --format torchvision --layers layer1 --weights {}", "lacks layer1.2.conv1"),
        ("resnet18 --format torchvision --layers layr1 --weights {}", "--layers '?' lists"),
    ],
)
def test_what_cannot_be_imported_leaves_nothing(
    home: Path, pack: Path, weights: Path, capsys: pytest.CaptureFixture, words: str, told: str
) -> None:
    given = [*words.format(weights).split(), "--data", str(pack), "--home", str(home)]
    assert main(["import", *given]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not (home / "runs").exists() or not list((home / "runs").iterdir())


def test_layers_are_listed(pack: Path, home: Path, capsys: pytest.CaptureFixture) -> None:
    words = f"import test_resnet --format timm --layers ? --data {pack} --home {home}"
    assert main(words.split()) == 0
    assert "layer3" in capsys.readouterr().out


def test_timm_that_is_not_there_is_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("models.zoo.families.find_spec", lambda name: None)
    assert main(["import", "resnet18", "--format", "timm", "--home", str(home)]) == 2
    assert "pip install -e '.[zoo]'" in capsys.readouterr().err
