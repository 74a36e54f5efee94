// The timeline: lanes on one canvas, drawn when something about them changes; the cursors on another above it.

/** What is drawn, and all that is needed to find out what lies under a pointer. */
class Timeline {
  constructor(section, model) {
    this.section = section;
    this.model = model;
    this.base = el("canvas", { class: "base", role: "img" });
    this.over = el("canvas", { class: "over", "aria-hidden": "true" });
    this.filler = el("div", { class: "filler" });
    this.scroller = el("div", { class: "scroller" }, this.filler);
    this.tip = el("div", { class: "tip", hidden: true });
    section.append(this.base, this.over, this.scroller, this.tip);
    this.scalesMade = {};
    this.hover = null;
    this.drag = null;
    this.scrolled = 0;
    this.scroller.addEventListener("scroll", () => {
      this.scrolled = this.scroller.scrollTop;
      this.draw();
    });
    this.width = 0;
  }

  /** Draw, and again whenever there is more or less room. */
  begin() {
    this.measure();
    new ResizeObserver(() => this.section.clientWidth !== this.width && this.measure()).observe(this.section);
  }

  get scales() {
    return (this.scalesMade[state.scale] ??= makeScales(state.scale, this.model.runs));
  }

  /** Take the sizes of window and text; `paper`: a width to draw for instead, all lanes at full height. */
  measure(paper = 0) {
    this.ratio = paper ? 2 : devicePixelRatio;
    this.ink = readInk(this.ratio);
    const { em } = this.ink;
    this.scrolled = paper ? 0 : this.scroller.scrollTop;
    this.laid = layLanes(this.model, this.ink, state.lanes, state.stage);
    this.axis = 1.7 * em;
    this.width = paper || this.section.clientWidth;
    const whole = this.axis + this.laid.height;
    const most = state.stage ? Math.max(10 * em, innerHeight * 0.42) : Math.max(20 * em, innerHeight * 0.62);
    this.height = Math.round(paper ? whole : Math.min(whole, most));
    const scrolls = whole > this.height + 1;
    this.left = this.labelWidth();
    this.right = this.width - (scrolls ? em : 0.5 * em);
    if (!paper) this.section.style.height = `${this.height}px`;
    this.filler.style.height = `${whole}px`;
    if (scrolls) Object.entries({ tabindex: 0, role: "group", "aria-label": "Lanes, to scroll" }).forEach(([name, value]) => this.scroller.setAttribute(name, value));
    else ["tabindex", "role", "aria-label"].forEach((name) => this.scroller.removeAttribute(name));
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(this.width * this.ratio);
      canvas.height = Math.round(this.height * this.ratio);
    }
    this.draw();
  }

  labelWidth() {
    const pen = this.pen(this.base);
    const widths = this.laid.rows.map((row) => {
      pen.font = this.font(row);
      return pen.measureText(row.label).width;
    });
    const { em } = this.ink;
    pen.font = `${0.76 * em}px ${this.ink.font}`;
    widths.push(pen.measureText("waits squeezed").width);
    return Math.round(within(Math.max(...widths, 0) + 2 * em, 6 * em, Math.min(15 * em, this.width * 0.3)));
  }

  font(row) {
    const size = row.strong ? 0.92 : Math.min(0.8, (row.pitch / this.ink.em) * 0.86);
    return `${row.strong ? "650 " : ""}${size * this.ink.em}px ${this.ink.font}`;
  }

  pen(canvas) {
    const pen = canvas.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.textBaseline = "middle";
    return pen;
  }

  /** The part of a run's scale that is seen. */
  view(run) {
    const scale = this.scales[run];
    const { from, to } = state.zoom;
    const start = from * scale.length;
    const wide = (to - from) * scale.length;
    const { left, right } = this;
    const x = (place) => left + ((place - start) / wide) * (right - left);
    const place = (at) => start + ((at - left) / (right - left)) * wide;
    return { scale, x, place, left, right, start, end: start + wide, from: scale.time(start), to: scale.time(start + wide) };
  }

  /** Where a moment of a run stands. */
  xOf(run, time) {
    const view = this.view(run);
    return view.x(view.scale.place(time));
  }

  /** From the top of all lanes to the screen. */
  screenY(y) {
    return y + this.axis - this.scrolled;
  }

  *visible() {
    for (const row of this.laid.rows) {
      const y = this.screenY(row.top);
      if (y + row.pitch > this.axis && y < this.height) yield row;
    }
  }

  draw() {
    const pen = this.pen(this.base);
    pen.clearRect(0, 0, this.width, this.height);
    this.drawBands(pen);
    this.drawGrid(pen);
    for (const row of this.visible()) this.drawRow(pen, row);
    this.drawAxis(pen);
    this.drawOver();
    this.base.setAttribute("aria-label", this.words());
  }

  /** The chosen run stands on a band of its own. */
  drawBands(pen) {
    if (this.model.runs.length < 2) return;
    const { top, bottom } = this.laid.bands[state.run];
    pen.fillStyle = this.ink.chosen;
    pen.fillRect(0, this.screenY(top), this.width, bottom - top);
  }

  drawGrid(pen) {
    const view = this.view(0);
    this.ticks = ticks(view.scale, view.start, view.end, ((view.end - view.start) * 5.5 * this.ink.em) / (this.right - this.left));
    pen.fillStyle = this.ink.line;
    for (const [, place] of this.ticks) pen.fillRect(Math.round(view.x(place)), this.axis, 1, this.height);
  }

  drawRow(pen, row) {
    const { em } = this.ink;
    const y = this.screenY(row.y);
    const middle = this.screenY(row.top) + row.pitch / 2;
    pen.font = this.font(row);
    pen.fillStyle = row.strong ? this.ink.text : this.ink.dim;
    pen.textAlign = "left";
    pen.fillText(fitted(pen, row.label, this.left - (row.strong ? 1.1 : 2) * em), (row.strong ? 0.6 : 1.4) * em, middle);
    if (!row.lane) return;
    const view = this.view(row.run);
    const thread = row.kind === "thread";
    pen.fillStyle = this.ink.line;
    if (!thread) pen.fillRect(this.left, Math.round(middle), this.right - this.left, 1);
    pen.save();
    pen.beginPath();
    pen.rect(this.left, 0, this.right - this.left, this.height);
    pen.clip();
    drawStrip(pen, this.ink, row.lane.segments, view, y, row.height, thread);
    drawMarks(pen, this.ink, this.model.runs[row.run], row, view, y);
    if (thread && row.height > 1.2 * em) drawWaits(pen, this.ink, this.model.runs[row.run], row.lane.segments, view, y, row.height);
    pen.restore();
    if (thread && row.strong) this.drawDone(pen, row, view, middle);
  }

  /** How long a run took, behind its end. */
  drawDone(pen, row, view, middle) {
    const run = this.model.runs[row.run];
    const x = view.x(view.scale.place(run.wall)) + 0.4 * this.ink.em;
    const words = `done ${timeText(run.wall)}`;
    pen.font = `600 ${0.78 * this.ink.em}px ${this.ink.font}`;
    if (x < this.left || x + pen.measureText(words).width > this.right) return;
    pen.fillStyle = this.ink.text;
    pen.fillText(words, x, middle);
  }

  drawAxis(pen) {
    const { em } = this.ink;
    const view = this.view(0);
    const base = Math.round(this.axis) - 1;
    pen.fillStyle = this.ink.card;
    pen.fillRect(0, 0, this.width, this.axis);
    pen.fillStyle = this.ink.line;
    pen.fillRect(0, base, this.width, 1);
    pen.font = `${0.76 * em}px ${this.ink.font}`;
    pen.fillStyle = this.ink.dim;
    for (const [from, to] of view.scale.gaps) drawBreak(pen, view.x(view.scale.place(from)), view.x(view.scale.place(to)), base, this.left);
    pen.clearRect(0, base - 3, this.left, 3);
    pen.fillStyle = this.ink.card;
    pen.fillRect(0, 0, this.left, base);
    pen.fillStyle = this.ink.dim;
    for (const [time, place] of this.ticks) {
      const x = Math.round(view.x(place));
      const words = state.scale === "steps" ? String(Math.round(place) + 1) : timeText(time);
      pen.fillRect(x, base - 4, 1, 5);
      if (x + pen.measureText(words).width < this.width - 2) pen.fillText(words, x + 0.3 * em, this.axis / 2 - 1);
    }
    pen.fillText(fitted(pen, this.scaleWords(), this.left - 0.8 * em), 0.6 * em, this.axis / 2 - 1);
  }

  /** What has to be said of the scale. */
  scaleWords() {
    if (state.scale === "steps") return "step by step";
    const { bound } = this.scales[0];
    return state.scale === "squeeze" && bound ? "waits squeezed" : "time, to scale";
  }

  /** What somebody hears who does not see it. */
  words() {
    const runs = this.model.runs.map((run) => `${run.title}, ${timeText(run.wall)}, ${run.threads.length} threads, ${run.sockets.length} sockets`);
    return `Timeline: ${runs.join("; ")}. ${this.scaleWords()}. The log below holds the same calls as text.`;
  }
}

/** A text cut to a width. */
function fitted(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  const keep = firstWhere(text.length, (length) => pen.measureText(`${text.slice(0, length + 1)}…`).width > width);
  return `${text.slice(0, keep)}…`;
}

/** Where time is drawn shorter than it is, the axis is broken. */
function drawBreak(pen, from, to, y, left) {
  const begin = Math.max(from, left) + 1;
  for (let x = begin; x < to - 2; x += 5) pen.fillRect(x, y - 2, 2.5, 2);
}

/** Diamonds for lone "not yet" answers on a connection's lane, triangles for wakeups under a thread's. */
function drawMarks(pen, ink, run, row, view, y) {
  const thread = row.kind === "thread";
  const steps = marksOf(run)[thread ? "wakeups" : "notYets"].get(row.index) ?? [];
  const size = thread ? 0.26 * ink.em : Math.max(4, 0.36 * ink.em);
  pen.lineWidth = 1.2;
  pen.strokeStyle = ink.card;
  pen.fillStyle = thread ? ink.wake : ink.mark;
  const walk = view.scale.walker();
  const at = (step) => view.x(walk(run.t0(step) + (thread ? run.dur(step) || 0 : 0)));
  const xs = Float64Array.from(steps, at);
  let drawn = -Infinity;
  xs.forEach((x, index) => {
    if (x < view.left - 1 || x > view.right) return;
    if (thread && x - drawn >= 2) triangle(pen, (drawn = x), y + row.height - size * 0.4, size);
    if (thread) return;
    const near = Math.min(x - (xs[index - 1] ?? -Infinity), (xs[index + 1] ?? Infinity) - x);
    if (near >= 5 * size) diamond(pen, x + 1, y + row.height / 2, size);
  });
}

const marksMade = new WeakMap();

/** The steps to be marked: wakeups by thread, "not yet" answers by socket. */
function marksOf(run) {
  if (marksMade.has(run)) return marksMade.get(run);
  const marks = { wakeups: new Map(), notYets: new Map() };
  const add = (map, key, step) => (map.get(key) ?? map.set(key, []).get(key)).push(step);
  for (let step = 0; step < run.n; step += 1) {
    if (run.moment[step] === MOMENT.wakeup) add(marks.wakeups, run.thread[step], step);
    else if (run.moment[step] === MOMENT.notYet && run.conn(step) >= 0) add(marks.notYets, run.conn(step), step);
  }
  marksMade.set(run, marks);
  return marks;
}

const MOMENT = { none: 0, wakeup: 1, wait: 2, notYet: 3 };

/** What the thread waits for, and how long, on waits that have room for the words. */
function drawWaits(pen, ink, run, segments, view, y, height) {
  const walk = view.scale.walker();
  pen.font = `600 ${0.76 * ink.em}px ${ink.font}`;
  pen.textAlign = "center";
  const first = firstWhere(segments.n, (index) => segments.t1(index) >= view.from);
  for (let index = first; index < segments.n && segments.t0(index) <= view.to; index += 1) {
    const code = segments.state[index];
    if (code !== IS.blocked && code !== IS.asleep) continue;
    const x0 = Math.max(view.left, view.x(walk(segments.t0(index))));
    const x1 = Math.min(view.right, view.x(walk(segments.t1(index))));
    if (x1 - x0 < 3 * ink.em) continue;
    const time = timeText(segments.t1(index) - segments.t0(index));
    const step = segments.step[index];
    const words = step < 0 ? [time] : [`${STATES[code]} in ${run.op(step)}()  ${time}`, `${run.op(step)}()  ${time}`, time];
    const fits = words.find((text) => pen.measureText(text).width + 1.6 * ink.em < x1 - x0);
    if (fits) plate(pen, ink, fits, (x0 + x1) / 2, y + height / 2);
  }
  pen.textAlign = "left";
}

/** Words on a plate, to be read over a pattern. */
function plate(pen, ink, words, x, y) {
  const width = pen.measureText(words).width + 0.7 * ink.em;
  const height = 1.08 * ink.em;
  pen.fillStyle = ink.card;
  pen.globalAlpha = 0.92;
  pen.beginPath();
  pen.roundRect(x - width / 2, y - height / 2, width, height, 3);
  pen.fill();
  pen.globalAlpha = 1;
  pen.fillStyle = ink.text;
  pen.fillText(words, x, y + 0.5);
}
