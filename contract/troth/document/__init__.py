"""Documents: YAML and JSON with the place of every node, their references, and their overlays.

`document.read` makes a `Document`, one self-contained tree of plain values; `overlay.apply` makes
another of it.  `grammar` and `vocabulary` know which members and which `x-` fields may stand where.
"""
