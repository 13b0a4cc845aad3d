"""The chat-shaped parts of an answer, which no schema can fill: text, tool calls, tokens, chunks.

`answers.Chat` is what `responding` asks; the rest is how its answers come about.

"""
