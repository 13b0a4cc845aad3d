"""JSON Schema: compiled once, asked often, and explained where an instance does not conform.

`schema.Schema` is what the rest of troth sees; `validators` is the door to jsonschema-rs.

"""
