"""The laws of an operation: what its document promises across fields, and a schema cannot say.

`laws.Law` and `condition.Condition` are what others see; `cel` is the door to the CEL library.

"""
