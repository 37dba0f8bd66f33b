"""Data that the library ships: the codebook, cue lists, word lists, headings, page templates."""
