"""What people do on the page."""

import csv
import re

import pytest

from fashionsdk import Embedder, Example, Matcher, field
from tests.e2e.shop import HOSTILE_KEY, HOSTILE_VALUE

pytestmark = pytest.mark.e2e

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def keys(page) -> list[str]:
    """Return the keys of the answers that are shown."""
    return page.locator("#answers h3.key").evaluate_all("all => all.map(each => each.title)")


def settled(page) -> list[str]:
    """Return the keys of the answers once they are there."""
    page.wait_for_load_state("networkidle")
    page.wait_for_selector("#answers[aria-busy='false']:not(:has(.waiting))")
    return keys(page)


def give(page, path) -> list[str]:
    """Give a photo, and return the answers."""
    return change(page, lambda: page.set_input_files("#choose-photo", path))


def change(page, act) -> list[str]:
    """Do something that changes the search, and return the answers."""
    with page.expect_request(re.compile("/v1/search")) as asked:  # not a response: that may be of an earlier search
        act()
    asked.value.response()
    return settled(page)


def slide(page, name: str, percent: int) -> None:
    """Move an attribute's slider."""
    slider = page.get_by_label(f"How much {name} counts, in percent")
    slider.evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input'));"
        " slider.dispatchEvent(new Event('change')); }",
        str(percent),
    )


@pytest.fixture
def asked(shop):
    """Ask the gallery in Python, as the page should."""
    with Embedder(shop / "bundle") as embedder:
        gallery = Matcher.open(shop / "shop.gallery", values=embedder.values)

        def ask(query=None, **arguments) -> list[str]:
            embedded = None if query is None else embedder.embed(query)
            return gallery.search(embedded, k=24, **arguments).keys[0]

        ask.embed = embedder.embed  # type: ignore[attr-defined]
        ask.gallery = gallery  # type: ignore[attr-defined]
        yield ask


def test_at_first_the_page_shows_the_gallery(page):
    assert keys(page)[:3] == ["red-00.jpg", "green-01.jpg", "blue-02.jpg"]
    assert page.get_by_role("heading", name="The gallery").is_visible()


def test_a_photo_is_answered_as_in_python_and_says_what_it_shows(page, shop, asked):
    photo = shop / "photos" / "red-03.jpg"
    assert give(page, photo) == asked(photo, by={"colour": 1.0, "tone": 1.0, "sleeve_length": 1.0})
    shown = page.locator("#attributes .shown").all_inner_texts()
    assert shown[0].startswith("red")


def test_a_pasted_photo_is_taken(page, shop, asked):
    data = list((shop / "photos" / "green-01.jpg").read_bytes())
    with page.expect_response(re.compile("/v1/search")):
        page.evaluate(
            """data => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(data)], "g.jpg", { type: "image/jpeg" }));
                document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
            }""",
            data,
        )
    assert settled(page)[0] == "green-01.jpg"


def test_an_attribute_that_does_not_apply_says_so_and_is_off(page, shop):
    give(page, shop / "photos" / "blue-02.jpg")
    row = page.locator("#attributes > li", has_text="sleeve length")
    assert "does not apply" in row.inner_text()
    assert row.locator("output").inner_text() == "off"


def test_weights_count(page, shop, asked):
    photo = shop / "photos" / "red-03.jpg"
    give(page, photo)
    change(page, lambda: slide(page, "colour", 0))
    got = change(page, lambda: slide(page, "sleeve length", 0))
    assert got == asked(photo, by={"tone": 1.0})


def test_a_value_is_changed(page, shop, asked):
    photo = shop / "photos" / "red-03.jpg"
    give(page, photo)
    page.locator("#attributes > li", has_text="colour").locator("summary").click()
    got = change(page, lambda: page.get_by_role("button", name=re.compile("^green")).first.click())
    assert got[0].startswith("green")
    assert "green wanted" in page.locator("#attributes .shown").first.inner_text()


def test_values_alone_are_asked_for(page, asked):
    page.locator("#attributes > li", has_text="colour").locator("summary").click()
    got = change(page, lambda: page.get_by_role("button", name=re.compile("^blue")).first.click())
    assert got == asked(value={"colour": "blue"})


def test_two_photos_are_combined(page, shop, asked):
    first, second = shop / "photos" / "red-03.jpg", shop / "photos" / "green-07.jpg"
    give(page, first)
    page.set_input_files("#choose-further", second)
    chips = page.locator("#further li .chips")
    got = change(page, lambda: chips.get_by_role("button", name="colour").click())
    by = {"tone": 1.0, "sleeve_length": 1.0}
    examples = [Example(asked.embed(first), by), Example(asked.embed(second), {"colour": 1.0})]
    assert got == asked.gallery.search(examples, k=24).keys[0]


def test_answers_stay_away_from_a_photo(page, shop, asked):
    first, second = shop / "photos" / "red-03.jpg", shop / "photos" / "red-00.jpg"
    give(page, first)
    page.set_input_files("#choose-further", second)
    change(page, lambda: page.locator("#further li .chips").get_by_role("button", name="colour").click())
    got = change(page, lambda: page.get_by_role("button", name="Not like this").click())
    by = {"colour": 1.0, "tone": 1.0, "sleeve_length": 1.0}
    examples = [Example(asked.embed(first), by), Example(asked.embed(second), {"colour": -1.0})]
    assert got == asked.gallery.search(examples, k=24).keys[0]


def test_filters_are_conditions_and_a_wrong_one_says_so_where_it_is(page, asked, shop):
    photo = shop / "photos" / "red-03.jpg"
    give(page, photo)
    page.locator("#filters > summary").click()
    page.select_option("#condition-field", "price")
    page.select_option("#condition-operator", "<=")
    page.fill("#condition-value", "60")
    got = change(page, lambda: page.click("#new-condition button"))
    by = {"colour": 1.0, "tone": 1.0, "sleeve_length": 1.0}
    assert got == asked(photo, by=by, where=field("price") <= 60)
    page.allowed = re.compile("422")
    page.fill("#where", "price <=")
    page.locator("#where").blur()
    page.locator("#where-problem:not(:empty)").wait_for()
    assert "price" in page.locator("#where-problem").inner_text()


def test_colourways_are_grouped_and_more_answers_follow(page, shop):
    first = give(page, shop / "photos" / "red-03.jpg")
    assert len(first) == 24
    with page.expect_response(re.compile("/v1/search")):
        page.click("#more")
    assert len(settled(page)) == 37
    page.locator("#filters > summary").click()
    got = change(page, lambda: page.select_option("#group-by", "product"))
    assert len(got) == 7  # six products, and an item without one


def test_more_like_an_answer_in_one_attribute(page, asked):
    card = page.locator("#answers > li").first
    card.locator("details.menu > summary").click()
    got = change(page, lambda: card.get_by_role("button", name="in tone").click())
    expected = asked(keys="red-00.jpg", by="tone", exclude_self=True)
    assert got == expected


def test_where_the_model_looks_is_shown_on_photo_and_answer(page, shop):
    give(page, shop / "photos" / "red-03.jpg")
    with page.expect_response(re.compile("/v1/attention")) as got:
        page.get_by_role("button", name="Show where the model looks for colour").first.click()
    assert got.value.headers["content-type"] == "image/png"
    with page.expect_response(re.compile(r"/v1/pictures/.*attribute=colour")) as got:
        page.locator("#answers > li").first.locator("button.bar").first.click()
    assert got.value.status == 200


def test_a_garment_is_chosen_with_the_keyboard(page, shop):
    give(page, shop / "photos" / "red-03.jpg")
    with page.expect_response(re.compile("/v1/predict")):
        page.get_by_role("button", name="Choose a garment").click()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowLeft")
        page.wait_for_timeout(500)
    assert page.get_by_label(re.compile("^The chosen garment: from")).count() == 1


def test_the_address_of_a_search_leads_to_the_same_answers(page, browser, address):
    page.locator("#attributes > li", has_text="colour").locator("summary").click()
    got = change(page, lambda: page.get_by_role("button", name=re.compile("^blue")).first.click())
    context = browser.new_context(locale="en-GB")
    other = context.new_page()
    with other.expect_response(re.compile("/v1/search")):
        other.goto(page.url)
    assert settled(other) == got
    context.close()


def test_a_shortlist_is_kept_and_saved_as_a_table(page, tmp_path):
    page.get_by_role("button", name="Put red-00.jpg on the shortlist").click()
    page.reload()
    page.wait_for_selector("#answers > li:not(.waiting)")
    page.click("#open-shortlist")
    with page.expect_download() as got:
        page.click("#save-shortlist")
    got.value.save_as(tmp_path / "list.csv")
    rows = list(csv.DictReader((tmp_path / "list.csv").read_text("utf-8-sig").splitlines()))
    assert [row["key"] for row in rows] == ["red-00.jpg"]


def test_keys_and_metadata_of_others_are_text(page, shop):
    give(page, shop / "photos" / HOSTILE_KEY)
    assert HOSTILE_KEY in keys(page)
    assert HOSTILE_VALUE in page.locator("#answers").inner_text()
    assert page.evaluate("window.owned") is None


def test_what_is_no_photo_is_an_error_that_says_something(page, tmp_path):
    page.allowed = re.compile("422")
    (tmp_path / "x.jpg").write_text("no photo")
    page.set_input_files("#choose-photo", tmp_path / "x.jpg")
    page.wait_for_selector("#reading-problem >> text=The photo cannot be read.")
    assert "is not an image" in page.locator("#reading-problem").inner_text()


def test_a_file_that_says_it_is_no_photo_changes_nothing(page, shop, tmp_path):
    before = give(page, shop / "photos" / "red-03.jpg")
    (tmp_path / "notes.txt").write_text("no photo")
    page.set_input_files("#choose-photo", tmp_path / "notes.txt")
    page.wait_for_selector("text=That file is no photo. Nothing was changed.")
    assert settled(page) == before
    assert page.locator("#subject-picture img").is_visible()


@pytest.mark.parametrize("options", [PHONE])
def test_a_phone_shows_everything_within_its_width(page, shop):
    give(page, shop / "photos" / "red-03.jpg")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#answers > li").first.is_visible()


@pytest.mark.parametrize(
    ("options", "title"),
    [({"locale": "de-DE"}, "Galerie"), ({"locale": "zh-CN"}, None), ({"locale": "fr-FR"}, "The gallery")],
)
def test_the_browsers_language_is_spoken(page, title):
    shown = page.locator("#answers-title").inner_text()
    assert shown == title if title == "The gallery" else shown != "The gallery"
    assert page.locator("html").get_attribute("lang") == {"Galerie": "de", None: "zh-Hans"}.get(title, "en")


def test_the_page_is_used_without_a_mouse(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if (page.evaluate("document.activeElement.getAttribute('aria-label')") or "").startswith(
            "More like red-00.jpg"
        ):
            break
    else:
        raise AssertionError("no answer's menu is reached")
    page.keyboard.press("Enter")
    page.wait_for_selector("details.menu[open] button")
    page.keyboard.press("ArrowDown")
    assert len(change(page, lambda: page.keyboard.press("Enter"))) > 0
    page.wait_for_selector("#answers-title >> text=Answers")


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE])
def test_nothing_stands_in_the_way_of_assistive_technology(page, shop):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: install fashionsdk[dev]").Axe()
    give(page, shop / "photos" / "red-03.jpg")
    page.locator("#filters > summary").click()
    found = axe.run(page).response["violations"]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found] == []
