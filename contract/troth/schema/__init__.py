"""JSON Schema: compiled once, asked often, and explained where an instance does not conform.

`schema.Schema` is what the rest of troth sees; `untrusted_schema.embedded` makes one of a schema
that came in a message.  `applicators` is the one walk over schemas; `data_model` tells types,
equality and formats; `validators` is the door to jsonschema-rs.
"""
