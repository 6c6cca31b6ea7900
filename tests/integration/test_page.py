"""The page in a real Chromium: a picture, an error, the keyboard alone, a narrow screen.

Screenshots go to ``build/screenshots``.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, FileChooser, Page, Route, expect

from tests.integration.chromium import NEEDS_CHROMIUM, SHOTS, WIDE
from tests.integration.conftest import IMAGES, Api
from tests.integration.http_server import Reply
from tests.integration.pictures import drawn

PHONE = (360, 740)

pytestmark = NEEDS_CHROMIUM

# What a browser hands over when a file is dropped: made inside the page, as no mouse can bring one.
DROP = """
async ([url, name, type]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([await (await fetch(url)).arrayBuffer()], name, { type }));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.querySelector("#stage").dispatchEvent(
      new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
}
"""
PASTE = """
(text) => {
  const data = new DataTransfer();
  data.setData("text", text);
  document.body.dispatchEvent(
    new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
}
"""
# The boxes as shares of the shown picture: left, top, right, bottom.
BOXES = """
() => {
  const shown = document.querySelector("#shown").getBoundingClientRect();
  return [...document.querySelectorAll("#boxes .box-group:not(.runner)")].map((group) => {
    const box = group.querySelector(".box").getBoundingClientRect();
    return [group.dataset.box, (box.left - shown.left) / shown.width, (box.top - shown.top) / shown.height,
      (box.right - shown.left) / shown.width, (box.bottom - shown.top) / shown.height];
  });
}
"""


class Opened:
    """The page, opened; collects what must not happen."""

    def __init__(self, browser: Browser, api: Api, size: tuple[int, int], scheme: str) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", lambda request: self._check(request.url, api.service.url))
        self.page.goto(api.service.url)
        self.page.wait_for_selector("#entities label")

    def _note(self, message: ConsoleMessage) -> None:
        # An answer other than 2xx is logged by Chromium itself, and shown by the page.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def _check(self, url: str, base: str) -> None:
        if not url.startswith((f"{base}/", "blob:", "data:")):
            self.elsewhere.append(url)

    def shoot(self, name: str, *, full: bool = False) -> None:
        self.page.wait_for_timeout(250)  # Transitions end.
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=full)

    def close(self) -> None:
        self.page.close()
        assert self.errors == []
        assert self.elsewhere == []


@pytest.fixture
def opened(browser: Browser, api: Api, request: pytest.FixtureRequest) -> Iterator[Opened]:
    size, scheme = getattr(request, "param", (WIDE, "light"))
    made = Opened(browser, api, size, scheme)
    yield made
    made.close()


def choose_entities(page: Page, *names: str) -> None:
    for box in page.locator("#entities input").all():
        box.set_checked(box.get_attribute("value") in names)


def read(page: Page) -> None:
    page.click("#read")
    expect(page.locator("#result")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("opened", [(WIDE, "light"), (WIDE, "dark")], indirect=True, ids=["light", "dark"])
def test_a_dropped_picture_shows_its_values_and_boxes(
    opened: Opened, api: Api, request: pytest.FixtureRequest
) -> None:
    page, picture = opened.page, IMAGES / "bottle.jpg"
    page.fill("#key", api.service.key)
    choose_entities(page, "height", "width", "item_volume", "item_weight")
    # The picture comes from the page's own origin: its policy lets it ask nowhere else.
    page.route("**/bottle.jpg", lambda route: route.fulfill(body=picture.read_bytes()))
    page.evaluate(DROP, [f"{api.service.url}/bottle.jpg", "bottle.jpg", "image/jpeg"])
    expect(page.locator("#shown")).to_be_visible()
    read(page)
    values = page.locator("#values")
    for value in ("26.5 centimetre", "7.2 centimetre", "750 millilitre", "the picture doesn't say"):
        expect(values).to_contain_text(value)
    expect(page.locator("#status")).to_have_text("3 of 4 found")
    expect(page.locator("#stages")).to_contain_text("read")
    body = picture.read_bytes()
    entities = ["height", "width", "item_volume"]
    answered = api.post_picture(body, entities, "image/jpeg").json()
    drawn_boxes = {name: corners for name, *corners in page.evaluate(BOXES)}
    assert set(drawn_boxes) == set(entities)
    for name, corners in drawn_boxes.items():
        box = answered["answers"][name]["evidence"]["box"]
        sides = (answered["picture"]["width"], answered["picture"]["height"])
        expected = [
            pick(corner[axis] / sides[axis] for corner in box) for pick in (min, max) for axis in (0, 1)
        ]
        # Half the line's width on each side.
        assert corners == pytest.approx(expected, abs=0.02)
    opened.shoot(f"read-{request.node.callspec.id}", full=True)
    page.hover("#values .value:nth-child(2) .main")
    expect(page.locator("#boxes .box-group.active")).to_have_attribute("data-box", "height")
    opened.shoot(f"highlight-{request.node.callspec.id}")


def test_the_shown_command_makes_the_same_call(opened: Opened, api: Api) -> None:
    page = opened.page
    page.fill("#key", api.service.key)
    page.set_input_files("#file", IMAGES / "kettle.jpg")
    choose_entities(page, "wattage")
    command = page.inner_text("#curl")
    assert api.service.key not in command
    assert api.service.key not in page.content()
    assert "$TAPELINE_API_KEY" in command
    assert "entity_name=wattage'" in command
    assert "--data-binary '@kettle.jpg'" in command


def test_a_pasted_link_is_read_and_shown(opened: Opened, api: Api) -> None:
    page = opened.page
    page.fill("#key", api.service.key)
    choose_entities(page, "wattage", "item_volume")
    page.evaluate(PASTE, "https://images.example.com/kettle.jpg")
    read(page)
    expect(page.locator("#values")).to_contain_text("2200 watt")
    expect(page.locator("#shown")).to_be_visible()
    assert page.locator("#shown").get_attribute("src", timeout=1000) != ""
    opened.shoot("link", full=True)


def test_labels_are_shown_where_there_are_any(opened: Opened, api: Api) -> None:
    page = opened.page

    def add_labels(route: Route) -> None:
        answered = route.fetch()
        document = answered.json()
        # The test's environment has no weights of ResNet50.
        assert document["labels"] == []
        document["labels"] = [{"name": "coffee_pot", "score": 0.8123}, {"name": "teapot", "score": 0.1}]
        route.fulfill(response=answered, json=document)

    page.fill("#key", api.service.key)
    page.set_input_files("#file", IMAGES / "kettle.jpg")
    read(page)
    expect(page.locator("#labels-block")).to_be_hidden()
    page.route("**/predict*", add_labels)
    read(page)
    expect(page.locator("#labels")).to_have_text("coffee pot81 %teapot10 %")


def test_an_empty_answer_shows_how_probably_it_is_stated(opened: Opened, api: Api) -> None:
    page = opened.page

    def set_stated(route: Route) -> None:
        answered = route.fetch()
        document = answered.json()
        document["answers"]["voltage"]["stated"] = 0.1234
        route.fulfill(response=answered, json=document)

    page.fill("#key", api.service.key)
    page.set_input_files("#file", IMAGES / "kettle.jpg")
    choose_entities(page, "voltage", "wattage")
    page.route("**/predict*", set_stated)
    read(page)
    expect(page.locator("#values .abstained")).to_have_text(
        "voltagethe picture doesn't say12 % that it doesNo quantity of this kind was read."
    )
    expect(page.locator("#values [data-box=wattage]")).not_to_contain_text("that it does")
    opened.shoot("stated", full=True)


def test_an_empty_answer_says_why_a_runner_up_was_not_given(opened: Opened, api: Api) -> None:
    page = opened.page

    def take_back(route: Route) -> None:
        answered = route.fetch()
        document = answered.json()
        wattage = document["answers"]["wattage"]
        runner_up = {name: wattage[name] for name in ("prediction", "value", "unit", "evidence")}
        wattage["runners_up"] = [runner_up | {"confidence": 0.75}]
        wattage.update(prediction=None, value=None, unit=None, evidence=None, confidence=0, stated=0.4)
        route.fulfill(response=answered, json=document)

    page.fill("#key", api.service.key)
    page.set_input_files("#file", IMAGES / "kettle.jpg")
    choose_entities(page, "wattage")
    page.route("**/predict*", take_back)
    read(page)
    expect(page.locator("#values .abstained")).to_contain_text(
        "2200 watt was read, but that the picture states no"
    )
    opened.shoot("empty", full=True)


def test_a_sample_picture_can_be_read(opened: Opened, api: Api) -> None:
    page = opened.page
    page.fill("#key", api.service.key)
    page.click("#sample")
    expect(page.locator("#shown")).to_be_visible()
    choose_entities(page, "item_volume", "wattage", "voltage", "width", "height")
    read(page)
    for value in ("1.5 litre", "1800 watt", "230 volt", "18 centimetre", "24 centimetre"):
        expect(page.locator("#values")).to_contain_text(value)
    opened.shoot("sample", full=True)


def test_an_error_says_what_to_do(opened: Opened, api: Api) -> None:
    page = opened.page
    page.click("#read")
    expect(page.locator("#problem")).to_contain_text("No picture")
    page.set_input_files("#file", IMAGES / "kettle.jpg")
    page.click("#read")
    expect(page.locator("#problem")).to_contain_text("No API key")
    # It runs on this machine.
    expect(page.locator("#problem")).to_contain_text("make serve")
    expect(page.locator("#key")).to_be_focused()
    page.fill("#key", "wrong")
    page.click("#read")
    expect(page.locator("#problem")).to_contain_text("expected a valid API key")
    page.fill("#key", api.service.key)
    page.fill("#link", api.refused.url("/inside.png"))
    page.press("#link", "Enter")
    expect(page.locator("#problem")).to_contain_text("expected a public address")
    expect(page.locator("#problem")).to_contain_text("urn:tapeline:problem:blocked-address")
    opened.shoot("problem")
    # And the next picture is read.
    page.fill("#link", api.allowed.put("/next.png", Reply(drawn("Net weight 12.5 kg"))))
    page.press("#link", "Enter")
    expect(page.locator("#values")).to_contain_text("12.5 kilogram", timeout=60_000)
    expect(page.locator("#problem")).to_be_hidden()


def test_the_keyboard_alone_is_enough(opened: Opened, api: Api, tmp_path: Path) -> None:
    page = opened.page
    # From the start on: Chromium takes a while to hand its file dialogs over.
    choosers: list[FileChooser] = []

    def keep(chooser: FileChooser) -> None:
        choosers.append(chooser)

    page.on("filechooser", keep)

    def tab_to(selector: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"Tab doesn't reach {selector}")

    tab_to("#key")
    page.keyboard.type(api.service.key)
    tab_to("#file")
    assert page.evaluate("getComputedStyle(document.querySelector('#drop')).outlineStyle") == "solid"
    opened.shoot("keyboard-drop")
    page.keyboard.press("Enter")
    deadline = time.monotonic() + 30
    while not choosers and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    (chooser,) = choosers
    chooser.set_files(IMAGES / "kettle.jpg")
    expect(page.locator("#shown")).to_be_visible()
    tab_to("#entities input[value=wattage]")
    page.keyboard.press("Space")
    tab_to("#read")
    page.keyboard.press("Enter")
    expect(page.locator("#values")).to_contain_text("2200 watt", timeout=60_000)
    tab_to("#values [data-box=wattage] .main")
    expect(page.locator("#boxes .box-group.active")).to_have_attribute("data-box", "wattage")
    opened.shoot("keyboard-value")


@pytest.mark.parametrize("opened", [(PHONE, "light")], indirect=True)
def test_a_narrow_screen_needs_no_sideways_scrolling(opened: Opened, api: Api) -> None:
    page = opened.page
    opened.shoot("phone-empty")
    page.fill("#key", api.service.key)
    page.set_input_files("#file", IMAGES / "bottle.jpg")
    read(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for selector in ("#shown", "#read", "#values .value", "#curl"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE[0]
    opened.shoot("phone", full=True)


def test_the_key_is_stored_nowhere(opened: Opened, api: Api) -> None:
    page = opened.page
    page.fill("#key", api.service.key)
    page.set_input_files("#file", IMAGES / "kettle.jpg")
    read(page)
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert stored == '[{},{},""]'
    page.reload()
    assert page.input_value("#key") == ""
