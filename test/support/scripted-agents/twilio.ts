import type { WebSocket } from 'ws';
import { decodeUlaw, encodeUlaw } from '../../../src/audio/index.ts';
import { AUTH_TOKEN, BotStream, type StreamMessage } from '../twilio-agent.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import { ScriptedCall } from './scripted-call.ts';
import { follow, MALFORMED_TEXTS, OVERSIZED_TEXT, pieces, startScriptedServer } from './scripted-server.ts';

const RATE = 8_000;
/** Bots send 20 ms to some seconds in one message. */
const MESSAGE_MS = 1_000;
const ABILITIES = { marks: true, accounts: false };

/** A bot that is reached by its stream, or, with `webhook`, by the TwiML that names it. */
export async function startTwilioAgent(entry: 'stream' | 'webhook' = 'stream'): Promise<ScriptedAgent> {
  const server = await startScriptedServer(twilioCall, (request, response) => {
    request.resume();
    const stream = `<Stream url="ws://${request.headers.host}/stream"><Parameter name="tier" value="gold"/></Stream>`;
    response.writeHead(200, { 'Content-Type': 'text/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?><Response><Connect>${stream}</Connect></Response>`);
  });
  const isStream = entry === 'stream';
  return {
    name: isStream ? 'twilio' : 'twilio, by webhook',
    provider: isStream
      ? { kind: 'twilio', url: `ws://${server.host}/stream` }
      : { kind: 'twilio', url: `http://${server.host}/voice`, auth_token: AUTH_TOKEN },
    agentRate: RATE,
    callerRate: RATE,
    can: ABILITIES,
    meet: async () => {},
    ...server,
  };
}

function twilioCall(socket: WebSocket): ScriptedCall {
  const stream = new BotStream(socket, '');
  const call = new ScriptedCall(socket, {
    agentRate: RATE,
    sound(pcm) {
      for (const piece of pieces(pcm, (RATE * MESSAGE_MS) / 1000)) {
        const ulaw = new Uint8Array(piece.length);
        encodeUlaw(piece, ulaw);
        stream.sound(ulaw);
      }
    },
    mark: (name) => stream.mark(name),
    clear: () => stream.say({ event: 'clear', streamSid: 'MZ' }),
    hangUp: () => socket.close(1000),
    malformed: [
      ...MALFORMED_TEXTS,
      Uint8Array.of(1, 2, 3),
      '{"event":"media"}',
      '{"event":"media","media":{"payload":"%%%"}}',
      '{"event":"media","media":{"payload":5}}',
      '{"event":"mark","mark":{}}',
      '{"event":"mark","mark":{"name":7}}',
    ],
    oversized: OVERSIZED_TEXT,
  });
  follow(socket, stream.messages, (message) => hear(call, message));
  return call;
}

function hear(call: ScriptedCall, { event, media, mark, dtmf }: StreamMessage): void {
  switch (event) {
    case 'start':
      return call.onAnswered();
    case 'media': {
      const ulaw = Buffer.from(media?.payload ?? '', 'base64');
      const pcm = new Int16Array(ulaw.length);
      decodeUlaw(ulaw, pcm);
      return call.onSound(pcm);
    }
    case 'dtmf':
      return call.onKeys((dtmf as { readonly digit: string }).digit);
    case 'mark':
      return call.onMark(mark?.name ?? '', false);
    case 'stop':
      return call.onEnd();
  }
}
