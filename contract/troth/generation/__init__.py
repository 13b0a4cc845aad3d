"""Values and whole requests that a document allows, and such as it forbids: one generator.

A schema is compiled once to a `graph` of `shape`s.  A value is built (`generator`) with choices
from one `source` under one of two policies: natural values for the mock, edges for tests and runs;
with the smallest choices it is a witness.  `fitting` and `mutations` walk the same graph.

Others use `values` (`synthesize`, `fit`, `value`), `mutations`, `shrinking`, `witnesses`,
`requests` and `request_writer`; `strategies` is the door to Hypothesis.
"""
