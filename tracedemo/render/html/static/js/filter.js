// The filter: the words of --only, and beside them any text.  Words of one field are alternatives, and all fields must agree.

const NUMBER_FIELDS = ["fd", "conn", "pid", "tid"];

/** What a filter lets through: {count, has(step), names(word), problem, all}; an empty text, or one that is wrong: all steps. */
function filterOf(run, text) {
  const known = (run.filtersMade ??= new Map());
  if (!known.has(text)) {
    if (known.size > 20) known.clear();
    known.set(text, filterMade(run, text));
  }
  return known.get(text);
}

function filterMade(run, text) {
  const words = text.split(",").map((word) => word.trim()).filter(Boolean);
  const all = { count: run.n, has: () => true, names: () => false, problem: "", all: true };
  if (!words.length) return all;
  const terms = new Map();
  let problem = "";
  for (const word of words) {
    const [field, value, wrong] = termOf(run, word);
    problem ||= wrong ?? "";
    if (!wrong) terms.set(field, [...(terms.get(field) ?? []), testOf(run, field, value)]);
  }
  if (problem) return { ...all, problem };
  const fits = new Uint8Array(run.n);
  const fields = [...terms.values()];
  let count = 0;
  for (let step = 0; step < run.n; step += 1) {
    if (fields.every((tests) => tests.some((test) => test(step)))) count += fits[step] = 1;
  }
  return { count, has: (step) => fits[step] === 1, names: (word) => words.includes(word), problem, all: false };
}

/** [field, value] of a word, or a third: what is wrong with it. */
function termOf(run, word) {
  const { ops, answers, fields, fixed, errnos } = run.words.filter;
  const at = word.indexOf("=");
  const [field, value] = at < 0 ? ["", ""] : [word.slice(0, at).trim(), word.slice(at + 1).trim()];
  if (at >= 0 && /^\w+$/.test(field)) {
    if (!fields.includes(field)) return ["", "", `There is no field “${field}”. Fields: ${fields.join(", ")}.`];
    if (NUMBER_FIELDS.includes(field) && !/^[0-9]+$/.test(value)) return ["", "", `${field} is a number: ${field}=5, for example.`];
    if (fixed[field] && !fixed[field].includes(value)) return ["", "", `There is no ${field} “${value}”. Possible: ${fixed[field].join(", ")}.`];
    return [["errno", "exc"].includes(field) ? "answer" : field, value];
  }
  if (ops.includes(word) || run.form.steps.op.names.includes(word)) return ["op", word];
  if (answers.includes(word) || errnos.includes(word) || /^E[A-Z0-9]{2,}$/.test(word) || /^[A-Z]\w*(Error|Exception)$/.test(word)) return ["answer", word];
  const name = Object.keys(fixed).find((each) => fixed[each].includes(word));
  return name ? [name, word] : ["text", word.toLowerCase()];
}

/** Whether a step agrees with a term. */
function testOf(run, field, value) {
  const told = fieldsOf(run);
  const code = (column) => column.names.indexOf(value);
  const same = (column) => {
    const wanted = code(column);
    return (step) => column.codes[step] === wanted;
  };
  switch (field) {
    case "op": {
      const wanted = run.form.steps.op.names.indexOf(value);
      return (step) => run.opCodes[step] === wanted;
    }
    case "answer":
      return answerTest(run, told, value, same);
    case "lane": case "phase": case "mark":
      return same(told[field]);
    case "fd": case "conn":
      return (step) => told[field][step] === Number(value);
    case "pid": case "tid":
      return (step) => told[field][run.thread[step]] === Number(value);
    case "owner": {
      const pattern = new RegExp(`^${value.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".")}$`, "s");
      return (step) => told.owned[step] === 1 && pattern.test(run.who(step));
    }
    default:
      return (step) => run.filterText(step).includes(value) || lineText(run, step).toLowerCase().includes(value) || told.beneath(step).includes(value);
  }
}

function answerTest(run, told, value, same) {
  const { notYet } = run.words.filter;
  const codes = told.errno.names.map((name) => notYet.includes(name));
  const asksAgain = (step) => codes[told.errno.codes[step]];
  switch (value) {
    case "not-yet":
      return asksAgain;
    case "failed":
      return (step) => (told.errno.names[told.errno.codes[step]] || told.exc.names[told.exc.codes[step]]) !== "" && !asksAgain(step);
    case "unreturned":
      return (step) => Number.isNaN(run.dur(step));
    case "importing":
      return (step) => told.importing[step] === 1;
    default: {
      const [errno, exc] = [same(told.errno), same(told.exc)];
      return (step) => errno(step) || exc(step);
    }
  }
}

/** What the filter asks of steps and nobody else does. */
function fieldsOf(run) {
  if (run.fieldsMade) return run.fieldsMade;
  const form = run.form.log.fields;
  const found = { pid: form.pid, tid: form.tid };
  for (const name of ["errno", "exc", "mark", "lane", "phase"]) found[name] = { names: form[name].names, codes: run.frame.numbers(form[name].code) };
  for (const name of ["owned", "importing"]) found[name] = run.frame.numbers(form[name]);
  for (const name of ["fd", "conn"]) found[name] = run.frame.numbers(form[name]);
  found.beneath = (step) => (run.hasKernel ? run.beneath(step).map((line) => line.text).join("\n").toLowerCase() : "");
  return (run.fieldsMade = found);
}

/** The text of a step's source line. */
function lineText(run, step) {
  const site = run.site(step);
  return site ? (run.source(site.file)[site.line - 1] ?? "").trim() : "";
}
