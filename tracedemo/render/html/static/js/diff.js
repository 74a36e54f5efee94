// The diff of two runs: connection by connection, what only one of them did, or did otherwise; each with its steps.

panel("diff", (section, model) => {
  const { diff } = model;
  if (!diff) return null;
  const { told } = headed(section, "What changed");
  told.textContent = diff.told;
  section.append(
    ...diff.notes.map((text) => el("p", { class: "dim" }, text)),
    el("ol", { class: "diffs" }, ...diff.groups.map((group) => diffGroup(group, model))),
  );
  return () => {};
});

function diffGroup(group, model) {
  const more = group.number - group.items.length;
  return el("li", {},
    el("h3", {}, group.title),
    group.says ? el("p", {}, group.says) : null,
    group.like ? el("p", {}, `The same ${counted(group.number, "difference")} as on ${group.like}.`) : null,
    group.items.length ? el("ul", {}, ...group.items.map((item) => diffItem(item, model))) : null,
    more > 0 && !group.like ? el("p", { class: "dim" }, `and ${counted(more, "more difference")}`) : null,
  );
}

/** One difference: its sentence, and the call of each run, which leads to its step. */
function diffItem(item, model) {
  const kind = { "-": "removed", "+": "added" }[item.sign] ?? "changed";
  return el("li", { class: kind },
    el("p", {}, item.says),
    ...item.sides.map((side, number) => side && diffSide(side, number, model)),
    ...item.beneath.map((text) => el("p", { class: "dim" }, text)),
  );
}

function diffSide(side, number, model) {
  const words = `${"AB"[number]}  ${side.call} ${side.answer}${side.times > 1 ? ` ×${withCommas(side.times)}` : ""}`;
  const link = side.step < 0
    ? el("code", {}, words)
    : el("button", { type: "button", class: "plain link", onclick: () => goTo(number, side.step), title: model.runs[number].sentence(side.step) }, el("code", {}, words));
  return el("p", { class: "side" }, link, side.place ? el("span", { class: "dim" }, side.place) : null, side.source ? el("code", { class: "dim" }, side.source) : null);
}
