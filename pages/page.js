// Fetch the page again and put its middle in place of the old one.
setInterval(async () => {
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("live").replaceWith(fresh.getElementById("live"));
  } catch {
    // The daemon is gone or restarting; the next try may find it.
  }
}, 2000);
