import { measureEcho, type PhoneReport } from '../simulator/index.ts';
import { entryOf, type LogEntry, tellEntry, tellQuality } from './call-log.ts';
import type { Narrator } from './narrator.ts';
import type { DemoOptions } from './options.ts';
import type { Stage } from './stage.ts';

/** How long the phone listens on after its last word, so that the echo of it can come back. */
const LISTEN_MS = 1_500;
/** Below this, what came back is not what was spoken (waveform correlation of an Opus round trip is about 0.8 to 0.95). */
const GOOD_ECHO = 0.5;

/**
 * Places the call that nobody has to make, and tells what came of it. Resolves to whether it was heard as it was spoken.
 * Rejects with a sentence if it was not answered.
 */
export async function placeFirstCall({ options, narrator, whatsapp, api }: Stage): Promise<boolean> {
  narrator.heading('A call');
  const call = await whatsapp.call({ audio: options.audio });
  narrator.begin(call.timeline[0]?.at ?? Date.now());
  narrator.follow(call);
  const answered = await call.waitFor('accepted', 30_000).then(
    () => true,
    () => false,
  );
  if (answered) {
    await call.waitFor('spoken', 120_000);
    await new Promise((wake) => setTimeout(wake, LISTEN_MS));
  }
  call.hangUp();
  await call.waitFor('closed', 10_000);
  const entry = await entryOf(api, call.callId);
  tellEntry(narrator, entry);
  if (!answered) throw new Error(`the call was not answered${whyNot(entry, options)}`);
  tellQuality(narrator, entry);
  const { phone } = await call.report();
  return phone !== null && tellEcho(narrator, phone);
}

/** The end of a sentence about a call that came to nothing. */
export function whyNot(entry: LogEntry, options: DemoOptions): string {
  const why = entry.ending?.reason ?? 'unknown';
  const missing = why === 'agent_unavailable' && options.agent !== undefined;
  const hint = missing ? ` The agent at ${options.agent} is missing.` : '';
  return ` (${why}).${hint}`;
}

function tellEcho(narrator: Narrator, phone: PhoneReport): boolean {
  narrator.heading('What the phone heard');
  const match = measureEcho(phone);
  if (match === null) {
    narrator.fact('echo', 'none: nothing was heard');
    return false;
  }
  narrator.fact('echo delay', `${Math.round(match.delayMs)} ms from mouth to ear, without the phone's own buffer`);
  narrator.fact('match with the words', `${match.waveform.toFixed(3)} waveform, ${match.envelope.toFixed(3)} loudness`);
  narrator.fact('gaps of 40 ms or more', String(phone.gaps));
  narrator.fact('media before accept', String(phone.mediaBeforeAccept));
  const good = match.waveform >= GOOD_ECHO && phone.mediaBeforeAccept === 0;
  narrator.fact('verdict', good ? 'the call works' : 'what came back is not what was spoken');
  return good;
}
