import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import packagedChromium, { inflate } from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/**
 * Starts the headless Chromium that @sparticuz/chromium brings, with a WAV file as its microphone. The file (PCM, any
 * rate) is spoken once, from the moment a page opens the microphone; every page is given it without being asked.
 */
export async function startChromium(microphone: string): Promise<Browser> {
  const folder = await unpackedChromium();
  return await chromium.launch({
    executablePath: join(folder, 'chromium'),
    // Its own NSS and expat: a bare machine has none, and needs no package for it.
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    },
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${resolve(microphone)}%noloop`,
      '--autoplay-policy=no-user-gesture-required',
      '--allow-loopback-in-peer-connection',
    ],
  });
}

/** Unpacked once per version; the last step is a rename, so that a run that was cut short leaves nothing half done. */
async function unpackedChromium(): Promise<string> {
  const packageFolder = fileURLToPath(new URL('..', import.meta.resolve('@sparticuz/chromium')));
  const bin = join(packageFolder, 'bin');
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const folder = resolve('var', `chromium-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync('var', { recursive: true });
  const staging = mkdtempSync(resolve('var', 'chromium-unpacking-'));
  const before = process.env['TMPDIR'];
  // The package unpacks to the system's temporary folder and takes whatever lies there already.
  process.env['TMPDIR'] = staging;
  try {
    await packagedChromium.executablePath(bin);
    await inflate(join(bin, 'al2023.tar.br'));
    writeFileSync(join(staging, 'fonts.conf'), fontsOf(folder));
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  try {
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    // Another run was faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The fonts that come with it, for where it was unpacked; without any, text has no size and counts as hidden. */
function fontsOf(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(folder, 'fonts')}</dir><cachedir>${join(folder, 'fonts-cache')}</cachedir></fontconfig>
`;
}
