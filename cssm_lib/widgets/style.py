"""The look of the board: one screen, text of 18 px and more, colours of the house, focus to see."""

from cssm_lib.pages.charts.theme import FONT, PALETTE

SIZE = 18

STYLE = f"""<style>
.cssm-board{{--jp-widgets-font-size:{SIZE}px;--jp-widgets-inline-height:36px;
--jp-widgets-inline-width:100%;--jp-widgets-inline-width-short:100%;
--jp-widgets-slider-handle-size:20px;--jp-widgets-label-color:{PALETTE["ink"]};
--jp-ui-font-size1:{SIZE}px;--jp-widgets-margin:2px;
font:{SIZE}px/1.3 {FONT};color:{PALETTE["ink"]};background:#fff;
height:min(716px,calc(100vh - 4px));min-height:560px;overflow:hidden}}
.jp-NotebookPanel .cssm-board{{height:calc(100vh - 150px)}}
.cssm-board *,.cssm-board .jupyter-widgets{{font-size:{SIZE}px;font-family:{FONT}}}
.cssm-board .widget-html-content,.cssm-board p{{line-height:1.3;margin:2px 0}}
.cssm-board .widget-inline-hbox{{flex-wrap:wrap;height:auto}}
.cssm-board .widget-inline-hbox>.widget-label{{width:100%;max-width:none;text-align:left;
color:{PALETTE["quiet"]};line-height:1.3;height:auto}}
.cssm-board .widget-checkbox .widget-label-basic{{white-space:normal;line-height:1.2;height:auto}}
.cssm-board .widget-checkbox{{height:auto}}
.cssm-board .widget-slider .slider-container{{flex:1 1 140px;margin:0 12px}}
.cssm-board .widget-readout{{min-width:64px}}
.cssm-board input,.cssm-board select{{border:1px solid {PALETTE["balanced"]};border-radius:3px}}
.cssm-board button{{height:38px;line-height:36px;width:auto;padding:0 12px;border-radius:3px;
border:1px solid {PALETTE["balanced"]};background:#fff;color:{PALETTE["ink"]}}}
.cssm-board button.mod-active,.cssm-board button.mod-primary{{background:{PALETTE["over"]};
color:#fff;border-color:{PALETTE["over"]}}}
.cssm-board button:disabled{{color:{PALETTE["quiet"]};background:#f4f6f8}}
.cssm-board :focus-visible,.cssm-board .jupyter-button:focus-visible,
.cssm-board .noUi-handle:focus{{outline:3px solid {PALETTE["peak"]}!important;outline-offset:1px}}
.cssm-board [role=alert]{{color:#8a3000;border-left:4px solid {PALETTE["short"]};
padding:2px 8px;overflow-wrap:anywhere;white-space:pre-line}}
.cssm-tiles-row{{flex:0 0 auto;gap:6px;overflow:hidden}}
.cssm-tiles .widget-html-content{{display:flex;gap:6px}}
.cssm-tiles .cssm-beside{{flex:1 1 0;min-width:0}}
.cssm-beside{{border:1px solid {PALETTE["stock"]};border-left:5px solid {PALETTE["balanced"]};
border-collapse:collapse;background:#fff;min-height:128px}}
.cssm-beside caption{{caption-side:top;text-align:left;line-height:1.15;min-height:42px;
padding:0 4px;color:{PALETTE["ink"]}}}
.cssm-beside th{{font-weight:400;color:{PALETTE["quiet"]};text-align:left;padding:0 0 0 5px}}
.cssm-beside td{{text-align:right;padding:0 5px;font-variant-numeric:tabular-nums;
white-space:nowrap}}
.cssm-beside .after td{{font-weight:700}}
.cssm-beside i{{display:block;font-style:normal;color:#8a4b00}}
.cssm-beside.short{{border-left-color:{PALETTE["short"]}}}
.cssm-beside.over{{border-left-color:{PALETTE["over"]}}}
.cssm-beside.shelf{{border-left-color:{PALETTE["shelf"]}}}
.cssm-beside.cure{{border-left-color:{PALETTE["used"]}}}
.cssm-knobs,.cssm-stage{{overflow-y:auto;overflow-x:hidden}}
.cssm-stage{{border-left:1px solid {PALETTE["stock"]};padding-left:8px}}
.cssm-compared{{border-collapse:collapse;margin-top:6px}}
.cssm-compared th,.cssm-compared td{{border:1px solid {PALETTE["stock"]};padding:4px 8px;
text-align:right;overflow-wrap:anywhere}}
.cssm-compared th{{text-align:left;font-weight:600}}
.cssm-views .widget-toggle-buttons,.cssm-views{{flex-wrap:wrap}}
body:not(:has(.jp-NotebookPanel)) .jp-Cell:not(:has(.cssm-board)){{display:none}}
</style>"""
