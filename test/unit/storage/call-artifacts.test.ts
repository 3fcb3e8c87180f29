import { describe, expect, it } from 'vitest';
import type { ArtifactEvent } from '../../../src/signaling/ports.ts';
import { T0 } from '../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { hearAll, toldIn } from '../../support/told.ts';

function recordingOf(callId: string): ArtifactEvent {
  const file = { mediaId: '1371543041066315', sha256: 'k0cZ9gk4X7i2', mimeType: 'audio/ogg; codecs=opus' };
  return { kind: 'recording', phoneNumberId: PHONE_NUMBER_ID, callId, at: T0 + 90_000, ...file };
}

describe.each(DATABASES)('a file that WhatsApp made of a call ($name)', ({ fresh }) => {
  it('is in the timeline of its call and told to others, once', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await hearAll(database);
    const call = callIdentity();
    await database.calls.create(call, 'ringing', T0, null);
    await database.artifacts.handle(recordingOf(call.callId));
    await database.artifacts.handle(recordingOf(call.callId));
    await database.artifacts.handle({ ...recordingOf(call.callId), kind: 'transcript', mediaId: '77', sha256: null });
    expect((await database.calls.timeline(call.id)).map(({ type, data }) => [type, data])).toEqual([
      ['recording_ready', { mediaId: '1371543041066315', mimeType: 'audio/ogg; codecs=opus', sha256: 'k0cZ9gk4X7i2' }],
      ['transcript_ready', { mediaId: '77', mimeType: 'audio/ogg; codecs=opus', sha256: null }],
    ]);
    const told = (await toldIn(place)).filter(({ type }) => type.endsWith('_ready'));
    expect(told).toMatchObject([
      {
        type: 'whatsapp.call.recording_ready',
        key: call.id,
        body: { call: { id: call.id }, recording: { call_id: call.callId, media_id: '1371543041066315' } },
      },
      { type: 'whatsapp.call.transcript_ready', body: { transcript: { media_id: '77', sha256: null } } },
    ]);
  });

  it('is told of a call that has no record here', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await hearAll(database);
    await database.artifacts.handle(recordingOf('wacid.elsewhere'));
    expect(await toldIn(place)).toMatchObject([
      { key: 'wacid.elsewhere', body: { call: null, contact: null, recording: { call_id: 'wacid.elsewhere' } } },
    ]);
  });
});
