"""The limits to compare with: aiohttp handlers that answer the same bytes to everything.

python benchmarks/bare.py handler PORT    a 600-byte JSON body
python benchmarks/bare.py stream PORT     50 events in one write
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web

BODY = json.dumps({"fixed": "x" * (600 - len('{"fixed": ""}'))}).encode()
CHUNK = json.dumps(
    {
        "id": "chatcmpl-0123456789abcdef",
        "object": "chat.completion.chunk",
        "created": 1730000000,
        "model": "meta-llama/Llama-3.3-70B-Instruct",
        "choices": [{"index": 0, "delta": {"content": " word"}, "finish_reason": None}],
    }
).encode()
EVENTS = (b"data: " + CHUNK + b"\n\n") * 49 + b"data: [DONE]\n\n"


async def handler(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=BODY, content_type="application/json")


async def stream(request: web.Request) -> web.StreamResponse:
    await request.read()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(EVENTS)
    await response.write_eof()
    return response


async def main(which: str, port: int) -> None:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", {"handler": handler, "stream": stream}[which])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[3:] == ["uvloop"]:
        import uvloop

        uvloop.run(main(sys.argv[1], int(sys.argv[2])))
    else:
        asyncio.run(main(sys.argv[1], int(sys.argv[2])))
