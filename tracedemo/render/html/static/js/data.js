// The data of the page as a model: what all panels read.  Times are microseconds from the beginning of the run, to 0.1.
// Everything is opened when it is first asked for; texts are made one by one.

/** The model, from the element #data. */
async function loadModel() {
  const element = document.getElementById("data");
  const text = element.type === "application/json" ? element.textContent : await unpacked(element.textContent);
  element.textContent = "";
  const data = JSON.parse(text);
  return { title: data.title, made: data.made, words: data.words, runs: data.runs.map((form) => new Run(form, data.words)), joint: data.joint, diff: data.diff };
}

/** Text that was compressed and written as base64. */
async function unpacked(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/** One run.  Fields that the data gives as they are: name, title, subtitle, notes, wall, n, verdict, shares. */
class Run {
  constructor(form, words) {
    for (const field of ["name", "title", "subtitle", "notes", "wall", "n", "verdict", "shares"]) this[field] = form[field];
    this.form = form;
    this.words = words;
    const steps = form.steps;
    const column = (name) => plainNumbers(steps[name], this.n);
    this.told = plainNumbers(form.sockets.told, form.sockets.count);
    this.openReady(steps.ready);
    this.openSockets(form.sockets.stories.count);
    this.openSteps(steps);
    this.openTexts(steps);
  }

  /** Which sockets there are, and whose each step is. */
  openSockets(count) {
    const facts = new Map();
    const fact = (number) => {
      if (!facts.has(number)) facts.set(number, plainNumbers(this.form.facts[number], count + 1));
      return facts.get(number);
    };
    this.socketFrame = new Frame(this.told, fact);
    const lanes = new Int32Array(count).fill(-1);
    this.told.forEach((place, lane) => (lanes[place] = lane));
    this.laneOf = (place) => (place < 0 ? -1 : lanes[place]);
    this.about = whoseSteps(this.form.steps.whose, this.n, this.readyItems);
    this.frame = new Frame(this.about, fact);
  }

  /** The columns of numbers.  Those that others point to are known to the frame by name. */
  openSteps(steps) {
    const { frame } = this;
    const took = (this.took = plainNumbers(steps.took, this.n));
    this.thread = plainNumbers(steps.thread, this.n);
    const code = (name, form) => {
      const codes = frame.numbers(form);
      frame.known.set(name, Known.of(codes));
      return codes;
    };
    this.opCodes = code("op", steps.op.code);
    this.state = code("state", steps.state);
    this.answered = code("answered", steps.answered);
    this.moment = code("moment", steps.moment);
    this.phase = code("phase", steps.phase.code);
    this.phases = steps.phase.names;
    this.entries = entriesOf(plainNumbers(steps.gap, this.n), took, this.state);
    this.ends = endsOf(this.entries, took, this.form.last);
    frame.known.set("t0", Known.of(this.entries));
    frame.known.set("t1", Known.of(this.ends));
    this.siteCodes = code("site", steps.site);
    this.hasKernel = steps.beneath !== undefined;
  }

  /** The columns of texts. */
  openTexts(steps) {
    this.frame.known.set("fd", new Known((step) => this.firstReady(step), () => packed(Array.from({ length: this.n }, (_, step) => this.firstReady(step)))));
    for (const [name, told] of Object.entries(LISTS)) this.frame.said.set(name, (step) => told(this.readyItemsOf(step)));
    for (const name of ["who", "call", "answer", "sentence"]) this[`${name}Texts`] = new Texts(steps[name], this.frame, name);
  }

  /** When a step begins. */
  t0(step) {
    return this.entries[step] / 10;
  }

  /** How long it took; NaN: it never came back. */
  dur(step) {
    return this.took[step] < 0 ? NaN : this.took[step] / 10;
  }

  /** The lane of the socket that it is about; -1: none. */
  conn(step) {
    return this.laneOf(this.about[step]);
  }

  op(step) {
    return this.form.steps.op.names[this.opCodes[step]];
  }

  call(step) {
    return this.callTexts.at(step);
  }

  answer(step) {
    return this.answerTexts.at(step);
  }

  sentence(step) {
    return this.sentenceTexts.at(step);
  }

  who(step) {
    return this.whoTexts.at(step);
  }

  /** Whether it ended in an error other than "not yet". */
  fails(step) {
    return this.answered[step] === 2;
  }

  /** The number of the event in its lane and process, as a trace file has it. */
  seq(step) {
    return this.seqs[step];
  }

  get seqs() {
    if (this.seqsMade) return this.seqsMade;
    const process = this.form.threads.process;
    const groups = Int32Array.from(this.state, (state, step) => 2 * process[this.thread[step]] + (state === 0));
    return (this.seqsMade = new Frame(groups, null).numbers(this.form.steps.seq));
  }

  /** What a filter looks at, in small letters. */
  filterText(step) {
    return [this.who(step), this.call(step), this.answer(step), this.sentence(step)].join(" ").toLowerCase();
  }

  // Source

  site(step) {
    const code = this.siteCodes[step];
    if (code < 0) return null;
    const [file, line, name] = this.form.sources.sites[code];
    return { file: this.form.sources.files[file].name, line, function: name };
  }

  /** The lines of a file; of a long one those that are not there are empty, and the first of them says so. */
  source(file) {
    this.sourcesMade ??= new Map();
    if (!this.sourcesMade.has(file)) {
      this.sourcesMade.set(file, sourceLines(this.form.sources.files.find((form) => form.name === file)));
    }
    return this.sourcesMade.get(file);
  }

  // Beneath

  /** The system calls inside a step, as lines. */
  beneath(step) {
    if (!this.hasKernel) return [];
    const lines = this.beneathLines;
    const found = [];
    for (let line = lines.starts[step]; line < lines.starts[step + 1]; line += 1) {
      const took = lines.took[line];
      found.push({
        text: lines.text.at(line),
        aloud: lines.aloud.at(line),
        took: took < 0 ? NaN : took / 10,
        notYet: (lines.flags[line] & 1) === 1,
        failed: (lines.flags[line] & 2) === 2,
      });
    }
    return found;
  }

  get beneathLines() {
    if (this.beneathMade) return this.beneathMade;
    const form = this.form.steps.beneath;
    const starts = startsOf(plainNumbers(form.counts, this.n));
    const count = starts[this.n];
    const frame = this.frame.below(parentsOf(starts));
    const text = new Texts(form.text, frame, "text");
    const aloud = new Texts(form.aloud, frame);
    const [took, flags] = [plainNumbers(form.took, count), plainNumbers(form.flags, count)];
    return (this.beneathMade = { starts, took, flags, text, aloud });
  }

  // Ready

  /** Of all that selects found ready: whose it is.  What else is known of it is opened when somebody asks. */
  openReady(form) {
    const starts = startsOf(plainNumbers(form.counts, this.n));
    this.readyItems = { starts, conn: plainNumbers(form.conn, starts[this.n]) };
  }

  get readyTexts() {
    if (this.readyTextsMade) return this.readyTextsMade;
    const form = this.form.steps.ready;
    const frame = new Frame(this.readyItems.conn, this.frame.facts);
    const texts = (name) => new Texts(form[name], frame);
    return (this.readyTextsMade = { fd: frame.numbers(form.fd), events: texts("events"), owner: texts("owner"), cause: texts("cause") });
  }

  /** The sockets that a step found ready. */
  ready(step) {
    const { starts, conn } = this.readyItems;
    return conn.slice(starts[step], starts[step + 1]).map(this.laneOf).filter((socket) => socket >= 0);
  }

  /** What a step found ready: [{fd, events, socket, owner, cause}]. */
  readyItemsOf(step) {
    const { starts, conn } = this.readyItems;
    const { fd, events, owner, cause } = this.readyTexts;
    const found = [];
    for (let item = starts[step]; item < starts[step + 1]; item += 1) {
      found.push({ fd: fd[item], events: events.at(item), socket: this.laneOf(conn[item]), owner: owner.at(item), cause: cause.at(item) });
    }
    return found;
  }

  /** The descriptor that a step found ready, the first of several; -1: it found none. */
  firstReady(step) {
    const { starts } = this.readyItems;
    return starts[step] < starts[step + 1] ? this.readyTexts.fd[starts[step]] : -1;
  }

  // Lanes

  get threads() {
    return (this.threadsMade ??= threadLanes(this));
  }

  get sockets() {
    return (this.socketsMade ??= socketLanes(this));
  }

  /** What each socket is at a step: the first `most` of them, and how many others are what. */
  socketsNow(step, most = Infinity) {
    return this.stories.now(step, most);
  }

  get stories() {
    return (this.storiesMade ??= new Stories(this));
  }

  /** The tables of the other views, each opened when it is asked for. */
  get views() {
    return (this.viewsMade ??= viewsOf(this));
  }
}

/** Of each item the row that it belongs to. */
function parentsOf(starts) {
  const parents = new Uint32Array(starts[starts.length - 1]);
  for (let row = 0; row < starts.length - 1; row += 1) parents.fill(row, starts[row], starts[row + 1]);
  return parents;
}

function sourceLines(form) {
  if (!form) return [];
  const lines = new Array(form.lines).fill("");
  let next = 1;
  const gap = (until) => {
    if (until > next) lines[next - 1] = `… ${(until - next).toLocaleString("en")} lines that are not shown`;
  };
  for (const [first, texts] of form.blocks) {
    gap(first);
    texts.forEach((text, index) => (lines[first - 1 + index] = text));
    next = first + texts.length;
  }
  gap(form.lines + 1);
  return lines;
}

/** When each step begins: a while after the one before it ended, if that was a call that returned, else began. */
function entriesOf(gaps, took, state) {
  const entries = new Float64Array(gaps.length);
  let before = 0;
  for (let step = 0; step < entries.length; step += 1) {
    entries[step] = before + gaps[step];
    before = entries[step] + (state[step] && took[step] >= 0 ? took[step] : 0);
  }
  return packed(entries);
}

/** When each step ends; the one that never came back, with the run. */
function endsOf(entries, took, last) {
  const ends = new Float64Array(entries.length);
  for (let step = 0; step < ends.length; step += 1) ends[step] = took[step] >= 0 ? entries[step] + took[step] : last;
  return packed(ends);
}

/** Whose each step is: see render/html/whose.py. */
function whoseSteps(form, count, { starts, conn }) {
  const [SAME, NONE, NEXT, NEW] = [0, 1, 2, 3];
  const codes = plainNumbers(form.code, count);
  const found = new Int32Array(count);
  let [before, highest, other, waiting, end] = [-1, -1, 0, 0, 0];
  for (let step = 0; step < count; step += 1) {
    while (waiting < end && conn[waiting] < 0) waiting += 1;
    const next = waiting < end ? conn[waiting] : -1;
    if (codes[step] === NONE) before = -1;
    else if (codes[step] === NEXT) before = next;
    else if (codes[step] === NEW) before = highest + 1;
    else if (codes[step] !== SAME) before = form.others[other++];
    if (before >= 0 && next === before) waiting += 1;
    if (starts[step] < starts[step + 1]) [waiting, end] = [starts[step], starts[step + 1]];
    if (before > highest) highest = before;
    found[step] = before;
  }
  return found;
}

/** How lists of what was ready are told: render/html/ready.py. */
const LISTS = {
  fds: (items) => [...new Set(items.map((item) => item.fd))].join(", "),
  aloud: (items) => items.map((item) => `fd ${item.fd} (${item.events.replaceAll("|", " and ")})`).join(", "),
  kernel: (items) => items.map((item) => `${item.fd} ${item.events.replaceAll("READ", "IN").replaceAll("WRITE", "OUT")}`).join(", "),
};
