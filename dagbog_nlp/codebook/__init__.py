"""Second stage: the codebook as data, and the word forms that its keywords stand for."""
