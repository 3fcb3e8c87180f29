import { isBsuid } from '../../call/index.ts';
import type { DialRules, RequestTemplate, UserRef } from '../ports.ts';

/** The body of `POST messages` that asks a user for permission (meta-calling.md §2.4). */
export function requestMessage(
  user: UserRef,
  by: 'free_form' | 'template',
  rules: DialRules,
  ownTemplate: RequestTemplate | null,
): object {
  const envelope = { messaging_product: 'whatsapp', recipient_type: 'individual', ...addressOf(user) };
  if (by === 'free_form') {
    const body = rules.requestText === null ? {} : { body: { text: rules.requestText } };
    const interactive = { type: 'call_permission_request', action: { name: 'call_permission_request' }, ...body };
    return { ...envelope, type: 'interactive', interactive };
  }
  const template = ownTemplate ?? rules.requestTemplate;
  if (template === null) throw new TypeError('a request by template needs a template');
  const { name, language, components } = template;
  return { ...envelope, type: 'template', template: { name, language: { code: language }, components } };
}

/** A request for permission in what a client wants to send. */
export interface RecognisedRequest {
  readonly user: UserRef;
  readonly template: boolean;
}

/**
 * Whether a message is a request for permission; null if it is another, or names nobody. What a template holds is known
 * to Meta only, so of templates it is the number's own request template that is recognised, by its name.
 */
export function recogniseRequest(message: unknown, rules: DialRules): RecognisedRequest | null {
  const user = recipientOf(message);
  if (user === null) return null;
  if (member(member(message, 'interactive'), 'type') === 'call_permission_request') return { user, template: false };
  const name = member(member(message, 'template'), 'name');
  const template = typeof name === 'string' && name === rules.requestTemplate?.name;
  return template ? { user, template: true } : null;
}

/**
 * Whom a body of Graph is for: the phone number in `to`, the BSUID in `recipient`; null if it names nobody. What is no number
 * is never made one of its digits (meta-calling.md §9.14).
 */
export function recipientOf(body: unknown): UserRef | null {
  const to = member(body, 'to');
  const recipient = member(body, 'recipient');
  const waId = phoneNumber(to);
  const userId = bsuid(recipient) ?? bsuid(to);
  return waId === null && userId === null ? null : { waId, userId };
}

function phoneNumber(given: unknown): string | null {
  const text = typeof given === 'number' ? String(given) : given;
  if (typeof text !== 'string' || !/^\+?[\d\s().-]{1,40}$/.test(text)) return null;
  const digits = text.replace(/\D/g, '');
  return digits === '' ? null : digits;
}

function bsuid(given: unknown): string | null {
  return typeof given === 'string' && isBsuid(given) ? given : null;
}

/** `to` wins where both are known (meta-calling.md §2.1). */
function addressOf({ waId, userId }: UserRef): object {
  return waId === null ? { recipient: userId } : { to: waId };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
