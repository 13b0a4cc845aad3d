from pathlib import Path

import pytest
import yaml

from troth.openapi.code_samples import requests_in

BUNDLED = Path(__file__).parents[2] / "spec" / "atoma.yaml"


def py(source):
    return requests_in({"lang": "python", "source": source})


def ts(source):
    return requests_in({"lang": "typescript", "source": source})


def test_every_sample_of_the_bundled_document_holds_its_request():
    document = yaml.safe_load(BUNDLED.read_text())
    samples = document["paths"]["/v1/chat/completions"]["post"]["x-codeSamples"]
    expected = {
        "messages": [
            {"role": "developer", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Hello!"},
        ],
        "model": "meta-llama/Llama-3.3-70B-Instruct",
    }
    assert [requests_in(sample) for sample in samples] == [[expected]] * 7


def test_python_arguments_become_members():
    assert py("client.create(model='m', n=-1, stop=('a', None), deep={'k': [1.5, True]})") == [
        {"model": "m", "n": -1, "stop": ["a", None], "deep": {"k": [1.5, True]}}
    ]


def test_python_names_with_literal_values_are_followed():
    source = "body = {'a': 1}\nheaders = {'X': 'y'}\nrequests.post(URL, json=body, headers=headers)"
    assert py(source) == [{"a": 1}]


def test_python_bodies_that_are_dumped_first_are_seen():
    assert py("requests.post(URL, data=json.dumps({'a': [1]}))") == [{"a": [1]}]


def test_python_clients_are_not_requests():
    assert py("Client(key='literal', retries=3)") == []


@pytest.mark.parametrize(
    "source", ["client.create(model=MODEL)", "client.create(", "f(**x)", "f(a=f'{b}')", "f(a=b'x')"]
)
def test_python_that_computes_its_arguments_holds_no_request(source):
    assert py(source) == []


def test_what_a_function_makes_for_a_method_is_no_request():
    assert py("client.send('id', raw(kind='a', payload='text'))") == []
    assert ts("client.send('id', raw({kind: 'a', payload: 'text'}))") == []
    assert py("print(client.send(kind='a'))") == [{"kind": "a"}]
    assert ts("console.log(await client.send({kind: 'a'}))") == [{"kind": "a"}]


def test_typescript_literals_are_read_whole():
    source = """
    const model = 'm'; // {not: "this"}
    await sdk.chat.create({model, "n": 0x10, stop: [`a\\n`, '\\u{1F600}', "\\ud83d\\ude00"],
      temperature: -.5e1, ok: true, none: null, /* { */ deep: {a: [],},}, {timeout: 3});
    """
    assert ts(source) == [
        {
            "model": "m",
            "n": 16,
            "stop": ["a\n", "\U0001f600", "\U0001f600"],
            "temperature": -5.0,
            "ok": True,
            "none": None,
            "deep": {"a": []},
        }
    ]


def test_a_body_inside_a_fetch_is_found():
    source = (
        'fetch("https://x", {method: "POST", headers: {a: b()}, body: JSON.stringify({m: [1]})})'
    )
    assert ts(source) == [{"m": [1]}]


@pytest.mark.parametrize(
    "source",
    ["new sdk.Client({key: 'x'})", "f({a: g()})", "f({a", "f({...rest})", "f({a: `${b}`})", "f("],
)
def test_typescript_that_computes_holds_no_request(source):
    assert ts(source) == []


@pytest.mark.parametrize("option", ["-d", "--data", "--data-raw", "--json"])
def test_curl_data_is_a_request(option):
    source = f"curl https://x \\\n  -H 'A: b' \\\n  {option} '{{\"model\": \"m\"}}'"
    assert requests_in({"lang": "shell", "source": source}) == [{"model": "m"}]


def test_json_is_itself_and_other_languages_hold_nothing():
    assert requests_in({"lang": "json", "source": '{"a": 1}'}) == [{"a": 1}]
    assert requests_in({"lang": "json", "source": '{"a": '}) == []
    assert requests_in({"lang": "rust", "source": 'f(json!({"a": 1}))'}) == []
    assert requests_in({"lang": "python"}) == []


def test_known_members_tell_requests_from_settings_and_mend_an_sdks_spelling():
    sample = {
        "lang": "ts",
        "source": "const c = connect({token: 'x'}); c.create({maxTokens: 3, top: 1})",
    }
    assert requests_in(sample, members={"max_tokens"}) == [{"max_tokens": 3, "top": 1}]
