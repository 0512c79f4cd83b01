// Notifications of new findings: off until the user switches them on in this browser, which asks for the permission.
const SWITCH = "notifications", SHOWN = "notifications-shown", MAX_SHOWN = 200;

const read = key => { try { return localStorage.getItem(key); } catch { return null; /* private mode */ } };
const write = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: it is not kept */ } };

// Browsers have them on https and localhost only.
const supported = () => "Notification" in window && window.isSecureContext;

export function noticesState() {
  if (!supported()) return read(SWITCH) === "on" ? "unsupported" : "off";
  if (read(SWITCH) !== "on") return "off";
  return Notification.permission === "granted" ? "on" : "off";
}

// Called in the click: a browser asks for the permission only there.
export async function switchNotices() {
  if (noticesState() === "on") { write(SWITCH, "off"); return "off"; }
  if (!supported()) return "unsupported";
  if (await Notification.requestPermission() !== "granted") return "denied";
  write(SWITCH, "on");
  return noticesState();
}

// Once for each id, whatever the number of tabs and reloads.
export function notify(id, title, body, href) {
  if (noticesState() !== "on") return;
  const shown = (read(SHOWN) ?? "").split(" ");
  if (shown.includes(id)) return;
  write(SHOWN, [...shown.slice(1 - MAX_SHOWN), id].join(" ").trim());
  const notice = new Notification(title, { body, tag: id, icon: "favicon.svg" });
  notice.onclick = () => {
    window.focus();
    notice.close();
    Blazor.navigateTo(href);
  };
}
