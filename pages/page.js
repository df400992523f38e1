// Fetch the page again and put its middle in place of the old one, but never under somebody's hands: not while he presses a button
// there, or a key would.
const live = () => document.getElementById("live");
const inUse = () => live().contains(document.activeElement) && document.activeElement.matches("button") || live().querySelector(":active");
setInterval(async () => {
  if (inUse()) return;
  try {
    const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!inUse()) live().replaceWith(fresh.getElementById("live"));
  } catch {
    // The daemon is gone or restarting; the next try may find it.
  }
}, 2000);
