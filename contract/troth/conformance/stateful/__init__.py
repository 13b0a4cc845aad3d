"""Checks that take several requests: what a resource is like from its creation to its deletion.

A check is an async function over a `Trial` of one resource.  It asks the trial for what it needs,
and tells what is wrong; the trial sends, keeps, and deletes at its end what it has made:

    async def unsorted(trial: Trial) -> None:
        item = await trial.item()                    # one that this trial has made; shared
        listed = await trial.listed(item)            # all pages
        if item is None or listed is None:
            return                                   # nothing can be said: accuse nobody
        ...
        trial.tell("resource.not-listed", "…", by=listed.last, severity="warning")

**An item.** `trial.item()` is one that is there already, or else a new one; `trial.create()` always
makes one (other values each time; parents are made as they are needed).  None: the resource cannot
be created here, or its identifier is not told.  `item.sent` is what was sent, `item.identifier`
what names it, `item.current` what a reading last answered with.  After `trial.delete(item)` or
`trial.spoil(item)` no other check gets it.

**A request.** `trial.read(item)`, `.listed(item)`, `.update(item, patch)`, `.replace(item, body)`,
`.delete(item)`, or `trial.send(operation, item=…, query=…, fields=…, body=…)` for any other, which
is addressed to the item and its parents.  Each gives an `Answer` (`status`, `succeeded`, `body`,
`item`, `field(name)`), or None where nothing can be said: the operation is not under test or is
not there, the budget is spent, the server asked for patience, the connection failed.  Its
violations of the document are told by themselves.  No status is expected of a server: a check asks
`answer.succeeded` and `answer.is_missing`, and says nothing of the rest.

**A violation.** `trial.tell(code, message, by=answer, severity=…)`: the answer is the one that
shows it; what was sent before it becomes the steps of the finding (*among* names what was in flight
with it, for one that does not come again).  Before it is told to anybody,
the check alone is run anew on a new trial, then with the checks before it where it needs them, then
on the smallest items: the shortest that shows it is what is told.  So a check sends what it needs
and nothing else, tells the same code for the same fault, and keeps no state of its own.  What may
need time (a list that follows later) is asked again after `await trial.patience()`: it waits once.

**Registration.** `Check(name, function, needs=…)` in the CHECKS of a module, and that in
`sequences`, in the order of a life: what only reads first, then what changes, then what deletes.
What is asked of each resource first, and what only then, are three lists there.  *needs* are the
roles without which a resource is passed over; without `create` a check is run on resources too of
which no item can be made.  The text of its code goes to `codes.yaml`.

`trial` is what a check sees, with the values of `items` and the requests of `addressing`;
`sequences` runs checks, confirms and shortens; `comparison` says what is the same to a server that
normalises; `life_cycle`, `links`, `uploads`, `changes`, `decided`, `access`, `lists`, `filters`,
`orders`, `methods`, `preconditions`, `states` and `at_once` have checks.
"""
