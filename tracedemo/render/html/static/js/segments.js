// The lanes of the timeline: threads and sockets.

/** A lane begins and ends with a step that is nearer than this to its calls, or else at a time that is given. */
const REACH = 4;
const RULE = { own: 0, entry: 1, end: 2, last: 3, number: 4, next: 5 };

/** The segments of a lane. Each begins where the one before it ended. */
class Segments {
  /** `last`: no edge is later than that, in tenths. */
  constructor(n, last) {
    this.n = n;
    this.edges = roomFor(n + 1, -1, last);
    this.state = new Uint8Array(n);
    this.step = new Int32Array(n);
  }

  /** When one begins, in microseconds. */
  t0(at) {
    return this.edges[at] / 10;
  }

  /** When it ends. */
  t1(at) {
    return this.edges[at + 1] / 10;
  }
}

/** Opens segments (render/html/lanes.py says how they are written). */
class Lanes {
  /** `calls(lane)`: the steps that are its calls, ascending. */
  constructor(run, form, count, calls) {
    this.run = run;
    this.form = form;
    this.calls = calls;
    this.starts = startsOf(plainNumbers(form.counts, count));
    this.edges = ["begin", "end"].map((edge) => ({ which: plainNumbers(form[edge].which, count), time: plainNumbers(form[edge].time, count) }));
    this.codes = plainNumbers(form.code, this.starts[count]);
    this.numbersBefore = new Uint32Array(count + 1);
    for (let lane = 0; lane < count; lane += 1) {
      let numbers = 0;
      for (let at = this.starts[lane]; at < this.starts[lane + 1]; at += 1) numbers += form.kinds[this.codes[at]][2] === RULE.number;
      this.numbersBefore[lane + 1] = this.numbersBefore[lane] + numbers;
    }
  }

  /** When a lane begins, in tenths. */
  begin(lane) {
    const { which, time } = this.edges[0];
    return which[lane] === REACH ? time[lane] : this.run.entries[this.calls(lane)[0] - which[lane]];
  }

  /** When it ends. */
  end(lane) {
    const { which, time } = this.edges[1];
    return which[lane] === REACH ? time[lane] : this.run.ends[this.calls(lane).at(-1) + which[lane]];
  }

  segments(lane) {
    const { run, form } = this;
    const calls = this.calls(lane);
    const n = this.starts[lane + 1] - this.starts[lane];
    const found = new Segments(n, this.run.form.last);
    let number = this.numbersBefore[lane];
    let last = -1;
    let now = this.begin(lane);
    const end = this.end(lane);
    found.edges[0] = now;
    for (let at = 0; at < n; at += 1) {
      const [state, place, rule, which] = form.kinds[this.codes[this.starts[lane] + at]];
      const step = place === null ? -1 : calls[last + place];
      const following = last + Math.max(place ?? 0, 0) + 1;
      const base = which < 0 ? calls[following] : last >= 0 ? calls[last] : 0;
      if (rule === RULE.own) now = run.ends[step];
      else if (rule === RULE.entry) now = run.entries[base + which];
      else if (rule === RULE.end) now = run.ends[base + which];
      else if (rule === RULE.last) now = end;
      else if (rule === RULE.next) now = run.entries[calls[following]];
      else now += form.numbers[number++];
      found.edges[at + 1] = now;
      found.state[at] = state < 0 ? run.state[step] : state;
      found.step[at] = step;
      last += Math.max(place ?? 0, 0);
    }
    return found;
  }
}

/** The steps of each of some lanes, ascending, as typed arrays that share one. */
function stepsByLane(count, lanes, wanted) {
  const counts = new Uint32Array(count);
  for (let step = 0; step < lanes.length; step += 1) if (lanes[step] >= 0 && wanted(step)) counts[lanes[step]] += 1;
  const starts = startsOf(counts);
  const places = starts.slice();
  const steps = new Uint32Array(starts[count]);
  for (let step = 0; step < lanes.length; step += 1) if (lanes[step] >= 0 && wanted(step)) steps[places[lanes[step]]++] = step;
  return (lane) => steps.subarray(starts[lane], starts[lane + 1]);
}

/** The threads: {label, t0, t1, segments}. */
function threadLanes(run) {
  const form = run.form.threads;
  const calls = stepsByLane(form.label.length, run.thread, (step) => run.state[step] > 0);
  const lanes = new Lanes(run, form.lanes, form.label.length, calls);
  return form.label.map((label, lane) => new ThreadLane(label, lane, lanes));
}

/** A lane whose segments are made when they are first looked at. */
class ThreadLane {
  constructor(label, lane, lanes) {
    this.label = label;
    this.lane = lane;
    this.lanes = lanes;
    this.t0 = lanes.begin(lane) / 10;
    this.t1 = lanes.end(lane) / 10;
  }

  get segments() {
    return (this.segmentsMade ??= this.lanes.segments(this.lane));
  }
}

/** A socket: {label, owner, peer, kind, place, t0, t1, segments}. */
class SocketLane {
  constructor(lane, shared) {
    this.lane = lane;
    this.shared = shared;
  }

  get label() {
    return this.shared.label.at(this.lane);
  }

  get owner() {
    return this.shared.owner.at(this.lane);
  }

  get peer() {
    return this.shared.peer.at(this.lane);
  }

  get kind() {
    return this.shared.form.kind.names[this.shared.kinds[this.lane]];
  }

  /** The how many-eth it is in order of connecting, from 1; 0: it is not counted. */
  get place() {
    return this.shared.places[this.lane];
  }

  get t0() {
    return this.shared.lanes.begin(this.lane) / 10;
  }

  get t1() {
    return this.shared.lanes.end(this.lane) / 10;
  }

  get segments() {
    return this.shared.lanes.segments(this.lane);
  }
}

function socketLanes(run) {
  const form = run.form.sockets;
  const frame = run.socketFrame;
  const { count } = form;
  const own = (lane) => run.stories.steps(run.told[lane]).filter((step) => run.state[step] > 0);
  const lookups = plainNumbers(form.lookup, count);
  const calls = (lane) => (lookups[lane] < 0 ? own(lane) : withStep(own(lane), lookups[lane]));
  const shared = {
    form,
    label: new Texts(form.label, frame),
    owner: new Texts(form.owner, frame),
    peer: new Texts(form.peer, frame),
    kinds: plainNumbers(form.kind.code, count),
    places: frame.numbers(form.place),
    lanes: new Lanes(run, form.lanes, count, calls),
  };
  return Array.from({ length: count }, (_, lane) => new SocketLane(lane, shared));
}

function withStep(steps, step) {
  if (steps.includes(step)) return steps;
  return Uint32Array.from([...steps, step]).sort();
}
