import { createHash } from 'node:crypto';
import type { ForwardedWebhook, WebhookForwarder } from '../signaling/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { NumberStore } from './numbers.ts';
import type { Outbox } from './outbox/outbox.ts';

/** Queues Meta's webhooks for the numbers that have a webhook of the kind `meta`. */
export class MetaForwarder implements WebhookForwarder {
  readonly #writes: GroupCommit;
  readonly #outbox: Outbox;
  readonly #numbers: Pick<NumberStore, 'projectOf'>;

  constructor(writes: GroupCommit, outbox: Outbox, numbers: Pick<NumberStore, 'projectOf'>) {
    this.#writes = writes;
    this.#outbox = outbox;
    this.#numbers = numbers;
  }

  wants(phoneNumberId: string): boolean {
    const projectId = this.#numbers.projectOf(phoneNumberId);
    return projectId !== null && this.#outbox.isHeard(projectId, phoneNumberId, 'meta');
  }

  async forward(parts: readonly ForwardedWebhook[], at: number): Promise<void> {
    await this.#writes.run(async (db) => {
      for (const { phoneNumberId, callId, body } of parts) {
        const projectId = this.#numbers.projectOf(phoneNumberId);
        if (projectId === null) continue;
        await this.#outbox.emit(db, {
          projectId,
          phoneNumberId,
          type: 'meta',
          // What is no call's keeps its order among itself.
          orderingKey: callId ?? phoneNumberId,
          idempotencyKey: createHash('sha256').update(body).digest('hex'),
          at,
          body,
        });
      }
    });
  }
}
