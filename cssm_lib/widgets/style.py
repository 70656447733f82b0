"""The look of the board: one screen, text of 18 px and more, colours of the house, focus to see."""

from cssm_lib.pages.charts.theme import FONT, PALETTE

SIZE = 18
NARROW = 1000  # what a screen of 1280 px is from a zoom of 130 % on: all parts below each other

STYLE = f"""<style>
.cssm-board{{--jp-widgets-font-size:{SIZE}px;--jp-widgets-inline-height:34px;
--jp-widgets-inline-width:100%;--jp-widgets-inline-width-short:100%;
--jp-widgets-label-color:{PALETTE["ink"]};--jp-ui-font-size1:{SIZE}px;--jp-widgets-margin:2px;
font:{SIZE}px/1.25 {FONT};color:{PALETTE["ink"]};background:#fff;
min-height:560px;overflow:hidden}}
.jp-NotebookPanel .cssm-board{{height:calc(100vh - 148px)}}
.cssm-board *,.cssm-board .widget-html-content code{{font-size:{SIZE}px;font-family:{FONT}}}
.cssm-board .widget-html-content,.cssm-board p{{line-height:1.25;margin:0}}
.cssm-board .widget-html,.cssm-board .widget-html-content{{min-height:0;height:auto}}
.cssm-board .widget-inline-hbox{{flex-wrap:wrap;height:auto}}
.cssm-board .widget-inline-hbox>.widget-label{{width:100%;max-width:none;text-align:left;
color:{PALETTE["quiet"]};line-height:1.25;height:auto}}
.cssm-board .widget-checkbox{{height:auto}}
.cssm-board .widget-checkbox .widget-label-basic{{display:flex;white-space:normal;line-height:1.2;
height:auto;align-items:flex-start;width:100%}}
.cssm-board input[type=checkbox]{{width:20px;height:20px;flex:0 0 20px;margin:2px 8px 2px 2px}}
.cssm-board .widget-slider .slider-container{{flex:1 1 140px;margin:0 12px}}
.cssm-board .widget-readout{{min-width:52px;max-width:none}}
.cssm-board input,.cssm-board select{{border:1px solid {PALETTE["balanced"]};border-radius:3px}}
.cssm-board button{{height:34px;line-height:30px;width:auto;min-width:0;padding:0 8px;margin:2px;
border-radius:3px;border:1px solid {PALETTE["balanced"]};background:#fff;color:{PALETTE["ink"]};
box-shadow:none}}
.cssm-board button.mod-active{{background:{PALETTE["over"]};color:#fff;
border-color:{PALETTE["over"]}}}
.cssm-board button:disabled{{color:{PALETTE["quiet"]};background:#f4f6f8;opacity:1}}
.cssm-board.cssm-board.cssm-board :focus-visible,.cssm-board .noUi-handle:focus{{
outline:3px solid {PALETTE["peak"]}!important;outline-offset:1px}}
.cssm-board.cssm-board.cssm-board .widget-toggle-buttons :focus-visible{{outline-offset:-3px}}
.cssm-board [role=alert]{{color:#8a3000;border-left:4px solid {PALETTE["short"]};
padding:2px 8px;overflow-wrap:anywhere;white-space:pre-line}}
.cssm-tiles-row,.cssm-bar,.cssm-doubts,.cssm-groups{{flex:0 0 auto}}
.cssm-tiles-row{{overflow:auto hidden!important}}
.cssm-beside{{border-collapse:separate;border-spacing:4px 0;width:100%;
position:relative}}
.cssm-beside th[scope=col]{{height:46px;vertical-align:bottom;font-weight:400;line-height:1.15;
border-top:5px solid {PALETTE["balanced"]};background:#f4f6f8;padding:2px 6px;text-align:right;
color:{PALETTE["ink"]}}}
.cssm-beside th[scope=row]{{font-weight:400;color:{PALETTE["quiet"]};text-align:left;padding:0}}
.cssm-beside td{{white-space:nowrap}}
.cssm-beside td[data-fact]{{text-align:right;padding:1px 6px;background:#f4f6f8;
font-variant-numeric:tabular-nums;line-height:1.2}}
.cssm-beside .after td,.cssm-beside .after th{{font-weight:700}}
.cssm-beside th.short{{border-top-color:{PALETTE["short"]}}}
.cssm-beside th.over{{border-top-color:{PALETTE["over"]}}}
.cssm-beside th.shelf{{border-top-color:{PALETTE["shelf"]}}}
.cssm-beside th.cure{{border-top-color:{PALETTE["used"]}}}
.cssm-doubts{{color:#8a4b00}}
.cssm-middle{{flex:1 1 auto;min-height:0;overflow:hidden;margin-top:4px;
border-top:1px solid {PALETTE["stock"]};border-bottom:1px solid {PALETTE["stock"]}}}
.cssm-knobs{{flex:0 0 325px;width:325px;overflow:hidden!important}}
.cssm-turned{{flex:1 1 auto;min-height:0}}
.cssm-chosen{{flex:0 0 auto;border-top:1px solid {PALETTE["stock"]}}}
.cssm-chosen .widget-dropdown{{flex:1 1 auto;min-width:0;width:auto}}
.cssm-stage{{flex:1 1 auto;min-width:0;border-left:1px solid {PALETTE["stock"]};padding-left:6px}}
.cssm-turned,.cssm-stage{{overflow-y:auto!important;overflow-x:hidden!important;position:relative}}
.cssm-turned>*,.cssm-stage>*{{flex-shrink:0}}
.cssm-turned .widget-vbox{{overflow:clip}}
.cssm-turned .widget-html:has([role=alert]){{position:sticky;bottom:0;z-index:1;background:#fff}}
.cssm-board .widget-inline-hbox{{max-width:calc(100% - 6px);box-sizing:border-box}}
.cssm-board input,.cssm-board select,.cssm-board textarea{{box-sizing:border-box;max-width:100%}}
.cssm-board .widget-dropdown>select{{height:32px;line-height:26px}}
.cssm-groups>.widget-label,.cssm-views>.widget-label{{display:none!important}}
.cssm-views button{{padding:0 2px!important;margin:1px!important}}
.cssm-record{{display:grid!important;grid-template-columns:1fr 1fr;align-items:end}}
.cssm-record>.cssm-decisions,.cssm-record>.cssm-message-decision{{grid-column:1/-1}}
.cssm-part .widget-inline-hbox,.cssm-bar .widget-inline-hbox{{flex-wrap:nowrap;width:auto}}
.cssm-part .widget-inline-hbox>.widget-label,.cssm-bar .widget-inline-hbox>.widget-label{{
width:auto;padding-right:6px}}
.cssm-part,.cssm-chosen{{flex-wrap:nowrap!important}}
.cssm-part .widget-dropdown{{flex:1 1 120px;min-width:0}}
.cssm-board button{{flex:0 0 auto}}
.cssm-bar .widget-text,.cssm-bar .widget-dropdown{{flex:1 1 180px}}
.cssm-bar .widget-html-content{{white-space:nowrap;overflow-x:auto;overflow-y:hidden}}
.cssm-charts{{align-items:flex-start!important;overflow-x:auto!important}}
.cssm-compared{{border-collapse:collapse;margin-top:6px}}
.cssm-compared th,.cssm-compared td{{border:1px solid {PALETTE["stock"]};padding:4px 8px;
text-align:right;overflow-wrap:anywhere}}
.cssm-compared td{{white-space:nowrap}}
.cssm-compared th{{text-align:left;font-weight:600;overflow-wrap:break-word}}
body:not(:has(.jp-NotebookPanel)) .cssm-board{{height:calc(100vh - 28px)}}
body:not(:has(.jp-NotebookPanel)) .jp-Cell:not(:has(.cssm-board)){{display:none}}
@media (max-width:{NARROW}px){{
body .cssm-board.cssm-board{{height:auto;overflow:visible}}
.cssm-tiles-row,.cssm-part{{flex-wrap:wrap!important}}
.cssm-tiles-row .cssm-tiles{{flex:1 1 auto!important}}
.cssm-middle{{flex-direction:column!important;overflow:visible!important}}
.cssm-middle>*,.cssm-turned{{flex:0 0 auto!important;width:100%!important;
overflow:visible!important}}
.cssm-stage{{border-left:0;border-top:1px solid {PALETTE["stock"]}}}
.cssm-record{{grid-template-columns:1fr}}}}
</style>"""
