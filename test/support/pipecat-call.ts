import type { AgentWire } from '../../src/agents/index.ts';
import { PipecatWire } from '../../src/agents/wires/pipecat/pipecat-wire.ts';
import { samplesPerFrame } from '../../src/audio/index.ts';
import type { Effect, PipecatAgent, RuntimeAgent } from '../../src/call/index.ts';
import { callContext } from './call-context.ts';
import { RecordingWireListener, wireServices } from './wire-listener.ts';

export function pipecatTarget(differences: Partial<PipecatAgent> = {}): PipecatAgent {
  return {
    id: 'agent-1',
    name: 'Pipecat',
    wire: 'pipecat',
    entry: { kind: 'socket', url: 'ws://agent.test/', token: null, tokenIn: 'header' },
    callerRate: 16000,
    agentRate: 24000,
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: { tier: 'gold' },
    ...differences,
  };
}

export function runtimeTarget(differences: Partial<RuntimeAgent> = {}): RuntimeAgent {
  return {
    id: 'agent-2',
    name: 'Runtime',
    wire: 'runtime',
    url: 'https://runtime.test/start',
    key: null,
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: {},
    ...differences,
  };
}

/** As the call machine asks for it. */
export function launchOf(agent: RuntimeAgent): Extract<Effect, { type: 'agent.launch' }> {
  return { type: 'agent.launch', seat: 0, agent, timeoutMs: agent.connectTimeoutMs, last: true };
}

/** The wire by itself on a call with a bot, with a caller who is silent until told, 20 ms at a time in real time. */
export class PipecatCall {
  readonly listener = new RecordingWireListener();
  readonly wire: AgentWire;
  loud = false;
  readonly #rate: number;
  #timer: NodeJS.Timeout | null = null;
  #frames = 0;

  constructor(target: PipecatAgent) {
    this.#rate = target.callerRate;
    this.wire = new PipecatWire(target, callContext(), this.listener, wireServices());
    this.wire.connect();
  }

  /** The person is on the line. */
  start(): void {
    this.wire.start();
    const begun = performance.now();
    this.#timer = setInterval(() => {
      while (this.#frames * 20 < performance.now() - begun) this.#send();
    }, 10);
  }

  /** Sound of the bot, joined. */
  get heard(): Int16Array {
    const parts = this.listener.all('audio').map(({ samples }) => samples);
    const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  async end(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.wire.callEnded('user_hangup');
  }

  #send(): void {
    const pcm = new Int16Array(samplesPerFrame(this.#rate));
    const first = this.#frames * pcm.length;
    if (this.loud) {
      for (let i = 0; i < pcm.length; i += 1) pcm[i] = 8000 * Math.sin((2 * Math.PI * 400 * (first + i)) / this.#rate);
    }
    this.wire.callerAudio(pcm, this.#frames * 20);
    this.#frames += 1;
  }
}
