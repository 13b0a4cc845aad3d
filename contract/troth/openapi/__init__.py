"""OpenAPI's objects as values, the reader that makes them of a document, and the routes to them.

`operation` has the values, `reader.compile` makes a `contract.Contract` of a document,
`resources` tells which operations are about the same thing (by `envelopes`, `listing` and
`fillings`, which see schemas as `schema_view` shows them; `resource` has the values),
`stream_assembly` folds the items of a stream into one body, `chat_completion` says where the parts
of a chat stand, and `code_samples` reads the requests that a document shows in other languages.
"""
