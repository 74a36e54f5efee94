// The source at the cursor: a box that shows the lines around one of them.

const AROUND = 60; // lines that are there to be scrolled to, above and below
const PRINTED_AROUND = 8; // above and below, where nothing scrolls

const coloured = new WeakMap();

/** The tokens of a file; made once. */
function colouredLines(run, file) {
  const lines = run.source(file);
  if (!coloured.has(lines)) coloured.set(lines, tokens(lines));
  return coloured.get(lines);
}

class SourceBox {
  constructor(run) {
    this.run = run;
    this.list = el("ol", { class: "source" });
    this.element = el("div", { class: "code", tabindex: 0, role: "group" }, this.list);
    this.file = "";
    this.from = this.to = 0;
    this.line = null;
    addEventListener("beforeprint", () => this.crop());
    addEventListener("afterprint", () => this.centre());
  }

  /** Show a line of a file. */
  show({ file, line }) {
    const lines = colouredLines(this.run, file);
    this.element.classList.toggle("empty", !lines.length);
    if (!lines.length) return this.apologise(file, line);
    const away = line - 1 < this.from + 12 || line - 1 >= this.to - 12;
    if (file !== this.file || (away && !(this.from === 0 && this.to === lines.length))) this.fill(file, lines, line - 1);
    this.line?.classList.remove("here");
    this.line?.removeAttribute("aria-current");
    this.line = this.list.children[line - 1 - this.from] ?? null;
    this.line?.classList.add("here");
    this.line?.setAttribute("aria-current", "true");
  }

  fill(file, lines, at) {
    this.file = file;
    [this.from, this.to] = lines.length <= 3 * AROUND ? [0, lines.length] : [Math.max(0, at - AROUND), Math.min(lines.length, at + AROUND)];
    this.element.setAttribute("aria-label", `Source: ${fileName(file)}`);
    this.element.style.setProperty("--digits", String(this.to).length);
    this.list.replaceChildren(...lines.slice(this.from, this.to).map((each, index) => sourceLine(each, this.from + index + 1)));
  }

  /** Have the line in the middle.  This has the page laid out: once all columns are filled, not in between. */
  centre() {
    if (!this.line) return;
    const { offsetTop, offsetHeight } = this.line;
    this.element.scrollTop = offsetTop - (this.element.clientHeight - offsetHeight) / 2;
    this.element.scrollLeft = 0;
  }

  /** Mark what is too far from the line to be printed with it. */
  crop() {
    const lines = [...this.list.children];
    const at = lines.indexOf(this.line);
    lines.forEach((line, index) => line.classList.toggle("far", at >= 0 && Math.abs(index - at) > PRINTED_AROUND));
  }

  apologise(file, line) {
    this.file = "";
    this.line = null;
    this.list.replaceChildren(el("li", { class: "absent" }, `The text of ${fileName(file)} is not in the trace. Line ${line}.`));
  }

  clear(words) {
    this.file = "";
    this.line = null;
    this.element.classList.add("empty");
    this.element.setAttribute("aria-label", "Source");
    this.list.replaceChildren(el("li", { class: "absent" }, words));
  }
}

function sourceLine(parts, number) {
  const spans = parts.map(([kind, text]) => (kind ? el("span", { class: `py-${kind}` }, text) : text));
  return el("li", { "data-number": number }, ...(spans.length ? spans : [" "]));
}
