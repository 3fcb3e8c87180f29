import { z } from 'zod';
import type { TimelineLine } from '../ports.ts';

/** Meta keeps the file so long (meta-calling.md §3.8); a repeated webhook does not make it longer. */
const KEPT_MS = 7 * 24 * 3_600_000;

const text = z.string().nullable();
const time = z.iso.datetime().nullable();
const artifact = z
  .strictObject({
    state: z.enum(['absent', 'available', 'expired']),
    media_id: text.meta({ description: '`GET /meta/whatsapp/{version}/{media_id}` tells where the file is' }),
    mime_type: text,
    sha256: text,
    received_at: time,
    expires_at: time.meta({ description: 'Meta keeps it for 7 days' }),
  })
  .meta({ id: 'CallArtifact' });

/** What WhatsApp itself recorded and wrote down of a call, where that was asked for (kapso-api.md §9). */
export const callArtifactsAnswer = z.strictObject({ recording: artifact, transcription: artifact });

type CallArtifacts = z.output<typeof callArtifactsAnswer>;

/** @param at now, Unix milliseconds */
export function artifactsOf(timeline: readonly TimelineLine[], at: number): CallArtifacts {
  return {
    recording: artifactIn(timeline, 'recording_ready', at),
    transcription: artifactIn(timeline, 'transcript_ready', at),
  };
}

const told = z.object({ mediaId: text, mimeType: text.default(null), sha256: text.default(null) });

function artifactIn(timeline: readonly TimelineLine[], type: string, at: number): CallArtifacts['recording'] {
  // One that was made anew replaces the one before.
  const line = timeline.findLast((each) => each.type === type);
  const file = told.safeParse(line?.data).data;
  if (line === undefined || file === undefined) {
    return { state: 'absent', media_id: null, mime_type: null, sha256: null, received_at: null, expires_at: null };
  }
  const expiresAt = Date.parse(line.at) + KEPT_MS;
  return {
    state: at < expiresAt ? 'available' : 'expired',
    media_id: file.mediaId,
    mime_type: file.mimeType,
    sha256: file.sha256,
    received_at: line.at,
    expires_at: new Date(expiresAt).toISOString(),
  };
}
