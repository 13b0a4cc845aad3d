"""The mock on a socket: aiohttp in, `responding` in the middle, bytes out in few writes.

`application.App` answers, `serving` runs it; CORS, guards, pacing and pages stand around it.

"""
