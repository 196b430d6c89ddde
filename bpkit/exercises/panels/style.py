"""The look of the apps, in the colours of JupyterLab's theme, and the names of their sliders for screen readers."""

# The arrow of a dropdown, which ipywidgets draws in black, for a dark theme.
_ARROW = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'%3E"
    "%3Cpath fill='%23ddd' d='M5.2,5.9L9,9.7l3.8-3.8l1.2,1.2l-4.9,5l-4.9-5L5.2,5.9z'/%3E%3C/svg%3E"
)

_CSS = """
.bpkit-app, .bpkit-app .bpkit-views { container-type: inline-size; }
.bpkit-app { font-family: var(--jp-ui-font-family, sans-serif); color: var(--jp-ui-font-color1, #1f2328); }
.bpkit-app .widget-html-content { line-height: 1.45; }
.bpkit-app .bpkit-heading { font-weight: 600; color: var(--jp-ui-font-color1, #1f2328); padding: 2px 4px; }
.bpkit-app .bpkit-message { min-height: 1.5em; padding: 2px 8px; border-left: 4px solid transparent;
  color: var(--jp-ui-font-color1, #1f2328); font-variant-numeric: tabular-nums; }
.bpkit-app .bpkit-warning { border-left-color: #c44e00; background: var(--jp-layout-color2, #eee); }
.bpkit-app .bpkit-words { margin: 4px 8px; max-width: 70em; line-height: 1.5; }
.bpkit-app .widget-checkbox input[type=checkbox] { margin: 0 6px 0 0; vertical-align: middle; }
.bpkit-app .widget-checkbox label, .bpkit-app .widget-checkbox { align-items: center; }
.bpkit-app .bpkit-said { flex-wrap: wrap; }
.bpkit-app .bpkit-said > .widget-html { flex: 1 0 100%; height: auto; }
.bpkit-app svg { display: block; }
.bpkit-app img { border-radius: 8px; background: #fff; overflow: clip; }
[data-jp-theme-light=false] .bpkit-app select { background-image: url("ARROW"); }
.bpkit-app :is(button, select, input):focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2) !important;
  outline-offset: 0; }
.bpkit-app .bpkit-number .slider-container { margin-right: 10px; }
.bpkit-app .widget-radio-box label { display: flex; flex-direction: row-reverse; justify-content: flex-end;
  align-items: flex-start; height: auto; line-height: 1.45; padding: 2px 0; }
.bpkit-app .widget-radio-box input { flex: none; height: 1.45em; margin: 0 8px 0 0; }
.bpkit-app table.bpkit-lines { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0;
  color: var(--jp-content-font-color1, #1f2328); font-size: 12.5px; }
.bpkit-app table.bpkit-lines th, .bpkit-app table.bpkit-lines td { text-align: left; padding: 1px 6px 1px 3px;
  border: 0; font-weight: 400; white-space: nowrap; background: none; }
.bpkit-app table.bpkit-lines td:nth-child(3), .bpkit-app table.bpkit-lines td:nth-child(4) { white-space: normal; }
.bpkit-app table.bpkit-lines thead th { color: var(--jp-ui-font-color2, #59636e); font-size: 12px; }
.bpkit-app table.bpkit-lines td:first-child { text-align: right; color: var(--jp-ui-font-color2, #59636e); }
.bpkit-app table.bpkit-lines tr.bpkit-lit { outline: 2px solid #f0b400; background: var(--jp-layout-color2, #eee); }
.bpkit-app table.bpkit-lines sub, .bpkit-app table.bpkit-lines sup { font-size: 80%; line-height: 0; }
.bpkit-app .noUi-target .noUi-handle { border-color: var(--jp-ui-font-color2, #59636e); }
.bpkit-app .noUi-handle:focus-visible { outline: 3px solid var(--jp-brand-color1, #1976d2); outline-offset: 2px; }
@container (max-width: 750px) {
  .bpkit-app .bpkit-controls { display: block; flex: 1 1 100% !important; columns: 2 250px; column-gap: 8px;
    overflow: visible; }
  .bpkit-app .bpkit-controls > .widget-vbox { display: block; width: auto !important; }
  .bpkit-app .bpkit-heading { break-after: avoid; }
  .bpkit-app .bpkit-number { break-inside: avoid; }
}
"""

# The handle of an ipywidgets slider has no accessible name of its own: it takes the one of the field beside it. Nor
# have the buttons of Play. The style's load event is when the app enters the page; they follow, and are named as they
# come. Whoever asks for reduced motion is shown nothing that moves by itself: Play is one step of its slider a press.
# Up and down in a number's field are steps of its slider too, as in a browser's own field for numbers.
_NAME = """
const root = this.closest('.bpkit-app'), still = matchMedia('(prefers-reduced-motion: reduce)'), name = () => {
  root.querySelectorAll('.widget-play button:not([aria-label])').forEach(button => {
    const stop = button.querySelector('.fa-stop'), repeat = button.querySelector('.fa-retweet, .fa-repeat');
    button.setAttribute('aria-label', stop ? 'Stop, back to the start' : repeat ? 'Repeat'
      : still.matches ? 'One step on' : 'Play or pause'); });
  root.querySelectorAll('.noUi-handle:not([aria-label])').forEach(handle => {
    const label = (handle.closest('.bpkit-number') || handle.closest('.widget-slider')).querySelector('label');
    if (label) handle.setAttribute('aria-label', label.textContent + ', slider'); }); };
const press = (number, key) => number.querySelector('.noUi-handle').dispatchEvent(
  new KeyboardEvent('keydown', {key, cancelable: true}));
const step = event => {
  const button = event.target.closest('.widget-play button');
  if (!still.matches || !button || button.querySelector('.fa-stop')) return;
  event.stopPropagation();
  press(root.querySelector('.bpkit-walked'), 'ArrowRight'); };
const walk = event => {
  const number = event.target.matches('.bpkit-number input') && event.target.closest('.bpkit-number');
  if (!number || !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
  event.preventDefault();
  press(number, event.key); };
if (root) { name(); root.addEventListener('click', step, true); root.addEventListener('keydown', walk, true);
  new MutationObserver(name).observe(root, {childList: true, subtree: true}); }
"""

STYLE = f'<style onload="{" ".join(_NAME.split())}">{_CSS.replace("ARROW", _ARROW)}</style>'
