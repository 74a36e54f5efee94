// Columns as Python wrote them (render/html/columns.py and texts.py say how), opened when somebody asks for them.

const FIRST = 35;
const SMALL = 57;
const SPAN = 512; // rows whose templates are counted together
const [COMMAS, LIST] = [1, 2]; // render/html/texts.py

/** A column of a frame that others may follow from: one of its numbers, or all of them, which are opened only then. */
class Known {
  constructor(at, open) {
    this.at = at;
    this.open = open;
  }

  static of(values) {
    return new Known((row) => values[row], () => values);
  }

  get all() {
    return (this.opened ??= this.open());
  }
}

/** Rows of something: the group of each, and the columns of them that are known, by name. */
class Frame {
  constructor(groups, facts) {
    this.opened = groups;
    this.count = groups?.length;
    this.facts = facts;
    this.known = new Map();
    this.said = new Map();
  }

  get length() {
    return this.count;
  }

  get groups() {
    return (this.opened ??= this.open());
  }

  group(row) {
    return this.opened[row];
  }

  /** Rows that belong to rows of this one. */
  below(rows) {
    const frame = new Frame(null, this.facts);
    frame.group = (row) => this.group(rows[row]);
    frame.open = () => picked(this.groups, rows);
    frame.count = rows.length;
    for (const [name, column] of this.known) frame.known.set(name, new Known((row) => column.at(rows[row]), () => picked(column.all, rows)));
    for (const [name, said] of this.said) frame.said.set(name, (row) => said(rows[row]));
    return frame;
  }

  /** The numbers of a column. */
  numbers(form) {
    if (form.as !== undefined) return this.known.get(form.as).all;
    if (form.by !== undefined) return picked(packed(form.to), this.known.get(form.by).all);
    if (form.of !== undefined) return factOf(this.facts(form.of), this.groups);
    if (form.g !== undefined) return summedInGroups(plainNumbers(form.g, this.length), this.groups);
    return plainNumbers(form, this.length);
  }

  /** What reads a column of some rows, given a row; what follows from others is not copied.
   *  `texts.rank(row)`: the how many-eth of these rows it is; `texts.rowsOf(number)`: they. */
  reader(form, texts, number) {
    if (typeof form === "number") return () => form;
    if (form.as !== undefined) return this.known.get(form.as).at;
    if (form.by !== undefined) {
      const { at } = this.known.get(form.by);
      return (row) => form.to[at(row)];
    }
    if (form.of !== undefined) {
      const fact = this.facts(form.of);
      return (row) => fact[this.group(row) < 0 ? fact.length - 1 : this.group(row)];
    }
    const values = form.g === undefined ? plainNumbers(form, texts.count(number)) : summedInGroups(plainNumbers(form.g, texts.count(number)), picked(this.groups, texts.rowsOf(number)));
    return (row) => values[texts.rank(row)];
  }
}

// Plain loops here and below: `from` with a function takes ten times as long.  And small arrays: a large run has forty
// columns, and each is as wide as its numbers need.  Three kinds, no more: the machine's code for a loop knows four at most.

/** Room for so many whole numbers, of which none is less than `low` or more than `high`. */
function roomFor(count, low, high) {
  if (low >= 0 && high < 256) return new Uint8Array(count);
  if (low >= -(2 ** 31) && high < 2 ** 31) return new Int32Array(count);
  return new Float64Array(count);
}

/** Whole numbers in an array that is no wider than they need. */
function packed(numbers) {
  let [low, high] = [0, 0];
  for (let at = 0; at < numbers.length; at += 1) {
    if (numbers[at] < low) low = numbers[at];
    if (numbers[at] > high) high = numbers[at];
  }
  const found = roomFor(numbers.length, low, high);
  found.set(numbers);
  return found;
}

/** The values at some places. */
function picked(values, places) {
  const found = new values.constructor(places.length);
  for (let at = 0; at < found.length; at += 1) found[at] = values[places[at]];
  return found;
}

/** What a fact says of each group; its last number is for rows without one. */
function factOf(fact, groups) {
  const found = new fact.constructor(groups.length);
  for (let row = 0; row < found.length; row += 1) found[row] = fact[groups[row] < 0 ? fact.length - 1 : groups[row]];
  return found;
}

/** The numbers of a column whose rows belong to no group. */
function plainNumbers(form, count) {
  if (typeof form === "number") return roomFor(count, form, form).fill(form);
  if (typeof form === "string") return fromDigits({ p: [form], from: 0 }, count);
  if (form.d !== undefined) return summed(plainNumbers(form.d, count));
  if (form.p !== undefined) return fromDigits(form, count);
  return packed(form);
}

/** Numbers that were written digit by digit, the low ones first. */
function fromDigits({ p, from }, count) {
  const numbers = roomFor(count, from, from + SMALL ** p.length);
  for (let place = 0; place < p.length; place += 1) addDigits(numbers, p[place], SMALL ** place, place ? 0 : from);
  return numbers instanceof Float64Array ? packed(numbers) : numbers;
}

function addDigits(numbers, letters, worth, from) {
  for (let row = 0; row < numbers.length; row += 1) numbers[row] += from + worth * (letters.charCodeAt(row) - FIRST);
}

function summed(changes) {
  const sums = new Float64Array(changes.length);
  let last = 0;
  for (let row = 0; row < sums.length; row += 1) sums[row] = last += changes[row];
  return packed(sums);
}

function summedInGroups(changes, groups) {
  const last = new Map();
  const sums = new Float64Array(changes.length);
  let first = 0;
  for (let row = 0; row < sums.length; row += 1) {
    const known = last.get(groups[row]);
    sums[row] = known === undefined ? (first += changes[row]) : known + changes[row];
    last.set(groups[row], sums[row]);
  }
  return packed(sums);
}

/** Where the rows of each parent begin: one more than there are parents. */
function startsOf(counts) {
  const starts = new Uint32Array(counts.length + 1);
  for (let row = 0; row < counts.length; row += 1) starts[row + 1] = starts[row] + counts[row];
  return starts;
}

const withCommas = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** A column of texts, each made when it is asked for. */
class Texts {
  constructor(form, frame, name = "") {
    this.form = form;
    this.frame = frame;
    this.slots = form.templates.map(() => null);
    this.span = -1;
    for (let place = 0; name && place < this.places; place += 1) {
      frame.known.set(name + place, new Known((row) => this.number(row, place), () => this.numbers(place)));
    }
    if (name) frame.known.set(name, new Known((row) => this.codes[row], () => this.codes));
  }

  get places() {
    return Math.max(0, ...this.form.templates.map((template, number) => (template[0] === LIST ? 0 : this.form.slots[number].length)));
  }

  /** Of each row the number of its template. */
  get codes() {
    return (this.codesMade ??= this.frame.numbers(this.form.code));
  }

  /** How many rows of each template there are before each `SPAN` rows; the last are of all rows. */
  get before() {
    if (this.beforeMade) return this.beforeMade;
    const { codes } = this;
    const wide = this.slots.length;
    const before = new Uint32Array((Math.ceil(codes.length / SPAN) + 1) * wide);
    const counts = new Uint32Array(wide);
    for (let row = 0; row < codes.length; row += 1) {
      if (row % SPAN === 0) before.set(counts, (row / SPAN) * wide);
      counts[codes[row]] += 1;
    }
    before.set(counts, before.length - wide);
    return (this.beforeMade = before);
  }

  /** How many rows a template has. */
  count(number) {
    return this.before[this.before.length - this.slots.length + number];
  }

  /** The rows of a template. */
  rowsOf(number) {
    const { codes } = this;
    const rows = new Uint32Array(this.count(number));
    for (let row = 0, at = 0; at < rows.length; row += 1) if (codes[row] === number) rows[at++] = row;
    return rows;
  }

  /** The how many-eth row of its template a row is. Those near it are found with it. */
  rank(row) {
    const span = Math.floor(row / SPAN);
    if (span !== this.span) this.openSpan(span);
    return this.ranks[row % SPAN];
  }

  openSpan(span) {
    const { before, codes } = this;
    const wide = this.slots.length;
    const counts = before.slice(span * wide, (span + 1) * wide);
    this.ranks ??= new Uint32Array(SPAN);
    this.span = span;
    for (let row = span * SPAN, at = 0; at < SPAN && row < codes.length; row += 1, at += 1) this.ranks[at] = counts[codes[row]]++;
  }

  /** What reads the columns of a template: numbers of a row, or, of a list, its parts. */
  columns(number) {
    if (this.slots[number]) return this.slots[number];
    const forms = this.form.slots[number];
    const list = this.form.templates[number][0] === LIST;
    const columns = list ? [new Parts(forms[0], this.frame, this.rowsOf(number))] : forms.map((form) => this.frame.reader(form, this, number));
    return (this.slots[number] = columns);
  }

  /** What stands in a place of a row: -1 where nothing does. */
  number(row, place) {
    const number = this.codes[row];
    if (this.form.templates[number][0] === LIST || this.form.slots[number].length <= place) return -1;
    return this.columns(number)[place](row);
  }

  /** What stands in the same place of all rows. */
  numbers(place) {
    const values = new Float64Array(this.frame.length);
    for (let row = 0; row < values.length; row += 1) values[row] = this.number(row, place);
    return packed(values);
  }

  /** The text of a row. */
  at(row) {
    const number = this.codes[row];
    const template = this.form.templates[number];
    if (template.length === 1 && typeof template[0] === "string") return template[0];
    const columns = this.columns(number);
    if (template[0] === LIST) return columns[0].at(this.rank(row));
    let place = 0;
    let text = "";
    for (const piece of template) {
      if (typeof piece === "string") text += piece;
      else if (typeof piece === "object") text += this.frame.said.get(piece[0])(row);
      else text += piece === COMMAS ? withCommas(columns[place++](row)) : columns[place++](row);
    }
    return text;
  }
}

/** Long lists: the texts between their commas. */
class Parts {
  constructor(form, frame, rows) {
    this.starts = startsOf(plainNumbers(form.counts, rows.length));
    const above = new Uint32Array(this.starts[rows.length]);
    rows.forEach((row, rank) => above.fill(row, this.starts[rank], this.starts[rank + 1]));
    this.texts = new Texts(form.parts, frame.below(above));
  }

  at(rank) {
    const parts = [];
    for (let place = this.starts[rank]; place < this.starts[rank + 1]; place += 1) parts.push(this.texts.at(place));
    return parts.join(", ");
  }
}
