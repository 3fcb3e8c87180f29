import { z } from 'zod';
import type { ArtifactEvent } from './artifact-event.ts';
import { moment, text, word } from './lenient.ts';
import type { Reading, ReadingContext } from './reading.ts';

/** Meta's pages and Kapso's spell the second in two ways (kapso-api.md §9). */
const KINDS: ReadonlyMap<string | null, ArtifactEvent['kind']> = new Map([
  ['CALL_RECORDING_AVAILABLE', 'recording'],
  ['CALL_TRANSCRIPTION_AVAILABLE', 'transcript'],
  ['CALL_TRANSCRIPT_AVAILABLE', 'transcript'],
]);

/** Its `url` is not read: it lives for five minutes, and is a secret while it lives. */
const media = z.object({ id: text, sha256: text, mime_type: text });
const nothing = { id: null, sha256: null, mime_type: null };
const recording = z.object({ audio: media.catch(nothing) }).catch({ audio: nothing });
const transcript = z.object({ document: media.catch(nothing) }).catch({ document: nothing });

const artifactItem = z.object({
  id: text,
  event: word,
  timestamp: moment,
  call_recording: recording.optional(),
  call_transcript: transcript.optional(),
  call_transcription: transcript.optional(),
});

/** Reads one item of `value.calls` that speaks of a file of the call (meta-calling.md §3.8). Null if it is no such item. */
export function readArtifact(item: unknown, context: ReadingContext): Reading<ArtifactEvent> | null {
  const parsed = artifactItem.safeParse(item);
  const kind = parsed.success ? KINDS.get(parsed.data.event) : undefined;
  if (!parsed.success || kind === undefined) return null;
  const { id: callId, timestamp, call_recording, call_transcript, call_transcription } = parsed.data;
  if (callId === null) return { reason: 'no call id' };
  const told = kind === 'recording' ? call_recording?.audio : (call_transcript ?? call_transcription)?.document;
  const { id: mediaId, sha256, mime_type: mimeType } = told ?? nothing;
  if (mediaId === null) return { reason: `a ${kind} without a media id` };
  const { phoneNumberId, fallbackTime } = context;
  return { event: { kind, phoneNumberId, callId, mediaId, sha256, mimeType, at: timestamp ?? fallbackTime } };
}
