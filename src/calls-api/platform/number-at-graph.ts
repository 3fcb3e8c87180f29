import { InvalidFields, isObject } from '../../agents/index.ts';
import type { GraphRefusal } from '../../permissions/index.ts';
import { ApiError } from '../base/errors.ts';
import type { GraphTold, NumberCredentials, NumberGraph, SettingsMirror } from '../ports.ts';

/** What Graph tells the holder of a token of a number. */
export interface FoundNumber {
  readonly displayPhoneNumber: string | null;
  readonly verifiedName: string | null;
}

/**
 * Looks whether a token is good for a number. A refusal that is neither of the token nor of the number is handed back as it is.
 *
 * @throws InvalidFields if Graph does not take the token, or knows no such number; ApiError `graph_unanswered`
 */
export async function findAtGraph(
  graph: NumberGraph,
  phoneNumberId: string,
  credentials: NumberCredentials,
): Promise<FoundNumber | GraphRefusal> {
  const told = await graph.look(phoneNumberId, credentials);
  if (told.type === 'unknown') throw new ApiError('graph_unanswered', 'Graph gave no answer, so nothing was changed');
  if (told.type === 'refused') {
    const field = faultyField(told);
    if (field === null) return told;
    throw new InvalidFields({ [field]: [`is refused by Graph: ${wordsOf(told.body)}`] });
  }
  const { id, display_phone_number: display, verified_name: name } = told.body as Readonly<Record<string, unknown>>;
  if (id !== undefined && String(id) !== phoneNumberId) {
    throw new InvalidFields({ phone_number_id: ['is not the id of a phone number: Graph answers with another id'] });
  }
  return { displayPhoneNumber: textOf(display), verifiedName: textOf(name) };
}

/**
 * Switches calling on or off, and reads what Meta makes of it: it may take the request and leave all as it was. Null if it is
 * done, whatever came of it.
 *
 * @throws ApiError `graph_unanswered`
 */
export async function switchCalling(
  graph: NumberGraph,
  mirror: SettingsMirror,
  phoneNumberId: string,
  on: boolean,
): Promise<GraphRefusal | null> {
  const calling = { status: on ? 'ENABLED' : 'DISABLED' };
  const written = await graph.changeSettings(phoneNumberId, { calling });
  if (written.type === 'refused') return written;
  if (written.type === 'unknown') throw new ApiError('graph_unanswered');
  await mirror.seen(phoneNumberId, calling, written.at);
  const settings = await graph.settings(phoneNumberId, null);
  if (settings.type === 'refused') return settings;
  if (settings.type === 'unknown') {
    throw new ApiError('graph_unanswered', 'Graph took the change, and gave no answer when asked what came of it');
  }
  await keepSettings(mirror, phoneNumberId, settings);
  return null;
}

/** Keeps what Graph told of a number's settings, if it did. */
export async function keepSettings(mirror: SettingsMirror, phoneNumberId: string, told: GraphTold): Promise<void> {
  if (told.type === 'told' && 'calling' in told.body) await mirror.seen(phoneNumberId, told.body.calling, told.at);
}

/** Codes of Graph for a token that is wrong, over, or not allowed this (kapso-api.md §5). */
const TOKEN_CODES: ReadonlySet<number> = new Set([0, 3, 10, 190]);

/** Whether it is the token that Graph does not like, or the number; null if it is neither. */
function faultyField({ status, code }: GraphRefusal): 'access_token' | 'phone_number_id' | null {
  if (status === 429) return null;
  if (code !== null && (TOKEN_CODES.has(code) || (code >= 200 && code < 300))) return 'access_token';
  if (status === 401 || status === 403) return 'access_token';
  return code === 100 || code === 33 || status === 404 ? 'phone_number_id' : null;
}

function wordsOf(body: unknown): string {
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {};
  const data = isObject(error['error_data']) ? error['error_data'] : {};
  const words = textOf(data['details']) ?? textOf(error['error_user_msg']) ?? textOf(error['message']);
  return (words ?? 'it says nothing more').slice(0, 500);
}

/** What Meta writes, as every database can keep it. */
function textOf(given: unknown): string | null {
  if (typeof given !== 'string') return null;
  return (
    given
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, 500) || null
  );
}
