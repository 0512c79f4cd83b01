// Page shell: theme, keyboard shortcuts and clipboard.
import { entered, focusHeading as toHeading, focusPanel as toPanel, tabbed } from "./focus.js";
import { noticesState, switchNotices } from "./notices.js";
export { notify } from "./notices.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

export function applyTheme(choice) {
  try { localStorage.setItem("theme", choice); } catch { /* private mode: the choice is not kept */ }
  const isDark = choice === "dark" || (choice === "system" && dark.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  window.dispatchEvent(new Event("themechange"));
  return isDark;
}

// Keys after Ctrl+K, until the palette has its field: the text of its field, and no shortcuts.
let typed = null, typedTimer = 0;
const collect = () => {
  typed = "";
  clearTimeout(typedTimer);
  typedTimer = setTimeout(() => { typed = null; }, 5000);
};

// The focus moves in the same moment in which the collection ends: no key is lost between them.
export async function fillPalette() {
  let field = null;
  for (let frames = 0; frames < 120 && !(field = document.querySelector(".palette input")); frames++) await new Promise(requestAnimationFrame);
  const text = typed ?? "";
  typed = null;
  if (!field) return;
  field.focus();
  if (!text) return;
  field.value = text + field.value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Keys that the palette will get do not move the focus.
export const focusPanel = heading => { if (typed === null) toPanel(heading); };
export const focusHeading = isFirst => { if (typed === null) toHeading(isFirst); };

export const scrollToItem = id => document.getElementById(id)?.scrollIntoView({ block: "nearest" });

export function shell(dotnet) {
  let choice = "system";
  try { choice = localStorage.getItem("theme") ?? "system"; } catch { /* as above */ }
  if (!["system", "light", "dark"].includes(choice)) choice = "system";
  const systemChanged = () => dotnet.invokeMethodAsync("SystemThemeChanged");
  dark.addEventListener("change", systemChanged);
  // The console refreshes no page that is not visible.
  const visibilityChanged = () => dotnet.invokeMethodAsync("VisibilityChanged", document.visibilityState === "hidden");
  document.addEventListener("visibilitychange", visibilityChanged);

  // Three seconds: people who type with one finger, and busy machines. The timer of an earlier prefix must not end a later one. Not by the keys' own times: a busy page handles the first key late.
  let prefix = "", prefixTimer = 0;
  const keyDown = event => {
    if (tabbed(event)) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      // Not over another dialog, which may hold a preview.
      const other = document.querySelector(".mud-dialog");
      event.preventDefault();
      if (other && !other.querySelector(".palette")) return;
      if (!other) collect();
      dotnet.invokeMethodAsync("KeyPressed", "palette");
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target;
    if (target instanceof HTMLElement && target.closest(".palette")) {
      // They select a result: the caret stays where it is.
      if (event.key === "ArrowUp" || event.key === "ArrowDown") event.preventDefault();
      return;
    }
    if (typed !== null && event.key !== "Escape") {
      event.preventDefault();
      if (event.key === "Backspace") typed = typed.slice(0, -1);
      else if (event.key.length === 1) typed += event.key;
      return;
    }
    if (target instanceof HTMLElement && (target.isContentEditable || target.closest("input, textarea, select, [role=combobox]"))) {
      if (event.key === "Escape" && !target.closest("[role=dialog]")) target.blur();
      return;
    }
    // The browser closes what it has opened over the page: the legend, the lanes.
    if (event.key === "Escape" && document.querySelector(":popover-open")) return;
    // A menu handles its own keys: Escape closes it, not the panel behind it.
    if (target instanceof HTMLElement && target.closest("[role=menu], [role=listbox], [aria-haspopup=menu][aria-expanded=true]")) return;
    // A dialog handles its own keys; shortcuts must not act on the page behind it.
    const dialog = document.querySelector(".mud-dialog");
    // The dialog handles Escape only after it has the focus; the user may press it earlier.
    if (dialog?.querySelector(".keys") && event.key === "Escape") { dotnet.invokeMethodAsync("KeyPressed", "close keys"); return; }
    if (event.key === "Escape" && (typed !== null || dialog?.querySelector(".palette"))) { typed = null; dotnet.invokeMethodAsync("KeyPressed", "close palette"); return; }
    if (dialog && event.key !== "?") return;
    let key = event.key;
    clearTimeout(prefixTimer);
    if (prefix) { key = prefix + key; prefix = ""; }
    else if (key === "g") { prefix = "g"; prefixTimer = setTimeout(() => { prefix = ""; }, 3000); return; }
    if (key === "/") {
      const filter = document.querySelector("[data-filter]");
      if (filter) { event.preventDefault(); filter.focus(); }
      return;
    }
    if (["?", "l", "z", "[", "]", "Escape"].includes(key) || /^g[a-z]$/.test(key)) {
      event.preventDefault();
      dotnet.invokeMethodAsync("KeyPressed", key);
    }
  };
  // At once: the text that a server selects when it has heard of the focus may be what was typed since.
  const focused = event => {
    if (event.target.matches?.("[data-filter]")) event.target.select?.();
    entered(event);
  };
  document.addEventListener("keydown", keyDown);
  document.addEventListener("focusin", focused);
  const clicked = async event => {
    if (event.target instanceof Element && event.target.closest("[data-notify-switch]")) dotnet.invokeMethodAsync("NotificationsChanged", await switchNotices());
  };
  document.addEventListener("click", clicked);
  // Keys pressed before this line go nowhere: tests wait for this mark.
  document.documentElement.dataset.shortcuts = "on";
  return {
    start: () => ({ choice, dark: applyTheme(choice), timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, hidden: document.visibilityState === "hidden", notifications: noticesState() }),
    theme: applyTheme,
    dispose() {
      delete document.documentElement.dataset.shortcuts;
      document.removeEventListener("keydown", keyDown);
      document.removeEventListener("focusin", focused);
      document.removeEventListener("click", clicked);
      document.removeEventListener("visibilitychange", visibilityChanged);
      dark.removeEventListener("change", systemChanged);
    },
  };
}

// navigator.clipboard exists only on https and localhost; consoles are often served without either.
export async function copyText(text) {
  if (navigator.clipboard) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* no permission: use execCommand */ }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export const submitForm = id => document.getElementById(id).requestSubmit();

export const copyLink = () => copyText(location.href);
