// From time to place: three ways to lay time out from left to right.  Each is a line that only rises, given by its corners.

/** Places of times, and times of places; between two corners it is straight. */
class Scale {
  constructor(times, places, about = {}) {
    this.times = times;
    this.places = places;
    Object.assign(this, { bound: 0, gaps: [] }, about);
  }

  get length() {
    return this.places[this.places.length - 1];
  }

  place(time) {
    return between(this.times, this.places, time);
  }

  time(place) {
    return between(this.places, this.times, place);
  }

  /** The same as `place`, for times that come in order: quick. */
  walker() {
    const { times, places } = this;
    const last = times.length - 2;
    let at = 0;
    return (time) => {
      while (at < last && times[at + 1] <= time) at += 1;
      const wide = times[at + 1] - times[at];
      const part = wide > 0 ? Math.min(1, Math.max(0, (time - times[at]) / wide)) : 0;
      return places[at] + part * (places[at + 1] - places[at]);
    };
  }
}

function between(from, to, value) {
  const at = within(firstWhere(from.length, (index) => from[index] > value) - 1, 0, from.length - 2);
  const wide = from[at + 1] - from[at];
  const part = wide > 0 ? within((value - from[at]) / wide, 0, 1) : 0;
  return to[at] + part * (to[at + 1] - to[at]);
}

/** The scales of a kind, one for each run, all of the same length. */
function makeScales(kind, runs) {
  if (kind === "steps") {
    const most = Math.max(1, ...runs.map((run) => run.n));
    return runs.map((run) => stepScale(run, most));
  }
  const span = Math.max(1, ...runs.map((run) => run.wall));
  const real = new Scale([0, span], [0, span]);
  const shared = kind === "squeeze" ? squeezed(runs, span) : real;
  return runs.map(() => shared);
}

/** Each step takes one unit, three quarters of it for the call where nothing else is entered meanwhile. */
function stepScale(run, most) {
  const times = [];
  const places = [];
  const add = (time, place) => {
    times.push(Math.max(time, times[times.length - 1] ?? time));
    places.push(place);
  };
  add(Math.min(0, run.t0(0) ?? 0), 0);
  for (let step = 0; step < run.n; step += 1) {
    add(run.t0(step), step);
    const end = run.t0(step) + run.dur(step);
    const next = step + 1 < run.n ? run.t0(step + 1) : Infinity;
    if (run.dur(step) > 0 && end <= next) add(end, step + 0.75);
  }
  add(Math.max(run.wall, times[times.length - 1]), Math.max(1, run.n));
  if (most > run.n) add(times[times.length - 1], most);
  return new Scale(times, places, { steps: true });
}

/** One line for all runs, on which stretches where every run waits, or asks again in vain, are drawn shorter. */
function squeezed(runs, span) {
  const gaps = idle(busyStretches(runs), span);
  const waiting = gaps.reduce((sum, [from, to]) => sum + to - from, 0);
  const bound = boundFor(gaps, Math.max(span - waiting, span / 200));
  const times = [0];
  const places = [0];
  const short = [];
  const add = (time, length) => {
    const last = times[times.length - 1];
    if (time <= last) return;
    places.push(places[places.length - 1] + (length ?? time - last));
    times.push(time);
  };
  for (const [from, to] of gaps) {
    if (to - from <= bound) continue;
    add(from);
    add(to, shortened(to - from, bound));
    short.push([from, to]);
  }
  add(span);
  return new Scale(times, places, { bound: short.length ? bound : 0, gaps: short });
}

/** The length of a wait on the squeezed scale: a thousand times the bound is drawn about ten times as long. */
const shortened = (length, bound) => (length <= bound ? length : bound * (length / bound) ** 0.35);

/** The longest wait to be drawn as it is, a round number, so that all of them together take about `room`. */
function boundFor(gaps, room) {
  const total = (bound) => gaps.reduce((sum, [from, to]) => sum + shortened(to - from, bound), 0);
  let bound = 1e9;
  if (total(bound) <= room) return bound;
  for (const unit of [1e7, 1e6, 1e5, 1e4, 1e3, 100, 10]) {
    for (const factor of [5, 2, 1]) {
      bound = unit * factor;
      if (total(bound) <= room) return bound;
    }
  }
  return bound;
}

/** What lies between busy stretches: [from, to] in order. */
function idle({ starts, ends }, span) {
  const gaps = [];
  let open = 0;
  let since = 0;
  let start = 0;
  for (let end = 0; end < ends.length; end += 1) {
    while (start < starts.length && starts[start] <= ends[end]) {
      if (open === 0 && starts[start] > since) gaps.push([since, starts[start]]);
      open += 1;
      start += 1;
    }
    open -= 1;
    if (open === 0) since = ends[end];
  }
  if (since < span) gaps.push([since, span]);
  return gaps;
}

/** When a thread of some run does something: it runs Python or makes a call that returns at once. All starts, all ends. */
function busyStretches(runs) {
  const starts = [];
  const ends = [];
  for (const run of runs) {
    for (const thread of run.threads) addBusy(thread.segments, starts, ends);
  }
  return { starts: new Float64Array(starts).sort(), ends: new Float64Array(ends).sort() };
}

function addBusy(segments, starts, ends) {
  let asked = false; // the last call was answered "not yet"
  let held = []; // Python that ran since: idle if the next call asks again
  let until = -1; // where the last stretch ends: what begins there belongs to it
  const add = (index) => {
    if (segments.t0(index) === until) ends.pop();
    else starts.push(segments.t0(index));
    ends.push((until = segments.t1(index)));
  };
  for (let index = 0; index < segments.n; index += 1) {
    const code = segments.state[index];
    if (code === IS.parked) continue;
    if (code === IS.running) {
      if (asked) held.push(index);
      else add(index);
      continue;
    }
    const again = asked && code === IS.notYet;
    if (!again) held.forEach(add);
    held = [];
    if (!again && (code === IS.call || code === IS.notYet)) add(index);
    asked = code === IS.notYet;
  }
  held.forEach(add);
}

/** Round times with room between them: [time, place]. `room`: the length that a label needs. */
function ticks(scale, from, to, room) {
  const found = [];
  if (!(room > 0)) return found; // a picture without width, such as one that is not shown
  for (let at = from; at < to; ) {
    const [time, place] = scale.steps ? roundStep(scale, at, room) : roundTime(scale, at, room);
    if (place > to || time > scale.times[scale.times.length - 1]) break;
    if (place >= at) found.push([time, place]);
    at = Math.max(place, at) + room;
  }
  return found;
}

/** The first round time from a place on. */
function roundTime(scale, at, room) {
  const here = scale.time(at);
  const time = roundUp(here, scale.time(Math.min(at + room, scale.length)) - here);
  return [time, scale.place(time)];
}

/** The first step from a place on whose number is round; the very first counts as such. */
function roundStep(scale, at, room) {
  const place = at <= 0 ? 0 : roundUp(at + 1, Math.max(1, room)) - 1;
  return [scale.time(place), place];
}

/** The first round number from `value` on: a multiple of 1, 2 or 5 times a power of ten, about as fine as `grain`. */
function roundUp(value, grain) {
  if (!(grain > 0)) return value;
  const unit = 10 ** Math.floor(Math.log10(grain));
  const fine = [5, 2, 1].map((factor) => factor * unit).find((each) => each <= grain) ?? unit;
  return Math.ceil(value / fine - 1e-9) * fine;
}
