import type { WebSocket } from 'ws';
import { decodeUlaw, encodeUlaw } from '../../../src/audio/index.ts';
import type { SampleRate } from '../../../src/call/index.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import { ScriptedCall } from './scripted-call.ts';
import { bytesOf, MALFORMED_TEXTS, OVERSIZED_TEXT, pieces, samplesOf, startScriptedServer } from './scripted-server.ts';
import { STALE_VOICE, voice } from './voice.ts';

export type ElevenLabsFormat = 'pcm_8000' | 'pcm_16000' | 'pcm_24000' | 'pcm_48000' | 'ulaw_8000';

/** The service sends some tenths of a second at a time. */
const CHUNK_MS = 250;
const KEY = 'xi-the-key';

/** A conversation service that says what the test says, reached by a signed URL. */
export async function startElevenLabsAgent(
  agentFormat: ElevenLabsFormat = 'pcm_16000',
  callerFormat: ElevenLabsFormat = 'pcm_16000',
): Promise<ScriptedAgent> {
  const server = await startScriptedServer(
    (socket) => elevenLabsCall(socket, agentFormat, callerFormat),
    (request, response) => {
      const url = new URL(request.url ?? '', `http://${request.headers.host}`);
      const isAsked = url.pathname === '/v1/convai/conversation/get-signed-url';
      if (!isAsked || request.headers['xi-api-key'] !== KEY) {
        response.writeHead(isAsked ? 401 : 404).end('{}');
        return;
      }
      const signed = `ws://${request.headers.host}/v1/convai/conversation?conversation_signature=signed`;
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ signed_url: signed }));
    },
  );
  return {
    name: 'elevenlabs',
    provider: { kind: 'elevenlabs', agent_id: 'agent_1', api_key: KEY, base_url: `http://${server.host}` },
    agentRate: rateOf(agentFormat),
    callerRate: rateOf(callerFormat),
    can: { marks: false, accounts: false },
    meet: async () => {},
    ...server,
  };
}

function rateOf(format: ElevenLabsFormat): SampleRate {
  return Number(format.split('_')[1]) as SampleRate;
}

function elevenLabsCall(socket: WebSocket, agentFormat: ElevenLabsFormat, callerFormat: ElevenLabsFormat) {
  const rate = rateOf(agentFormat);
  const send = (message: object) => socket.send(JSON.stringify(message));
  let eventId = 0;
  let isSpeaking = false;
  /** The service says nothing before the conversation was begun. */
  let held: (() => void)[] | null = [];
  const speak = (say: () => void) => {
    if (held === null) say();
    else held.push(say);
  };
  const audio = (pcm: Int16Array, id: number) => {
    const base64 = encode(pcm, agentFormat).toString('base64');
    send({ type: 'audio', audio_event: { audio_base_64: base64, event_id: id } });
  };
  const call = new ScriptedCall(socket, {
    agentRate: rate,
    sound: (pcm) =>
      speak(() => {
        if (!isSpeaking) eventId += 1;
        isSpeaking = true;
        for (const piece of pieces(pcm, (rate * CHUNK_MS) / 1000)) audio(piece, eventId);
      }),
    endItem: () =>
      speak(() => {
        isSpeaking = false;
      }),
    clear() {
      send({ type: 'interruption', interruption_event: { event_id: eventId } });
      // What was on the way.
      audio(voice(STALE_VOICE, CHUNK_MS, rate), eventId);
      isSpeaking = false;
    },
    hangUp() {
      send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', is_error: false } });
      socket.close(1000);
    },
    malformed: [
      ...MALFORMED_TEXTS,
      Uint8Array.of(1, 2, 3),
      '{"type":"audio"}',
      '{"type":"audio","audio_event":{"audio_base_64":5,"event_id":1}}',
      '{"type":"audio","audio_event":{"audio_base_64":"AAAA","event_id":"one"}}',
      '{"type":"interruption","interruption_event":{}}',
      '{"type":"client_tool_call","client_tool_call":{}}',
      '{"type":"conversation_initiation_metadata","conversation_initiation_metadata_event":{}}',
    ],
    oversized: OVERSIZED_TEXT,
  });

  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Readonly<Record<string, unknown>>;
    if (message['type'] === 'conversation_initiation_client_data') {
      const formats = { agent_output_audio_format: agentFormat, user_input_audio_format: callerFormat };
      const conversation_initiation_metadata_event = { conversation_id: 'conv_1', ...formats };
      send({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event });
      call.onAnswered();
      for (const say of held ?? []) say();
      held = null;
    } else if (typeof message['user_audio_chunk'] === 'string') {
      call.onSound(decode(Buffer.from(message['user_audio_chunk'], 'base64'), callerFormat));
    } else if (message['type'] === 'user_message') {
      const keys = /pressed on the phone: ([0-9*#A-D]+)/.exec(String(message['text']))?.[1];
      if (keys !== undefined) call.onKeys(keys);
    }
  });
  return call;
}

function encode(pcm: Int16Array, format: ElevenLabsFormat): Buffer {
  if (format !== 'ulaw_8000') return bytesOf(pcm);
  const ulaw = Buffer.alloc(pcm.length);
  encodeUlaw(pcm, ulaw);
  return ulaw;
}

function decode(bytes: Buffer, format: ElevenLabsFormat): Int16Array {
  if (format !== 'ulaw_8000') return samplesOf(bytes);
  const pcm = new Int16Array(bytes.length);
  decodeUlaw(bytes, pcm);
  return pcm;
}
