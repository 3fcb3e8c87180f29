import { describe, expect, it } from 'vitest';
import { parseWebhook } from '../../../src/signaling/index.ts';
import { callsWebhook, OUR_NUMBER, webhookBytes } from '../../support/webhook.ts';

const AT = 1_760_682_177_000;
const parse = (body: unknown) => parseWebhook(body, AT);

function transcript(event: string, more: Readonly<Record<string, unknown>>): unknown {
  return callsWebhook({ calls: [{ id: 'wacid.X', event, timestamp: '1760682177', ...more }] });
}

describe('a file that WhatsApp made of a call', () => {
  it('is a recording with its media id, and never what its URL is', () => {
    const { artifacts, events, ignored } = parse(webhookBytes('call-recording-available'));
    expect({ events, ignored }).toEqual({ events: [], ignored: [] });
    expect(artifacts).toEqual([
      {
        kind: 'recording',
        phoneNumberId: OUR_NUMBER,
        callId: 'wacid.IN1',
        mediaId: '90001',
        sha256: 'AAAA',
        mimeType: 'audio/ogg; codecs=opus',
        at: AT,
      },
    ]);
    expect(JSON.stringify(artifacts)).not.toContain('http');
  });

  it.each([
    ['call_transcription_available', 'call_transcript'],
    ['call_transcript_available', 'call_transcript'],
    ['CALL_TRANSCRIPTION_AVAILABLE', 'call_transcription'],
  ])('is a transcript, as %s with %s', (event, key) => {
    const document = { id: 90_002, sha256: 'BBBB', mime_type: 'application/json', url: 'https://media.example/2' };
    expect(parse(transcript(event, { [key]: { type: 'document', document } })).artifacts).toMatchObject([
      { kind: 'transcript', callId: 'wacid.X', mediaId: '90002', mimeType: 'application/json' },
    ]);
  });

  it.each([
    [{ call_recording: { audio: {} } }, 'a recording without a media id'],
    [{}, 'a recording without a media id'],
    [{ id: null, call_recording: { audio: { id: '1' } } }, 'no call id'],
  ])('is ignored with a reason without what it is found by: %j', (more, reason) => {
    const { artifacts, ignored } = parse(transcript('call_recording_available', more));
    expect(artifacts).toEqual([]);
    expect(ignored.map((item) => item.reason)).toEqual([reason]);
  });
});
