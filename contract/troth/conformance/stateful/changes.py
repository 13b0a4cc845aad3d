"""Checks of changes."""

from __future__ import annotations

from troth.conformance.stateful.trial import Check

CHECKS: tuple[Check, ...] = ()
