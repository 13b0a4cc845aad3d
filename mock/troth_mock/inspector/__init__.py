"""What a running mock shows of itself: the exchanges that it had, and how it is told what to do.

`journal` keeps exchanges as bytes while clients wait; everything else happens when somebody asks.
"""
