// What has been decided: kept in the browser, saved to a file, taken from one. No text of a note is kept.
const data = JSON.parse(document.getElementById("data").textContent);
const { items, notes, codes, run, blind } = data;
const byPath = new Map(codes.map((code) => [code.path, code]));
const slot = `dagbog-review:${run}`;
const $ = (id) => document.getElementById(id);
const el = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

let answers = {};
let position = 0;
let focus = 0;
let unsaved = 0;
let picking = null;
let choice = 0;
let storing = true;
const history = [];

// An answer: v (verdict per suggested code), added (codes), comment, seen (the sentence is done), skipped, at.
const blank = () => ({ v: {}, added: [], comment: "", seen: false, skipped: false, at: "" });
const answerOf = (item) => answers[item.key] || blank();
const isOpen = (item) => !answerOf(item).seen && !answerOf(item).skipped;
const undecided = (item, answer) => item.suggestions.findIndex((s) => !answer.v[s.code]);

function store() {
  if (!storing) return;
  try {
    localStorage.setItem(slot, JSON.stringify({ answers, position, reviewer: $("reviewer").value, unsaved }));
  } catch {
    storing = false;
    warn("Browseren må ikke huske beslutningerne. Gem dem i en fil med jævne mellemrum (Ctrl+S).");
  }
}

function restore() {
  try {
    const kept = JSON.parse(localStorage.getItem(slot) || "null");
    if (!kept) return;
    answers = accept(kept.answers);
    position = Math.min(Math.max(Number(kept.position) || 0, 0), items.length - 1);
    unsaved = Number(kept.unsaved) || 0;
    if (kept.reviewer) $("reviewer").value = String(kept.reviewer);
  } catch {
    answers = {};
  }
}

// Takes only what belongs to these sentences and codes, from storage or from a file.
function accept(found) {
  const out = {};
  for (const item of items) {
    const given = found && found[item.key];
    if (!given || typeof given !== "object") continue;
    const answer = blank();
    for (const { code } of item.suggestions) {
      if (given.v && ["ja", "nej"].includes(given.v[code])) answer.v[code] = given.v[code];
    }
    answer.added = (Array.isArray(given.added) ? given.added : []).filter((path) => byPath.has(path));
    answer.comment = String(given.comment || "");
    answer.seen = Boolean(given.seen);
    answer.skipped = Boolean(given.skipped);
    answer.at = String(given.at || "");
    out[item.key] = answer;
  }
  return out;
}

function change(said, edit) {
  const item = items[position];
  history.push({ key: item.key, before: answers[item.key], position, focus });
  const answer = structuredClone(answerOf(item));
  answer.skipped = false;
  edit(answer, item);
  answer.at = new Date().toISOString();
  answers[item.key] = answer;
  unsaved += 1;
  if (said) say(said);
  store();
}

function decisionsFile(reviewer) {
  const decisions = items
    .filter((item) => answers[item.key])
    .map(({ key, seal, case_id, note_id, start, end }) => ({ key, seal, case_id, note_id, start, end, ...answers[key] }));
  const saved = new Date().toISOString();
  return { format: data.format, run, blind, reviewer, saved, items: items.length, decisions };
}

function takeFile(found) {
  if (found.format !== data.format || found.run !== run) throw new Error("run");
  const given = accept(Object.fromEntries(found.decisions.map((row) => [row.key, row])));
  for (const [key, answer] of Object.entries(given)) {
    if (!answers[key] || answers[key].at < answer.at) answers[key] = answer;
  }
  history.length = 0;
}

function tally() {
  const count = { ja: 0, nej: 0, added: 0, skipped: 0 };
  for (const answer of Object.values(answers)) {
    for (const word of Object.values(answer.v)) count[word] += 1;
    count.added += answer.added.length;
    count.skipped += answer.skipped ? 1 : 0;
  }
  return count;
}
