import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWire } from '../../../src/agents/index.ts';
import { levelDb, sineTone } from '../../../src/audio/index.ts';
import { callContext } from '../../support/call-context.ts';
import { ElevenLabsCalls } from '../../support/fake-elevenlabs-calls.ts';

let calls: ElevenLabsCalls;

afterEach(() => calls.stop());

/** How often a second the sound crosses zero upwards: the pitch of a tone. */
function pitch(pcm: Int16Array, rate: number): number {
  const middle = pcm.subarray(Math.floor(pcm.length / 4), Math.floor((pcm.length * 3) / 4));
  const ups = middle.filter((sample, i) => i > 0 && sample >= 0 && (middle[i - 1] ?? 0) < 0).length;
  return (ups * rate) / middle.length;
}

/** In frames of 20 ms at 16 kHz. */
function speak(wire: AgentWire, pcm: Int16Array): void {
  for (let at = 0; at < pcm.length; at += 320) wire.callerAudio(pcm.slice(at, at + 320), (at / 320) * 20);
}

describe('getting through to the agent', () => {
  it('asks for a signed URL with the key, and shows the key to nobody else', async () => {
    calls = await ElevenLabsCalls.start({ apiKey: 'xi-secret' });
    const { wire, conversation } = await calls.ready({ apiKey: 'xi-secret' });
    expect(calls.fake.signedUrlRequests.map((headers) => headers['xi-api-key'])).toEqual(['xi-secret']);
    wire.start();
    await calls.settle(conversation);
    expect(JSON.stringify(conversation.messages)).not.toContain('xi-secret');
  });

  it('goes straight to a public agent', async () => {
    calls = await ElevenLabsCalls.start();
    await calls.talking();
    expect(calls.fake.signedUrlRequests).toHaveLength(0);
  });

  it('is ready when the socket is open, and keeps the greeting off a phone that rings', async () => {
    calls = await ElevenLabsCalls.start();
    const { wire, conversation } = await calls.ready();
    await conversation.roundTrip();
    expect(conversation.messages).toEqual([]);
    wire.start();
    wire.start();
    await calls.settle(conversation);
    expect(conversation.messages.filter(({ type }) => type !== 'pong')).toHaveLength(1);
    expect(calls.listener.types.filter((type) => type === 'ready')).toHaveLength(1);
    expect(calls.sound.length).toBe(9_600);
  });
});

describe('what the agent is told', () => {
  it('holds the facts of the call, by the names that agents for telephones have, and ours', async () => {
    calls = await ElevenLabsCalls.start();
    const { conversation } = await calls.talking({
      overrides: { agent: { language: 'de' } },
      dynamicVariables: { plan: 'gold', visits: 3, vip: true },
      parameters: { plan: 'silver' },
    });
    expect(conversation.initiation).toEqual({
      type: 'conversation_initiation_client_data',
      conversation_config_override: { agent: { language: 'de' } },
      user_id: 'US.1',
      dynamic_variables: {
        caller_id: '+15550199',
        called_number: '+15550100',
        call_sid: 'wacid.test',
        from_number: '+15550199',
        to_number: '+15550100',
        direction: 'inbound',
        call_id: '00000000-0000-4000-8000-000000000001',
        wacid: 'wacid.test',
        contact_name: 'Ada',
        user_id: 'US.1',
        phone_number_id: 'pn-1',
        display_phone_number: '+1 555 0100',
        cta_payload: '',
        deeplink_payload: '',
        recording: false,
        reconnect_attempt: 0,
        previous_agent: '',
        previous_agent_failure: '',
        plan: 'silver',
        visits: 3,
        vip: true,
      },
    });
  });

  it('leaves no variable out that is unknown, and lets the operator say what stands for it', async () => {
    calls = await ElevenLabsCalls.start({ variables: ['contact_name', 'cta_payload', 'caller_id'] });
    const user = { waId: null, userId: null, parentUserId: null, name: null };
    const context = callContext({ identity: { user, direction: 'outbound', displayPhoneNumber: null } });
    const { conversation } = await calls.talking(
      { dynamicVariables: { contact_name: 'friend', wacid: 'no' } },
      context,
    );
    expect(conversation.variables).toMatchObject({ contact_name: 'friend', caller_id: '', wacid: 'wacid.test' });
    expect(conversation.initiation).not.toHaveProperty('user_id');
    expect(conversation.initiation).not.toHaveProperty('conversation_config_override');
    expect(calls.sound.length).toBeGreaterThan(0);
  });

  it('is what was said to another agent before, once it listens', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const context = callContext({
      previousAgent: { name: 'First', failure: 'socket_lost' },
      transcript: [
        { party: 'agent', text: 'x'.repeat(4_000) },
        { party: 'user', text: 'A table for four.' },
        { party: 'agent', text: 'At what time?' },
      ],
    });
    const { conversation } = await calls.talking({}, context);
    expect(conversation.variables).toMatchObject({ previous_agent: 'First', previous_agent_failure: 'socket_lost' });
    expect(conversation.messages[1]).toEqual({
      type: 'contextual_update',
      text: [
        'You take over this phone call from another agent, which was lost.',
        'What was said so far:',
        'Caller: A table for four.',
        'Agent: At what time?',
      ].join('\n'),
    });
  });

  it('holds nothing of an agent before it that nobody has heard', async () => {
    calls = await ElevenLabsCalls.start();
    const previousAgent = { name: 'First', failure: 'connect_timeout' } as const;
    const { conversation } = await calls.talking({}, callContext({ previousAgent }));
    await calls.settle(conversation);
    expect(conversation.variables['previous_agent']).toBe('First');
    expect(conversation.messages.map(({ type }) => type)).not.toContain('contextual_update');
  });

  it('is that it was away for a moment', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const { conversation } = await calls.talking({}, callContext({ attempt: 2 }));
    expect(conversation.variables['reconnect_attempt']).toBe(2);
    expect(conversation.messages[1]).toMatchObject({ text: expect.stringContaining('was lost for a moment') });
  });

  it('is a word from outside, also one that came before it could listen', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const { wire, conversation } = await calls.ready();
    wire.instruct({ type: 'message', data: 'VIP' });
    wire.start();
    wire.instruct({ type: 'twiml', twiml: '<Response/>' });
    await calls.settle(conversation);
    wire.instruct({ type: 'message', data: { balance: 12 } });
    await calls.settle(conversation);
    expect(conversation.messages.flatMap(({ type, text }) => (type === 'contextual_update' ? [text] : []))).toEqual([
      'VIP',
      '{"balance":12}',
    ]);
  });
});

describe('sound', () => {
  it.each(['pcm_8000', 'pcm_16000', 'pcm_22050', 'pcm_24000', 'pcm_44100', 'pcm_48000', 'ulaw_8000'])(
    'goes both ways in %s',
    async (format) => {
      calls = await ElevenLabsCalls.start({ agentFormat: format, callerFormat: format });
      const { wire, conversation } = await calls.talking();
      const greeting = calls.sound;
      expect(Math.abs(greeting.length - 9_600)).toBeLessThanOrEqual(1);
      expect(pitch(greeting, 16_000)).toBeCloseTo(440, -1);
      expect(levelDb(greeting.subarray(2_000, 8_000))).toBeCloseTo(-13, 0);

      speak(wire, sineTone(16_000, 500, 600));
      await calls.settle(conversation);
      const heard = Int16Array.from(conversation.heard.flatMap((pcm) => [...pcm]));
      expect(conversation.heardMs).toBeCloseTo(600, 0);
      expect(pitch(heard, conversation.callerRate)).toBeCloseTo(500, -1);
      expect(levelDb(heard.subarray(heard.length / 4, heard.length / 2))).toBeCloseTo(-13, 0);
    },
  );

  it('of the agent is named by its event', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const { conversation } = await calls.talking();
    const ids = conversation.say('Hi', sineTone(16_000, 440, 500), 16_000);
    await calls.settle(conversation);
    expect(calls.listener.all('audio').map(({ itemId }) => itemId)).toEqual(ids.map((id) => `event-${id}`));
  });

  it('of the caller is held until the agent listens, the latest 400 ms of it', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const { wire, conversation } = await calls.ready();
    wire.start();
    // All of it before a single byte of the agent's answer was read.
    for (let i = 0; i < 25; i += 1) wire.callerAudio(new Int16Array(320).fill(i), i * 20);
    await calls.settle(conversation);
    wire.callerAudio(new Int16Array(320).fill(25), 500);
    await calls.settle(conversation);
    expect(conversation.heard.map((pcm) => pcm[0])).toEqual(Array.from({ length: 21 }, (_, i) => i + 5));
    expect(wire.callerAudioDroppedMs).toBe(100);
  });

  it('that was interrupted is cleared, and what comes of it later is dropped', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const { conversation } = await calls.talking();
    const piece = sineTone(16_000, 440, 100);
    conversation.sound(piece);
    const last = conversation.sound(piece);
    conversation.interrupt();
    for (const event_id of [last - 1, last, last + 1]) {
      const audio_base_64 = Buffer.from(piece.buffer).toString('base64');
      conversation.send({ type: 'audio', audio_event: { audio_base_64, event_id } });
    }
    // An older interruption that comes late takes nothing back.
    conversation.send({ type: 'interruption', interruption_event: { event_id: 0 } });
    conversation.send({ type: 'audio', audio_event: { audio_base_64: 'AAA=', event_id: last } });
    await calls.settle(conversation);
    expect(calls.listener.types.slice(1)).toEqual(['audio', 'audio', 'clear', 'audio', 'clear']);
    expect(calls.listener.all('audio').at(-1)?.itemId).toBe(`event-${last + 1}`);
  });

  it('of a caller that speaks into a long greeting interrupts it, and comes back as the answer', async () => {
    calls = await ElevenLabsCalls.start({ greeting: { text: 'A very long greeting', hz: 440, ms: 30_000 } });
    const { wire } = await calls.talking();
    const greeted = calls.sound.length;
    speak(wire, sineTone(16_000, 500, 300));
    await calls.listener.next('clear');
    speak(wire, new Int16Array(320 * 25));
    await calls.listener.next('audio');
    await expect.poll(() => calls.sound.length - greeted).toBeGreaterThanOrEqual(4_800);
    expect(pitch(calls.sound.slice(greeted, greeted + 4_800), 16_000)).toBeCloseTo(500, -1);
  });
});

describe('words', () => {
  it('of the agent are final when something else is said', async () => {
    calls = await ElevenLabsCalls.start();
    const { conversation } = await calls.talking();
    conversation.send({
      type: 'tentative_user_transcript',
      tentative_user_transcription_event: { user_transcript: 'A ta', event_id: 90 },
    });
    conversation.userSaid('A table.');
    conversation.userSaid('  ');
    await calls.settle(conversation);
    expect(calls.listener.all('transcript').map(({ transcript }) => transcript)).toEqual([
      { party: 'agent', text: 'Hello, how can I help you?', final: false },
      { party: 'user', text: 'A ta', final: false },
      { party: 'agent', text: 'Hello, how can I help you?', final: true },
      { party: 'user', text: 'A table.', final: true },
    ]);
  });

  it('that were cut are corrected, those that were never heard are none', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const { conversation } = await calls.talking();
    const said = (id: number, text: string) =>
      conversation.send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: id } });
    const corrected = (id: number, text: string) =>
      conversation.send({
        type: 'agent_response_correction',
        agent_response_correction_event: {
          original_agent_response: '?',
          corrected_agent_response: text,
          event_id: id,
        },
      });
    said(1, 'One two three.');
    corrected(1, 'One two');
    said(2, 'Never heard.');
    corrected(2, '');
    said(3, 'Four.');
    corrected(1, 'Late');
    await calls.settle(conversation);
    const final = calls.listener.all('transcript').filter(({ transcript }) => transcript.final);
    expect(final.map(({ transcript }) => transcript.text)).toEqual(['One two', 'Four.']);
  });

  it('that were said last stand when the agent is lost or hangs up', async () => {
    calls = await ElevenLabsCalls.start();
    const { conversation } = await calls.talking();
    conversation.drop();
    await calls.listener.next('lost');
    expect(calls.listener.all('transcript').at(-1)?.transcript.final).toBe(true);
    expect(calls.listener.types.at(-1)).toBe('lost');
  });
});

describe('a ping', () => {
  it('is answered at once, whatever delay was measured', async () => {
    calls = await ElevenLabsCalls.start({ greeting: null });
    const { conversation } = await calls.talking();
    const before = conversation.messages.length;
    conversation.send({ type: 'ping', ping_event: { event_id: 1, ping_ms: 60_000 } });
    expect(await conversation.hear('pong')).toEqual({ type: 'pong', event_id: 1 });
    expect(conversation.messages).toHaveLength(before + 1);
  });
});
