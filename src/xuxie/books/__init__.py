"""Books on disk: a manifest, the chapters as extracted and the chapters as cleaned."""
