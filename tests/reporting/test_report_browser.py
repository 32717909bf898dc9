"""The report in a real browser: it draws, it answers, it asks no network, and no data becomes code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

POINTS = """
return document.getElementById("map-figure").data.filter((trace) => trace.customdata).map((trace) => trace.marker.color)
"""


def visit(browser: Chrome, page: Path) -> list[dict[str, Any]]:
    """Open a page, wait until its figures stand; what the network was asked for meanwhile."""
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(page.resolve().as_uri())
    WebDriverWait(browser, 30).until(
        lambda found: found.execute_script("return document.documentElement.dataset.ready === 'true'")
    )
    return requests(browser)


def hover(browser: Chrome, element: WebElement) -> None:
    """Point at the middle of an element, from the corner: a pointer that was left there would not move."""
    browser.execute_script("arguments[0].scrollIntoView({behavior: 'instant', block: 'center'})", element)
    corner = ActionBuilder(browser)
    corner.pointer_action.move_to_location(2, 2)
    corner.perform()
    ActionChains(browser).move_to_element(element).perform()


def requests(browser: Chrome) -> list[dict[str, Any]]:
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [event["params"]["request"] for event in events if event["method"] == "Network.requestWillBeSent"]


def outside(asked: list[dict[str, Any]]) -> list[str]:
    return [request["url"] for request in asked if not request["url"].startswith(("file:", "data:", "blob:", "about:"))]


@pytest.mark.parametrize("name", ["page", "hostile_page", "image_page"])
def test_it_draws_every_figure_in_silence(name: str, browser: Chrome, request: pytest.FixtureRequest) -> None:
    asked = visit(browser, request.getfixturevalue(name))
    assert len([each for each in asked if each["url"].startswith("file:")]) == 1
    assert outside(asked) == []
    assert browser.get_log("browser") == []
    places = browser.find_elements(By.CSS_SELECTOR, "[data-figure]")
    assert len(places) >= 5
    assert all(place.find_elements(By.CSS_SELECTOR, "svg.main-svg") for place in places)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_the_map_is_recoloured_by_the_list(page: Path, browser: Chrome) -> None:
    visit(browser, page)
    choice = Select(browser.find_element(By.ID, "colouring"))
    labels = [option.text.strip() for option in choice.options]
    assert labels == ["cluster", "stress (GPa)", "operator", "route", "temperature"]
    by_cluster = browser.execute_script(POINTS)

    choice.select_by_visible_text("stress (GPa)")
    WebDriverWait(browser, 10).until(
        lambda found: found.find_elements(By.CSS_SELECTOR, "#map-figure .cbcoloraxis .cbtitle text")
    )
    scale = browser.find_element(By.CSS_SELECTOR, "#map-figure .cbcoloraxis .cbtitle text").text
    assert scale.replace("\n", "").startswith("stress (GPa)compression positive")
    values = [value for trace in browser.execute_script(POINTS) for value in trace if not isinstance(value, str)]
    assert len(values) == 148

    choice.select_by_visible_text("route")
    swatches = [text.text for text in browser.find_elements(By.CSS_SELECTOR, "#map-figure .legendtext")]
    assert set(swatches) == {"cold", "warm", "hot"}

    choice.select_by_visible_text("cluster")
    assert browser.execute_script(POINTS) == by_cluster
    assert outside(requests(browser)) == []
    assert browser.get_log("browser") == []


def test_a_point_tells_what_it_is(page: Path, browser: Chrome) -> None:
    visit(browser, page)
    browser.execute_script("document.getElementById('map').scrollIntoView({behavior: 'instant'})")
    point = browser.find_element(By.CSS_SELECTOR, "#map-figure .scatterlayer .point")
    hover(browser, point)
    WebDriverWait(browser, 10).until(lambda found: found.find_elements(By.CSS_SELECTOR, "#map-figure .hovertext"))
    told = browser.find_element(By.CSS_SELECTOR, "#map-figure .hovertext").text
    for part in ("t-", "part", "cluster probability", "GPa", "route", "temperature"):
        assert part in told


def test_an_image_tells_what_it_is(image_page: Path, browser: Chrome) -> None:
    visit(browser, image_page)
    figure = browser.find_element(By.CSS_SELECTOR, "[data-figure='figure-image-1']")
    browser.execute_script("arguments[0].scrollIntoView({behavior: 'instant'})", figure)
    images = figure.find_elements(By.CSS_SELECTOR, ".heatmaplayer image")
    assert len(images) == 3 * 7
    hover(browser, images[2])
    WebDriverWait(browser, 10).until(lambda found: figure.find_elements(By.CSS_SELECTOR, ".hovertext"))
    told = figure.find_element(By.CSS_SELECTOR, ".hovertext").text
    assert "p-" in told
    assert "cluster 0" in told


def test_nothing_offers_to_upload_and_selected_ids_are_listed(page: Path, browser: Chrome) -> None:
    visit(browser, page)
    buttons = browser.execute_script(
        "return [...document.querySelectorAll('.modebar-btn')].map((b) => b.dataset.title)"
    )
    assert buttons
    assert not [title for title in buttons if "hare" in title or "loud" in title or "dit" in title]
    browser.execute_script(
        "const map = document.getElementById('map-figure');"
        "map.emit('plotly_selected', {points: [{customdata: 't-001'}, {customdata: 't-002'}]});"
    )
    assert browser.find_element(By.ID, "selected").text == "2 selected: t-001 t-002"


def test_what_data_say_is_never_run(hostile_page: Path, browser: Chrome) -> None:
    visit(browser, hostile_page)
    choice = Select(browser.find_element(By.ID, "colouring"))
    for option in range(len(choice.options)):
        choice.select_by_index(option)
    browser.execute_script("document.getElementById('map').scrollIntoView({behavior: 'instant'})")
    point = browser.find_element(By.CSS_SELECTOR, "#map-figure .scatterlayer .point")
    hover(browser, point)
    WebDriverWait(browser, 10).until(lambda found: found.find_elements(By.CSS_SELECTOR, "#map-figure .hovertext"))
    assert "</script><script>" in browser.find_element(By.CSS_SELECTOR, "#map-figure .hovertext").text
    assert browser.execute_script("return window.hacked") is None
    assert browser.find_elements(By.CSS_SELECTOR, "img") == []
    assert browser.get_log("browser") == []
