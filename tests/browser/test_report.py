"""The evening and the morning page in a real browser."""

import pytest

from daybreak import runs
from daybreak.report import compare_page, evening_page
from daybreak.report.comparison import Side, compare
from daybreak.report.html import render
from tests.report import recorded

PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Files of pages by name: five mornings, an evening, two nights compared, a list of runs."""
    folder = tmp_path_factory.mktemp("pages")
    made = {name: recorded.summary(name) for name in recorded.NAMES}
    said = ("Since the run of 24 Nov 21:15: 310 trials, finished.", "Ended: narrow, wide.")
    entries = [runs.Entry(name, one, said, "2026-11-25T21:15") for name, one in made.items()]
    entries.append(runs.Entry("broken", None, (), "", "the ledger cannot be read."))
    two = compare(Side("tuesday", made["mixed"]), Side("wednesday", made["lepton"]))
    texts = {
        "comparison": compare_page.render(two),
        "index": runs.render("runs", entries),
        "fail": render(made["lepton"]),
        "pass": render(made["decay"]),
        "mixed": render(made["mixed"]),
        "soft": render(made["soft"]),
        "hopeless": render(made["hopeless"]),
        "evening": evening_page.render(recorded.evening()),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text)
    return {name: f"file://{folder}/{name}.html" for name in texts}


SOME = ("pass", "mixed", "hopeless", "evening", "comparison", "index")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("fail", "light"),
        ("mixed", "dark"),
        ("soft", "light"),
        ("pass", "dark"),
        ("hopeless", "light"),
        ("evening", "light"),
        ("evening", "dark"),
        ("comparison", "light"),
        ("comparison", "dark"),
        ("index", "light"),
        ("index", "dark"),
    ],
)
def test_offline(pages, visit, picture, serious, name, scheme):
    """It opens without a network, asks for nothing, complains of nothing, and all can read it."""
    page, seen = visit(pages[name], offline=True, color_scheme=scheme)
    picture(page, full_page=True)

    assert page.locator("h1").is_visible()
    assert seen.requests == [pages[name]]
    assert seen.complaints == []
    assert serious(page) == []


@pytest.mark.parametrize("name", ["fail", *SOME])
def test_on_a_phone(pages, visit, picture, name):
    """At 360 px nothing but tables and pictures is scrolled sideways, and text is of full size."""
    page, _ = visit(pages[name], viewport=PHONE)
    picture(page, full_page=True)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 15
    wide = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > "
        "361 && !e.closest('.scroll, svg')).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert wide == []


def test_first_screen(pages, visit):
    """On a laptop the verdict, what is claimed, the picture need no scrolling."""
    page, _ = visit(pages["fail"], viewport={"width": 1280, "height": 900})

    for what in ("h1", "main .badge >> nth=0", "figure >> nth=0"):
        box = page.locator(what).first.bounding_box()
        assert box["y"] < 800


def test_sorting(pages, visit):
    """A click on a heading sorts, one more turns it round, a third brings the first order back."""
    page, _ = visit(pages["fail"])
    table = page.locator("table.sortable:visible", has=page.locator("th.number")).first
    columns = table.locator("thead th")
    classes = [columns.nth(i).get_attribute("class") or "" for i in range(columns.count())]
    column = next(i for i, kinds in enumerate(classes) if "number" in kinds)
    cells = table.locator(f"tbody tr > :nth-child({column + 1})")
    heading, button = columns.nth(column), columns.nth(column).locator("button")
    first = cells.all_inner_texts()
    said = []
    for _ in range(3):
        button.click()
        said.append((heading.get_attribute("aria-sort"), cells.all_inner_texts()))
    (up, rising), (down, falling), (none, last) = said

    assert (up, down, none) == ("ascending", "descending", None)
    known = [text for text in rising if text]
    assert known == sorted(known, key=_number)
    assert falling[: len(known)] == known[::-1]
    assert last == first


def _number(text):
    """The number a cell begins with."""
    return float(text.split()[0].replace("\u2212", "-"))


def test_keyboard(pages, visit):
    """Headings sort by the keyboard too, and what has the focus is seen to have it."""
    page, _ = visit(pages["fail"])
    button = page.locator("table.sortable:visible th button").first
    button.focus()
    page.keyboard.press("Enter")

    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert page.get_by_role("status").first.inner_text().startswith("Sorted by")


def test_light_and_dark(pages, visit, picture):
    """The page follows the system, and a button changes it."""
    ground = "getComputedStyle(document.body).backgroundColor"
    page, _ = visit(pages["pass"], color_scheme="light")
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark page").click()
    dark = page.evaluate(ground)
    picture(page)
    page.get_by_role("button", name="Light page").click()
    followed, _ = visit(pages["pass"], color_scheme="dark")

    assert sum(map(int, light[4:-1].split(","))) > 600
    assert sum(map(int, dark[4:-1].split(","))) < 150
    assert page.evaluate(ground) == light
    assert followed.evaluate(ground) == dark


@pytest.mark.parametrize("name", SOME)
def test_without_javascript(pages, visit, name):
    """Without a script everything is there and can be read; only buttons are missing."""
    words = "document.querySelector('main').textContent.replace(/\\s+/g, ' ')"
    page, seen = visit(pages[name], java_script_enabled=False)
    scripted, _ = visit(pages[name])

    assert page.get_by_role("button").count() == 0
    assert page.locator("main").inner_text()
    plain = " ".join(page.locator("main").text_content().split())
    live = scripted.evaluate(words).replace("Dark page", "")
    assert plain == live.strip()
    assert seen.complaints == []


def test_folded_things_open_without_a_script(pages, visit):
    """Details are the browser's own."""
    page, _ = visit(pages["fail"], java_script_enabled=False)
    box = page.locator("details").first
    inside = box.locator("table, ul, p, figure").first
    assert not inside.is_visible()
    box.locator("summary").first.click()

    assert inside.is_visible()


@pytest.mark.parametrize("name", SOME)
def test_printed(pages, visit, picture, name):
    """On paper: black on white, nothing folded away, no buttons, some pages of PDF."""
    page, _ = visit(pages[name], color_scheme="dark")
    page.emulate_media(media="print")
    picture(page, full_page=True)
    pdf = page.pdf(format="A4")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    assert not page.locator("button.theme").is_visible()
    assert pdf.startswith(b"%PDF-")
    assert 1 <= pdf.count(b"/Type /Page\n") <= 40
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
