"""What each code of a violation means, in words: the rules that have a name of their own.

Of each: what it *means*, *why* it matters, how servers *usually* get there, how to *mend* it.
The rules that are keywords of JSON Schema are in `keyword_texts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """The four things to say of a code."""

    means: str
    why: str
    usually: str
    mend: str


TRANSPORT: Mapping[str, Text] = {
    "transport.timeout": Text(
        "No complete answer came within the time that one answer may take (--timeout).",
        "A client waits as long as its own limit, then fails without knowing why.",
        "A worker waits for a lock or a queue without a deadline, or a malformed request is never "
        "given up.",
        "Give every request a deadline on the server, and answer 503 or 504 when it passes.",
    ),
    "transport.stalled": Text(
        "An answer had begun, and then nothing more came for the longest silence allowed (--idle).",
        "A client cannot tell a slow stream from a dead one, and proxies cut silent connections.",
        "A stream waits for a model or a queue without a sign of life.",
        "Send comments (`: keep-alive`) while there is nothing to say, or end the stream.",
    ),
    "transport.reset": Text(
        "The connection was reset while the request was sent or the answer was read.",
        "The client sees an I/O error instead of an answer, and cannot know what was done.",
        "The process crashed, or closed the socket with unread data of the request in it.",
        "Read the request (or as much as you allow), answer, and only then close.",
    ),
    "transport.empty-reply": Text(
        "The connection was closed without one byte of an answer.",
        "It is a crash as the client sees it: no status, no reason.",
        "An unhandled exception outside of the framework's own net, or a worker that was killed.",
        "Catch what no handler catches, and answer 500 with the declared error body.",
    ),
    "transport.truncated": Text(
        "The body ended before its framing said so: less than Content-Length, no last chunk.",
        "What was received is not what was meant, and JSON that is cut may not even look broken.",
        "An exception in the middle of a stream closes the connection.",
        "Catch errors while streaming, tell them in the stream, and end it properly.",
    ),
    "transport.endless": Text(
        "The answer passed the cap on bytes or events without an end in sight.",
        "A client that reads to the end never gets there, and its memory fills.",
        "A loop that produces tokens without a limit, or an error that is streamed forever.",
        "Bound what one answer may be, whatever was asked for.",
    ),
    "transport.bomb": Text(
        "The content unpacks to far more than was sent: more than the cap on bytes.",
        "A small answer can exhaust the memory of whoever unpacks it.",
        "Content is compressed that nobody asked to be compressed.",
        "Honour Accept-Encoding, and compress what is of reasonable size.",
    ),
    "transport.not-http": Text(
        "What came back is not an HTTP response.",
        "No client can read it.",
        "The port speaks another protocol (HTTP/2, TLS), or a debug print goes to the socket.",
        "Check the URL's scheme and port; speak HTTP/1.1 there.",
    ),
    "transport.framing": Text(
        "The content coding of the answer is broken, or one that was not asked for.",
        "A client that did not offer a coding cannot be expected to undo it (RFC 9110 §12.5.3).",
        "A compressing proxy in front ignores Accept-Encoding, or the field is copied by hand.",
        "Set Content-Encoding only where the content is so coded, and only if it is accepted.",
    ),
    "transport.tls": Text(
        "The TLS handshake failed, or the server's certificate is not accepted.",
        "No careful client will connect.",
        "The certificate has expired, is self-signed, or is for another name.",
        "Renew it; for a test against a laptop there is --insecure.",
    ),
    "transport.unreachable": Text(
        "No connection could be made.",
        "In the middle of a run it means that the server stopped listening.",
        "The process died of an earlier request, or its backlog is full.",
        "Look into the server's log at the time of the first such request.",
    ),
}

RESPONSE: Mapping[str, Text] = {
    "response.server-error": Text(
        "The server failed with a status of 500 or more.",
        "Whatever a client sends, it must not be able to break the server: that is a bug, and "
        "often a way to attack it.",
        "Input is used before it is validated: a null where an object is expected, a huge "
        "number, a lone surrogate, a missing member.",
        "Validate the whole body against the document's schema first, and answer 400 or 422.",
    ),
    "response.unexpected-redirect": Text(
        "The server redirects where the document declares an answer.",
        "Many clients drop the body or the credentials when they follow, or do not follow at all.",
        "A framework adds or removes the slash at the end of the path, or enforces https.",
        "Serve the path that the document gives; give the URL that needs no redirect.",
    ),
    "response.status-undeclared": Text(
        "The answer's status is not among those that the operation declares.",
        "Generated clients know the declared ones only, and treat others as failures of their own.",
        "The framework's own default: 422 for validation where the document says 400, 200 for 201.",
        "Map the framework's statuses to the declared ones, or declare what is sent.",
    ),
    "response.content-type-missing": Text(
        "The response has content and no Content-Type.",
        "A client must guess what it received (RFC 9110 §8.3).",
        "An error path writes bytes without going through the code that sets the field.",
        "Set the media type that the document declares, also for errors.",
    ),
    "response.content-type-undeclared": Text(
        "The response's media type is none of those declared for its status.",
        "Clients choose how to read a body by this field.",
        "HTML error pages of the framework or a proxy; text/plain for errors; JSON streamed "
        "without text/event-stream.",
        "Send the declared media type; replace the framework's error pages.",
    ),
    "response.content-type-condition": Text(
        "Of several declared media types the one came that this request did not ask for.",
        "A client that asked for a stream reads events, and one that did not reads one body.",
        "`stream: true` is ignored, or the default differs from the documented one.",
        "Let the member that the document names decide between the body and the stream.",
    ),
    "response.allow-missing": Text(
        "A 405 does not say which methods there are.",
        "RFC 9110 §15.5.6: it MUST have the field Allow.",
        "A hand-written router answers 405 by number alone.",
        "Send Allow with the methods of the path.",
    ),
    "response.www-authenticate-missing": Text(
        "A 401 does not say how to authenticate.",
        "RFC 9110 §15.5.2: it MUST have the field WWW-Authenticate.",
        "A middleware raises 401 by number alone.",
        "Send `WWW-Authenticate: Bearer` (or the scheme that the document declares).",
    ),
}

REQUEST: Mapping[str, Text] = {
    "request.valid-refused": Text(
        "A request that the document accepts is refused.",
        "Who builds a client by the document builds one that does not work.",
        "A member is required that the document has as optional; null is refused where the "
        "document allows it; a legal value or combination was never tried.",
        "Accept it, or make the document say what is refused.",
    ),
    "request.invalid-accepted": Text(
        "A request that the document rejects is answered as if it were good.",
        "The mistake of a client stays hidden until another server, or a later version, refuses "
        "it; and a value that no code expects goes on into the system.",
        'Types are coerced ("5" for 5), unknown enum values pass, limits are in prose only.',
        "Validate the body against the schema, strictly, before anything else.",
    ),
    "request.method-accepted": Text(
        "A method that the document does not declare for the path succeeds.",
        "There is an operation that nobody documented, and perhaps nobody protects.",
        "A catch-all route, or a framework that maps GET and POST to one function.",
        "Answer 405 with Allow, or declare the method.",
    ),
    "request.content-type": Text(
        "The request's Content-Type is none of those that the document declares.",
        "A body can only be read as what it says it is; a browser can send text/plain anywhere.",
        "The body is parsed as JSON whatever the field says.",
        "Answer 415 to other media types.",
    ),
    "request.path-undeclared": Text(
        "The document has no operation with this path.",
        "What is not in the document cannot be held to it.",
        "A slash too many, another version's prefix, a wrong base path.",
        "Correct the path, or declare it.",
    ),
    "request.method-undeclared": Text(
        "The document has the path, and not with this method.",
        "What is not in the document cannot be held to it.",
        "GET where the operation is a POST.",
        "Use a declared method, or declare this one.",
    ),
    "request-body.missing": Text(
        "The operation requires a body, and the request has none.",
        "Without it there is nothing to do.",
        "An empty body is read as an empty object.",
        "Answer 400.",
    ),
    "request-body.unknown-member": Text(
        "A member has a name that the schema does not know and that is much like one it knows.",
        "It is probably a slip of the pen (`temprature`), and has no effect.",
        "Objects are open: JSON Schema lets any other member pass.",
        "Correct the name. This is a hint; it fails nothing.",
    ),
    "request-security.missing": Text(
        "The request has no credentials, and the operation asks for some.",
        "It must not be answered.",
        "The check is done in some routes and forgotten in others.",
        "Answer 401 with WWW-Authenticate.",
    ),
    "request-security.malformed": Text(
        "The credentials are not written as their scheme wants it.",
        "What cannot be read cannot be checked.",
        "The scheme's name is cut off without being looked at.",
        "Answer 401 with WWW-Authenticate.",
    ),
    "security.not-enforced": Text(
        "A request without good credentials is answered as if it had them.",
        "The document promises that the operation is protected: it is open.",
        "The check is missing on this path or method, comes after the work, is remembered from an "
        "earlier request of the connection, or takes any header that looks like a token.",
        "Check the credentials of every request before anything else.",
    ),
    "security.wrong-status": Text(
        "A request without good credentials is refused, and not with 401.",
        "Clients renew a token when they see a 401, and only then.",
        "The body is validated first, so a missing token looks like a bad request.",
        "Check credentials first, and answer 401 with WWW-Authenticate.",
    ),
    "security.wrong-token-accepted": Text(
        "A token that resembles the good one, and is not it, is taken.",
        "Tokens must be compared whole; a prefix or another case is easier to guess.",
        "Only the beginning is compared, or case is ignored, or nothing is compared at all.",
        "Compare the whole token, in constant time.",
    ),
}

STREAM: Mapping[str, Text] = {
    "stream.utf-8": Text(
        "The stream has bytes that are not UTF-8.",
        "The HTML standard decodes every event stream as UTF-8: a client sees U+FFFD there.",
        "Tokens of a byte-level tokenizer are sent as they are, in the middle of a character.",
        "Hold back the bytes of an unfinished character until it is whole.",
    ),
    "stream.framing": Text(
        "The stream is not framed as text/event-stream: a line without an end.",
        "A client's buffer grows until it gives up.",
        "Events are joined by spaces or nothing, or the body is one long JSON text.",
        "End each line with a line feed and each event with an empty line.",
    ),
    "stream.unfinished": Text(
        "The last event lacks the empty line that completes it.",
        "The HTML standard has clients discard it: the end of the message is lost.",
        "The connection is closed after `data: …` and one line feed.",
        "Write two line feeds after every event, the last one too.",
    ),
    "stream.empty": Text(
        "The stream ends without a single event.",
        "A client waits for something, and gets an end without a reason.",
        "The stream was opened before the work failed, and the failure is not told.",
        "Fail with a status before the stream begins, or send what went wrong as an event.",
    ),
    "stream.data-not-json": Text(
        "An event's data is not the JSON that the document says it is.",
        "A client's parser stops there, and with it the stream.",
        "A JSON text is split over several events, a repr of Python is sent for JSON, or a "
        "sentinel that the document does not name.",
        "Send one whole JSON text as the data of one event.",
    ),
    "stream.error-event": Text(
        "The stream carries an error where an item was due.",
        "The status said 200, so only a client that looks at each event sees it.",
        "The work failed after the stream had begun.",
        "Fail before the first event where it can be known; declare the error event otherwise.",
    ),
    "stream.sentinel-missing": Text(
        "The stream ends without the sentinel that the document names, such as [DONE].",
        "A client cannot tell the end from a connection that broke.",
        "The sentinel is sent on the usual path only: not after an error, or with n above 1.",
        "Send it last on every path.",
    ),
    "stream.sentinel-repeated": Text(
        "The sentinel comes more than once.",
        "What comes after the first one is read by nobody, or by the next reader.",
        "Each choice ends itself, or a proxy adds one to the server's own.",
        "Send it once, after everything.",
    ),
    "stream.after-sentinel": Text(
        "Events come after the sentinel.",
        "Clients stop reading there: what comes later is lost.",
        "The usage is sent after the end, or a background task still writes.",
        "Send the sentinel last.",
    ),
}

RUN: Mapping[str, Text] = {
    "run.id-repeated": Text(
        "Answers to different requests have the same id.",
        "Logs, caches and clients tell answers apart by it.",
        "The id is a constant, a timestamp in seconds, or made of a counter that is not shared.",
        "Make each id from enough random bits.",
    ),
    "run.leak": Text(
        "An answer holds a text that only another request had.",
        "What one client says must never reach another.",
        "State of a request is kept in a place that all share: a module, a connection, a cache.",
        "Keep what belongs to a request in the request; key caches by all that the answer needs.",
    ),
    "run.stream-differs": Text(
        "A server that repeats itself says something else when it streams.",
        "Whoever switches to streaming loses, doubles or shuffles parts of the answer.",
        "The last piece is not flushed, white space is stripped, pieces come out of order.",
        "Make stream and body from one completion, and send every piece as it is.",
    ),
    "run.slower": Text(
        "The smallest request takes much longer after the run than at its beginning.",
        "Something grows with every request: a list, a log, a pool that loses its members.",
        "Work of cancelled requests goes on; state is kept per request and never freed.",
        "Look for what is left of a request after its answer; cancel work when a client leaves.",
    ),
}

OWN: Mapping[str, Text] = {**TRANSPORT, **RESPONSE, **REQUEST, **STREAM, **RUN}
