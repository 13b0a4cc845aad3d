"""What goes over the wire, as values and without I/O: exchanges, media types, JSON text, events.

`exchange` has a request and its response with their bytes; `media_type` reads Content-Type and
Accept; `json_text` turns bytes into JSON and back under guards; `sse` does so for event streams.
"""
