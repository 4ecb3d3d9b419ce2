"""Can a person send images of their own, and search with one?"""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import reply_of, served
from tests.browser.seen import expected, look, maps_drawn
from tests.soak.hostile import Member, Zip
from tests.soak.odd_images import picture
from tests.wire import array

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server to which nobody else sends anything."""
    with served(tmp_path_factory.mktemp("sent")) as address:
        yield address


def pets() -> bytes:
    """A ZIP with two classes, a table, a text, a link and a cut image."""
    chance = random.Random(0)
    members = [Member(f"pets/{kind}/{n}.png", picture(chance, 48)) for kind in ("cat", "dog")
               for n in range(6)]  # fmt: skip
    members += [Member("pets/dog/notes.txt", b"no image, <b>only</b> text")]
    members += [Member("pets/cat/link.png", b"/etc/passwd", 0, mode=0o120777)]
    members += [Member("pets/cat/<img src=x onerror=alert(1)>.png", picture(chance)[:60])]
    members += [Member("pets/metadata.csv", b"file,mood\ncat/0.png,calm\ndog/1.png,wild\n")]
    return Zip(members).bytes()


def test_a_zip_is_sent_and_each_file_left_out_is_named(
    visit: Visit, server: str, shots: Path
) -> None:
    page = visit("#dialog=images", server=server)
    files = [{"name": "pets.zip", "mimeType": "application/zip", "buffer": pets()}]
    page.locator("#images-files").set_input_files(files)
    told = page.locator("[data-upload=ready]")
    expect(told).to_contain_text("12 images in 2 classes: cat 6, dog 6. Known of each: mood.")
    refused = page.locator(".refused li")
    expect(refused).to_have_count(3)
    expect(page.locator(".refused")).to_contain_text(
        "pets/dog/notes.txt is not a PNG, JPEG or WebP"
    )
    expect(page.locator(".refused")).to_contain_text("link.png is a symbolic link")
    expect(page.locator(".refused")).to_contain_text("<img src=x onerror=alert(1)>.png is")
    look(page, shots, "images")
    page.locator("#use-images").click()
    expect(page.locator("#set-data option:checked")).to_have_text("pets")


def test_an_upload_is_cancelled_while_it_goes_on_and_one_that_cannot_be_read_is_told(
    visit: Visit, server: str, shots: Path
) -> None:
    page = visit("#dialog=images", server=server)
    before = reply_of(server, "uploads")
    page.route("**/files/2?**", lambda route: None)  # a file that never arrives
    chance = random.Random(3)
    many = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": picture(chance, 48)}
            for n in range(12)]  # fmt: skip
    page.locator("#images-files").set_input_files(many)
    expect(page.locator("#images-form [role=status]").first).to_have_text("Sends 11 of 12 files.")
    page.screenshot(path=shots / "sending.png")
    assert len(reply_of(server, "uploads")["uploads"]) == len(before["uploads"]) + 1
    page.locator("#cancel-upload").click()
    expect(page.locator("[data-upload=cancelled]")).to_contain_text("nothing of it was kept")
    assert reply_of(server, "uploads") == before
    expect(page.locator(".silence")).to_be_hidden()
    page.unroute("**/files/2?**")

    files = [{"name": "a.png", "mimeType": "image/png", "buffer": b"no image"},
             {"name": "none.png", "mimeType": "image/png", "buffer": b""}]  # fmt: skip
    page.locator("#images-files").set_input_files(files)
    expect(page.locator("[data-upload=failed]")).to_contain_text("nothing of it can be used: a.png")
    expect(page.locator(".refused li")).to_have_count(2)


def test_a_folder_and_a_file_that_has_gone_are_named(
    visit: Visit, server: str, tmp_path: Path
) -> None:
    page = visit("#dialog=images", server=server)
    before = reply_of(server, "uploads")
    (tmp_path / "pets").mkdir()
    file = tmp_path / "cat.png"
    file.write_bytes(picture(random.Random(4), 48))
    page.locator("#images-form .drop").hover()  # once it has come to rest
    box = page.locator("#images-form .drop").bounding_box()
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path / "pets")], "dragOperationsMask": 1}
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "data": data}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **at})
    refused = page.locator(".refused li")
    expect(refused).to_have_text(["pets is a folder; make a ZIP of it, or choose the images in it"])

    def begin(route: Route) -> None:
        if route.request.method == "POST":
            file.unlink()
        route.continue_()

    page.route("**/api/uploads", begin)
    page.locator("#images-files").set_input_files(file)
    expect(refused).to_have_text(["cat.png cannot be read any more; choose it again"])
    expect(page.locator("#images-form")).to_contain_text("None of these files can be sent.")
    expect(page.locator(".silence")).to_be_hidden()
    assert reply_of(server, "uploads") == before


def test_what_was_sent_waits_until_the_server_can_read_it(visit: Visit, server: str) -> None:
    page = visit("#dialog=images", server=server)
    refusals = [{"error": {"code": "busy", "message": "not now"}}] * 2

    def finish(route: Route) -> None:
        if refusals:
            return route.fulfill(status=429, json=refusals.pop())
        return route.continue_()

    page.route("**/finish", finish)
    files = [{"name": "pets.zip", "mimeType": "application/zip", "buffer": pets()}]
    with expected(visit.complaints, "429"):
        page.locator("#images-files").set_input_files(files)
        expect(page.get_by_text("Waits until the server is done with other work")).to_be_visible()
        expect(page.locator("[data-upload=ready]")).to_contain_text("12 images")


def test_an_image_is_searched_with_and_marked_on_the_maps(
    visit: Visit, server: str, shots: Path
) -> None:
    page = visit(server=server)
    maps_drawn(page)
    shipped = reply_of(server, "runs")["runs"][-1]
    ids = array(reply_of(server, f"runs/{shipped['id']}/layers")["ids"]).tolist()
    near = [{"image": image, "distance": 1.0 + place} for place, image in enumerate(ids[:12])]
    layers = [{"layer": layer, "x": 0.0, "y": 0.0, "neighbours": near} for layer in range(7)]
    found = {"run": shipped["id"], "epoch": 100, "error": None}

    def answer(route: Route) -> None:
        done = route.request.method == "GET"
        told = {"state": "found" if done else "working", "layers": layers if done else []}
        told |= {"progress": None}
        route.fulfill(json=found | told)

    image = picture(random.Random(1), 96)
    page.route("**/api/examples/*/search**", answer)
    page.route("**/api/examples/*/image", lambda r: r.fulfill(body=image, content_type="image/png"))
    files = [{"name": "a.png", "mimeType": "image/png", "buffer": image}]
    page.locator("#example-file").set_input_files(files)
    card = page.locator("#example")
    expect(card).to_have_attribute("data-status", "found")
    expect(card.locator(".neighbour-row .thumb")).to_have_count(49)
    assert card.locator(".thumb").nth(1).get_attribute("data-image") == str(ids[1])
    expect(page.locator(".strip .cross")).to_have_count(7)
    expect(page.locator("#map .cross")).to_have_count(1)
    card.scroll_into_view_if_needed()
    look(page, shots, "example")
    card.get_by_role("button", name="Remove").click()
    expect(page.locator(".cross")).to_have_count(0)


def test_a_search_shows_its_picture_at_once_and_how_far_it_is(
    visit: Visit, server: str, shots: Path
) -> None:
    page = visit(server=server)
    maps_drawn(page)
    run = reply_of(server, "runs")["runs"][-1]["id"]
    told = {"run": run, "epoch": 100, "error": None, "state": "working", "layers": []}
    steps = [None]

    def answer(route: Route) -> None:
        route.fulfill(json=told | {"progress": steps[-1]})

    sent: list[Route] = []
    page.route("**/api/examples", lambda route: sent.append(route))
    page.route("**/api/examples/*/search**", answer)
    image = picture(random.Random(1), 96)
    files = [{"name": "a.png", "mimeType": "image/png", "buffer": image}]
    page.locator("#example-file").set_input_files(files)
    card = page.locator("#example")
    expect(card).to_have_attribute("data-status", "sending")
    portrait, says = card.locator(".portrait img"), card.get_by_role("status")
    page.wait_for_function("document.querySelector('#example .portrait img').naturalWidth > 0")
    expect(says).to_have_text("Sends the image.")
    sent[0].continue_()
    expect(says).to_have_text("Reads the run and the images of its maps.")
    far, bar = card.locator("#search-far"), card.locator(".bar i")
    expect(far).to_have_text(re.compile(r"^[1-9]\d* s$"))
    remove = card.get_by_role("button", name="Remove")
    remove.focus()
    steps.append({"step": "encode", "done": 200, "of": 800})
    expect(says).to_contain_text("Encodes the images of the maps")
    expect(far).to_have_text(re.compile(r"^200 of 800 images · \d+ s$"))
    assert bar.evaluate("bar => bar.style.width") == "25%"
    expect(remove).to_be_focused()
    assert portrait.get_attribute("src").startswith("blob:")
    look(page, shots, "searching", "#example")
    steps.append({"step": "compare", "done": 3, "of": 7})
    expect(far).to_have_text(re.compile(r"^3 of 7 layers · \d+ s$"))
    remove.click()
    expect(portrait).to_have_count(0)


def test_a_search_that_dies_is_asked_for_once_more_and_then_told(visit: Visit, server: str) -> None:
    page = visit(server=server)
    maps_drawn(page)
    run = reply_of(server, "runs")["runs"][-1]["id"]
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.method)
        state = "working" if asked[-1] == "POST" else "unknown"
        told = {"run": run, "epoch": 100, "state": state, "progress": None}
        route.fulfill(json=told | {"error": None, "layers": []})

    page.route("**/api/examples/*/search**", answer)
    image = picture(random.Random(1), 96)
    files = [{"name": "a.png", "mimeType": "image/png", "buffer": image}]
    page.locator("#example-file").set_input_files(files)
    card = page.locator("#example")
    expect(card.get_by_role("alert")).to_contain_text("ended without a word")
    assert asked.count("POST") == 2
    card.get_by_role("button", name="Try again").click()
    expect(card).to_have_attribute("data-status", "working")
    assert asked.count("POST") == 3
