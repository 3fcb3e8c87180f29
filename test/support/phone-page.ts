import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';

const SCREENSHOTS = 'var/screenshots';
const PATIENCE_MS = 10_000;

/** Of the browser's own statistics. Times in milliseconds. */
export interface BrowserFigures {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly concealedRatio: number;
  readonly jitterBufferMs: number;
  readonly packetsSent: number;
  /** By our receiver reports; null before the first. */
  readonly packetsLostByBridge: number | null;
  readonly roundTripMs: number;
  readonly codec: string;
  readonly dtlsState: string;
  readonly srtpCipher: string;
  readonly iceRole: string;
}

/** Both sides as the browser had them, mono, on one clock. */
export interface BrowserRecording {
  readonly rate: number;
  readonly spoken: Int16Array;
  readonly heard: Int16Array;
}

/** The browser phone in the hand of a test. */
export class PhonePage {
  readonly page: Page;
  /** What the page's scripts threw. */
  readonly faults: string[] = [];
  readonly status: Locator;
  readonly problem: Locator;

  private constructor(page: Page) {
    this.page = page;
    this.status = page.getByRole('status');
    this.problem = page.getByRole('alert');
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<PhonePage> {
    const context = await browser.newContext(options);
    const page = new PhonePage(await context.newPage());
    await page.page.addInitScript({ path: 'test/support/browser-ear.js' });
    await page.page.goto(url);
    return page;
  }

  /** A button by what is written on it. */
  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button, exact: true }).click();
  }

  /** The person, or the system, gives the page no microphone. */
  async refuseMicrophone(): Promise<void> {
    await this.page.evaluate(
      `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))`,
    );
  }

  /** Rejects with the page's own words if it shows a problem instead. */
  async untilStatus(text: string): Promise<void> {
    const status = this.status.filter({ hasText: text });
    await status
      .or(this.problem.filter({ visible: true }))
      .first()
      .waitFor({ timeout: PATIENCE_MS });
    if (!(await status.isVisible())) throw new Error(`the page says: ${await this.problem.innerText()}`);
  }

  /** Rejects if it never comes. */
  async untilText(text: string): Promise<void> {
    await this.page.getByText(text, { exact: true }).filter({ visible: true }).waitFor({ timeout: PATIENCE_MS });
  }

  async untilProblem(text: string): Promise<void> {
    await this.problem.filter({ hasText: text }).waitFor({ timeout: PATIENCE_MS });
  }

  async recording(): Promise<BrowserRecording> {
    const { rate, spoken, heard } = await this.page.evaluate<{ rate: number; spoken: string; heard: string }>(
      'browserEar.recording()',
    );
    return { rate, spoken: samplesOf(spoken), heard: samplesOf(heard) };
  }

  figures(): Promise<BrowserFigures> {
    return this.page.evaluate<BrowserFigures>('browserEar.figures()');
  }

  /** What of the last call still takes up the browser. */
  leftOpen(): Promise<{ peer: boolean; microphone: boolean }> {
    return this.page.evaluate<{ peer: boolean; microphone: boolean }>('browserEar.leftOpen()');
  }

  /** To look at, in var/screenshots. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

function samplesOf(base64: string): Int16Array {
  const bytes = Buffer.from(base64, 'base64');
  const samples = new Int16Array(bytes.length / 2);
  for (let i = 0; i < samples.length; i += 1) samples[i] = bytes.readInt16LE(i * 2);
  return samples;
}
