"""A small original novel, and the site on loopback that serves it as novel sites do."""
