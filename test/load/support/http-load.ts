/**
 * Sends requests at fixed times over connections that it keeps, in a process of its own: each leaves when it is due, whether or not
 * earlier ones were answered, and its time counts from then. It reads no more of an answer than its end, for the machine is
 * shared with what is measured.
 */
import { connect, type Socket } from 'node:net';

export interface LoadStream {
  readonly name: string;
  readonly perSecond: number;
  readonly connections: number;
  /** Whole HTTP requests in base64, sent in turn. */
  readonly requests: readonly string[];
}

export interface LoadJob {
  readonly port: number;
  readonly seconds: number;
  readonly streams: readonly LoadStream[];
}

export interface StreamReport {
  readonly name: string;
  readonly sent: number;
  readonly tookMs: readonly number[];
  /** Status by how many answers had it. */
  readonly statuses: Readonly<Record<string, number>>;
  /** From the first request to the last answer. */
  readonly allMs: number;
}

if (process.send !== undefined) {
  process.once('message', async (job: LoadJob) => {
    const reports = await Promise.all(job.streams.map((stream) => send(job, stream)));
    process.send?.(reports, () => process.exit());
  });
}

async function send({ port, seconds }: LoadJob, stream: LoadStream): Promise<StreamReport> {
  const requests = stream.requests.map((text) => Buffer.from(text, 'base64'));
  const lanes = await Promise.all(Array.from({ length: stream.connections }, () => Lane.open(port)));
  const count = stream.perSecond * seconds;
  const tookMs: number[] = [];
  const statuses: Record<string, number> = {};
  const waiting: number[] = [];
  const begin = performance.now();
  const dueAt = (index: number) => begin + (index * 1_000) / stream.perSecond;
  const free = [...lanes];
  const serve = () => {
    while (waiting.length > 0 && free.length > 0) {
      const index = waiting.shift()!;
      const lane = free.pop()!;
      lane.ask(requests[index % requests.length]!, (status) => {
        tookMs.push(performance.now() - dueAt(index));
        statuses[status] = (statuses[status] ?? 0) + 1;
        free.push(lane);
        serve();
      });
    }
  };
  for (let next = 0; next < count; ) {
    for (; next < count && dueAt(next) <= performance.now(); next += 1) waiting.push(next);
    serve();
    await new Promise((wake) => setTimeout(wake, 1));
  }
  while (tookMs.length < count) await new Promise((wake) => setTimeout(wake, 5));
  const allMs = performance.now() - begin;
  for (const lane of lanes) lane.close();
  return { name: stream.name, sent: count, tookMs, statuses, allMs };
}

/** One connection, with one request at a time. Answers must say how long they are. */
class Lane {
  readonly #socket: Socket;
  #head = '';
  #left = -1;
  #status = '';
  #done: (status: string) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => this.#read(data));
    socket.on('error', () => {});
    socket.on('close', () => this.#done('closed'));
  }

  static open(port: number): Promise<Lane> {
    const socket = connect(port, '127.0.0.1');
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Lane(socket)));
    });
  }

  ask(request: Buffer, done: (status: string) => void): void {
    this.#done = done;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    if (this.#left >= 0) return this.#take(data.length);
    this.#head += data.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return;
    this.#status = this.#head.slice(9, 12);
    this.#left = Number(/\r\ncontent-length: (\d+)/i.exec(this.#head)?.[1] ?? 0);
    const rest = this.#head.length - end - 4;
    this.#head = '';
    this.#take(rest);
  }

  #take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left > 0) return;
    this.#left = -1;
    const done = this.#done;
    // What closes later was answered.
    this.#done = () => {};
    done(this.#status);
  }
}
