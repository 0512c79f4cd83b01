// Runs before the first paint, so that the theme is set before anything is drawn. Then shows the state of the circuit.
(() => {
  let choice = null;
  try { choice = localStorage.getItem("theme"); } catch { /* private mode */ }
  const isDark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";

  document.addEventListener("DOMContentLoaded", () => {
    const banner = document.getElementById("components-reconnect-modal");
    const age = banner.querySelector("[data-age]"); // hidden from screen readers: it changes every second
    let lostAt = 0, ticking = 0;
    const showAge = () => { age.textContent = ` ${Math.round((Date.now() - lostAt) / 1000)} s ago`; };
    banner.addEventListener("components-reconnect-state-changed", event => {
      const state = event.detail.state;
      if (state === "hide") {
        clearInterval(ticking);
        ticking = 0;
        document.documentElement.classList.remove("circuit-lost");
        banner.hidden = true;
        return;
      }
      // A restarted console does not know this circuit; the page state is in the URL, so a reload restores it.
      if (state === "rejected") { location.reload(); return; }
      document.documentElement.classList.add("circuit-lost");
      banner.hidden = false;
      if (!ticking) {
        lostAt = Date.now();
        showAge();
        ticking = setInterval(showAge, 1000);
      }
      if (state === "failed") {
        setTimeout(async () => {
          try { if (!await Blazor.reconnect()) location.reload(); } catch { /* still unreachable: try again */ banner.dispatchEvent(new CustomEvent("components-reconnect-state-changed", { detail: { state: "failed" } })); }
        }, 3000);
      }
    });
  });
})();
