"""Keys that are pressed on the board are the board's own, also in JupyterLab."""

from __future__ import annotations

import anywidget

# JupyterLab asks the focused element itself whether its keys are commands of the notebook: without
# the attribute an arrow on a list would leave the board, and a letter on a button add a cell
SCRIPT = """
export default { render({ el }) {
  const own = event => event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  const wait = () => {
    const board = el.closest(".cssm-board");
    if (board) board.addEventListener("focusin", own);
    else requestAnimationFrame(wait);
  };
  wait();
  el.style.display = "none";
} };
"""


class OwnKeys(anywidget.AnyWidget):
    """Nothing to be seen; it stands in the board."""

    _esm = SCRIPT
