// POST /fiction as a stream: the pieces of a continuation as they come.
//
//     for await (const { text, seed } of continuation({ text: "他推开门，", length: 100 }, signal)) …

// What the server, or the way to it, said instead of an answer: a key of messages.js and its values.
export class Refusal extends Error {
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

// Yields { text } for each piece and { seed } at the end. Throws a Refusal; or an AbortError on abort.
export async function* continuation(options, signal) {
  const response = await ask({ ...options, stream: true }, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await untilCut(reader.read());
    if (done) throw new Refusal("broken"); // a whole answer ends with "done", below
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const { name, data } of blocks.map(parseEvent)) {
      if (name === "error") throw new Refusal("error", { message: data.msg });
      yield data;
      if (name === "done") return;
    }
  }
}

async function ask(body, signal) {
  const response = await untilCut(
    fetch("/fiction", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    }),
    "unreachable",
  );
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({})); // a proxy in between answers with a page of its own
  if (answer.msg) throw new Refusal("error", { message: answer.msg });
  throw new Refusal("refused", { status: response.status });
}

// fetch() and read() fail with a TypeError of the browser's own wording when the network does.
async function untilCut(promise, key = "broken") {
  try {
    return await promise;
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refusal(key);
  }
}

function parseEvent(block) {
  const fields = block.split("\n").map((line) => line.split(/: (.*)/s));
  const { event = "message", data } = Object.fromEntries(fields);
  return { name: event, data: JSON.parse(data) };
}
