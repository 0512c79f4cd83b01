// The keyboard's focus: an open dialog keeps it, what closes gives it back, and what the server opens takes it only from the page.

const DIALOG = ".mud-dialog", LAYER = `.panel, ${DIALOG}`;
const STOP = "a[href], button, input:not([type=hidden]), select, textarea, [tabindex='0'], summary";

// What had the focus before a panel or a dialog, outside of it, gets it back.
const before = new Map();
const closed = new MutationObserver(() => {
  for (const [layer, opener] of [...before].reverse()) {
    if (layer.isConnected) continue;
    before.delete(layer);
    if (document.activeElement !== document.body) continue;
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    // A button that is disabled by now cannot have it.
    if (document.activeElement === document.body) focusHeading();
  }
  if (!before.size) closed.disconnect();
});

export function entered({ target, relatedTarget: former }) {
  const layer = target.closest?.(LAYER);
  // From a dialog over it the focus only comes back.
  if (!layer || layer.contains(former) || (before.has(layer) && (!former || former.closest(LAYER)))) return;
  before.set(layer, former);
  closed.observe(document.body, { childList: true, subtree: true });
}

// Tab in a dialog: after its last stop comes its first. True if the key is handled. MudBlazor's focus trap asks the server where the focus goes,
// which lets it out to the page behind when the key is pressed again meanwhile.
export function tabbed(event) {
  if (event.key !== "Tab" || event.altKey || event.ctrlKey || event.metaKey) return false;
  const dialog = [...document.querySelectorAll(DIALOG)].at(-1), now = document.activeElement;
  // A list of one of its fields handles its own keys.
  if (!dialog || now?.closest(".mud-popover")) return false;
  const stops = [...dialog.querySelectorAll(STOP)].filter(isStop);
  if (!stops.length) return false;
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (now !== edge && dialog.contains(now) && !isSentinel(now)) return false;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  return true;
}

const isSentinel = element => element.matches("[tabindex='0'], [tabindex='-1']") && element.parentElement?.classList.contains("mud-focus-trap") === true;

function isStop(element) {
  if (element.tabIndex < 0 || element.disabled || isSentinel(element) || !element.checkVisibility({ visibilityProperty: true })) return false;
  // Of a group of radio buttons, Tab stops at the chosen one only.
  if (element.type !== "radio" || element.checked || !element.name) return true;
  return !element.closest(DIALOG).querySelector(`input[type=radio][name="${CSS.escape(element.name)}"]:checked`);
}

// What the server opens asks for the focus some time later. Meanwhile a user may type, have opened a dialog, or have gone on into what was opened.
const isTaken = opened => document.activeElement?.closest(`input, textarea, select, ${DIALOG}`) || opened?.contains(document.activeElement);

export function focusPanel(heading) {
  if (heading && !isTaken(heading.closest(".panel"))) heading.focus({ preventScroll: true });
}

// The first page has no link that was followed to it: what has the focus was chosen while the page was loading.
export function focusHeading(isFirst = false) {
  const heading = document.querySelector("h1");
  if (!heading || isTaken(heading.closest("main")) || (isFirst && document.activeElement !== document.body)) return;
  if (heading.tabIndex < 0 && !heading.hasAttribute("tabindex")) heading.setAttribute("tabindex", "-1");
  heading.focus();
}
