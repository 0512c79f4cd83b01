// Runs before the first paint: the theme must be there before anything is drawn. Then watches the circuit.
(() => {
  let choice = null;
  try { choice = localStorage.getItem("theme"); } catch { /* private mode */ }
  const isDark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";

  document.addEventListener("DOMContentLoaded", () => {
    const banner = document.getElementById("components-reconnect-modal");
    const age = banner.querySelector("[data-age]"); // not read out: it changes every second
    let lostAt = 0, ticking = 0;
    const say = () => { age.textContent = ` ${Math.round((Date.now() - lostAt) / 1000)} s ago`; };
    banner.addEventListener("components-reconnect-state-changed", event => {
      const state = event.detail.state;
      if (state === "hide") {
        clearInterval(ticking);
        ticking = 0;
        document.documentElement.classList.remove("circuit-lost");
        banner.hidden = true;
        return;
      }
      // A restarted console does not know this circuit; everything that matters is in the URL, so the page comes back as it was.
      if (state === "rejected") { location.reload(); return; }
      document.documentElement.classList.add("circuit-lost");
      banner.hidden = false;
      if (!ticking) {
        lostAt = Date.now();
        say();
        ticking = setInterval(say, 1000);
      }
      if (state === "failed") {
        setTimeout(async () => {
          try { if (!await Blazor.reconnect()) location.reload(); } catch { /* still away: the next "failed" comes by itself */ banner.dispatchEvent(new CustomEvent("components-reconnect-state-changed", { detail: { state: "failed" } })); }
        }, 3000);
      }
    });
  });
})();
