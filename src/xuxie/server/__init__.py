"""The Flask application: an HTTP API and a writing page on top of a Writer."""
