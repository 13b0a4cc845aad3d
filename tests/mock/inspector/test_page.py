"""The page at /_troth/, in a browser, on a mock of a document whose names nobody would guess."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import Browser, Page, chromium, needs_browser
from listening import Listener
from troth import loading
from troth_mock import pace
from troth_mock.faults import grammar
from troth_mock.faults.verdict import GOOD
from troth_mock.inspector import page_files
from troth_mock.server.serving import MockServer, serving

DOCUMENT = Path(__file__).with_name("garden.yaml")
FOLDER = Path(page_files.__file__).with_name("page")
TURNS = [{"role": "user", "content": "Hello!"}]


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with serving(loading.load(DOCUMENT)) as server:
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def tab(mock: MockServer, browser: Browser) -> Page:
    page = browser.page()
    page.resize(1280, 800)
    page.open(f"{mock.url}/_troth/")
    page.wait("document.querySelector('.live.good')")
    return page


@pytest.fixture
def page(mock: MockServer, tab: Page) -> Iterator[Page]:
    """The page as it is at first, of a mock that has had no exchange; it complains of nothing."""
    tab.get("document.activeElement.blur(); location.hash = '#/exchanges'; 0")
    tab.wait("!document.querySelector('main .title')")
    ask(mock, "POST", "/_troth/api/reset")
    tab.wait("document.querySelector('.side-list .empty:not([hidden])')")
    yield tab
    assert tab.complaints == []


def ask(mock: MockServer, method: str, target: str, body: Any = None) -> tuple[int, bytes]:
    request = urllib.request.Request(mock.url + target, method=method)
    if body is not None or method != "GET":
        request.data = b"" if body is None else json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def rows(page: Page, count: int) -> list[str]:
    """What the list shows, once it shows *count* exchanges that have ended."""
    page.wait(
        f"document.querySelectorAll('.exchanges .row').length === {count}"
        " && !document.querySelector('.exchanges').innerText.includes('…')"
    )
    return page.texts(".exchanges .row .what")


# -- without a browser -------------------------------------------------------------------------


def test_the_files_are_sent_as_a_page_that_runs_only_what_is_its_own(mock: MockServer) -> None:
    for path in page_files.paths():
        with urllib.request.urlopen(mock.url + path, timeout=60) as response:
            fields = {name: response.headers[name] for name, _ in page_files.fields(path)}
            assert (tuple(fields.items()), response.read()) == (
                page_files.fields(path),
                page_files.content(path),
            )
    policy = dict(page_files.fields("/_troth/"))["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def test_nothing_on_the_page_is_from_elsewhere_and_no_text_becomes_markup() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in FOLDER.iterdir())
    # the name of a namespace is no address
    assert set(re.findall(r"https?://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|\beval\b|new Function|style="
    assert re.findall(markup, text) == []
    imported = {
        (FOLDER / name).is_file() for name in re.findall(r'(?:from|import\() ?"\./([\w.]+)"', text)
    }
    assert imported == {True}


def test_what_the_page_suggests_can_be_said() -> None:
    text = (FOLDER / "suggestions.js").read_text(encoding="utf-8")
    faults, paces = re.findall(r"export const \w+ = (\[[^;]*\]);", text)
    for fault in re.findall(r'"([^"]+)"', faults):
        assert grammar.parse(fault).steps, fault
    assert [pace.read(words) for words in re.findall(r'"([^"]+)"', paces)][-1] == pace.Pace()


def test_the_page_calls_good_what_the_verdict_does() -> None:
    text = (FOLDER / "verdict_view.js").read_text(encoding="utf-8")
    assert set(re.findall(r'"([^"]+)"', re.findall(r"const GOOD = (.*);", text)[0])) == GOOD


# -- in a browser ------------------------------------------------------------------------------


@needs_browser
def test_requests_appear_as_they_come_newest_first(mock: MockServer, page: Page) -> None:
    ask(mock, "GET", "/beds/north/seeds?limit=2")
    ask(mock, "POST", "/talk", {"plant": "fern", "turns": TURNS})
    ask(mock, "POST", "/talk", {"plant": "fern", "turns": []})
    assert rows(page, 3) == ["POST /talk", "POST /talk", "GET /beds/north/seeds?limit=2"]
    assert page.texts(".exchanges .status") == ["400", "200", "200"]
    (reason,) = page.texts(".exchanges .row .fault")
    assert reason.startswith("/turns: the array is too short: 0 items, at least 1 needed")
    assert page.texts(".side .count span") == ["3 exchanges"]
    ask(mock, "POST", "/talk", {"plant": "fern", "turns": TURNS, "watr": 1})
    rows(page, 4)
    assert page.texts(".exchanges .row.doubtful .chip.warn") == ["1 member misspelt?"]


@needs_browser
def test_a_refusal_is_explained_at_its_place_in_the_words_of_the_document(
    mock: MockServer, page: Page
) -> None:
    ask(mock, "POST", "/talk", {"water": 9, "turns": [{"role": "me", "content": "Hi"}]})
    rows(page, 1)
    page.press("j")
    page.wait("document.querySelector('.banner')")
    assert page.texts(".banner h3") == ["The request breaks 3 rules of the document"]
    noted = page.get(
        "[...document.querySelectorAll('.json .note')].map((note) =>"
        " [note.previousElementSibling.dataset.pointer, note.querySelector('.what').innerText])"
    )
    assert noted == [
        ["", "'plant' is missing"],
        ["/water", "9 is above the maximum of 2"],
        ["/turns/0/role", "'me' is not one of 'system', 'user', 'assistant'"],
    ]
    meant = page.get(
        "[...document.querySelectorAll('.note .meant')].map((one) => one.textContent.trim())"
    )
    lines = [
        (number, text.strip()) for number, text in enumerate(DOCUMENT.read_text().splitlines(), 1)
    ]
    assert [tuple(line.split(maxsplit=1)) for line in meant] == [
        (str(number), text)
        for number, text in lines
        if text in ("required: [plant, turns]", "water: {type: number, maximum: 2}")
        or "enum: [system" in text
    ]


@needs_browser
def test_a_stream_is_a_timeline_and_what_was_said(mock: MockServer, page: Page) -> None:
    _, sent = ask(mock, "POST", "/talk", {"plant": "fern", "turns": TURNS, "live": True})
    events = sent.decode().split("\n\n")[:-1]
    _, whole = ask(mock, "POST", "/talk", {"plant": "fern", "turns": TURNS})
    said = json.loads(whole)["leaves"][0]["word"]["content"]
    rows(page, 2)
    page.press("j", "j")
    page.wait("document.querySelector('.events .row')")
    assert page.texts("[role=tab]") == ["Request", f"Stream {len(events)}", "Scenario", "Code"]
    ticks = page.get("document.querySelector('.strip path').getAttribute('d').match(/M/g).length")
    assert ticks == len(events)
    page.wait("document.querySelector('details .words.formatted')")
    page.get("document.querySelector('details .foot button').click()")  # the text as it came
    assert page.get("document.querySelector('details .words:not(.formatted)').textContent") == said
    page.get("document.querySelector('.events').focus()")
    page.press("ArrowDown", "ArrowDown")
    assert page.wait("document.querySelector('[aria-label=\"Event 2\"]')?.innerText.trim()")
    shown = page.get("document.querySelector('[aria-label=\"Event 2\"]').innerText")
    assert json.loads(re.sub("[▾▸]", "", shown)) == json.loads(events[1].removeprefix("data: "))
    page.get("document.activeElement.blur()")
    page.press("k")
    page.wait("!document.querySelector('.strip') && document.querySelector('details .foot button')")
    page.get("document.querySelector('details .foot button').click()")
    assert page.get("document.querySelector('details .words').textContent") == said


@needs_browser
def test_the_search_and_the_filters_leave_what_is_meant(mock: MockServer, page: Page) -> None:
    ask(mock, "POST", "/talk", {"plant": "fern", "turns": TURNS})
    ask(mock, "POST", "/talk", {"plant": "rose", "turns": []})
    ask(mock, "GET", "/beds/rose/seeds")
    rows(page, 3)
    page.press("/")
    page.type("rose")
    assert rows(page, 2) == ["GET /beds/rose/seeds", "POST /talk"]
    page.get(
        "(() => { const one = document.querySelector('[aria-label=Status]'); one.value = '4xx';"
        " one.dispatchEvent(new Event('change')); })()"
    )
    assert rows(page, 1) == ["POST /talk"]
    page.get(
        "(() => { for (const one of document.querySelectorAll('.bar input, .bar select'))"
        " { one.value = ''; one.dispatchEvent(new Event('input'));"
        " one.dispatchEvent(new Event('change')); } })()"
    )
    rows(page, 3)


@needs_browser
def test_an_exchange_is_sent_again_and_edited_by_keyboard_alone(
    mock: MockServer, page: Page
) -> None:
    ask(mock, "POST", "/beds/north/seeds", {"name": "rose"})
    rows(page, 1)
    page.press("j")
    page.wait("document.querySelector('.title .buttons')")
    page.press("r")
    rows(page, 2)
    page.wait("location.hash === '#/exchanges/' + document.querySelector('.row').dataset.id")
    page.wait("document.querySelector('.title .buttons')")
    page.press("e")
    page.wait("document.querySelector('dialog textarea')")
    # method, target, header fields, and the body
    page.press("Tab", "Tab", "Tab")
    page.do("Input.dispatchKeyEvent", type="keyDown", key="a", commands=["selectAll"])
    page.type('{"name": "dill"}')
    page.press("Tab", "Enter")
    rows(page, 3)
    page.wait("document.querySelector('.panel .json')?.innerText.includes('dill')")
    _, kept = ask(mock, "GET", "/beds/north/seeds")
    assert [seed["name"] for seed in json.loads(kept) if seed["name"] != "poppy"] == [
        "rose",
        "rose",
        "dill",
    ]


@needs_browser
def test_what_was_secret_is_written_anew_before_it_is_sent_again(
    mock: MockServer, page: Page
) -> None:
    ask(mock, "POST", "/beds/north/seeds", {"name": "sage", "password": "correct horse"})
    rows(page, 1)
    page.press("j")
    page.wait("document.querySelector('.title .buttons')")
    page.press("r")
    page.wait("document.querySelector('dialog .banner.warn:not([hidden])')")
    assert "“any” is sent there" in page.texts("dialog .banner")[0]
    page.get("document.querySelectorAll('dialog textarea')[1].focus()")
    page.do("Input.dispatchKeyEvent", type="keyDown", key="a", commands=["selectAll"])
    page.type('{"name": "thyme", "password": "correct horse"}')
    page.wait("!document.querySelector('dialog .banner')")
    page.press("Tab", "Enter")
    rows(page, 2)
    _, kept = ask(mock, "GET", "/beds/north/seeds")
    assert {"sage", "thyme"} <= {one["name"] for one in json.loads(kept)}
    assert mock.journal[-2].body.count(b"correct horse") == 1


@needs_browser
def test_the_chat_speaks_to_what_the_document_says_is_one(mock: MockServer, page: Page) -> None:
    page.press("3")
    page.wait("document.querySelector('.chat textarea')")
    assert page.get("document.querySelector('.chat .bar input').value") == "fern"
    page.press("/")
    page.type("Hello!")
    page.press("Enter")
    page.wait("document.querySelector('.said:not(.user):not(.writing) .foot a')")
    page.get("document.querySelector('.said .foot button').click()")  # the text as it came
    _, whole = ask(mock, "POST", "/talk", {"plant": "fern", "turns": TURNS})
    said = json.loads(whole)["leaves"][0]["word"]["content"]
    assert page.get(
        "[...document.querySelectorAll('.said .words')].map((one) => one.textContent)"
    ) == ["Hello!", said]


@needs_browser
def test_what_a_model_writes_is_formatted_and_nothing_of_it_is_markup(page: Page) -> None:
    page.get(
        "import('/_troth/page/markdown.js').then(({ markdown }) => {"
        " window.shown = (text) => { const box = document.createElement('div');"
        " box.append(...markdown(text)); return box.innerHTML; }; }); 0"
    )
    page.wait("!!window.shown")
    for text, shown in {
        "# A *b*\n\nc **d** `e<f>`\ng": (
            "<h3>A <em>b</em></h3><p>c <strong>d</strong> <code>e&lt;f&gt;</code>\ng</p>"
        ),
        "- a\n  - b\n- c\n\n3. d": (
            '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><ol start="3"><li>d</li></ol>'
        ),
        "```js\nx < 1\n# y\n```\n> q\n---": (
            '<pre title="js"><code>x &lt; 1\n# y</code></pre><blockquote><p>q</p></blockquote><hr>'
        ),
        "|a|b|\n|-|-|\n|`c`|d|": (
            '<div class="wide"><table><thead><tr><th>a</th><th>b</th></tr></thead>'
            "<tbody><tr><td><code>c</code></td><td>d</td></tr></tbody></table></div>"
        ),
        "<img src=x onerror=alert(1)> [x](javascript:alert(1)) snake_case_name 2*3*4": (
            "<p>&lt;img src=x onerror=alert(1)&gt; [x](javascript:alert(1)) snake_case_name "
            "2<em>3</em>4</p>"
        ),
        "[t](https://e.example/a_b_c)": (
            '<p><a href="https://e.example/a_b_c" target="_blank"'
            ' rel="noopener noreferrer">t</a></p>'
        ),
        "![i](https://e.example/i.png)": "<p>![i](https://e.example/i.png)</p>",
        "**open `and": "<p>**open `and</p>",
    }.items():
        assert page.get(f"window.shown({json.dumps(text)})") == shown
    # however it is written, it takes no longer than it is long
    for text in ("*" * 20_000, "[" * 20_000, "> " * 5_000, "`" * 9_000, "- " * 5_000):
        assert page.get(f"window.shown({json.dumps(text)}).length > 0")


@needs_browser
def test_an_operation_is_tried_with_its_own_request(mock: MockServer, page: Page) -> None:
    page.press("2")
    page.wait("document.querySelectorAll('.operations .row').length === 4")
    assert page.texts(".operations .what") == [
        "POST /talk",
        "GET /beds/{bed}/seeds",
        "POST /beds/{bed}/seeds",
        "GET /beds/{bed}/seeds/{id}",
    ]
    page.press("j", "j")
    page.wait("document.querySelector('.pane form .grid input')")
    page.get("document.querySelectorAll('.pane form .grid input')[1].focus()")
    page.type("3")
    assert re.fullmatch(
        r"/beds/[^/]+/seeds\?limit=\d*3",
        page.get("document.querySelector('[aria-label=Target]').value"),
    )
    page.press("Enter")
    assert page.wait("document.querySelector('.pane .facts .status')?.innerText") in ("200", "400")


@needs_browser
def test_what_is_stored_is_offered_where_a_path_asks_for_it(mock: MockServer, page: Page) -> None:
    made = [
        json.loads(ask(mock, "POST", "/beds/north/seeds", {"name": name})[1])["id"]
        for name in ("rose", "dill")
    ]
    page.get("location.hash = '#/operations/' + encodeURIComponent('GET /beds/{bed}/seeds/{id}')")
    page.wait("document.querySelector('.pane form .grid datalist')")
    target = page.get("document.querySelector('[aria-label=Target]').value")
    assert target == f"/beds/north/seeds/{made[1]}"
    offered = page.get(
        "[...document.querySelectorAll('.pane form datalist')].map(({ options }) =>"
        " [...options].map(({ value }) => value))"
    )
    assert offered[0] == ["north"]
    assert offered[1][:2] == made[::-1]
    page.get("document.querySelector('.pane form').requestSubmit()")
    assert page.wait("document.querySelector('.pane .facts .status')?.innerText") == "200"


@needs_browser
def test_a_switch_is_thrown_for_the_app_too(mock: MockServer, page: Page) -> None:
    page.press("5")
    page.wait("document.querySelector('[aria-label=Faults] input')")
    page.get("document.querySelector('[aria-label=Faults] input').focus()")
    page.type("503")
    page.press("Enter")
    page.wait("document.querySelector('[aria-label=Faults] .rows code')")
    assert ask(mock, "GET", "/beds/north/seeds")[0] == 503
    page.get("document.querySelector('[aria-label=\"Take away 503\"]').click()")
    page.wait("!document.querySelector('[aria-label=Faults] .rows')")
    assert ask(mock, "GET", "/beds/north/seeds")[0] == 200


@needs_browser
def test_who_gives_up_has_not_done_well_and_who_asks_again_after_all_has(
    mock: MockServer, page: Page
) -> None:
    ask(mock, "PUT", "/_troth/api/faults", {"faults": ["500 once"]})
    ask(mock, "GET", "/beds/north/seeds")
    rows(page, 1)
    page.press("j")
    chip = "[aria-label^=Verdict] .chip"
    page.wait(f"document.querySelector('{chip}')")
    assert page.texts("[aria-label^=Verdict]") == [
        "Verdict\ngave-up\n\n500 was not followed by the same request"
    ]
    assert page.get(f"document.querySelector('{chip}').className.trim()") == "chip"
    tabs = "[...document.querySelectorAll('[role=tab]')]"
    page.get(f"{tabs}.find(one => one.innerText.startsWith('Scenario')).click()")
    page.wait("/is the fault 500 once/.test(document.querySelector('[role=tabpanel]').innerText)")
    assert "comes from the document" not in page.texts("[role=tabpanel]")[0]
    ask(mock, "GET", "/beds/north/seeds")
    page.wait(f"document.querySelector('{chip}.good')?.innerText === 'retried'")
    page.press("5")
    page.wait(
        "document.querySelector('.card[aria-label^=Verdict] p')?.innerText"
        " === 'The client did well after every fault.'"
    )
    ask(mock, "PUT", "/_troth/api/faults", {"faults": []})


@needs_browser
def test_the_verdict_among_the_switches_follows_what_the_client_does(
    mock: MockServer, page: Page
) -> None:
    ask(mock, "PUT", "/_troth/api/faults", {"faults": ["500 once"]})
    page.press("5")
    for wanted in ("gave-up", "retried"):
        ask(mock, "GET", "/beds/north/seeds")
        page.wait(
            f"document.querySelector('.card[aria-label^=Verdict]').innerText.includes('{wanted}')"
        )
    ask(mock, "PUT", "/_troth/api/faults", {"faults": []})


@needs_browser
def test_the_next_answer_is_the_one_that_was_ordered(mock: MockServer, page: Page) -> None:
    page.press("n")
    page.wait("document.querySelector('dialog textarea')")
    page.get("document.querySelector('dialog textarea').focus()")
    page.type('{"leaves": []}')
    page.get("document.querySelector('dialog form').requestSubmit()")
    page.wait("!document.querySelector('dialog')")
    turn = {"plant": "fern", "turns": TURNS}
    assert ask(mock, "POST", "/talk", turn) == (200, b'{"leaves":[]}')
    assert json.loads(ask(mock, "POST", "/talk", turn)[1])["leaves"]


@needs_browser
def test_what_was_stored_is_shown(mock: MockServer, page: Page) -> None:
    ask(mock, "POST", "/beds/north/seeds", {"name": "rose"})
    page.press("4")
    page.wait("document.querySelector('.stored .chip.good')")
    assert page.texts(".stored h2.mono") == ["/beds/{bed}/seeds/{id} in north"]
    assert len(page.texts(".stored .chip.good")) == 1


@needs_browser
def test_a_phone_shows_every_view_without_scrolling_sideways(mock: MockServer, page: Page) -> None:
    ask(mock, "POST", "/talk", {"plant": "fern" * 60, "turns": []})
    rows(page, 1)
    number = page.get("document.querySelector('.row').dataset.id")
    page.resize(360, 640)
    try:
        for view in (f"exchanges/{number}", "operations", "chat", "stored", "switches"):
            page.get(f"location.hash = '#/{view}'")
            page.wait("document.querySelector('main > *').innerText.trim()")
            assert page.get("document.documentElement.scrollWidth") == 360, view
    finally:
        page.resize(1280, 800)


#: What a page tries with a mock at `base`: each way gives what it could read, or "" for nothing.
ATTACK = """
const text = (promise) => promise.then((answer) => answer.text()).catch(() => '');
const heard = (make) => new Promise((resolve) => {
  const one = make();
  one.onmessage = one.onopen = one.onload = () => resolve('it came');
  one.onerror = () => resolve('');
  setTimeout(() => resolve(''), 3000);
});
const shown = (tag, base, path) => heard(() => {
  const one = document.createElement(tag);
  one.src = base + path;
  return document.body.appendChild(one);
});
const framed = (base, path, fields) => new Promise((resolve) => {
  const frame = document.createElement('iframe');
  frame.name = 'frame' + document.querySelectorAll('iframe').length;
  document.body.append(frame);
  const form = document.createElement('form');
  Object.assign(form, { method: 'POST', target: frame.name, action: base + path, ...fields });
  const field = document.createElement('input');
  Object.assign(field, { name: '{"status": 500, "x": "', value: '"}' });
  form.append(field);
  document.body.append(form);
  frame.onload = () => {
    let read = '';
    try { read = frame.contentDocument.body.innerText; } catch { read = ''; }
    resolve(read);
  };
  form.submit();
  setTimeout(() => resolve(''), 3000);
});
const tried = async (base) => {
  const json = { method: 'POST', body: '{"status": 500}' };
  const typed = { ...json, headers: { 'Content-Type': 'application/json' } };
  const ways = {
    fetch: text(fetch(base + '/_troth/api/exchanges')),
    page: text(fetch(base + '/_troth/')),
    opaque: text(fetch(base + '/_troth/api/exchanges', { mode: 'no-cors' })),
    order: text(fetch(base + '/_troth/api/next', typed)),
    quietly: text(fetch(base + '/_troth/api/next', { ...json, mode: 'no-cors' })),
    change: text(fetch(base + '/_troth/api/exchanges', { method: 'DELETE' })),
    reset: text(fetch(base + '/_troth/api/reset', { method: 'POST', mode: 'no-cors' })),
    all: text(fetch(base + '/_troth/reset?all', { method: 'POST', mode: 'no-cors' })),
    form: framed(base, '/_troth/api/next', { enctype: 'text/plain' }),
    formReset: framed(base, '/_troth/reset?all', {}),
    script: shown('script', base, '/_troth/api/info'),
    image: shown('img', base, '/_troth/api/info'),
    events: heard(() => new EventSource(base + '/_troth/api/events')),
    socket: heard(() => new WebSocket(base.replace('http', 'ws') + '/_troth/api/events')),
  };
  navigator.sendBeacon(base + '/_troth/api/next', json.body);
  const read = {};
  for (const [name, way] of Object.entries(ways)) read[name] = await way;
  return read;
};
"""


@needs_browser
def test_a_page_of_another_site_reads_nothing_and_drives_nothing(
    mock: MockServer, browser: Browser
) -> None:
    ask(mock, "POST", "/_troth/api/reset")
    ask(mock, "GET", "/plants")
    before = [ask(mock, "GET", f"/_troth/api/{name}")[1] for name in ("next", "faults", "pace")]
    page = browser.page()
    port = mock.url.rpartition(":")[2]
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<!doctype html>x"
    )
    with Listener(answer) as listener:
        page.open(listener.url.replace("127.0.0.1", "evil.example") + "/")
        for base in (mock.url, f"http://evil.example:{port}"):
            read = page.get(f"(async () => {{ {ATTACK}; return tried('{base}'); }})()")
            assert read == dict.fromkeys(read, ""), base
            assert len(read) == 14
    # a name that leads to the mock makes its page one of the mock's own origin
    page.open(f"http://rebound.example:{port}/_troth/")
    read = page.get(f"(async () => {{ {ATTACK}; return tried(location.origin); }})()")
    assert [name for name, came in read.items() if came and "is not a name" not in came] == []
    after = [ask(mock, "GET", f"/_troth/api/{name}")[1] for name in ("next", "faults", "pace")]
    assert after == before
    listed = json.loads(ask(mock, "GET", "/_troth/api/exchanges")[1])["exchanges"]
    assert "/plants" in [one["target"] for one in listed]
