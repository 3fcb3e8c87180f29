import { fileURLToPath } from 'node:url';
import type { CheckAgentOptions } from '../../src/conformance/index.ts';

/** As `talkwire check-agent --wire raw` has them; nobody listens at the URL. */
export const CHECK_OPTIONS: CheckAgentOptions = {
  url: 'ws://127.0.0.1:1/',
  wire: 'raw',
  token: null,
  tokenIn: 'header',
  sampleRate: 16_000,
  bye: null,
  audio: fileURLToPath(new URL('../../assets/audio/hello.wav', import.meta.url)),
};
