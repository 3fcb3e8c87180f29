import type { ConversationItem } from 'openai/resources/realtime/realtime';
import type { FakeRealtimeOptions } from './fake-realtime.ts';

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly param: string;
}

export interface TurnDetection {
  readonly createResponse: boolean;
  readonly interruptResponse: boolean;
  readonly prefixPaddingMs: number;
  readonly silenceDurationMs: number;
}

type Fields = Readonly<Record<string, unknown>>;

const GA_FIELDS = new Set([
  'type',
  'model',
  'output_modalities',
  'instructions',
  'audio',
  'tools',
  'tool_choice',
  'tracing',
  'prompt',
  'truncation',
  'max_output_tokens',
  'include',
  'parallel_tool_calls',
  'reasoning',
]);

/** What is wrong with `session` of a `session.update`; null if it can be taken. */
export function sessionFault(
  session: unknown,
  { service = 'openai', beta = false }: FakeRealtimeOptions,
): Fault | null {
  if (!isFields(session)) return missing('session');
  const isGa = !beta && (service === 'openai' || service === 'azure');
  if (isGa && session['type'] !== 'realtime') return missing('session.type');
  const unknown = Object.keys(session).find((name) => isGa && !GA_FIELDS.has(name));
  if (unknown !== undefined) {
    const param = `session.${unknown}`;
    return { code: 'unknown_parameter', message: `Unknown parameter: '${param}'.`, param };
  }
  for (const direction of ['input', 'output']) {
    const format = at(session, 'audio', direction, 'format');
    if (format !== undefined && !isFormat(format)) return invalid(`session.audio.${direction}.format`);
  }
  const tools = session['tools'] ?? [];
  if (!Array.isArray(tools) || !tools.every(isTool)) return invalid('session.tools');
  return null;
}

/** Null: the client says itself when a turn is over. */
export function turnDetectionOf(session: Fields): TurnDetection | null {
  const nested = at(session, 'audio', 'input', 'turn_detection');
  const given = nested === undefined ? session['turn_detection'] : nested;
  if (given === null) return null;
  const fields = isFields(given) ? given : {};
  const ms = (name: string, usual: number) => (typeof fields[name] === 'number' ? (fields[name] as number) : usual);
  return {
    createResponse: fields['create_response'] !== false,
    interruptResponse: fields['interrupt_response'] !== false,
    prefixPaddingMs: ms('prefix_padding_ms', 300),
    silenceDurationMs: ms('silence_duration_ms', 500),
  };
}

export function wantsTranscription(session: Fields): boolean {
  return isFields(at(session, 'audio', 'input', 'transcription'));
}

/** Code of what is wrong with an item of a client; null if it can be taken. */
export function itemFault(
  item: ConversationItem,
  items: ReadonlyMap<string, ConversationItem>,
  { beta = false }: FakeRealtimeOptions,
): string | null {
  if (item.type === 'function_call_output') {
    const called = [...items.values()].some((each) => each.type === 'function_call' && each.call_id === item.call_id);
    return called && typeof item.output === 'string' ? null : 'invalid_tool_call_id';
  }
  if (item.type !== 'message' || !Array.isArray(item.content) || item.content.length === 0) return 'invalid_value';
  const allowed =
    item.role === 'assistant' ? ['output_text', ...(beta ? ['text'] : [])] : ['input_text', 'input_audio'];
  return item.content.every((part) => allowed.includes(String(part.type))) ? null : 'invalid_value';
}

function isFormat(format: unknown): boolean {
  if (!isFields(format)) return false;
  return format['type'] === 'audio/pcm' ? format['rate'] === 24_000 : /^audio\/pcm[ua]$/.test(String(format['type']));
}

function isTool(tool: unknown): boolean {
  if (!isFields(tool)) return false;
  return tool['type'] !== 'function' || (typeof tool['name'] === 'string' && isFields(tool['parameters']));
}

function missing(param: string): Fault {
  return { code: 'missing_required_parameter', message: `Missing required parameter: '${param}'.`, param };
}

function invalid(param: string): Fault {
  return { code: 'invalid_value', message: `Invalid value: '${param}'.`, param };
}

function at(fields: Fields, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isFields(value) ? value[name] : undefined), fields);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
