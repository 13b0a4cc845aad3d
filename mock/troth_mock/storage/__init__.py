"""What a mock keeps of what it was given, in memory and within bounds.

`sessions` holds the items, by client and by collection; `views` says how an item is shown by an
answer, and how a request changes it; `listing` chooses and orders those that a list asks for.
Nothing here knows a request or a reply: `responding.resource_responder` does.
"""
