// The fields of the fold-out: their values, and which of them breaks its bounds. Defaults and bounds are the
// server's, written into the fields' attributes.

// What goes into the request. Only the seed may be empty: null asks the server for a new one.
export function valuesOf(form) {
  return Object.fromEntries(
    [...form.elements].map(({ name, value }) => [name, value.trim() ? Number(value) : null]),
  );
}

// The first wrong field, or undefined; marks the wrong ones for the eye and for screen readers.
export function findWrong(form) {
  const fields = [...form.elements];
  for (const field of fields) field.setAttribute("aria-invalid", String(!isValid(field)));
  return fields.find((field) => !isValid(field));
}

function isValid(field) {
  const { min, max, whole } = field.dataset;
  if (!field.value.trim()) return !field.required;
  const number = Number(field.value);
  return number >= Number(min) && number <= Number(max) && (whole === undefined || Number.isInteger(number));
}
