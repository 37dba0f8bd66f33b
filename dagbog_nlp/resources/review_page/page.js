// What the reviewer sees and presses. Text reaches the page only as text, never as markup.
function warn(text) {
  $("warning").textContent = text;
  $("warning").hidden = !text;
}

let hush = 0;
function say(text) {
  $("said").textContent = text;
  $("said").classList.add("on");
  clearTimeout(hush);
  hush = setTimeout(() => $("said").classList.remove("on"), 1800);
}

function settle() {
  const item = items[position];
  const answer = answerOf(item);
  const left = undecided(item, answer);
  if (left >= 0) {
    focus = left;
    render();
    return;
  }
  if (!answer.seen) {
    answer.seen = true;
    store();
  }
  forward();
}

function forward() {
  for (let step = 1; step <= items.length; step += 1) {
    const next = (position + step) % items.length;
    if (isOpen(items[next])) {
      go(next);
      return;
    }
  }
  render();
  finish();
}

function go(place) {
  closePicker();
  position = Math.min(Math.max(place, 0), items.length - 1);
  focus = Math.max(undecided(items[position], answerOf(items[position])), 0);
  store();
  render();
}

function verdict(word) {
  const item = items[position];
  const suggestion = item.suggestions[focus];
  if (!suggestion) {
    if (word === "nej") openPicker("other");
    else {
      change("Ingen kode", (answer) => { answer.added = []; answer.seen = true; });
      forward();
    }
    return;
  }
  const name = byPath.get(suggestion.code).label;
  change(`${word === "ja" ? "Ja" : "Nej"}: ${name}`, (answer) => { answer.v[suggestion.code] = word; });
  settle();
}

function allYes() {
  const item = items[position];
  if (!item.suggestions.length) return;
  change("Ja til alle", (answer) => {
    for (const { code } of item.suggestions) answer.v[code] = answer.v[code] || "ja";
  });
  settle();
}

function skip() {
  change("Sprunget over", (answer) => { answer.skipped = true; answer.seen = false; });
  forward();
}

function undo() {
  const last = history.pop();
  if (!last) {
    say("Der er ikke mere at fortryde");
    return;
  }
  closePicker();
  if (last.before === undefined) delete answers[last.key];
  else answers[last.key] = last.before;
  position = last.position;
  focus = last.focus;
  unsaved += 1;
  say("Fortrudt");
  store();
  render();
}

function openPicker(kind) {
  const suggestion = items[position].suggestions[focus];
  picking = kind === "other" && suggestion && !answerOf(items[position]).v[suggestion.code] ? "instead" : "also";
  $("pickertitle").textContent =
    picking === "instead" ? `I stedet for »${byPath.get(suggestion.code).label}«` : "Vælg en kode";
  $("picker").hidden = false;
  $("search").value = "";
  choice = 0;
  list();
  $("search").focus();
}

function closePicker() {
  picking = null;
  $("picker").hidden = true;
  if (document.activeElement === $("search")) $("search").blur();
}

function matches() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  return codes.filter((code) => {
    const text = `${code.label} ${code.path} ${code.family}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function list() {
  const found = matches();
  choice = Math.min(Math.max(choice, 0), Math.max(found.length - 1, 0));
  $("choices").replaceChildren(
    ...found.map((code, index) => {
      const row = el("li", "", code.label);
      row.id = `choice${index}`;
      row.style.setProperty("--family", code.colour);
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(index === choice));
      row.title = code.definition;
      if (code.family) row.append(el("small", "", code.family));
      row.addEventListener("click", (event) => pick(code.path, event.shiftKey));
      return row;
    }),
  );
  $("search").setAttribute("aria-activedescendant", found.length ? `choice${choice}` : "");
  const row = $("choices").children[choice];
  if (row) row.scrollIntoView({ block: "nearest" });
}

function pick(path, more) {
  const kind = picking;
  change(`Tilføjet: ${byPath.get(path).label}`, (answer, item) => {
    const suggested = item.suggestions.find((s) => s.code === path);
    if (suggested) answer.v[path] = "ja";
    else if (!answer.added.includes(path)) answer.added.push(path);
    const instead = item.suggestions[focus];
    if (kind === "instead" && instead && instead.code !== path) answer.v[instead.code] = "nej";
    if (!item.suggestions.length && !more) answer.seen = true;
  });
  if (more) {
    picking = "also";
    $("search").value = "";
    render();
    list();
    $("search").focus();
    return;
  }
  closePicker();
  settle();
}

function drop(path) {
  change("Fjernet", (answer, item) => {
    answer.added = answer.added.filter((other) => other !== path);
    if (!item.suggestions.length && !answer.added.length) answer.seen = false;
  });
  render();
}

function finish() {
  const count = tally();
  const parts = blind ? [`${count.added} koder valgt`] : [`${count.ja} ja`, `${count.nej} nej`, `${count.added} tilføjet`];
  if (count.skipped) parts.push(`${count.skipped} sprunget over`);
  $("summary").textContent = `${items.length} sætninger: ${parts.join(", ")}.`;
  if (!$("done").open) $("done").showModal();
}

function save() {
  const reviewer = $("reviewer").value.trim();
  if ($("done").open) $("done").close();
  if (!reviewer) {
    $("reviewer").classList.add("missing");
    $("reviewer").focus();
    say("Skriv dit navn først, så beslutningerne kan kendes");
    return;
  }
  const text = JSON.stringify(decisionsFile(reviewer), null, 1);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = el("a");
  link.href = url;
  link.download = `beslutninger-${run.slice(0, 6)}-${reviewer.replace(/[^\p{L}\p{N}]+/gu, "_")}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  unsaved = 0;
  store();
  render();
  say("Beslutningerne er gemt i en fil");
}

async function load(file) {
  try {
    const found = JSON.parse(await file.text());
    takeFile(found);
    if (!$("reviewer").value && found.reviewer) $("reviewer").value = String(found.reviewer);
    warn("");
    say("Beslutningerne er hentet");
    const open = items.findIndex(isOpen);
    go(open < 0 ? 0 : open);
  } catch {
    warn("Filen hører ikke til denne gennemgang, eller den er beskadiget. Intet er ændret.");
  }
}

function card(item, suggestion, index, answer) {
  const code = byPath.get(suggestion.code);
  const word = answer.v[suggestion.code];
  const box = el("div", `card ${word || ""} ${index === focus && !answer.seen ? "now" : ""}`);
  box.style.setProperty("--family", code.colour);
  if (code.family) box.append(el("p", "family", code.family));
  box.append(el("h2", "", code.label));
  box.append(el("p", "why", `Sikkerhed ${Math.round(suggestion.score * 100)} % · ${suggestion.why}`));
  if (code.definition && index === focus) box.append(el("p", "definition", code.definition));
  const row = el("div", "verdict");
  for (const [name, text, key] of [["yes", "Ja", "J"], ["no", "Nej", "N"]]) {
    const button = el("button", name, text);
    button.type = "button";
    button.setAttribute("aria-pressed", String(word === (name === "yes" ? "ja" : "nej")));
    if (index === focus) button.append(" ", el("kbd", "", key));
    button.addEventListener("click", () => { focus = index; verdict(name === "yes" ? "ja" : "nej"); });
    row.append(button);
  }
  box.append(row);
  return box;
}

function emptyCard(answer) {
  const box = el("div", `card ${answer.seen && !answer.added.length ? "ja" : ""} ${answer.seen ? "" : "now"}`);
  box.append(el("h2", "", blind ? "Hvilken kode passer?" : "Ingen kode foreslået"));
  box.append(el("p", "why", blind ? "Vælg en kode, eller sig, at ingen passer." : "Er det rigtigt, at ingen kode passer her?"));
  const row = el("div", "verdict");
  const none = el("button", "yes", "Ingen kode");
  none.type = "button";
  none.setAttribute("aria-pressed", String(answer.seen && !answer.added.length));
  none.append(" ", el("kbd", "", "J"));
  none.addEventListener("click", () => verdict("ja"));
  row.append(none);
  box.append(row);
  return box;
}

function passage(item) {
  const { text } = notes[item.note_id];
  const suggestion = item.suggestions[focus];
  const cue = suggestion && suggestion.cue;
  const sentence = el("span", "sentence");
  if (cue && cue[0] >= item.from && cue[1] <= item.to) {
    sentence.append(text.slice(item.from, cue[0]), el("mark", "cue", text.slice(cue[0], cue[1])), text.slice(cue[1], item.to));
  } else sentence.textContent = text.slice(item.from, item.to);
  $("text").replaceChildren(text.slice(0, item.from), sentence, text.slice(item.to));
  const frame = $("text");
  frame.scrollTop = Math.max(0, sentence.offsetTop - frame.offsetTop - frame.clientHeight * 0.32);
}

function render() {
  const item = items[position];
  const answer = answerOf(item);
  const note = notes[item.note_id];
  const done = items.filter((other) => answerOf(other).seen).length;
  const waiting = unsaved === 1 ? "1 ændring" : `${unsaved} ændringer`;
  $("count").textContent = `${done} af ${items.length} bedømt${unsaved ? ` · ${waiting} er ikke gemt i en fil` : ""}`;
  $("bar").style.width = `${(100 * done) / items.length}%`;
  $("progress").setAttribute("aria-valuemax", String(items.length));
  $("progress").setAttribute("aria-valuenow", String(done));
  $("meta").textContent = [note.date, note.focus, `sag ${item.case_id}`, `notat ${item.note_id}`].filter(Boolean).join("  ·  ");
  $("step").textContent = `Sætning ${position + 1} af ${items.length}`;
  $("reason").textContent = answer.skipped ? "sprunget over" : item.reason;
  $("reason").hidden = !$("reason").textContent;
  $("suggestions").replaceChildren(
    ...(item.suggestions.length ? item.suggestions.map((s, index) => card(item, s, index, answer)) : [emptyCard(answer)]),
  );
  $("added").replaceChildren(
    ...answer.added.map((path) => {
      const chip = el("span", "chip", byPath.get(path).label);
      const remove = el("button", "", "×");
      remove.type = "button";
      remove.title = "Fjern koden";
      remove.addEventListener("click", () => drop(path));
      chip.append(remove);
      return chip;
    }),
  );
  $("othertext").textContent = item.suggestions.length ? "Anden kode" : "Vælg kode";
  $("extra").hidden = !item.suggestions.length;
  if (document.activeElement !== $("comment")) $("comment").value = answer.comment;
  $("back").disabled = position === 0;
  $("undo").disabled = history.length === 0;
  passage(item);
}

function comment() {
  const text = $("comment").value;
  if (text !== answerOf(items[position]).comment) change("", (answer) => { answer.comment = text; });
}

const keys = {
  j: () => verdict("ja"), n: () => verdict("nej"), a: () => openPicker("other"), t: () => openPicker("also"),
  s: skip, z: undo, k: () => $("comment").focus(), arrowleft: () => go(position - 1), arrowright: forward,
};

function onKey(event) {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "s") {
    event.preventDefault();
    save();
    return;
  }
  const typing = event.target.matches("input, textarea");
  if (typing && key === "escape") {
    event.target.blur();
    closePicker();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && key === "z" && !typing) {
    event.preventDefault();
    undo();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || $("done").open) return;
  const action = key === "j" && event.shiftKey ? allYes : keys[key];
  if (!action) return;
  event.preventDefault();
  action();
}

function onPickerKey(event) {
  const found = matches();
  if (event.key === "ArrowDown") choice += 1;
  else if (event.key === "ArrowUp") choice -= 1;
  else if (event.key === "Enter") {
    if (found[choice]) pick(found[choice].path, event.shiftKey);
    event.preventDefault();
    event.stopPropagation();
    return;
  } else return;
  event.preventDefault();
  list();
}

document.addEventListener("keydown", onKey);
$("search").addEventListener("keydown", onPickerKey);
$("search").addEventListener("input", () => { choice = 0; list(); });
$("comment").addEventListener("change", () => { comment(); render(); });
$("reviewer").addEventListener("input", () => { $("reviewer").classList.remove("missing"); store(); });
$("other").addEventListener("click", () => openPicker("other"));
$("extra").addEventListener("click", () => openPicker("also"));
$("skip").addEventListener("click", skip);
$("undo").addEventListener("click", undo);
$("back").addEventListener("click", () => go(position - 1));
$("next").addEventListener("click", forward);
$("save").addEventListener("click", save);
$("donesave").addEventListener("click", save);
$("doneclose").addEventListener("click", () => $("done").close());
$("open").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => { if ($("file").files[0]) load($("file").files[0]); $("file").value = ""; });
addEventListener("beforeunload", (event) => { if (unsaved && !storing) event.preventDefault(); });

const hints = blind
  ? [["J", "ingen kode"], ["A", "vælg kode"], ["Ctrl+S", "gem i en fil"]]
  : [["J", "ja"], ["N", "nej"], ["Shift+J", "ja til alle"], ["Ctrl+S", "gem i en fil"]];
$("keys").replaceChildren(
  ...hints.flatMap(([key, text]) => [el("kbd", "", key), ` ${text}   `]),
);
$("reviewer").value = data.reviewer;
restore();
const open = items.findIndex(isOpen);
if (open >= 0 && !isOpen(items[position])) position = open;
focus = Math.max(undecided(items[position], answerOf(items[position])), 0);
store();
render();
