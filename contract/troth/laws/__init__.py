"""The laws of an operation: what its document promises across fields, and a schema cannot say.

`laws` reads and judges them; `condition` is one CEL expression over an exchange, with the
`functions` that it may call and what `declared_members` says of members that are absent.  `cel`
is the door to the CEL library.
"""
