import type { TimelineEvent } from '../call/index.ts';
import type { SimulatedCall, TimelineEntry } from '../simulator/index.ts';

type Teller = (data: TimelineEvent['data']) => string;

/** Who does what, in words for a person who sees it for the first time. */
const BRIDGE: Readonly<Record<string, Teller>> = {
  offer_received: () => 'webhook verified, stored and answered; the offer is read',
  media_opened: () => 'media leg open, our SDP answer is ready',
  pre_accept_sent: () => 'pre_accept sent to Graph',
  pre_accepted: () => 'Graph agreed to pre_accept',
  media_connected: (data) => `ICE and DTLS are up, SRTP keys agreed (${whole(data['setupMs'])} ms)`,
  agent_ready: (data) => `agent connected and ready (${whole(data['connectMs'])} ms)`,
  accept_sent: () => 'accept sent to Graph, with the same SDP',
  accepted: () => 'Graph agreed to accept: the call is answered, sound may flow',
  agent_started: () => 'agent told that the person is on the line',
  media_heard: () => 'first sound from the phone',
  agent_spoke: () => 'first sound of the agent on its way to the phone',
  agent_failed: (data) => `agent failed: ${data['code'] ?? 'unknown'}`,
  terminate_received: () => 'terminate webhook: the call is over',
  ended: (data) => `call closed: ${data['class'] ?? ''} (${data['reason'] ?? ''})`,
};

/** Of a call of the business, where it differs. */
const DIAL: Readonly<Record<string, Teller>> = {
  ...BRIDGE,
  dial_begun: () => 'permission is there and a place is reserved: the call begins',
  media_opened: () => 'media leg open, our SDP offer is ready',
  connect_sent: () => 'connect sent to Graph, with the SDP offer',
  named: () => 'Graph took the call and gave it its id',
  answer_received: () => "connect webhook: the phone's SDP answer, while it rings",
  ringing: () => 'RINGING webhook',
  picked_up: () => 'ACCEPTED webhook: the call is picked up, sound may flow',
};

const PHONE: Readonly<Record<string, string>> = {
  ringing: 'call button pressed, WhatsApp sends the connect webhook',
  spoken: 'all words are spoken',
  heard: 'hears the agent',
};

const CALLED_PHONE: Readonly<Record<string, string>> = {
  ringing: 'rings',
  accepted: 'is picked up',
  heard: 'hears the first sound of the agent',
};

const ENDED: Readonly<Record<string, string>> = {
  user: 'hangs up',
  business: 'is told that the business ended the call',
  meta: 'is told that WhatsApp gave the call up',
};

/** Prints what happens, each line with the milliseconds since the call button was pressed. */
export class Narrator {
  readonly #write: (text: string) => void;
  #began = Date.now();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** `at` in Unix milliseconds. */
  begin(at: number): void {
    this.#began = at;
  }

  bridge(event: TimelineEvent, direction: 'inbound' | 'outbound'): void {
    const teller = (direction === 'inbound' ? BRIDGE : DIAL)[event.type];
    if (teller !== undefined) this.#line(event.at, 'bridge', teller(event.data));
  }

  /** Tells what happened to a phone, and what happens from now on. */
  follow(call: SimulatedCall): void {
    const words = call.direction === 'inbound' ? PHONE : CALLED_PHONE;
    const tell = (entry: TimelineEntry) => this.#phone(entry, words);
    for (const entry of call.timeline) tell(entry);
    call.onEntry(tell);
  }

  /** What somebody does now. */
  step(who: string, text: string): void {
    this.#line(Date.now(), who, text);
  }

  levels(at: number, callerDb: number, agentDb: number): void {
    this.#line(at, 'sound', `phone ${bar(callerDb)}   agent ${bar(agentDb)}`);
  }

  heading(text: string): void {
    this.#write(`\n${text}\n`);
  }

  fact(name: string, value: string): void {
    this.#write(`  ${name.padEnd(28)}${value}\n`);
  }

  #phone({ at, type, data }: TimelineEntry, words: Readonly<Record<string, string>>): void {
    const text = type === 'ended' ? ENDED[String(data['by'])] : words[type];
    if (text !== undefined) this.#line(at, 'phone', text);
  }

  #line(at: number, who: string, text: string): void {
    const ms = Math.max(0, Math.round(at - this.#began));
    this.#write(`  ${String(ms).padStart(6)} ms  ${who.padEnd(7)} ${text}\n`);
  }
}

function whole(value: TimelineEvent['data'][string] | undefined): string {
  return typeof value === 'number' ? String(Math.round(value)) : '?';
}

/** -60 dBFS and below is an empty bar, 0 dBFS a full one. */
function bar(db: number): string {
  const filled = Math.max(0, Math.min(12, Math.round((db + 60) / 5)));
  return `[${'#'.repeat(filled)}${' '.repeat(12 - filled)}] ${`${Math.round(Math.max(-99, db))}`.padStart(3)} dB`;
}
