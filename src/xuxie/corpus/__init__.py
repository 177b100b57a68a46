"""Books as token ids: sentences, tokenizer, encoded corpus, split, windows."""
