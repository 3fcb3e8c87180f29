import type { ServerResponse } from 'node:http';

/** A response that lasts, and tells its page what happens: one JSON object per line. */
export class PageLine<Event extends object> {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    // A page waits for the head before it reads, and the first event may be long in coming.
    response.flushHeaders();
  }

  /** The page has gone, or was told the last. */
  get closed(): boolean {
    return this.#response.closed;
  }

  tell(event: Event): void {
    if (this.#response.writable) this.#response.write(`${JSON.stringify(event)}\n`);
  }

  /** Nothing comes after it. */
  end(event: Event): void {
    this.tell(event);
    this.#response.end();
  }

  /** Calls `act` once, when the page has gone or the line was ended. */
  onClosed(act: () => void): void {
    this.#response.once('close', act);
  }
}
