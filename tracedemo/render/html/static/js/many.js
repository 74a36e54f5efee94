// Many sockets: how many are in flight and what for, the threads, the wakeups, a map of all, and some of them in full.

const CHOSEN = 12; // sockets that are shown in full

panel("many", (section, model) => {
  if (!model.runs.some((run) => run.sockets.length >= MANY_SOCKETS)) return null;
  const many = new Many(section, model);
  panel.many = many; // for window.tracedemo, through which tests look
  return (now, changed) => many.update(changed);
});

class Many {
  constructor(section, model) {
    this.section = section;
    this.model = model;
    this.crowds = new Map();
    this.first = 0;
    this.near = false; // whether somebody could see it: of a large run it takes as long to draw as all the rest
    Object.assign(this, headed(section, "Many sockets"));
    this.text = el("p", { class: "text" });
    this.plots = {
      flight: this.plot("In flight", "connections open at each moment, by what each of them waits for"),
      threads: this.plot("Threads", ""),
      wakes: this.plot("Wakeups", "height: how many sockets were ready in one (log)"),
      map: this.plot("Every socket", ""),
      lanes: this.plot("", "drag on the map to choose others"),
    };
    this.slider = el("div", { class: "window", role: "slider", tabindex: 0, "aria-orientation": "vertical", "aria-valuemin": 1, "aria-label": "Sockets that are shown in full" });
    this.plots.map.box.append(this.slider);
    section.append(this.text, ...Object.values(this.plots).map(({ figure }) => figure));
    hearMany(this);
    new ResizeObserver(() => this.section.clientWidth !== this.sized && this.measure()).observe(section);
    whenNear(section, false, () => this.approach());
    addEventListener("beforeprint", () => {
      this.near = true;
      document.documentElement.setAttribute("data-paper", "");
      this.measure(PAPER);
    });
    addEventListener("afterprint", () => setTimeout(() => this.measure()));
  }

  plot(words, about) {
    const head = el("h3", {}, words);
    const note = el("span", { class: "dim" }, about);
    const canvas = el("canvas", { "aria-hidden": "true" });
    const box = el("div", { class: "plot" }, canvas);
    return { head, note, canvas, box, figure: el("div", { class: "figure" }, el("div", { class: "bar" }, head, note), box) };
  }

  get run() {
    return this.model.runs[state.run];
  }

  get crowd() {
    if (!this.crowds.has(this.run)) this.crowds.set(this.run, new Crowd(this.run));
    return this.crowds.get(this.run);
  }

  update(changed) {
    this.section.hidden = this.run.sockets.length < MANY_SOCKETS;
    if (this.section.hidden) return;
    if (changed.has("run")) this.begin();
    if (["run", "scale", "zoom", "theme", "size"].some((key) => changed.has(key))) this.measure();
    else if (changed.has("steps") && this.ink) this.follow();
  }

  begin() {
    const { run } = this;
    this.title.textContent = ofRun(this.model, "Many sockets at once");
    this.text.textContent = run.form.flights.text;
    this.plots.threads.head.textContent = run.threads.length === 1 ? "The one thread" : `${withCommas(run.threads.length)} threads`;
    const more = run.threads.length - THREADS;
    this.plots.threads.note.textContent = more > 0 ? `the first ${THREADS}; ${counted(more, "more thread")} in the timeline` : "what it does meanwhile";
    this.plots.map.note.textContent = `${withCommas(run.sockets.length)} rows in ${mapRows(run.sockets.length)} pixels, in order of their first call; a dot is a call`;
    this.plots.wakes.figure.hidden = !run.moment.includes(MOMENT.wakeup);
    this.slider.setAttribute("aria-valuemax", Math.max(1, run.sockets.length - CHOSEN + 1));
    this.first = within(this.first, 0, Math.max(0, run.sockets.length - CHOSEN));
  }

  /** Take the sizes of window and text, and draw all. */
  measure(paper = 0) {
    if (this.section.hidden || !(paper || this.plots.map.box.clientWidth)) return; // a stage has no room for it
    this.sized = this.section.clientWidth;
    this.ratio = paper ? 2 : devicePixelRatio;
    this.ink = readInk(this.ratio);
    this.ink.handshake = getComputedStyle(document.documentElement).getPropertyValue("--handshake");
    const { em } = this.ink;
    this.width = paper || this.plots.map.box.clientWidth;
    this.left = Math.round(within(this.labelWidth() + 1.2 * em, 5.2 * em, Math.max(7 * em, 0.16 * this.width)));
    this.right = this.width - Math.round(0.6 * em);
    this.wide = Math.max(1, this.right - this.left);
    this.high = { flight: 9.5 * em, threads: 1.7 * em * Math.min(THREADS, this.run.threads.length), wakes: 4.6 * em, map: MAP_ROWS, lanes: 1.3 * em * Math.min(CHOSEN, this.run.sockets.length) };
    for (const [name, { canvas, box }] of Object.entries(this.plots)) {
      canvas.width = Math.round(this.width * this.ratio);
      canvas.height = Math.round(this.high[name] * this.ratio);
      box.style.height = paper ? "" : `${this.high[name]}px`;
    }
    this.view = Timeline.prototype.view.call({ scales: timeline.scales, left: this.left, right: this.right }, state.run);
    this.nameChosen();
    this.draw();
  }

  labelWidth() {
    const { sockets } = this.run;
    const pen = this.plots.map.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.font = `${0.76 * this.ink.em}px ${this.ink.font}`;
    return Math.max(...[0, sockets.length - 1].map((lane) => pen.measureText(sockets[lane].label).width));
  }

  pen(name) {
    const pen = this.plots[name].canvas.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.high[name]);
    pen.textBaseline = "middle";
    pen.font = `${0.76 * this.ink.em}px ${this.ink.font}`;
    return pen;
  }

  /** From now on draw. */
  approach() {
    this.near = true;
    if (this.ink && !this.section.hidden) this.draw();
  }

  draw() {
    this.near ||= this.section.getBoundingClientRect().top < innerHeight;
    if (!this.near) return;
    this.crowd.place(this.view);
    const { image, counts } = survey(this.crowd, this.ink, this.left, this.wide);
    this.counts = counts;
    drawFlight(this, this.pen("flight"), counts);
    drawThreads(this, this.pen("threads"));
    drawWakes(this, this.pen("wakes"));
    drawAll(this, this.pen("map"), image);
    this.crowd.leave();
    this.drawChosen();
    this.drawCursor();
    performance.mark("tracedemo:many");
  }

  /** Show others in full, from the `first` on. */
  choose(first) {
    const at = within(Math.round(first), 0, Math.max(0, this.run.sockets.length - CHOSEN));
    if (at === this.first) return;
    this.first = at;
    this.nameChosen();
    if (this.near) this.drawChosen();
  }

  drawChosen() {
    drawLanes(this, this.pen("lanes"), this.first, Math.min(this.first + CHOSEN, this.run.sockets.length));
  }

  nameChosen() {
    const { sockets } = this.run;
    const last = Math.min(this.first + CHOSEN, sockets.length);
    const words = `Sockets ${withCommas(this.first + 1)} to ${withCommas(last)}`;
    this.plots.lanes.head.textContent = words;
    this.slider.setAttribute("aria-valuenow", this.first + 1);
    this.slider.setAttribute("aria-valuetext", `${words} of ${withCommas(sockets.length)}: ${sockets[this.first].label} and the next`);
    this.slider.style.top = `${(this.first / sockets.length) * MAP_ROWS}px`;
    this.slider.style.height = `${Math.max(7, ((last - this.first) / sockets.length) * MAP_ROWS)}px`;
    this.slider.style.left = `${this.left}px`;
    this.slider.style.width = `${this.right - this.left}px`;
  }

  /** The cursor moved: draw it, and choose the socket that it is about. */
  follow() {
    const lane = this.run.conn(state.steps[state.run]);
    if (lane >= 0 && (lane < this.first || lane >= this.first + CHOSEN)) this.choose(lane - CHOSEN / 2);
    this.drawCursor();
  }

  drawCursor() {
    const { run, view } = this;
    const x = run.n ? view.x(view.scale.place(run.t0(state.steps[state.run]))) : -9;
    this.section.style.setProperty("--x", x < this.left || x > this.right ? "-9px" : `${Math.round(x)}px`);
  }
}

/** Answer to the pointer and the keys. */
function hearMany(many) {
  const { map, lanes, flight, threads, wakes } = many.plots;
  const at = (event, box) => {
    const { left, top } = box.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const timeAtX = (x) => many.view.scale.time(many.view.place(within(x, many.left, many.right)));
  const drag = (event) => many.choose((at(event, map.box).y / MAP_ROWS) * many.run.sockets.length - CHOSEN / 2);
  map.box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    map.box.setPointerCapture(event.pointerId);
    many.slider.focus({ preventScroll: true });
    event.preventDefault();
    drag(event);
  });
  map.box.addEventListener("pointermove", (event) => map.box.hasPointerCapture(event.pointerId) && drag(event));
  many.slider.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: CHOSEN, PageUp: -CHOSEN, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    many.choose(within(many.first + by, 0, many.run.sockets.length));
  });
  for (const { box } of [flight, threads, wakes]) {
    box.addEventListener("click", (event) => goTo(state.run, many.run.stepAt(timeAtX(at(event, box).x))));
  }
  lanes.box.addEventListener("click", (event) => {
    const { x, y } = at(event, lanes.box);
    const lane = many.first + Math.floor((y / many.high.lanes) * Math.min(CHOSEN, many.run.sockets.length));
    goTo(state.run, nearestStep(many.run, lane, timeAtX(x)));
  });
}

/** The step of a socket that is begun last before a time, or its first. */
function nearestStep(run, lane, time) {
  const own = run.stories.steps(run.told[lane]);
  return own[Math.max(0, firstWhere(own.length, (at) => run.t0(own[at]) > time) - 1)] ?? run.stepAt(time);
}
