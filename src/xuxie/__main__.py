"""`python -m xuxie` is `xuxie`."""

from xuxie.cli import main

main()
