"""Third stage: keyword coder, context and classifiers turn sentences into codings."""
