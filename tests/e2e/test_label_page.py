"""What people do on the page where labels are checked."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fashionsdk.labels import Correction, LabelSource, read_corrections, write_corrections
from tests.e2e.conftest import opened, serving
from tests.e2e.shop import HOSTILE_KEY, TINTS
from tests.e2e.test_page import PHONE

pytestmark = pytest.mark.e2e
WRONG = 6  # photos whose label is planted wrong; as many have none


def tint(index: int) -> str:
    return list(TINTS)[index % 3]


@pytest.fixture
def table(shop, tmp_path) -> Path:
    """A label table of the shop's photos, the first of which have wrong labels, the next none."""
    rows = ["image,split,colour,tone"]
    for index in range(36):
        label = tint(index + 1) if index < WRONG else "" if index < 2 * WRONG else tint(index)
        rows.append(f"{shop / 'photos' / f'{tint(index)}-{index:02}.jpg'},train,{label},{('dark', 'light')[index % 2]}")
    rows.append(f'"{shop / "photos" / HOSTILE_KEY}",train,red,dark')
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    suspects = [
        Correction(str(shop / "photos" / f"{tint(i)}-{i:02}.jpg"), "colour", None, tint(i + 1), tint(i), 0.9 - i / 10)
        for i in range(WRONG)
    ]
    hostile = Correction(str(shop / "photos" / HOSTILE_KEY), "tone", None, "dark", "light", 0.1)
    write_corrections(tmp_path / "suspects.csv", [*suspects, hostile])
    return tmp_path / "labels.csv"


@pytest.fixture
def label_address(shop, table, tmp_path) -> Iterator[str]:
    files = ("--labels", str(table), "--suspects", str(table.with_name("suspects.csv")))
    with serving(shop, *files, "--corrections", str(tmp_path / "decided.csv")) as address:
        yield address


@pytest.fixture
def labels(browser, label_address, options) -> Iterator:
    with opened(browser, label_address, options, "/labels.html") as page:
        page.wait_for_selector("#photos > li")
        page.wait_for_load_state("networkidle")
        yield page


def decided(tmp_path: Path) -> dict[str, str | None]:
    """Return what stands in the file, by the photo's name."""
    return {Path(row.image).name: row.correct for row in read_corrections(tmp_path / "decided.csv").decided}


def press(page, *keys: str) -> None:
    """Press keys, of which Enter and U write."""
    for key in keys:
        if key in ("Enter", "u"):
            with page.expect_response(re.compile("/v1/labels/decisions")):
                page.keyboard.press(key)
            page.wait_for_selector("#photos:not([data-writing])")
        else:
            page.keyboard.press(key)


def test_labels_are_confirmed_corrected_and_taken_back_with_the_keyboard(labels, tmp_path, table):
    labels.locator("#photo-0").focus()
    press(labels, "Enter")  # what is suggested
    assert decided(tmp_path) == {"red-00.jpg": "red"}
    press(labels, "2", "Enter")  # the label as it is, the second of the values
    assert decided(tmp_path)["green-01.jpg"] == tint(2)
    press(labels, "0", "Enter")
    assert decided(tmp_path)["blue-02.jpg"] == ""
    assert labels.locator("#progress-said").inner_text() == "3 of 7 decided"
    assert labels.evaluate("document.activeElement.id") == "photo-3"
    press(labels, "u")
    assert "blue-02.jpg" not in decided(tmp_path)
    rows = LabelSource.open(table, corrections=tmp_path / "decided.csv").table.rows  # type: ignore[union-attr]
    assert [rows[i]["colour"] for i in range(3)] == ["red", tint(2), tint(3)]


def test_several_are_decided_at_once(labels, tmp_path):
    labels.locator("#photo-0").focus()
    press(labels, "Space", "ArrowRight", "Space", "ArrowRight", "Space", "3")
    assert labels.locator("#selected-said").inner_text() == "3 selected"
    third = labels.locator("#value-2").inner_text().split()[-1]
    press(labels, "Enter")
    assert set(decided(tmp_path).values()) == {third}
    assert len(decided(tmp_path)) == 3
    press(labels, "u")
    assert decided(tmp_path) == {}


def test_photos_without_a_label_come_with_what_the_model_sees(labels, tmp_path):
    with labels.expect_response(re.compile("kind=unlabelled")):
        labels.get_by_role("button", name="Photos without a label").click()
    labels.wait_for_selector("#kind-unlabelled[aria-pressed=true]")
    said = labels.locator(".label-card .hint").all_inner_texts()
    assert [text.partition("Suggested: ")[2].split()[0] for text in said] == [tint(i) for i in range(WRONG, 2 * WRONG)]
    labels.locator("#photo-0").focus()
    press(labels, "a", "Enter")
    assert decided(tmp_path) == {f"{tint(i)}-{i:02}.jpg": tint(i) for i in range(WRONG, 2 * WRONG)}
    assert labels.get_by_text("Everything here is decided.").is_visible()


def test_two_people_see_each_others_decisions(labels, browser, label_address, options, tmp_path):
    with opened(browser, label_address, options, "/labels.html") as other:
        other.wait_for_selector("#photos > li")
        other.locator("#photo-1").focus()
        press(other, "2", "Enter")
    labels.allowed = re.compile("412")
    labels.locator("#photo-0").focus()
    press(labels, "Enter")  # about another photo: it is written all the same
    labels.wait_for_selector("#progress-said >> text=2 of 7")
    assert decided(tmp_path) == {"red-00.jpg": "red", "green-01.jpg": tint(2)}


def test_a_decision_of_somebody_else_about_the_same_photo_is_shown_and_not_replaced(
    labels, browser, label_address, options, tmp_path
):
    with opened(browser, label_address, options, "/labels.html") as other:
        other.wait_for_selector("#photos > li")
        other.locator("#photo-0").focus()
        press(other, "2", "Enter")
    labels.allowed = re.compile("412")
    labels.locator("#photo-0").focus()
    press(labels, "Enter")
    assert "Somebody else has decided 1 of these" in labels.locator("#notice").inner_text()
    assert decided(tmp_path) == {"red-00.jpg": tint(1)}
    assert labels.locator("#choice-0").inner_text() == f"Decided: {tint(1)}"


def test_it_is_used_with_a_mouse_too(labels, tmp_path):
    labels.locator("#photo-4").click()
    labels.locator("#value-1").click()
    with labels.expect_response(re.compile("/v1/labels/decisions")):
        labels.get_by_role("button", name="Confirm").click()
    assert decided(tmp_path) == {"green-04.jpg": tint(5)}


def test_names_of_others_are_text(labels):
    assert labels.evaluate("window.owned") is None
    labels.select_option("#attribute", "tone")
    labels.wait_for_selector("#photo-1", state="detached")
    assert labels.locator("#photos > li").count() == 1
    assert labels.evaluate("window.owned") is None


def test_the_search_leads_to_it(browser, label_address, options):
    with opened(browser, label_address, options) as page:
        page.get_by_role("link", name="Check labels").click()
        page.wait_for_selector("#photos > li")
        assert page.url.endswith("/labels.html")


@pytest.mark.parametrize(
    ("options", "title"),
    [({"locale": "de-DE"}, "Welche Labels stimmen?"), ({"locale": "zh-CN"}, "\u54ea\u4e9b\u6807\u7b7e")],
)
def test_the_label_page_speaks_the_browsers_language(labels, title):
    assert labels.get_by_role("heading", level=1).inner_text().startswith(title)


@pytest.mark.parametrize("options", [PHONE])
def test_a_phone_shows_the_label_page_within_its_width(labels):
    assert labels.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]  # type: ignore[index]
    labels.locator("#photo-0").tap()
    assert labels.locator("#selected-said").inner_text() == "1 selected"


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE])
def test_nothing_on_the_label_page_stands_in_the_way_of_assistive_technology(labels):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: install fashionsdk[dev]").Axe()
    labels.locator("#photo-0").click()
    found = axe.run(labels).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == []
