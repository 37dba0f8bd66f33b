"""Tag a data set of any size: chunks, resume, any joblib backend. Start at ``run.tag``."""
