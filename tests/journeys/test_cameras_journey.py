"""An inspector draws on a camera's picture: with the mouse, with a finger, with keys; the next look uses it."""

import pytest
from playwright.sync_api import expect

from collectors.video.look import look
from collectors.video.persons import NoDetector
from dashboard.bootstrap import open_application
from dashboard.sampling.days import camera_of
from tests.journeys.company import CLIP_SECONDS

SIZE = (320, 180)


@pytest.fixture
def in_use(company_home):
    """Name → polygon of the camera's windows, as the next look will use them; and that look at its clip."""

    def read():
        app = open_application(directory=company_home, environment={})
        windows = camera_of(app.db, app.settings, "K1").windows
        app.db.engine.dispose()
        return {window.name: window.polygon for window in windows}, windows

    return read


def canvas(page):
    found = page.locator(".dr-canvas")
    found.scroll_into_view_if_needed()
    expect(found).to_be_visible()
    return found


def spot(page, x, y):
    """Where a point of the picture lies in the browser's window."""
    box = canvas(page).bounding_box()
    return box["x"] + x / SIZE[0] * box["width"], box["y"] + y / SIZE[1] * box["height"]


def near(polygon, corners):
    return len(polygon) == len(corners) and all(
        abs(x - u) <= 3 and abs(y - v) <= 3 for (x, y), (u, v) in zip(polygon, corners, strict=True)
    )


def test_a_window_is_drawn_with_the_mouse_and_the_next_look_uses_it(desk, in_use, company_home):
    journey = desk("zh", 1440)
    page = journey.open("cameras", camera="K1")
    canvas(page)
    page.get_by_label("名称", exact=True).fill("1号窗口")
    page.get_by_role("button", name="新画一个").click()
    for corner in ((100, 40), (220, 40), (220, 120), (100, 120)):
        page.mouse.click(*spot(page, *corner))
    expect(page.locator(".dr-status")).to_contain_text("4 个点")
    page.mouse.click(*spot(page, 100, 40))  # the first point closes it
    expect(page.locator(".dr-list")).to_contain_text("1号窗口")
    page.mouse.move(*spot(page, 220, 120))
    page.mouse.down()
    page.mouse.move(*spot(page, 240, 130), steps=4)
    page.mouse.up()
    page.get_by_role("button", name="保存标绘").click()
    expect(page.locator(".stMainBlockContainer")).to_contain_text("标绘已保存，自此刻起生效。")
    journey.settle()
    assert "1 个窗口" in journey.text()
    polygons, windows = in_use()
    assert near(polygons["1号窗口"], [(100, 40), (220, 40), (240, 130), (100, 120)])
    seen = look(company_home / "var" / "evidence" / "clip.mp4", windows=windows, detector=NoDetector())
    assert seen.seconds == pytest.approx(CLIP_SECONDS, abs=0.3)
    assert len(seen.presences) == sum(window.is_staffed for window in windows) == 1


def test_places_are_drawn_with_a_finger_and_with_keys(desk, in_use):
    journey = desk("en", 390, scheme="dark")
    page = journey.open("cameras", camera="K1")
    canvas(page)
    page.get_by_label("Kind of place").select_option("door")
    page.get_by_role("button", name="Draw a new one").tap()
    for corner in ((20, 30), (70, 30), (70, 150)):
        page.touchscreen.tap(*spot(page, *corner))
    page.get_by_role("button", name="Close the polygon").tap()
    expect(page.locator(".dr-list")).to_contain_text("Entrance door")
    page.get_by_label("Kind of place").select_option("waiting")
    page.get_by_role("button", name="Draw a new one").press("Enter")
    expect(page.locator(".dr-canvas.drawing")).to_be_focused()
    for keys in ("Space", "Shift+ArrowRight", "Space", "Shift+ArrowDown", "Space", "ArrowLeft", "Space", "Backspace"):
        page.keyboard.press(keys)
    expect(page.locator(".dr-status")).to_contain_text("4 points")
    page.keyboard.press("Enter")
    expect(page.locator(".dr-list")).to_contain_text("Waiting area")
    page.keyboard.press(".")
    page.keyboard.press("Shift+ArrowUp")
    page.get_by_role("button", name="Save the drawing").tap()
    expect(page.locator(".stMainBlockContainer")).to_contain_text("The drawing is saved and holds from now on.")
    journey.settle()
    polygons, _ = in_use()
    assert near(polygons["door"], [(20, 30), (70, 30), (70, 150)])
    assert polygons["waiting"] == ((160, 80), (170, 90), (170, 100))
