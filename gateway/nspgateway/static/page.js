// Keeps the page live: takes the server's rendered <main> from an event stream
// and says so, loudly, when the stream is silent.
"use strict";

// The server sends at least once a second; after this silence the page is old.
const SILENCE_MS = 2500;
const RETRY_MS = 1000;

const lost = document.getElementById("lost");
let stream = null;
let heardAt = performance.now();
let openedAt = 0;
let received = false;

// Change only what differs, so that focus, selection and open <details> stay.
function morph(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  const [mine, theirs] = [[...old.childNodes], [...fresh.childNodes]];
  theirs.forEach((node, index) => {
    const match = mine[index];
    if (!match) old.append(node);
    else if (match.nodeName !== node.nodeName) match.replaceWith(node);
    else morph(match, node);
  });
  mine.slice(theirs.length).forEach((node) => node.remove());
}

// A screen reader is told of new alarms once, not of every age that moves.
function announce(known) {
  const fresh = [...document.querySelectorAll("[data-alarm]")].filter((item) => !known.has(alarmKey(item)));
  if (!fresh.length) return;
  const line = document.getElementById("announce");
  const titles = fresh.map((item) => item.querySelector("h3").textContent.trim());
  line.textContent = `${line.dataset.text}: ${titles.join(". ")}`;
}

const alarmKey = (item) => `${item.dataset.alarmPoint}/${item.dataset.alarm}`;

function show(event) {
  const fresh = new DOMParser().parseFromString(event.data, "text/html").querySelector("main");
  // The gateway was updated or restarted with other settings: take its new page whole.
  if (fresh.dataset.build !== document.documentElement.dataset.build) {
    location.reload();
    return;
  }
  const known = new Set([...document.querySelectorAll("[data-alarm]")].map(alarmKey));
  morph(document.querySelector("main"), fresh);
  document.title = fresh.dataset.title;
  document.getElementById("clock").textContent = fresh.dataset.clock;
  document.getElementById("date").textContent = fresh.dataset.date;
  announce(known);
  heardAt = performance.now();
  received = true;
  check();
}

function open() {
  if (stream) stream.close();
  openedAt = performance.now();
  const query = new URLSearchParams(location.search);
  query.set("lang", document.documentElement.lang);
  stream = new EventSource(`${document.body.dataset.stream}?${query}`);
  stream.addEventListener("overview", show);
  // Only the gateway's own refusal closes a stream for good: the visit is over, or the page is gone. Load it anew.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) refused();
  });
}

// A gateway that is away refuses nothing; one that is back and refuses the stream has something to say.
async function refused() {
  try {
    const answer = await fetch(location.href, { redirect: "follow", cache: "no-store" });
    if (answer.redirected || answer.status === 404) location.reload();
  } catch {
    // Away: check() tries again.
  }
}

// The clock that is named is the one of the last picture, so it fits what is seen.
function check() {
  const now = performance.now();
  const silent = now - heardAt > SILENCE_MS;
  if (silent && now - openedAt > SILENCE_MS + RETRY_MS) open();
  if (stream.readyState === EventSource.CLOSED && now - openedAt > RETRY_MS) open();
  const state = silent ? "lost" : received ? "live" : "starting";
  if (document.body.dataset.live === state) return;
  document.body.dataset.live = state;
  const clock = document.querySelector("main").dataset.clock;
  lost.textContent = silent ? lost.dataset.text.replace("{clock}", clock) : "";
  lost.hidden = !silent;
}

// A page that is not live, such as a form, stands as it was loaded.
if (document.body.dataset.stream) {
  open();
  setInterval(check, 500);
  // A tablet that wakes up must not show an old picture as live, not even briefly.
  document.addEventListener("visibilitychange", check);
}
