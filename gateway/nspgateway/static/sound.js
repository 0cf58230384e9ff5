// Makes an alarm heard until somebody has seen it: data-sounds of <main> names what sounds, the loudest first.
// A screen that may not make sound yet says so, and that it has lost the gateway is heard too.
// word -> tones as [Hz, s from the start, s long], and after how many seconds it is said again (0 = once).
const SOUNDS = {
  help_late: { tones: [[988, 0, 0.15], [740, 0.18, 0.15], [988, 0.36, 0.15], [740, 0.54, 0.15]], again: 3 },
  help: { tones: [[740, 0, 0.2], [988, 0.22, 0.2], [1319, 0.44, 0.35]], again: 4 },
  critical: { tones: [[880, 0, 0.14], [880, 0.2, 0.14], [880, 0.4, 0.14]], again: 8 },
  high: { tones: [[660, 0, 0.18], [523, 0.22, 0.25]], again: 30 },
  lost: { tones: [[330, 0, 0.35], [262, 0.4, 0.5]], again: 30 },
  test: { tones: [[523, 0, 0.12], [523, 0.3, 0.12]], again: 0 },
};
// Soft edges: a tone that begins at once is heard as a crack.
const EDGE_S = 0.01;
const VOLUME = 0.5;

const muted = document.getElementById("muted");
const audio = new AudioContext();
// What this screen has been told of, and when it was said last: going to another page is no news.
const MEMORY = "sound";
let { known, saidAt } = { known: [], saidAt: 0, ...JSON.parse(sessionStorage.getItem(MEMORY) ?? "{}") };

function play(word) {
  const start = audio.currentTime + 0.02;
  for (const [hertz, from, length] of SOUNDS[word].tones) {
    const tone = new OscillatorNode(audio, { type: "square", frequency: hertz });
    const gain = new GainNode(audio, { gain: 0 });
    tone.connect(gain).connect(audio.destination);
    gain.gain.setValueAtTime(0, start + from);
    gain.gain.linearRampToValueAtTime(VOLUME, start + from + EDGE_S);
    gain.gain.setValueAtTime(VOLUME, start + from + length - EDGE_S);
    gain.gain.linearRampToValueAtTime(0, start + from + length);
    tone.start(start + from);
    tone.stop(start + from + length);
  }
  saidAt = Date.now();
  document.dispatchEvent(new CustomEvent("sound", { detail: word }));
}

// The newest news is heard at once; what lasts is said again, the loudest of it.
function listen() {
  const named = (document.querySelector("main").dataset.sounds || "").split(" ").filter(Boolean);
  if (document.body.dataset.live === "lost") named.push("lost:");
  const mine = named.filter((one) => one.split(":")[0] in SOUNDS);
  const fresh = mine.filter((one) => !known.includes(one));
  const isMuted = audio.state !== "running";
  muted.hidden = !isMuted;
  if (isMuted) return;
  known = mine;
  if (mine.length) {
    const word = (fresh[0] ?? mine[0]).split(":")[0];
    const { again } = SOUNDS[word];
    if (fresh.length || (again && Date.now() - saidAt > again * 1000)) play(word);
  }
  sessionStorage.setItem(MEMORY, JSON.stringify({ known, saidAt }));
}

// Any touch or key is leave enough; the bar is for who wonders why it is silent.
function allow() {
  audio.resume().then(listen);
}

for (const name of ["pointerup", "keydown"]) document.addEventListener(name, allow);
audio.addEventListener("statechange", listen);
document.addEventListener("picture", listen);
setInterval(listen, 500);
