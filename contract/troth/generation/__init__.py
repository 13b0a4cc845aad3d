"""Values and whole requests that a document allows, and such as it forbids.

`synthesis` draws one natural value for the mock, `strategies` many for tests and for runs.

"""
