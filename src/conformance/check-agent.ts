import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { BridgedAgent, CallContext, WireServices } from '../agents/index.ts';
import { msToSamples, parseWav, resample, toMono } from '../audio/index.ts';
import type { SampleRate, TokenPlace } from '../call/index.ts';
import { BEHAVIOURS, type Kit, NoCall, type Verdict } from './behaviours.ts';
import { CheckCall } from './check-call.ts';

export interface CheckAgentOptions {
  readonly url: string;
  readonly wire: Kit['wire'];
  readonly token: string | null;
  readonly tokenIn: TokenPlace;
  /** Hz; of the raw wire. */
  readonly sampleRate: SampleRate;
  readonly bye: string | null;
  /** WAV file of what the caller says: its first two seconds, which should hold a whole utterance. */
  readonly audio: string;
}

export interface Finding extends Verdict {
  readonly behaviour: string;
}

/** An option cannot be used. `message` is for the person who gave it. */
export class CheckOptionError extends Error {
  override readonly name = 'CheckOptionError';
}

const SENTENCE_MS = 2_000;

const SERVICES: WireServices = {
  allowLinkLocal: true,
  door: {
    invite({ onAbsent }) {
      queueMicrotask(onAbsent);
      return () => {};
    },
  },
  warn: () => {},
};

/**
 * Calls an agent once for each behaviour that a bridge relies on, and yields what was seen as soon as it was. Needs neither a
 * phone nor a running bridge.
 *
 * @throws CheckOptionError if an option cannot be used
 */
export async function* checkAgent(options: CheckAgentOptions): AsyncGenerator<Finding> {
  const target = targetOf(options);
  if (options.bye !== null && !/^[0-9*#A-D]{1,64}$/.test(options.bye)) {
    throw new CheckOptionError('--bye must be 1 to 64 of the keys 0-9, *, # and A-D.');
  }
  const { pcm, rate } = await readSentence(options.audio);
  const seen = { greets: true };
  const unseen = new Set<string>();
  for (const { name, needs, check } of BEHAVIOURS) {
    if (needs !== null && unseen.has(needs)) {
      unseen.add(name);
      yield { behaviour: name, result: 'skip', detail: `cannot be seen without "${needs}"` };
      continue;
    }
    const calls: CheckCall[] = [];
    const kit: Kit = {
      wire: options.wire,
      bye: options.bye,
      seen,
      dial({ attempt = 0, sampleRate } = {}) {
        const agent = target.wire === 'raw' && sampleRate !== undefined ? { ...target, sampleRate } : target;
        const call = new CheckCall(agent, contextOf(attempt), SERVICES);
        calls.push(call);
        return call;
      },
      sentence: (call) => resample(pcm, rate, call.rates.callerRate),
    };
    const verdict = await check(kit).catch(verdictOf);
    await Promise.all(calls.map((call) => call.hangUp()));
    if (verdict.result === 'fail') unseen.add(name);
    yield { behaviour: name, ...verdict };
  }
}

async function readSentence(path: string): Promise<{ readonly pcm: Int16Array; readonly rate: number }> {
  try {
    const wav = parseWav(await readFile(path));
    return { pcm: toMono(wav).subarray(0, msToSamples(SENTENCE_MS, wav.rate)), rate: wav.rate };
  } catch (error) {
    throw new CheckOptionError(`--audio cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function verdictOf(error: unknown): Verdict {
  if (error instanceof NoCall) return { result: 'fail', detail: error.message };
  throw error;
}

function targetOf({ url, wire, token, tokenIn, sampleRate }: CheckAgentOptions): BridgedAgent {
  const protocol = URL.parse(url)?.protocol;
  const socket = protocol === 'ws:' || protocol === 'wss:';
  const web = protocol === 'http:' || protocol === 'https:';
  if (!socket && !(web && wire !== 'raw')) {
    const schemes = wire === 'raw' ? 'ws:// or wss://' : 'ws://, wss://, http:// or https://';
    throw new CheckOptionError(`An agent on the ${wire} wire has a URL that begins with ${schemes}.`);
  }
  const common = {
    id: randomUUID(),
    name: 'checked agent',
    connectTimeoutMs: 10_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: {},
  };
  switch (wire) {
    case 'raw':
      return { ...common, wire, entry: { kind: 'dial', url, token, tokenIn }, sampleRate };
    case 'twilio': {
      const accountSid = `AC${randomBytes(16).toString('hex')}`;
      return { ...common, wire, entry: { kind: socket ? 'stream' : 'webhook', url }, accountSid, authToken: token };
    }
    case 'pipecat': {
      const rates = { callerRate: 16_000, agentRate: 24_000 } as const;
      if (socket) return { ...common, wire, entry: { kind: 'socket', url, token, tokenIn }, ...rates };
      return { ...common, wire, entry: { kind: 'start', url, key: token }, ...rates };
    }
    default:
      return wire satisfies never;
  }
}

function contextOf(attempt: number): CallContext {
  const id = randomUUID();
  return {
    identity: {
      id,
      callId: `wacid.check-${id}`,
      direction: 'inbound',
      phoneNumberId: '000000000000000',
      displayPhoneNumber: '15550001111',
      user: { waId: '15550002222', userId: null, parentUserId: null, name: 'Check' },
      startedAt: Date.now(),
      ctaPayload: null,
      deeplinkPayload: null,
      bizOpaqueCallbackData: null,
    },
    recording: false,
    attempt,
    previousAgent: null,
    transcript: [],
  };
}
