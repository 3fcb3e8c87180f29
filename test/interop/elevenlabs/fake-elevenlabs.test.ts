import { Conversation, type VoiceConversation, WebSocketConnection } from '@elevenlabs/client';
import { createConnection, setSetupStrategy, type VoiceSessionSetupResult } from '@elevenlabs/client/internal';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { encodeUlaw, sineTone } from '../../../src/audio/index.ts';
import { FakeElevenLabs, type FakeElevenLabsOptions } from '../../support/fake-elevenlabs.ts';
import type { FakeConversation } from '../../support/fake-elevenlabs-conversation.ts';

// The vendor's own client against our fake of the vendor's service: whatever the fake does that the client does not
// understand fails here, before a wire of ours is tried on it. Only microphone and loudspeaker are ours, and the socket.

/**
 * As browsers have it: every message is a turn of its own. Node's emits all that came together at once, and the client loses
 * what follows on the first.
 */
class BrowserSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { allowSynchronousEvents: false });
  }
}

interface Speaker {
  readonly played: Uint8Array[];
  interruptions: number;
}

interface Session {
  readonly client: VoiceConversation;
  readonly service: FakeConversation;
  readonly speaker: Speaker;
  readonly messages: { readonly role: string; readonly message: string }[];
  readonly disconnected: Promise<{ readonly reason: string; readonly closeCode?: number }>;
  readonly debug: unknown[];
  readonly pings: unknown[];
  readonly corrections: { readonly corrected_agent_response: string }[];
  microphone(bytes: Uint8Array): void;
}

type StartOptions = Parameters<typeof Conversation.startSession>[0];

let fake: FakeElevenLabs;
let speaker: Speaker;
let send: (bytes: Uint8Array) => void;

setSetupStrategy(async (options): Promise<VoiceSessionSetupResult> => {
  const connection = await createConnection(options);
  if (!(connection instanceof WebSocketConnection)) throw new Error('not a websocket');
  const own = speaker;
  connection.addListener(({ audio_base_64 }) => own.played.push(Buffer.from(audio_base_64, 'base64')));
  send = (bytes) => connection.sendMessage({ user_audio_chunk: Buffer.from(bytes).toString('base64') });
  const device = {
    close: async () => {},
    setDevice: async () => {},
    setMuted: async () => {},
    isMuted: () => false,
    setVolume: () => {},
    interrupt: () => {
      own.interruptions += 1;
    },
    getAnalyser: () => undefined,
    getVolume: () => 0,
    getByteFrequencyData: () => {},
  };
  return { connection, input: device, output: device, playbackEventTarget: null, detach: async () => {} };
});

async function session(
  options: Partial<FakeElevenLabsOptions> = {},
  differences: Readonly<Record<string, unknown>> = {},
): Promise<Session> {
  fake = await FakeElevenLabs.start(options);
  speaker = { played: [], interruptions: 0 };
  const messages: { role: string; message: string }[] = [];
  const debug: unknown[] = [];
  const pings: unknown[] = [];
  const corrections: { corrected_agent_response: string }[] = [];
  const { promise: disconnected, resolve } = Promise.withResolvers<{ reason: string; closeCode?: number }>();
  const arriving = fake.conversation();
  const client = (await Conversation.startSession({
    connectionType: 'websocket',
    agentId: 'agent_fake',
    origin: fake.origin,
    onMessage: ({ role, message }: { role: string; message: string }) => messages.push({ role, message }),
    onDebug: (each: unknown) => debug.push(each),
    onPing: (each: unknown) => pings.push(each),
    onAgentResponseCorrection: (each: { corrected_agent_response: string }) => corrections.push(each),
    onDisconnect: resolve,
    ...differences,
  } as unknown as StartOptions)) as VoiceConversation;
  const service = await arriving;
  return {
    client,
    service,
    speaker,
    messages,
    disconnected,
    debug,
    pings,
    corrections,
    microphone: (bytes) => send(bytes),
  };
}

beforeEach(() => {
  vi.stubGlobal('WebSocket', BrowserSocket);
});

afterEach(async () => {
  await fake.stop();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function bytesOf(pcm: Int16Array): Uint8Array {
  return new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

/** In frames of 20 ms, and then silence for half a second. */
function speak({ microphone }: Session, pcm: Int16Array, rate: number): void {
  const frame = rate / 50;
  for (let at = 0; at < pcm.length; at += frame) microphone(bytesOf(pcm.slice(at, at + frame)));
  for (let i = 0; i < 25; i += 1) microphone(new Uint8Array(frame * 2));
}

describe("the vendor's client with the fake service", () => {
  it('begins, hears the greeting whole, and knows its words', async () => {
    const {
      client,
      service,
      speaker: heard,
      messages,
      debug,
    } = await session(
      {},
      { dynamicVariables: { name: 'Ada' }, overrides: { agent: { language: 'de' } }, userId: 'u-1' },
    );
    expect(client.getId()).toBe('conv_fake');
    expect(service.initiation).toMatchObject({
      dynamic_variables: { name: 'Ada' },
      conversation_config_override: { agent: { language: 'de' } },
      user_id: 'u-1',
    });
    await service.settle();
    expect(Buffer.concat(heard.played)).toHaveLength(0.6 * 16_000 * 2);
    expect(messages).toEqual([{ role: 'agent', message: 'Hello, how can I help you?' }]);
    expect(debug).toEqual([]);
  });

  it.each(['pcm_8000', 'pcm_22050', 'pcm_24000', 'pcm_48000', 'ulaw_8000'])('takes %s', async (format) => {
    const { client, service, speaker: heard } = await session({ agentFormat: format, callerFormat: format });
    const [encoding, rate] = format.split('_');
    await service.settle();
    expect(client['connection'].outputFormat).toEqual({ format: encoding, sampleRate: Number(rate) });
    expect(client['connection'].inputFormat).toEqual({ format: encoding, sampleRate: Number(rate) });
    expect(Buffer.concat(heard.played)).toHaveLength(Math.round(0.6 * Number(rate)) * (encoding === 'pcm' ? 2 : 1));
  });

  it('comes in by a signed URL, once, and not without', async () => {
    fake = await FakeElevenLabs.start({ apiKey: 'secret' });
    const ask = (key: string, agent = 'agent_fake') =>
      fetch(`${fake.baseUrl}/v1/convai/conversation/get-signed-url?agent_id=${agent}`, {
        headers: { 'xi-api-key': key },
      });
    expect((await ask('wrong')).status).toBe(401);
    expect((await ask('secret', 'another')).status).toBe(404);
    const { signed_url: signedUrl } = (await (await ask('secret')).json()) as { signed_url: string };
    speaker = { played: [], interruptions: 0 };
    const client = await Conversation.startSession({ signedUrl } as StartOptions);
    expect(client.isOpen()).toBe(true);
    await client.endSession();
    await expect(Conversation.startSession({ signedUrl } as StartOptions)).rejects.toMatchObject({ closeCode: 3000 });
    await expect(
      Conversation.startSession({
        agentId: 'agent_fake',
        origin: fake.origin,
        connectionType: 'websocket',
      } as unknown as StartOptions),
    ).rejects.toMatchObject({ closeCode: 3000 });
  });

  it('answers pings and is told how long that took', async () => {
    const { service, pings } = await session({ pingEveryMs: 20 });
    for (let i = 0; i < 3; i += 1) await service.hear('pong');
    expect(service.pongs.length).toBeGreaterThanOrEqual(3);
    expect(pings[0]).toMatchObject({ ping_ms: null });
    await vi.waitFor(() => expect(pings.at(-1)).toMatchObject({ ping_ms: expect.any(Number) }));
  });

  it('is heard, in its format, and answered with what it said', async () => {
    const call = await session({ greeting: null, callerFormat: 'ulaw_8000' });
    const tone = sineTone(8_000, 500, 400);
    for (let at = 0; at < tone.length; at += 160) {
      const ulaw = new Uint8Array(160);
      encodeUlaw(tone.subarray(at, at + 160), ulaw);
      call.microphone(ulaw);
    }
    for (let i = 0; i < 25; i += 1) call.microphone(new Uint8Array(160).fill(0xff));
    await vi.waitFor(() => expect(call.messages).toHaveLength(2));
    expect(call.messages.map(({ role }) => role)).toEqual(['user', 'agent']);
    await call.service.settle();
    const replyMs = Buffer.concat(call.speaker.played).length / 32;
    expect(replyMs).toBeGreaterThanOrEqual(400);
    expect(replyMs).toBeLessThanOrEqual(820);
  });

  it('interrupts by speaking, stops its loudspeaker, and is told what was cut', async () => {
    const call = await session({ greeting: { text: 'A very long greeting indeed', hz: 440, ms: 20_000 } });
    speak(call, sineTone(16_000, 500, 300), 16_000);
    await vi.waitFor(() => expect(call.corrections).toHaveLength(1));
    expect(call.speaker.interruptions).toBe(1);
    const corrected = call.corrections[0]?.corrected_agent_response ?? '-';
    expect('A very long greeting indeed'.startsWith(corrected)).toBe(true);
    expect(corrected.length).toBeLessThan('A very long greeting indeed'.length);
  });

  it('runs its tools for the service', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { service } = await session({}, { clientTools: { add: ({ a, b }: { a: number; b: number }) => a + b } });
    expect(await service.callTool('add', { a: 2, b: 3 })).toMatchObject({ result: '5', is_error: false });
    expect(await service.callTool('unknown', {})).toMatchObject({ is_error: true });
  });

  it('sends texts, which the agent answers or takes note of', async () => {
    const { client, service, messages } = await session({ greeting: null });
    client.sendContextualUpdate('It rains.');
    client.sendUserActivity();
    client.sendUserMessage('1234#');
    expect(await service.hear('contextual_update')).toMatchObject({ text: 'It rains.' });
    await service.hear('user_message');
    await vi.waitFor(() => expect(messages).toEqual([{ role: 'agent', message: 'You wrote: 1234#' }]));
  });

  it('takes a close with 1000 for the agent that hangs up, and any other for an error', async () => {
    const ended = await session();
    ended.service.close(1000, 'Call ended by the agent');
    expect(await ended.disconnected).toMatchObject({ reason: 'agent', closeCode: 1000 });
    await fake.stop();
    const broken = await session();
    broken.service.close(1011);
    expect(await broken.disconnected).toMatchObject({ reason: 'error', closeCode: 1011 });
  });

  it('ends when the agent has used its tool end_call', async () => {
    const { service, disconnected } = await session();
    service.endCall(false);
    expect(await disconnected).toMatchObject({ reason: 'agent' });
    expect(await service.closed).toMatchObject({ code: 1000 });
  });

  it('is told what is missing, and refused', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    await expect(session({ variables: ['contact_name'] })).rejects.toMatchObject({
      closeCode: 1008,
      closeReason: 'Missing required dynamic variables: contact_name',
    });
  });

  it('says goodbye with 1000', async () => {
    const { client, service } = await session();
    await client.endSession();
    expect(await service.closed).toMatchObject({ code: 1000 });
  });
});
