// One lane on canvas.  What is narrower than a pixel goes into bins, and each bin shows what counts most in it.

const CALL_WEIGHT = 10; // a call that returns at once is drawn longer than it is, so that it can be seen

/** Draw the part of a lane that is seen.  `view`: {x(place), scale, from, to, left, right}; from and to are times. */
function drawStrip(pen, ink, segments, view, y, height, thread) {
  const walk = view.scale.walker();
  const bins = new Bins(pen, ink, y, height, thread);
  const first = firstWhere(segments.n, (index) => segments.t1(index) >= view.from);
  let x = first < segments.n ? view.x(walk(segments.t0(first))) : 0; // where the last one ended, and the next begins
  for (let index = first; index < segments.n && segments.t0(index) <= view.to; index += 1) {
    const x0 = Math.max(view.left, x);
    x = view.x(walk(segments.t1(index)));
    const x1 = Math.min(view.right, x);
    const state = segments.state[index];
    if (x1 - x0 < 1) bins.add(x0, state, segments.t1(index) - segments.t0(index));
    else bins.wide(x0, x1, state);
  }
  bins.flush();
}

/** Neighbouring pixels that show the same are drawn as one. */
class Bins {
  constructor(pen, ink, y, height, thread) {
    Object.assign(this, { pen, ink, y, height, thread });
    this.times = new Float64Array(STATES.length);
    this.pixel = this.from = this.to = -1;
    this.state = -1;
  }

  add(x, state, time) {
    const pixel = Math.floor(x);
    if (pixel !== this.pixel) this.settle();
    this.pixel = pixel;
    this.times[state] += time + 1e-3;
  }

  /** A stretch of at least a pixel: drawn as it is, with a hair of room to the next where it can be spared. */
  wide(x0, x1, state) {
    this.flush();
    const room = x1 - x0 > 4 && state !== IS.parked ? 0.75 : 0;
    stretch(this.pen, this.ink, state, x0, x1 - x0 - room, this.y, this.height);
  }

  /** The pixel is complete. */
  settle() {
    if (this.pixel < 0) return;
    const state = strongest(this.times, this.thread);
    this.times.fill(0);
    if (state !== this.state || this.pixel > this.to) this.paint();
    if (this.state < 0) this.from = this.pixel;
    this.state = state;
    this.to = this.pixel + 1;
    this.pixel = -1;
  }

  paint() {
    if (this.state >= 0) stretch(this.pen, this.ink, this.state, this.from, this.to - this.from, this.y, this.height);
    this.state = -1;
  }

  flush() {
    this.settle();
    this.paint();
  }
}

/** What a pixel shows: what held it up, if that is most of it; else what was done, calls first. */
function strongest(times, thread) {
  const done = times[IS.running] + times[IS.call] + times[IS.notYet];
  const waits = thread ? [IS.blocked, IS.asleep, IS.parked] : [IS.blocked, IS.asleep];
  const waited = waits.reduce((sum, state) => sum + times[state], 0);
  const most = (states, weight) => states.reduce((best, state) => (weight(state) > weight(best) ? state : best));
  if (waited > 0 && waited >= done) return most(waits, (state) => times[state]);
  if (done > 0) return most([IS.running, IS.call, IS.notYet], (state) => times[state] * (state === IS.running ? 1 : CALL_WEIGHT));
  return IS.parked;
}
