"""Voilà as the workshop uses it: on this machine alone, for whoever has the token."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from pathlib import Path

HERE = "127.0.0.1"
# nothing but this server answers the page, whatever a library or a client's text asks for
POLICY = "; ".join(
    [
        "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'",
        "connect-src 'self' ws://127.0.0.1:* data: blob:",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)


def run(path: Path, *, browser: bool) -> None:
    """Serve a notebook on a free port until the process is stopped, and tell its address."""
    from tornado.ioloop import IOLoop
    from voila.app import Voila

    port, token = _free_port(), secrets.token_hex(16)
    options = [f"--Voila.ip={HERE}", f"--port={port}", "--Voila.port_retries=0", f"--token={token}"]
    options += [f"--Voila.root_dir={path.parent}", "--no-browser", "--show_tracebacks=True"]
    # a configuration that lies in the working folder would be run
    app = Voila.instance(config_file_paths=[], log_level="ERROR")
    app.initialize([*options, str(path)])
    app.template_paths.insert(0, str(Path(__file__).parent))
    app.tornado_settings = {
        "headers": {"Content-Security-Policy": POLICY},
        "ws_ping_timeout": 30_000,  # not longer than its interval, else a warning a page
    }
    address = f"http://{HERE}:{port}/?token={token}"
    IOLoop.current().add_callback(_tell, address, browser=browser)
    app.start()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HERE, 0))
        return free.getsockname()[1]


def _tell(address: str, *, browser: bool) -> None:
    print(address, flush=True)
    if browser:
        webbrowser.open(address)
