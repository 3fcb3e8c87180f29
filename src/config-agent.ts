import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { VARIABLES, VariableName } from './config-variables.ts';

/**
 * The voice agent that the environment describes for its number. What its body may say, the agents' room knows: it is
 * checked when the agent is put at the start.
 */
export interface FirstAgent {
  /** UUID, the same at every start. */
  readonly id: string;
  readonly phoneNumberId: string;
  /** As the body of `POST /voice_agents`; null: the environment names no agent. */
  readonly body: unknown;
  /** The key or token that its kind is opened with. */
  readonly token: string | null;
  readonly reconnectAttempts: number;
}

type Values = z.output<typeof VARIABLES>;
type Given = Partial<Record<VariableName, string>>;

const SAID_BY_FILE = [
  'TALKWIRE_AGENT_WIRE',
  'TALKWIRE_AGENT_TOKEN_IN',
  'TALKWIRE_AGENT_SAMPLE_RATE',
  'TALKWIRE_AGENT_CONNECT_TIMEOUT_MS',
] as const;

/** What is wrong with the variables of the agent together. */
export function agentFaults(given: Given): [VariableName, string][] {
  const { TALKWIRE_AGENT_URL: url, TALKWIRE_AGENT_FILE: file, TALKWIRE_AGENT_WIRE: wire = 'raw' } = given;
  const faults: [VariableName, string][] = [];
  if (url !== undefined && file !== undefined) {
    faults.push(['TALKWIRE_AGENT_FILE', 'is one too many: TALKWIRE_AGENT_URL describes the agent already']);
  }
  if (given.TALKWIRE_AGENT_TOKEN !== undefined && url === undefined && file === undefined) {
    faults.push([
      'TALKWIRE_AGENT_URL',
      'is missing, and so is TALKWIRE_AGENT_FILE: TALKWIRE_AGENT_TOKEN needs one of them',
    ]);
  }
  if (url !== undefined && wire === 'raw' && /^https?:/i.test(url)) {
    faults.push(['TALKWIRE_AGENT_URL', 'is wrong: must be a ws:// or wss:// URL, because TALKWIRE_AGENT_WIRE is raw']);
  }
  for (const name of SAID_BY_FILE) {
    if (given[name] !== undefined && file !== undefined) {
      faults.push([name, 'is one too many: TALKWIRE_AGENT_FILE says it']);
    }
  }
  if (given.TALKWIRE_AGENT_SAMPLE_RATE !== undefined && file === undefined && wire !== 'raw') {
    faults.push(['TALKWIRE_AGENT_SAMPLE_RATE', 'is one too many: only TALKWIRE_AGENT_WIRE raw leaves the rate open']);
  }
  return faults;
}

/** @param body what TALKWIRE_AGENT_FILE holds; null without it */
export function firstAgent(values: Values, phoneNumberId: string, body: unknown): FirstAgent {
  return {
    id: stableUuid(`agent of ${phoneNumberId}`),
    phoneNumberId,
    body: body ?? bodyOfUrl(values),
    token: values.TALKWIRE_AGENT_TOKEN,
    reconnectAttempts: values.TALKWIRE_AGENT_RECONNECT_ATTEMPTS,
  };
}

function bodyOfUrl(values: Values): unknown {
  const url = values.TALKWIRE_AGENT_URL;
  if (url === null) return null;
  return {
    name: 'default',
    provider: providerOf(values, url),
    settings: { connect_timeout_seconds: values.TALKWIRE_AGENT_CONNECT_TIMEOUT_MS / 1000 },
  };
}

function providerOf(values: Values, url: string): object {
  const tokenIn = { token_in: values.TALKWIRE_AGENT_TOKEN_IN };
  switch (values.TALKWIRE_AGENT_WIRE) {
    case 'raw':
      return { kind: 'websocket', url, ...tokenIn, sample_rate: values.TALKWIRE_AGENT_SAMPLE_RATE };
    case 'twilio':
      return { kind: 'twilio', url };
    case 'pipecat':
      return /^https?:/i.test(url) ? { kind: 'pipecat', start_url: url } : { kind: 'pipecat', url, ...tokenIn };
    default:
      return values.TALKWIRE_AGENT_WIRE satisfies never;
  }
}

/** The call log names agents by UUID; this one must stay the same over restarts. */
function stableUuid(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
