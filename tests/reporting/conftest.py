"""A description of the tiny run, pages written from it, and a real browser to open them in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from fingerprint.fingerprints import Description, describe
from fingerprint.modality import Block, RawModality
from fingerprint.recipe import load_recipe
from fingerprint.reporting import report
from fingerprint.run import Run
from fingerprint.store import Store, open_store
from fingerprint.training import train

HOSTILE = '</script><script>window.hacked = true</script><img src=x onerror="window.hacked = true">{{ 7 * 7 }} & \' "'
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1000",
)


@pytest.fixture(scope="session")
def description(tiny_run: tuple[Run, Store]) -> Description:
    """The tiny run, described."""
    return describe(*tiny_run)


@pytest.fixture(scope="session")
def page(tiny_run: tuple[Run, Store], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report."""
    return report(*tiny_run, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="session")
def image_description(image_run: Run, image_store: Store) -> Description:
    """The run with images, described."""
    return describe(image_run, image_store)


@pytest.fixture(scope="session")
def image_page(image_run: Run, image_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report."""
    return report(image_run, image_store, tmp_path_factory.mktemp("image_report") / "report.html")


@pytest.fixture(scope="session")
def wire_description(wire_run: Run, wire_store: Store) -> Description:
    """The run with an expert, described."""
    return describe(wire_run, wire_store)


@pytest.fixture(scope="session")
def hostile_page(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a store in which every text that data can bring is markup."""
    folder = tmp_path_factory.mktemp("hostile")
    raws = [tiny_store.read(name) for name in tiny_store.modalities()]
    store = open_store(str(folder / "store"), create=True)
    metadata = {
        HOSTILE + specimen: {HOSTILE: HOSTILE if number % 2 else "plain", "number": number}
        for number, specimen in enumerate(sorted(tiny_store.specimens()))
    }
    store.append([_hostile(raw) for raw in raws], metadata, "")
    run = train(store, load_recipe(epochs=2, restarts=1, clusters=2), folder / "<b>run", device="cpu")
    return report(run, store, folder / "report.html")


def _hostile(raw: RawModality) -> RawModality:
    modality = replace(raw.modality, unit=HOSTILE, sign=HOSTILE)
    if modality.has_axis:
        modality = replace(modality, axis_name=HOSTILE, axis_unit=HOSTILE)
    blocks = [
        Block(tuple(HOSTILE + specimen for specimen in block.specimens), block.values, block.axis)
        for block in raw.blocks
    ]
    return RawModality(modality, tuple(blocks))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium without a window. Where there is none the test is skipped, on CI it fails."""
    names = ("chromium", "chromium-browser", "google-chrome")
    binary = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        reason = f"needs {' or '.join(names)} and chromedriver; found {binary} and {driver}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    yield chrome
    chrome.quit()
