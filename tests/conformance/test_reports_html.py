"""The HTML report is one page that a browser shows whole, and in which a server runs nothing."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from run_summaries import events, finding, hostile, large, plain
from troth.conformance import reports
from troth.conformance.events import Citation
from troth.conformance.run_summary import summarize

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
]
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed"
)


class _Elements(HTMLParser):
    """Collects the elements of a page, and what its text says."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name in ("src", "href", "action", "data"):
                self.links.append(str(value))
            if name == "id":
                self.ids.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text += data


def elements(page: str) -> _Elements:
    found = _Elements()
    found.feed(page)
    return found


@pytest.mark.parametrize("account", [plain(), hostile(), summarize([])])
def test_the_page_loads_nothing_and_runs_nothing(account: Any) -> None:
    page = reports.render("html", account)
    found = elements(page)
    assert not {"script", "iframe", "img", "object", "form", "b"} & set(found.names)
    # it leads nowhere but into itself, and there it does lead somewhere
    assert found.links[0] == "data:,"
    assert {link.removeprefix("#") for link in found.links[1:]} <= set(found.ids)
    assert len(set(found.ids)) == len(found.ids)
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|\x00|\x1b|\u202e", page)


def test_what_a_server_says_is_shown_as_it_is() -> None:
    text = elements(reports.render("html", hostile())).text
    assert "</script><script>alert(1)</script>" in text
    assert "{{ 7*7 }}{% x %}" in text
    assert "\\u001b[31mred" in text
    assert "\\u202eltr" in text


def test_the_page_shows_the_finding_and_what_was_exercised() -> None:
    text = re.sub(r"\s+", " ", elements(reports.render("html", plain())).text)
    for shown in (
        "does not conform",
        "http://127.0.0.1:8000/api",
        "response-body.type",
        "at /notes/0/pitch: 'x' is not of type integer; it is a string",
        "2 other requests showed it too",
        '{"bars": 0, … key as usual}',
        '{"pitch": "x"}',
        "spec/tunes.yaml:40",
        "$TROTH_TOKEN",
        "200 ×2",  # noqa: RUF001 - a multiplication sign is meant
        "Laws: 1 held, 1 never applied",
        "Members: 3 of 3 exercised",
        "Branches: 1 of 1 exercised",
    ):
        assert shown in text


def test_the_page_begins_with_what_was_not_reached_and_a_table_of_operations() -> None:
    page = reports.render("html", plain())
    text = re.sub(r"\s+", " ", elements(page).text)
    places = [
        text.index(words)
        for words in (
            "1 of 2 operations had no success GET /v1/tunes/{id} nothing was sent to it",
            "operationrequests2xxanswersfindings POST /v1/tunes 3 2 ",
            "Findings errors 1",
            "at /notes/0/pitch: 'x' is not of type integer",
            "error response-body.type POST /v1/tunes",
        )
    ]
    assert places == sorted(places)


def test_the_words_of_the_document_are_shown_with_their_lines() -> None:
    cited = replace(finding(), citation=Citation(("pitch:", "  type: integer"), 39, 40))
    page = reports.render("html", summarize(events(cited)))
    assert '<span><i>39</i>pitch:</span><span class="at"><i>40</i>  type: integer</span>' in page
    laid_out = replace(cited, citation=Citation(('"pitch": 1',)))
    page = reports.render("html", summarize(events(laid_out)))
    assert "<span>&#34;pitch&#34;: 1</span>" in page


def test_known_and_flaky_findings_are_marked() -> None:
    page = reports.render(
        "html", summarize(events(finding(1, known=True), finding(2, again=1, tries=5)))
    )
    text = re.sub(r"\s+", " ", elements(page).text)
    assert "known: it does not count" in text
    assert "flaky: 1 of 5 repetitions showed it" in text


def browse(tmp_path: Path, page: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None, "chromium is not installed, and this is CI"
    file = tmp_path / "page.html"
    file.write_text(page)
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    return subprocess.run(
        [CHROMIUM, *FLAGS, profile, "--enable-logging=stderr", *arguments, file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def framed(page: str, width: int) -> str:
    """A page that shows *page* in *width* pixels, all of it open, and says how wide it came out."""
    return f"""<!doctype html><meta charset="utf-8">
<iframe id="f" width="{width}" height="700" style="border:0" srcdoc="{html.escape(page)}"></iframe>
<pre id="said"></pre><script>
document.getElementById("f").onload = (event) => {{
  const inner = event.target.contentDocument;
  for (const one of inner.querySelectorAll("details")) one.open = true;
  const root = inner.documentElement;
  const wide = [...inner.querySelectorAll("body *")].filter(
    (one) => one.getBoundingClientRect().right > root.clientWidth + 1);
  document.getElementById("said").textContent = JSON.stringify({{
    scroll: root.scrollWidth, client: root.clientWidth,
    wide: wide.map((one) => one.tagName + "." + one.className),
    scripts: inner.scripts.length, height: root.scrollHeight,
  }});
}};</script>"""


@needs_browser
@pytest.mark.parametrize("account", [plain(), hostile()], ids=["plain", "hostile"])
def test_a_phone_shows_the_page_without_scrolling_sideways(account: Any, tmp_path: Path) -> None:
    page = framed(reports.render("html", account), 360)
    done = browse(tmp_path, page, "--dump-dom")
    said = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)
    assert said is not None
    told = json.loads(html.unescape(said[1]))
    assert told["client"] == 360
    assert told["scroll"] == 360
    assert told["wide"] == []
    assert told["scripts"] == 0
    assert told["height"] > 800
    assert "CONSOLE" not in done.stderr


@needs_browser
def test_ten_thousand_findings_open_quickly(tmp_path: Path) -> None:
    page = reports.render("html", large())
    assert len(page) < 3_000_000
    began = time.monotonic()
    done = browse(tmp_path, page, "--dump-dom")
    assert time.monotonic() - began < 15  # 2 s, most of it the browser's own start
    assert "more findings, in a line each" in done.stdout
