"""`python -m cssm_lib.cli` is the `cssm` command."""

from cssm_lib.cli import main

main()
