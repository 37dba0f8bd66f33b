"""First stage: from files to a notes table, and from notes to sentences."""
