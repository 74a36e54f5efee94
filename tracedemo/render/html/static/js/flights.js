// What many sockets wait for, all at once: stretches of each socket's story, and how many are in flight.

const WAITS = { connecting: "connecting", write: "write", read: "read", again: "again", holds: "holds", busy: "busy", open: "open" };
const ORDER = Object.keys(WAITS); // from the ground up
const STORY = { holds: 1, busy: 2, watched: 4, connecting: 5, again: 6, open: 7, closed: 8 }; // places in words.statuses
const FLIGHT = { none: -1, number: -2, never: -3 }; // render/html/flights.py

/** What a socket waits for, as its story says. */
function waitOf(status, events) {
  if (status === STORY.watched) return events.includes("READ") || events === "IN" ? WAITS.read : WAITS.write;
  return { [STORY.connecting]: WAITS.connecting, [STORY.again]: WAITS.again, [STORY.open]: WAITS.open, [STORY.holds]: WAITS.holds }[status] ?? null;
}

/** The sockets of a run as stretches on the pixels of a picture. */
class Crowd {
  constructor(run) {
    this.run = run;
    this.stories = run.stories;
    this.told = run.told;
    this.count = this.told.length;
    const { kinds, events } = this.stories.form;
    // Of each kind of story: which steps change it, and what is waited for from then on.
    this.kinds = kinds.map((kind) => changesOf(kind).map(([which, status, what]) => ({ which, wait: ORDER.indexOf(waitOf(status, events[what])), status, events: events[what] })));
    this.words = this.layerWords();
    this.flightSpans();
  }

  /** What each wait is called: as the sockets' own words have it. */
  layerWords() {
    const words = new Map([[ORDER.indexOf("busy"), this.run.words.statuses[STORY.busy].words]]);
    for (const { wait, status, events } of this.kinds.flat()) if (wait >= 0 && !words.has(wait)) words.set(wait, statusWords(this.run.words, status, events));
    const holds = ORDER.indexOf("holds");
    if (!words.has(holds)) words.set(holds, this.run.words.statuses[STORY.holds].words);
    return words;
  }

  /** From when to when each is in flight: by a step of its own, or, where that is -1, in tenths of microseconds (NaN: it is not counted). */
  flightSpans() {
    const { form } = this.run;
    const numbers = form.flights.numbers.values();
    [this.begin, this.end] = ["begin", "end"].map((name) => ({ which: plainNumbers(form.flights[name], this.count), step: new Int32Array(this.count).fill(-1), time: new Float64Array(this.count).fill(NaN) }));
    for (let lane = 0; lane < this.count; lane += 1) {
      if (this.begin.which[lane] === FLIGHT.none) continue;
      const own = this.stories.steps(this.told[lane]);
      for (const { which, step, time } of [this.begin, this.end]) {
        if (which[lane] >= 0) step[lane] = own[which[lane]];
        if (which[lane] >= 0) time[lane] = this.run.entries[step[lane]];
        else time[lane] = which[lane] === FLIGHT.number ? numbers.next().value : Infinity;
      }
    }
  }

  /** The most in flight at one moment, to the tenth of a microsecond. */
  get most() {
    const begins = this.begin.time.filter((time) => !Number.isNaN(time)).sort();
    const ends = this.end.time.filter((time) => !Number.isNaN(time)).sort();
    let [most, ended] = [0, 0];
    begins.forEach((time, begun) => {
      while (ends[ended] <= time) ended += 1;
      most = Math.max(most, begun + 1 - ended);
    });
    return most;
  }

  /** Put all steps onto the pixels of a view. */
  place(view) {
    const { run } = this;
    const at = roamer(view.scale);
    this.x0 = new Float32Array(run.n);
    this.x1 = new Float32Array(run.n);
    for (let step = 0; step < run.n; step += 1) {
      this.x0[step] = view.x(at(run.entries[step] / 10));
      this.x1[step] = view.x(at(run.ends[step] / 10));
    }
    this.view = view;
    this.last = view.x(view.scale.place(run.form.last / 10)) + 1;
  }

  /** Forget the pixels: they are as many as there are steps. */
  leave() {
    this.x0 = this.x1 = null;
  }

  /** Where a flight begins or ends. */
  xOf({ step, time }, lane) {
    if (step[lane] >= 0) return this.x0[step[lane]];
    return time[lane] === Infinity ? this.last : this.view.x(this.view.scale.place(time[lane] / 10));
  }

  /** Each stretch of a socket, in order: visit(x0, x1, wait). */
  stretches(lane, visit) {
    const { x0, x1, run } = this;
    const told = this.told[lane];
    const own = this.stories.steps(told);
    const changes = this.kinds[this.stories.codes[told]];
    let other = this.stories.firstOther[told];
    let [next, wait, since] = [0, -1, 0];
    for (let at = 0; at < own.length; at += 1) {
      const step = own[at];
      while (next < changes.length && changes[next].which < 0 && this.stories.others[other] < step) {
        const when = x1[this.stories.others[other++]];
        if (wait >= 0) visit(since, when, wait);
        [wait, since] = [changes[next++].wait, when];
      }
      if (wait >= 0) visit(since, x0[step], wait);
      if (run.state[step] > 0) visit(x0[step], x1[step], run.state[step] === BLOCKED ? HOLDS : BUSY);
      while (next < changes.length && changes[next].which === at) wait = changes[next++].wait;
      since = x1[step];
    }
    if (wait >= 0) visit(since, this.last, wait);
  }
}

/** How many sockets in flight wait for what, at the left edge of each of `wide` pixels from `left` on: a column for each wait. */
class Counts {
  constructor(crowd, left, wide) {
    Object.assign(this, { crowd, left, wide });
    this.columns = ORDER.map(() => new Float32Array(wide + 1));
  }

  /** The stretches that follow are of this socket. */
  begin(lane) {
    const { begin, end } = this.crowd;
    const counted = !Number.isNaN(begin.time[lane]);
    this.from = counted ? this.crowd.xOf(begin, lane) : Infinity;
    this.to = counted ? this.crowd.xOf(end, lane) : -Infinity;
  }

  add(x0, x1, wait) {
    const first = Math.max(0, Math.ceil(Math.max(x0, this.from) - this.left));
    const last = Math.min(this.wide, Math.ceil(Math.min(x1, this.to) - this.left));
    if (last <= first) return;
    this.columns[wait][first] += 1;
    this.columns[wait][last] -= 1;
  }

  /** The numbers, when all stretches were told. */
  get summed() {
    for (const column of this.columns) for (let x = 1; x <= this.wide; x += 1) column[x] += column[x - 1];
    return this.columns;
  }
}

const HOLDS = ORDER.indexOf("holds");
const BUSY = ORDER.indexOf("busy");

/** The places of times that come nearly in order: quick. */
function roamer({ times, places }) {
  const last = times.length - 2;
  let at = 0;
  return (time) => {
    while (at < last && times[at + 1] <= time) at += 1;
    while (at > 0 && times[at] > time) at -= 1;
    const wide = times[at + 1] - times[at];
    const part = wide > 0 ? Math.min(1, Math.max(0, (time - times[at]) / wide)) : 0;
    return places[at] + part * (places[at + 1] - places[at]);
  };
}
