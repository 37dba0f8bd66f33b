"""Sixth stage: highlighted notes, pictures and reports."""
