import type { WebSocket } from 'ws';
import type { ScriptedAgent } from './scripted-agent.ts';
import { ScriptedCall } from './scripted-call.ts';
import { bytesOf, MALFORMED_TEXTS, OVERSIZED_TEXT, pieces, samplesOf, startScriptedServer } from './scripted-server.ts';
import { STALE_VOICE, voice } from './voice.ts';

const RATE = 24_000;
const DELTA_MS = 100;
/** What was on the way when the person interrupted. */
const STALE_DELTAS = 2;

type Fields = Readonly<Record<string, unknown>>;

/**
 * A Realtime service that says what the test says. The one that behaves like the real service is `FakeRealtime`; it speaks
 * of its own accord, which a script must not.
 */
export async function startRealtimeAgent(): Promise<ScriptedAgent> {
  const server = await startScriptedServer(realtimeCall);
  return {
    name: 'openai-realtime',
    provider: { kind: 'openai_realtime', profile: 'compatible', url: `ws://${server.host}/v1/realtime` },
    agentRate: RATE,
    callerRate: RATE,
    can: { marks: false, accounts: true },
    meet: async () => {},
    ...server,
  };
}

function realtimeCall(socket: WebSocket): ScriptedCall {
  const send = (type: string, fields: Fields = {}) => socket.send(JSON.stringify({ type, ...fields }));
  /** Items whose response began, the latest last. */
  const items: string[] = [];
  /** The service says nothing before its session is configured. */
  let held: (() => void)[] | null = [];
  const speak = (say: () => void) => {
    if (held === null) say();
    else held.push(say);
  };

  const begin = (item: string) => {
    if (items.includes(item)) return;
    items.push(item);
    send('response.created', { response: { id: `resp-${item}`, status: 'in_progress' } });
    send('response.output_item.added', { response_id: `resp-${item}`, item: { id: item, type: 'message' } });
  };
  const delta = (pcm: Int16Array, item: string) => {
    const place = { response_id: `resp-${item}`, item_id: item, output_index: 0, content_index: 0 };
    send('response.output_audio.delta', { ...place, delta: bytesOf(pcm).toString('base64') });
  };
  const call = new ScriptedCall(socket, {
    agentRate: RATE,
    sound: (pcm, item) =>
      speak(() => {
        begin(item);
        for (const piece of pieces(pcm, (RATE * DELTA_MS) / 1000)) delta(piece, item);
      }),
    endItem: (item) =>
      speak(() => {
        const place = { response_id: `resp-${item}`, item_id: item, output_index: 0, content_index: 0 };
        send('response.output_audio.done', place);
        send('response.done', { response: { id: `resp-${item}`, status: 'completed' } });
      }),
    clear() {
      send('input_audio_buffer.speech_started', { audio_start_ms: 0, item_id: 'the-person' });
      const cut = items.at(-1);
      for (let n = 0; n < STALE_DELTAS && cut !== undefined; n += 1) delta(voice(STALE_VOICE, DELTA_MS, RATE), cut);
    },
    hangUp() {
      const ids = { response_id: 'resp-bye', item_id: 'bye', call_id: 'call-bye' };
      send('response.created', { response: { id: 'resp-bye', status: 'in_progress' } });
      send('response.function_call_arguments.done', { ...ids, name: 'hang_up', arguments: '{}' });
      send('response.done', { response: { id: 'resp-bye', status: 'completed' } });
    },
    malformed: [
      ...MALFORMED_TEXTS,
      Uint8Array.of(1, 2, 3),
      '{"type":"response.output_audio.delta"}',
      '{"type":"response.output_audio.delta","delta":5,"item_id":"x"}',
      '{"type":"response.output_audio.delta","delta":"%%%","item_id":7}',
      '{"type":"response.function_call_arguments.done"}',
      '{"type":"conversation.item.input_audio_transcription.completed","transcript":{}}',
    ],
    oversized: OVERSIZED_TEXT,
  });

  send('session.created', { session: { id: 'sess-1' } });
  socket.on('message', (data: Buffer) => {
    const event = JSON.parse(data.toString()) as Fields;
    if (event['type'] !== 'session.update') return hear(call, event);
    send('session.updated', { session: event['session'] });
    for (const say of held ?? []) say();
    held = null;
  });
  return call;
}

function hear(call: ScriptedCall, event: Fields): void {
  switch (event['type']) {
    case 'input_audio_buffer.append':
      return call.onSound(samplesOf(Buffer.from(String(event['audio']), 'base64')));
    case 'conversation.item.truncate':
      return call.onPlayed(String(event['item_id']), Number(event['audio_end_ms']));
    case 'conversation.item.create': {
      const text = JSON.stringify(event['item']);
      const keys = /"\[DTMF\] ([0-9*#A-D]+)"/.exec(text)?.[1];
      if (keys !== undefined) call.onKeys(keys);
    }
  }
}
