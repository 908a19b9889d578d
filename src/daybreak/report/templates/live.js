// A page of something living: what the server sends takes the place of what stood there.
(() => {
  const part = document.getElementById("live");
  if (!part) return;
  const said = document.getElementById("heard");
  let heard = Date.now();

  /** Keep what the reader opened, scrolled and stands on. */
  function replace(html) {
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    const open = [...part.querySelectorAll("details")].map((box) => box.open);
    const active = part.contains(document.activeElement) ? document.activeElement : null;
    const place = active && active.getAttribute("href");
    part.innerHTML = html;
    part.querySelectorAll(".scroll").forEach((box, i) => { box.scrollLeft = scrolled[i] || 0; });
    part.querySelectorAll("details").forEach((box, i) => { if (open[i]) box.open = true; });
    if (place) part.querySelector(`a[href="${CSS.escape(place)}"]`)?.focus({ preventScroll: true });
  }

  const source = new EventSource(part.dataset.events);
  source.addEventListener("message", (event) => {
    heard = Date.now();
    replace(JSON.parse(event.data));
    const state = part.querySelector("[data-state]");
    if (state) document.title = `${state.dataset.state}: ${state.dataset.name}`;
  });
  source.addEventListener("open", () => { heard = Date.now(); });

  function tell() {
    const seconds = Math.round((Date.now() - heard) / 1000);
    const lost = source.readyState !== EventSource.OPEN && seconds > 2;
    const text = lost ? `No answer for ${seconds} s; trying again.` : "Live: this page keeps itself up to date.";
    if (said.textContent !== text) said.textContent = text;
    said.classList.toggle("notice", lost);
  }
  tell();
  setInterval(tell, 1000);
})();
