"""Fifth stage: from codings to case profiles, sequences and the report's tables."""
