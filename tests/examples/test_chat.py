"""The chat app of examples/chat in a browser, on a mock at another origin."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import Page, chromium, needs_browser
from troth_mock.server.serving import MockServer

pytestmark = needs_browser
APP = Path(__file__).parents[2] / "examples" / "chat"
ANSWER = "document.querySelector('article.assistant:last-of-type')"
IS_IDLE = "!document.getElementById('send').hidden"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    """The origin of the app."""
    handler = functools.partial(_Quiet, directory=str(APP))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def server(mock_servers: Callable[..., MockServer]) -> MockServer:
    return mock_servers()


@pytest.fixture
def page(browser: Any, app: str, server: MockServer) -> Page:
    server.fail()
    server.reset()
    page: Page = browser.page()
    page.open(f"{app}/?api={server.base_url}")
    return page


def ask(page: Page, text: str) -> None:
    page.get("document.getElementById('text').focus()")
    page.type(text)
    page.press("Enter")
    page.wait(f"{IS_IDLE} && {ANSWER}?.getAttribute('aria-busy') === 'false'")


def test_an_answer_streams_and_the_conversation_goes_on(page: Page, server: MockServer) -> None:
    ask(page, "What is a contract?")
    ask(page, "Say it in one sentence.")
    assert page.texts("article.user") == ["What is a contract?", "Say it in one sentence."]
    assert all(page.texts("article.assistant"))
    asked = [each for each in server.journal if each.request.method == "POST"]
    assert [each.body.count(b'"role"') for each in asked] == [1, 3]
    assert page.complaints == []


def test_what_looks_like_html_stays_text(page: Page) -> None:
    script = """
        import('./markdown.js').then(({render}) => {
          const made = document.createElement('div');
          made.append(...render('# <b>x</b>\\n\\n- a `<i>`\\n  - b\\n\\n'
            + '| h |\\n|---|\\n| <img> |\\n\\n'
            + '```html\\n<script>alert(1)</' + 'script>\\n```\\n[x](javascript:alert)'));
          return [made.querySelectorAll('b, img, script, a').length, made.textContent.trim()];
        })
    """
    told = page.get(script)
    assert told == [0, "<b>x</b>a <i>bh<img><script>alert(1)</script>[x](javascript:alert)"]


def test_it_waits_as_a_429_asks_and_tries_again(page: Page, server: MockServer) -> None:
    server.fail("429 once retry after 1 s")
    ask(page, "Hello")
    assert page.texts("article.assistant button") == []
    assert server.verdict().outcomes == ("retried",)


def test_it_does_not_take_a_cut_stream_for_whole(page: Page, server: MockServer) -> None:
    server.fail("drop after 4 events once")
    ask(page, "Hello")
    assert page.texts("article.assistant .wrong") == ["The answer broke off. Try again"]
    page.get("document.querySelector('article.assistant button').click()")
    page.wait(f"{IS_IDLE} && !document.querySelector('.wrong')")
    assert page.texts("article.assistant") != [""]


def test_what_the_server_refuses_is_told_in_its_words(page: Page, server: MockServer) -> None:
    server.fail("403")
    ask(page, "Hello")
    (told,) = page.texts("article.assistant .wrong")
    assert told.startswith("403: ")
