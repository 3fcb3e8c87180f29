import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { encodeUlaw, resample } from '../../src/audio/index.ts';
import type { CallOptions, SimulatedCall } from '../../src/simulator/index.ts';
import { API_KEY, type Bridge, type BridgeOptions, type CallDetail, PHONE_NUMBER_ID, startBridge } from './bridge.ts';
import type { RawAgent, RawAgentConnection } from './raw-agent.ts';
import { ACCOUNT_SID, AUTH_TOKEN } from './twilio-agent.ts';

/** An agent as an operator makes it, and how it is assigned to the number. */
export interface Link {
  readonly name: string;
  readonly provider: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Default: it is not dialled again, and the next one comes. */
  readonly on_lost?: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A bridge whose environment names no agent, and an operator who makes agents and assignments over the HTTP API. */
export class Switchboard {
  readonly bridge: Bridge;

  constructor(bridge: Bridge) {
    this.bridge = bridge;
  }

  static async start(options: BridgeOptions = {}): Promise<Switchboard> {
    const environment = { TALKWIRE_PROMPTS_FOLDER: 'assets/prompts', ...options.environment };
    return new Switchboard(await startBridge({ agentUrl: '', ...options, environment }));
  }

  ask(method: string, path: string, body?: unknown): Promise<Answer> {
    return askApi(this.bridge.service.url, method, path, body);
  }

  /** The number is answered by these from now on, in this order, and by no others. Their ids. */
  async chain(...links: readonly Link[]): Promise<string[]> {
    const { body } = await this.ask('GET', '/voice_agents?per_page=100');
    for (const { id } of dataOf<{ id: string }[]>(body)) {
      expect((await this.ask('DELETE', `/voice_agents/${id}`)).status).toBe(204);
    }
    const ids: string[] = [];
    for (const [position, link] of links.entries()) ids.push(await this.add(link, position));
    return ids;
  }

  /** Makes an agent and assigns it to the number; the one at position 0 is its primary. */
  async add(link: Link, position: number): Promise<string> {
    const { on_lost = { reconnect_attempts: 0, then: 'next' }, ...voice_agent } = link;
    const made = await this.ask('POST', '/voice_agents', { voice_agent });
    expect(made).toMatchObject({ status: 201 });
    const { id } = dataOf<{ id: string }>(made.body);
    const assigned = await this.ask('POST', `/voice_agents/${id}/whatsapp/phone_numbers`, {
      voice_agent_whatsapp_config: { phone_number_id: PHONE_NUMBER_ID, is_primary: position === 0, position, on_lost },
    });
    expect(assigned).toMatchObject({ status: 201 });
    return id;
  }

  /** The number's rules; what is left out has its default. */
  async rules(call_rules: Readonly<Record<string, unknown>>): Promise<void> {
    const path = `/whatsapp/phone_numbers/${PHONE_NUMBER_ID}/call_rules`;
    expect(await this.ask('PUT', path, { call_rules })).toMatchObject({ status: 200 });
  }

  async healthOf(agentId: string): Promise<string> {
    const { body } = await this.ask('GET', `/voice_agents/${agentId}`);
    return dataOf<{ health: string }>(body).health;
  }

  ring(options: CallOptions = {}): Promise<SimulatedCall> {
    return this.bridge.whatsapp.call(options);
  }

  /** The user hangs up; the record once it is complete. */
  async hangUp(call: SimulatedCall): Promise<CallDetail> {
    call.hangUp();
    return await this.ended(call);
  }

  /** The call is over, whoever ended it; the record once it is complete. */
  async ended(call: SimulatedCall): Promise<CallDetail> {
    await call.waitFor('closed', 20_000);
    return await this.bridge.recordOf(call);
  }

  close(): Promise<void> {
    return this.bridge.close();
  }
}

/** Asks the platform API of the service at `url` as an operator does. */
export async function askApi(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}/platform/v1${path}`, {
    method,
    headers: { 'x-api-key': API_KEY, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

export function dataOf<T>(body: unknown): T {
  return (body as { readonly data: T }).data;
}

export function rawLink(name: string, { url }: RawAgent, sampleRate = 16_000, more: Partial<Link> = {}): Link {
  return { name, provider: { kind: 'websocket', url, sample_rate: sampleRate }, ...more };
}

/** `url` of its stream or of its webhook. */
export function twilioLink(name: string, url: string, more: Partial<Link> = {}): Link {
  return { name, provider: { kind: 'twilio', url, account_sid: ACCOUNT_SID, auth_token: AUTH_TOKEN }, ...more };
}

/** The lines of the timeline about agents, each in a few words: `agent_failed First socket_lost`. */
export function hopsOf({ timeline }: CallDetail): string[] {
  return timeline
    .filter(({ type }) => HOPS.includes(type))
    .map(({ type, data }) => {
      const { agent, code } = data as { readonly agent: string; readonly code?: string };
      return [type.replace('agent_', ''), agent, code].filter((word) => word !== undefined).join(' ');
    });
}

const HOPS = [
  'agent_connecting',
  'agent_ready',
  'agent_reconnecting',
  'agent_failed',
  'agent_launching',
  'agent_launched',
  'agent_skipped',
];

/** `class/reason/ended_by`, as docs/closing.md has it. */
export function endingOf({ ending }: CallDetail): string {
  return `${ending?.class}/${ending?.reason}/${ending?.ended_by}`;
}

/** 16 kHz to what a stream of Twilio carries. */
export function toUlaw(samples: Int16Array): Uint8Array {
  const pcm = resample(samples, 16_000, 8_000);
  const ulaw = new Uint8Array(pcm.length);
  encodeUlaw(pcm, ulaw);
  return ulaw;
}

/** The connection of an agent on a call, once the person is on the line. */
export async function onTheLine(agent: RawAgent, call: SimulatedCall): Promise<RawAgentConnection> {
  const connection = await agent.connectionOf(call.callId);
  await connection.hear('answered');
  return connection;
}

/** The connection after `before` others of this agent on this call. */
export async function nextConnection(
  agent: RawAgent,
  { callId }: SimulatedCall,
  before: number,
): Promise<RawAgentConnection> {
  for (;;) {
    const found = agent.connectionsOf(callId)[before];
    if (found !== undefined) return found;
    await delay(10);
  }
}

/** Resolves when the last of it went out to the phone. */
export async function says(connection: RawAgentConnection, samples: Int16Array): Promise<void> {
  connection.sound(samples);
  connection.say({ type: 'mark', name: 'said' });
  expect(await connection.hear('marked')).toMatchObject({ name: 'said', cleared: false });
}
