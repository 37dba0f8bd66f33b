"""Sixth stage: codings to and from other programs (REFI-QDA, Excel, Label Studio)."""
