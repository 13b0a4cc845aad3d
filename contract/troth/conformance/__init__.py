"""Hold a running server to a contract: what is sent, what is checked, what is told."""
