"""Hold one exchange to a contract: parameters, security, bodies, responses, streams.

`validator.validate` gives every violation in document order, and each part can be had alone:
`parameters`, `security` (the one reader of credentials), `bodies`, `responses` with `streams`.
`content` reads and writes bodies by media type, `forms` and `xml` being two kinds of them; `styles`
is the table by which parameters are written and read.  All violations are built by
`violation_builder`.
"""
