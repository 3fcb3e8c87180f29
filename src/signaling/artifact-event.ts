/** WhatsApp has made a file of a call that was recorded or transcribed there (meta-calling.md §3.8). */
export interface ArtifactEvent {
  readonly kind: 'recording' | 'transcript';
  readonly phoneNumberId: string;
  /** Meta's id of the call, of which there may be no record here. */
  readonly callId: string;
  /** Graph gives the file for it, with the number's own token. */
  readonly mediaId: string;
  /** Base64. */
  readonly sha256: string | null;
  readonly mimeType: string | null;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Where they go. Awaited: a webhook is worked off only when its events were taken. */
export interface ArtifactSink {
  handle(event: ArtifactEvent): Promise<void>;
}
