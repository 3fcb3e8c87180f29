import type { Clock } from '../../../src/runtime/index.ts';

/** Answers of ports that are awaited by nobody's clock: while there are any, an instant is not over. */
export class UnderWay {
  count = 0;
}

/** A process that can be killed: from then on nothing that it asked for is answered, and it asks for nothing any more. */
export class Life {
  #alive = true;

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  /** A port as this process has it. What was asked for before its end may still happen. */
  port<T extends object>(port: T, underWay: UnderWay | null = null): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => this.#ask(() => value.apply(target, given), underWay);
      },
    });
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      at: (time, run) => clock.at(time, () => (this.#alive ? run() : undefined)),
    };
  }

  #ask(ask: () => unknown, underWay: UnderWay | null): unknown {
    if (!this.#alive) return NEVER;
    const answer = ask();
    if (!(answer instanceof Promise)) return answer;
    if (underWay !== null) underWay.count += 1;
    return new Promise((resolve, reject) => {
      const tell = (how: (what: unknown) => void) => (what: unknown) => {
        if (underWay !== null) underWay.count -= 1;
        if (this.#alive) how(what);
      };
      answer.then(tell(resolve), tell(reject));
    });
  }
}

const NEVER = new Promise<never>(() => {});

/** Resolves when nothing waits for the database any more, nor for promises alone. */
export async function quiet(underWay: UnderWay): Promise<void> {
  for (let still = 0; still < 4; still += 1) {
    await new Promise(setImmediate);
    if (underWay.count > 0) still = 0;
  }
}
