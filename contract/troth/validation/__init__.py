"""Hold one exchange to a contract: parameters, security, bodies, forms, responses, streams.

`validator.validate` gives every violation in document order.  openapi-core is known here only.

"""
