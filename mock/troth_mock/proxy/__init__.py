"""Record and replay: a real server answers what no scenario does, and scenarios are made of that.

`forwarding` passes requests on and answers back, `recording` makes scenario files of exchanges.
"""
