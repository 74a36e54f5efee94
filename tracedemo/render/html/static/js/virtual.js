// A table of very many rows, of which only those in sight are in the page.  A row may be several lines high.

const BEYOND = 8; // rows above and below what is in sight
const ON_PAPER = 300; // rows that are printed
const ROW = 1.7; // em, of a line
const NARROW = 56; // em: with less room than this a row takes two lines
const SOME = 2_000; // more wakeups or turns than this are opened when somebody comes near them

/** A grid to read, to click, and to walk through with the keys.  `source`:
 *    label           what somebody hears who comes to it
 *    columns         [{name, title}]: a class and a head for each
 *    count()         how many rows there are now
 *    lines(row, narrow)   how many lines high a row is (1 if this is missing); narrow: there is little room
 *    fill(element, row)   puts the cells into a row
 *    choose(row)     a row was clicked, or gone to with the keys */
class Rows {
  constructor(source) {
    this.source = source;
    this.id = `rows-${(Rows.made = (Rows.made ?? 0) + 1)}`;
    this.head = el("div", { class: "row head", role: "row" }, ...source.columns.map(({ name, title }) => el("span", { class: `cell ${name}`, role: "columnheader" }, title)));
    this.body = el("div", { class: "body", role: "rowgroup" });
    this.box = el("div", { class: `rows ${source.name}`, role: "grid", tabindex: 0, "aria-label": source.label }, el("div", { class: "heads", role: "rowgroup" }, this.head), this.body);
    this.after = el("p", { class: "dim paper", hidden: true });
    this.shown = new Map();
    this.at = -1;
    this.box.addEventListener("scroll", () => this.draw());
    this.box.addEventListener("click", (event) => this.clicked(event));
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => this.measure()).observe(this.box);
    addEventListener("beforeprint", () => this.print());
    addEventListener("afterprint", () => this.renew());
  }

  /** The rows are others now. */
  renew() {
    this.printing = false;
    this.after.hidden = true;
    this.box.classList.remove("whole");
    this.count = this.source.count();
    this.tops = this.narrow = null;
    this.box.setAttribute("aria-rowcount", this.count + 1);
    this.head.setAttribute("aria-rowindex", 1);
    this.measure();
  }

  /** The text has another size, or the box has. */
  measure() {
    if (this.count === undefined || this.printing) return;
    const em = parseFloat(getComputedStyle(this.box).fontSize);
    const narrow = this.box.clientWidth < NARROW * em;
    this.box.classList.toggle("narrow", narrow);
    if (this.source.lines && narrow !== this.narrow) this.tops = tops(this.count, (row) => this.source.lines(row, narrow));
    this.narrow = narrow;
    this.high = Math.round(ROW * em);
    this.box.style.setProperty("--row", `${this.high}px`);
    this.body.style.height = `${this.top(this.count)}px`;
    this.clear();
    this.draw();
  }

  clear() {
    this.shown.clear();
    this.body.replaceChildren();
  }

  top(row) {
    return (this.tops ? this.tops[row] : row) * this.high;
  }

  /** The row at so many pixels from the top. */
  rowAt(y) {
    const line = y / this.high;
    return this.tops ? Math.max(0, firstWhere(this.count, (row) => this.tops[row + 1] > line)) : Math.floor(line);
  }

  /** Put the rows into the page that are in sight, and take out those that are not. */
  draw() {
    if (this.printing) return;
    const { scrollTop, clientHeight } = this.box;
    const from = within(this.rowAt(scrollTop) - BEYOND, 0, this.count);
    const to = within(this.rowAt(scrollTop + clientHeight) + 1 + BEYOND, 0, this.count);
    for (const [row, element] of this.shown) {
      if (row >= from && row < to) continue;
      element.remove();
      this.shown.delete(row);
    }
    for (let row = from; row < to; row += 1) if (!this.shown.has(row)) this.put(row);
    this.name();
  }

  put(row) {
    const element = this.made(row);
    element.style.top = `${this.top(row)}px`;
    element.style.height = `${this.top(row + 1) - this.top(row)}px`;
    this.shown.set(row, element);
    const next = this.shown.get(row + 1);
    if (next) next.before(element);
    else this.body.append(element);
  }

  made(row) {
    const element = el("div", { class: "row", role: "row", id: `${this.id}-${row}`, "aria-rowindex": row + 2 });
    if (row === this.at) element.classList.add("at");
    this.source.fill(element, row);
    return element;
  }

  /** Mark the row where the cursor is, -1 for none, and have it in sight. */
  mark(row, near = row) {
    this.shown.get(this.at)?.classList.remove("at");
    this.at = row;
    if (near >= 0 && near < this.count) this.reveal(near);
    this.shown.get(row)?.classList.add("at");
    this.name();
  }

  /** Who reads the page aloud is told where the cursor is. */
  name() {
    const here = this.shown.get(this.at);
    if (here) this.box.setAttribute("aria-activedescendant", here.id);
    else this.box.removeAttribute("aria-activedescendant");
    this.shown.forEach((element, row) => (row === this.at ? element.setAttribute("aria-selected", "true") : element.removeAttribute("aria-selected")));
  }

  reveal(row) {
    const { box } = this;
    const room = box.clientHeight - this.head.offsetHeight;
    const [top, bottom] = [this.top(row), this.top(row + 1)];
    if (top < box.scrollTop) box.scrollTop = Math.max(0, top - 2 * this.high);
    else if (bottom > box.scrollTop + room) box.scrollTop = bottom - room + 2 * this.high;
    this.draw();
  }

  clicked(event) {
    const element = event.target.closest(".row");
    const row = element && [...this.shown].find(([, each]) => each === element)?.[0];
    if (row !== undefined && !getSelection().toString()) this.source.choose(row, event.target.closest(".cell"));
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((this.box.clientHeight - this.head.offsetHeight) / this.high) - 1);
    const last = this.count - 1;
    const to = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, PageDown: this.at + page, PageUp: this.at - page, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.source.choose(within(to, 0, last), null);
  }

  /** On paper nobody scrolls: the first rows, as long as they are, and how many more there are. */
  print() {
    const { body, box, count, after } = this;
    this.clear();
    this.printing = true;
    const some = Math.min(count, ON_PAPER);
    box.classList.add("whole");
    body.style.height = "";
    for (let row = 0; row < some; row += 1) body.append(this.made(row));
    after.hidden = some === count;
    after.textContent = `${(count - some).toLocaleString("en")} more rows are not printed.`;
  }
}

/** Where each row begins, in lines; one more than there are rows. null: each has one line. */
function tops(count, lines) {
  const found = new Uint32Array(count + 1);
  for (let row = 0; row < count; row += 1) found[row + 1] = found[row] + lines(row);
  return found[count] === count ? null : found;
}

/** A cell: a text, with classes. */
const rowCell = (name, text, more = {}) => el("span", { class: `cell ${name}`, role: "gridcell", ...more }, text ?? "");

// What panels have in common

/** The head of a panel: {title, told}; `told` says in a few words how much there is. */
function headed(section, words, ...more) {
  const title = el("h2", { id: `${section.id}-title` }, words);
  const told = el("p", { class: "told", role: "status" });
  section.setAttribute("aria-labelledby", title.id);
  section.classList.add("panel", "card");
  section.append(el("div", { class: "bar" }, title, told, ...more));
  return { title, told };
}

/** The name of a panel that shows one of several runs. */
const ofRun = (model, words) => (model.runs.length > 1 ? `${words}: ${model.runs[state.run].title}` : words);

/** A number with its noun. */
const counted = (number, one) => `${withCommas(number)} ${one}${number === 1 ? "" : "s"}`;

/** Do something when a section comes near the screen, or at once if it is cheap. */
function whenNear(section, cheap, act) {
  if (cheap) return act();
  const watcher = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    watcher.disconnect();
    act();
  }, { rootMargin: "50%" });
  watcher.observe(section);
}

/** A panel of one long table, which follows the run and the cursor; it is filled when somebody comes near. */
class TablePanel {
  constructor(section, model, title, table) {
    Object.assign(this, { section, model, list: [] }, headed(section, title));
    this.rows = new Rows({ count: () => this.list.length, fill: (element, row) => this.fill(element, this.list[row]), ...table });
  }

  update(changed) {
    const run = this.model.runs[state.run];
    if (changed.has("run")) {
      const count = this.count(run);
      this.section.hidden = count === 0;
      this.head(run, count);
      this.list = [];
      this.rows.renew();
      whenNear(this.section, count <= SOME, () => run === this.model.runs[state.run] && this.open(run));
    }
    if (changed.has("size")) this.rows.measure();
    if (changed.has("steps") || changed.has("run")) this.follow();
  }
}
