"""Serve an OpenAPI document: the mock server."""
