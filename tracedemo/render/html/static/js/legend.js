// The legend: the six states and the two marks, as they are drawn.

panel("legend", (section, model) => {
  const parked = model.runs.some((run) => run.shares.some((each) => STATES[each.state] === "parked"));
  const words = parked ? model.words.requestWords : model.words.stateWords;
  const entries = STATES.map((name, code) => el("li", {}, swatch(name), words[code]));
  entries.push(el("li", {}, mark("not-yet-mark", "M6 0 L12 6 L6 12 L0 6z"), "\"not yet\": EINPROGRESS, EAGAIN"));
  entries.push(el("li", {}, mark("wake-mark", "M6 1 L12 11 L0 11z"), "wakeup: select() returns"));
  const squeezed = el("p", { class: "aside" });
  section.append(el("ul", {}, ...entries), squeezed);
  return () => {
    squeezed.textContent = scaleNote();
  };
});

/** What the time scale does to time. */
function scaleNote() {
  const { bound } = timeline.scales[0];
  if (state.scale === "steps") return "Each step is as wide as every other; its call takes three quarters of it.";
  if (state.scale === "real") return "All time is drawn to scale.";
  if (!bound) return "No wait is so long that it had to be drawn shorter.";
  return `Where all runs wait for more than ${timeText(bound)}, or ask again in vain, time is drawn shorter than it is: the axis is dotted there.`;
}

function mark(name, path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawn.setAttribute("d", path);
  for (const [key, value] of [["viewBox", "0 0 12 12"], ["class", `mark ${name}`], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  svg.append(drawn);
  return svg;
}

/** A state in words, of a thread or of a request. */
const stateWords = (model, code, kind) => model.words[kind === "thread" ? "threadWords" : "requestWords"][code];
