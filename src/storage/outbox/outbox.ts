import type { Kysely } from 'kysely';
import type { NewEvent } from '../../events/ports.ts';
import type { Schema } from '../schema.ts';

/** Where the other stores tell what happened, in the transaction that wrote it down. */
export interface Outbox {
  /** Queues the event for every webhook that is to hear of it; nothing is written if none is. */
  emit(db: Kysely<Schema>, event: NewEvent): Promise<void>;
  /** Whether anybody would hear of such an event: its body is only made if so. */
  isHeard(projectId: string, phoneNumberId: string, type: NewEvent['type']): boolean;
}
