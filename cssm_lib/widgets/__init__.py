"""What is moved by hand in JupyterLab: choosers on a page, and the board of a workshop."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from cssm_lib.widgets.choosers import CHOOSERS, View, chosen, filters, show

__all__ = ["CHOOSERS", "View", "chosen", "filters", "show", "workshop"]


def workshop(folder: str | Path, as_of: dt.date | None = None, *, scenarios: str = "") -> Any:
    """The board of a workshop over a client folder, shown at once; its parts: `widgets.board`.

    `scenarios` is the folder where scenarios are saved, made with the first one. It may not lie in
    the client folder. Errors: as `load_client`.
    """
    from IPython.display import display

    from cssm_lib.answers.live import live_client
    from cssm_lib.widgets.board import Board
    from cssm_lib.widgets.keys import own_keys
    from cssm_lib.widgets.session import Session, apart

    kept = apart(Path(scenarios or "scenarios"), Path(folder))
    board = Board(Session(live_client(folder, as_of), kept, str(folder)))
    own_keys()
    display(board.box)
    return board
