import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { SentMessages } from '../../calls-api/ports.ts';
import type { MessageAuthor, MessageSink, MessageStatusWord, WrittenMessage } from '../../signaling/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import { hasName, linkedPair, pairFor } from '../permission-book/pairs.ts';
import { projectOfNumber } from '../project-of-number.ts';
import type { MessagesTable, Schema } from '../schema.ts';
import { conversationFor, conversationOfMessage } from './conversations.ts';
import { readSent, type SentMessage } from './sent-message.ts';

/** Which numbers keep messages. */
export interface MessageSetting {
  storesMessages(phoneNumberId: string): boolean;
}

/**
 * Hears of every message, in both directions. It keeps who writes with our numbers, and in which conversation; what was
 * written it only keeps of numbers that are to keep it. Everything may be told twice.
 */
export class MessageKeeper implements MessageSink, SentMessages {
  readonly #writes: GroupCommit;
  readonly #setting: MessageSetting;

  constructor(writes: GroupCommit, setting: MessageSetting) {
    this.#writes = writes;
    this.#setting = setting;
  }

  readonly keeps = (phoneNumberId: string): boolean => this.#setting.storesMessages(phoneNumberId);

  async wrote(author: MessageAuthor, message: WrittenMessage | null, now: number): Promise<void> {
    const { phoneNumberId, at, user, profile } = author;
    const kept = this.keeps(phoneNumberId) ? message : null;
    await this.#writes.run(async (db) => {
      if (kept !== null && (await isKept(db, phoneNumberId, kept.id))) return;
      const pairId = await linkedPair(db, phoneNumberId, user, now);
      const conversationId = await conversationOfMessage(db, { pairId, phoneNumberId, at, now, profile });
      if (kept === null) return;
      const row = {
        pairId,
        conversationId,
        phoneNumberId,
        direction: 'inbound',
        status: 'delivered',
        at,
        now,
      } as const;
      await insert(db, { ...row, wamid: kept.id, type: kept.type, content: kept.content, errors: null });
    });
  }

  async status(word: MessageStatusWord, now: number): Promise<void> {
    const { phoneNumberId, messageId, at, user } = word;
    if (!this.keeps(phoneNumberId) || messageId.length > LONGEST_ID) return;
    await this.#writes.run(async (db) => {
      if (await change(db, word, now)) return;
      // The answer of Graph, or another application that speaks for the number, has not told of the message (yet).
      if (!hasName(user) || (await isKept(db, phoneNumberId, messageId))) return;
      const pairId = await pairFor(db, phoneNumberId, user, now);
      const conversationId = await conversationOfMessage(db, { pairId, phoneNumberId, at, now });
      const row = {
        pairId,
        conversationId,
        phoneNumberId,
        direction: 'outbound',
        status: word.status,
        at,
        now,
      } as const;
      await insert(db, { ...row, wamid: messageId, type: 'unknown', content: {}, errors: errorsOf(word) });
    });
  }

  async onSent(phoneNumberId: string, request: unknown, answer: unknown, at: number): Promise<void> {
    const sent = readSent(request, answer);
    switch (sent.type) {
      case 'message':
        return await this.#writes.run((db) => this.#sent(db, phoneNumberId, sent.message, at));
      case 'read':
        if (!this.keeps(phoneNumberId)) return;
        return await this.#writes.run((db) => markRead(db, phoneNumberId, sent.messageId, at));
      case 'other':
        return;
      default:
        sent satisfies never;
    }
  }

  async #sent(db: Kysely<Schema>, phoneNumberId: string, message: SentMessage, at: number): Promise<void> {
    const { user, id: wamid, type, content } = message;
    const pairId = await pairFor(db, phoneNumberId, user, at);
    const conversationId = await conversationFor(db, { pairId, phoneNumberId, at });
    if (wamid === null || wamid.length > LONGEST_ID || !this.keeps(phoneNumberId)) return;
    const row = {
      pairId,
      conversationId,
      phoneNumberId,
      direction: 'outbound',
      status: 'pending',
      at,
      now: at,
    } as const;
    await insert(db, { ...row, wamid, type, content, errors: null });
  }
}

/** Longer than any id of Meta's; databases cannot have much longer keys. */
const LONGEST_ID = 512;
/** Of JSON. Of a message that is larger only its type is kept. */
const LONGEST = 100_000;

interface NewMessage {
  readonly wamid: string;
  readonly phoneNumberId: string;
  readonly pairId: string;
  readonly conversationId: string;
  readonly direction: MessagesTable['direction'];
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly status: MessagesTable['status'];
  readonly errors: string | null;
  /** By Meta's clock. */
  readonly at: number;
  readonly now: number;
}

/** Of a message of which only a status was heard so far, the rest is filled in; any other stays as it is. */
async function insert(db: Kysely<Schema>, message: NewMessage): Promise<void> {
  const { wamid, phoneNumberId, pairId, conversationId, direction, type, status, errors, at, now } = message;
  const json = JSON.stringify(message.content);
  const content = json.length > LONGEST ? '{}' : json;
  await db
    .insertInto('messages')
    .values({
      id: randomUUID(),
      wamid,
      phone_number_id: phoneNumberId,
      project_id: projectOfNumber(phoneNumberId),
      pair_id: pairId,
      conversation_id: conversationId,
      direction,
      type,
      content,
      status,
      errors,
      sent_at: at,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['phone_number_id', 'wamid'])
        .doUpdateSet({ type, content, updated_at: now })
        .where('messages.type', '=', 'unknown'),
    )
    .execute();
}

async function isKept(db: Kysely<Schema>, phoneNumberId: string, wamid: string): Promise<boolean> {
  const row = await db
    .selectFrom('messages')
    .select('id')
    .where('phone_number_id', '=', phoneNumberId)
    .where('wamid', '=', wamid)
    .executeTakeFirst();
  return row !== undefined;
}

/** How far a message has come; a failure is the last that is said of it. */
const PROGRESS = ['pending', 'sent', 'delivered', 'read', 'failed'] as const satisfies MessagesTable['status'][];

/** Statuses come in any order, and more than once: one that says less than is known changes nothing. False if it did not. */
async function change(db: Kysely<Schema>, word: MessageStatusWord, now: number): Promise<boolean> {
  const before = PROGRESS.slice(0, PROGRESS.indexOf(word.status));
  const { numUpdatedRows } = await db
    .updateTable('messages')
    .set({ status: word.status, updated_at: now, ...(word.status === 'failed' && { errors: errorsOf(word) }) })
    .where('phone_number_id', '=', word.phoneNumberId)
    .where('wamid', '=', word.messageId)
    .where('direction', '=', 'outbound')
    .where('status', 'in', before)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

async function markRead(db: Kysely<Schema>, phoneNumberId: string, wamid: string, at: number): Promise<void> {
  await db
    .updateTable('messages')
    .set({ status: 'read', updated_at: at })
    .where('phone_number_id', '=', phoneNumberId)
    .where('wamid', '=', wamid)
    .where('direction', '=', 'inbound')
    .execute();
}

function errorsOf({ errors }: MessageStatusWord): string | null {
  return errors.length === 0 ? null : JSON.stringify(errors);
}
