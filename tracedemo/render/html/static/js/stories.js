// What becomes of each socket while the run is walked through (render/html/sockets.py).

/** What becomes of each socket: see render/html/sockets.py. */
class Stories {
  constructor(run) {
    this.run = run;
    this.form = run.form.sockets.stories;
    this.count = this.form.count;
    const frame = new Frame(Int32Array.from({ length: this.count }, (_, place) => place), run.frame.facts);
    this.label = new Texts(this.form.label, frame);
    this.codes = plainNumbers(this.form.code, this.count);
    this.others = plainNumbers(this.form.others, this.form.otherCount);
    const othersOf = this.form.kinds.map((kind) => changesOf(kind).filter(([which]) => which < 0).length);
    this.firstOther = startsOf(picked(packed(othersOf), this.codes));
    this.fds = frame.numbers(this.form.fd);
    this.process = plainNumbers(this.form.process, this.count);
    this.steps = stepsByLane(this.count, run.about, () => true);
  }

  /** The last change of a socket at or before a step: {status, events, fd, waits, step}. */
  at(socket, step) {
    const own = this.steps(socket);
    const kind = this.form.kinds[this.codes[socket]];
    let [other, fd, at, since] = [this.firstOther[socket], this.fds[socket], 0, -1];
    for (; at < kind.length; at += CHANGE) {
      const made = kind[at] < 0 ? this.others[other++] : own[kind[at]];
      if (made > step) break;
      if (kind[at + 3]) fd = kind[at + 3] - 2;
      since = made;
    }
    if (!at) return UNOPENED;
    const last = at - CHANGE;
    return { status: kind[last + 1], events: this.form.events[kind[last + 2]], fd: fd < 0 ? null : fd, waits: kind[last + 4] === 1, step: since };
  }

  now(step, most) {
    const ready = new Map(this.run.readyItemsOf(step).map(({ fd, events }) => [fd, events]));
    const list = [];
    const rest = new Map();
    for (let socket = 0; socket < this.count; socket += 1) {
      const { status, events, fd } = this.told(socket, step, ready);
      if (list.length < most) {
        const words = statusWords(this.run.words, status, events);
        list.push({ index: this.run.laneOf(socket), label: this.label.at(socket), fd, status, words });
        continue;
      }
      if (!rest.has(events)) rest.set(events, new Uint32Array(this.run.words.statuses.length));
      rest.get(events)[status] += 1;
    }
    return { list, more: this.counted(rest) };
  }

  /** How many sockets are what, in words, in the order of the statuses. */
  counted(rest) {
    const more = [];
    this.run.words.statuses.forEach((_, status) => {
      for (const [events, counts] of rest) {
        if (counts[status]) more.push({ words: statusWords(this.run.words, status, events), count: counts[status] });
      }
    });
    return more;
  }

  /** What a socket is: as its last change says, or as the step itself does. */
  told(socket, step, ready) {
    const { run } = this;
    const change = this.at(socket, step);
    if (socket === run.about[step] && run.op(step) !== "yield") {
      if (run.state[step] === BLOCKED) return { ...change, status: STATUS.holds, events: run.op(step) };
      return change.status === STATUS.open ? { ...change, status: STATUS.busy } : change;
    }
    if (change.waits && (Number.isNaN(run.dur(change.step)) || run.ends[change.step] > run.entries[step])) {
      return { ...change, status: STATUS.holds, events: run.op(change.step) };
    }
    const process = run.form.threads.process[run.thread[step]];
    if (ready.has(change.fd) && this.process[socket] === process && change.status !== STATUS.closed) {
      return { ...change, status: STATUS.ready, events: ready.get(change.fd) };
    }
    return change;
  }
}

const UNOPENED = { status: 0, events: "", fd: null, waits: false, step: -1 };

/** Numbers in a change. */
const CHANGE = 5;

/** The changes of a kind of story, each by itself. */
function changesOf(kind) {
  return Array.from({ length: kind.length / CHANGE }, (_, at) => kind.slice(CHANGE * at, CHANGE * at + CHANGE));
}

const BLOCKED = 3;
const STATUS = { holds: 1, busy: 2, ready: 3, open: 7, closed: 8 };

/** What to say of a socket. */
function statusWords(words, status, events) {
  const { name, about } = words.statuses[status];
  return events && about ? about.join(events) : name;
}
