"""The options of a run: on the command line they are made of `config.KEYS`, and become `Settings`.

The command line and the pytest plugin both come through here, so that an option means the same
in both, and a mistake is told in the same words.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from math import inf
from typing import Any
from urllib.parse import urljoin, urlsplit

import click

from troth import loading
from troth import pointer as pointers
from troth.cli import config, given_values
from troth.cli.config import KEYS, Key
from troth.cli.options import FiniteNumber, option, options
from troth.conformance import codes, reports, selection
from troth.conformance.settings import PHASES, Caps, OAuth, Settings, base_url
from troth.errors import TrothError, nearest
from troth.http.exchange import TOKEN
from troth.openapi.contract import Contract

# -- on the command line ----------------------------------------------------------------------


class _Lines(click.types.StringParamType):
    """A text; of several in a variable of the environment each is a line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [line.strip() for line in rv.splitlines() if line.strip()]


class _LineChoice(click.Choice):  # type: ignore[type-arg]  # click 8.1 has no arguments for it
    """One of several words; in a variable of the environment each is a line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return rv.split()


#: The variables that every other command and document names: they come first.
_VARIABLES = {"token": ("TROTH_TOKEN",), "second-token": ("TROTH_SECOND_TOKEN",)}


def _option(key: Key) -> Any:
    """The option that *key* is on the command line."""
    if key.kind == "switch":
        return option(f"--{key.name}", key.help, is_flag=True, envvar=key.variable)
    kinds: dict[str, Any] = {
        "text": str,
        "path": str,
        "integer": click.INT if key.least is None else click.IntRange(min=int(key.least)),
        "number": FiniteNumber(min=key.least),
    }
    return click.option(
        f"--{key.name}",
        type=kinds.get(key.kind) or (_LineChoice(key.choices) if key.choices else _Lines()),
        multiple=key.is_several,
        default=key.default,
        show_default=key.default is not None,
        metavar=key.metavar or None,
        envvar=[*_VARIABLES.get(key.name, ()), key.variable],
        help=key.help,
    )


def test_options(command: Any) -> Any:
    """Add an option for each key of the configuration, and its file; the URL is an argument."""
    url, *others = KEYS
    own: dict[str, Any] = {"is_eager": True, "expose_value": False, "callback": _configure}
    add = options(
        click.argument("url", required=False, envvar=url.variable, metavar="URL"),
        *map(_option, others),
        option("--config", config.CONFIG_HELP, "FILE", **own),
    )
    return add(command)


def _configure(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Let the configuration file settle what the command line and the environment do not."""
    check_environment(os.environ, [key.variable for key in KEYS], prefix="TROTH_TEST_")
    ctx.obj = settled = config.load(value or os.environ.get("TROTH_CONFIG") or None)
    ctx.default_map = {**(ctx.default_map or {}), **settled.section("test")}


class UnknownVariable(TrothError):
    """A variable of the environment is called like an option's and settles none."""

    name: str
    nearest: str | None

    def __str__(self) -> str:
        advice = f"did you mean {self.nearest}?" if self.nearest else "unset it"
        return f"{self.name}: there is no option for this variable; {advice}"


def check_environment(environ: Mapping[str, str], known: Sequence[str], *, prefix: str) -> None:
    """Refuse, by UnknownVariable, what begins as the options' variables do and is not *known*."""
    for name in sorted(environ):
        if name.startswith(prefix) and name not in known:
            raise UnknownVariable(name, nearest=nearest(name, known))


# -- as values --------------------------------------------------------------------------------

# RFC 9110 §5.1 and §5.5
_NAME = re.compile(TOKEN)
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class BadOption(TrothError):
    """An option's value cannot be used; *option* is its name."""

    option: str
    why: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"--{self.option}: {self.why}{advice}"


def contracts_of(options: Mapping[str, Any]) -> tuple[Contract, Contract | None]:
    """The contract to test against, and the overlaid one where the published one is tested.

    A document that is named without an overlay is tested as published, and an overlay that
    stands beside it says what its prose means: where the two disagree, nobody is accused.
    """
    document, overlays = options["document"], list(options["overlay"])
    if options["app"] is not None and document is None:
        from troth.conformance import in_process  # aiohttp takes a while to import

        text = in_process.document_of(application_of(options["app"]))
        strict = options["strict_document"]
        contract = loading.load(text, name="openapi.json", overlays=overlays, strict=strict)
        return (contract.published if options["published"] else contract), None
    chosen = loading.with_bundled_overlays(
        document, overlays, bundled=not options["no_bundled_overlay"]
    )
    published = options["published"]
    if document not in (None, "-") and not overlays:
        beside = loading.overlay_beside(document)
        if beside is not None:
            chosen, published = [beside], True
    contract = loading.load(document, overlays=chosen, strict=options["strict_document"])
    if published and contract.published is not contract:
        return contract.published, contract
    return contract, None


def application_of(app: Any) -> Any:
    """The application that `MODULE:NAME` names, or that *app* is.  Raises BadOption.

    `MODULE:NAME()` is called for it.
    """
    return _imported(app) if isinstance(app, str) else app


@cache
def _imported(text: str) -> Any:
    module, _, name = text.partition(":")
    if not module or not name:
        raise BadOption("app", f"{text!r} is not MODULE:NAME", advice="such as `main:app`")
    # as `python -m` has it, and a console script has not
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module)
        for part in name.removesuffix("()").split("."):
            found = getattr(found, part)
        return found() if name.endswith("()") else found
    except (ImportError, AttributeError, SyntaxError) as fault:
        raise BadOption("app", f"{text} cannot be had: {fault}") from fault
    except Exception as fault:
        from troth.conformance import in_process  # aiohttp takes a while to import

        told = in_process.told(fault).splitlines()[0]
        raise BadOption("app", f"{text} cannot be had: {told}") from fault


def overlays_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The overlays of the document that is tested against, as findings call them."""
    if options["published"]:
        return ()
    document = options["document"]
    if options["app"] is not None and document is None:
        return tuple(options["overlay"])
    bundled = not options["no_bundled_overlay"]
    chosen = loading.with_bundled_overlays(document, options["overlay"], bundled=bundled)
    files = loading.bundled_overlays() if chosen is None else chosen
    return tuple(loading.overlay_name(file) for file in files)


#: The options that are settings as they are given.
_AS_GIVEN = (
    *("safe", "allow_destructive", "seed", "rate", "workers", "strict", "insecure", "trust_env"),
    "database",
)


def settings_of(contract: Contract, options: Mapping[str, Any]) -> Settings:
    """The settings that *options* mean for *contract*.  Raises BadOption, BadTarget."""
    url = options["url"]
    if options["app"] is not None and not url:
        from troth.conformance import in_process  # aiohttp takes a while to import

        application, is_own = application_of(options["app"]), contract.document.path is None
        url = in_process.HOST
        if not options["dry_run"]:
            url = in_process.address_of(application, contract, is_own=is_own)
    for name in ("url", "token", "second-token", "model", "header", "set"):
        _check_text(name, options[name.replace("-", "_")])
    _check_credentials(options)
    base = base_url(url)
    phases = tuple(phase for phase in PHASES if phase in options["phase"])
    fields = tuple(map(header_field, options["header"]))
    settings = Settings(
        url=base,
        token=_token("token", options["token"]),
        second_token=_token("second-token", options["second_token"]),
        auth_command=options["auth_command"] or None,
        oauth=_oauth(contract, options, base=base),
        hook=options["hook"] or None,
        fields=fields,
        values=given_values.given(
            *(contract, fields),
            model=options["model"],
            pairs=options["set"],
            file=options["values"],
        ),
        without=_groups(contract, options["without"]),
        only=_words(contract, "only", options["only"]),
        exclude=_words(contract, "exclude", options["exclude"]),
        phases=phases or PHASES,
        caps=Caps(seconds=options["timeout"], idle=options["idle"]),
        application=application_of(options["app"]),
        **_limits(contract, options),
        **{name: options[name] for name in _AS_GIVEN},
    )
    if contract.operations and not selection.selection(contract, settings).operations:
        option = "safe" if options["safe"] else "exclude" if options["exclude"] else "only"
        raise BadOption(option, "it leaves no operation to be tested")
    return settings


def _limits(contract: Contract, options: Mapping[str, Any]) -> dict[str, Any]:
    """What may be spent: what the user gave, all of it; without that so much as tells most."""
    names = {"max_requests": "max_requests", "max_seconds": "max_time", "max_tokens": "max_tokens"}
    given = {name: options[option] for name, option in names.items() if options[option] is not None}
    if "max_tokens" in given and not any(
        operation.completion and operation.completion.usage_total
        for operation in contract.operations
    ):
        why = "the document does not say where an answer tells its usage (x-troth-completion)"
        raise BadOption("max-tokens", why, advice="use --max-requests")
    exhaustive = options["continuous"] or bool(given.keys() - {"max_tokens"})
    bounds = dict.fromkeys(names, inf) if exhaustive else {}
    return bounds | given | {"exhaustive": exhaustive, "continuous": options["continuous"]}


def outputs_of(options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The reports that are asked for, as form and path.  Raises BadReport, BadOption."""
    outputs = tuple(map(reports.parse, options["report"]))
    paths = [path for _, path in outputs] + ([options["journal"]] if options["journal"] else [])
    for path in {path for path in paths if paths.count(path) > 1}:
        where = "standard output" if path == "-" else path
        raise BadOption("report", f"two of the outputs go to {where}")
    return outputs


def _check_text(option: str, value: Any) -> None:
    for text in value if isinstance(value, (list, tuple)) else [value or ""]:
        try:
            str(text).encode("utf-8")
        except UnicodeEncodeError:  # bytes of the command line or the environment, as they came
            raise BadOption(option, "it is not UTF-8") from None


def _token(option: str, text: str | None) -> str | None:
    if not text:
        return None
    if not _VALUE.fullmatch(text):
        raise BadOption(option, "it has a control character in it (a line feed at its end?)")
    return text


#: Of what gives a credential there is to be one.
_GIVERS = ("token", "auth-command", "oauth-client-id")


def _check_credentials(options: Mapping[str, Any]) -> None:
    given = [name for name in _GIVERS if options[name.replace("-", "_")]]
    if len(given) > 1:
        both = " and ".join(f"--{name}" for name in given[1:])
        why = f"a credential comes from one place, and {both} gives one too"
        raise BadOption(given[0], why, advice="leave one out, in the environment and the file too")


def _oauth(contract: Contract, options: Mapping[str, Any], *, base: str) -> OAuth | None:
    """The client credentials, where they are given, with the document's URL and scopes."""
    client, secret = options["oauth_client_id"], options["oauth_client_secret"]
    if not client:
        others = ("oauth_client_secret", "oauth_token_url", "oauth_scope")
        alone = next((name for name in others if options[name]), None)
        if alone is not None:
            variable = f"TROTH_TEST_{alone.upper()}"
            # nobody sees in the command what comes from elsewhere
            given = f" (it is set by {variable})" if variable in os.environ else ""
            why = f"it needs --oauth-client-id{given}"
            raise BadOption(alone.replace("_", "-"), why)
        return None
    if not secret:
        advice = "set TROTH_TEST_OAUTH_CLIENT_SECRET"
        raise BadOption("oauth-client-id", "it needs --oauth-client-secret", advice=advice)
    declared = client_credentials_of(contract)
    text, scopes = declared or ("", ())
    text = options["oauth_token_url"] or text
    if not text:
        why = "no security scheme of the document has the flow clientCredentials"
        raise BadOption("oauth-client-id", why, advice="say where to ask: --oauth-token-url URL")
    return OAuth(client, secret, _token_url(text, base), tuple(options["oauth_scope"]) or scopes)


def _token_url(text: str, base: str) -> str:
    """*text* as a URL, seen from that of the server under test.  Raises BadOption."""
    try:
        url = urljoin(f"{base}/", text)
        parts = urlsplit(url)
    except ValueError as fault:
        raise BadOption("oauth-token-url", f"not a URL: {fault}") from None
    if parts.username is not None or parts.password is not None:
        why = "a URL with credentials in it ends up in logs"
        raise BadOption("oauth-token-url", why, advice="leave them out")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadOption("oauth-token-url", f"{text!r} is not the URL of a server")
    return url


def client_credentials_of(contract: Contract) -> tuple[str, tuple[str, ...]] | None:
    """The token URL of the document's flow for client credentials, and the scopes that are asked.

    Of several schemes the first that an operation names is taken.
    """
    root = contract.document.root
    for name in dict.fromkeys(
        scheme.name for one in contract.operations for each in one.security for scheme in each
    ):
        scheme = pointers.find(root, pointers.join("/components/securitySchemes", name))
        flow = pointers.find(scheme, "/flows/clientCredentials")
        if not isinstance(flow, dict) or not isinstance(flow.get("tokenUrl"), str):
            continue
        asked: dict[str, None] = {}
        for operation in contract.operations:
            own = pointers.find(root, operation.pointer)
            listed = own.get("security") if isinstance(own, dict) else None
            for alternative in root.get("security", []) if listed is None else listed:
                scopes = alternative.get(name, []) if isinstance(alternative, dict) else []
                asked |= dict.fromkeys(each for each in scopes if isinstance(each, str))
        return flow["tokenUrl"], tuple(asked)
    return None


def header_field(text: str) -> tuple[str, str]:
    """The name and the value in *text*, `X-Org: 7`.  Raises BadOption."""
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not _NAME.fullmatch(name):
        # nothing of it is shown: it may well be a secret
        raise BadOption("header", "a field is written 'Name: value'")
    if not _VALUE.fullmatch(value):
        raise BadOption("header", f"the value of {name} has a control character in it")
    return name, value


def _groups(contract: Contract, words: Sequence[str]) -> frozenset[str]:
    laws = [law for op in contract.operations for law in op.laws] + [*contract.laws]
    known = dict.fromkeys(law.group for law in laws if law.group)
    for word in words:
        if word not in known:
            raise BadOption("without", f"there is no capability {word!r}", _near(word, known))
    return frozenset(words)


def _words(contract: Contract, option: str, words: Sequence[str]) -> tuple[str, ...]:
    for word in words:
        if not selection.is_known(contract, word):
            known = [*selection.names(contract), *codes.FAMILIES, *codes.all_codes(contract)]
            advice = _near(word, known, list_them=False)
            why = f"{word!r} is no operation, tag, path, method or code"
            raise BadOption(option, why, advice=advice)
    return tuple(words)


def _near(word: str, known: Any, *, list_them: bool = True) -> str:
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    if list_them:
        return f"known are {', '.join(known)}" if known else "the document has none"
    return "`troth explain` lists all codes, `troth test --dry-run` the operations"
