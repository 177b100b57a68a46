// The writing page: what is before the caret goes to POST /fiction, and what comes back is put there.
//
// The text lives in a <textarea>. While a continuation streams the area is read-only, so nothing typed can
// be lost; everything from people and from the model is set as text, never as HTML.

import { recall, remember } from "./memory.js";
import { say } from "./messages.js";
import { findWrong, valuesOf } from "./options.js";
import { Refusal, continuation } from "./stream.js";

const $ = (id) => document.getElementById(id);
const area = $("text");

let language = recall("language") === "en" ? "en" : "zh";
let status = null; // [key, values] of messages.js, so that it can be said again in the other language
let passage = null; // { before, fresh, after }: the last continuation between the texts around it
let request = null; // the AbortController of the continuation that is streaming

// ---- the text and its mirror

function show() {
  area.value = passage.before + passage.fresh + passage.after;
  const caret = passage.before.length + passage.fresh.length;
  area.setSelectionRange(caret, caret);
  refresh();
}

// Everything that follows from the text: the mirror, the count, the buttons.
function refresh() {
  const { before, fresh, after } = passage ?? { before: area.value, fresh: "", after: "" };
  $("before").textContent = before;
  $("fresh").textContent = fresh;
  $("after").textContent = after + "\u200b"; // so that an empty last line has its height
  $("count").textContent = say(language, "count", { count: length(area.value) });
  refreshButtons();
}

function refreshButtons() {
  const blank = !area.value.trim();
  const focused = document.activeElement;
  $("write").hidden = Boolean(request);
  $("stop").hidden = !request;
  $("write").disabled = blank;
  $("undo").disabled = $("rewrite").disabled = !passage || Boolean(request);
  $("copy").disabled = $("download").disabled = blank;
  area.readOnly = Boolean(request);
  // A button that goes away or is disabled drops the keyboard's focus: it goes on to the one in its place.
  if (focused?.hidden || focused?.disabled) (request ? $("stop") : blank ? area : $("write")).focus();
}

// Characters as a person counts them in Chinese: without spaces and line ends, 𠮷 as one.
function length(text) {
  return [...text.replace(/\s/g, "")].length;
}

// An edit beside the last continuation moves it; an edit inside makes it the writer's own.
function edited() {
  if (passage) {
    const { before, fresh, after } = passage;
    if (area.value.startsWith(before + fresh)) {
      passage.after = area.value.slice(before.length + fresh.length);
    } else if (area.value.endsWith(fresh + after)) {
      passage.before = area.value.slice(0, area.value.length - fresh.length - after.length);
    } else {
      passage = null;
    }
  }
  refresh();
  saveDraft();
}

// ---- continuing

function write() {
  const caret = area.selectionEnd;
  start({ before: area.value.slice(0, caret), after: area.value.slice(caret) }, valuesOf($("options")));
}

// Another continuation in the place of the last; a seed that was asked for would only give the same again.
function rewrite() {
  const { before, after } = passage;
  start({ before, after }, { ...valuesOf($("options")), seed: null });
}

function undo() {
  passage.fresh = "";
  show();
  passage = null;
  refresh();
  report("undone");
  saveDraft();
}

function stop() {
  request?.abort();
}

async function start(place, options) {
  if (request || !checkOptions()) return;
  request = new AbortController();
  report("waiting");
  refreshButtons();
  const flow = new Flow(place);
  try {
    // The server takes so much and the model sees less of it still: the end of a long text is enough.
    const text = [...place.before].slice(-Number(area.dataset.maxPrompt)).join("");
    for await (const event of continuation({ ...options, text }, request.signal)) {
      if (event.text) flow.take(event.text);
      if (event.seed !== undefined) flow.end("done", { seed: event.seed });
    }
  } catch (error) {
    if (error.name === "AbortError") flow.end("stopped");
    else if (error instanceof Refusal) flow.end(error.key, error.values);
    else throw error;
  } finally {
    request = null;
    refreshButtons();
    saveDraft();
  }
}

// Pieces on their way into the text. They come faster than the screen is drawn: each frame takes what there is.
class Flow {
  constructor(place) {
    this.place = place;
    this.pending = "";
    this.count = 0;
  }

  take(piece) {
    this.pending += piece;
    if (document.hidden) this.flush(); // a tab in the background has no frames
    else this.frame ??= requestAnimationFrame(() => this.flush());
  }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    if (!this.pending) return;
    const follow = !this.started || isInView($("tail")); // who scrolls away meanwhile is left there
    if (!this.started) this.begin();
    passage.fresh += this.pending;
    this.count += length(this.pending);
    this.pending = "";
    show();
    if (follow) $("tail").scrollIntoView({ block: "nearest" });
  }

  begin() {
    this.started = true;
    passage = { ...this.place, fresh: "" }; // only now: until something comes the old one stays
    report("writing");
  }

  end(key, values = {}) {
    this.flush();
    report(key, { count: this.count, ...values });
  }
}

function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

// ---- options

// Says what is wrong with the first wrong field and goes there; true when all are right.
function checkOptions() {
  const wrong = findWrong($("options"));
  if (!wrong) return true;
  fold(false);
  wrong.focus();
  const { min, max } = wrong.dataset;
  const key = "whole" in wrong.dataset ? "invalidWhole" : "invalid";
  report(key, { field: say(language, wrong.name), min, max });
  return false;
}

function fold(hidden = !$("options").hidden) {
  $("options").hidden = hidden;
  $("fold").setAttribute("aria-expanded", String(!hidden));
}

// ---- keeping the text, and taking it away

async function copy() {
  try {
    await navigator.clipboard.writeText(area.value); // only there on https and localhost
    report("copied");
  } catch {
    area.select();
    report(document.execCommand("copy") ? "copied" : "uncopied");
  }
}

function download() {
  const address = URL.createObjectURL(new Blob([area.value], { type: "text/plain;charset=utf-8" }));
  const link = Object.assign(document.createElement("a"), {
    href: address,
    download: `${$("title").textContent}.txt`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address)); // after the click has been acted on
}

function saveDraft() {
  if (!remember("draft", area.value)) report("unsaved");
}

// ---- words

function report(key, values = {}) {
  status = [key, values];
  $("status").textContent = say(language, key, values);
  $("status").dataset.kind = key; // for the style: waiting and writing breathe
}

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = { zh: "zh-Hans", en: "en" }[language];
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(language, element.dataset.text);
  }
  area.setAttribute("aria-label", say(language, "area"));
  area.placeholder = say(language, "placeholder");
  $("options").querySelector("[name=seed]").placeholder = say(language, "random");
  $("language").textContent = { zh: "English", en: "中文" }[language];
  $("language").lang = { zh: "en", en: "zh-Hans" }[language];
  if (status) report(...status);
  refresh();
}

function switchLanguage() {
  speak(language === "zh" ? "en" : "zh");
  remember("language", language);
}

// ---- keys

function pressed(event) {
  // Enter and Escape belong to the input method while it composes; 229 is how older Safari says so.
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !request && area.value.trim()) {
    event.preventDefault();
    write();
  } else if (event.key === "Escape" && request) {
    event.preventDefault();
    stop();
  }
}

// What is scrolled into view comes to stand above the tools, however high they are.
function makeRoom() {
  document.documentElement.style.scrollPaddingBottom = `${$("tools").offsetHeight}px`;
}

const actions = { write, rewrite, undo, copy, download, fold, stop, language: switchLanguage };
for (const [id, act] of Object.entries(actions)) $(id).addEventListener("click", () => act());
$("options").addEventListener("submit", (event) => event.preventDefault());
area.addEventListener("input", edited);
document.addEventListener("keydown", pressed);
new ResizeObserver(makeRoom).observe($("tools"));
addEventListener("pagehide", () => request && saveDraft()); // else it is saved, perhaps by another tab since
if (/Mac|iP(hone|ad)/.test(navigator.platform)) $("shortcut").textContent = "⌘ ⏎";
area.value = recall("draft") ?? "";
area.setSelectionRange(area.value.length, area.value.length);
speak(language);
