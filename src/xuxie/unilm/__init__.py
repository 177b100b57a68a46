"""UniLM (arXiv 1905.03197) on BertForMaskedLM: masks, objectives, the model. Token ids only."""
