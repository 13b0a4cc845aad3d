"""Scenarios: what a mock is told to answer, in files that its user writes.

`form` is what a file may hold, `reading` makes `Scenario`s of one and holds their answers to the
document, `situation` is one request as scenarios see it, `conditions` say whether it is meant,
`templates` put values of it into an answer, and `scenarios` keeps the files, counts the calls and
chooses.  docs/SCENARIOS.md documents them for authors.
"""
