import { isBsuid } from '../../call/index.ts';
import type { UserRef } from '../../permissions/ports.ts';

/** A message of ours that Graph took. */
export interface SentMessage {
  /** Meta's `wamid.…`; null if its answer names none. */
  readonly id: string | null;
  readonly user: UserRef;
  readonly type: string;
  /** As it was sent, without what only addresses it. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** What a body of `POST messages` was, once Graph has taken it (meta-calling.md §2.4). */
export type Sent =
  | { readonly type: 'message'; readonly message: SentMessage }
  /** A message of the user was marked as read. */
  | { readonly type: 'read'; readonly messageId: string }
  /** To a group, or nothing that anybody can read. */
  | { readonly type: 'other' };

type Json = Readonly<Record<string, unknown>>;

/** @param request the client's body; @param answer Graph's */
export function readSent(request: unknown, answer: unknown): Sent {
  if (!isObject(request)) return OTHER;
  const { message_id: messageId, status } = request;
  if (status === 'read' && typeof messageId === 'string') return { type: 'read', messageId };
  const said = isObject(answer) ? answer : {};
  const contact = firstOf(said['contacts']);
  const user = {
    waId: phoneOf(contact['wa_id']) ?? phoneOf(request['to']),
    userId: bsuidOf(contact['user_id']) ?? bsuidOf(request['recipient']) ?? bsuidOf(request['to']),
  };
  const isOfGroup = request['recipient_type'] === 'group';
  if (isOfGroup || (user.waId === null && user.userId === null)) return OTHER;
  const { messaging_product: _, recipient_type: __, biz_opaque_callback_data: ___, ...content } = request;
  return {
    type: 'message',
    message: { id: textOf(firstOf(said['messages'])['id']), user, type: typeOf(request), content },
  };
}

const OTHER = { type: 'other' } as const;

/** Meta takes a message without a type for a text. */
function typeOf({ type = 'text' }: Json): string {
  return typeof type === 'string' && /^[a-z_]{1,40}$/i.test(type) ? type.toLowerCase() : 'unknown';
}

function firstOf(list: unknown): Json {
  const first = Array.isArray(list) ? list[0] : null;
  return isObject(first) ? first : {};
}

/** A group or anything else that is no number is nobody's. */
function phoneOf(given: unknown): string | null {
  if (typeof given !== 'string') return null;
  const digits = given.replace(/[\s+().-]/g, '');
  return /^\d{5,20}$/.test(digits) ? digits : null;
}

function bsuidOf(given: unknown): string | null {
  return typeof given === 'string' && isBsuid(given) ? given : null;
}

function textOf(given: unknown): string | null {
  return typeof given === 'string' && given !== '' ? given : null;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
