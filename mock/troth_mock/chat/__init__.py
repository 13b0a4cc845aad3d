"""The chat-shaped parts of an answer, which no schema can fill: text, tool calls, tokens, chunks.

`responder.ChatResponder` answers the requests of one operation, and `request.Refused` is what it
raises; `response_templates` serves requests that are all alike.  The rest is how answers come
about: `request` reads, `completion` drafts and fills a body, `chunking` cuts it for a stream.
"""
