"""OpenAPI's objects as values, the reader that makes them of a document, and the routes to them.

`operation` has the values, `reader.compile` makes a `contract.Contract` of a document, and
`stream_assembly` folds the items of a stream into one body.

"""
