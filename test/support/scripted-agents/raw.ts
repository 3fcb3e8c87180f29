import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { SampleRate } from '../../../src/call/index.ts';
import type { Message } from '../agent-socket.ts';
import { Mailbox } from '../mailbox.ts';
import { RawAgentConnection } from '../raw-agent.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import { ScriptedCall } from './scripted-call.ts';
import {
  follow,
  Gate,
  MALFORMED_TEXTS,
  OVERSIZED_BYTES,
  pieces,
  samplesOf,
  startScriptedServer,
} from './scripted-server.ts';

/** Sound of this many milliseconds goes into one message; 4 MiB is the most. */
const MESSAGE_MS = 10_000;
const ABILITIES = { marks: true, accounts: true };
const TOKEN = 'the-token-of-the-agent-behind-nat';

export async function startRawAgent(rate: SampleRate = 16_000): Promise<ScriptedAgent> {
  const server = await startScriptedServer((socket) => rawCall(socket, rate));
  return {
    name: 'raw',
    provider: { kind: 'websocket', url: `ws://${server.host}/agent`, sample_rate: rate },
    agentRate: rate,
    callerRate: rate,
    can: ABILITIES,
    meet: async () => {},
    ...server,
  };
}

/** It dials the bridge, as docs/protocol.md says under "Agents behind NAT". */
export function startInboundRawAgent(rate: SampleRate = 16_000): ScriptedAgent {
  const calls = new Mailbox<ScriptedCall>();
  const gate = new Gate();
  const sockets: WebSocket[] = [];
  const open = (url: string, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(url, ['talkwire.raw.v1'], { headers, maxPayload: 0 });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  const take = (url: string) => {
    const socket = open(url);
    const call = rawCall(socket, rate);
    socket.on('open', () => calls.push(call));
  };
  return {
    name: 'raw, inbound',
    provider: { kind: 'websocket', inbound: true, token: TOKEN, sample_rate: rate },
    agentRate: rate,
    callerRate: rate,
    can: ABILITIES,
    async meet(bridgeUrl) {
      const line = open(`${bridgeUrl.replace(/^http/, 'ws')}/agents/v1/line`, { Authorization: `Bearer ${TOKEN}` });
      line.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        if (message['type'] === 'call') gate.pass(() => take(String(message['url'])));
      });
      await once(line, 'message');
    },
    nextCall: () => calls.next(),
    hold: () => gate.hold(),
    async close() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

function rawCall(socket: WebSocket, rate: SampleRate): ScriptedCall {
  const connection = new RawAgentConnection(socket, '', {}, true);
  let item: string | null = null;
  const call = new ScriptedCall(socket, {
    agentRate: rate,
    sound(pcm, of) {
      if (of !== item) connection.say({ type: 'item', id: of });
      item = of;
      for (const piece of pieces(pcm, (rate * MESSAGE_MS) / 1000)) connection.sound(piece);
    },
    mark: (name) => connection.say({ type: 'mark', name }),
    clear: () => connection.say({ type: 'clear' }),
    hangUp: () => connection.say({ type: 'hangup' }),
    malformed: [
      ...MALFORMED_TEXTS,
      Uint8Array.of(1, 2, 3),
      '{"type":"mark"}',
      '{"type":"item","id":7}',
      '{"type":"dtmf","digits":"x"}',
      '{"type":"hangup","drain":"maybe"}',
      `{"type":"message","data":"${'x'.repeat(70_000)}"}`,
      '{"type":"transcript","party":"nobody","text":"hm"}',
    ],
    oversized: OVERSIZED_BYTES,
  });
  follow(socket, connection.messages, (message) => hear(call, message));
  void (async () => {
    for (;;) call.onSound(samplesOf(await connection.hearSound()));
  })();
  return call;
}

function hear(call: ScriptedCall, message: Message): void {
  switch (message['type']) {
    case 'answered':
      return call.onAnswered();
    case 'dtmf':
      return call.onKeys(String(message['digit']));
    case 'marked':
      return call.onMark(String(message['name']), message['cleared'] === true);
    case 'cleared':
      for (const { id, played_ms } of message['items'] as readonly { id: string; played_ms: number }[]) {
        call.onPlayed(id, played_ms);
      }
      return;
    case 'end':
      return call.onEnd();
  }
}
