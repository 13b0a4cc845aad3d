"""Hold a running server to a contract: what is sent, what is checked, what is told.

`cases` makes the requests of the document alone, `checks` says what is wrong with answers.
`session` owns each exchange: it sends a case, checks the answer, confirms and shrinks what that
shows.  `runner` lists the phases, `findings` knows which violations are one finding.  What happens
is told as `events`, which `redaction` takes the secrets out of; the `journal`, the `run_summary`
and every one of the `reports` are made of them.

Others begin with `settings` and `launch.launch`; `codes` explains a finding's code.
"""
