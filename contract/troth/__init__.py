"""Hold an HTTP API to its OpenAPI document."""
