"""From a request to its reply, pure: no socket, no clock, no die.

`responder.Responder` is compiled once from a contract; its `respond` is total and deterministic.

"""
