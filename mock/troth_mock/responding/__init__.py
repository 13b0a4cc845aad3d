"""From a request to its reply, pure: no socket, no clock, no die.

`responder.Responder` is compiled once from a contract; its `respond` is total and deterministic.
It has an `operation_responder` for each operation, and that a `compiled_responder` for plain chat
requests.  `problems.Problem` is every error that the mock tells, those of the server too.
"""
