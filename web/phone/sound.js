/** Microphone, loudness and the network of a call, as browsers have them. */
import { Problem } from './server.js';

/** No server is asked; host candidates take a few milliseconds. */
const GATHER_PATIENCE_MS = 3_000;

/** By the name of the error that getUserMedia gives. */
const MICROPHONE_PROBLEMS = {
  NotAllowedError: (button) =>
    `This page may not use the microphone. Allow it in the browser, then press ${button} again.`,
  NotFoundError: (button) => `No microphone was found. Connect one, then press ${button} again.`,
  NotReadableError: () => 'The microphone cannot be opened; another program may hold it.',
};

export const silence = () => Number.NEGATIVE_INFINITY;

/**
 * @param {string} button what the person pressed
 * @throws {Problem}
 */
export async function openMicrophone(button) {
  if (navigator.mediaDevices === undefined) {
    throw new Problem('Browsers open the microphone only for pages of this machine or over https.');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
  } catch (error) {
    const sentence = MICROPHONE_PROBLEMS[error.name]?.(button);
    throw new Problem(sentence ?? `The microphone cannot be opened: ${error.message}`);
  }
}

/** Gives a function that measures the loudness of this moment, dBFS. */
export function meter(sound, stream) {
  const analyser = sound.createAnalyser();
  sound.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return () => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
    return 10 * Math.log10(power);
  };
}

/**
 * Sets the description that `peer` makes by itself and resolves to it, whole: calls over Graph know no trickle, so it must
 * hold every candidate.
 *
 * @throws {Problem}
 */
export async function describe(peer) {
  await peer.setLocalDescription();
  await new Promise((resolve) => {
    const check = () => peer.iceGatheringState === 'complete' && resolve();
    peer.addEventListener('icegatheringstatechange', check);
    setTimeout(resolve, GATHER_PATIENCE_MS);
    check();
  });
  const { sdp } = peer.localDescription;
  if (!sdp.includes('a=candidate:')) throw new Problem('The browser found no network to carry the sound.');
  return sdp;
}
