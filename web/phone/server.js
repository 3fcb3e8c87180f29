/** How the page speaks with the simulated WhatsApp that serves it. */

/** A problem that the person can read. */
export class Problem extends Error {}

const GONE = 'The simulated WhatsApp does not answer. Is the demo still running?';

/**
 * Yields what happens, an object per line, until the other side ends the request. Ends without a word when it is aborted or
 * breaks.
 *
 * @param {string} path
 * @param {RequestInit} init
 * @throws {Problem}
 */
export async function* lines(path, init) {
  const response = await request(path, init);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    const complete = (text + value).split('\n');
    text = complete.pop();
    for (const line of complete) yield JSON.parse(line);
  }
}

/**
 * @param {string} path
 * @param {object | undefined} body
 * @throws {Problem}
 */
export async function post(path, body) {
  await request(path, body === undefined ? { method: 'POST' } : json(body));
}

/** @param {object} body */
export function json(body) {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function request(path, init) {
  const response = await fetch(path, init).catch(() => {
    throw new Problem(GONE);
  });
  if (!response.ok) throw new Problem(`The simulated WhatsApp refused this (HTTP ${response.status}).`);
  return response;
}
