"""``python -m datavc_cli``."""

from datavc_cli.main import main

main()
