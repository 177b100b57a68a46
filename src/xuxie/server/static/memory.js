// What the browser remembers for the page, where it is allowed to: the draft and the language.

export function recall(name) {
  try {
    return localStorage.getItem(`xuxie.${name}`);
  } catch {
    return null; // storage is switched off
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`xuxie.${name}`, value);
    return true;
  } catch {
    return false; // switched off, or full
  }
}
