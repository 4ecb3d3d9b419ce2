"""Does the interface give what the analyses of a real run hold, and say what there is not?"""

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.api.arrays import typed
from backend.runs.results import Results
from tests.backend.conftest import TEST, TRAIN
from tests.wire import array

WIDTHS = (1, 8, 16, 16, 16, 32, 32)


def test_arrays_cross_the_wire_unchanged() -> None:
    for values in (np.float32([1.5, np.nan]), np.int32([[1, -2], [3, 4]]), np.uint8([255])):
        np.testing.assert_array_equal(array(typed(values)), values)
    with pytest.raises(TypeError):
        typed(np.float64([1]))


def test_layers_say_what_holds_for_all_maps(site: TestClient, run: str) -> None:
    found = site.get(f"/api/runs/{run}/layers").json()
    assert (found["run"], found["epoch"], found["epochs"]) == (run, 2, [0, 1, 2])
    assert array(found["ids"]).tolist() == list(range(TRAIN, TRAIN + TEST))
    assert array(found["labels"]).tolist() == [n % 3 for n in range(TRAIN, TRAIN + TEST)]
    assert found["classes"] == ["across", "down", "slanted"]
    assert (found["image"], found["crop"]) == ([64, 64], 64)
    patches = [[8 * place, 8 * place + 16] for place in range(7)]
    assert all(layer["spans"] == patches for layer in found["layers"])
    assert [layer["layer"] for layer in found["layers"]] == list(range(7))
    assert [layer["units"] for layer in found["layers"]] == list(WIDTHS)
    assert [layer["features"] for layer in found["layers"]] == [64 * 64, *WIDTHS[1:]]
    assert found["layers"][0]["loss"] is None and found["layers"][6]["loss"] > 0
    assert "probes" in found["definitions"]
    assert found["about"] is None  # of a pack nothing is known that would have to be said


def test_a_map_gives_each_image_its_place(site: TestClient, run: str, results: Results) -> None:
    for layer in range(7):
        found = site.get(f"/api/runs/{run}/layers/{layer}/embedding?epoch=1").json()
        stored = results.read("embedding", 1, layer)
        np.testing.assert_array_equal(array(found["x"]), stored["x"])
        np.testing.assert_array_equal(array(found["y"]), stored["y"])
        assert 0 <= found["kept_neighbours"] <= 1


def test_units_of_a_layer_come_side_by_side(site: TestClient, run: str, results: Results) -> None:
    found = site.get(f"/api/runs/{run}/layers/3/units").json()
    stored, best = results.read("selectivity", 2, 3), results.read("maximizers", 2, 3)
    assert found["units"] == WIDTHS[3]
    dprime = array(found["dprime"]).reshape(WIDTHS[3], 3)
    np.testing.assert_array_equal(dprime, stored["dprime"])
    np.testing.assert_array_equal(
        array(found["best_dprime"]), dprime[np.arange(WIDTHS[3]), array(found["best_class"])]
    )
    np.testing.assert_array_equal(array(found["top"]["image"]), best["top_image"][:, 0])


def test_a_unit_shows_its_patches_and_answers(site: TestClient, run: str, results: Results) -> None:
    stored = results.read("selectivity", 2, 6)
    unit = int(stored["dprime"].max(1).argmax())
    found = site.get(f"/api/runs/{run}/layers/6/units/{unit}").json()
    assert {len(found["patches"][group]) for group in ("middle", "random", "least")} <= {1, 2, 3, 4}
    values = [patch["value"] for patch in found["patches"]["top"]]
    assert values == sorted(values, reverse=True)
    np.testing.assert_allclose(array(found["responses"]), results.response(2, 6, unit), rtol=1e-6)
    assert len(found["histogram"]["edges"]) == len(found["histogram"]["counts"]) + 1
    assert sum(found["histogram"]["counts"]) == TEST * 49
    assert len(found["dprime"]) == len(found["class_mean"]) == 3
    for name in ("dprime", "class_mean"):
        assert found[name] == pytest.approx(stored[name][unit].tolist())
    for name in ("sparseness", "active", "mean", "maximum"):
        assert found[name] == pytest.approx(stored[name][unit])


def test_units_tell_what_shuffled_labels_give(site: TestClient, run: str, results: Results) -> None:
    stored = results.read("selectivity", 2, 3)
    units = site.get(f"/api/runs/{run}/layers/3/units").json()
    np.testing.assert_array_equal(array(units["null_best"]), stored["null_best"])
    assert "200 times" in units["definitions"]["selectivity"]
    found = site.get(f"/api/runs/{run}/layers/3/units/2").json()["shuffled"]
    assert found["low"] == stored["null_low"][2].tolist()
    assert found["high"] == stored["null_high"][2].tolist()
    assert found["best"] == float(stored["null_best"][2])
    later = {name: values for name, values in stored.items() if not name.startswith("null_")}
    results.write("selectivity", 2, 3, later)
    try:
        assert site.get(f"/api/runs/{run}/layers/3/units").json()["null_best"] is None
        assert site.get(f"/api/runs/{run}/layers/3/units/2").json()["shuffled"] is None
    finally:
        results.write("selectivity", 2, 3, stored)


def test_units_tell_what_gratings_they_prefer(site: TestClient, run: str, results: Results) -> None:
    units = site.get(f"/api/runs/{run}/layers/3/units").json()
    stored = results.read("tuning", 2, 3)
    for name in ("orientation", "osi", "frequency", "modulation"):
        np.testing.assert_array_equal(array(units[name]), stored[name])
    assert "Ringach" in units["definitions"]["tuning"]
    for unit in range(WIDTHS[3]):
        found = site.get(f"/api/runs/{run}/layers/3/units/{unit}").json()["tuning"]
        curves = np.array(found["response"])
        assert curves.shape == (len(found["orientations"]), len(found["frequencies"])) == (16, 8)
        assert curves.max() == pytest.approx(found["peak"], rel=1e-6)
        for name in ("orientation", "osi", "frequency", "modulation", "bandwidth"):
            value = float(stored[name][unit])
            assert found[name] == (None if np.isnan(value) else value)


def test_the_input_and_runs_analysed_without_gratings_have_no_tuning(
    site: TestClient, run: str, results: Results
) -> None:
    assert site.get(f"/api/runs/{run}/layers/0/units").json()["osi"] is None
    assert site.get(f"/api/runs/{run}/layers/0/units/0").json()["tuning"] is None
    path = results.path("tuning", 1, 4)
    away = path.rename(path.with_suffix(".away"))
    try:
        assert site.get(f"/api/runs/{run}/layers/4/units?epoch=1").json()["orientation"] is None
        assert site.get(f"/api/runs/{run}/layers/4/units/0?epoch=1").json()["tuning"] is None
    finally:
        away.rename(path)


def test_neighbours_of_an_image_are_other_images(site: TestClient, run: str) -> None:
    found = site.get(f"/api/runs/{run}/layers/4/neighbours/{TRAIN + 2}").json()
    images = [near["image"] for near in found["neighbours"]]
    assert len(images) == TEST - 1 and TRAIN + 2 not in images
    distances = [near["distance"] for near in found["neighbours"]]
    assert distances == sorted(distances)
    assert found["patch"] == [3, 3] and {"row", "column"} <= set(found["patches"][0])


def test_an_image_tells_the_units_that_answer_to_it_more_than_to_the_others(
    site: TestClient, run: str, results: Results
) -> None:
    found = site.get(f"/api/runs/{run}/layers/4/neighbours/{TRAIN + 2}?epoch=2").json()
    levels, best = results.read("responses", 2, 4)["level"], results.read("maximizers", 2, 4)
    shares = []
    for own in levels:
        others = [int(level) for place, level in enumerate(own) if place != 2]
        below = (
            sum(level < own[2] for level in others) + sum(level == own[2] for level in others) / 2
        )
        shares.append(np.nan if len({*others, int(own[2])}) == 1 else below / len(others))
    assert len(found["units"]) == min(8, np.isfinite(shares).sum()) > 0
    for one in found["units"]:
        assert one["share"] == pytest.approx(shares[one["unit"]])
        assert one["image"] == best["top_image"][one["unit"], 0]
    told = [one["share"] for one in found["units"]]
    assert told == sorted(told, reverse=True) and told[0] == pytest.approx(np.nanmax(shares))
    assert site.get(f"/api/runs/{run}/layers/0/neighbours/{TRAIN + 2}").json()["units"] == []


def test_a_selection_finds_the_units_that_tell_it_apart(
    site: TestClient, run: str, results: Results
) -> None:
    ids = results.ids(2)
    inside = results.labels(2) == 1
    asked = {"images": ids[inside].tolist(), "epoch": 2}
    found = site.post(f"/api/runs/{run}/selection/units", json=asked).json()
    assert (found["inside"], found["outside"]) == (inside.sum(), (~inside).sum())
    assert f"the {inside.sum()} selected images" in found["definition"]
    assert [layer["layer"] for layer in found["layers"]] == list(range(7))
    for layer in found["layers"]:
        dprime = results.read("selectivity", 2, layer["layer"])["dprime"][:, 1]
        told = [unit["dprime"] for unit in layer["units"]]
        assert np.abs(told).max() == pytest.approx(np.abs(dprime).max(), rel=0.02)
        assert np.abs(told).tolist() == sorted(np.abs(told), reverse=True)
        for unit in layer["units"]:
            assert unit["dprime"] == pytest.approx(dprime[unit["unit"]], abs=0.05)


def test_a_selection_that_cannot_be_told_apart_is_a_sentence(site: TestClient, run: str) -> None:
    everything = list(range(TRAIN, TRAIN + TEST))
    for images, said in (
        ([], "0 of the 10 test images are selected; select more"),
        ([TRAIN], "1 of the 10 test images are selected; select more"),
        (everything, "select less"),
        ([TRAIN, 3], "image 3 is not among the 10 images"),
    ):
        reply = site.post(f"/api/runs/{run}/selection/units", json={"images": images})
        assert reply.status_code in (400, 404, 422) and said in reply.json()["error"]["message"]


def test_metadata_come_by_split_in_the_order_of_the_ids(site: TestClient) -> None:
    found = site.get("/api/datasets/photos/metadata").json()
    cut, height = found["columns"]
    assert cut["words"] == ["96 x 96 pixels", "128 x 128 pixels"] and height["words"] == []
    assert len(array(cut["values"])) == len(array(height["values"])) == 800
    assert site.get("/api/datasets/photos/metadata?split=all").status_code == 404


def test_checkpoints_say_which_are_analysed(site: TestClient, run: str) -> None:
    found = site.get(f"/api/runs/{run}/checkpoints").json()["checkpoints"]
    assert [(row["epoch"], row["analysed"]) for row in found] == [(0, True), (1, True), (2, True)]
    assert found[0]["losses"] is None and len(found[1]["losses"]) == 6


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("nothing/layers", "there is no run 'nothing'"),
        ("../../etc/layers", "there is nothing at"),
        ("{run}/layers?epoch=7", "choose one of: 0, 1, 2"),
        ("{run}/layers/7/embedding", "layers are 0 to 6"),
        ("{run}/layers/-1/units", "layers are 0 to 6"),
        ("{run}/layers/two/units", "a number is wanted"),
        ("{run}/layers/1/units/8", "its units are 0 to 7"),
        ("{run}/layers/1/units/-1", "its units are 0 to 7"),
        ("{run}/layers/1/neighbours/0", "is not among the 10 images"),
        ("{run}/layers/1/neighbours/99999999999", "is not among the 10 images"),
        ("{run}/probes?epoch=-1", "choose one of: 0, 1, 2"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(
    site: TestClient, run: str, path: str, told: str
) -> None:
    reply = site.get(f"/api/runs/{path.format(run=run)}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")
    assert told in reply.json()["error"]["message"]


def test_a_near_name_of_a_run_is_offered(site: TestClient, run: str) -> None:
    near = run[:-1] + ("1" if run.endswith("0") else "0")
    reply = site.get(f"/api/runs/{near}/layers")
    assert f"did you mean {run}?" in reply.json()["error"]["message"]


def test_long_replies_are_compressed_for_who_takes_it(site: TestClient, run: str) -> None:
    packed = site.get(f"/api/runs/{run}/layers", headers={"accept-encoding": "gzip"})
    plain = site.get(f"/api/runs/{run}/layers", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers and packed.json() == plain.json()
