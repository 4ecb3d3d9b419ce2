"""Do the names of uploaded files tell the class and split of an image, and which is the table?"""

import pytest

from backend.jobs.layout import Places, folder_name, part_of, parts_of, table_of, without_root
from models.data.picture import UnreadableError


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("cat.png", ["cat.png"]),
        ("cats/./cat.png", ["cats", "cat.png"]),
        (r"cats\tom\cat.png", ["cats", "tom", "cat.png"]),
        ("/etc/cat.png", ["etc", "cat.png"]),
        ("../cat.png", ["?"]),
        ("", ["?"]),
    ],
)
def test_a_name_is_taken_apart_and_leads_nowhere_else(name: str, parts: list[str]) -> None:
    assert parts_of(name) == parts


def test_a_folder_that_holds_all_the_others_is_no_class() -> None:
    deep = [["mine", "all", "cats", "1.png"], ["mine", "all", "dogs", "2.png"]]
    assert without_root(deep) == [["cats", "1.png"], ["dogs", "2.png"]]
    assert without_root([["cats", "1.png"], ["cats", "2.png"]])[0] == ["cats", "1.png"]
    assert without_root([["mine", "cats", "1.png"], ["2.png"]])[1] == ["2.png"]


def test_classes_whose_names_are_alike_on_a_disk_keep_folders_of_their_own() -> None:
    places = Places()
    names = [places.name(group) for group in ("a?", "a*", "A_", "b", "a?")]
    assert names == ["a_", "a_-2", "A_-3", "b", "a_"]
    assert folder_name("  big\tcats/../", "class") == "big_cats____"
    assert folder_name("   ", "class") == "class" and len(folder_name("x" * 99, "class")) == 60


def test_the_split_is_taken_off_and_what_lies_beside_it_is_refused() -> None:
    names = ["train", "cats", "1.png"]
    assert part_of(names, {"train", "test"}) == "train" and names == ["cats", "1.png"]
    assert part_of(["val", "2.png"], {"train", "val"}) == "val"
    for beside in (["1.png"], ["more", "1.png"], ["val", "1.png"]):
        with pytest.raises(UnreadableError, match="beside the train/ and test/"):
            part_of(beside, {"train", "test", "val"})


def test_the_table_lies_beside_the_classes_or_in_the_only_folder() -> None:
    table = "metadata.csv"
    assert table_of([["cats", "1.png"], [table], ["dogs", "2.png"]]) == 2
    assert table_of([["mine", "1.png"], ["mine", table]]) == 2
    assert table_of([["cats", "1.png"], ["dogs", table]]) == 0
    assert table_of([["cats", "more", table]]) == 0
