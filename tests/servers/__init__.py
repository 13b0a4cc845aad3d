"""Small servers to hold to the contract, written without any of the mock's code."""
