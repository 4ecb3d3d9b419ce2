"""Is what does not arrive, is not there or may not be set said in a sentence, in its place?"""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.seen import expected, maps_drawn

Visit = Callable[..., Page]


def test_what_of_the_page_does_not_arrive_is_told_and_asked_for_again(visit: Visit) -> None:
    page, refused = visit(), []
    maps_drawn(page)

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.abort()

    with expected(visit.complaints, r"Failed to load resource"):
        page.route("**/script/later.js*", refuse)
        page.reload()
        maps_drawn(page)
        for tab in ("units", "compare"):
            page.locator(f"#tab-{tab}").click()
            expect(page.locator(f"#body-{tab} .notice")).to_contain_text("did not arrive")
        while len(refused) < 2:
            page.wait_for_event("requestfailed")
        page.unroute("**/script/later.js*")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#compare")).to_be_visible()
        page.locator("#tab-units").click()
        expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
        expect(page.get_by_text("did not arrive")).to_have_count(0)


def test_what_cannot_be_shown_is_said_in_a_sentence(visit: Visit) -> None:
    page = visit("#run=nobody")
    expect(page.locator(".wait .notice")).to_contain_text("There is no run nobody")
    with expected(visit.complaints, r"ERR_FAILED|Failed to load resource"):
        page.route("**/api/runs", lambda route: route.abort())
        page.reload()
        expect(page.locator(".wait .notice")).to_contain_text("The server does not answer")
        page.unroute("**/api/runs")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".wait .notice")).to_contain_text("There is no run nobody")


def test_an_address_that_clones_a_run_has_its_settings_or_says_that_it_is_not_here(
    visit: Visit, ask: Callable[[str], dict]
) -> None:
    run = ask("runs")["runs"][0]
    page = visit(f"#dialog=clone {run['id']}")
    expect(page.locator("#set-epochs")).to_have_value(f"{run['config']['epochs']}")
    expect(page.locator("#run-name")).to_have_value(f"{run['name']}, again")
    page.evaluate("location.hash = 'dialog=clone gone-1234'")
    told = "There is no run gone-1234 here, so there are no settings to clone."
    expect(page.locator("#new-run-form .notice.bad")).to_have_text(told)
    expect(page.locator("#new-run-form form")).to_have_count(0)


def test_a_wrong_setting_is_refused_before_and_by_the_server(visit: Visit) -> None:
    page = visit("#dialog=new")
    page.locator("#set-epochs").fill("-1")
    page.locator("#start-run").click()
    expect(page.locator("dialog .notice.bad")).to_contain_text("epochs must be at least 0")
    page.locator("#set-epochs").fill("1")
    page.get_by_text("More settings").click()
    with expected(visit.complaints, r"Failed to load resource"):
        with page.expect_response(lambda reply: not reply.ok):  # to what it would cost
            page.locator("#set-keep").fill("soon")
        page.locator("#start-run").click()
        expect(page.locator("dialog .notice.bad")).to_contain_text("keep must be whole numbers")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#new-run-form")).to_be_hidden()
    page.wait_for_function("() => !location.hash.includes('dialog')")
