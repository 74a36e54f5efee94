// Python, lightly coloured: keywords, strings, comments, numbers, names that are defined.  Not a parser, and needs none.

const KEYWORDS = new Set(
  ("False None True and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda nonlocal not or pass raise return try while with yield match case").split(" "),
);
const TOKEN = /(#.*$)|([rbfuRBFU]{0,2}(?:"""|'''))|([rbfuRBFU]{0,2}(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?))|([A-Za-z_]\w*)|(\d[\w.]*)|(@[\w.]+)/g;

/** The lines of a file as [[kind, text], ...]; kind "" is plain. */
function tokens(lines) {
  let open = ""; // the quotes of a string that goes on over lines
  return lines.map((line) => {
    const found = [];
    let rest = 0;
    if (open) {
      const end = line.indexOf(open);
      rest = end < 0 ? line.length : end + 3;
      if (rest) found.push(["string", line.slice(0, rest)]);
      if (end >= 0) open = "";
      if (open) return found;
    }
    open = tokensOf(line, rest, found);
    return found;
  });
}

/** Add the tokens of a line from `start` on; gives the quotes that stay open. */
function tokensOf(line, start, found) {
  let done = start;
  let before = "";
  const add = (kind, from, to) => {
    if (from > done) found.push(["", line.slice(done, from)]);
    found.push([kind, line.slice(from, to)]);
    done = to;
  };
  TOKEN.lastIndex = start;
  for (let match = TOKEN.exec(line); match; match = TOKEN.exec(line)) {
    const [text, comment, long, string, word, digits, decorator] = match;
    const { index } = match;
    if (long) {
      const quotes = long.slice(-3);
      const end = line.indexOf(quotes, index + long.length);
      add("string", index, end < 0 ? line.length : end + 3);
      if (end < 0) return quotes;
      TOKEN.lastIndex = end + 3;
    } else if (comment) add("comment", index, line.length);
    else if (string) add("string", index, index + text.length);
    else if (digits || decorator) add(digits ? "digits" : "keyword", index, index + text.length);
    else if (KEYWORDS.has(word)) add("keyword", index, index + text.length);
    else if (before === "def" || before === "class") add("defined", index, index + text.length);
    before = word ?? "";
  }
  if (done < line.length) found.push(["", line.slice(done)]);
  return "";
}
