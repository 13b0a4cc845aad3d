"""What goes wrong with an answer because it was asked for: said, chosen, done to its bytes, judged.

A fault is written in a small grammar (`grammar`), comes when its turn comes (`switches`), and is
done to an answer before it is made (`refusals`) or on the wire (`wire`); `verdict` tells what the
client made of it.  Nothing here opens a socket, and nothing happens that nobody asked for.
"""
