"""Keys that are pressed on the board are the board's own, also in JupyterLab."""

from __future__ import annotations

# JupyterLab asks the focused element itself whether its keys are commands of the notebook: without
# the attribute an arrow on a list would leave the board, and a letter on a button add a cell
SCRIPT = """
document.addEventListener("focusin", event => {
  if (event.target.closest(".cssm-board"))
    event.target.setAttribute("data-lm-suppress-shortcuts", "true");
});
"""


def own_keys() -> None:
    """From now on no key that is pressed on a board is a command of JupyterLab."""
    from IPython.display import Javascript, display

    display(Javascript(SCRIPT))
