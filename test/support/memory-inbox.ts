import type { Inbox, RawWebhook, StoredWebhook, WorkedOff } from '../../src/signaling/index.ts';

/** An inbox in memory, that can be told to fail. */
export class MemoryInbox implements Inbox {
  readonly rows: StoredWebhook[] = [];
  readonly outcomes = new Map<number, string>();
  /** Rows whose body may go. */
  readonly blanked = new Set<number>();
  readonly pruned: number[] = [];
  /** While set, the operation of that name fails. */
  failing: 'store' | 'pending' | 'done' | null = null;

  async store(webhook: RawWebhook): Promise<number | null> {
    this.#failIf('store');
    if (this.rows.some((row) => row.deliveryKey === webhook.deliveryKey)) return null;
    const id = this.rows.length + 1;
    this.rows.push({ ...webhook, id });
    return id;
  }

  async pending(limit: number, after = 0): Promise<readonly StoredWebhook[]> {
    this.#failIf('pending');
    return this.rows.filter(({ id }) => id > after && !this.outcomes.has(id)).slice(0, limit);
  }

  async done(id: number, _at: number, { outcome, keepBody }: WorkedOff): Promise<void> {
    this.#failIf('done');
    this.outcomes.set(id, outcome);
    if (!keepBody) this.blanked.add(id);
  }

  async prune(before: number): Promise<number> {
    this.pruned.push(before);
    return 0;
  }

  /** Puts a body in, as if it had been received. */
  async put(body: unknown, receivedAt = 0, speaksFor?: readonly string[]): Promise<number> {
    const deliveryKey = `key-${this.rows.length}`;
    const bytes = Buffer.from(JSON.stringify(body));
    const scope = speaksFor === undefined ? {} : { speaksFor };
    return (await this.store({ receivedAt, source: 'meta', deliveryKey, body: bytes, ...scope })) ?? 0;
  }

  #failIf(operation: 'store' | 'pending' | 'done'): void {
    if (this.failing === operation) throw new Error(`${operation} failed`);
  }
}
