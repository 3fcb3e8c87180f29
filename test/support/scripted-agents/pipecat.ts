import type { WebSocket } from 'ws';
import type { SampleRate } from '../../../src/call/index.ts';
import { PipecatConnection, pipecatFrame } from '../pipecat-server.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import { ScriptedCall } from './scripted-call.ts';
import { follow, OVERSIZED_BYTES, pieces, samplesOf, startScriptedServer } from './scripted-server.ts';

/** Bots of Pipecat send 40 ms at a time unless configured. */
const FRAME_MS = 40;

/** A bot whose frames are encoded apart from the wire's own codec (pipecat-server.ts). */
export async function startPipecatAgent(agentRate: SampleRate = 24_000, callerRate: SampleRate = 16_000) {
  const server = await startScriptedServer((socket) => pipecatCall(socket, agentRate));
  return {
    name: 'pipecat',
    provider: {
      kind: 'pipecat',
      url: `ws://${server.host}/ws`,
      agent_sample_rate: agentRate,
      caller_sample_rate: callerRate,
    },
    agentRate,
    callerRate,
    can: { marks: false, accounts: false },
    meet: async () => {},
    ...server,
  } satisfies ScriptedAgent;
}

function pipecatCall(socket: WebSocket, rate: SampleRate): ScriptedCall {
  const bot = new PipecatConnection(socket, '', {});
  const call = new ScriptedCall(socket, {
    agentRate: rate,
    sound(pcm) {
      for (const piece of pieces(pcm, (rate * FRAME_MS) / 1000)) bot.sound(piece, { sample_rate: rate });
    },
    clear: () => bot.interruption(),
    hangUp: () => bot.close(1000),
    malformed: [
      Uint8Array.of(0xff, 0xff, 0xff),
      'text, which no bot of Pipecat sends',
      '{}',
      pipecatFrame({ message: { data: 'not json' } }).subarray(0, 5),
      pipecatFrame({ message: { data: 'not json' } }),
      pipecatFrame({ message: { data: '{"label":"rtvi-ai","type":5}' } }),
      pipecatFrame({ message: { data: '['.repeat(20_000) } }),
      pipecatFrame({ message: { data: `"${'x'.repeat(70_000)}"` } }),
      pipecatFrame({ audio: { audio: Uint8Array.of(1, 2), sample_rate: 12_345, num_channels: 1 } }),
      pipecatFrame({ audio: { audio: Uint8Array.of(1, 2), sample_rate: rate, num_channels: 9 } }),
      new Uint8Array(0),
    ],
    oversized: OVERSIZED_BYTES,
  });
  follow(socket, bot.messages, (message) => hear(call, message));
  void (async () => {
    for (;;) call.onSound(samplesOf((await bot.hearSound()).audio));
  })();
  return call;
}

function hear(call: ScriptedCall, { type, data }: Readonly<Record<string, unknown>>): void {
  if (type === 'client-ready') call.onAnswered();
  else if (type === 'dtmf') call.onKeys((data as { readonly button: string }).button);
  else if (type === 'disconnect-bot') call.onEnd();
}
