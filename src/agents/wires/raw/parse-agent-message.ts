import type { z } from 'zod';
import { isObject, parseJson } from '../../json.ts';
import { type AgentMessage, agentMessages, vonageMessages } from './agent-messages.ts';
import type { BridgeErrorCode } from './bridge-messages.ts';
import { MAX_CONTROL_BYTES } from './limits.ts';

/** What became of a text message. `unknown` is tolerated, so that agents can be newer than the bridge. */
export type ParsedMessage =
  | { readonly kind: 'message'; readonly message: AgentMessage }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly code: BridgeErrorCode; readonly field: string | null; readonly rule: string };

/** Reads one control message of an agent (UTF-8 JSON). Takes anything, never throws. */
export function parseAgentMessage(bytes: Buffer): ParsedMessage {
  if (bytes.length > MAX_CONTROL_BYTES) {
    return refused('message_too_long', null, `a control message must not be longer than ${MAX_CONTROL_BYTES} bytes`);
  }
  const value = parseJson(bytes);
  if (value === undefined) return refused('invalid_json', null, 'a text message must be JSON');
  if (!isObject(value)) return refused('invalid_message', null, 'a control message must be a JSON object');
  if (Object.hasOwn(value, 'type')) return parseTyped(value, value['type']);
  if (Object.hasOwn(value, 'action')) return parseVonage(value, value['action']);
  return refused('invalid_message', 'type', 'must name the message');
}

function parseTyped(value: object, type: unknown): ParsedMessage {
  if (typeof type !== 'string') return refused('invalid_message', 'type', 'must be a string');
  if (!isKeyOf(agentMessages, type)) return { kind: 'unknown' };
  const result = agentMessages[type].safeParse(value);
  return result.success ? { kind: 'message', message: result.data } : refusedBy(result.error);
}

function parseVonage(value: object, action: unknown): ParsedMessage {
  if (typeof action !== 'string') return refused('invalid_message', 'action', 'must be a string');
  if (!isKeyOf(vonageMessages, action)) return { kind: 'unknown' };
  if (action === 'clear') return { kind: 'message', message: { type: 'clear' } };
  const result = vonageMessages.notify.safeParse(value);
  return result.success
    ? { kind: 'message', message: { type: 'notify', payload: result.data.payload } }
    : refusedBy(result.error);
}

function isKeyOf<T extends object>(table: T, key: string): key is string & keyof T {
  return Object.hasOwn(table, key);
}

function refusedBy(error: z.ZodError): ParsedMessage {
  const issue = error.issues[0];
  return refused('invalid_message', issue?.path.join('.') || null, issue?.message ?? 'not valid');
}

function refused(code: BridgeErrorCode, field: string | null, rule: string): ParsedMessage {
  return { kind: 'refused', code, field, rule };
}
