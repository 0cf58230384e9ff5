// Keeps the page live: takes the server's rendered <main> from an event stream
// and says so, loudly, when the stream is silent. A page with a form, or a very
// long one, takes only its head (the clock, the bars, what sounds) and its facts.
// The server sends at least once a second; after this silence the page is old.
const SILENCE_MS = 2500;
const RETRY_MS = 1000;

const lost = document.getElementById("lost");
const isForm = "form" in document.body.dataset;
let stream = null;
let heardAt = performance.now();
let openedAt = 0;
let received = false;
// A picture that came while a finger was down: what is pressed must not move away from under it.
let pressed = false;
let waiting = null;

const main = () => document.querySelector("main");
const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id : "");

// Change only what differs, so that focus, selection and open <details> stay.
function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // The browser compares faster than it can be walked here: most points are as they were.
  if (keyOf(old) && old.isEqualNode(fresh)) return;
  attributes(old, fresh);
  children(old, fresh);
}

function attributes(old, fresh) {
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
}

// What has a key (a point, an alarm) stays one and the same element wherever it moves to: a button that has the
// focus must not become another alarm's because the list changed its order.
function children(old, fresh) {
  const keyed = new Map();
  for (const node of old.children) if (keyOf(node)) keyed.set(keyOf(node), node);
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const key = keyOf(node);
    const match = key ? keyed.get(key) : at && !keyOf(at) ? at : null;
    if (!match || match.nodeName !== node.nodeName) {
      old.insertBefore(node, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else move(old, match, at);
    morph(match, node);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// Browsers that cannot move an element without taking its focus get it back.
function move(parent, node, before) {
  if (parent.moveBefore) {
    parent.moveBefore(node, before);
    return;
  }
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, before);
  focused?.focus({ preventScroll: true });
}

const news = () => [...document.querySelectorAll("[data-alarm], [data-call]")];

// A screen reader is told of new alarms and calls once, not of every age that moves.
function announcing(change) {
  const known = new Set(news().map(keyOf));
  change();
  const fresh = news().filter((item) => !known.has(keyOf(item)));
  if (!fresh.length) return;
  const line = document.getElementById("announce");
  const said = (item) => (item.dataset.call ? "" : `${line.dataset.text}: `) + item.querySelector("h2, h3").textContent.trim();
  line.textContent = fresh.map(said).join(". ");
}

const parsed = (event) => new DOMParser().parseFromString(event.data, "text/html").querySelector("main");

// What is done with a picture that came.
const taking = (change) =>
  function take(event) {
    heard();
    if (pressed) {
      waiting = () => take(event);
      return;
    }
    waiting = null;
    const fresh = parsed(event);
    // The gateway was updated or restarted with other settings: take its new page whole.
    if (fresh.dataset.build !== document.documentElement.dataset.build && !isForm) {
      location.reload();
      return;
    }
    announcing(() => change(fresh));
    shown();
  };

const whole = (fresh) => morph(main(), fresh);

// The head, and what stands beside a form: everything else stays as it is.
function parts(fresh) {
  for (const name of ["clock", "date", "alarms", "sounds", "exercise"]) main().dataset[name] = fresh.dataset[name];
  for (const part of fresh.querySelectorAll("#bars, [data-fact]")) {
    const here = document.getElementById(part.id);
    if (here) morph(here, part);
  }
}

function heard() {
  heardAt = performance.now();
  received = true;
}

function shown() {
  const { alarms, title, clock, date } = main().dataset;
  document.title = alarms === "0" ? title : `(${alarms}) ${title}`;
  document.getElementById("clock").textContent = clock;
  document.getElementById("date").textContent = date;
  document.dispatchEvent(new Event("picture"));
  // A long picture takes a while to be shown: that was not the gateway's silence.
  heard();
  check();
}

function open() {
  if (stream) stream.close();
  openedAt = performance.now();
  const query = new URLSearchParams(location.search);
  query.set("lang", document.documentElement.lang);
  stream = new EventSource(`${document.body.dataset.stream}?${query}`);
  stream.addEventListener("overview", taking(whole));
  stream.addEventListener("head", taking(parts));
  // Only the gateway's own refusal closes a stream for good: the visit is over, or the page is gone. Load it anew.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED && !isForm) refused();
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
  lost.textContent = silent ? lost.dataset.text.replace("{clock}", main().dataset.clock) : "";
  lost.hidden = !silent;
  document.dispatchEvent(new Event("picture"));
}

function press() {
  pressed = true;
}

function release() {
  pressed = false;
  waiting?.();
}

if (document.body.dataset.stream) {
  open();
  setInterval(check, 500);
  // A tablet that wakes up must not show an old picture as live, not even briefly.
  document.addEventListener("visibilitychange", check);
  document.addEventListener("pointerdown", press);
  // The click that belongs to it comes after the finger has left.
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => setTimeout(release, 50));
}

// The rest of the menu lies over the page, which has to be free again as soon as it is left.
const more = document.getElementById("more");
const leaveFor = (node) => {
  if (node && !more.contains(node)) more.open = false;
};
more.addEventListener("focusout", (event) => leaveFor(event.relatedTarget));
document.addEventListener("pointerdown", (event) => leaveFor(event.target));
more.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  more.open = false;
  more.querySelector("summary").focus();
});

// Any button that prints, also one that came with a later picture.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
