import type { FaultScript } from './fault-script.ts';
import { NETWORK_PROFILES } from './network/profiles.ts';
import type { PhoneOptions } from './phone/simulated-phone.ts';
import { loadSpeech } from './phone/speech.ts';
import type { CallOptions, ResolvedOptions } from './whatsapp-options.ts';

/** What one call's phone is like. `placed`: how many calls there were before. Rejects if the audio cannot be used. */
export async function phoneOptions(
  whatsapp: ResolvedOptions,
  call: Pick<CallOptions, 'audio' | 'loop' | 'profile' | 'seed'>,
  script: FaultScript,
  placed: number,
): Promise<PhoneOptions> {
  const profile = call.profile === undefined ? whatsapp.profile : call.profile;
  const audio = call.audio ?? null;
  const setup = script.answerSetup;
  return {
    host: whatsapp.host,
    profile: profile === null ? null : NETWORK_PROFILES[profile],
    // Each call of a run meets its own weather, and the same one in each run.
    seed: call.seed ?? whatsapp.seed + placed,
    mediaOnly: whatsapp.mediaOnly,
    deaf: script.iceNeverConnects,
    cuts: script.networkCuts,
    speech: audio === null ? null : await loadSpeech(audio),
    loop: call.loop ?? false,
    firstMediaTimeoutMs: whatsapp.firstMediaTimeoutMs,
    mediaGapTimeoutMs: whatsapp.mediaGapTimeoutMs,
    ...(setup === null ? {} : { setup }),
  };
}
