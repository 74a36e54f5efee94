// The tables of the other views (render/html/tables.py), opened when they are asked for.

/** The tables of the other views as arrays of rows. */
function viewsOf(run) {
  const forms = run.form.views;
  const views = { loopHeads: forms.loopHeads };
  for (const [name, form] of Object.entries(forms)) {
    if (form.rows === undefined) continue;
    const frame = new Frame(new Int32Array(form.rows).fill(-1), null);
    let rows = null;
    const open = () => (rows ??= withReady(run, name, tableValues(form.as, frame, run.frame)));
    Object.defineProperty(views, name, { get: open, enumerable: true });
  }
  return views;
}

/** Wakeups know what was ready, when they are asked. */
function withReady(run, name, rows) {
  if (name !== "wakeups") return rows;
  for (const row of rows) Object.defineProperty(row, "ready", { get: () => run.readyItemsOf(row.step), enumerable: true });
  return rows;
}

/** The values of a column of a table (render/html/tables.py). */
function tableValues(form, frame, root) {
  const count = frame.length;
  if (form.raw) return form.raw;
  if (form.some !== undefined) {
    const some = plainNumbers(form.some, count);
    const values = tableValues(form.as, frame.below(placesOf(some)), root);
    let next = 0;
    return Array.from(some, (one) => (one ? values[next++] : null));
  }
  if (form.flags !== undefined) return Array.from(frame.numbers(form.flags), (flag) => flag === 1);
  if (form.numbers !== undefined) return Array.from(frame.numbers(form.numbers));
  if (form.tenths !== undefined) return Array.from(frame.numbers(form.tenths), (tenths) => tenths / 10);
  if (form.texts) {
    const texts = new Texts(form.texts, frame);
    return Array.from({ length: count }, (_, row) => texts.at(row));
  }
  if (form.lists) {
    const starts = startsOf(plainNumbers(form.lists.counts, count));
    const items = tableValues(form.lists.items, frame.below(parentsOf(starts)), root);
    return Array.from({ length: count }, (_, row) => items.slice(starts[row], starts[row + 1]));
  }
  return tableRows(form.fields, frame, root);
}

/** Rows with fields; those that are about a step know what is known of that. */
function tableRows(forms, frame, root) {
  let own = frame;
  if (forms.step && root.length) own = root.below(frame.numbers(forms.step.numbers).map((step) => Math.max(step, 0)));
  const fields = Object.entries(forms).map(([name, form]) => [name, tableValues(form, name === "step" ? frame : own, root)]);
  return Array.from({ length: frame.length }, (_, row) => Object.fromEntries(fields.map(([name, values]) => [name, values[row]])));
}

/** Where the flags are set. */
function placesOf(flags) {
  const places = [];
  flags.forEach((flag, place) => flag && places.push(place));
  return places;
}
